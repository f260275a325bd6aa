"""Deep k-nearest neighbours on arrays.

``activations`` is always a list of L arrays (B, D_l), one a layer, input side
first, read as float32; any of them may be a memmap larger than memory.
B examples, C classes, k neighbours, N indexed training examples, n
calibration examples.

Sources: Papernot, McDaniel 2018, *Deep k-Nearest Neighbors*
(arXiv 1803.04765); Wallace, Feng, Boyd-Graber 2018, *Interpreting Neural
Networks with Nearest Neighbors* (arXiv 1809.02847); Vovk, Gammerman, Shafer
2005, *Algorithmic Learning in a Random World*.
"""
from typing import NamedTuple

import numpy as np

from errors import ArgumentError, UserError
from neighbors.base import check_n_neighbors
from neighbors.layers import (
    LayerIndexes,
    Neighbors,
    as_layers,
    as_neighbors,
)
from neighbors.votes import (
    as_labels,
    distance_sums,
    nearest_label,
    sum_by_label,
    tied,
)

__all__ = ['DkNN', 'Neighbors', 'Prediction']


class Prediction(NamedTuple):
    """What DkNN says of B examples.

    Attributes:
        label (ndarray): int64 (B,) in [0, C), argmax of conformity; ties to
            the class whose neighbours are nearer in sum, then to the lower
            label.
        credibility (ndarray): float64 (B,) in (0, 1], p-value of the label.
        confidence (ndarray): float64 (B,) in [0, 1), 1 - the second largest
            p-value.
        conformity (ndarray): float64 (B, C), see ``DkNN.conformity``.
        p_values (ndarray): float64 (B, C), see ``DkNN.p_values``.
        votes (ndarray): int64 (B, C), see ``DkNN.votes``.
    """

    label: np.ndarray
    credibility: np.ndarray
    confidence: np.ndarray
    conformity: np.ndarray
    p_values: np.ndarray
    votes: np.ndarray


class DkNN:
    """Deep k-nearest neighbours (Papernot and McDaniel, 2018, algorithm 1).

    All methods raise UserError, a ValueError, for arrays that do not fit each
    other, the options or those given to ``fit``, and RuntimeError where
    ``fit`` or ``calibrate`` should have been called before.

    Args:
        n_class (int): C >= 2.
        n_neighbors (int): k >= 1, neighbours a layer.
        index (str, callable or object): A name in ``neighbors.INDEXES``; or
            a function without arguments that returns an index; or an index,
            which is copied for every layer.  An index has ``fit(X)`` and
            ``kneighbors(Q, k)`` returning (distances, indices), as in
            scikit-learn.
        layers (str or list): 'all' (as in the papers), 'last' (as in the
            code released with Wallace et al.), or layer numbers, counted
            from 0, negative from the end.
        class_conditional (bool): Compare with the calibration examples of
            the same label only (Mondrian p-values, Vovk et al., chapter 4).

    Attributes:
        layers_ (tuple): Numbers of the layers searched.
        labels_ (ndarray): int64 (N,), labels of the training examples.
        indexes_ (list): One fitted index a searched layer.
        calibration_ (ndarray): float64 (n,), nonconformity
            a_i = 1 - c(x_i, y_i) of the calibration examples, in the order
            given.

    Raises:
        ArgumentError: An option is not as above.
    """

    def __init__(self, n_class, n_neighbors=75, index='exact', layers='all',
                 class_conditional=False):
        for name, value, least in [('n_class', n_class, 2),
                                   ('n_neighbors', n_neighbors, 1)]:
            if value < least:
                raise ArgumentError(name, value,
                                    f'is too small; take {least} or more')
        self.n_class = n_class
        self.n_neighbors = n_neighbors
        self.index = index
        self.layers = layers
        self.class_conditional = class_conditional
        LayerIndexes(index, layers)  # refuses unknown names

    # ------------------------------------------------------------- learning

    def fit(self, activations, labels):
        """Indexes the training examples.

        Args:
            activations (list): L arrays (N, D_l), N >= k, finite.
            labels (ndarray): Integers (N,) in [0, C).

        Returns:
            DkNN: This instance.
        """
        return self._learn(activations, labels, LayerIndexes.fit)

    def save_indexes(self, folder):
        """Writes the index of every searched layer.

        Args:
            folder (str or Path): An existing folder.
        """
        self._require('save_indexes', 'fit')
        self._indexes.save(folder)

    def load_indexes(self, folder, activations, labels):
        """``fit``, but with the indexes that ``save_indexes`` wrote.

        Args:
            folder (str or Path): Written with the same options and training
                examples.
            activations (list): As for ``fit``.
            labels (ndarray): As for ``fit``.

        Returns:
            DkNN: This instance.
        """
        return self._learn(
            activations, labels,
            lambda indexes, layers: indexes.load(folder, layers))

    def calibrate(self, activations, labels):
        """Measures the nonconformity of examples held out of the index.

        Papernot and McDaniel (2018), section IV, with shares of neighbours
        in place of counts: a_i = 1 - c(x_i, y_i).

        Args:
            activations (list): L arrays (n, D_l), n >= 1.
            labels (ndarray): Integers (n,) in [0, C).

        Returns:
            DkNN: This instance.
        """
        activations = self._checked('calibrate', activations, 'fit')
        labels = as_labels(labels, len(activations[0]), self.n_class)
        if not len(labels):
            raise UserError('no calibration examples; give at least one')
        votes = self.votes(activations)[np.arange(len(labels)), labels]
        self.calibration_ = 1 - votes / self._n_votes
        self._references = [  # for each label, ascending
            np.sort(votes[labels == y] if self.class_conditional else votes)
            for y in range(self.n_class)]
        return self

    # ------------------------------------------------------------ searching

    def search(self, activations):
        """Neighbours and their distances in every searched layer.

        Returns:
            Neighbors: Indices and distances, (B, n_layers, k) each.
        """
        activations = self._checked('search', activations, 'fit')
        shape = (len(activations[0]), len(self.layers_), self._k)
        indices, distances = np.empty(shape, np.int64), np.empty(shape)
        for rows, found in self._indexes.neighbors(activations, self._k):
            indices[rows], distances[rows] = found
        return Neighbors(indices, distances)

    def kneighbors(self, activations):
        """Indices of the neighbours, int64 (B, n_layers, k)."""
        return self.search(activations).indices

    def votes(self, activations):
        """How many neighbours, over the searched layers, have each label.

        What depends on the votes alone (``conformity_from_votes``,
        ``p_values_from_votes``) can thus be had from one search.

        Returns:
            ndarray: int64 (B, C); rows sum to n_layers * k.
        """
        activations = self._checked('votes', activations, 'fit')
        votes = np.zeros((len(activations[0]), self.n_class), np.int64)
        for rows, found in self._indexes.neighbor_sets(activations, self._k):
            for indices in found:
                votes[rows] += sum_by_label(indices, self.labels_,
                                            self.n_class)
        return votes

    def conformity(self, activations):
        """Share of the neighbours that have each label.

        Wallace et al. (2018), section 3: c(x, y) over the neighbours of all
        searched layers.

        Returns:
            ndarray: float64 (B, C) in [0, 1], rows sum to 1.
        """
        return self.conformity_from_votes(self.votes(activations))

    def p_values(self, activations):
        """How usual the nonconformity of each label would be.

        Vovk et al. (2005), chapter 2: p_y(x) =
        (#{i : a_i >= 1 - c(x, y)} + 1) / (n + 1).  Papernot and McDaniel
        (2018) leave out the two 1s; here they are in, ties count (they are
        decided on vote counts, hence exactly), and no score is trimmed.
        With ``class_conditional``, a_i and n are those of label y; a label
        without calibration examples has the p-value 1.

        Returns:
            ndarray: float64 (B, C) in (0, 1].
        """
        self._require('p_values', 'fit', 'calibrate')
        return self.p_values_from_votes(self.votes(activations))

    def predict(self, activations):
        """Label, credibility, confidence, conformity, p-values and votes.

        Papernot and McDaniel (2018), algorithm 1, except that the label is
        the argmax of conformity (there: of the p-values, which are tied more
        often) and ties have a rule.  Only examples with tied labels are
        searched again, for the distances.

        Returns:
            Prediction: Of the B examples.
        """
        activations = self._checked('predict', activations, 'fit',
                                    'calibrate')
        votes = self.votes(activations)
        return self._prediction(votes, self._indexes.neighbors(
            activations, self._k, tied(votes)))

    # ----------------------------------------------------- without a search

    def predict_from_neighbors(self, found):
        """What ``predict`` says of examples that were searched before.

        Args:
            found (Neighbors): What ``search`` returned for B examples.

        Returns:
            Prediction: Of the B examples.
        """
        self._require('predict_from_neighbors', 'fit', 'calibrate')
        found = as_neighbors(found, len(self.layers_), self._k,
                             len(self.labels_))
        votes = sum_by_label(found.indices, self.labels_, self.n_class)
        rows = tied(votes)
        return self._prediction(votes, [
            (rows, Neighbors(found.indices[rows], found.distances[rows]))])

    def conformity_from_votes(self, votes):
        """Conformity float64 (B, C) of what ``votes`` returned."""
        self._require('conformity_from_votes', 'fit')
        return votes / self._n_votes

    def p_values_from_votes(self, votes):
        """P-values float64 (B, C) of what ``votes`` returned."""
        self._require('p_values_from_votes', 'fit', 'calibrate')
        # a_i >= 1 - c(x, y) if and only if votes_i <= votes(x, y)
        return np.stack([
            (np.searchsorted(reference, column, side='right') + 1)
            / (len(reference) + 1)
            for reference, column in zip(self._references, votes.T,
                                         strict=True)], axis=1)

    @staticmethod
    def prediction_set(p_values, error):
        """The labels that cannot be ruled out, {y : p_y > e}.

        Vovk et al. (2005), chapter 2: over exchangeable calibration and
        test examples, the set holds the truth with probability at least
        1 - e; with ``class_conditional``, so it does for every true label.

        Args:
            p_values (ndarray): Numbers (B, C) in (0, 1].
            error (float): e in (0, 1), how often the set may miss the truth.

        Returns:
            ndarray: bool (B, C); a row may hold no label, or several.
        """
        if not 0 < error < 1:
            raise ArgumentError('error', error, 'must lie between 0 and 1; '
                                '0.05 keeps the truth 95 times of 100')
        return np.asarray(p_values) > error

    # -------------------------------------------------------------- helpers

    def _learn(self, activations, labels, learn):
        """``learn`` fills the indexes with activations."""
        activations = as_layers(activations)
        labels = as_labels(labels, len(activations[0]), self.n_class)
        k = check_n_neighbors(self.n_neighbors, len(labels))
        indexes = learn(LayerIndexes(self.index, self.layers), activations)
        # An earlier calibration is not one of these examples
        self.__dict__.pop('calibration_', None)
        self._indexes = indexes
        self._k = k  # what a search uses, whatever n_neighbors becomes
        self.layers_ = indexes.layers_
        self.indexes_ = indexes.indexes_
        self.labels_ = labels
        return self

    @property
    def _n_votes(self):
        return len(self.layers_) * self._k

    def _require(self, method, *verbs):
        learned = {'fit': 'indexes_', 'calibrate': 'calibration_'}
        for verb in verbs:
            if not hasattr(self, learned[verb]):
                raise RuntimeError(f'call {verb}() before {method}()')

    def _checked(self, method, activations, *verbs):
        """The layers as arrays, if ``method`` can be called with them."""
        self._require(method, *verbs)
        return as_layers(activations, self._indexes.n_layers_)

    def _prediction(self, votes, searched):
        """What follows from votes (B, C).

        ``searched`` yields rows and their ``Neighbors``, for all rows with
        tied labels.
        """
        label = votes.argmax(axis=1)
        for rows, found in searched:
            label[rows] = nearest_label(
                votes[rows],
                distance_sums(found, self.labels_, self.n_class))
        p_values = self.p_values_from_votes(votes)
        return Prediction(
            label, p_values[np.arange(len(label)), label],
            1 - np.partition(p_values, -2, axis=1)[:, -2],
            self.conformity_from_votes(votes), p_values, votes)
