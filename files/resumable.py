"""Arrays that are written block by block, and go on where they stopped.

Each block is on the disk before ``progress``, beside the arrays, says so.  A
process that is killed leaves whole blocks and perhaps a part of one, which the
next process writes again.
"""
import contextlib
import json
import os
import pathlib
import shutil
import zlib

import numpy as np

from files import atomic, locks

PROGRESS = 'progress'
PIECE = 1 << 20  # bytes read at once


@contextlib.contextmanager
def resumable_folder(folder):
    """Gives a folder that replaces another when all went well.

    As ``atomic.replacing_folder``, but what was begun stays after a failure,
    if a block was complete, and is given again.  While another process writes
    it, one gets an empty folder of one's own.

    Args:
        folder (str or Path): The folder to replace or make.

    Yields:
        Path: A folder beside ``folder``.
    """
    folder = pathlib.Path(folder)
    partial = folder.with_name(f'.{folder.name}.partial')
    folder.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        partial = _locked(partial, stack) or stack.enter_context(
            atomic.temporary_folder(folder))
        try:
            yield partial
        except BaseException:
            if not (partial / PROGRESS).exists():
                shutil.rmtree(partial, ignore_errors=True)
            raise
        (partial / PROGRESS).unlink(missing_ok=True)
        atomic.rename_over(partial, folder)


def _locked(partial, stack):
    """The folder that was begun, locked; None while another has it."""
    partial.mkdir(exist_ok=True)
    try:
        lock = stack.enter_context(locks.held(partial, True, wait=False))
    except (locks.Busy, FileNotFoundError):
        return None
    if not lock.is_path():  # another has just completed it
        return None
    if not (partial / PROGRESS).exists():
        _empty(partial)
    return partial


def _empty(folder, wanted=()):
    """Removes all files but those with a wanted name."""
    for path in folder.iterdir():
        if path.name not in wanted:
            path.unlink()


class ArraysInBlocks:
    """Arrays of n rows in ``.npy`` files, written in blocks of rows.

    Args:
        folder (Path): Where the files are, or will be.
        key (str): Names all that they depend on; what was begun with another
            key is removed.
        n (int): Rows of every array.

    Attributes:
        rows (int): Rows that are written already, in [0, n).
        problem (str): What was wrong with files that had been begun, such as
            ``'layer_0.npy is damaged'``; empty if nothing was.
    """

    def __init__(self, folder, key, n):
        self._folder = folder
        self._n = n
        self._key = key
        begun = _read_progress(folder)
        fits = begun and begun['key'] == key and begun['n'] == n
        self.problem = _find_problem(folder, begun) if fits else ''
        if fits and not self.problem:
            self.rows, self._files = begun['rows'], begun['files']
        else:
            self.rows, self._files = 0, {}
        _empty(folder, {f'{name}.npy' for name in self._files}
               | ({PROGRESS} if self.rows else set()))

    def append(self, parts):
        """Writes the next rows of every array.

        Args:
            parts (dict): Name of an array to float32 or float16 (b, D); b is
                the same for all.

        Raises:
            OSError: The disk is full, or cannot be written.
        """
        if not self.rows:
            self._files = {name: self._create(name, part)
                           for name, part in parts.items()}
        rows = self.rows + len(next(iter(parts.values())))
        is_last = rows == self._n
        for name, part in parts.items():
            about, part = self._files[name], np.ascontiguousarray(part)
            with open(self._folder / f'{name}.npy', 'r+b') as stream:
                stream.seek(about['start'] + self.rows * about['row'])
                stream.write(part)
                if not is_last:
                    stream.flush()
                    os.fsync(stream.fileno())
            about['crc'] = zlib.crc32(part, about['crc'])
        self.rows = rows
        if not is_last:
            atomic.write_json(self._folder / PROGRESS, {
                'key': self._key, 'n': self._n, 'rows': rows,
                'files': self._files})

    def _create(self, name, part):
        """A file with its header, and all its space; what is known of it."""
        path, width = self._folder / f'{name}.npy', part.shape[1]
        dtype = part.dtype.newbyteorder('<')
        with open(path, 'wb') as stream:
            np.lib.format.write_array_header_1_0(stream, {
                'descr': dtype.str, 'fortran_order': False,
                'shape': (self._n, width)})
            start = stream.tell()
        row = dtype.itemsize * width
        reserve(path, start + row * self._n)
        return {'start': start, 'row': row, 'crc': 0}


def reserve(path, size):
    """Takes the space of a file before it is written.

    Args:
        path (Path): An existing file.
        size (int): Bytes that it needs.

    Raises:
        OSError: If the disk is too full; names the file.
    """
    with open(path, 'r+b') as stream:
        try:
            if hasattr(os, 'posix_fallocate'):
                os.posix_fallocate(stream.fileno(), 0, size)
            else:
                stream.truncate(size)
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(path)) from error


def _read_progress(folder):
    """Contents of ``progress``; None if there is none, or nothing of ours."""
    try:
        found = json.loads((folder / PROGRESS).read_bytes())
        whole = (found.keys() == {'key', 'n', 'rows', 'files'}
                 and 0 < found['rows'] < found['n'] and all(
                     about.keys() == {'start', 'row', 'crc'}
                     for about in found['files'].values()))
    except (OSError, ValueError, TypeError, AttributeError, KeyError,
            RecursionError):
        return None
    return found if whole else None


def _find_problem(folder, begun):
    """Which file does not hold what was written; empty if all do."""
    for name, about in begun['files'].items():
        path = folder / f'{name}.npy'
        try:
            crc = checksum(path, about['start'],
                           about['row'] * begun['rows'])
            size = path.stat().st_size
        except OSError:
            return f'{path.name} cannot be read'
        if crc != about['crc'] or (
                size != about['start'] + about['row'] * begun['n']):
            return f'{path.name} is damaged'
    return ''


def checksum(path, start, size):
    """CRC-32 of a part of a file.

    Args:
        path (Path): The file.
        start (int): Where the part begins.
        size (int): Its bytes; fewer count if the file ends before.

    Returns:
        int: The checksum.

    Raises:
        OSError: The file cannot be read.
    """
    crc = 0
    with open(path, 'rb') as stream:
        stream.seek(start)
        while size and (piece := stream.read(min(PIECE, size))):
            crc = zlib.crc32(piece, crc)
            size -= len(piece)
    return crc
