"""Folders of computed files that know what they were computed from.

Beside its files such a folder holds ``key``, a JSON object: under ``key`` a
text that names all that the files depend on, under ``files`` the size and the
CRC-32 of each.  A folder that was made from something else, or whose files are
not as they were written, is made again.
"""
import errno
import json
import pathlib

from files.atomic import replacing_folder
from files.resumable import PROGRESS, checksum, resumable_folder

KEY = 'key'
# Of a system where one may read but not write
READ_ONLY = errno.EACCES, errno.EPERM, errno.EROFS


class NotWritable(Exception):
    """There is no such folder yet, and none can be written here."""


def ensure(folder, key, make, goes_on=False):
    """Makes a folder unless it is there, whole, and has this key.

    Args:
        folder (Path): The folder.
        key (str): Names all that its files depend on.
        make (callable): From a folder to nothing; writes the files.
        goes_on (bool): Whether `make` goes on with what an earlier try,
            perhaps with another key, left (``files.resumable``); otherwise it
            gets an empty folder.

    Returns:
        str: What was wrong with a folder of this key that had to be made
        again, such as ``'layer_0.npy is damaged'``; empty if nothing was.

    Raises:
        NotWritable: If the folder must be made, but the system is read-only
            there.
        OSError: If it cannot be written for another reason.
    """
    problem = find_problem(folder, key)
    if problem is None:
        return ''
    try:
        begin = resumable_folder if goes_on else replacing_folder
        with begin(folder) as temporary:
            make(temporary)
            names = sorted({path.name for path in temporary.iterdir()}
                           - {KEY, PROGRESS})
            content = {'key': key, 'files': {
                name: _checksum(temporary / name) for name in names}}
            (temporary / KEY).write_text(json.dumps(content, indent=1))
    except OSError as error:
        if error.errno not in READ_ONLY:
            raise
        raise NotWritable(f'{folder} cannot be written') from error
    return problem


def find_problem(folder, key):
    """What keeps a folder from being used.

    Args:
        folder (Path): A folder, which need not exist.
        key (str): What its files should have been made from.

    Returns:
        str: None if it can be used, else a phrase that names the file that
        is damaged; empty if nothing is, but the folder is not there or was
        made from something else.
    """
    folder = pathlib.Path(folder)
    stored = _read_key(folder)
    if stored is None or stored['key'] != key:
        return ''
    for name, written in stored['files'].items():
        try:
            if _checksum(folder / name) != written:
                return f'{name} is damaged'
        except OSError:
            return f'{name} cannot be read'
    return None


def _read_key(folder):
    """Contents of ``key``; None if there is none, or nothing of ours."""
    try:
        stored = json.loads((folder / KEY).read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    whole = (isinstance(stored, dict) and isinstance(stored.get('key'), str)
             and isinstance(stored.get('files'), dict))
    return stored if whole else None


def _checksum(path):
    """Size and CRC-32 of a file, as a list of ints."""
    size = path.stat().st_size
    return [size, checksum(path, 0, size)]
