"""Files and folders written whole or not at all.

What is written stands under a temporary name in the same folder until it is
complete; then it takes its own name in one step.  A reader sees the old file
or the new one (of a folder for a moment neither), never half of one.  After a
failure the old one is there, and nothing else.
"""
import contextlib
import errno
import json
import os
import pathlib
import secrets
import shutil

from errors import UserError


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
    temporary = _beside(path, path.suffix)
    temporary.touch(exist_ok=False)  # the umask decides who may read it
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
    folder = pathlib.Path(folder)
    temporary = _beside(folder)
    temporary.mkdir(parents=True)
    try:
        yield temporary
        _rename_over(temporary, folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _beside(path, suffix=''):
    """A hidden path that nobody else uses, in the same folder."""
    return path.with_name(f'.{path.name}.{secrets.token_hex(8)}{suffix}')


def _rename_over(temporary, folder):
    """Renames a folder; what has its name by then is removed."""
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
                stream.write(json.dumps(record, ensure_ascii=False,
                                        separators=(',', ':')) + '\n')


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
    except ValueError as error:
        raise UserError(f'{path} is no valid JSON: {error}') from None
