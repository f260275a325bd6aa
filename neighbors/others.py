"""Every indexed example among the others: itself left out.

N examples of width D, C classes, k neighbours, s the bandwidth of a kernel.
Only the example itself goes; others at the same place stay, such as those of
the same text.
"""
import numpy as np

from neighbors import arrays
from neighbors.kernels import ROUNDING
from neighbors.layers import ranked
from neighbors.soft import log_odds
from neighbors.sums import KernelSums

# Exponents that matrix products leave less certain are computed again
TOLERANCE = 1e-7


def other_neighbors(index, X, rows, k):
    """The k nearest others, from a search for k + 1 neighbours.

    Args:
        index (object): Fitted on X.
        X (ndarray): float32 (N, D).
        rows (slice): B of the examples, 0 <= start < stop <= N.
        k (int): 1 <= k < N.

    Returns:
        tuple: Distances float64 and indices int64, (B, k) each, in the order
        of the index.  Where the index misses the example itself, the last of
        the k + 1 goes.
    """
    distances, indices = ranked(index, X[rows], k + 1)
    own = indices == np.arange(rows.start, rows.stop)[:, None]
    own[~own.any(axis=1), -1] = True
    return distances[~own].reshape(-1, k), indices[~own].reshape(-1, k)


class OtherExamples:
    """Kernel sums of each example over all others.

    An example's own kernel, exp(0) = 1, is not taken off a finished sum:
    where the others are far it is nearly all of it, and what is left would
    have no digit right.  Its exponent is -inf before anything is summed.

    Exponents come from a matrix product, within the bound E of
    ``neighbors.kernels.AllExamples``; where that exceeds ``TOLERANCE`` (tiny
    bandwidths), from differences.  A class without others counts as one
    example at |x| + M, as there.

    Args:
        X (ndarray): float32 (N, D), N >= 2.
        labels (ndarray): int64 (N,) in [0, C).
        n_class (int): C.
    """

    def __init__(self, X, labels, n_class):
        order = np.argsort(labels, kind='stable')
        self._n_class = n_class
        self._places = np.argsort(order)
        edges = np.searchsorted(labels[order], np.arange(n_class + 1))
        self._classes = [slice(*pair) for pair in zip(edges, edges[1:],
                                                      strict=False)]
        self._x = X[order] - X.mean(axis=0, dtype=np.float64)
        self._squares = arrays.square_norms(self._x)  # (N,)

    def log_sums(self, rows, square):
        """log S of some examples, the largest exponent taken off.

        Args:
            rows (slice): B of the examples.
            square (float): s^2 > 0.

        Returns:
            ndarray: float64 (B, C), finite.
        """
        own = self._places[rows]
        squares = self._squared_distances(own, square)
        squares[np.arange(len(own)), own] = np.inf
        nearest = squares.min(axis=1)
        exponents = (squares - nearest[:, None]) / (-2 * square)
        lengths = np.sqrt(self._squares)
        farthest = ((lengths[own] + lengths.max()) ** 2 - nearest) / (
            -2 * square)
        sums = KernelSums.empty((len(own), self._n_class))
        for y, columns in enumerate(self._classes):
            if columns.start < columns.stop:
                part = exponents[:, columns]
                shift = part.max(axis=1)
                base = np.where(shift == -np.inf, 0, shift)
                sums.shift[:, y] = shift
                sums.total[:, y] = np.exp(part - base[:, None]).sum(axis=1)
        return sums.log(farthest[:, None])

    def _squared_distances(self, own, square):
        """float64 (B, N) of the examples at these places to all."""
        x, norms = self._x, self._squares
        squares = norms[own][:, None] + norms - 2 * (x[own] @ x.T)
        reach = (np.sqrt(norms[own]) + np.sqrt(norms.max())) ** 2 / 2 / square
        unsure = ROUNDING * (x.shape[1] + 32) * reach > TOLERANCE
        for i in np.flatnonzero(unsure):
            squares[i] = ((x - x[own[i]]) ** 2).sum(axis=1)
        return squares


def combined_odds(log_sums, weights):
    """Log-odds of soft conformity, from the kernel sums of each layer.

    Args:
        log_sums (list of ndarray): log S float64 (B, C), finite, one a
            layer.
        weights (list of float): w_l >= 0, likewise.

    Returns:
        ndarray: float64 (B, C), finite.
    """
    return log_odds(sum(
        weight * (logs - logs.max(axis=1, keepdims=True))
        for logs, weight in zip(log_sums, weights, strict=True)))
