"""Files and folders written whole or not at all.

What is written has a temporary name in the same folder until it is complete;
then it takes its own name in one step.  A reader sees the old file or the new
one (of a folder for a moment neither), never half of one.  After a failure the
old one is there, and nothing else.

A process that is killed leaves its temporary files.  They are locked while
their writer lives, and the system releases the locks of a dead process: this
is how ``remove_leftovers`` tells them from those that somebody is writing.
"""
import contextlib
import errno
import json
import os
import pathlib
import re
import secrets
import shutil

from errors import UserError
from files import locks


@contextlib.contextmanager
def replacing(path):
    """Gives a temporary file that replaces another when all went well.

    Args:
        path (str or Path): The file to replace or make; so is its folder.

    Yields:
        Path: An empty file beside ``path``, with the same extension.
    """
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # The umask decides who may read it
    with _temporary(path, path.suffix, pathlib.Path.touch) as temporary:
        try:
            yield temporary
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def replacing_folder(folder):
    """Gives a temporary folder that replaces another when all went well.

    Args:
        folder (str or Path): The folder to replace or make; so are those
            above it.

    Yields:
        Path: An empty folder beside ``folder``.
    """
    with temporary_folder(folder) as temporary:
        yield temporary
        rename_over(temporary, folder)


@contextlib.contextmanager
def temporary_folder(folder):
    """Gives a temporary folder beside another, and removes it in the end.

    Args:
        folder (str or Path): A folder, which need not exist.

    Yields:
        Path: An empty folder beside ``folder``.
    """
    folder = pathlib.Path(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _temporary(folder, '', pathlib.Path.mkdir) as temporary:
        try:
            yield temporary
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


@contextlib.contextmanager
def _temporary(path, suffix, make):
    """A new file or folder beside a path, locked."""
    while True:
        temporary = _beside(path, suffix)
        make(temporary, exist_ok=False)
        with locks.held(temporary, exclusive=True) as lock:
            # It is gone if somebody took it for a leftover just before
            if lock.is_path():
                yield temporary
                return


def _beside(path, suffix=''):
    """A hidden path that nobody else uses, in the same folder."""
    return path.with_name(f'.{path.name}.{secrets.token_hex(8)}{suffix}')


def remove_leftovers(folder, name=None):
    """Removes temporary files and folders, and locks, of dead processes.

    What cannot be removed (a folder that is read-only) stays.

    Args:
        folder (str or Path): Where to look, not below.
        name (str): Only what should have replaced this name; None for all.
    """
    wanted = re.escape(name) if name else r'.+'
    pattern = re.compile(rf'\.{wanted}\.([0-9a-f]{{16}}(\.\w+)?|lock)')
    for path in list(pathlib.Path(folder).glob('.*')):
        if pattern.fullmatch(path.name):
            with contextlib.suppress(OSError), (
                    locks.held(path, exclusive=True, wait=False)):
                if path.is_dir():
                    shutil.rmtree(path)
                else:
                    path.unlink()


def rename_over(temporary, folder):
    """Renames a folder; what has its name by then is removed.

    Args:
        temporary (Path): The folder, complete.
        folder (str or Path): Its new name, in the same folder.
    """
    folder = pathlib.Path(folder)
    renamed = False
    while not renamed:
        old = _beside(folder)
        with contextlib.suppress(FileNotFoundError):
            folder.rename(old)
        renamed = _rename_if_free(temporary, folder)
        shutil.rmtree(old, ignore_errors=True)


def _rename_if_free(temporary, folder):
    """Whether a folder could be renamed; another process may be faster."""
    try:
        temporary.rename(folder)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        return False
    return True


def write_bytes(path, content):
    """Writes bytes, whole or not at all.

    Args:
        path (str or Path): The file.
        content (bytes): Its new content.
    """
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def write_json(path, value):
    """Writes one JSON document, whole or not at all.

    Args:
        path (str or Path): The file.
        value (object): What JSON can hold.
    """
    text = json.dumps(value, indent=2, ensure_ascii=False) + '\n'
    write_bytes(path, text.encode())


def write_jsonl(path, records):
    """Writes records, one JSON object a line, whole or not at all.

    Args:
        path (str or Path): The file.
        records (iterable of dict): They are written as they come.
    """
    with replacing(path) as temporary:
        with temporary.open('w', encoding='utf-8') as stream:
            for record in records:
                stream.write(json_line(record) + '\n')


def json_line(record):
    """A record as a line of a JSONL file, without its end.

    Args:
        record (dict): What JSON can hold.

    Returns:
        str: Without line feeds.
    """
    return json.dumps(record, ensure_ascii=False, separators=(',', ':'))


def read_json(path):
    """Reads a JSON document.

    Args:
        path (str or Path): The file.

    Returns:
        object: Its content.

    Raises:
        UserError: If it is no valid JSON.
    """
    try:
        return json.loads(pathlib.Path(path).read_text(encoding='utf-8'))
    except (ValueError, RecursionError) as error:
        raise UserError(f'{path} is no valid JSON: {error}') from None
