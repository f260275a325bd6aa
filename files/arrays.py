"""``.npy`` files from anywhere: checked, mapped, never unpickled.

The header says all that is needed, so that no array is read before its file
is known to hold it.
"""
import math
import pathlib
import sys
import tokenize

import numpy as np

from errors import UserError

FLOATS = '<f4', '<f2'
INTEGERS = tuple(np.dtype(kind).newbyteorder('<').str for kind in (
    np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32,
    np.uint64))
BLOCK_CELLS = 1 << 22  # entries that are checked at a time
HEADERS = {(1, 0): np.lib.format.read_array_header_1_0,
           (2, 0): np.lib.format.read_array_header_2_0}
# What NumPy raises for a header that is none
DAMAGED = (ValueError, EOFError, KeyError, TypeError, SyntaxError,
           RecursionError, MemoryError, tokenize.TokenError)


def read_numbers(path):
    """A matrix of finite numbers, one row an example.

    Args:
        path (Path): Float32 or float16 (n, D), n and D at least 1, little
            endian, C order.

    Returns:
        ndarray: Float32 (n, D); mapped from the file where that is float32,
        else in memory.

    Raises:
        UserError: If the file holds something else; of rows that are not
            finite it names the first.
    """
    array = _mapped(path, FLOATS, 2, "save np.ascontiguousarray(array, "
                    "'<f4')")
    size = max(1, BLOCK_CELLS // array.shape[1])
    for start in range(0, len(array), size):
        finite = np.isfinite(array[start:start + size]).all(axis=1)
        if not finite.all():
            raise UserError(
                f'{path} has NaN or infinity in row '
                f'{start + int(finite.argmin()):,} (the first is 0); did the '
                'training diverge, or float16 overflow?')
    return array if array.dtype == np.float32 else array.astype(np.float32)


def read_integers(path):
    """Whole numbers, one an example.

    Args:
        path (Path): Integers (n,) of any width, n at least 1.

    Returns:
        ndarray: Integers (n,), in memory.

    Raises:
        UserError: If the file holds something else.
    """
    return np.array(_mapped(path, INTEGERS, 1,
                            "save np.asarray(values, '<i8')"))


def read_labels(path):
    """Labels as they stand in a file, one an example.

    Args:
        path (Path): Integers or str (n,), n at least 1.

    Returns:
        ndarray: Integers (n,), or str (n,).

    Raises:
        UserError: If the file holds something else.
    """
    array = np.array(_mapped(
        path, (*INTEGERS, '<U'), 1, "save np.asarray(labels, '<i8'), or "
        "names as np.asarray(labels, str)"))
    if array.dtype.kind == 'U' and array.view('<u4').max() > sys.maxunicode:
        raise UserError(f'{path} holds labels that are no text, but numbers '
                        'beyond all characters; save np.asarray(labels, str)')
    return array


def _mapped(path, kinds, ndim, hint):
    """The array of a file, not yet read."""
    path = pathlib.Path(path)
    with path.open('rb') as stream:
        try:
            shape, fortran, dtype = HEADERS[
                np.lib.format.read_magic(stream)](stream)
        except DAMAGED:
            raise UserError(f'{path} is no .npy file of version 1.0 or 2.0; '
                            f'{hint}') from None
        offset = stream.tell()
    _check_header(path, shape, fortran, dtype, kinds, ndim, hint)
    needed = offset + math.prod(shape) * dtype.itemsize
    size = path.stat().st_size
    if size != needed:
        raise UserError(
            f'{path} has {size:,} bytes, but {dtype} {shape} takes '
            f'{needed:,}: it was cut off or added to; save it again')
    array = np.memmap(path, dtype, 'r', offset, shape)
    return array if array.flags.aligned else np.array(array)


def _check_header(path, shape, fortran, dtype, kinds, ndim, hint):
    if dtype.hasobject:
        raise UserError(f'{path} holds Python objects, which are never '
                        f'unpickled; {hint}')
    kind = dtype.str[:2] if dtype.kind == 'U' else dtype.str
    if kind not in kinds:
        raise UserError(f'{path} holds {_name(dtype)}, which is not read '
                        f'here; {hint}')
    if len(shape) != ndim or min(shape) < 1 or not dtype.itemsize:
        wanted = '(examples, width)' if ndim == 2 else '(examples,)'
        raise UserError(f'{path} has the shape {shape}, but it must be '
                        f'{wanted}, none of them 0; {hint}')
    if fortran:
        raise UserError(f'{path} is in Fortran order, whose rows are '
                        f'scattered; {hint}')


def _name(dtype):
    return f'{dtype.newbyteorder("=")}, big-endian' if (
        dtype.str[0] == '>') else str(dtype)
