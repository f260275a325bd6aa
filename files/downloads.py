"""Published data files: found where they are, or downloaded once.

A file is looked for in the folder that the user names and in Chainer's data
set folder; what is in neither is downloaded into the latter.  Where it comes
from, its origin, is an ``Address``, a ``Requirement`` of pip, or ``ByHand``,
where no program can get it.

A file under its published name is complete.  A download from an address
grows under the name with ``.part`` behind it: that stays after an
interruption, unlike the temporary files of ``files.atomic``, and the next
attempt goes on from there.
"""
import hashlib
import http.client
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import urllib.error
import urllib.request
import zipfile
from typing import NamedTuple

from files.atomic import replacing
from files.rows import DatasetError
from files.streams import as_dataset_errors, check_file

IS_ARCHIVE = {'.zip': zipfile.is_zipfile, '.gz': tarfile.is_tarfile}
TIMEOUT = 30  # seconds without an answer of the server
PIP_TIMEOUT = 300  # seconds in all
FAILURES = (OSError, http.client.HTTPException, subprocess.SubprocessError,
            DatasetError)


class Address(NamedTuple):
    """Files on a server, under their names.

    Attributes:
        base (str): URL to which a file's name is added.
        sha256 (dict): File name -> SHA256 in hexadecimal, where it is known.
    """

    base: str
    sha256: dict = {}

    def describe(self, name):
        """Says where a file comes from.

        Args:
            name (str): The file's published name.

        Returns:
            str: Its URL.
        """
        return self.base + name

    def fetch(self, name, path):
        """Downloads a file, or the rest of it.

        Args:
            name (str): Its published name.
            path (str): Where it goes, when it is complete.

        Raises:
            OSError: If the server cannot be reached or refuses.
            DatasetError: If the file is incomplete or wrong.
        """
        download(self.base + name, path, self.sha256.get(name))


class Requirement(NamedTuple):
    """The source distribution of a package, as pip finds it.

    It comes from whatever index pip is set up with.  Nothing is installed.

    Attributes:
        name (str): The package.
        version (str): The exact version.
        sha256 (str or None): Of the source distribution, in hexadecimal.
    """

    name: str
    version: str
    sha256: object = None

    @property
    def stem(self):
        """str: Name and version, as the folder in the archive is called."""
        return f'{self.name}-{self.version}'

    @property
    def file(self):
        """str: Published name of the source distribution."""
        return f'{self.stem}.tar.gz'

    def describe(self, name):
        """Says where a file comes from.

        Args:
            name (str): The file's published name.

        Returns:
            str: What pip is asked for.
        """
        return f"pip's package index, as {self.name}=={self.version}"

    def fetch(self, name, path):
        """Lets pip bring the source distribution.

        Args:
            name (str): Its published name; pip may spell it another way.
            path (str): Where it goes, when it is complete.

        Raises:
            OSError: If pip cannot be run.
            SubprocessError: If pip takes too long.
            DatasetError: If pip cannot get it, or it is wrong.
        """
        with tempfile.TemporaryDirectory() as folder:
            brought = self._download(folder)
            _check(brought, name, self.sha256)
            with replacing(path) as temporary:
                shutil.copyfile(brought, temporary)

    def _download(self, folder):
        """Path of the one archive that pip has put into a folder."""
        done = subprocess.run(
            [sys.executable, '-m', 'pip', 'download', '--quiet', '--no-deps',
             '--disable-pip-version-check', '--no-binary', ':all:', '--dest',
             folder, f'{self.name}=={self.version}'],
            capture_output=True, text=True, timeout=PIP_TIMEOUT)
        brought = sorted(pathlib.Path(folder).glob('*.tar.gz'))
        if done.returncode or len(brought) != 1:
            reason = (done.stderr.strip().splitlines()[-1:]
                      or [f'{len(brought)} files of the kind .tar.gz'])
            raise DatasetError(f'pip download: {reason[0]}')
        return brought[0]


class ByHand(NamedTuple):
    """A file that is published behind an account.

    Attributes:
        page (str): URL of the page that offers it.
        published (str): What it is called there.
    """

    page: str
    published: str

    def describe(self, name):
        """Says where a file comes from.

        Args:
            name (str): What it is called here.

        Returns:
            str: The page, and what it is called there.
        """
        return f'{self.page}, where it is {self.published}'

    def fetch(self, name, path):
        """Fails: a person has to get it.

        Args:
            name (str): What it is called here.
            path (str): Where it would go.

        Raises:
            DatasetError: With what to do.
        """
        raise DatasetError('that takes an account; get it by hand and call '
                           f'it {name}')


def download_folder():
    """Finds the place of this project in Chainer's data set folder.

    Returns:
        str: ``dknn`` in the folder that ``CHAINER_DATASET_ROOT`` names, by
        default ``~/.chainer/dataset``; it need not exist.
    """
    root = os.environ.get('CHAINER_DATASET_ROOT') or os.path.join(
        os.path.expanduser('~'), '.chainer', 'dataset')
    return os.path.join(root, 'dknn')


def place_of(name, data_dir=None):
    """Where a published file is, without any download.

    Args:
        name (str): As for ``find_file``.
        data_dir (str or None): Likewise.

    Returns:
        str: Its path; None if it is nowhere yet.
    """
    names = dict.fromkeys((name, os.path.basename(name)))
    places = data_dir or os.environ.get('DKNN_DATA'), download_folder()
    paths = [os.path.join(place, known)
             for place in filter(None, places) for known in names]
    return next(filter(os.path.lexists, paths), None)


def find_file(name, origin, data_dir=None, advice=''):
    """Finds a published file; downloads it if it is nowhere yet.

    Args:
        name (str): Its published name; what has a folder before it may also
            lie without that folder.
        origin (Address, Requirement or ByHand): Where it is published.
        data_dir (str or None): Folder to look in first, by default the one
            that the environment variable ``DKNN_DATA`` names, if any.
        advice (str): What else the user can do where the file cannot be had,
            the end of the error message.

    Returns:
        str: Path of a complete file.

    Raises:
        DatasetError: If there is no such folder, if the file is not there
            and cannot be downloaded, or if it is no file but a folder, pipe
            or device.
    """
    data_dir = data_dir or os.environ.get('DKNN_DATA')
    if data_dir and not os.path.isdir(data_dir):
        raise DatasetError(f'the data folder {data_dir} does not exist; '
                           '`data_dir` or DKNN_DATA names another',
                           'data_dir')
    folder = download_folder()
    path = place_of(name, data_dir)
    if path is not None:
        check_file(path)
        return path
    name = os.path.basename(name)
    path = os.path.join(folder, name)
    try:
        os.makedirs(folder, exist_ok=True)
        origin.fetch(name, path)
    except FAILURES as error:
        hints = [f'put it into {data_dir or folder} or name its folder with '
                 '`data_dir` or DKNN_DATA', *filter(None, [advice])]
        raise DatasetError(
            f'{name} is not here and could not be downloaded from '
            f'{origin.describe(name)} ({error}); {"; ".join(hints)}',
            'data_dir') from error
    return path


def download(url, path, sha256=None):
    """Downloads a file, going on with an earlier attempt's ``.part``.

    Args:
        url (str): Its address.
        path (str): Where it goes, when it is complete.
        sha256 (str or None): What its SHA256 must be, in hexadecimal, where
            that is known.

    Raises:
        OSError: If the server cannot be reached or refuses.
        DatasetError: If the file is incomplete (the next call goes on from
            there) or wrong (the next call begins anew).
    """
    part = path + '.part'
    size = _append(url, part)
    got = os.path.getsize(part)
    if size is not None and got < size:
        raise DatasetError(f'got {got:,} of {size:,} bytes, run again to go '
                           'on from there')
    if size is not None and got > size:
        os.remove(part)
        raise DatasetError(f'got {got:,} bytes instead of {size:,}, run again')
    _check(part, path, sha256)
    os.replace(part, path)


def _append(url, part):
    """Writes the rest of a file behind ``part``; its full size if known."""
    start = os.path.getsize(part) if os.path.exists(part) else 0
    request = urllib.request.Request(url)
    if start:
        request.add_header('Range', f'bytes={start}-')
    try:
        reply = urllib.request.urlopen(request, timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code != http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            raise
        os.remove(part)  # as long as the file, or longer: not to be trusted
        return _append(url, part)
    with reply:
        span = re.fullmatch(rf'bytes {start}-\d+/(\d{{1,18}})',
                            reply.headers.get('Content-Range', ''))
        if reply.status == http.HTTPStatus.PARTIAL_CONTENT and not span:
            raise DatasetError('the server sent another range than asked for')
        whole = re.fullmatch(r'(\d{1,18})',
                             reply.headers.get('Content-Length', ''))
        length = span or whole
        with open(part, 'ab' if span else 'wb') as out:
            shutil.copyfileobj(reply, out)
    return int(length.group(1)) if length else None


def _check(part, name, sha256):
    """Removes a finished download that is not what it should be."""
    is_archive = IS_ARCHIVE.get(os.path.splitext(name)[1])
    wrong = None
    if sha256:
        got = _sha256(part)
        if got != sha256:
            wrong = f'its sha256 is {got} instead of {sha256}'
    elif is_archive and not _opens(part, is_archive):
        wrong = 'it does not open as an archive'
    if wrong:
        os.remove(part)
        raise DatasetError(f'{wrong}, so it was removed')


def _opens(path, is_archive):
    try:
        with as_dataset_errors(path):
            return is_archive(path)
    except DatasetError:
        return False


def _sha256(path):
    digest = hashlib.sha256()
    with open(path, 'rb') as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
