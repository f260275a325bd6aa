"""Kernel sums from float32 products, perhaps those that find neighbours.

The letters are those of ``neighbors.scan`` and ``neighbors.kernels``: B
queries, N examples, C classes, a = |x|^2 - 2 q.x and log S.
"""
import functools
import threading

import numpy as np

import parallel
from neighbors import arrays, reading, scan
from neighbors.base import shares
from neighbors.kernels import AllExamples
from neighbors.labelled import by_label
from neighbors.sums import (
    KernelSums,
    LayerSums,
    LogSums,
    joined,
    sums_by_class,
)

# Bound on the error of log S up to which products are taken in float32
MOST_ERROR = 1 / 64
# Of the module, since sums with a lock of their own could not be copied
_making = threading.Lock()


class Float32Sums(LayerSums):
    """Kernel sums over all N examples of an exact index, in float32.

    The exponents come from the products of the search, which does not have
    to make others, nor to read the examples again for them.  With the bound
    e of ``scan.ErrorBound`` on the error of a, an exponent is within
    e / 2 s^2 and four roundings of itself; the error of log S that is seen
    is a twentieth of e / 2 s^2 or less.  Where that exceeds ``MOST_ERROR``, as
    for very small bandwidths or queries far from everything, a query's sums
    are those of ``AllExamples``, in float64, which are another pass.

    The last digits depend on the batch and the number of threads.

    Args:
        index (ExactIndex): Fitted on the examples.
        labels (ndarray): int64 (N,) in [0, C).
        n_class (int): C.

    Attributes:
        width (int): D.
        shares_pass (bool): Whether ``with_neighbor_sets`` asks the examples
            once, not twice.
    """

    def __init__(self, index, labels, n_class):
        self.width = index.X_.shape[1]
        self.shares_pass = index.products_.see_all
        self._index, self._products = index, index.products_
        self._labels = labels
        self._n_class = n_class
        self._float64_sums = None

    def log_sums(self, Q, squares):
        """log S with several bandwidths, from one set of products.

        Args:
            Q (ndarray): float32 (B, D).
            squares (list of float): n numbers s^2 > 0, as of ``AllExamples``.
                The largest decides whether float32 will do; the error with a
                smaller one is larger in proportion.

        Returns:
            LogSums: (n, B, C); the bound is 0 where it is not known, so that
            nothing is computed again for it.
        """
        if self._products.examples is None:
            return self._in_float64(Q, squares)
        found = self._empty(len(squares), len(Q))
        for rows in arrays.slices(len(Q), self._products.plan.queries):
            self._see_all(Q[rows], squares, LogSums(
                *(part[:, rows] for part in found)))
            reading.release(Q)
        self._in_float64_where_needed(Q, squares, found)
        return found

    def in_pieces(self, Q, squares, pieces):
        # One pass for all: they follow each other
        return self.log_sums(Q, squares).split([
            rows.stop - rows.start for rows in pieces])

    def with_neighbor_sets(self, Q, k, square):
        """The neighbours, and log S, from one pass over the examples.

        Args:
            Q (ndarray): float32 (B, D).
            k (int): Neighbours.
            square (float): s^2 > 0.

        Returns:
            tuple: int64 (B, k), as of ``ExactIndex.neighbor_sets``, and
            LogSums (1, B, C).
        """
        found = self._empty(1, len(Q))
        started = []

        def start(numbers, scaled):
            running = self._running(scaled, [square])
            started.append((numbers, running))
            return running

        sets = self._index.neighbor_sets(Q, k, start)
        for numbers, running in started:
            found.put(numbers, running.log_sums())
        self._in_float64_where_needed(Q, [square], found)
        return sets, found

    def log_sums_apart(self, Q, square):
        """As of ``AllExamples``."""
        return self._all_examples().log_sums_apart(Q, square)

    def class_means(self, Q, square):
        """As of ``AllExamples``."""
        return self._all_examples().class_means(Q, square)

    # --------------------------------------------------------------- helpers

    def _see_all(self, Q, squares, found):
        """Sets LogSums (n, B, C), from one pass over the examples."""
        products, device = self._products, self._products.device
        batches = shares(len(Q))
        scaled = [products.scaled(Q[rows]) for rows in batches]
        sums = [self._running(some, squares) for some in scaled]
        factors = [device.send(-2 * z) for z, _, _ in scaled]

        def see(block, i):
            indices, examples, norms = block
            for _ in scan.products(
                    factors[i], examples, norms, device,
                    lambda rows, a: sums[i](rows, indices, a)):
                pass

        # As of ExactIndex: for every block, new threads and new handles
        run = parallel.in_turn if device.is_gpu else parallel.run
        for block in products.blocks():
            run(functools.partial(see, block), range(len(batches)))
        for rows, running in zip(batches, sums, strict=True):
            found.put(rows, running.log_sums())

    def _empty(self, n, n_queries):
        return LogSums(np.empty((n, n_queries, self._n_class)),
                       *np.empty((2, n, n_queries)))

    def _running(self, scaled, squares):
        _, norm, t = scaled
        return RunningSums(norm, t, self._products.bound, squares,
                           self._labels, self._n_class, self._products.device)

    def _in_float64_where_needed(self, Q, squares, found):
        """Sets those LogSums that float32 has left out."""
        left = np.flatnonzero(np.isnan(found.bound[0]))
        for some in arrays.slices(len(left), self._products.plan.queries):
            rows = left[some]
            found.put(rows, self._in_float64(Q[rows], squares))

    def _in_float64(self, Q, squares):
        """LogSums (n, B, C) of ``AllExamples``."""
        return joined(self._all_examples().in_pieces(
            Q, squares, shares(len(Q)) or [slice(0, 0)]))

    def _all_examples(self):
        """The sums in float64, made when they are first asked."""
        with _making:  # several threads may come here at once
            if self._float64_sums is None:
                self._float64_sums = AllExamples(self._index, self._labels,
                                                 self._n_class)
        return self._float64_sums


class RunningSums:
    """Kernel sums of some queries, product by product.

    Args:
        norm (ndarray): float64 (B,), |q|.
        t (ndarray): float64 (B,), what is to be added to all d^2.
        bound (scan.ErrorBound): On the error of a.
        squares (list of float): n numbers s^2 > 0.
        labels (ndarray): int64 (N,) in [0, C).
        n_class (int): C.
        device (Host): Where the products are.
    """

    def __init__(self, norm, t, bound, squares, labels, n_class, device):
        self._norm = norm
        self._t = t
        self._longest = bound.longest
        self._half = .5 / np.asarray(squares)[:, None]  # (n, 1)
        error = bound.error(norm, bound.offset(t), np.inf)  # of all examples
        # Longer queries have no products
        self._suffices = (self._half.min() * error <= MOST_ERROR) & (
            norm < arrays.HUGE)
        self._factors = [squares[0] / square for square in squares]
        self._labels = labels
        self._n_class = n_class
        self._device = device
        scale = np.where(self._suffices, -self._half[0], 0)
        with device.turn():
            self._scale = device.send(scale.astype(np.float32)[:, None])
            self._sums = KernelSums.empty((len(squares), len(norm), n_class),
                                          device.xp)

    def __call__(self, rows, indices, a):
        """Takes a product.

        Args:
            rows (slice): b of the queries.
            indices (ndarray): int64 (m,), of the examples.
            a (ndarray): float32 (b, m), on the device.
        """
        device = self._device
        order, slices = by_label(self._labels[indices])
        exponents = a.take(device.send(order), axis=1)
        exponents *= self._scale[rows]
        own = KernelSums(*(part[:, rows] for part in self._sums))
        merged = own.merge(sums_by_class(
            exponents, slices, self._factors, self._n_class,
            xp=device.xp), device.xp)
        for part, new in zip(own, merged, strict=True):
            part[:] = new

    def log_sums(self):
        """log S of the examples seen.

        Returns:
            LogSums: (n, B, C); where float32 will not do, the bound is NaN.
        """
        half, square = self._half, self._norm ** 2 + self._t
        farthest = -half * self._longest * (
            2 * np.sqrt(square) + self._longest)
        bound = np.where(self._suffices, 0, np.nan)
        return LogSums(
            self._sums.on_host(self._device).log(farthest[:, :, None]),
            -half * square, np.tile(bound, (len(half), 1)))
