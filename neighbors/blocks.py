"""Centred training examples, handed out in blocks.

``UnsortedExamples`` hands out all N of them.  ``SortedExamples`` keeps them in
the order of their product p(x) with one direction, and hands out only the
stretch that a group of queries needs: |p(x) - p(q)| is at most the distance
of x from q.

Both have the same methods.  A group asks for ``first_rows``, then for
``next_rows`` until they are empty; ``block`` gives the examples of these rows.
The smaller the k-th distances found so far, the fewer rows are left.
"""
import numpy as np

from neighbors import arrays
from neighbors.devices import HOST

FIRST = 1024       # examples that a group of queries sees first
SAMPLE = 2048      # examples from which the main direction is taken
POWER_STEPS = 20
# (number of examples, share of the variance): with fewer examples than this,
# sorting along the main direction pays only if more than this share of the
# variance lies in it
SHARES = (1 << 15, .5), (np.inf, .25)


def spread(block):
    """What ``centre_and_columns`` needs to know of some examples.

    Args:
        block (ndarray): float32 (n, D), n >= 1.

    Returns:
        tuple: The least and the largest value of each column, float32 (D,),
        and its sum, float64 (D,).
    """
    return (block.min(axis=0), block.max(axis=0),
            block.sum(axis=0, dtype=np.float64))


def centre_and_columns(spreads, n_examples):
    """The mean of all examples, and the columns that are not constant.

    The sums are added in the order given: the same blocks give the same mean
    to the last bit, whoever computed their spreads.

    Args:
        spreads (list): What ``spread`` returned for each block.
        n_examples (int): N, the number of all.

    Returns:
        tuple: The mean float32 (D,), and the columns int64 (d,), ascending.
    """
    low, high, sums = zip(*spreads, strict=True)
    return ((sum(sums) / n_examples).astype(np.float32),
            np.flatnonzero(np.min(low, axis=0) < np.max(high, axis=0)))


def main_direction(sample, n_examples):
    """About the direction in which the examples vary most.

    The power method.  The search is exact with any unit vector.

    Args:
        sample (ndarray): float32 (n, d), some of the centred examples.
        n_examples (int): N, the number of all.

    Returns:
        ndarray: float32 (d,), a unit vector; or (0,) where too little of the
        variance lies in it to sort the examples by it.
    """
    none = np.empty(0, np.float32)
    scale = abs(sample).max(initial=0)
    if not 0 < scale < arrays.HUGE:
        return none
    sample = sample / scale
    moments = (sample.T @ sample).astype(np.float64)
    direction = moments[moments.diagonal().argmax()]
    for _ in range(POWER_STEPS):
        direction = moments @ (direction / np.linalg.norm(direction))
    share = np.linalg.norm(direction) / moments.trace()
    if share <= next(least for n, least in SHARES if n_examples < n):
        return none
    return (direction / np.linalg.norm(direction)).astype(np.float32)


def centred(values, mean, columns):
    """Some columns less their mean, every entry correctly rounded.

    Args:
        values (ndarray): float32 (n, D).
        mean (ndarray): float32 (D,).
        columns (ndarray): Integers (d,), ascending, the columns to keep.

    Returns:
        ndarray: float32 (n, d), a new array.
    """
    with np.errstate(over='ignore'):
        if len(columns) == len(mean):
            return values - mean
        found = values.take(columns, axis=1)
        found -= mean.take(columns)
    return found


class CentredRows:
    """What ``centred`` gives for some rows, computed whenever they are read.

    Args:
        X (ndarray): float32 (N, D), the examples.
        mean (ndarray): As for ``centred``.
        columns (ndarray): As for ``centred``.
    """

    def __init__(self, X, mean, columns):
        self._X = X
        self._mean = mean
        self._columns = columns

    def __getitem__(self, rows):
        return centred(self._X[rows], self._mean, self._columns)


class UnsortedExamples:
    """All examples in their own order.

    Args:
        centred (ndarray or CentredRows): float32 (N, d), perhaps on the
            device.
        norms (ndarray): float32 (N,), their squared lengths.
        size (int): Examples a block.
        device (Host): Where blocks are handed out.
    """

    is_sorted = False

    def __init__(self, centred, norms, size, device=HOST):
        self.centred = centred
        self.norms = device.send(norms)
        self._size = size
        self._device = device

    def project(self, z):
        """Zeros, float32 (B,), since there is no direction."""
        return np.zeros(len(z), np.float32)

    def first_rows(self, p, k):
        """The slice to begin with."""
        return slice(0, min(self._size, len(self.norms)))

    def next_rows(self, seen, p, radius):
        """The slice behind those seen, empty after the last example."""
        return slice(seen.stop,
                     min(seen.stop + self._size, len(self.norms)))

    def block(self, rows):
        """The examples of some rows.

        Args:
            rows (slice): The rows.

        Returns:
            tuple: Indices int64 (n,), and on the device the centred examples
            float32 (n, d) and their squared lengths float32 (n,).
        """
        return (np.arange(rows.start, rows.stop),
                self._device.send(self.centred[rows]), self.norms[rows])


class SortedExamples:
    """Examples in memory, in the order of their product with a direction.

    Args:
        centred (ndarray): float32 (N, d).
        norms (ndarray): float32 (N,), their squared lengths.
        size (int): Examples a block, at most.
        direction (ndarray): float32 (d,), of length 1.

    Attributes:
        order (ndarray): int64 (N,), the indices of the sorted examples.
        positions (ndarray): float64 (N,), their products, ascending.
        centred (ndarray): float32 (N, d), sorted.
        norms (ndarray): float32 (N,), sorted.
    """

    is_sorted = True

    def __init__(self, centred, norms, size, direction):
        p = centred @ direction
        self.order = np.argsort(p, kind='stable')
        self.positions = p[self.order].astype(np.float64)
        self.centred = centred[self.order]
        self.norms = norms[self.order]
        self._size = size
        self._direction = direction

    def project(self, z):
        """Products of centred queries (B, d) with the direction, (B,)."""
        return z @ self._direction

    def first_rows(self, p, k):
        """The rows around the middle of a group of queries.

        Args:
            p (ndarray): float32 (B,), what ``project`` gave for the queries.
            k (int): Number of neighbours.

        Returns:
            slice: Some rows, k at least.
        """
        N = len(self.positions)
        width = min(N, self._size, max(FIRST, 4 * k))
        start = np.searchsorted(self.positions, np.median(p)) - width // 2
        start = min(max(start, 0), N - width)
        return slice(start, start + width)

    def next_rows(self, seen, p, radius):
        """Rows beside those seen: first all on the right, then on the left.

        Args:
            seen (slice): The rows that were seen already.
            p (ndarray): float32 (B,), what ``project`` gave for the queries.
            radius (ndarray): float64 (B,), how far from its query an example
                can be and still matter.

        Returns:
            slice: Empty where no example beside ``seen`` can matter.
        """
        last = np.searchsorted(self.positions, (p + radius).max(), 'right')
        if seen.stop < last:
            return slice(seen.stop, min(seen.stop + self._size, last))
        first = np.searchsorted(self.positions, (p - radius).min())
        return slice(max(seen.start - self._size, first), seen.start)

    def block(self, rows):
        """The examples of some rows.

        Args:
            rows (slice): The rows.

        Returns:
            tuple: Indices int64 (n,), centred examples float32 (n, d), and
            their squared lengths float32 (n,).
        """
        return self.order[rows], self.centred[rows], self.norms[rows]
