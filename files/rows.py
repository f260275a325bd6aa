"""What the readers of data files share: rows, streams, errors.

A reader is a function of ``(path, member)`` that yields the rows of one file;
``member`` is the file to read inside an archive, or None.  Archives are read
where they are: nothing is unpacked to disk.
"""
import contextlib
import gzip
import tarfile
import zipfile
import zlib
from typing import NamedTuple

from errors import UserError

GZIP = b'\x1f\x8b'  # how gzipped content begins


class DatasetError(UserError):
    """A data file that is missing, damaged or not as it should be."""


class Row(NamedTuple):
    """An example as it stands in a file.

    Attributes:
        number (int): Its line from 1, or its place in the archive.
        label (str or None): As in the file; rows with None are dropped.
        texts (tuple of str): One or two.
        group (str or None): Rows of one group belong into one split; a row
            with None is a group by itself.
        rating (tuple or None): Mean and standard deviation of people's
            ratings.
    """

    number: int
    label: object
    texts: tuple
    group: object = None
    rating: object = None


def display_name(path, member):
    """How messages name a file or a member of an archive.

    Args:
        path (str): The file or archive.
        member (str or None): The member.

    Returns:
        str: ``path`` or ``path:member``.
    """
    return f'{path}:{member}' if member else path


@contextlib.contextmanager
def as_dataset_errors(path):
    """Turns what a damaged file or archive raises into a DatasetError.

    Args:
        path (str): The file or archive, for the message.

    Raises:
        DatasetError: In place of the errors of tarfile, zipfile, gzip and of
            the operating system.
    """
    try:
        yield
    except (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError,
            OSError) as error:
        raise DatasetError(
            f'{path} cannot be read ({error}); if it is damaged, get it '
            'again') from error


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
    try:
        is_zip = isinstance(archive, zipfile.ZipFile)
        stream = (archive.open if is_zip else archive.extractfile)(member)
    except KeyError:
        stream = None
    if stream is None:
        raise DatasetError(f'{path} holds no {member}; it is not the '
                           'published file, get it again')
    return stream


@contextlib.contextmanager
def opening(path, member=None):
    """Opens a file or a member of an archive; gzipped content is unpacked.

    Args:
        path (str): The file; with a member, a ``.zip`` or else a tar archive
            with any compression.
        member (str or None): What to read of an archive.

    Yields:
        BufferedIOBase: Binary stream of the content.

    Raises:
        DatasetError: If the archive has no such member.
    """
    with _stored(path, member) as stream:
        if stream.peek(len(GZIP))[:len(GZIP)] == GZIP:
            with gzip.open(stream) as unpacked:
                yield unpacked
        else:
            yield stream


@contextlib.contextmanager
def _stored(path, member):
    """Opens a file or a member of an archive, as it is stored."""
    if member is None:
        with open(path, 'rb') as stream:
            yield stream
        return
    opener = zipfile.ZipFile if path.endswith('.zip') else tarfile.open
    with opener(path) as archive, extract(archive, member, path) as stream:
        yield stream


def numbered_lines(stream, where=None):
    """Decodes a stream, split at line feeds only.

    Args:
        stream (iterable of bytes): Lines in UTF-8, perhaps with a byte order
            mark.
        where (str or None): Name of a user's file, where bytes that are not
            UTF-8 are an error.  Without it they are left out, as in the
            released code.

    Yields:
        tuple: Number of the line from 1, and the line as str.

    Raises:
        DatasetError: If a user's file is not UTF-8.
    """
    for number, line in enumerate(stream, 1):
        try:
            text = line.decode(errors='strict' if where else 'ignore')
        except UnicodeDecodeError as error:
            raise DatasetError(
                f'{where}:{number}: not UTF-8 ({error.reason}); save the '
                'file with UTF-8 encoding') from error
        yield number, text.removeprefix('\ufeff') if number == 1 else text
