"""The exact index: as fast as products in float32, right in float64."""
import functools

import numpy as np

import parallel
from errors import ArgumentError
from neighbors import arrays, blocks, memory, reading, scan
from neighbors.base import QUERIES, NeighborIndex, put
from neighbors.devices import device_of
from neighbors.float32_sums import Float32Sums
from neighbors.kernels import AllExamples

CACHE_BYTES = 1 << 29    # examples up to this size are kept centred in memory
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
            ``CACHE_BYTES`` are kept, and mapped arrays are used as such.
        device (module): CuPy, to multiply on the GPU that is current; or
            what ``devices.device_of`` takes.  None: on the CPU.
        sum_bits (int): 64, or 32 for kernel sums of float32 products
            (``Float32Sums``): about half the time, and one pass for
            neighbours and sums where a search compares all examples.

    Attributes:
        plan_ (memory.Plan): What is kept, and how much is read at once.
        device (devices.Host): Where products are made.

    Raises:
        ArgumentError: ``sum_bits`` is neither.
    """

    worth_storing = False
    compares_all = True
    _arrays = ('centre_', 'columns_', 'direction_')

    def __init__(self, memory=None, device=None, sum_bits=64):
        if sum_bits not in SUMS:
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
        self.direction_ = blocks.main_direction(self._centred(sample), len(X))

    def _open(self):
        N, D = self.X_.shape
        d = len(self.columns_)
        self._constant = np.setdiff1d(np.arange(D), self.columns_)
        centred = blocks.CentredRows(self.X_, self.centre_, self.columns_)
        is_kept = self.keeps(4 * N * d, CACHE_BYTES)
        kept = self.device.empty((N, d)) if is_kept else centred
        norms = np.empty(N)
        rows = list(self._rows())
        for place, block in zip(rows, reading.ahead(centred.__getitem__,
                                                    rows), strict=True):
            norms[place] = arrays.square_norms(block)
            if is_kept:
                self.device.put(kept, place, block)
        self._bound = scan.ErrorBound(D, d, np.sqrt(norms.max()))
        self._examples = None  # no products
        self._is_streamed = not is_kept
        if d and self._bound.is_useful:
            self._examples = self._in_blocks(kept, norms.astype(np.float32))

    def _in_blocks(self, kept, norms):
        """The centred examples (N, d) as those of ``blocks``."""
        size = memory.usual_block(self.X_.shape[1])
        if self.device.is_gpu:
            return blocks.UnsortedExamples(
                kept, norms, max(size, self.device.cells // QUERIES),
                self.device)
        if self._is_streamed or not len(self.direction_):
            return blocks.UnsortedExamples(kept, norms, size)
        return blocks.SortedExamples(kept, norms, size, self.direction_)

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
            start (callable): If ``reads_all``: called with the numbers,
                int64 (b,), of the queries of each batch, it returns what
                follows their products, as of ``scan.Scan``.

        Returns:
            ndarray: int64 (B, k), each row ascending.
        """
        if start is None:
            return super().neighbor_sets(Q, n_neighbors)
        Q, k = self._checked(Q, n_neighbors)
        indices = np.empty((len(Q), k), np.int64)
        self._answer(Q, k, lambda *query: [self._nearest_sets(*query)],
                     [indices], start)
        indices.sort(axis=1)
        return indices

    # ------------------------------------------------------- for kernel sums

    @property
    def has_products(self):
        """bool: Whether products in float32 say who is near."""
        return self._examples is not None

    @property
    def reads_all(self):
        """bool: Whether a search multiplies all examples, not a stretch."""
        return self.has_products and not self._is_sorted

    @property
    def longest(self):
        """float: The largest length of a centred example."""
        return self._bound.longest

    def bound_of_all(self, norm, offset):
        """Bound on the error of a, of all examples.

        Args:
            norm (ndarray): float64 (B,), as of ``scaled``.
            offset (ndarray): Likewise.

        Returns:
            ndarray: float64 (B,).
        """
        return self._bound.error(norm, offset, np.inf)

    def blocks(self):
        """The examples as they are multiplied, read ahead if not kept.

        Yields:
            tuple: As ``block`` of ``neighbors.blocks`` returns it.
        """
        load = reading.ahead if self._is_streamed else map
        yield from load(self._examples.block, arrays.slices(
            len(self.X_), self.plan_.block))

    def scaled(self, Q):
        """Queries as they are multiplied.

        Args:
            Q (ndarray): float32 (B, D).

        Returns:
            tuple: Centred queries float32 (B, d), 0 where they are too long
            for products; their lengths, and T of the bound, float64 (B,).
        """
        z = self._centred(Q)
        norm = np.sqrt(arrays.square_norms(z))
        offset = self._bound.offset(self.constant_part(Q))
        z[norm >= arrays.HUGE] = 0  # their products may overflow
        return z, norm, offset

    def constant_part(self, Q):
        """t, what constant columns add to all d^2 of a query.

        Args:
            Q (ndarray): float32 (B, D).

        Returns:
            ndarray: float64 (B,).
        """
        return arrays.square_norms(Q[:, self._constant].astype(np.float64)
                                   - self.X_[0][self._constant])

    # --------------------------------------------------------------- helpers

    def _rows(self):
        return block_rows(self.X_)

    def _centred(self, values):
        return blocks.centred(values, self.centre_, self.columns_)

    @property
    def _is_sorted(self):
        return self._examples is not None and self._examples.is_sorted

    def _arrange(self, Q):
        if not self._is_sorted:
            return super()._arrange(Q)
        direction = np.zeros(Q.shape[1], np.float32)
        direction[self.columns_] = self.direction_
        with np.errstate(over='ignore', invalid='ignore'):
            return np.argsort(Q @ direction)

    def _group_size(self, n_queries):
        """Queries of a scan, where a batch has ``n_queries``."""
        least, most = GROUP_QUERIES
        if not self._is_sorted:
            return n_queries
        return max(least, min(most, arrays.CELLS // len(self.X_)))

    # ------------------------------------------------------------- the answer

    def _answer(self, Q, k, find, out, start=None):
        if start is None and not (self.has_products and self._is_streamed):
            super()._answer(Q, k, find, out)
            return
        for rows in arrays.slices(len(Q), self.plan_.queries):
            self._answer_together(
                Q[rows], k, find, [array[rows] for array in out],
                start and (lambda batch, first=rows.start: start(
                    first + batch)))
            reading.release(Q)

    def _answer_together(self, Q, k, find, out, start):
        """The same for queries that share one pass over the examples."""
        batches = self._batches(Q, k)
        scans = [scan.Scan(*self.scaled(Q[batch]), k, self._bound,
                           self.device, start and start(batch))
                 for batch in batches]
        # New threads would need new handles of cuBLAS, for every block
        run = parallel.in_turn if self.device.is_gpu else parallel.run
        for block in self.blocks():
            run(functools.partial(_see, block), scans)

        def answer(number):
            batch = batches[number]
            put(out, batch, find(Q[batch], k, scans[number].candidates()))

        parallel.run(answer, range(len(batches)))

    def _nearest(self, Q, k, candidates=None):
        if self._examples is None:
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
        if self._examples is None:
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
        z, norm, offset = self.scaled(Q)
        return scan.join([
            self._propose_to_group(z[rows], norm[rows], offset[rows], k)
            for rows in arrays.slices(len(z), self._group_size(len(z)))])

    def _propose_to_group(self, z, norm, offset, k):
        """The same of a group of centred queries, see ``scan.Scan``."""
        group = scan.Scan(z, norm, offset, k, self._bound, self.device)
        p = self._examples.project(z)
        rows = seen = self._examples.first_rows(p, k)
        while rows.start < rows.stop:
            group.see(*self._examples.block(rows))
            seen = slice(min(seen.start, rows.start),
                         max(seen.stop, rows.stop))
            rows = self._examples.next_rows(seen, p, group.radius)
        return group.candidates()

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


def block_rows(X):
    """Slices of the examples' blocks.

    Args:
        X (ndarray or FileRows): (N, D).

    Returns:
        iterable of slice: Always the same, whatever the memory, as the last
        bits of the mean depend on them.
    """
    return arrays.slices(len(X), memory.usual_block(X.shape[1]))


def _see(block, group):
    """A block seen by the scan of a group of queries."""
    group.see(*block)
