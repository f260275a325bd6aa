"""Exact nearest neighbours, and what every index has in common.

N indexed training examples of width D, B queries, k neighbours; Euclidean
distance.  Whatever the index, distances are evaluated in float64 from the
float32 activations, the order is (distance, index), and the answer for a
query depends neither on the batch it came in nor on the number of threads.
"""
import operator
from typing import NamedTuple

import numpy as np

import parallel

CELLS = 1 << 21         # entries of the largest temporary arrays
BLOCK_CELLS = 1 << 22   # entries of a block of training examples
CACHE_BYTES = 1 << 29   # examples of a layer up to this size are kept centred
QUERIES = 1024          # queries answered together
GROUP_QUERIES = 64, 256  # the same where the examples are sorted, from, to
FIRST = 1024            # examples that a group of queries sees first
GROUP = 16              # columns that share a minimum
SAMPLE = 2048           # examples from which the main direction is taken
# Share of their variance that it must have to be of use, by their number
SHARES = (1 << 15, .5), (np.inf, .25)
POWER_STEPS = 20
HUGE = 2. ** 60         # vectors shorter than it have finite float32 squares


class NeighborIndex:
    """What every index can do; a subclass says how candidates are chosen.

    Attributes:
        X_: the float32 (N, D) given to ``fit``, not copied.
    """

    _arrays = ()  # names of the arrays that were built

    def fit(self, X):
        """Index training examples.

        Args:
            X: (N, D) with N, D >= 1, finite, read as float32.  A reference
                to a float32 array is kept; it may be a read-only memmap
                larger than memory (``exact`` reads it in blocks; the other
                indexes keep copies of their own).

        Returns:
            self.

        Raises:
            ValueError: X is not as above.
        """
        self._keep(X)
        self._build()
        self._open()
        return self

    def kneighbors(self, Q, n_neighbors):
        """The nearest training examples, ordered by (distance, index).

        Args:
            Q: (B, D), finite, read as float32.
            n_neighbors: k, 1 <= k <= N.

        Returns:
            distances float64 (B, k) >= 0 and indices int64 (B, k) in
            [0, N), all different in a row.

        Raises:
            ValueError: Q or k is not as above.
        """
        return self._search_batches(Q, n_neighbors, True)

    def neighbor_sets(self, Q, n_neighbors):
        """The examples that ``kneighbors`` finds, in ascending order.

        To count votes takes neither distances nor their order; ``exact``
        then saves nearly all of the float64 work.

        Returns:
            int64 (B, k), each row ascending.
        """
        indices = self._search_batches(Q, n_neighbors, False)[1]
        indices.sort(axis=1)
        return indices

    def save(self, path):
        """Write what ``fit`` built, without the training examples."""
        with open(path, 'wb') as file:
            np.savez(file, shape=self.X_.shape,
                     **{name: getattr(self, name) for name in self._arrays})

    def load(self, path, X):
        """Take what ``save`` wrote in place of building it again.

        Args:
            path: a file written by an index with the same options.  That of
                a ``kdtree`` is a pickle: load only what you trust.
            X: the training examples that were indexed, as for ``fit``.

        Returns:
            self.

        Raises:
            ValueError: the file indexes an array of another shape.
        """
        self._keep(X)
        shape = tuple(int(size) for size in self._read(path))
        if shape != self.X_.shape:
            raise ValueError(f'{path} indexes an array of shape {shape}, not '
                             f'{self.X_.shape}; call fit() to index anew')
        self._open()
        return self

    def _build(self):
        raise NotImplementedError

    def _open(self):
        """What ``fit`` and ``load`` both end with."""

    def _read(self, path):
        with open(path, 'rb') as file, np.load(file) as arrays:
            for name in self._arrays:
                setattr(self, name, arrays[name])
            return arrays['shape']

    def _candidates(self, Q, k):
        """Indices int64 (B, w) of possible neighbours, padded with -1; a row
        with fewer than k goes to the exact search."""
        raise NotImplementedError

    def _search(self, Q, k, ordered):
        candidates = np.sort(self._candidates(Q, k), axis=1)
        row, place = np.nonzero(candidates >= 0)
        short = np.bincount(row, minlength=len(Q)) < k
        if short.all():
            return self._exact(Q, k)
        key = np.full(candidates.shape, np.inf)
        key[row, place] = _distances(Q, row, self.X_, candidates[row, place])
        distances, indices = _smallest(key, candidates, k)
        if short.any():
            distances[short], indices[short] = self._exact(Q[short], k)
        return distances, indices

    def _exact(self, Q, k):
        if self._fallback is None:
            self._fallback = ExactIndex().fit(self.X_)
        return self._fallback.kneighbors(Q, k)

    def _batch_size(self, k):
        return min(QUERIES, CELLS // 8 // k)

    def _arrange(self, Q):
        """Order in which queries are answered: those close to each other
        together."""
        return np.arange(len(Q))

    def _search_batches(self, Q, n_neighbors, ordered):
        Q, k = self._check(Q, n_neighbors)
        distances = np.empty((len(Q), k))
        indices = np.empty((len(Q), k), np.int64)

        order = self._arrange(Q)

        def answer(rows):
            rows = order[rows]
            distances[rows], indices[rows] = self._search(Q[rows], k, ordered)

        share = max(64, -(-len(Q) // parallel.n_workers()))
        parallel.run(answer, slices(len(Q), min(self._batch_size(k), share)))
        return distances, indices

    def _keep(self, X):
        self.X_ = _matrix(X, 'X')
        self._fallback = None
        if not len(self.X_):
            raise ValueError('X has no rows; give at least one example')

    def _check(self, Q, n_neighbors):
        if not hasattr(self, 'X_'):
            raise RuntimeError('call fit() before searching')
        N, D = self.X_.shape
        k = operator.index(n_neighbors)
        if k < 1:
            raise ValueError(f'n_neighbors={k}, but it must be at least 1')
        if k > N:
            raise ValueError(f'n_neighbors={k} but only {N} training '
                             f'examples; pass --neighbors {N} or less')
        Q = _matrix(Q, 'Q')
        if Q.shape[1] != D:
            raise ValueError(f'queries have width {Q.shape[1]}, but the '
                             f'indexed examples have {D}; give activations '
                             'of the same layer')
        return Q, k


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

    In c, D / 2 is for the products (their gamma_D 2 |q||x| is at most half of
    gamma_D s^2), 16 for centring, norms and sums, v for float64; T is for
    underflow and for t.  Examples whose a differ by more than twice the bound
    are in the right order; only the others are evaluated in float64.

    Where one direction has much of the variance (``SHARES``), as in the upper
    layers of a trained network, the examples are kept in the order of their
    product p(x) with it.  |p(x) - p(q)| is at most the distance of x from q,
    so that queries with about the same p need only the examples of a stretch,
    often less than a fourth of all.
    """

    _arrays = ('centre_', 'columns_', 'direction_')

    def _build(self):
        X = self.X_
        low, high, total = X[0], X[0], 0.
        for rows in self._rows():
            block = X[rows]
            low = np.minimum(low, block.min(axis=0))
            high = np.maximum(high, block.max(axis=0))
            total += block.sum(axis=0, dtype=np.float64)
        self.centre_ = (total / len(X)).astype(np.float32)
        self.columns_ = np.flatnonzero(low < high)
        step = -(-len(X) // SAMPLE)
        least = next(share for n, share in SHARES if len(X) < n)
        self.direction_ = _main_direction(self._centred(X[::step]), least)

    def _open(self):
        d, D = len(self.columns_), self.X_.shape[1]
        self._constant = np.setdiff1d(np.arange(D), self.columns_)
        in_memory = 4 * len(self.X_) * d <= CACHE_BYTES
        centred = np.empty((len(self.X_) * in_memory, d), np.float32)
        norms = np.empty(len(self.X_))
        for rows in self._rows():
            block = self._centred(self.X_[rows])
            norms[rows] = _square_norms(block)
            if in_memory:
                centred[rows] = block
        with np.errstate(over='ignore'):
            self._norms = norms.astype(np.float32)
        self._radius = np.sqrt(norms.max())
        self._rounding = (D + 8) * 2. ** -52
        self._relative = self._rounding + (
            (d / 2 + 16) * 2. ** -24 / max(.5, 1 - d * 2. ** -24))
        self._usable = self._radius < HUGE and self._relative < .05
        self._kept = None
        if self._usable and in_memory:
            self._kept = _sorted_along(self.direction_, centred, self._norms)

    def _block_size(self):
        return max(1, min(8192, BLOCK_CELLS // self.X_.shape[1]))

    def _rows(self):
        return slices(len(self.X_), self._block_size())

    def _centred(self, values):
        """Varying columns less the mean, every entry correctly rounded."""
        with np.errstate(over='ignore'):
            values = values - self.centre_
        full = len(self.columns_) == values.shape[1]
        return values if full else values[:, self.columns_]

    @property
    def _is_sorted(self):
        return self._kept is not None and self._kept.positions is not None

    def _arrange(self, Q):
        if not self._is_sorted:
            return super()._arrange(Q)
        direction = np.zeros(Q.shape[1], np.float32)
        direction[self.columns_] = self.direction_
        with np.errstate(over='ignore', invalid='ignore'):
            return np.argsort(Q @ direction)

    def _blocks(self, p, radius, k):
        """Examples that may be nearer than ``radius``, in blocks.

        Args:
            p: float32 (B,), products of the queries with the direction.
            radius: float64 (B,), read anew before each block.

        Yields:
            their indices, int (n,); the centred examples, float32 (n, d);
            their squared norms, float32 (n,).
        """
        if self._kept is None:
            for rows in self._rows():
                yield (np.arange(rows.start, rows.stop),
                       self._centred(self.X_[rows]),
                       self._norms[rows])
            return
        order, positions, centred, norms = self._kept
        if positions is None:
            for rows in self._rows():
                yield order[rows], centred[rows], norms[rows]
            return
        N, size = len(order), self._block_size()
        width = min(N, size, max(FIRST, 4 * k))
        left = np.searchsorted(positions, np.median(p)) - width // 2
        left = right = min(max(left, 0), N - width)
        rows = slice(left, left + width)
        while rows.start < rows.stop:
            yield order[rows], centred[rows], norms[rows]
            left, right = min(left, rows.start), max(right, rows.stop)
            first = np.searchsorted(positions, (p - radius).min())
            last = np.searchsorted(positions, (p + radius).max(), 'right')
            rows = slice(right, min(right + size, last))
            if rows.start >= rows.stop:
                rows = slice(max(left - size, first), left)

    def _search(self, Q, k, ordered):
        if not len(self.columns_):  # the examples are all the same
            row = np.arange(len(Q))
            distances = _distances(Q, row, self.X_, np.zeros_like(row))
            return distances[:, None], np.arange(k)
        if not self._usable:
            return self._compare_all(Q, k)
        easy, *candidates = self._propose(Q, k)
        if easy.all():
            return self._decide(Q, *candidates, k, ordered)
        distances = np.empty((len(Q), k))
        indices = np.empty((len(Q), k), np.int64)
        if easy.any():
            distances[easy], indices[easy] = self._decide(
                Q[easy], *candidates, k, ordered)
        distances[~easy], indices[~easy] = self._compare_all(Q[~easy], k)
        return distances, indices

    def _error(self, norm, offset, kth):
        """Bound on the error of a for all that may be among the k nearest.

        ``kth`` is at least the k-th smallest a.  Such an x is within
        |q| + d_k of the mean, and s^2 <= 8 |q|^2 + 3 d^2 bounds d_k.
        """
        c = self._relative
        reach = (kth + norm ** 2 * (1 + 8 * c) + offset) / (1 - 4 * c)
        radius = norm + np.sqrt(np.maximum(reach, 0))
        return c * (norm + np.minimum(radius, self._radius)) ** 2 + offset

    def _propose(self, Q, k):
        """Candidates of the queries that have few.

        Returns:
            easy: bool (B,), the queries whose candidates follow.
            row: int (n,), which of these queries, ascending.
            col: int (n,), its candidate.
            a: float32 (n,).
            error: float64 (n_easy,), bound on the error of a.
        """
        z = self._centred(Q)
        norm = np.sqrt(_square_norms(z))
        offset = (self.X_.shape[1] + 8) * 2. ** -124 + self._rounding * (
            _square_norms(Q[:, self._constant].astype(np.float64)
                          - self.X_[0, self._constant]))
        easy = norm < HUGE
        z[~easy] = 0
        p = z @ self.direction_ if self._is_sorted else np.zeros(len(z))
        z *= -2
        hits, kth = [], np.empty(len(z))
        for rows in slices(len(z), self._group_size(len(z))):
            found, kth[rows] = self._scan(z[rows], p[rows], norm[rows],
                                          offset[rows], easy[rows], k)
            hits += [(row + rows.start, col, a) for row, col, a in found]
        error = self._error(norm, offset, kth)
        row, col, a = (np.concatenate(part)
                       for part in zip(*hits, strict=True))
        keep = np.flatnonzero(easy.take(row)
                              & (a <= (kth + 2 * error).take(row)))
        keep = keep.take(np.argsort(row.take(keep), kind='stable'))
        row = (np.cumsum(easy) - 1).take(row.take(keep))
        return easy, row, col.take(keep), a.take(keep), error[easy]

    def _group_size(self, n_queries):
        """Queries that share a stretch: few of them have a short one, many
        a fast product."""
        least, most = GROUP_QUERIES
        if not self._is_sorted:
            return n_queries
        return max(least, min(most, CELLS // len(self.X_)))

    def _scan(self, z, p, norm, offset, easy, k):
        """One pass over what may be near; clears ``easy`` where candidates
        abound.

        Returns:
            hits: list of arrays (row, col, a), a pair an entry.
            kth: float64 (B,), at least the k-th smallest a.
        """
        best = np.full((len(z), k), np.inf, np.float32)
        counts = np.zeros(len(z), np.int64)
        radius = np.full(len(z), np.inf)
        # Of the products p, of centring and of the direction's length
        slack = (2 * z.shape[1] + 32) * 2. ** -24 * (norm + self._radius)
        hits = []
        # radius shrinks from block to block, and says which are still needed
        for indices, block, norms in self._blocks(p, radius, k):
            for rows in slices(len(z), max(GROUP, CELLS // len(block))):
                a = z[rows] @ block.T  # (b, n)
                a += norms
                best[rows] = _group_minima(best[rows], a, k)
                kth = best[rows].max(axis=1).astype(np.float64)
                limit = kth + 2 * self._error(norm[rows], offset[rows], kth)
                radius[rows] = slack[rows] + np.sqrt(
                    np.maximum(limit + norm[rows] ** 2, 0))
                limit = np.minimum(limit, 2. ** 126).astype(np.float32)
                limit = np.nextafter(limit, np.float32(np.inf))
                limit[~easy[rows]] = -np.inf
                hit = np.flatnonzero(a <= limit[:, None])
                row, col = np.divmod(hit, len(block))
                hits.append((row + rows.start, indices.take(col),
                             a.ravel().take(hit)))
                counts += np.bincount(hits[-1][0], minlength=len(z))
                easy &= counts <= max(16 * k, 1024)
        return hits, best.max(axis=1).astype(np.float64)

    def _decide(self, Q, row, col, a, error, k, ordered):
        """Evaluate in float64 what the bound leaves open.

        If not ``ordered``, the k neighbours stand in any order, and there
        are no distances.
        """
        kth = np.partition(pack(row, len(Q), a, np.inf), k - 1)[:, k - 1]
        possible = np.flatnonzero(a <= (kth + 2 * error).take(row))
        row, col, a = (part.take(possible) for part in (row, col, a))
        clear = np.bincount(row) == k
        sure = (not ordered) & (
            clear.take(row) | (a < (kth - 2 * error).take(row)))
        left = np.flatnonzero(~sure)
        d = _distances(Q, row[left], self.X_, col[left])
        order = np.lexsort((col[left], d, row[left]))
        left, d = left[order], d[order]
        needed = k - np.bincount(row[sure], minlength=len(Q))
        chosen = _places(row[left], len(Q)) < needed[row[left]]
        if ordered:
            return (d[chosen].reshape(-1, k),
                    col[left[chosen]].reshape(-1, k))
        sure[left[chosen]] = True
        return np.nan, col[sure].reshape(-1, k)

    def _compare_all(self, Q, k):
        """Full search in float64, for queries with very many near ties."""
        N, D = self.X_.shape
        distances = np.empty((len(Q), k))
        indices = np.empty((len(Q), k), np.int64)
        for rows in slices(len(Q), CELLS // N):
            squares = np.empty((rows.stop - rows.start, N))
            for cols in slices(N, CELLS // 8 // D):
                x = np.asarray(self.X_[cols], dtype=np.float64, order='C')
                for i, q in enumerate(Q[rows]):
                    squares[i, cols] = ((x - q) ** 2).sum(axis=1)
            distances[rows], indices[rows] = _smallest(
                np.sqrt(squares),
                np.broadcast_to(np.arange(N), squares.shape), k)
        return distances, indices


class _Kept(NamedTuple):
    """Centred examples in memory, sorted or in their own order."""

    order: np.ndarray      # int64 (N,), indices
    positions: np.ndarray  # float64 (N,), products, ascending, or None
    centred: np.ndarray    # float32 (N, d)
    norms: np.ndarray      # float32 (N,), squared


def _sorted_along(direction, centred, norms):
    """Examples (N, d) by their product with a direction, if there is one."""
    if not len(direction):
        return _Kept(np.arange(len(norms)), None, centred, norms)
    p = centred @ direction
    order = np.argsort(p, kind='stable')
    return _Kept(order, p[order].astype(np.float64), centred[order],
                 norms[order])


def _main_direction(values, least):
    """About the unit vector in which the rows vary most, float32 (d,), by the
    power method; empty where it has not the ``least`` share of the variance.

    The search is exact with any unit vector.
    """
    scale = abs(values).max(initial=0)
    if not 0 < scale < HUGE:
        return np.empty(0, np.float32)
    values = values / scale
    moments = (values.T @ values).astype(np.float64)
    direction = moments[moments.diagonal().argmax()]
    for _ in range(POWER_STEPS):
        direction = moments @ (direction / np.linalg.norm(direction))
    share = np.linalg.norm(direction) / moments.trace()
    if share <= least:
        return np.empty(0, np.float32)
    direction /= np.linalg.norm(direction)
    return direction.astype(np.float32)


def slices(n, size):
    size = max(1, size)
    return (slice(i, min(i + size, n)) for i in range(0, n, size))


def _matrix(values, name):
    """``values`` as float32, not copied if they are; checked in blocks."""
    if not (isinstance(values, np.ndarray) and values.dtype == np.float32):
        with np.errstate(over='ignore'):
            values = np.asarray(values, dtype=np.float32)
    if values.ndim != 2 or not values.shape[1]:
        raise ValueError(f'{name} has shape {values.shape}, but it must be '
                         '(examples, width) with a width of at least 1')
    for rows in slices(len(values), BLOCK_CELLS // values.shape[1]):
        if not np.isfinite(values[rows]).all():
            raise ValueError(
                f'{name} holds NaN, infinity or a number beyond float32 in '
                f'rows {rows.start} to {rows.stop - 1}; did the training '
                'diverge?')
    return values


def _square_norms(z):
    """Sum of squares of each row, float64."""
    with np.errstate(over='ignore', invalid='ignore'):
        return np.einsum('ij,ij->i', z, z, dtype=np.float64)


def _distances(Q, row, X, col):
    """Distances of the pairs (Q[row], X[col]), float64 (n_pairs,).

    A pair's sum always runs over one contiguous row of D squares, hence it
    is the same to the last bit in whatever company it is evaluated.
    """
    squares = np.empty(len(row))
    for pairs in slices(len(row), CELLS // 16 // X.shape[1]):
        diff = np.subtract(X[col[pairs]], Q[row[pairs]], dtype=np.float64,
                           order='C')
        diff *= diff
        squares[pairs] = diff.sum(axis=1)
    return np.sqrt(squares, out=squares)


def _smallest(key, index, k):
    """The k smallest of each row of ``key``, ties to the lower position."""
    order = np.argsort(key, axis=1, kind='stable')[:, :k]
    return (np.take_along_axis(key, order, axis=1),
            np.take_along_axis(index, order, axis=1))


def _group_minima(best, a, k):
    """The k smallest of ``best`` and of the minima of groups of columns of a.

    The k-th smallest minimum is never below the k-th smallest of all, and
    little above it.
    """
    size = max(1, min(GROUP, a.shape[1] // k))
    n = a.shape[1] // size
    minima = a[:, :size * n].reshape(len(a), size, n).min(axis=1)
    return np.partition(np.concatenate([best, minima], axis=1), k - 1,
                        axis=1)[:, :k]


def pack(row, n_rows, values, padding):
    """``values``, sorted by ``row`` number, as a padded (n_rows, width)."""
    place = _places(row, n_rows)
    packed = np.full((n_rows, place.max(initial=-1) + 1), padding,
                     values.dtype)
    packed[row, place] = values
    return packed


def _places(row, n_rows):
    """How many entries of the same row stand before each; rows ascend."""
    counts = np.bincount(row, minlength=n_rows)
    return np.arange(len(row)) - (np.cumsum(counts) - counts).take(row)
