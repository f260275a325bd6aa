"""The indexes by name: ``INDEXES``.

A new index is a class and a row of that table.  ``exact`` and ``kdtree`` give
the true neighbours, and so does ``milvus``, from a database, unless told
otherwise; ``lsh``, ``hnsw`` and ``ivf`` choose their candidates approximately.
"""
import numpy as np

from errors import ArgumentError
from neighbors import arrays, base
from neighbors.candidates import SPARE, CandidateIndex, require
from neighbors.exact import ExactIndex
from neighbors.lists import HNSWIndex, IVFIndex
from neighbors.milvus import MilvusIndex


class KDTreeIndex(CandidateIndex):
    """Exact search with scikit-learn's KDTree, which copies X to float64.

    Slower than ``exact`` above some 20 dimensions.  The tree sums in another
    order, so that its distances may differ in the last bits.  Where all
    further candidates are tied with the k-th neighbour of a query, that
    query goes to the exact search.
    """

    worth_storing = False

    def _build(self):
        """Nothing to store: only a pickle could hold a tree, and reading
        one can run code."""

    def _open(self):
        tree = require('sklearn.neighbors', 'scikit-learn').KDTree
        self._tree = tree(np.asarray(self.X_, dtype=np.float64))

    def _candidates(self, Q, k):
        N, D = self.X_.shape
        m = min(N, 2 * k + SPARE)
        distances, candidates = self._tree.query(Q.astype(np.float64), m)
        if m < N:
            limit = distances[:, k - 1] * (1 + (D + 8) * 2. ** -50)
            candidates[distances[:, -1] <= limit] = -1
        return candidates


class LSHIndex(CandidateIndex):
    """Locality-sensitive hashing with NearPy's random binary projections.

    A table puts examples into buckets by the signs of their products with
    random normals, after centring on the mean of X.  The candidates of a
    query are all examples that share a bucket with it in some table.  NearPy
    draws the normals; the buckets are kept as arrays, and all candidates are
    ranked by Euclidean distance (NearPy would keep 10, by cosine).

    Args:
        n_bits (int): Projections a table, 1 to 62; None: about
            log2(N / 64).
        n_tables (int): Number of tables, at least 1.
        seed (int): Seed of the first table's projections; the next table has
            ``seed + 1``, and so on.

    Raises:
        ArgumentError: ``n_bits`` or ``n_tables`` is not as above.
        MissingPackage: NearPy is not installed.
    """

    is_approximate = True
    _arrays = ('centre_', 'normals_', 'keys_')

    def __init__(self, n_bits=None, n_tables=8, seed=0):
        if not (n_bits is None or 1 <= n_bits <= 62):
            raise ArgumentError('n_bits', n_bits, 'is not possible; lsh '
                                'takes 1 to 62 bits')
        if n_tables < 1:
            raise ArgumentError('n_tables', n_tables, 'is too small; lsh '
                                'takes 1 table or more')
        self._projections = require(
            'nearpy.hashes', 'NearPy==1.0.0').RandomBinaryProjections
        self.n_bits = n_bits
        self.n_tables = n_tables
        self.seed = seed

    def _build(self):
        N, D = self.X_.shape
        n_bits = self.n_bits or max(1, min(24, round(np.log2(N / 64))))
        self.normals_ = np.empty((self.n_tables, n_bits, D))
        for table, normals in enumerate(self.normals_):
            hashing = self._projections(str(table), n_bits, self.seed + table)
            hashing.reset(D)
            normals[:] = hashing.normals
        self.centre_ = np.mean(self.X_, axis=0, dtype=np.float64)
        self.keys_ = np.concatenate([  # (N, n_tables)
            self._hash(self.X_[rows])
            for rows in arrays.slices(N, arrays.CELLS // D)])

    def _open(self):
        self._order = np.argsort(self.keys_, axis=0, kind='stable')
        self._sorted = np.take_along_axis(self.keys_, self._order, axis=0)

    def _hash(self, values):
        """The bucket in each table, int64 (n, n_tables)."""
        values = values - self.centre_
        keys = np.zeros((len(values), len(self.normals_)), np.int64)
        for table, normals in enumerate(self.normals_):
            for bit, normal in enumerate(normals):
                # Not a matrix product: its rounding depends on the batch
                positive = (values * normal).sum(axis=1) > 0
                keys[:, table] |= positive.astype(np.int64) << bit
        return keys

    def _batch_size(self, k):
        return min(base.QUERIES, arrays.CELLS // len(self.X_))

    def _candidates(self, Q, k):
        found = np.zeros((len(Q), len(self.X_)), bool)
        for order, keys, key in zip(self._order.T, self._sorted.T,
                                    self._hash(Q).T, strict=True):
            first = np.searchsorted(keys, key, 'left')
            counts = np.searchsorted(keys, key, 'right') - first
            start = np.repeat(first - np.cumsum(counts) + counts, counts)
            row = np.repeat(np.arange(len(Q)), counts)
            found[row, order[start + np.arange(len(start))]] = True
        row, col = np.nonzero(found)
        return arrays.pack(row, len(Q), col, -1)


INDEXES = {
    'exact': ExactIndex,
    'kdtree': KDTreeIndex,
    'lsh': LSHIndex,
    'hnsw': HNSWIndex,
    'ivf': IVFIndex,
    'milvus': MilvusIndex,
}
