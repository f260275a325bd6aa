"""Indexes that propose candidates, which are then ranked in float64."""
import importlib
import threading

import numpy as np

from errors import MissingPackage
from neighbors import arrays, reading
from neighbors.base import NeighborIndex
from neighbors.exact import ExactIndex

# Candidates asked for beyond those needed: an index that rounds distances
# differently may put a true neighbour a few places behind the k-th
SPARE = 16
# Of the module, since an index with a lock of its own could not be copied
_fallback_lock = threading.Lock()


class CandidateIndex(NeighborIndex):
    """An index whose subclass defines ``_candidates``.

    Candidates are ranked by their distances in float64.  A query with fewer
    than k candidates is left to an exact search, so that k neighbours are
    always found.  The index of that search is built when it is first needed.
    """

    def _keep(self, X):
        super()._keep(X)
        self._fallback = None

    def _candidates(self, Q, k):
        """Possible neighbours of each query.

        Args:
            Q (ndarray): float32 (B, D).
            k (int): Number of neighbours.

        Returns:
            ndarray: int64 (B, w), indices, padded with -1.
        """
        raise NotImplementedError

    def _nearest(self, Q, k):
        return self._nearest_of(Q, np.sort(self._candidates(Q, k), axis=1), k)

    def _nearest_of(self, Q, candidates, k):
        """The k nearest of candidates int64 (B, w), sorted, -1 for none."""
        row, place = np.nonzero(candidates >= 0)
        short = np.bincount(row, minlength=len(Q)) < k
        if short.all():
            return self._exact(Q, k)
        key = np.full(candidates.shape, np.inf)
        key[row, place] = arrays.distances(Q, row, self.X_,
                                           candidates[row, place])
        reading.release(self.X_)
        distances, indices = arrays.smallest(key, candidates, k)
        if short.any():
            distances[short], indices[short] = self._exact(Q[short], k)
        return distances, indices

    def _nearest_sets(self, Q, k):
        """The same in float32, but where that leaves the order open."""
        candidates = np.sort(self._candidates(Q, k), axis=1)
        row, place = np.nonzero(candidates >= 0)
        col = candidates[row, place]
        if (np.bincount(row, minlength=len(Q)) < k).any():
            return self._nearest_of(Q, candidates, k)[1]
        low, high = arrays.square_bounds(Q, row, self.X_, col)
        least, most = (_kth(candidates.shape, row, place, bound, k)
                       for bound in (low, high))
        sure = high < least[row]
        rest = np.flatnonzero(~sure & (low <= most[row]))
        missing = k - np.bincount(row[sure], minlength=len(Q))
        d = arrays.distances(Q, row[rest], self.X_, col[rest])
        reading.release(self.X_)
        rest = rest[np.lexsort((col[rest], d, row[rest]))]
        nearest = arrays.places(row[rest], len(Q)) < missing[row[rest]]
        sure[rest[nearest]] = True
        return col[sure].reshape(-1, k)

    def _exact(self, Q, k):
        with _fallback_lock:  # several threads may come here at once
            if self._fallback is None:
                self._fallback = ExactIndex().fit(self.X_)
        return self._fallback.kneighbors(Q, k)


def _kth(shape, row, place, bound, k):
    """The k-th smallest of the bounds of each query, float64 (B,)."""
    key = np.full(shape, np.inf)
    key[row, place] = bound
    return np.partition(key, k - 1, axis=1)[:, k - 1]


def require(module, package):
    """The imported module of a package that may be missing.

    Args:
        module (str): Its name.
        package (str): What pip should install.

    Returns:
        module: It.

    Raises:
        MissingPackage: It cannot be imported.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingPackage(module, package, 'this index') from error
