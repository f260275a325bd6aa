"""Sums of a Gaussian kernel over the training examples of one layer.

S(q, y) = sum over the examples x_i of class y of exp(-d(q, x_i)^2 / 2 s^2),
with the Euclidean distance d and the bandwidth s (Goldberger et al. 2004,
*Neighbourhood Components Analysis*; Frosst, Papernot, Hinton 2019,
arXiv 1902.01889).  Only log S is ever handed out: it is finite for a query
however far from everything.

B queries, N examples of width D, of which d columns vary, C classes.
"""
import numpy as np

from neighbors import arrays
from neighbors.sums import LOWEST, ClassMeans, KernelSums, LogSums

BLOCK = 1024             # examples of a block
KEPT_BYTES = 1 << 29     # examples up to this size are kept centred in memory
ROUNDING = 2. ** -53     # u, of float64
# Beside a sum of LEAST, terms below e^LOWEST are nothing
LEAST = 1e-250


class AllExamples:
    """Kernel sums over all N examples of an exact index.

    The examples are taken in the order of (label, index), in blocks of
    ``BLOCK``: a class is a slice of a block, and the blocks depend on N
    alone.  A class without any training example counts as one example at
    |q| + M from q, which is farther than all: its log S is finite, too.

    ``log_sums`` multiplies matrices in float64, so that its last bits depend
    on the batch and on the threads.  With the centred query q and example x,
    u = 2^-53, M the largest |x| and s the bandwidth, the exponent
    (q.x - |x|^2 / 2 - |q|^2 / 2) / s^2 comes out within
    (d + 24) u (|q| + M)^2 / 2 s^2: d + 2 for the product in whatever order
    (Higham 2002, *Accuracy and Stability of Numerical Algorithms*, 3.5), as
    |q||x| + |x|^2 / 2 + |q|^2 / 2 <= (|q| + M)^2 / 2, the rest for centring,
    norms, scaling and the shift.  A sum of n positive terms is within
    (n + 16) u of itself, 16 for exp and log; merging a block adds 8 u.  So
    log S is within

        E = u [(D + 32) (|q| + M)^2 / 2 s^2 + BLOCK + 8 N / BLOCK + 64].

    ``log_sums_apart`` takes each query by itself, without a matrix product:
    its figures depend on the query alone.  With t_i = x_i - q and the nearest
    example m, it evaluates
    d_i^2 - d_m^2 = (x_i - x_m).(t_i + t_m), accurate for queries far away
    (where d_i^2 is not) as for tiny bandwidths (where products are not).  As
    |x_i - x_m| <= 2 M and |t_i + t_m| <= 2 (|q| + M), what two classes'
    log S differ by is within 4 E (that of each within 4 E, too).

    Args:
        index (ExactIndex): Fitted on the examples.
        labels (ndarray): int64 (N,) in [0, C).
        n_class (int): C.

    Attributes:
        width (int): D.
    """

    def __init__(self, index, labels, n_class):
        self._X = index.X_
        self.width = self._X.shape[1]
        self._n_class = n_class
        self._order = np.argsort(labels, kind='stable')
        self._columns = index.columns_
        self._centre = index.centre_.astype(np.float64)
        constant = np.setdiff1d(np.arange(self.width), self._columns)
        self._centre[constant] = self._X[0, constant]
        self._blocks = [(rows, self._class_slices(labels[self._order[rows]]))
                        for rows in arrays.slices(len(labels), BLOCK)]
        norms = np.empty(len(labels))
        size = 8 * len(labels) * (len(self._columns) + 2)
        self._kept = [] if size <= KEPT_BYTES else None
        for rows, _ in self._blocks:
            block = self._block(rows)
            norms[rows] = -2 * block[:, -2]
            if self._kept is not None:
                self._kept.append(block)
        self._longest = np.sqrt(norms.max())
        self._present = np.unique(labels)

    def log_sums(self, Q, squares):
        """log S with several bandwidths, from one set of products.

        Args:
            Q (ndarray): float32 (B, D).
            squares (list of float): n numbers s^2 > 0.  Where one is half
                of the one before, its kernel is that one's square, which
                doubles its error: the bounds hold for a single bandwidth.

        Returns:
            LogSums: (n, B, C), with the bounds E.
        """
        z, norm = self._centred(Q)
        half = .5 / np.asarray(squares)[:, None]  # (n, 1)
        bound = self._bound(half * (norm + self._longest) ** 2)
        found = LogSums(np.empty((*bound.shape, self._n_class)),
                        np.zeros(bound.shape), bound)
        left = np.ones(len(Q), bool)
        if len(squares) == 1:  # mostly, no sum underflows without a shift
            rows = np.flatnonzero(bound[0] < 1)
            sums = self._sums(z[rows], norm[rows], squares, shifted=False)
            left[rows] = (sums.total[0][:, self._present] < LEAST).any(axis=1)
            farthest = -half * (norm[rows] + self._longest) ** 2
            found.values[:, rows] = sums.log(farthest[:, :, None])
        if left.any():
            sums = self._sums(z[left], norm[left], squares)
            found.offset[:, left] = -half * norm[left] ** 2
            farthest = -half * self._longest * (2 * norm[left]
                                                + self._longest)
            found.values[:, left] = sums.log(farthest[:, :, None])
        return found

    def class_means(self, Q, square):
        """The mean of each class's examples, weighted by their kernels.

        d log S(q, y) / dq = (mean of y - q) / s^2.  The one example that
        stands for a class without any is opposite to q.

        Args:
            Q (ndarray): float32 (B, D).
            square (float): s^2 > 0.

        Returns:
            tuple: log S, float64 (B, C), and the means, float64 (B, C, D);
            both less something that the classes have in common.
        """
        z, norm = self._centred(Q)
        queries = self._scaled(z, norm, 1 / square, shifted=True)
        found = ClassMeans(len(Q), self._n_class, len(self._columns))
        for number, (_, slices) in enumerate(self._blocks):
            block = self._examples_of(number)
            exponents = queries @ block.T  # (B, n)
            for y, columns in slices:
                found.add(y, exponents[:, columns], block[columns, :-2])
        means = np.zeros((len(Q), self._n_class, self.width))
        means[:, :, self._columns] = found.means()
        missing = np.setdiff1d(np.arange(self._n_class), self._present)
        means[:, missing] = (-self._longest * z
                             / np.where(norm, norm, 1)[:, None])[:, None]
        farthest = self._longest * (2 * norm + self._longest) / -2 / square
        return found.sums.log(farthest[:, None]), means

    def _sums(self, z, norm, squares, shifted=True):
        """KernelSums (n, B, C) over all blocks, of centred queries.

        Shifted, they are those of d^2 - |q|^2, each block's by its own
        maximum; otherwise those of d^2.
        """
        # One bandwidth scales the queries, several the products
        scale = 1 / squares[0] if len(squares) == 1 else 1.
        queries = self._scaled(z, norm, scale, shifted)
        factors = [1 / square / scale for square in squares]
        sums = KernelSums.empty((len(squares), len(z), self._n_class))
        for number in range(len(self._blocks)):
            sums = sums.merge(self._block_sums(queries, number, factors,
                                               shifted))
        return sums

    def log_sums_apart(self, Q, square):
        """log S of each query by itself, whatever else is in the batch.

        Args:
            Q (ndarray): float32 (B, D).
            square (float): s^2 > 0.

        Returns:
            LogSums: (B, C), with the bounds 4 E.
        """
        _, norm = self._centred(Q)
        reach = (norm + self._longest) ** 2 / 2 / square
        found = [self._log_sums_of_one(q, square, -farthest)
                 for q, farthest in zip(Q, reach, strict=True)]
        values, offset = zip(*found, strict=True)
        return LogSums(np.array(values), np.array(offset),
                       4 * self._bound(reach))

    # ------------------------------------------------------------- in blocks

    def _scaled(self, z, norm, scale, shifted):
        """Queries times a scale (B, d + 2); times examples, exponents."""
        queries = np.empty((len(z), len(self._columns) + 2))
        np.multiply(z[:, self._columns], scale, out=queries[:, :-2])
        queries[:, -2] = scale
        queries[:, -1] = 0 if shifted else -.5 * scale * norm ** 2
        return queries

    def _block_sums(self, queries, number, factors, shifted=True):
        """KernelSums (n, B, C) of one block.

        ``queries`` (B, d + 2) times ``factors`` (n,) are centred queries
        over s^2, 1 / s^2, and what is added to the exponents.
        """
        _, slices = self._blocks[number]
        block = self._examples_of(number)
        sums = KernelSums.empty((len(factors), len(queries), self._n_class))
        exponents = queries @ block.T  # (B, n)
        for y, columns in slices:
            part = exponents[:, columns]
            shift = 0.
            if shifted:
                shift = part.max(axis=1)
                part -= shift[:, None]
            for i, kernel in enumerate(_kernels(part, factors)):
                sums.shift[i, :, y] = shift * factors[i]
                sums.total[i, :, y] = kernel.sum(axis=1)
        return sums

    def _examples_of(self, number):
        """What ``_block`` returns for a block, kept or made again."""
        return (self._block(self._blocks[number][0]) if self._kept is None
                else self._kept[number])

    def _block(self, rows):
        """Centred examples, minus half their squared norms, 1s, (n, d + 2)."""
        x = self._X[self._order[rows]][:, self._columns]
        block = np.empty((len(x), len(self._columns) + 2))
        np.subtract(x, self._centre[self._columns], out=block[:, :-2])
        block[:, -2] = -.5 * arrays.square_norms(block[:, :-2])
        block[:, -1] = 1
        return block

    def _class_slices(self, labels):
        """(class, slice of the block) of the labels (n,), ascending."""
        starts = np.flatnonzero(np.diff(labels, prepend=-1))
        stops = [*starts[1:], len(labels)]
        return [(int(labels[start]), slice(int(start), int(stop)))
                for start, stop in zip(starts, stops, strict=True)]

    def _centred(self, Q):
        """Centred queries float64 (B, D), and their lengths (B,)."""
        z = Q - self._centre
        return z, np.sqrt(arrays.square_norms(z))

    def _bound(self, reach):
        return ROUNDING * ((self.width + 32) * reach + BLOCK
                           + 8 * len(self._blocks) + 64)

    # ---------------------------------------------------------- one by one

    def _log_sums_of_one(self, q, square, missing):
        """Values float64 (C,) and offset of one query (D,)."""
        squares = np.concatenate([
            ((x - q) ** 2).sum(axis=1) for x in self._examples()])
        nearest = self._X[self._order[squares.argmin()]].astype(np.float64)
        both = nearest - q
        farther = np.concatenate([  # d_i^2 - d_m^2
            ((x - nearest) * (x - q + both)).sum(axis=1)
            for x in self._examples()])
        exponents = farther / (-2 * square)
        sums = KernelSums.empty((self._n_class,))
        for rows, slices in self._blocks:
            block = KernelSums.empty((self._n_class,))
            for y, columns in slices:
                part = exponents[rows][columns]
                block.shift[y] = part.max()
                block.total[y] = np.exp(part - part.max()).sum()
            sums = sums.merge(block)
        nearness = squares.min() / (-2 * square)
        return sums.log(missing - nearness), nearness

    def _examples(self):
        """The examples as float64 (n, D), in their order."""
        size = max(1, arrays.CELLS // 4 // self.width)
        for rows in arrays.slices(len(self._order), size):
            yield self._X[self._order[rows]].astype(np.float64, order='C')


def _kernels(exponents, factors):
    """exp(exponents * factor) for each factor; the array may be reused."""
    if len(factors) == 1:  # is 1
        np.maximum(exponents, LOWEST, out=exponents)
        yield np.exp(exponents, out=exponents)
        return
    for i, factor in enumerate(factors):
        if i and factor == 2 * factors[i - 1]:
            kernel *= kernel  # noqa: F821
        else:
            kernel = np.exp(np.maximum(exponents * factor, LOWEST))
        yield kernel
