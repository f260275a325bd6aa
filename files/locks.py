"""Locks on files and folders; the system releases those of a dead process.

Where the system has no such locks (Windows), they are always granted.
"""
import contextlib
import os
import pathlib

try:
    import fcntl
except ImportError:  # not POSIX
    fcntl = None


class Busy(OSError):
    """Another process holds the lock."""


class Lock:
    """An open file or folder.

    Args:
        path (Path): The file or folder, which exists.
    """

    def __init__(self, path):
        self._path = pathlib.Path(path)
        self._file = os.open(self._path, os.O_RDONLY)

    def acquire(self, exclusive, wait):
        """Waits for the lock, or raises ``Busy``."""
        if fcntl is None:
            return
        kind = fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH
        try:
            fcntl.flock(self._file, kind | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            raise Busy(f'{self._path} is in use') from None

    def is_path(self):
        """bool: Whether the path still names what is locked."""
        try:
            found = os.stat(self._path)
        except FileNotFoundError:
            return False
        return os.path.samestat(found, os.fstat(self._file))

    def close(self):
        """Releases the lock."""
        os.close(self._file)


@contextlib.contextmanager
def held(path, exclusive, wait=True):
    """Holds a lock on a file or folder.

    Args:
        path (str or Path): The file or folder, which exists.
        exclusive (bool): Whether nobody else may hold the lock; otherwise
            others may hold it, too, if theirs are not exclusive either.
        wait (bool): Whether to wait until the lock is free.

    Yields:
        Lock: The lock.

    Raises:
        Busy: If another holds it, and one does not wait.
        OSError: If there is no such file.
    """
    lock = Lock(path)
    try:
        lock.acquire(exclusive, wait)
        yield lock
    finally:
        lock.close()


@contextlib.contextmanager
def held_path(path, exclusive, wait=True, make=False):
    """``held``, for a path that others may rename or remove.

    What is locked is what the path names at that time.

    Args:
        path (str or Path): The file or folder.
        exclusive (bool): As for ``held``.
        wait (bool): As for ``held``.
        make (bool): Whether to make an empty file where nothing is.

    Yields:
        Lock: The lock.

    Raises:
        Busy: If another holds it, and one does not wait.
        OSError: If there is no such file.
    """
    while True:
        if make:
            pathlib.Path(path).touch()
        try:
            with held(path, exclusive, wait) as lock:
                if lock.is_path():
                    yield lock
                    return
        except FileNotFoundError:
            if not make:
                raise
