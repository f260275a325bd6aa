"""Content of files and of archives, as streams that keep their limits.

Archives are read where they are: nothing is unpacked to disk.  Whatever is
wrong with a file or an archive becomes a ``DatasetError`` here.
"""
import contextlib
import errno
import gzip
import io
import math
import os
import stat
import sys
import tarfile
import zipfile

from errors import UserError
from files.rows import DatasetError, display_name

GZIP = b'\x1f\x8b'  # how gzipped content begins
BLOCK_BYTES = 1 << 17  # read at once
LONGEST_LINE = 1 << 24  # bytes: three million words
LARGEST_HEADER = 1 << 20  # bytes of a tar header: a long name, attributes
LARGEST_INNER = 1 << 28  # bytes of an archive inside another
KINDS = {stat.S_IFDIR: 'folder', stat.S_IFIFO: 'pipe',
         stat.S_IFSOCK: 'socket', stat.S_IFCHR: 'device',
         stat.S_IFBLK: 'device'}
WAYS_OUT = {errno.ENOENT: 'check its name',
            errno.ELOOP: 'it is a link that leads to itself, put a file there',
            errno.EACCES: 'ask for the permission to read it',
            None: 'if it is damaged, get it again'}


def _memory():
    """Bytes of the machine's memory."""
    try:
        return os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES')
    except (AttributeError, ValueError, OSError):  # not on every system
        return 1 << 33


# A data set is held in memory: nothing larger can be meant.
MOST_BYTES = _memory()


@contextlib.contextmanager
def as_dataset_errors(path):
    """Turns what a damaged file or archive raises into a DatasetError.

    Nothing but calls of tarfile, zipfile, gzip and the operating system may
    stand inside: these raise nearly anything for damaged content, and a bug
    of ours must not look like it.

    Args:
        path (str): The file or archive, for the message.

    Raises:
        DatasetError: In place of any error but a ``UserError``.
    """
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        code = getattr(error, 'errno', None)
        reason = os.strerror(code) if code else ' '.join(str(error).split())
        raise DatasetError(
            f'{path} cannot be read ({reason or type(error).__name__}); '
            f'{WAYS_OUT.get(code, "mend that and try again")}') from error


def check_file(path):
    """Checks that a path leads to a file with an end; nothing is opened.

    Args:
        path (str): The path.

    Raises:
        DatasetError: If it does not, or leads to a folder, pipe or device.
    """
    check_path(path)
    with as_dataset_errors(path):
        mode = os.stat(path).st_mode
    if not stat.S_ISREG(mode):
        raise DatasetError(
            f'{path} is a {KINDS.get(stat.S_IFMT(mode), "special file")}, '
            'not a file; name a file')


def check_path(path):
    """Checks that a path can be looked up, and written into other files.

    Args:
        path (str): The path.

    Raises:
        DatasetError: If it has bytes that are not UTF-8, or letters that the
            locale does not have.
    """
    try:
        os.fsencode(path)
        os.fspath(path).encode()
    except UnicodeEncodeError as error:
        raise DatasetError(
            f'the path {path!a} does not fit the encoding '
            f'{sys.getfilesystemencoding()} of the system and UTF-8; set '
            'PYTHONUTF8=1, or rename it') from error


@contextlib.contextmanager
def opening(path, member=None, longest_line=LONGEST_LINE,
            most_bytes=MOST_BYTES):
    """Opens a file or a member of an archive; gzipped content is unpacked.

    Args:
        path (str): The file; with a member, a ``.zip`` or else a tar archive
            with any compression.
        member (str or None): What to read of an archive.
        longest_line (float): How many bytes a line may have; ``math.inf``
            for what has no lines.
        most_bytes (float): How many bytes there may be: a small archive can
            unpack to any size.

    Yields:
        BufferedReader: Binary stream of the content; it cannot be rewound.

    Raises:
        DatasetError: If it is no file, cannot be read, holds more than that,
            changes while it is read, or the archive has no such member.
    """
    with contextlib.ExitStack() as stack:
        with as_dataset_errors(path):
            stream = stack.enter_context(_stored(path, member))
            if stream.peek(len(GZIP))[:len(GZIP)] == GZIP:
                stream = stack.enter_context(gzip.open(stream))
        yield io.BufferedReader(_Guarded(stream, path, member, longest_line,
                                         most_bytes), BLOCK_BYTES)


@contextlib.contextmanager
def _stored(path, member):
    """Opens a file or a member of an archive, as it is stored."""
    if member is None:
        with _unchanging(path) as stream:
            yield stream
    elif path.endswith('.zip'):
        with _unchanging(path) as file, zipfile.ZipFile(file) as archive:
            with extract(archive, member, path) as stream:
                yield stream
    else:
        with opening_tar(path) as archive:
            _read_to_the_end(archive)
            with extract(archive, member, path) as stream:
                yield stream


@contextlib.contextmanager
def _unchanging(path):
    """Opens a file; it must be the same when it is closed."""
    check_file(path)
    with open(path, 'rb') as stream:
        before = os.fstat(stream.fileno())
        yield stream
        after = os.fstat(stream.fileno())
    if (before.st_size, before.st_mtime_ns) != (after.st_size,
                                                after.st_mtime_ns):
        raise DatasetError(f'{path} changed while it was read; try again '
                           'when it is complete')


class _Guarded(io.RawIOBase):
    """What another stream gives, within limits and with our errors."""

    def __init__(self, stream, path, member, longest_line, most_bytes):
        self._stream, self._path, self._member = stream, path, member
        self._longest_line, self._most_bytes = longest_line, most_bytes
        self._n_bytes = 0
        self._line = 0  # where the last line begins

    def readable(self):
        """Says that it can be read, as ``io`` asks for it.

        Returns:
            bool: True.
        """
        return True

    def readinto(self, buffer):
        """Reads what follows, as ``io`` asks for it.

        Args:
            buffer (memoryview): Where to put it.

        Returns:
            int: How many bytes there were.
        """
        with as_dataset_errors(self._path):
            block = self._stream.read(len(buffer))
        self._check(block)
        buffer[:len(block)] = block
        return len(block)

    def _check(self, block):
        """Keeps count of bytes."""
        last = block.rfind(b'\n')
        if last >= 0:
            self._line = self._n_bytes + last + 1
        self._n_bytes += len(block)
        if self._n_bytes - self._line > self._longest_line:
            where = display_name(self._path, self._member)
            number = _count_lines(self._path, self._member, self._line) + 1
            raise DatasetError(
                f'{where}:{number}: the line is longer than '
                f'{self._longest_line:,} bytes; split or drop it')
        if self._n_bytes > self._most_bytes:
            raise DatasetError(
                f'{display_name(self._path, self._member)} holds more than '
                f'{self._most_bytes:,} bytes, the memory of this machine; '
                'take a part of it')


def _count_lines(path, member, n_bytes):
    """How many lines end within the first bytes of a file."""
    with opening(path, member, math.inf, math.inf) as stream:
        return sum(stream.read(min(BLOCK_BYTES, n_bytes - start)).count(b'\n')
                   for start in range(0, n_bytes, BLOCK_BYTES))


# ------------------------------------------------------------- archives


def extract(archive, member, path):
    """Opens a member of an archive; nothing is written.

    Args:
        archive (ZipFile or TarFile): The open archive.
        member (str): Path inside it.
        path (str): The archive's file, for the message.

    Returns:
        BufferedReader: Binary stream.

    Raises:
        DatasetError: If there is no such file.
    """
    is_zip = isinstance(archive, zipfile.ZipFile)
    with as_dataset_errors(path):
        try:
            stream = (archive.open if is_zip else archive.extractfile)(member)
        except KeyError:
            stream = None
    if stream is None:
        raise DatasetError(f'{path} holds no {member}; it is not the '
                           'published file, get it again')
    return stream


@contextlib.contextmanager
def opening_tar(path, content=None):
    """Opens a tar archive with any compression.

    Args:
        path (str): The archive, or what messages call it.
        content (bytes or None): All of it, where it is no file.

    Yields:
        TarFile: It raises where a header is damaged, while tarfile would
        take that for the end, or tells a size that cannot be.

    Raises:
        DatasetError: If it cannot be read, or changes while it is.
    """
    with contextlib.ExitStack() as stack:
        with as_dataset_errors(path):
            file = stack.enter_context(_unchanging(path) if content is None
                                       else io.BytesIO(content))
            archive = stack.enter_context(
                tarfile.open(fileobj=file, tarinfo=_Header))
        yield archive


class _Header(tarfile.TarInfo):
    """A header that is as it should be, or an error."""

    @classmethod
    def fromtarfile(cls, archive):
        """Reads the next header, as tarfile asks for it.

        Args:
            archive (TarFile): Where to read.

        Returns:
            TarInfo: The header.

        Raises:
            TarError: A ``ReadError`` if it is damaged; at the end, what
                tarfile raises there.
        """
        try:
            return super().fromtarfile(archive)
        except tarfile.EOFHeaderError:
            raise
        except tarfile.HeaderError as error:
            raise tarfile.ReadError(
                f'at byte {archive.offset:,}: {error}') from error

    def _block(self, count):
        # Negative sizes make tarfile loop (CVE-2025-8194), and a header of
        # absurd size is read into memory.
        largest = MOST_BYTES if self.isreg() else LARGEST_HEADER
        if not 0 <= count <= largest:
            raise tarfile.ReadError(f'a member has {count:,} bytes')
        return super()._block(count)


def _read_to_the_end(archive):
    """Reads all headers, and the check sums that stand at the very end."""
    for _ in archive:
        pass
    n_bytes = 0
    while block := archive.fileobj.read(BLOCK_BYTES):
        n_bytes += len(block)
        if n_bytes > MOST_BYTES:
            raise tarfile.ReadError('it goes on and on')


def read_members(path, pattern):
    """Reads the files of a tar archive that have certain names.

    Args:
        path (str): The archive.
        pattern (re.Pattern): It must fit the whole name.

    Yields:
        tuple: Name and content (bytes), in the order of the archive.

    Raises:
        DatasetError: If the archive is damaged, or such a member is a folder
            or link, or longer than ``LONGEST_LINE``.
    """
    with opening_tar(path) as archive, as_dataset_errors(path):
        for info in archive:
            if pattern.fullmatch(info.name):
                if not info.isreg() or info.size > LONGEST_LINE:
                    raise DatasetError(
                        f'{path}:{info.name} is no text of at most '
                        f'{LONGEST_LINE:,} bytes; get the archive again')
                yield info.name, archive.extractfile(info).read()
        _read_to_the_end(archive)
