"""Kernel sums as they are added up: block by block, whatever the exponents.

B queries, C classes, D the width of the examples.
"""
from typing import NamedTuple

import numpy as np

import parallel

# exp is slow where its value is no normal number; exponents below this one
# are raised to it
LOWEST = -700.


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
    def empty(cls, shape):
        """The sums over no example.

        Args:
            shape (tuple): (..., B, C).

        Returns:
            KernelSums: Of that shape.
        """
        return cls(np.full(shape, -np.inf), np.zeros(shape))

    def merge(self, other):
        """The sums over the examples of both.

        Args:
            other (KernelSums): Of the same queries over other examples.

        Returns:
            KernelSums: Shifted by the larger of both shifts.
        """
        shift = np.maximum(self.shift, other.shift)
        base = np.where(shift == -np.inf, 0, shift)
        return KernelSums(shift, self.total * np.exp(self.shift - base)
                          + other.total * np.exp(other.shift - base))

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


def only(found):
    """LogSums (B, C) of the only bandwidth of some (1, B, C)."""
    return LogSums(*(part[0] for part in found))


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
    def empty(cls, n_queries, n_class, width):
        """Those of no example.

        Args:
            n_queries (int): B.
            n_class (int): C.
            width (int): D.

        Returns:
            ClassMeans: Of that shape.
        """
        return cls(KernelSums.empty((n_queries, n_class)),
                   np.zeros((n_queries, n_class, width)))

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

    def add(self, y, exponents, examples):
        """Takes some examples of one class.

        Args:
            y (int): The class.
            exponents (ndarray): float64 (B, n) of their kernels; overwritten.
            examples (ndarray): float64 (n, D), n >= 1.
        """
        before = self.sums.shift[:, y]
        shift = np.maximum(before, exponents.max(axis=1))
        faded = np.exp(before - shift)
        exponents -= shift[:, None]
        kernel = np.exp(np.maximum(exponents, LOWEST, out=exponents),
                        out=exponents)
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
    """

    run = staticmethod(parallel.run)

    def in_pieces(self, Q, squares, pieces):
        """``log_sums`` of each of some pieces of the queries.

        Args:
            Q (ndarray): float32 (B, D).
            squares (list of float): As for ``log_sums``.
            pieces (list of slice): The pieces.

        Returns:
            list of LogSums: One a piece.
        """
        return self.run(lambda rows: self.log_sums(Q[rows], squares), pieces)
