"""Published data files: found where they are, or downloaded once.

A file is looked for in the folder that the user names and in Chainer's data
set folder; what is in neither is downloaded into the latter.  A download is
written beside its place and moved there when it is whole, so that a file
under its published name is complete; an interrupted one goes on where it
stopped when it is asked for again.
"""
import hashlib
import http.client
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import urllib.error
import urllib.request
import zipfile

VADER = 'vaderSentiment-3.3.2.tar.gz'
VADER_URL = 'https://pypi.org/project/vaderSentiment/3.3.2/'
SHA256 = {
    'TREC.test.all':
        '92a6a3cede5678b447ef5f1d7ec474134fcda211e6590e6fa627b4a2c68e4566',
    'TREC.train.all':
        'c8183fd8c2a5cc4a9a1c56548d7c6410a8b71ed7843df9ef1f0a05cd7cf2fb3e',
    'custrev.all':
        'a3839a79bd3285177a07158c6104b49038a7a06ab2abe897734cde5d22e5e325',
    'rt-polarity.all':
        'b8846c3bbd59241f901efdc58f7c515e4b280ab3561fd1858caa5aa48da95a8a',
    'stsa.binary.dev':
        '02fedc82855dbdcabe82c65ed1af6c6570788eaac51073cdb35ee8c7784426d1',
    'stsa.binary.test':
        '6a80dc9b9a0db2d3b37f2f809304febad31c90ab67a5b4157b7d9f881c53ef5b',
    'stsa.binary.train':
        '71c04bcc41291fa47454dd670df701b14ee9249156babeaac404cfe2c8d74338',
    VADER:
        '5d7c06e027fc8b99238edb0d53d970cf97066ef97654009890b83703849632f9',
}
IS_ARCHIVE = {'.zip': zipfile.is_zipfile, '.gz': tarfile.is_tarfile}
TIMEOUT = 30
PIP_TIMEOUT = 300


class DatasetError(ValueError):
    """A data file that is missing, damaged or not as it should be."""


def download_folder():
    """Chainer's data set folder, in it what belongs to this project."""
    root = os.environ.get('CHAINER_DATASET_ROOT') or os.path.join(
        os.path.expanduser('~'), '.chainer', 'dataset')
    return os.path.join(root, 'dknn')


def find_file(name, url, data_dir=None):
    """Path of a published file, downloaded if it is nowhere yet.

    Args:
        name (str): Its published name.
        url (str): Where it is published; ``VADER_URL`` stands for the index
            that pip is set up with.
        data_dir (str): Folder to look in first, otherwise the one that the
            environment variable ``DKNN_DATA`` names, if any.

    Returns:
        str: Path of a complete file.

    Raises:
        DatasetError: If there is no such folder, or the file is not there
            and cannot be downloaded.
    """
    data_dir = data_dir or os.environ.get('DKNN_DATA')
    if data_dir and not os.path.isdir(data_dir):
        raise DatasetError(f'the data folder {data_dir} does not exist; '
                           '--data-dir or DKNN_DATA names another')
    folder = download_folder()
    for place in (data_dir, folder):
        if place and os.path.isfile(os.path.join(place, name)):
            return os.path.join(place, name)
    path = os.path.join(folder, name)
    fetch = fetch_sdist if url == VADER_URL else download
    try:
        os.makedirs(folder, exist_ok=True)
        fetch(url, path, SHA256.get(name))
    except (OSError, http.client.HTTPException, subprocess.SubprocessError,
            DatasetError) as error:
        raise DatasetError(
            f'{name} is not here and could not be downloaded from {url} '
            f'({error}); put it into {data_dir or folder} or name its folder '
            'with --data-dir or DKNN_DATA; vader.movie, vader.amazon, '
            'vader.nyt and vader.tweets need only what pip can install'
        ) from error
    return path


def download(url, path, sha256=None):
    """Download a file, going on with an earlier attempt's ``.part``.

    Args:
        url (str): Its address.
        path (str): Where it goes, only when it is complete.
        sha256 (str): What it must be, in hexadecimal, where that is known.

    Raises:
        OSError: If the server cannot be reached or refuses.
        DatasetError: If the file is incomplete (to be resumed) or wrong (to
            be begun anew).
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
    """Write the rest of a file behind `part`; its full size if known."""
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
        span = re.fullmatch(rf'bytes {start}-\d+/(\d+)',
                            reply.headers.get('Content-Range', ''))
        if reply.status == http.HTTPStatus.PARTIAL_CONTENT and not span:
            raise DatasetError('the server sent another range than asked for')
        length = span.group(1) if span else reply.headers['Content-Length']
        with open(part, 'ab' if span else 'wb') as out:
            shutil.copyfileobj(reply, out)
    return int(length) if length else None


def _check(part, path, sha256):
    """Remove a finished download that is not what it should be."""
    is_archive = IS_ARCHIVE.get(os.path.splitext(path)[1])
    wrong = None
    if sha256:
        got = _sha256(part)
        if got != sha256:
            wrong = f'its sha256 is {got} instead of {sha256}'
    elif is_archive and not is_archive(part):
        wrong = 'it does not open as an archive'
    if wrong:
        os.remove(part)
        raise DatasetError(f'{wrong}, so it was removed')


def _sha256(path):
    digest = hashlib.sha256()
    with open(path, 'rb') as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def fetch_sdist(url, path, sha256):
    """Let pip bring the source distribution of vaderSentiment.

    It comes from whatever index pip is set up with; nothing is installed.

    Args:
        url (str): Not used: pip knows its index.
        path (str): Where it goes, only when it is complete.
        sha256 (str): What it must be.

    Raises:
        OSError, subprocess.SubprocessError: If pip cannot be run.
        DatasetError: If pip cannot get it or it is not what it should be.
    """
    name, _, version = VADER.removesuffix('.tar.gz').partition('-')
    with tempfile.TemporaryDirectory(dir=os.path.dirname(path)) as folder:
        done = subprocess.run(
            [sys.executable, '-m', 'pip', 'download', '--quiet', '--no-deps',
             '--disable-pip-version-check', '--no-binary', ':all:', '--dest',
             folder, f'{name}=={version}'],
            capture_output=True, text=True, timeout=PIP_TIMEOUT)
        part = os.path.join(folder, VADER)
        if done.returncode or not os.path.isfile(part):
            reason = done.stderr.strip().splitlines()[-1:] or ['no file']
            raise DatasetError(f'pip download: {reason[0]}')
        _check(part, path, sha256)
        os.replace(part, path)
