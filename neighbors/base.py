"""What every index of nearest neighbours has in common."""
import operator

import numpy as np

import parallel
from errors import ArgumentError, UserError
from neighbors import arrays, reading

QUERIES = 1024  # queries answered together, at most


class NeighborIndex:
    """Nearest neighbours by Euclidean distance among N training examples.

    Whatever the index, distances are evaluated in float64 from the float32
    activations, neighbours are ordered by (distance, index), and the answer
    for a query depends neither on the batch it came in nor on the number of
    threads.

    A subclass defines ``_build`` and ``_nearest``.  It names the arrays that
    it builds in ``_arrays``, or defines ``save`` and ``_read``.  It may
    define ``_open``, ``_nearest_sets``, ``_arrange`` and ``_batch_size``.

    Attributes:
        X_ (ndarray): The float32 (N, D) given to ``fit``, not copied; of
            mapped float16 ``reading.MappedHalves``.
        worth_storing (bool): Whether reading what ``save`` wrote is faster
            than building the index again.
        compares_all (bool): Whether soft conformity sums over all examples,
            not only over the neighbours found.
        is_approximate (bool): Whether it may miss neighbours.
        search_options (tuple): Names of those arguments that change a search,
            but nothing that is built or stored.
        stores_labels (bool): Whether ``labels`` of the examples are to be
            set before ``fit``.
    """

    worth_storing = True
    compares_all = False
    is_approximate = False
    search_options = ()
    stores_labels = False
    _arrays = ()  # names of the arrays that ``_build`` sets

    def fit(self, X):
        """Indexes training examples.

        Args:
            X (array_like): Numbers (N, D) with N, D >= 1, finite, read as
                float32.  A reference to a float32 array is kept; it may be a
                read-only memmap larger than memory, of float16, too (``exact``
                reads it in blocks; the other indexes keep copies of their
                own).

        Returns:
            NeighborIndex: This index.

        Raises:
            UserError: X is not as above.
        """
        self._keep(X)
        self._build()
        self._open()
        return self

    def kneighbors(self, Q, n_neighbors):
        """The nearest training examples, ordered by (distance, index).

        Args:
            Q (array_like): Numbers (B, D), finite, read as float32.
            n_neighbors (int): k, 1 <= k <= N.

        Returns:
            tuple: Distances float64 (B, k) >= 0 and indices int64 (B, k) in
            [0, N), all different in a row.

        Raises:
            ArgumentError: ``n_neighbors`` is not as above.
            UserError: Q is not as above.
            RuntimeError: Nothing was indexed.
        """
        Q, k = self._checked(Q, n_neighbors)
        found = np.empty((len(Q), k)), np.empty((len(Q), k), np.int64)
        self._answer(Q, k, self._nearest, found)
        return found

    def neighbor_sets(self, Q, n_neighbors):
        """The examples that ``kneighbors`` finds, in ascending order.

        Votes depend neither on the distances nor on their order; without
        them, ``exact`` saves nearly all of its work in float64.

        Args:
            Q (array_like): As for ``kneighbors``.
            n_neighbors (int): As for ``kneighbors``.

        Returns:
            ndarray: int64 (B, k), each row ascending.

        Raises:
            ArgumentError: As ``kneighbors``.
            UserError: As ``kneighbors``.
            RuntimeError: As ``kneighbors``.
        """
        return self._sets(*self._checked(Q, n_neighbors))

    def save(self, path):
        """Writes what ``fit`` built, without the training examples.

        Args:
            path (str or Path): The file to write.
        """
        with open(path, 'wb') as file:
            np.savez(file, shape=self.X_.shape,
                     **{name: getattr(self, name) for name in self._arrays})

    def load(self, path, X):
        """Reads what ``save`` wrote instead of building it again.

        Args:
            path (str or Path): A file written by an index with the same
                options.
            X (array_like): The training examples that were indexed, as for
                ``fit``.

        Returns:
            NeighborIndex: This index.

        Raises:
            UserError: The file indexes an array of another shape.
        """
        self._keep(X)
        shape = tuple(int(size) for size in self._read(path))
        if shape != self.X_.shape:
            raise UserError(f'{path} indexes an array of shape {shape}, not '
                            f'{self.X_.shape}; call fit() to index anew')
        self._open()
        return self

    # ------------------------------------------------ what a subclass defines

    def _build(self):
        """Computes from ``X_`` what ``save`` writes."""
        raise NotImplementedError

    def _open(self):
        """Computes what is not written; ``fit`` and ``load`` end with it."""

    def _read(self, path):
        """Sets what ``_build`` would; returns the shape of X."""
        with open(path, 'rb') as file, np.load(file) as stored:
            for name in self._arrays:
                setattr(self, name, stored[name])
            return stored['shape']

    def _nearest(self, Q, k):
        """Distances float64 and indices int64, (B, k) each, in order."""
        raise NotImplementedError

    def _nearest_sets(self, Q, k):
        """The indices that ``_nearest`` finds, in any order."""
        return self._nearest(Q, k)[1]

    def _sets(self, Q, k, **options):
        """``neighbor_sets`` of checked queries; options of ``_answer``."""
        indices = np.empty((len(Q), k), np.int64)
        self._answer(Q, k, lambda *query: [self._nearest_sets(*query)],
                     [indices], **options)
        indices.sort(axis=1)
        return indices

    def _answer(self, Q, k, find, out):
        """Writes what ``find(Q, k)`` returns for each batch into ``out``."""
        parallel.run(lambda rows: put(out, rows, find(Q[rows], k)),
                     self._batches(Q, k))

    def _arrange(self, Q):
        """The order, int64 (B,), in which queries are put into batches."""
        return np.arange(len(Q))

    def _batch_size(self, k):
        """Queries a batch; some have several times k candidates."""
        return min(QUERIES, arrays.CELLS // 8 // k)

    # --------------------------------------------------------------- helpers

    def _batches(self, Q, k):
        """Numbers of the queries of each batch, int64 (n,), as a list."""
        order = self._arrange(Q)
        return [order[rows] for rows in shares(len(Q), self._batch_size(k))]

    def _keep(self, X):
        self.X_ = arrays.as_matrix(reading.float32_rows(X), 'X')
        if not len(self.X_):
            raise UserError('X has no rows; give at least one example')

    def _checked(self, Q, n_neighbors):
        """Queries as float32 (B, D) and k as an int, if they are possible."""
        if not hasattr(self, 'X_'):
            raise RuntimeError('call fit() before searching')
        N, D = self.X_.shape
        k = check_n_neighbors(n_neighbors, N)
        return arrays.as_queries(Q, D), k


def shares(n_queries, most=QUERIES):
    """Slices of the queries for all cores, where there are enough.

    Args:
        n_queries (int): B.
        most (int): Queries of a slice, at most.

    Returns:
        list of slice: They cover ``range(B)``.
    """
    share = max(64, -(-n_queries // parallel.n_workers()))
    return list(arrays.slices(n_queries, min(most, share)))


def check_n_neighbors(n_neighbors, n_examples):
    """k as an int, after checking that there are as many examples.

    Args:
        n_neighbors (int): k.
        n_examples (int): N, the number of training examples.

    Returns:
        int: k.

    Raises:
        ArgumentError: k is not in [1, N].
    """
    k = operator.index(n_neighbors)
    if k < 1:
        raise ArgumentError('n_neighbors', k, 'is too small; take 1 or more')
    if k > n_examples:
        raise ArgumentError(
            'n_neighbors', k, f'exceeds the {n_examples} training examples; '
            f'take {n_examples} or fewer')
    return k


def put(out, rows, parts):
    """Writes each part into some rows of its array.

    Args:
        out (list of ndarray): m arrays.
        rows (slice or ndarray): Which rows of each.
        parts (list of ndarray): m arrays of so many rows.
    """
    for array, part in zip(out, parts, strict=True):
        array[rows] = part
