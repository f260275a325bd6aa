"""Kernel sums as they are added up: block by block, whatever the exponents.

B queries, C classes, D the width of the examples.
"""
from typing import NamedTuple

import numpy as np

import parallel

# exp is slow where its value is no normal number; exponents below these are
# raised to them
LOWEST = {np.dtype(np.float32): -87., np.dtype(np.float64): -700.}


def exp_of(exponents, xp=np):
    """exp of the exponents, at least ``LOWEST``, in their place."""
    lowest = LOWEST[exponents.dtype]
    return xp.exp(xp.maximum(exponents, lowest, out=exponents),
                  out=exponents)


def kernels(exponents, factors, xp=np):
    """exp(exponents * factor) for each factor.

    Args:
        exponents (ndarray): Floats (B, n); overwritten if there is one
            factor, which is 1.
        factors (list of float): Where one is twice the one before, its
            kernel is that one's square.
        xp (module): Whose arrays they are.

    Yields:
        ndarray: As the exponents; overwritten by the next.
    """
    if len(factors) == 1:
        yield exp_of(exponents, xp)
        return
    for i, factor in enumerate(factors):
        if i and factor == 2 * factors[i - 1]:
            kernel *= kernel  # noqa: F821
        else:
            kernel = exp_of(exponents * factor, xp)
        yield kernel


class KernelSums(NamedTuple):
    """Sums over some blocks of examples: ``total * exp(shift)``.

    They add up over blocks, wherever a block was summed.  Whatever the order
    of merging, log S stays within the bound of ``AllExamples``, so that what
    is rounded under that bound comes out the same.

    Attributes:
        shift (ndarray): float64 (..., B, C), -inf without examples.
        total (ndarray): float64 (..., B, C) in [0, number of examples].
    """

    shift: np.ndarray
    total: np.ndarray

    @classmethod
    def empty(cls, shape, xp=np):
        """The sums over no example.

        Args:
            shape (tuple): (..., B, C).
            xp (module): Whose arrays: NumPy, or CuPy on a GPU.

        Returns:
            KernelSums: Of that shape.
        """
        return cls(xp.full(shape, -np.inf), xp.zeros(shape))

    def merge(self, other, xp=np):
        """The sums over the examples of both.

        Args:
            other (KernelSums): Of the same queries over other examples.
            xp (module): Whose arrays they are.

        Returns:
            KernelSums: Shifted by the larger of both shifts.
        """
        shift = xp.maximum(self.shift, other.shift)
        base = xp.where(shift == -np.inf, 0, shift)
        return KernelSums(shift, self.total * xp.exp(self.shift - base)
                          + other.total * xp.exp(other.shift - base))

    def on_host(self, device):
        """The same in NumPy's arrays, from a ``devices.Host``."""
        return KernelSums(*map(device.get, self))

    def log(self, missing):
        """log S.

        Args:
            missing (ndarray): float64, what stands for the exponent of a
                class without examples; in a shape that fits.

        Returns:
            ndarray: float64 (..., B, C), finite.
        """
        none = self.total == 0
        return np.where(none, missing, self.shift + np.log(
            np.where(none, 1, self.total)))


def sums_by_class(exponents, slices, factors, n_class, shifted=True, xp=np):
    """Sums over some examples, those of a class beside each other.

    Args:
        exponents (ndarray): Floats (B, n); overwritten.
        slices (list of tuple): Each class with examples, and their slice.
        factors (list of float): m of them, as for ``kernels``.
        n_class (int): C.
        shifted (bool): Whether the largest exponent of each query and class
            is the shift of its sum; otherwise that is 0.
        xp (module): Whose arrays they are.

    Returns:
        KernelSums: (m, B, C), of the exponents times each factor.
    """
    sums = KernelSums.empty((len(factors), len(exponents), n_class), xp)
    for y, columns in slices:
        part = exponents[:, columns]
        shift = 0.
        if shifted:
            shift = part.max(axis=1)
            part -= shift[:, None]
        for i, kernel in enumerate(kernels(part, factors, xp)):
            sums.shift[i, :, y] = shift * factors[i]
            sums.total[i, :, y] = kernel.sum(axis=1)
    return sums


class LogSums(NamedTuple):
    """log S of B queries: ``values + offset``.

    What classes differ by is in the values alone, since the offset of a
    query far from everything may be so large that they would drown in it.

    Attributes:
        values (ndarray): float64 (..., B, C), finite.
        offset (ndarray): float64 (..., B), finite.
        bound (ndarray): float64 (..., B), on the error of the values and on
            that of log S.
    """

    values: np.ndarray
    offset: np.ndarray
    bound: np.ndarray

    def put(self, rows, others):
        """Sets those of some queries.

        Args:
            rows (ndarray): int64 (b,) in [0, B).
            others (LogSums): (n, b, C).
        """
        for whole, part in zip(self, others, strict=True):
            whole[:, rows] = part

    def split(self, sizes):
        """Those (n, B, C) of several bandwidths, by their queries.

        Args:
            sizes (list of int): Queries of each part, B in all.

        Returns:
            list of LogSums: (n, size, C) each.
        """
        stops = np.cumsum(sizes)
        return [LogSums(*(part[:, stop - size:stop] for part in self))
                for size, stop in zip(sizes, stops, strict=True)]


def only(found):
    """LogSums (B, C) of the only bandwidth of some (1, B, C)."""
    return LogSums(*(part[0] for part in found))


def joined(parts):
    """LogSums (n, B, C) of all queries, from those of pieces of them."""
    return LogSums(*(np.concatenate(part, axis=1)
                     for part in zip(*parts, strict=True)))


class ClassMeans(NamedTuple):
    """Means of the examples of each class, weighted by their kernels.

    Attributes:
        sums (KernelSums): Of the weights, (B, C).
        weighted (ndarray): float64 (B, C, D), sums of the weighted examples,
            to be scaled as ``sums``.
    """

    sums: KernelSums
    weighted: np.ndarray

    @classmethod
    def empty(cls, n_queries, n_class, width, xp=np):
        """Those of no example.

        Args:
            n_queries (int): B.
            n_class (int): C.
            width (int): D.
            xp (module): As of ``KernelSums``.

        Returns:
            ClassMeans: Of that shape.
        """
        return cls(KernelSums.empty((n_queries, n_class), xp),
                   xp.zeros((n_queries, n_class, width)))

    def on_host(self, device):
        """As of ``KernelSums``."""
        return ClassMeans(self.sums.on_host(device),
                          device.get(self.weighted))

    def merge(self, other):
        """Those of the examples of both.

        Args:
            other (ClassMeans): Of the same queries over other examples.

        Returns:
            ClassMeans: Of both.
        """
        sums = self.sums.merge(other.sums)
        base = np.where(sums.shift == -np.inf, 0, sums.shift)
        return ClassMeans(sums, sum(
            part.weighted * np.exp(part.sums.shift - base)[:, :, None]
            for part in (self, other)))

    def add(self, y, exponents, examples, xp=np):
        """Takes some examples of one class.

        Args:
            y (int): The class.
            exponents (ndarray): float64 (B, n) of their kernels; overwritten.
            examples (ndarray): float64 (n, D), n >= 1.
            xp (module): Whose arrays they are.
        """
        before = self.sums.shift[:, y]
        shift = xp.maximum(before, exponents.max(axis=1))
        faded = xp.exp(before - shift)
        exponents -= shift[:, None]
        kernel = exp_of(exponents, xp)
        self.sums.shift[:, y] = shift
        self.sums.total[:, y] *= faded
        self.sums.total[:, y] += kernel.sum(axis=1)
        self.weighted[:, y] *= faded[:, None]
        self.weighted[:, y] += kernel @ examples

    def means(self):
        """The means, float64 (B, C, D); 0 of a class without examples."""
        total = np.where(self.sums.total, self.sums.total, 1)
        return self.weighted / total[:, :, None]


class LayerSums:
    """Sums over examples of one layer, asked for many queries; a base.

    Attributes:
        run (callable): How pieces of queries are to be run: like
            ``parallel.run``, or in turn.
        shares_pass (bool): Whether there is ``with_neighbor_sets``, as of
            ``float32_sums``.
    """

    run = staticmethod(parallel.run)
    shares_pass = False

    def in_pieces(self, Q, squares, pieces):
        """``log_sums`` of each of some pieces of the queries.

        Args:
            Q (ndarray): float32 (B, D).
            squares (list of float): As for ``log_sums``.
            pieces (list of slice): They follow each other, from the first
                query to the last.

        Returns:
            list of LogSums: One a piece.
        """
        return self.run(lambda rows: self.log_sums(Q[rows], squares), pieces)
