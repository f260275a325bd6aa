"""The principal components of a layer, for indexes that keep them only.

N examples of width D; d components of them, the rest is dropped.  An index of
the components finds candidates, which are ranked by whole examples.
"""
import numpy as np

from neighbors import arrays, reading

SAMPLE = 8192       # examples that the components are computed from, at most
NEAR = 256, 16      # of so many examples so many neighbours in the sample
SHARE = .95         # of their squared distances, kept where that is possible
LEAST, MOST = 16, 128  # components kept, where the share decides
STEP = 8            # their number is a multiple of it


class Components:
    """A rotation and what it drops: z = A x + b.

    Args:
        matrix (ndarray): float32 (d, D), A; rows are orthonormal, or 0.
        offset (ndarray): float32 (d,), b; the mean of the sample is at 0.
        share (float): In [0, 1], of the squared distances between
            neighbours, that between their z.

    Attributes:
        matrix (ndarray): As given.
        offset (ndarray): As given.
        share (float): As given.
    """

    def __init__(self, matrix, offset, share):
        self.matrix = np.ascontiguousarray(matrix, np.float32)
        self.offset = np.ascontiguousarray(offset, np.float32)
        self.share = float(share)

    def of_examples(self, block):
        """z of examples, by a matrix product: float32 (n, d).

        Args:
            block (ndarray): float32 (n, D).

        Returns:
            ndarray: The last bits may depend on the block.
        """
        with np.errstate(over='ignore', invalid='ignore'):
            return block @ self.matrix.T + self.offset

    def of_queries(self, Q):
        """z of queries, each computed by itself: float32 (B, d).

        Args:
            Q (ndarray): float32 (B, D).

        Returns:
            ndarray: A row depends neither on the others nor on threads.
        """
        with np.errstate(over='ignore', invalid='ignore'):
            return np.einsum('bi,di->bd', Q, self.matrix) + self.offset


def fit(X, n_components, n_groups, seed):
    """The components of largest variance in a sample.

    Args:
        X (ndarray or MappedHalves): (N, D), read at ``SAMPLE`` rows.
        n_components (int): d, at most D are used; None: the fewest that hold
            ``SHARE`` of squared distances, from ``LEAST`` to ``MOST``.
        n_groups (int): d is filled up with zeros to a multiple of
            ``group_width``; None: it is not.
        seed (int): Of the sample.

    Returns:
        Components: Of the sample, computed in float64.
    """
    sample = np.concatenate(list(sample_blocks(X, SAMPLE, seed))).astype(
        np.float64)
    centre = sample.mean(axis=0)
    sample -= centre
    sample /= np.abs(sample).max() or 1.
    vectors = _directions(sample, n_components or MOST)
    shares = _shares(sample, sample @ vectors)
    d = min(len(shares), n_components or _enough(shares))
    width = group_width(d, n_groups) if n_groups else 1
    matrix = np.zeros((d + -d % width, len(centre)))
    matrix[:d] = vectors[:, :d].T
    return Components(matrix, -(matrix @ centre), shares[d - 1])


def group_width(n_components, n_groups):
    """Components of each of some groups, which have one width.

    Args:
        n_components (int): d >= 1.
        n_groups (int): Groups, 1 or more, at most.

    Returns:
        int: The least width for which they are enough, at least 1.
    """
    return -(-n_components // n_groups)


def _directions(sample, most):
    """Those of the largest variance, float64 (D, min(most, D))."""
    from scipy import linalg  # slow to import
    D = sample.shape[1]
    _, vectors = linalg.eigh(sample.T @ sample, overwrite_a=True,
                             subset_by_index=[max(0, D - most), D - 1])
    return vectors[:, ::-1]


def _shares(sample, z):
    """Of squared distances to neighbours, by d: float64 (m,), ascending.

    Args:
        sample (ndarray): float64 (n, D).
        z (ndarray): float64 (n, m), its first components.
    """
    n_queries, k = NEAR
    rows = np.arange(len(z))[arrays.every(len(z), n_queries)]
    squares = (sample ** 2).sum(axis=1)
    apart = squares - 2 * sample[rows] @ sample.T
    apart[np.arange(len(rows)), rows] = np.inf
    k = min(k, len(z) - 1)
    near = np.argpartition(apart, k - 1, axis=1)[:, :k] if k else rows[:, None]
    kept = np.cumsum(_squares_between(z, near, rows))
    whole = (kept[-1] if z.shape == sample.shape else
             _squares_between(sample, near, rows).sum())
    return kept / whole if whole else np.ones(len(kept))


def _squares_between(values, near, rows):
    """Squared differences of neighbours, added up: float64 (columns,)."""
    return sum(((values[column] - values[rows]) ** 2).sum(axis=0)
               for column in near.T)


def sample_blocks(X, n, seed):
    """A sample of examples without repetition, in their order.

    Args:
        X (ndarray or MappedHalves): (N, D).
        n (int): Rows wanted; all if there are fewer.
        seed (int): Which ones.

    Yields:
        ndarray: float32 (b, D), min(n, N) in all.
    """
    order = np.sort(np.random.RandomState(seed).permutation(len(X))[:n])
    for rows in _slices(len(order), X.shape[1]):
        yield X[order[rows]]
        reading.release(X)


def blocks(X):
    """The examples, block after block, forgotten after their use.

    Args:
        X (ndarray or MappedHalves): (N, D).

    Yields:
        ndarray: float32 (n, D).
    """
    for rows in _slices(*X.shape):
        yield X[rows]
        reading.release(X)


def _slices(n, width):
    return arrays.slices(n, arrays.BLOCK_CELLS // width)


def _enough(shares):
    """Number of components for ``SHARE``, between the bounds."""
    needed = 1 + int(np.searchsorted(shares, SHARE))
    return min(MOST, max(LEAST, needed + -needed % STEP))
