"""Kernel sums where an index finds neighbours, but does not compare all."""
import numpy as np

from errors import ArgumentError
from neighbors import arrays
from neighbors.layers import BATCH, ranked
from neighbors.sums import KernelSums, LayerSums, LogSums, only


class FoundExamples(LayerSums):
    """Kernel sums over the k neighbours that an index finds.

    For an index that does not compare a query with all examples.  A class
    that none of them has counts as one example that is as far as the
    farthest of them, about the most that can be missing.

    Args:
        index (object): Has ``kneighbors``.
        labels (ndarray): int64 (N,) in [0, C).
        n_class (int): C.
        k (int): Number of neighbours.
        width (int): D.

    Attributes:
        width (int): D.
    """

    def __init__(self, index, labels, n_class, k, width):
        self.width = width
        self._index = index
        self._labels = labels
        self._n_class = n_class
        self._k = k

    def log_sums(self, Q, squares):
        """log S with several bandwidths, from one search.

        Args:
            Q (ndarray): float32 (B, D).
            squares (list of float): n numbers s^2 > 0.

        Returns:
            LogSums: (n, B, C), with the bounds 0, as the figures of a query
            depend on nothing else.
        """
        found = np.empty((len(squares), len(Q), self._n_class))
        for rows in arrays.slices(len(Q), BATCH):
            distances, indices = ranked(self._index, Q[rows], self._k)
            labels = self._labels[indices]
            for i, square in enumerate(squares):
                found[i, rows] = class_sums(
                    distances * distances / (-2 * square), labels,
                    self._n_class)
        zeros = np.zeros(found.shape[:2])
        return LogSums(found, zeros, zeros)

    def log_sums_apart(self, Q, square):
        """The same with one bandwidth.

        Args:
            Q (ndarray): float32 (B, D).
            square (float): s^2 > 0.

        Returns:
            LogSums: (B, C).
        """
        return only(self.log_sums(Q, [square]))

    def class_means(self, Q, square):
        """The mean of each class's neighbours, weighted by their kernels.

        As of ``AllExamples``; the farthest neighbour stands for a class that
        none of them has.

        Args:
            Q (ndarray): float32 (B, D).
            square (float): s^2 > 0.

        Returns:
            tuple: log S, float64 (B, C), and the means, float64 (B, C, D).

        Raises:
            ArgumentError: If the index does not keep its examples as ``X_``.
        """
        if not hasattr(self._index, 'X_'):
            raise ArgumentError(
                'index', self._index, 'has no attribute X_ with the examples '
                'given to fit(), which gradients need; take one that has')
        distances, indices = ranked(self._index, Q, self._k)
        exponents = distances * distances / (-2 * square)
        labels = self._labels[indices]
        logs = class_sums(exponents, labels, self._n_class)
        means = np.empty((len(Q), self._n_class, self.width))
        for i, (row, found) in enumerate(zip(indices, labels, strict=True)):
            X = self._index.X_[row].astype(np.float64)
            member = np.arange(self._n_class)[:, None] == found  # (C, k)
            member[~member.any(axis=1), -1] = True
            weights = np.exp(np.where(member, exponents[i], -np.inf)
                             - logs[i][:, None])
            means[i] = weights @ X
        return logs, means


def class_sums(exponents, labels, n_class):
    """log S of each class from some neighbours.

    Args:
        exponents (ndarray): float64 (B, k), -d^2 / 2 s^2.
        labels (ndarray): int64 (B, k) in [0, C).
        n_class (int): C.

    Returns:
        ndarray: float64 (B, C); a class that no neighbour has counts as one
        example as far as the farthest of them.
    """
    sums = KernelSums.empty((len(labels), n_class))
    for y in range(n_class):
        part = np.where(labels == y, exponents, -np.inf)
        shift = part.max(axis=1)
        base = np.where(shift == -np.inf, 0, shift)
        sums.shift[:, y] = shift
        sums.total[:, y] = np.exp(part - base[:, None]).sum(axis=1)
    return sums.log(exponents.min(axis=1)[:, None])
