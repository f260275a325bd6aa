"""Candidates for the k nearest from products in float32, with a proof.

The letters are those of ``ExactIndex``: a = |x|^2 - 2 q.x for a centred query
q and a centred example x, d their distance, and a bound c s^2 + T on the
error of a.
"""
from typing import NamedTuple

import numpy as np

from neighbors import arrays
from neighbors.devices import HOST

MINIMA_WIDTH = 16      # columns of a product that share one minimum
PRODUCT_QUERIES = 16   # queries of a product, at least
# A query is compared with all examples if it has more candidates than MANY
# and more than MANY_TIMES_K for each of its k neighbours
MANY = 1024
MANY_TIMES_K = 16


class ErrorBound:
    """The bound c s^2 + T on |a + |q|^2 + t - d^2|.

    It holds for products on a GPU as for those on a CPU: fused operations
    round less, and T covers numbers below 2^-126 that are taken for 0, be
    they factors, products or sums.  Of TF32, which keeps 11 digits of the
    factors, it does not (``devices.Gpu`` refuses that).

    Args:
        width (int): D, columns of the examples.
        n_varying (int): d, those that are not constant.
        longest (float): The largest |x|.

    Attributes:
        longest (float): The same.
    """

    def __init__(self, width, n_varying, longest):
        self.longest = longest
        self._n_varying = n_varying
        self._terms = width + 8
        self._float64 = self._terms * 2. ** -52
        self._c = self._float64 + (
            (n_varying / 2 + 16) * 2. ** -24
            / max(.5, 1 - n_varying * 2. ** -24))

    @property
    def is_useful(self):
        """Whether squares are finite and the bound is small."""
        return self.longest < arrays.HUGE and self._c < .05

    def offset(self, t):
        """T of each query, float64 (B,), from its t, float64 (B,)."""
        return self._terms * 2. ** -124 + self._float64 * t

    def error(self, norm, offset, kth):
        """Bound on the error of a for all that may be among the k nearest.

        Such an x is within |q| + d_k of the mean, and s^2 <= 8 |q|^2 + 3 d^2
        bounds d_k.

        Args:
            norm (ndarray): float64 (B,), |q|.
            offset (ndarray): float64 (B,), T.
            kth (ndarray): float64 (B,), at least the k-th smallest a.

        Returns:
            ndarray: float64 (B,).
        """
        c = self._c
        reach = (kth + norm ** 2 * (1 + 8 * c) + offset) / (1 - 4 * c)
        radius = norm + np.sqrt(np.maximum(reach, 0))
        return c * (norm + np.minimum(radius, self.longest)) ** 2 + offset

    def slack(self, norm):
        """Bound on the error of p(x) - p(q), float64 (B,).

        It covers the two products, centring, and the direction's length.
        """
        return (2 * self._n_varying + 32) * 2. ** -24 * (norm + self.longest)


class Candidates(NamedTuple):
    """Pairs of a query and an example that may be among its k nearest.

    Attributes:
        few (ndarray): bool (B,), queries with few candidates.  Those of the
            others are not here.
        error (ndarray): float64 (B,), bound on the error of a; 0 for the
            queries with too many candidates.
        row (ndarray): int64 (n,) in [0, B), the query of a pair, ascending.
        col (ndarray): int64 (n,) in [0, N), the example of a pair.
        a (ndarray): float32 (n,).
    """

    few: np.ndarray
    error: np.ndarray
    row: np.ndarray
    col: np.ndarray
    a: np.ndarray

    def kth(self, k):
        """The k-th smallest a of each query, float64 (B,)."""
        packed = arrays.pack(self.row, len(self.few), self.a, np.inf)
        return np.partition(packed, k - 1)[:, k - 1].astype(np.float64)

    def at_most(self, limit):
        """Those whose a is at most ``limit``, float64 (B,), of its query."""
        kept = np.flatnonzero(self.a <= limit.take(self.row))
        return self._replace(row=self.row.take(kept), col=self.col.take(kept),
                             a=self.a.take(kept))


def join(parts):
    """The candidates of several groups of queries, one after another.

    Args:
        parts (list): Candidates of each group.

    Returns:
        Candidates: Of all queries.
    """
    few, error, _, col, a = map(np.concatenate, zip(*parts, strict=True))
    starts = np.cumsum([0] + [len(part.few) for part in parts[:-1]])
    row = np.concatenate([part.row + start for part, start in zip(
        parts, starts, strict=True)])
    return Candidates(few, error, row, col, a)


class Scan:
    """One pass over blocks of examples, for a group of queries.

    Args:
        z (ndarray): float32 (B, d), centred queries.
        norm (ndarray): float64 (B,), |q|.  A query of length ``HUGE`` or
            more counts as one with too many candidates.
        offset (ndarray): float64 (B,), T of the bound.
        k (int): Number of neighbours.
        bound (ErrorBound): Bound on the error of a.
        device (Host): Where the blocks are, and products are made; what they
            find comes back.
        follow (callable): Called with the slice of queries, the indices and
            a, float32 (b, n), of every product.

    Attributes:
        radius (ndarray): float64 (B,).  An example whose p(x) is farther
            from p(q) than this is not among the k nearest.  It is infinite
            before the first block, and shrinks.
    """

    def __init__(self, z, norm, offset, k, bound, device=HOST,
                 follow=None):
        self.radius = np.full(len(z), np.inf)
        self._device = device
        self._follow = follow
        self._factors = device.send(-2 * z)
        self._norm = norm
        self._offset = offset
        self._k = k
        self._bound = bound
        self._slack = bound.slack(norm)
        self._best = device.send(np.full((len(z), k), np.inf, np.float32))
        self._few = norm < arrays.HUGE
        self._counts = np.zeros(len(z), np.int64)
        self._hits = []  # (row, col, a) of each product

    def see(self, indices, block, norms):
        """Takes note of what may be near in a block of examples.

        Args:
            indices (ndarray): int64 (n,).
            block (ndarray): float32 (n, d), centred, on the device.
            norms (ndarray): float32 (n,), squared lengths, likewise.
        """
        most = max(MANY, MANY_TIMES_K * self._k)

        def look(rows, a):
            found = self._near(rows, a)
            if self._follow:
                self._follow(rows, indices, a)
            return found

        for rows, (hit, values) in products(self._factors, block, norms,
                                            self._device, look):
            row, col = np.divmod(hit, len(block))
            self._hits.append((row + rows.start, indices.take(col), values))
            self._counts[rows] += np.bincount(
                row, minlength=rows.stop - rows.start)
            self._few[rows] &= self._counts[rows] <= most

    def _near(self, rows, a):
        """Which places of a product a (b, n) may be near, and what is there.

        As int64 (m,) in [0, b n), ascending, and float32 (m,).
        """
        device = self._device
        self._best[rows] = _smallest_minima(self._best[rows], a, self._k,
                                            device)
        limit, _ = self._limit_and_error(rows)
        self.radius[rows] = self._slack[rows] + np.sqrt(
            np.maximum(limit + self._norm[rows] ** 2, 0))
        limit = device.send(_rounded_up(limit, self._few[rows]))
        hit = device.xp.flatnonzero(a <= limit[:, None])
        return device.get(hit), device.get(a.ravel().take(hit))

    def candidates(self):
        """What the blocks seen so far have left open.

        Returns:
            Candidates: Of the group's queries.
        """
        with self._device.turn():
            limit, error = self._limit_and_error(slice(None))
        limit = np.where(self._few, limit, -np.inf)
        row, col, a = map(np.concatenate, zip(*self._hits, strict=True))
        kept = np.flatnonzero(a <= limit.take(row))
        kept = kept.take(np.argsort(row.take(kept), kind='stable'))
        return Candidates(self._few, np.where(self._few, error, 0),
                          row.take(kept), col.take(kept), a.take(kept))

    def _limit_and_error(self, rows):
        """The largest a that one of the k nearest may have, and its error.

        Both float64 (b,); the error is a bound.
        """
        kth = self._device.get(self._best[rows].max(axis=1)).astype(
            np.float64)
        error = self._bound.error(self._norm[rows], self._offset[rows], kth)
        return kth + 2 * error, error


def products(factors, block, norms, device, use):
    """Multiplies queries and a block of examples, some queries at a time.

    Args:
        factors (ndarray): float32 (B, d), centred queries times -2.
        block (ndarray): float32 (n, d), centred examples.
        norms (ndarray): float32 (n,), their squared lengths.
        device (Host): Where all of them are.
        use (callable): Function of a slice of queries and a, float32 (b, n),
            called in the turn in which a was made.

    Yields:
        tuple: Each slice, and what ``use`` returned for it.
    """
    for rows in arrays.slices(len(factors), max(
            PRODUCT_QUERIES, device.cells // len(block))):
        with device.turn():
            a = factors[rows] @ block.T
            a += norms
            found = use(rows, a)
        yield rows, found


def _rounded_up(limit, few):
    """float64 limits as finite float32 ones, -inf where not ``few``."""
    limit = np.minimum(limit, 2. ** 126).astype(np.float32)
    limit = np.nextafter(limit, np.float32(np.inf))
    return np.where(few, limit, np.float32(-np.inf))


def _smallest_minima(best, a, k, device):
    """The k smallest of ``best`` and of the minima of groups of columns of a.

    The k-th smallest minimum is never below the k-th smallest of all, and
    little above it.
    """
    size = max(1, min(MINIMA_WIDTH, a.shape[1] // k))
    n = a.shape[1] // size
    minima = a[:, :size * n].reshape(len(a), size, n).min(axis=1)
    return device.smallest(device.xp.concatenate([best, minima], axis=1), k)
