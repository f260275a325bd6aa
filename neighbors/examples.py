"""Training examples with labels, one index a layer: search and votes."""
import numpy as np

from errors import ArgumentError
from neighbors.base import check_n_neighbors
from neighbors.layers import (
    LayerIndexes,
    Neighbors,
    as_layers,
    as_neighbors,
    naming_rows,
)
from neighbors.recall import recall
from neighbors.votes import as_labels, sum_by_label


class IndexedExamples:
    """What ``DkNN`` knows before any calibration: examples and their labels.

    Args:
        n_class (int): As for ``DkNN``; likewise the others.
        n_neighbors (int): k.
        index (str, callable or object): One index a layer.
        layers (str or list): Layers to search.
        index_options (dict): Of a named index.
        memory (int): Bytes within which they are searched; None: no bound.
        device (module): CuPy, or None for the CPU.

    Attributes:
        layers_ (tuple): Numbers of the layers searched.
        labels_ (ndarray): int64 (N,), labels of the training examples.
        indexes_ (list): One fitted index a searched layer.
        recall_ (tuple): Floats in [0, 1], one a searched layer: what
            ``measure_recall`` found, None before.
    """

    _learned_by = {'fit': 'indexes_'}  # verb: attribute that it sets

    def __init__(self, n_class, n_neighbors=75, index='exact', layers='all',
                 index_options=None, memory=None, device=None):
        for name, value, least in [('n_class', n_class, 2),
                                   ('n_neighbors', n_neighbors, 1)]:
            if value < least:
                raise ArgumentError(name, value,
                                    f'is too small; take {least} or more')
        self.n_class = n_class
        self.n_neighbors = n_neighbors
        self.index = index
        self.layers = layers
        self.index_options = index_options
        self.memory = memory
        self.device = device
        self._new_indexes()  # refuses unknown ones

    def fit(self, activations, labels):
        """Indexes the training examples.

        Args:
            activations (list): L arrays (N, D_l), N >= k, finite.  What is
                asked of a layer of float16 is rounded to float16, too.
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
            lambda indexes, *examples: indexes.load(folder, *examples))

    def measure_recall(self, activations):
        """How many of the true neighbours are found, see ``recall_``.

        Args:
            activations (list): L arrays (B, D_l), B >= 1, of texts that are
                not indexed; each layer is searched exactly for them.

        Returns:
            DkNN: This instance.
        """
        activations = self._checked('measure_recall', activations, 'fit')
        with naming_rows(activations):
            self.recall_ = tuple(
                recall(index, activations[layer], self._k)
                for layer, index in zip(self.layers_, self.indexes_,
                                        strict=True))
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
            self._count(found, votes[rows])
        return votes

    # -------------------------------------------------------------- helpers

    def _count(self, sets, votes):
        """Adds the votes of neighbours (B, k) in each layer to some (B, C)."""
        for indices in sets:
            votes += sum_by_label(indices, self.labels_, self.n_class)

    def _learn(self, activations, labels, learn):
        """``learn`` fills the indexes with activations and labels."""
        activations = as_layers(activations)
        labels = as_labels(labels, len(activations[0]), self.n_class)
        k = check_n_neighbors(self.n_neighbors, len(labels))
        indexes = learn(self._new_indexes(), activations, labels)
        self._indexes = indexes
        self._k = k  # what a search uses, whatever n_neighbors becomes
        self.layers_ = indexes.layers_
        self.indexes_ = indexes.indexes_
        self.labels_ = labels
        self.recall_ = None
        return self

    def _new_indexes(self):
        return LayerIndexes(self.index, self.layers, self.index_options,
                            self.memory, self.device)

    @property
    def _n_votes(self):
        return len(self.layers_) * self._k

    def _require(self, method, *verbs):
        for verb in verbs:
            if not hasattr(self, self._learned_by[verb]):
                raise RuntimeError(f'call {verb}() before {method}()')

    def _checked(self, method, activations, *verbs):
        """The layers as arrays, if ``method`` can be called with them."""
        self._require(method, *verbs)
        return self._indexes.rounded(as_layers(activations,
                                               self._indexes.n_layers_))

    def _as_neighbors(self, found):
        return as_neighbors(found, len(self.layers_), self._k,
                            len(self.labels_))
