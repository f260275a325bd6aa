"""Sums of a Gaussian kernel over the training examples of one layer.

S(q, y) = sum over the examples x_i of class y of exp(-d(q, x_i)^2 / 2 s^2),
with the Euclidean distance d and the bandwidth s (Goldberger et al. 2004,
*Neighbourhood Components Analysis*; Frosst, Papernot, Hinton 2019,
arXiv 1902.01889).  Only log S is ever handed out: it is finite for a query
however far from everything.

B queries, N examples of width D, of which d columns vary, C classes.
"""
import functools

import numpy as np

import parallel
from neighbors import arrays, labelled, reading
from neighbors.base import shares
from neighbors.sums import (
    ClassMeans,
    KernelSums,
    LayerSums,
    LogSums,
    joined,
    sums_by_class,
)

KEPT_BYTES = 1 << 29     # examples up to this size are kept centred in memory
ROUNDING = 2. ** -53     # u, of float64
# Beside a sum of LEAST, terms below e^LOWEST are nothing
LEAST = 1e-250


class AllExamples(LayerSums):
    """Kernel sums over all N examples of an exact index.

    The examples come in blocks (``LabelledBlocks``).  Those that are not kept
    in memory are read once for many queries, each while the one before is
    multiplied.  A GPU multiplies, takes exponentials and adds up what it
    keeps or is sent; sums come back, and all else is done here.  A class
    without any training example counts as one example at |q| + M from q,
    which is farther than all: its log S is finite, too.

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

    Nothing of this asks in which order sums are taken, or whether products
    and sums are fused.  exp may be off by 2 u = 1 ulp, which CUDA's is in
    float64, too; log is taken here.  So E holds on a GPU, where the last
    bits are others, and what ``neighbors.grid`` makes of them is the same.

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
        rows (slice): The examples to sum over, where others sum over the
            rest (``neighbors.shards``); None: all.

    Attributes:
        width (int): D.
    """

    def __init__(self, index, labels, n_class, rows=None):
        self._X = index.X_
        self.width = self._X.shape[1]
        self._n_class = n_class
        self._n_examples = len(labels)
        self._columns = index.columns_
        self._centre = index.centre_.astype(np.float64)
        constant = np.setdiff1d(np.arange(self.width), self._columns)
        self._centre[constant] = self._X[0][constant]
        self._queries = index.plan_.queries
        self._device = index.device
        X, own = ((self._X, labels) if rows is None
                  else (self._X[rows], labels[rows]))
        self._blocks = labelled.LabelledBlocks(
            X, own, self._centre, self._columns, index.keeps(
                8 * len(own) * (len(self._columns) + 2), KEPT_BYTES),
            self._device)
        self._longest = self._blocks.longest
        self._n_blocks = len(self._blocks.places)
        self._places = self._blocks.places  # of all examples
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
        found, = self._log_sums([Q], squares)
        return found

    def in_pieces(self, Q, squares, pieces):
        """As of ``LayerSums``, but what is read serves all pieces.

        They follow each other, and are multiplied in larger parts; a GPU
        multiplies them as one.
        """
        if self._blocks.is_kept and not self._device.is_gpu:
            return super().in_pieces(Q, squares, pieces)
        found = []
        for rows in arrays.slices(len(Q), self._queries):
            parts = [rows] if self._device.is_gpu else [
                slice(rows.start + part.start, rows.start + part.stop)
                for part in shares(rows.stop - rows.start)]
            found += self._log_sums([Q[part] for part in parts], squares)
            reading.release(Q)
        return joined(found or [self.log_sums(Q, squares)]).split(
            [rows.stop - rows.start for rows in pieces])

    def _log_sums(self, parts, squares):
        """LogSums of several batches, from one pass over the examples."""
        half = .5 / np.asarray(squares)[:, None]  # (n, 1)
        centred = [self._centred(Q) for Q in parts]
        found = [self._unknown(half, norm) for _, norm in centred]
        left = [np.arange(len(Q)) for Q in parts]
        if len(squares) == 1:  # mostly, no sum underflows without a shift
            near = [np.flatnonzero(logs.bound[0] < 1) for logs in found]
            sums = self._sums(_select(centred, near), squares, shifted=False)
            for i, (rows, (_, norm)) in enumerate(zip(near, centred,
                                                      strict=True)):
                farthest = -half * (norm[rows] + self._longest) ** 2
                found[i].values[:, rows] = sums[i].log(farthest[:, :, None])
                sure = (sums[i].total[0][:, self._present] >= LEAST
                        ).all(axis=1)
                left[i] = np.setdiff1d(left[i], rows[sure])
        shifted = [i for i, rows in enumerate(left) if len(rows)]
        if shifted:
            sums = self._sums(_select([centred[i] for i in shifted],
                                      [left[i] for i in shifted]), squares)
            for i, some in zip(shifted, sums, strict=True):
                norm = centred[i][1][left[i]]
                found[i].offset[:, left[i]] = -half * norm ** 2
                farthest = -half * self._longest * (2 * norm + self._longest)
                found[i].values[:, left[i]] = some.log(farthest[:, :, None])
        return found

    def _unknown(self, half, norm):
        """LogSums (n, B, C) with the bounds E, whose values are not set."""
        bound = self._bound(half * (norm + self._longest) ** 2)
        return LogSums(np.empty((*bound.shape, self._n_class)),
                       np.zeros(bound.shape), bound)

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
        found = self._means(queries)
        means = np.zeros((len(Q), self._n_class, self.width))
        means[:, :, self._columns] = found.means()
        missing = np.setdiff1d(np.arange(self._n_class), self._present)
        means[:, missing] = (-self._longest * z
                             / np.where(norm, norm, 1)[:, None])[:, None]
        farthest = self._longest * (2 * norm + self._longest) / -2 / square
        return found.sums.log(farthest[:, None]), means

    def _means(self, queries):
        """ClassMeans (B, C) over all blocks, of scaled queries."""
        device = self._device
        queries = device.send(queries)
        with device.turn():
            found = ClassMeans.empty(len(queries), self._n_class,
                                     len(self._columns), device.xp)
        for slices, block in self._blocks.read():
            with device.turn():
                exponents = queries @ block.T  # (B, n)
                for y, columns in slices:
                    found.add(y, exponents[:, columns], block[columns, :-2],
                              device.xp)
        return found.on_host(device)

    def _sums(self, parts, squares, shifted=True):
        """KernelSums (n, B, C) over all blocks, of each batch's queries.

        A batch is its centred queries and their lengths.  Shifted, the sums
        are those of d^2 - |q|^2, each block's by its own maximum; otherwise
        those of d^2.
        """
        # One bandwidth scales the queries, several the products
        scale = 1 / squares[0] if len(squares) == 1 else 1.
        device = self._device
        queries = [device.send(self._scaled(z, norm, scale, shifted))
                   for z, norm in parts]
        factors = [1 / square / scale for square in squares]
        with device.turn():
            sums = [KernelSums.empty((len(squares), len(z), self._n_class),
                                     device.xp) for z, _ in parts]

        def add(block, i):
            with device.turn():
                sums[i] = sums[i].merge(self._block_sums(
                    queries[i], block, factors, shifted), device.xp)

        for block in self._blocks.read():
            parallel.run(functools.partial(add, block), range(len(parts)))
        return [one.on_host(device) for one in sums]

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
        found = [one for rows in arrays.slices(
                     len(Q), arrays.CELLS // self._n_examples)
                 for one in self._log_sums_of_each(Q[rows], square,
                                                   -reach[rows])]
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

    def _block_sums(self, queries, block, factors, shifted=True):
        """KernelSums (n, B, C) of one block, as read.

        ``queries`` (B, d + 2) times ``factors`` (n,) are centred queries
        over s^2, 1 / s^2, and what is added to the exponents.
        """
        slices, block = block
        return sums_by_class(queries @ block.T, slices, factors,
                             self._n_class, shifted, self._device.xp)

    def _centred(self, Q):
        """Centred queries float64 (B, D), and their lengths (B,)."""
        z = Q - self._centre
        return z, np.sqrt(arrays.square_norms(z))

    def _bound(self, reach):
        return ROUNDING * ((self.width + 32) * reach + labelled.BLOCK
                           + 8 * self._n_blocks + 64)

    # ---------------------------------------------------------- one by one

    def _log_sums_of_each(self, Q, square, missing):
        """Values float64 (C,) and offset of each of a few queries (b, D)."""
        squares = self._of_each(len(Q), lambda x: [
            ((x - q) ** 2).sum(axis=1) for q in Q])
        least = squares.min(axis=1) / (-2 * square)
        nearest = self._X[squares.argmin(axis=1)].astype(np.float64)
        both = nearest - Q
        farther = self._of_each(len(Q), lambda x: [  # d_i^2 - d_m^2
            ((x - m) * (x - q + t)).sum(axis=1)
            for q, m, t in zip(Q, nearest, both, strict=True)])
        return [self._log_sums_of_one(one / (-2 * square), far - nearness,
                                      nearness)
                for one, far, nearness in zip(farther, missing, least,
                                              strict=True)]

    def _of_each(self, n, figure):
        """A figure of n queries with each example, float64 (n, N).

        ``figure`` takes examples as float64 (m, D), and returns n arrays
        (m,), each example by itself.
        """
        found = np.empty((n, self._blocks.n_examples))
        for rows, x in self._blocks.examples():
            found[:, rows] = figure(x)
        return found

    def _log_sums_of_one(self, exponents, missing, nearness):
        """Values float64 (C,) and offset, from exponents (N,) of a query."""
        sums = KernelSums.empty((self._n_class,))
        for rows, order, slices in self._places:
            block = KernelSums.empty((self._n_class,))
            for y, columns in slices:
                part = exponents[rows][order][columns]
                block.shift[y] = part.max()
                block.total[y] = np.exp(part - part.max()).sum()
            sums = sums.merge(block)
        return sums.log(missing), nearness


def _select(centred, rows):
    """Some rows of each batch of centred queries and their lengths."""
    return [(z[some], norm[some]) for (z, norm), some in zip(centred, rows,
                                                            strict=True)]
