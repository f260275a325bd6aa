"""Activations as arrays: checks, blocks, and distances in float64.

B queries and N training examples of width D.
"""
import numpy as np

from errors import UserError
from neighbors import reading

CELLS = 1 << 21        # entries of the largest temporary arrays
BLOCK_CELLS = 1 << 22  # entries of a block of training examples
HALF = 65504.          # the largest number of float16
HUGE = 2. ** 60        # vectors shorter than this have finite float32 squares


class NotFinite(UserError):
    """NaN, infinity or a number beyond float32 among activations.

    Args:
        name (str): What messages call the matrix.
        row (int): The first of its rows that holds one.
    """

    def __init__(self, name, row):
        super().__init__(
            f'{name} holds NaN, infinity or a number beyond float32 in row '
            f'{row:,}, counted from 0; leave such rows out, or train again '
            'if the training diverged')


def slices(n, size):
    """Consecutive slices that cover ``range(n)``.

    Args:
        n (int): Number of entries, 0 or more.
        size (int): Entries a slice; the last slice may hold fewer.  A size
            below 1 is read as 1.

    Yields:
        slice: The next ``size`` entries.
    """
    size = max(1, size)
    for start in range(0, n, size):
        yield slice(start, min(start + size, n))


def every(n, most):
    """The slice of every m-th entry from the first, m as small as it can be.

    Args:
        n (int): Number of entries, 0 or more.
        most (int): Entries of the slice, 1 or more, at most.

    Returns:
        slice: Of ``range(n)``.
    """
    return slice(0, n, max(1, -(-n // most)))


def as_matrix(values, name):
    """Activations as a checked float32 matrix.

    Args:
        values (array_like): Numbers (n, D) with D >= 1, finite in float32.
            A float32 array is not copied; it is checked in blocks, so that
            it may be a memmap larger than memory, or ``MappedHalves`` of
            one.
        name (str): What messages call it.

    Returns:
        ndarray: float32 (n, D).

    Raises:
        UserError: The shape is another one, or a number is not finite.
    """
    values = as_float32(values)
    if values.ndim != 2 or not values.shape[1]:
        raise UserError(f'{name} has shape {values.shape}, but it must be '
                        '(examples, width) with a width of at least 1')
    for rows in slices(len(values), BLOCK_CELLS // values.shape[1]):
        check_finite(values[rows], rows, name)
        reading.release(values)
    return values


def as_float32(values):
    """Numbers as float32; what is beyond its range becomes infinity.

    Args:
        values (array_like): Of any shape.

    Returns:
        ndarray: float32, not copied where it is that already.
    """
    if isinstance(values, reading.MappedHalves) or (
            isinstance(values, np.ndarray) and values.dtype == np.float32):
        return values
    with np.errstate(over='ignore'):
        return np.asarray(values, dtype=np.float32)


def as_float16(values, name):
    """Numbers rounded to float16, 11 binary digits.

    Args:
        values (ndarray): Numbers (n, D), float32 or float16.
        name (str): What messages call it.

    Returns:
        ndarray: float16, not copied where it is that already; NaN and
        infinity stay.

    Raises:
        UserError: A finite number is beyond float16.
    """
    if values.dtype == np.float16:
        return values
    with np.errstate(over='ignore'):
        found = values.astype(np.float16)
    beyond = np.isinf(found) & np.isfinite(values)
    if beyond.any():
        row, column = np.argwhere(beyond)[0]
        raise UserError(
            f'{name} holds {values[row, column]:.6g} in row {row:,}, counted '
            f'from 0, but the largest number of float16 is {HALF:,.0f}; '
            'take `dtype` float32', 'dtype')
    return found


def check_finite(block, rows, name):
    """Refuses a block of a matrix that is not finite.

    Args:
        block (ndarray): float32 (n, D).
        rows (slice): Where it stands in the matrix.
        name (str): What messages call the matrix.

    Raises:
        NotFinite: A number is not finite.
    """
    if not np.isfinite(block).all():
        first = int(np.isfinite(block).all(axis=1).argmin())
        raise NotFinite(name, rows.start + first)


def as_queries(Q, width):
    """Queries as a checked float32 matrix.

    Args:
        Q (array_like): As for ``as_matrix``.
        width (int): D of the indexed examples.

    Returns:
        ndarray: float32 (B, D).

    Raises:
        UserError: Q is no such matrix.
    """
    Q = as_matrix(Q, 'Q')
    if Q.shape[1] != width:
        raise UserError(f'queries have width {Q.shape[1]}, but the indexed '
                        f'examples have {width}; give activations of the '
                        'same layer')
    return Q


def square_norms(z):
    """Sum of the squares of each row, float64 (B,)."""
    with np.errstate(over='ignore', invalid='ignore'):
        return np.einsum('ij,ij->i', z, z, dtype=np.float64)


def distances(Q, row, X, col):
    """Distances of the pairs (``Q[row]``, ``X[col]``).

    The sum of a pair always runs over one contiguous row of D squares.  It
    is therefore the same to the last bit whatever other pairs are evaluated
    with it.

    Args:
        Q (ndarray): float32 (B, D).
        row (ndarray): Integers (n,) in [0, B).
        X (ndarray): float32 (N, D).
        col (ndarray): Integers (n,) in [0, N).

    Returns:
        ndarray: float64 (n,), Euclidean distances.
    """
    squares = np.empty(len(row))
    for pairs in slices(len(row), CELLS // 16 // X.shape[1]):
        diff = np.subtract(X[col[pairs]], Q[row[pairs]], dtype=np.float64,
                           order='C')
        diff *= diff
        squares[pairs] = diff.sum(axis=1)
    return np.sqrt(squares, out=squares)


def square_bounds(Q, row, X, col):
    """Bounds of the squares of what ``distances`` returns, from float32.

    A sum of D squares of differences has a relative error of at most
    (D + 3) u, u = 2^-24, in whatever order it is added up, and the squares of
    ``distances`` one of (D + 5) 2^-53; both are within c = (D + 16) 1.1 u,
    and T = (D + 8) 2^-124 is for underflow.  What overflows counts as the
    largest float32, below which it is not.

    Args:
        Q (ndarray): float32 (B, D).
        row (ndarray): Integers (n,) in [0, B).
        X (ndarray): float32 (N, D).
        col (ndarray): Integers (n,) in [0, N).

    Returns:
        tuple: Lower and upper bounds, float64 (n,); the upper one is infinite
        where squares overflow.
    """
    D = X.shape[1]
    squares = np.empty(len(row))
    with np.errstate(over='ignore'):
        for pairs in slices(len(row), CELLS // 8 // D):
            diff = X[col[pairs]] - Q[row[pairs]]
            squares[pairs] = np.einsum('ij,ij->i', diff, diff)
    c = (D + 16) * 1.1 * 2. ** -24
    T = (D + 8) * 2. ** -124
    low = np.minimum(squares, np.finfo(np.float32).max)
    if c >= .5:  # D is 4 million or more
        return np.zeros(len(row)), np.full(len(row), np.inf)
    return (low - T) / (1 + c), (squares + T) / (1 - c)


def smallest(key, index, k):
    """The k smallest of each row, ties to the lower position.

    Args:
        key (ndarray): Numbers (B, n), n >= k.
        index (ndarray): Integers (B, n), what each key belongs to.
        k (int): How many to take.

    Returns:
        tuple: Keys (B, k), ascending, and the indices (B, k) beside them.
    """
    order = np.argsort(key, axis=1, kind='stable')[:, :k]
    return (np.take_along_axis(key, order, axis=1),
            np.take_along_axis(index, order, axis=1))


def pack(row, n_rows, values, padding):
    """A list of values as a matrix, each value in the row given for it.

    Args:
        row (ndarray): Integers (n,) in [0, n_rows), ascending.
        n_rows (int): Rows of the matrix.
        values (ndarray): Numbers (n,).
        padding (int or float): What stands behind the values of a row.

    Returns:
        ndarray: (n_rows, width), ``width`` the most values of a row.
    """
    place = places(row, n_rows)
    packed = np.full((n_rows, place.max(initial=-1) + 1), padding,
                     values.dtype)
    packed[row, place] = values
    return packed


def places(row, n_rows):
    """How many entries of the same row stand before each entry.

    Args:
        row (ndarray): Integers (n,) in [0, n_rows), ascending.
        n_rows (int): Number of rows.

    Returns:
        ndarray: int64 (n,), counted from 0 in each row.
    """
    counts = np.bincount(row, minlength=n_rows)
    return np.arange(len(row)) - (np.cumsum(counts) - counts).take(row)
