"""The exact index: as fast as products in float32, right in float64."""
import functools

import numpy as np

import parallel
from errors import ArgumentError
from neighbors import arrays, blocks, memory, reading, scan
from neighbors.base import NeighborIndex, put
from neighbors.devices import device_of
from neighbors.float32_sums import Float32Sums
from neighbors.kernels import AllExamples
from neighbors.products import Products, block_rows

# Queries that are answered together where the examples are sorted, at least
# and at most: small groups need fewer examples, large ones multiply faster
GROUP_QUERIES = 64, 256
SUMS = {64: AllExamples, 32: Float32Sums}  # sum_bits: kernel sums


class ExactIndex(NeighborIndex):
    """Exact search: float32 products propose, float64 differences decide.

    The answer is that of a full search with differences in float64.  Centred
    on the mean of X, and without the columns that are constant over X (they
    add the same t to all squared distances of a query), a = |x|^2 - 2 q.x
    comes from a matrix product in float32.  With u = 2^-24, v = 2^-52 and
    s = |q| + |x|, whatever the order of summation, the d^2 evaluated in
    float64 satisfies

        |a + |q|^2 + t - d^2| <= c s^2 + T,
        c = (D / 2 + 16) u / (1 - D u) + (D + 8) v,
        T = (D + 8) (2^-124 + t v).

    In c, D / 2 is for the products (their error, gamma_D 2 |q||x|, is at most
    half of gamma_D s^2), 16 for centring, norms and sums, v for float64; T is
    for underflow and for t.  Two examples whose a differ by more than twice
    the bound are in the right order; only the others are evaluated in
    float64.

    Where much of the variance lies in one direction (``blocks.SHARES``), as
    in the upper layers of a trained network, the examples are kept in the
    order of their product p(x) with it.  |p(x) - p(q)| is at most the
    distance of x from q, so that queries with about the same p need only the
    examples of one stretch, often less than a fourth of all.

    Examples that are not kept in memory are read in blocks, once for up to
    ``memory.QUERIES`` queries, each block while the one before is multiplied.

    A GPU multiplies, and compares with the bound, which holds there, too
    (``scan.ErrorBound``); what is left open is decided here, in float64, so
    that the answer is the same to the last bit.  The centred examples are
    kept on it where there is room (``devices.Gpu``), and otherwise sent in
    blocks, as they would be read; in their own order, as stretches of sorted
    ones would mean many small products.

    Args:
        memory (int): Bytes within which one layer is searched
            (``memory.plan``); examples mapped from a file are then read from
            it, so that they never count as memory.  None: up to
            ``products.CACHE_BYTES`` are kept, and mapped arrays are used as
            such.
        device (module): CuPy, to multiply on the GPU that is current; or
            what ``devices.device_of`` takes.  None: on the CPU.
        sum_bits (int): 64, or 32 for kernel sums of float32 products
            (``Float32Sums``): about half the time, and one pass for
            neighbours and sums where a search compares all examples.

    Attributes:
        plan_ (memory.Plan): What is kept, and how much is read at once.
        device (devices.Host): Where products are made.
        products_ (Products): What is multiplied.

    Raises:
        ArgumentError: ``sum_bits`` is neither.
    """

    worth_storing = False
    compares_all = True
    _arrays = ('centre_', 'columns_', 'direction_')

    def __init__(self, memory=None, device=None, sum_bits=64):
        if sum_bits not in list(SUMS):
            raise ArgumentError('sum_bits', sum_bits, 'is no width of '
                                'numbers; take 64 or 32')
        self.memory = memory
        self.device = device_of(device)
        self.sum_bits = sum_bits

    def _keep(self, X):
        if self.memory is not None:
            X = reading.file_rows(X)
        if isinstance(X, reading.FileRows) and all(X.shape):
            self.X_ = X  # checked by the first pass
        else:
            super()._keep(X)
        self.plan_ = memory.plan(*self.X_.shape, self.memory)

    def _build(self):
        X = self.X_
        spreads, rows = [], list(self._rows())
        for place, block in zip(rows, reading.ahead(X.__getitem__, rows),
                                strict=True):
            if isinstance(X, reading.FileRows):
                arrays.check_finite(block, place, 'X')
            spreads.append(blocks.spread(block))
        self.centre_, self.columns_ = blocks.centre_and_columns(spreads,
                                                                len(X))
        sample = X[arrays.every(len(X), blocks.SAMPLE)]
        self.direction_ = blocks.main_direction(blocks.centred(
            sample, self.centre_, self.columns_), len(X))

    def _open(self):
        self.products_ = Products(self)

    def keeps(self, size, most):
        """Whether examples are kept where they are multiplied.

        Args:
            size (int): Bytes that they take there.
            most (int): Bytes that a CPU keeps without a bound on memory.

        Returns:
            bool: Whether they fit there.
        """
        return self.device.has_room(
            size, self.plan_.keeps if self.memory is not None
            else size <= most)

    def kernel_sums(self, labels, n_class):
        """Sums for soft conformity.

        Args:
            labels (ndarray): int64 (N,) in [0, C), of the examples.
            n_class (int): C.

        Returns:
            AllExamples or Float32Sums: Over all of them.
        """
        return SUMS[self.sum_bits](self, labels, n_class)

    def neighbor_sets(self, Q, n_neighbors, start=None):
        """The same as of other indexes.

        Args:
            Q (array_like): As there.
            n_neighbors (int): As there.
            start (callable): If ``products_.see_all``: called with the
                numbers, int64 (b,), of the queries of each batch, and what
                ``Products.scaled`` gave for them, it returns what follows
                their products, as of ``scan.Scan``.

        Returns:
            ndarray: int64 (B, k), each row ascending.
        """
        return self._sets(*self._checked(Q, n_neighbors), start=start)

    def _rows(self):
        return block_rows(self.X_)

    def _arrange(self, Q):
        if self.products_.is_sorted:
            return self.products_.order(Q)
        return super()._arrange(Q)

    def _group_size(self, n_queries):
        """Queries of a scan, where a batch has ``n_queries``."""
        least, most = GROUP_QUERIES
        if not self.products_.is_sorted:
            return n_queries
        return max(least, min(most, arrays.CELLS // len(self.X_)))

    # ------------------------------------------------------------- the answer

    def _answer(self, Q, k, find, out, start=None):
        if start is None and not self.products_.are_read:
            super()._answer(Q, k, find, out)
            return
        for rows in arrays.slices(len(Q), self.plan_.queries):
            self._answer_together(
                Q[rows], k, find, [array[rows] for array in out],
                start and (lambda batch, scaled, first=rows.start: start(
                    first + batch, scaled)))
            reading.release(Q)

    def _answer_together(self, Q, k, find, out, start):
        """The same for queries that share one pass over the examples."""
        batches = self._batches(Q, k)
        scaled = [self.products_.scaled(Q[batch]) for batch in batches]
        scans = [self._scan(some, k, start and start(batch, some))
                 for batch, some in zip(batches, scaled, strict=True)]
        # New threads would need new handles of cuBLAS, for every block
        run = parallel.in_turn if self.device.is_gpu else parallel.run
        for block in self.products_.blocks():
            run(functools.partial(_see, block), scans)

        def answer(number):
            batch = batches[number]
            put(out, batch, find(Q[batch], k, scans[number].candidates()))

        parallel.run(answer, range(len(batches)))

    def _nearest(self, Q, k, candidates=None):
        if self.products_.examples is None:
            return self._compare_all(Q, k)
        candidates = candidates or self._propose(Q, k)
        few = candidates.few
        if few.all():
            return self._rank(Q, candidates, k)
        distances = np.empty((len(Q), k))
        indices = np.empty((len(Q), k), np.int64)
        distances[~few], indices[~few] = self._compare_all(Q[~few], k)
        if few.any():
            distances[few], indices[few] = self._rank(Q, candidates, k)
        return distances, indices

    def _nearest_sets(self, Q, k, candidates=None):
        if self.products_.examples is None:
            return self._compare_all(Q, k)[1]
        candidates = candidates or self._propose(Q, k)
        few = candidates.few
        if few.all():
            return self._select(Q, candidates, k)
        indices = np.empty((len(Q), k), np.int64)
        indices[~few] = self._compare_all(Q[~few], k)[1]
        if few.any():
            indices[few] = self._select(Q, candidates, k)
        return indices

    def _propose(self, Q, k):
        """The candidates of the queries that have few of them."""
        scaled = self.products_.scaled(Q)
        return scan.join([
            self._propose_to_group([part[rows] for part in scaled], k)
            for rows in arrays.slices(len(Q), self._group_size(len(Q)))])

    def _propose_to_group(self, scaled, k):
        """The same of a group of centred queries, see ``scan.Scan``."""
        group, examples = self._scan(scaled, k), self.products_.examples
        p = examples.project(scaled[0])
        rows = seen = examples.first_rows(p, k)
        while rows.start < rows.stop:
            group.see(*examples.block(rows))
            seen = slice(min(seen.start, rows.start),
                         max(seen.stop, rows.stop))
            rows = examples.next_rows(seen, p, group.radius)
        return group.candidates()

    def _scan(self, scaled, k, follow=None):
        z, norm, t = scaled
        bound = self.products_.bound
        return scan.Scan(z, norm, bound.offset(t), k, bound, self.device,
                         follow)

    def _rank(self, Q, candidates, k):
        """Distances and indices (n, k) of queries with few candidates."""
        kth = candidates.kth(k)
        possible = candidates.at_most(kth + 2 * candidates.error)
        row, col = possible.row, possible.col
        d = arrays.distances(Q, row, self.X_, col)
        order = np.lexsort((col, d, row))
        chosen = order[arrays.places(row, len(Q)) < k]
        return d[chosen].reshape(-1, k), col[chosen].reshape(-1, k)

    def _select(self, Q, candidates, k):
        """The indices of ``_rank`` in any order.

        Only what the bound leaves open is evaluated in float64.
        """
        kth = candidates.kth(k)
        possible = candidates.at_most(kth + 2 * candidates.error)
        row, col = possible.row, possible.col
        complete = np.bincount(row, minlength=len(Q)) == k
        sure = complete.take(row) | (
            possible.a < (kth - 2 * candidates.error).take(row))
        missing = k - np.bincount(row[sure], minlength=len(Q))
        rest = np.flatnonzero(~sure)
        d = arrays.distances(Q, row[rest], self.X_, col[rest])
        rest = rest[np.lexsort((col[rest], d, row[rest]))]
        nearest = arrays.places(row[rest], len(Q)) < missing[row[rest]]
        chosen = sure.copy()
        chosen[rest[nearest]] = True
        return col[chosen].reshape(-1, k)

    def _compare_all(self, Q, k):
        """Full search in float64, for queries with very many near ties."""
        N, D = self.X_.shape
        if not len(self.columns_):  # the examples are all the same
            first = np.zeros(len(Q), np.int64)
            d = arrays.distances(Q, np.arange(len(Q)), self.X_, first)
            return (np.repeat(d[:, None], k, axis=1),
                    np.tile(np.arange(k), (len(Q), 1)))
        distances = np.empty((len(Q), k))
        indices = np.empty((len(Q), k), np.int64)
        for rows in arrays.slices(len(Q), arrays.CELLS // N):
            squares = np.empty((rows.stop - rows.start, N))
            for cols in arrays.slices(N, arrays.CELLS // 8 // D):
                x = np.asarray(self.X_[cols], dtype=np.float64, order='C')
                for i, q in enumerate(Q[rows]):
                    squares[i, cols] = ((x - q) ** 2).sum(axis=1)
            distances[rows], indices[rows] = arrays.smallest(
                np.sqrt(squares),
                np.broadcast_to(np.arange(N), squares.shape), k)
        return distances, indices


def _see(block, group):
    """A block seen by the scan of a group of queries."""
    group.see(*block)
