"""Two runs on the same test texts: is one of them right more often?"""
from typing import NamedTuple

import numpy as np

from comparison.figures import TITLES
from comparison.members import same_texts
from evaluation.tables import Table
from metrics import bootstrap, paired


class Pair(NamedTuple):
    """Two runs, as one predictor.

    Attributes:
        a, b (str): Letters of the runs.
        predictor (str): ``'softmax'``, ``'dknn'`` or ``'soft'``.
        found (metrics.paired.PairedComparison): Of their accuracies.
    """

    a: str
    b: str
    predictor: str
    found: paired.PairedComparison


def compared(members):
    """Compares each run with the first one on the same test texts.

    Args:
        members (list of Member): The runs.

    Returns:
        list of Pair: For each run that is not the first on its texts, one a
        predictor; on the same texts the draws of the bootstrap are the same.
    """
    found, firsts = [], []
    for member in members:
        first = next((own for own in firsts if same_texts(own, member)), None)
        if first is None:
            firsts.append(member)
            continue
        counts = bootstrap.resampled_counts(len(first.lines))
        found += [Pair(first.letter, member.letter, name, paired.compare(
            right(first, name), right(member, name), counts))
            for name in TITLES]
    return found


def right(member, predictor):
    """On which test texts a run is right.

    Args:
        member (Member): The run.
        predictor (str): As ``Pair.predictor``.

    Returns:
        ndarray: Bools (n,).
    """
    return np.array([getattr(line, predictor).label == line.label
                     for line in member.lines])


def table_of(pairs):
    """The pairs as a table to print.

    Args:
        pairs (list of Pair): At least one.

    Returns:
        Table: A row a pair.
    """
    rows = [(f'{pair.a} - {pair.b}: {TITLES[pair.predictor]}',
             [pair.found.difference, pair.found.only_a, pair.found.only_b,
              shown_p(pair.found.p_value)]) for pair in pairs]
    return Table(
        'pairs', 'difference in accuracy on the same test texts',
        ['difference', 'only first right', 'only second right', 'p'], rows,
        'paired: 95 % intervals by the bootstrap; p by McNemar\'s exact test')


def shown_cells(pair):
    """A pair as the page shows it.

    Args:
        pair (Pair): The pair.

    Returns:
        list of str: The difference with its interval, texts that only the
        first, only the second has right, and p.
    """
    found = pair.found
    value, low, high = (f'{number:+.3f}'.replace('-', '−')
                        for number in found.difference)
    return [f'{value} [{low}, {high}]', f'{found.only_a:,}',
            f'{found.only_b:,}', shown_p(found.p_value)]


def shown_p(value):
    """A p-value as it is printed.

    Args:
        value (float): In (0, 1].

    Returns:
        str: Three decimals; ``'< 0.001'`` below.
    """
    return f'{value:.3f}' if value >= .001 else '< 0.001'
