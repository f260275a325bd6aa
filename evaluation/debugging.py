"""Training examples whose neighbours contradict their label."""
import compat  # noqa: F401  (before Chainer)

from typing import NamedTuple

import numpy as np

from evaluation import near_duplicates
from evaluation.tables import Table, shortened
from neighbors import arrays, others
from neighbors.found import class_sums
from neighbors.votes import sum_by_label

SHOWN = 20         # in the table
NEAREST = 5        # neighbours of an example that are named
EXAMPLES = 512     # at a time


class Suspects(NamedTuple):
    """What the other training examples say of each.

    Attributes:
        order (ndarray): int64 (N,), the examples, most contradicted first:
            by soft log-odds, then by conformity, then by index.
        votes (ndarray): int64 (N, C), labels of its neighbours in all
            searched layers.
        odds (ndarray): float64 (N, C), log-odds of soft conformity.
        nearest (ndarray): int64 (N, m), its nearest others in the layer of
            the largest weight.
        distances (ndarray): float64 (N, m), how far they are.
        labels (ndarray): Integers (N,), the examples' own.
    """

    order: np.ndarray
    votes: np.ndarray
    odds: np.ndarray
    nearest: np.ndarray
    distances: np.ndarray
    labels: np.ndarray

    @property
    def conformity(self):
        """ndarray: float64 (N,) in [0, 1], share of their own label."""
        return self._own(self.votes) / self.votes.sum(axis=1)

    @property
    def own_odds(self):
        """ndarray: float64 (N,), log-odds of their own label."""
        return self._own(self.odds)

    @property
    def said(self):
        """ndarray: int64 (N,), the label that soft conformity says."""
        return self.odds.argmax(axis=1)

    def _own(self, values):
        return values[np.arange(len(values)), self.labels]


def measure(setting):
    """The part ``debugging``.

    Args:
        setting (Setting): What to evaluate.

    Returns:
        list of Table: contradicted, suspects and, with texts,
        near_duplicates, pairs.
    """
    if len(setting.train.labels) < 2:  # there are no others
        return []
    found = [contradicted(setting), suspicious(setting)]
    if not setting.has('texts'):
        return found
    pairs = near_duplicates.find(setting)
    return [*found, near_duplicates.counts(setting, pairs),
            near_duplicates.shown(setting, pairs)]


def rank(dknn, train):
    """Ranks the training examples by what the others say of their labels.

    Leave-one-out over the index: an example is compared with all others, not
    with itself.  Counted: of k + 1 neighbours it is left out.  Soft: its own
    kernel never enters the sums (``neighbors.others``), which are over all
    others; with an index that does not compare all, over the k it finds.
    Other examples of the same text stay.

    Args:
        dknn (DkNN): Fitted on the examples and tuned.
        train (Activations): Of the same N >= 2 examples.

    Returns:
        Suspects: Of all of them.
    """
    n, n_class = len(train.labels), dknn.n_class
    k = min(dknn.n_neighbors, n - 1)
    m = min(k, NEAREST)
    found = Suspects(None, np.zeros((n, n_class), np.int64),
                     np.empty((n, n_class)), np.empty((n, m), np.int64),
                     np.empty((n, m)), np.asarray(train.labels))
    layers = [_Layer(dknn, train, place, k)
              for place in range(len(dknn.layers_))]
    strongest = int(np.argmax(dknn.weights_))
    for rows in arrays.slices(n, EXAMPLES):
        asked = [layer.ask(rows) for layer in layers]
        for indices, _, _ in asked:
            found.votes[rows] += sum_by_label(indices, dknn.labels_, n_class)
        found.odds[rows] = others.combined_odds(
            [logs for _, _, logs in asked], dknn.weights_)
        found.nearest[rows] = asked[strongest][0][:, :m]
        found.distances[rows] = asked[strongest][1][:, :m]
    return found._replace(order=np.lexsort(
        (np.arange(n), found.conformity, found.own_odds)))


class _Layer:
    """One searched layer of the training examples."""

    def __init__(self, dknn, train, place, k):
        self._dknn, self._k = dknn, k
        self._index = dknn.indexes_[place]
        self._X = train.layers[dknn.layers_[place]]
        self._square = dknn.bandwidths_[place] ** 2
        self._sums = None
        self._has_say = dknn.weights_[place] > 0
        if self._has_say and self._index.compares_all:
            self._sums = others.OtherExamples(self._X, dknn.labels_,
                                              dknn.n_class)

    def ask(self, rows):
        """Indices and distances (B, k) of others, and log S (B, C)."""
        dknn = self._dknn
        distances, indices = others.other_neighbors(self._index, self._X,
                                                    rows, self._k)
        if not self._has_say:
            logs = np.zeros((len(indices), dknn.n_class))
        elif self._sums is not None:
            logs = self._sums.log_sums(rows, self._square)
        else:
            logs = class_sums(distances ** 2 / (-2 * self._square),
                              dknn.labels_[indices], dknn.n_class)
        return indices, distances, logs


# --------------------------------------------------------------- what to show

def contradicted(setting):
    """How many examples of each label the others contradict."""
    found = setting.suspects
    soft = found.said != found.labels
    counted = found.votes.argmax(axis=1) != found.labels
    network = (setting.train.logits.argmax(axis=1) != found.labels
               if setting.has('logits') else None)
    rows = []
    for label, name in [*enumerate(setting.run.data.label_names),
                        (None, 'all')]:
        own = (found.labels == label) | (label is None)
        if own.any():
            rows.append((name, [int(own.sum()), *(
                None if wrong is None else int((own & wrong).sum())
                for wrong in (soft, counted, soft & counted, network))]))
    return Table(
        'contradicted', 'training texts whose label others contradict',
        ['texts', 'soft', 'counted', 'both', 'softmax'], rows,
        'soft and counted: the text itself left out; softmax was trained on '
        'the label')


def suspicious(setting):
    """The examples that the others contradict most."""
    found, data = setting.suspects, setting.run.data
    names = data.label_names
    return Table(
        'suspects', 'training texts that their neighbours contradict most',
        ['index', 'label', 'neighbours say', 'conformity', 'soft log-odds'],
        [(shortened(data.train[i].texts) or f'example {i}', [
            int(i), names[found.labels[i]], names[found.said[i]],
            float(found.conformity[i]), float(found.own_odds[i])])
         for i in found.order[:SHOWN]],
        'of the text’s own label, itself left out; all of them in '
        'debugging.jsonl')


def records(setting):
    """All training examples as ``debugging.jsonl`` has them.

    Args:
        setting (Setting): What is evaluated.

    Yields:
        dict: An example, most contradicted first.
    """
    found, data = setting.suspects, setting.run.data
    conformity, odds, said = found.conformity, found.own_odds, found.said
    for place, i in enumerate(found.order.tolist()):
        yield {
            'rank': place + 1, 'index': i, **data.source_of('train', i),
            'texts': [' '.join(tokens) for tokens in data.train[i].texts],
            'label': int(found.labels[i]), 'said': int(said[i]),
            'label_names': list(data.label_names),
            'conformity': round(float(conformity[i]), 6),
            'soft_log_odds': round(float(odds[i]), 4),
            'votes': found.votes[i].tolist(),
            'nearest': [
                {'index': j, 'label': int(found.labels[j]),
                 'distance': round(d, 6)} for j, d in zip(
                    found.nearest[i].tolist(), found.distances[i].tolist(),
                    strict=True)]}
