"""Examples that stay in their file, and blocks that are read ahead."""
import mmap
import os
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from errors import UserError


class FileRows:
    """Rows of a matrix in a file, read when they are asked for.

    Pages of a mapped array that were looked at count as memory of the
    process, as long as nobody else needs it.  What is read here does not:
    only the rows that were asked for are in memory.

    Args:
        array (memmap): Numbers (N, D), the whole of what is mapped, rows one
            after another.

    Attributes:
        path (str): The file.
        shape (tuple): N and D.
        ndim (int): 2.
        dtype (dtype): float32, whatever the file holds.
    """

    ndim = 2
    dtype = np.dtype(np.float32)

    def __init__(self, array):
        self.path = str(array.filename)
        self.shape = array.shape
        self._offset = array.offset
        self._stored = array.dtype
        # Held open: another file that takes the name is another array
        self._file = os.open(self.path, os.O_RDONLY)
        weakref.finalize(self, os.close, self._file)

    def __len__(self):
        return self.shape[0]

    def __getitem__(self, rows):
        """Rows by number, float32 (D,), or (n, D) for a slice or an array.

        Args:
            rows (int, slice or ndarray): Which, as of an array.

        Returns:
            ndarray: Float32, a new array.

        Raises:
            UserError: The file is shorter than it was.
        """
        if isinstance(rows, slice):
            start, stop, step = rows.indices(len(self))
            if step == 1:
                n = max(0, stop - start)
                return self._as_float32(self._read(start, n))
            rows = np.arange(start, stop, step)
        rows = np.asarray(rows)
        found = np.empty((rows.size, self.shape[1]), self._stored)
        for place, row in enumerate(rows.ravel().tolist()):
            self._read(row, 1, found[place:place + 1])
        return self._as_float32(found).reshape(*rows.shape, self.shape[1])

    def _read(self, start, n, out=None):
        """n rows from ``start``, as the file holds them."""
        if out is None:
            out = np.empty((n, self.shape[1]), self._stored)
        left = memoryview(out.view(np.uint8).reshape(-1))
        place = self._offset + start * self.shape[1] * self._stored.itemsize
        while left:
            n_read = os.preadv(self._file, [left], place)
            if not n_read:
                raise UserError(f'{self.path} is shorter than it was: rows '
                                f'{start} to {start + n - 1} are not all '
                                'there; remove it and run this again')
            left, place = left[n_read:], place + n_read
        return out

    def _as_float32(self, values):
        with np.errstate(over='ignore'):
            return values.astype(np.float32, copy=False)


class MappedHalves:
    """A mapped float16 matrix whose rows are float32 when they are read.

    Args:
        array (memmap): float16 (N, D).

    Attributes:
        array (memmap): As given.
        shape (tuple): N and D.
        ndim (int): 2.
        dtype (dtype): float32.
    """

    ndim = 2
    dtype = np.dtype(np.float32)

    def __init__(self, array):
        self.array = array
        self.shape = array.shape

    def __len__(self):
        return self.shape[0]

    def __getitem__(self, rows):
        return np.asarray(self.array[rows]).astype(np.float32)

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.array).astype(dtype or np.float32)


def float32_rows(X):
    """A mapped float16 matrix as rows of float32; all else as it is.

    Args:
        X (array_like): Numbers (N, D).

    Returns:
        MappedHalves or array_like: ``X`` itself if it is no such matrix.
    """
    is_halves = (isinstance(X, np.memmap) and X.ndim == 2
                 and X.dtype == np.float16)
    return MappedHalves(X) if is_halves else X


def file_rows(X):
    """An array as rows of its file, where it is mapped from one.

    Args:
        X (array_like): Numbers (N, D).

    Returns:
        FileRows or array_like: ``X`` itself if it is not the whole of a
        mapped file in C order, or this system cannot read so.
    """
    whole = (isinstance(X, np.memmap) and isinstance(X.base, mmap.mmap)
             and X.filename is not None and X.ndim == 2
             and X.flags.c_contiguous and X.dtype.kind in 'fiu')
    return FileRows(X) if whole and hasattr(os, 'preadv') else X


def release(array):
    """Gives back the memory of pages of a mapped file that were looked at.

    Args:
        array (ndarray): Anything; only what is mapped for reading, or a view
            of it, has such pages.  They are read again when needed.
    """
    if isinstance(array, MappedHalves):
        array = array.array
    if not isinstance(array, np.memmap) or array.mode != 'r':
        return
    while isinstance(array, np.ndarray):
        array = array.base
    if isinstance(array, mmap.mmap) and hasattr(mmap, 'MADV_DONTNEED'):
        array.madvise(mmap.MADV_DONTNEED)


def ahead(load, pieces):
    """What is loaded for each piece, one ahead of the one in use.

    Args:
        load (callable): Function of a piece; runs on a thread of its own.
        pieces (iterable): The pieces.

    Yields:
        object: What ``load`` returned, in the order of the pieces.

    Raises:
        Exception: What ``load`` raises.
    """
    with ThreadPoolExecutor(1) as pool:
        waiting = []
        for piece in pieces:
            waiting.append(pool.submit(load, piece))
            if len(waiting) == 2:
                yield waiting.pop(0).result()
        for future in waiting:
            yield future.result()
