"""Which index a search should use: one table of rules.

N examples in layers of widths D_l; a query is asked of every layer.  All
sizes are bytes unless they say otherwise.
"""
from typing import NamedTuple

from neighbors.components import MOST, SAMPLE
from neighbors.lists import POINTS, ROUNDS, usual_lists

AUTO = 'auto'
WORK = 10 ** 13        # products of two numbers that a search may take
EXACT_CELL = 8         # a number: in its mapped file, and centred
COPY_CELL = 4          # a number in faiss's lists
NUMBER = 8             # of an example in a list
CODE_COLUMNS = 4       # components that share a byte of a code
SAMPLE_CELL = 24       # a number of the sample for components


class Case(NamedTuple):
    """What is known of a search before it begins.

    Attributes:
        n_examples (int): N >= 1.
        widths (tuple of int): D_l >= 1 of the searched layers.
        n_queries (int): Texts that will be asked about, about.
        memory (int): Bytes for it.
        n_processes (int): Processes that share it.
    """

    n_examples: int
    widths: tuple
    n_queries: int
    memory: int
    n_processes: int = 1

    @property
    def exact(self):
        """Bytes of an exact search in memory."""
        return EXACT_CELL * self.n_examples * sum(self.widths)

    @property
    def kept(self):
        """Components of each layer that lists hold, at most."""
        return [min(D, MOST) for D in self.widths]

    @property
    def copies(self):
        """Bytes of inverted lists with copies of components."""
        return self._lists(sum(self.kept) * COPY_CELL)

    @property
    def codes(self):
        """Bytes of inverted lists with codes of ``pq`` bytes."""
        return self._lists(sum(min(self.pq, d) for d in self.kept))

    @property
    def pq(self):
        """Bytes of a code; of narrower layers fewer are used."""
        return -(-max(self.kept) // CODE_COLUMNS)

    @property
    def work(self):
        """Products of an exact search."""
        return self.n_queries * self.n_examples * sum(self.widths)

    @property
    def build(self):
        """Products that lists take: k-means, then examples and centroids."""
        n_lists = usual_lists(self.n_examples)
        return n_lists * sum(self.kept) * (
            ROUNDS * POINTS * n_lists + self.n_examples)

    def _lists(self, size):
        """With an example of so many bytes, and what they are trained on."""
        n_lists = usual_lists(self.n_examples)
        trained = COPY_CELL * (1 + POINTS) * n_lists * max(self.kept)
        sample = SAMPLE_CELL * min(SAMPLE, self.n_examples) * max(self.widths)
        return int(self.n_examples * (size + NUMBER * len(self.widths))
                   + max(sample, 2 * trained))


class Choice(NamedTuple):
    """An index and why.

    Attributes:
        index (str): A name in ``neighbors.INDEXES``.
        options (dict): Of it, or None.
        reason (str): The rest of a sentence that begins with the name.
        size (int): Bytes that it takes, about.
    """

    index: str
    options: dict
    reason: str
    size: int


# Whether a rule holds, index, name of what it takes, reason; the first counts
RULES = [
    (lambda case: case.n_processes > 1, 'exact', 'exact',
     'several processes share an exact search only'),
    (lambda case: case.work <= case.build, 'exact', 'exact',
     'to build another index would take longer than to ask so few queries'),
    (lambda case: case.exact <= case.memory and case.work <= WORK,
     'exact', 'exact', 'it fits in memory and there is not much to search'),
    (lambda case: case.copies <= case.memory, 'ivf', 'copies',
     'there is much to search, and copies of the examples fit in memory'),
    (lambda case: case.codes <= case.memory, 'ivf', 'codes',
     'codes of the examples fit in memory, copies do not'),
    (lambda case: True, 'exact', 'exact', 'not even codes of the examples '
     'fit in memory: they are read in blocks'),
]


def choose(case):
    """The index for a case, by the first of ``RULES`` that holds.

    Args:
        case (Case): What is known.

    Returns:
        Choice: It.
    """
    for holds, index, what, reason in RULES:
        if holds(case):
            options = {'pq': case.pq} if what == 'codes' else None
            return Choice(index, options, reason, getattr(case, what))
