"""Data files once read, kept as arrays of ids (``files.encoded``).

A folder is named by a digest of all that its content depends on: the bytes of
the data file, the code that reads it, and how it is read.  So a file or reader
that changed finds another folder, or none; and what is damaged is read again.
"""
import functools
import hashlib
import inspect
import json
import pathlib
import sys
import unicodedata
from importlib import metadata

from files import atomic, encoded, stored
from files.rows import DatasetError

VERSION = 2  # to be raised where the files have another format
# Shorter data are read again: it takes no longer than to look for them
LEAST = 1 << 13  # tokens
NAME = '.cache'  # of the folder, beside the run folders
HERE = pathlib.Path(__file__).resolve().parent
READERS = [HERE / name for name in (
    'rows.py', 'streams.py', 'columns.py', 'tables.py', 'published.py',
    'catalogue.py', 'tokens.py', 'encoded.py', 'reading.py')] + [
        HERE.parent / name for name in ('nlp_utils.py', 'text_datasets.py')]


class Cache:
    """A folder of data files that were read before.

    Args:
        folder (str or Path): The folder, which need not exist.
        note (callable): Takes a sentence: what was wrong with the folder,
            and that the data are read again.
    """

    def __init__(self, folder, note):
        self._folder, self._note = pathlib.Path(folder), note

    def get(self, path, settings, read, load):
        """The examples of a data file, from here or from the file.

        Args:
            path (str): The data file.
            settings (dict): How it is read, as JSON has it.
            read (function): The reader (``files.rows``).
            load (callable): Reads the file; without arguments.

        Returns:
            Encoded: The same from both.

        Raises:
            DatasetError: What `load` raises; or if the file changed
                meanwhile.
        """
        digest = file_digest(path)
        key = json.dumps([VERSION, code_digest(_source_of(read)), digest,
                          pathlib.Path(path).name, settings])
        folder = self._folder / hashlib.sha256(key.encode()).hexdigest()[:32]
        problem = stored.find_problem(folder, key)
        if problem is None:
            try:
                return encoded.read(folder)
            except OSError:  # another process has just replaced it
                pass
        found = load()
        if problem:
            self._note(f'{folder}: {problem}; the data are read again')
        if len(found.ids) >= LEAST:
            if file_digest(path) != digest:
                raise DatasetError(f'{path} changed while it was read; try '
                                   'again when it is complete')
            self._keep(folder, key, found)
        return found

    def _keep(self, folder, key, found):
        """Writes it; nothing depends on that."""
        try:
            atomic.remove_leftovers(self._folder)
            stored.ensure(folder, key,
                          lambda temporary: encoded.write(temporary, found))
        except (stored.NotWritable, OSError) as error:
            self._note(f'{error}; next time the data are read again')


def file_digest(path):
    """Digest of a file's content.

    Args:
        path (str): The file.

    Returns:
        str: SHA256 in hexadecimal; empty if it cannot be read, which its
        reader says better.
    """
    digest = hashlib.sha256()
    try:
        with open(path, 'rb') as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    except OSError:
        return ''
    return digest.hexdigest()


def _source_of(read):
    """Where a reader stands, and what it was given with it."""
    given = []
    while isinstance(read, functools.partial):
        given.append([read.args, read.keywords])
        read = read.func
    return inspect.getsourcefile(read), read.__qualname__, repr(given)


@functools.cache
def code_digest(source):
    """Digest of the code that reads and tokenizes.

    Args:
        source (tuple of str): Of a reader: its file, its name, its options.

    Returns:
        str: SHA256 in hexadecimal.
    """
    versions = (sys.version, unicodedata.unidata_version,
                metadata.version('nltk'))
    digest = hashlib.sha256(repr((source[1:], versions)).encode())
    for path in (*READERS, source[0]):
        digest.update(pathlib.Path(path).read_bytes())
    return digest.hexdigest()
