"""Examples and queries as an exact index multiplies them in float32.

The letters are those of ``ExactIndex``: a = |x|^2 - 2 q.x for a centred query
q and a centred example x, t what constant columns add to d^2.
"""
import numpy as np

from neighbors import arrays, blocks, memory, reading, scan
from neighbors.base import QUERIES

CACHE_BYTES = 1 << 29    # examples up to this size are kept centred in memory


class Products:
    """The centred examples of an index, and the bound on products with them.

    Args:
        index (ExactIndex): Built, of N examples of width D, of which d
            columns vary.

    Attributes:
        bound (scan.ErrorBound): On the error of a.
        examples (UnsortedExamples or SortedExamples): As they are handed
            out; None where products do not say who is near.
        is_kept (bool): Whether the examples are kept; otherwise every pass
            reads them.
        device (devices.Host): Where they are multiplied.
        plan (memory.Plan): As of the index.
    """

    def __init__(self, index):
        self._X, self._centre = index.X_, index.centre_
        self._columns = index.columns_
        self._direction = index.direction_
        self.device, self.plan = index.device, index.plan_
        N, D = self._X.shape
        d = len(self._columns)
        self._constant = np.setdiff1d(np.arange(D), self._columns)
        self.is_kept = index.keeps(4 * N * d, CACHE_BYTES)
        centred = blocks.CentredRows(self._X, self._centre, self._columns)
        kept = self.device.empty((N, d)) if self.is_kept else centred
        norms = np.empty(N)
        rows = list(block_rows(self._X))
        for place, block in zip(rows, reading.ahead(centred.__getitem__,
                                                    rows), strict=True):
            norms[place] = arrays.square_norms(block)
            if self.is_kept:
                self.device.put(kept, place, block)
        self.bound = scan.ErrorBound(D, d, np.sqrt(norms.max()))
        self.examples = None
        if d and self.bound.is_useful:
            self.examples = self._in_blocks(kept, norms.astype(np.float32))

    @property
    def is_sorted(self):
        """bool: Whether examples are searched in stretches, not all."""
        return self.examples is not None and self.examples.is_sorted

    @property
    def are_read(self):
        """bool: Whether there are products, of examples that are read."""
        return self.examples is not None and not self.is_kept

    @property
    def see_all(self):
        """bool: Whether every query is multiplied by all examples."""
        return self.examples is not None and not self.is_sorted

    def blocks(self):
        """The examples, those that are not kept one block ahead.

        Yields:
            tuple: What ``block`` of the examples returns.
        """
        load, size = ((map, self._size) if self.is_kept
                      else (reading.ahead, self.plan.block))
        yield from load(self.examples.block, arrays.slices(len(self._X),
                                                           size))

    def order(self, Q):
        """The order of queries by their product with the direction.

        Args:
            Q (ndarray): float32 (B, D).

        Returns:
            ndarray: int64 (B,).
        """
        direction = np.zeros(Q.shape[1], np.float32)
        direction[self._columns] = self._direction
        with np.errstate(over='ignore', invalid='ignore'):
            return np.argsort(Q @ direction)

    def scaled(self, Q):
        """Queries as they are multiplied.

        Args:
            Q (ndarray): float32 (B, D).

        Returns:
            tuple: Centred queries float32 (B, d), 0 where they are too long
            for products; their lengths, and t, float64 (B,) each.
        """
        z = blocks.centred(Q, self._centre, self._columns)
        norm = np.sqrt(arrays.square_norms(z))
        z[norm >= arrays.HUGE] = 0  # their products may overflow
        t = arrays.square_norms(Q[:, self._constant].astype(np.float64)
                                - self._X[0][self._constant])
        return z, norm, t

    def _in_blocks(self, kept, norms):
        """The centred examples (N, d) as those of ``blocks``."""
        size = self._size
        if self.device.is_gpu:
            return blocks.UnsortedExamples(kept, norms, size, self.device)
        if not self.is_kept or not len(self._direction):
            return blocks.UnsortedExamples(kept, norms, size)
        return blocks.SortedExamples(kept, norms, size, self._direction)

    @property
    def _size(self):
        """Examples of a block, where they are kept."""
        size = memory.usual_block(self._X.shape[1])
        if not self.device.is_gpu:
            return size
        return max(size, self.device.cells // QUERIES)


def block_rows(X):
    """Slices of the examples' blocks.

    Args:
        X (ndarray or FileRows): (N, D).

    Returns:
        iterable of slice: Always the same, whatever the memory, as the last
        bits of the mean depend on them.
    """
    return arrays.slices(len(X), memory.usual_block(X.shape[1]))
