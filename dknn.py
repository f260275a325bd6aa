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
import copy
import pathlib
from typing import NamedTuple

import numpy as np

from neighbors import INDEXES

BATCH = 4096  # examples whose neighbours are held at a time


class Neighbors(NamedTuple):
    """Nearest training examples, by (distance, index) in each layer.

    Attributes:
        indices: int64 (B, n_layers, k) in [0, N).
        distances: float64 (B, n_layers, k), Euclidean.
    """

    indices: np.ndarray
    distances: np.ndarray


class Prediction(NamedTuple):
    """What DkNN says of B examples.

    Attributes:
        label: int64 (B,) in [0, C), argmax of conformity; ties to the class
            whose neighbours are nearer in sum, then to the lower label.
        credibility: float64 (B,) in (0, 1], p-value of the label.
        confidence: float64 (B,) in [0, 1), 1 - the second largest p-value.
        conformity: float64 (B, C), see ``DkNN.conformity``.
        p_values: float64 (B, C), see ``DkNN.p_values``.
    """

    label: np.ndarray
    credibility: np.ndarray
    confidence: np.ndarray
    conformity: np.ndarray
    p_values: np.ndarray


class DkNN:
    """Deep k-nearest neighbours (Papernot and McDaniel, 2018, algorithm 1).

    All methods raise ValueError for arrays that do not fit each other, the
    options or those given to ``fit``, and RuntimeError where ``fit`` or
    ``calibrate`` should have been called before.

    Args:
        n_class: C >= 2.
        n_neighbors: k >= 1, neighbours a layer.
        index: a name in ``neighbors.INDEXES``; or a function without
            arguments that returns an index; or an index, which is copied for
            every layer.  An index has ``fit(X)`` and ``kneighbors(Q, k)``
            returning (distances, indices), as in scikit-learn.
        layers: 'all' (as in the papers), 'last' (as in the code released
            with Wallace et al.), or a list of layer numbers, counted from 0,
            negative from the end.
        class_conditional: compare with the calibration examples of the
            same label only (Mondrian p-values, Vovk et al., chapter 4).

    Attributes:
        layers_: tuple, numbers of the layers searched.
        labels_: int64 (N,), labels of the training examples.
        indexes_: one fitted index a searched layer.
        calibration_: float64 (n,), nonconformity a_i = 1 - c(x_i, y_i) of
            the calibration examples, in the order given.
    """

    def __init__(self, n_class, n_neighbors=75, index='exact', layers='all',
                 class_conditional=False):
        if n_class < 2 or n_neighbors < 1:
            raise ValueError(f'n_class={n_class}, n_neighbors={n_neighbors}, '
                             'but DkNN takes 2 classes and 1 neighbour or '
                             'more')
        if isinstance(index, str) and index not in INDEXES:
            raise ValueError(f'index={index!r} is unknown; choose from '
                             + ', '.join(INDEXES))
        if isinstance(layers, str) and layers not in ('all', 'last'):
            raise ValueError(f"layers={layers!r}, but it must be 'all', "
                             "'last' or a list of numbers")
        self.n_class = n_class
        self.n_neighbors = n_neighbors
        self.index = index
        self.layers = layers
        self.class_conditional = class_conditional

    # ------------------------------------------------------------- learning

    def fit(self, activations, labels):
        """Index the training examples.

        Args:
            activations: L arrays (N, D_l), N >= k, finite.
            labels: integers (N,) in [0, C).

        Returns:
            self.
        """
        return self._learn(activations, labels,
                           lambda index, layer, X: index.fit(X))

    def save_indexes(self, folder):
        """Write the index of every searched layer into ``folder``."""
        self._require('save_indexes', 'fit')
        for layer, index in zip(self.layers_, self.indexes_, strict=True):
            index.save(self._path(folder, layer))

    def load_indexes(self, folder, activations, labels):
        """``fit``, but with the indexes that ``save_indexes`` wrote.

        Args:
            folder: written with the same options and training examples.
            activations, labels: as for ``fit``.

        Returns:
            self.
        """
        return self._learn(
            activations, labels,
            lambda index, layer, X: index.load(self._path(folder, layer), X))

    def calibrate(self, activations, labels):
        """Measure the nonconformity of examples held out of the index.

        Papernot and McDaniel (2018), section IV, with shares of neighbours
        in place of counts: a_i = 1 - c(x_i, y_i).

        Args:
            activations: L arrays (n, D_l), n >= 1.
            labels: integers (n,) in [0, C).

        Returns:
            self.
        """
        self._require('calibrate', 'fit')
        activations = self._check(activations, self._n_layers)
        labels = self._check_labels(labels, len(activations[0]))
        if not len(labels):
            raise ValueError('no calibration examples; give at least one')
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
            Neighbors: indices and distances, (B, n_layers, k) each.
        """
        self._require('search', 'fit')
        activations = self._check(activations, self._n_layers)
        shape = (len(activations[0]), len(self.layers_), self.n_neighbors)
        indices, distances = np.empty(shape, np.int64), np.empty(shape)
        for place, (layer, index) in enumerate(zip(
                self.layers_, self.indexes_, strict=True)):
            for rows in _batches(shape[0]):
                distances[rows, place], indices[rows, place] = (
                    index.kneighbors(activations[layer][rows],
                                     self.n_neighbors))
        return Neighbors(indices, distances)

    def kneighbors(self, activations):
        """Indices of the neighbours, int64 (B, n_layers, k), as ``search``.
        """
        return self.search(activations).indices

    def votes(self, activations):
        """How many neighbours, over the searched layers, have each label.

        What depends on the votes alone (``conformity_from_votes``,
        ``p_values_from_votes``) can thus be had from one search.

        Returns:
            int64 (B, C); rows sum to n_layers * k.
        """
        self._require('votes', 'fit')
        activations = self._check(activations, self._n_layers)
        votes = np.zeros((len(activations[0]), self.n_class), np.int64)
        for layer, index in zip(self.layers_, self.indexes_, strict=True):
            for rows in _batches(len(votes)):
                found = _find(index, activations[layer][rows],
                              self.n_neighbors)
                votes[rows] += self._sum_by_label(found)
        return votes

    def conformity(self, activations):
        """Share of the neighbours that have each label.

        Wallace et al. (2018), section 3: c(x, y) over the neighbours of all
        searched layers.

        Returns:
            float64 (B, C) in [0, 1], rows sum to 1.
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
            float64 (B, C) in (0, 1].
        """
        self._require('p_values', 'fit', 'calibrate')
        return self.p_values_from_votes(self.votes(activations))

    def predict(self, activations):
        """Label, credibility, confidence, conformity and p-values.

        Papernot and McDaniel (2018), algorithm 1, except that the label is
        the argmax of conformity (there: of the p-values, which are tied more
        often) and ties have a rule.  Only examples with tied labels are
        searched again, for the distances.

        Returns:
            Prediction.
        """
        self._require('predict', 'fit', 'calibrate')
        activations = self._check(activations, self._n_layers)
        votes = self.votes(activations)
        label = votes.argmax(axis=1)
        best = votes == votes.max(axis=1, keepdims=True)
        tied = np.flatnonzero(best.sum(axis=1) > 1)
        for rows in _batches(len(tied)):
            row = tied[rows]
            sums = self._distance_sums([h[row] for h in activations])
            label[row] = np.where(best[row], sums, np.inf).argmin(axis=1)
        p_values = self.p_values_from_votes(votes)
        return Prediction(
            label, p_values[np.arange(len(label)), label],
            1 - np.partition(p_values, -2, axis=1)[:, -2],
            self.conformity_from_votes(votes), p_values)

    # ----------------------------------------------------- without a search

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
            p_values: (B, C) in (0, 1].
            error: e in (0, 1), how often the set may miss the truth.

        Returns:
            bool (B, C); a row may hold no label, or several.
        """
        if not 0 < error < 1:
            raise ValueError(f'error={error}, but it must lie between 0 and '
                             '1; 0.05 keeps the truth 95 times of 100')
        return np.asarray(p_values) > error

    # -------------------------------------------------------------- helpers

    def _learn(self, activations, labels, make):
        activations = self._check(activations)
        labels = self._check_labels(labels, len(activations[0]))
        if self.n_neighbors > len(labels):
            raise ValueError(
                f'n_neighbors={self.n_neighbors} but only {len(labels)} '
                f'training examples; pass --neighbors {len(labels)} or less')
        self.__dict__.pop('calibration_', None)
        self.layers_ = self._choose_layers(len(activations))
        self.indexes_ = [make(self._new_index(), layer, activations[layer])
                         for layer in self.layers_]
        self.labels_ = labels
        self._n_layers = len(activations)
        self._n_votes = len(self.layers_) * self.n_neighbors
        return self

    def _new_index(self):
        make = INDEXES[self.index] if isinstance(self.index, str) else (
            self.index)
        return make() if callable(make) else copy.deepcopy(make)

    def _path(self, folder, layer):
        name = self.index if isinstance(self.index, str) else 'index'
        return pathlib.Path(folder) / f'layer{layer}.{name}'

    def _choose_layers(self, n_layers):
        named = {'all': range(n_layers), 'last': [n_layers - 1]}
        layers = (named[self.layers] if isinstance(self.layers, str)
                  else list(self.layers))
        chosen = tuple(range(n_layers)[layer] for layer in layers
                       if -n_layers <= layer < n_layers)
        if not chosen or len(set(chosen)) < len(layers):
            raise ValueError(
                f'layers={self.layers!r}, but the network has {n_layers} '
                f'layers: give different numbers from 0 to {n_layers - 1}')
        return chosen

    def _check(self, activations, n_layers=None):
        """The layers as arrays with one number of rows."""
        activations = [h if isinstance(h, np.ndarray) else np.asarray(h)
                       for h in activations]
        sizes = {len(h) if h.ndim == 2 else -1 for h in activations}
        if len(sizes) != 1 or -1 in sizes:
            raise ValueError(
                'activations have the shapes '
                f'{[h.shape for h in activations]}, but there must be one '
                '(examples, width) a layer, with the same number of examples')
        if n_layers not in (None, len(activations)):
            raise ValueError(f'{len(activations)} layers, but fit() was given '
                             f'{n_layers}; give all layers of that network')
        return activations

    def _check_labels(self, labels, n_examples):
        labels = np.asarray(labels)
        if labels.shape != (n_examples,) or (
                labels.size and labels.dtype.kind not in 'iu'):
            raise ValueError(
                f'labels have shape {labels.shape} and dtype {labels.dtype}, '
                f'but there must be {n_examples} integers')
        wrong = labels[(labels < 0) | (labels >= self.n_class)]
        if wrong.size:
            raise ValueError(f'label {wrong[0]} is outside of 0 to '
                             f'{self.n_class - 1}; set n_class to the number '
                             'of label names')
        return labels.astype(np.int64)

    def _require(self, method, *verbs):
        learned = {'fit': 'indexes_', 'calibrate': 'calibration_'}
        for verb in verbs:
            if not hasattr(self, learned[verb]):
                raise RuntimeError(f'call {verb}() before {method}()')

    def _sum_by_label(self, found, weights=None):
        """Number, or sum of weights, of neighbours (B, k) by label, (B, C)."""
        cell = self.labels_[found]
        cell += self.n_class * np.arange(len(found))[:, None]
        weights = None if weights is None else weights.ravel()
        return np.bincount(
            cell.ravel(), weights, len(found) * self.n_class
        ).reshape(-1, self.n_class)

    def _distance_sums(self, activations):
        """Sum of each class's neighbour distances, float64 (B, C)."""
        flat = [part.reshape(len(part), -1)
                for part in self.search(activations)]
        # Summed from the smallest, so that the same distances, in whatever
        # layers, give the same sum
        order = flat[1].argsort(axis=1, kind='stable')
        return self._sum_by_label(*(
            np.take_along_axis(part, order, axis=1) for part in flat))


def _batches(n):
    return (slice(i, min(i + BATCH, n)) for i in range(0, n, BATCH))


def _find(index, activations, k):
    """Neighbours of each row, int64 (B, k), in any order."""
    if hasattr(index, 'neighbor_sets'):
        return index.neighbor_sets(activations, k)
    found = np.asarray(index.kneighbors(activations, k)[1])
    if found.size and found.min() < 0:
        raise ValueError(f'{type(index).__name__} found fewer than {k} '
                         'neighbours; its kneighbors() must fill them in')
    return found
