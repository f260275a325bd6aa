"""One collection of a Milvus server or file: connect, fill, search.

A file that ends in ``.db`` is opened by the engine inside pymilvus's process
(milvus-lite); anything else is the address of a server.
"""
import contextlib
import functools
import importlib
import importlib.metadata
import logging
import pathlib
import re
import tempfile
import threading
import time

import numpy as np
import tqdm

from errors import ArgumentError, MissingPackage, UserError
from neighbors import arrays

REQUIREMENTS = '-r requirements-milvus.txt'
OLDEST_CLIENT = 3
OLDEST_SERVER = 2, 3  # the first with upsert and count(*)
# The embedded engine now and then ends a connection for its client's pings,
# and with it the next one's beginning
TRIES, PAUSE = 3, 1  # and seconds between
CONNECT = 5    # seconds until a server must answer for the first time
ANSWER = 120   # ... and to any later call
LOADED = 600   # ... and to have an index of what was inserted
MOST_HITS = 16384  # that a server returns for a query
INSERTED = 1 << 20  # numbers sent at a time, 4 MB of float32
LOGGERS = 'pymilvus', 'milvus_lite', 'grpc'
TRAINED = 39  # examples a list, below which faiss warns

# Of the module, as an index must be copyable and a file is opened only once
_opening = threading.Lock()


class Collection:
    """Vectors, their numbers and labels, kept by Milvus.

    Args:
        uri (str): As for ``MilvusIndex``.
        token (str): Likewise.
        name (str): Names all that the collection holds.

    Raises:
        ArgumentError: The address is none.
        MissingPackage: pymilvus or milvus-lite is not installed.
        UserError: Nobody answers, or in another version.
    """

    def __init__(self, uri, token, name):
        self._uri = uri or _temporary()
        self._token = token
        self.name = name
        self._client()

    def fill(self, X, labels, n_lists):
        """Inserts what is not there yet.

        Vectors are inserted in order, so that a collection that was left
        half-filled holds the first of them, and goes on from there.

        Args:
            X (ndarray): float32 (N, D).
            labels (ndarray): Integers (N,).
            n_lists (int): Inverted lists, should it be made anew.

        Raises:
            UserError: It holds other vectors than these, or Milvus fails.
        """
        with _explained(self._uri, 'the vectors inserted so far stay'):
            client = self._client()
            if not client.has_collection(self.name, timeout=ANSWER):
                self._create(client, X.shape[1])
            if not client.list_indexes(self.name, timeout=ANSWER):
                self._create_index(client, len(X), n_lists)
            client.load_collection(self.name, timeout=LOADED)
            start = self._n_first(client, len(X))
            self._insert(client, X, labels, start)
            if start < len(X) or _is_file(self._uri):
                self._index_all(client)
            n = self._count(client)
        if n != len(X):
            raise UserError(
                f'the collection {self.name} at {_shown(self._uri)} holds '
                f'{n} examples after {len(X)} were inserted; wait until '
                'nobody else writes to it, or drop it, and run this again')

    def search(self, Q, n_hits, n_probes):
        """The vectors nearest to each query, as Milvus computes them.

        Args:
            Q (ndarray): float32 (B, D).
            n_hits (int): m, 1 to ``MOST_HITS``.
            n_probes (int): Inverted lists searched for a query.

        Returns:
            tuple: Squared distances float32 (B, m), padded with infinity,
            and indices int64 (B, m), padded with -1.
        """
        squares = np.full((len(Q), n_hits), np.inf, np.float32)
        indices = np.full((len(Q), n_hits), -1, np.int64)
        with _explained(self._uri):
            found = self._client().search(
                self.name, data=Q, limit=n_hits, anns_field='vector',
                search_params={'params': {'nprobe': n_probes}},
                output_fields=['id'], timeout=ANSWER)
            for row, hits in enumerate(found):
                squares[row, :len(hits)] = hits.distances
                indices[row, :len(hits)] = hits.ids
        return squares, indices

    def rows(self, indices):
        """What is stored of some examples.

        Args:
            indices (list of int): Their numbers.

        Returns:
            dict: From number to label (int) and vector (float32 (D,)).
        """
        with _explained(self._uri):
            found = self._client().query(
                self.name, ids=list(map(int, indices)),
                output_fields=['id', 'label', 'vector'], timeout=ANSWER)
        return {row['id']: (row['label'],
                            np.asarray(row['vector'], np.float32))
                for row in found}

    def drop(self):
        """Removes the collection with all that it holds."""
        with _explained(self._uri):
            self._client().drop_collection(self.name, timeout=ANSWER)

    # --------------------------------------------------------------- helpers

    def _client(self):
        return _connected(self._uri, self._token)

    def _create(self, client, D):
        kinds = _require('pymilvus').DataType
        schema = client.create_schema(auto_id=False,
                                      enable_dynamic_field=False)
        schema.add_field('id', kinds.INT64, is_primary=True)
        schema.add_field('label', kinds.INT64)
        schema.add_field('vector', kinds.FLOAT_VECTOR, dim=D)
        client.create_collection(self.name, schema=schema,
                                 consistency_level='Strong', timeout=ANSWER)

    def _create_index(self, client, N, n_lists):
        index = client.prepare_index_params()
        # The embedded engine reads n_lists from the inner params only
        index.add_index('vector', metric_type='L2', **(
            {'index_type': 'FLAT'} if N < TRAINED else
            {'index_type': 'IVF_FLAT',
             'params': {'params': {'nlist': min(n_lists, N // TRAINED)}}}))
        client.create_index(self.name, index, timeout=ANSWER)

    def _index_all(self, client):
        """Without this a search is the same, but slow, and takes memory."""
        # The embedded engine waits for its index only while it loads, and
        # writes one in the background after a flush of what is loaded
        client.release_collection(self.name, timeout=ANSWER)
        client.flush(self.name, timeout=LOADED)
        client.load_collection(self.name, timeout=LOADED)

    def _n_first(self, client, N):
        """How many of the first examples are there."""
        n = self._count(client)
        if self._count(client, f'id >= {N} or id < 0'):
            raise UserError(
                f'the collection {self.name} at {_shown(self._uri)} holds '
                f'more than the {N} examples it is named after; drop it and '
                'run this again')
        # Not all of them the first: somebody else wrote; begin anew
        return 0 if self._count(client, f'id >= {n}') else n

    def _count(self, client, which=''):
        found = client.query(self.name, filter=which, timeout=ANSWER,
                             output_fields=['count(*)'])
        return found[0]['count(*)']

    def _insert(self, client, X, labels, start):
        """Examples from ``start`` on; one sent twice is stored once."""
        N, D = X.shape
        with tqdm.tqdm(total=N, initial=start, unit='text', leave=False,
                       desc=f'to {_shown(self._uri)}', disable=None) as bar:
            for part in arrays.slices(N - start, INSERTED // D):
                rows = range(start + part.start, start + part.stop)
                client.upsert(self.name, [
                    {'id': i, 'label': int(labels[i]), 'vector': X[i]}
                    for i in rows], timeout=ANSWER)
                bar.update(len(rows))


# ------------------------------------------------------------------ connecting

@functools.cache
def _connect(uri, token):
    """A client, one for each address."""
    pymilvus = _pymilvus()
    if _is_file(uri):
        _require('milvus_lite')
    with _reasons() as reasons:
        for left in reversed(range(TRIES if _is_file(uri) else 1)):
            try:
                client = pymilvus.MilvusClient(uri, token=token,
                                               timeout=CONNECT)
                version = client.get_server_version(timeout=CONNECT)
                break
            except pymilvus.MilvusException as error:
                if not left:
                    raise UserError(_no_connection(uri, error, reasons)
                                    ) from error
                time.sleep(PAUSE)
    _check_server(uri, version)
    return client


def _connected(uri, token):
    if not _is_file(uri) and not re.match(r'(https?|tcp|unix):', uri):
        raise ArgumentError(
            'uri', uri, 'is neither a file that ends in .db nor an address '
            'such as http://localhost:19530')
    with _opening:
        return _connect(uri, token)


def _no_connection(uri, error, reasons):
    """The sentence for an address that cannot be used."""
    if not _is_file(uri):
        return (f'no Milvus answers at {_shown(uri)} ({_said(error)}); start '
                'it, or check address and MILVUS_TOKEN')
    reason = reasons[0] if reasons else _said(error)
    return (f'{uri} cannot be opened as a Milvus database ({reason}); it may '
            'be in use by another process, or written by milvus-lite before '
            'version 3')


def _check_server(uri, version):
    """Refuses a server that is known to be too old."""
    found = re.match(r'v?(\d+)\.(\d+)', version)
    if found and tuple(map(int, found.groups())) < OLDEST_SERVER:
        raise UserError(
            f'Milvus at {_shown(uri)} has the version {version}; the index '
            f'milvus needs {".".join(map(str, OLDEST_SERVER))} or later')


def _pymilvus():
    """The module pymilvus, in a version that we know."""
    pymilvus = _require('pymilvus')
    version = importlib.metadata.version('pymilvus')
    if int(version.partition('.')[0]) < OLDEST_CLIENT:
        raise UserError(
            f'pymilvus has the version {version}; the index milvus needs '
            f'{OLDEST_CLIENT} or later: pip install {REQUIREMENTS}')
    return pymilvus


def _require(module):
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingPackage(module, REQUIREMENTS,
                             'the index milvus') from error


def _is_file(uri):
    return uri.endswith('.db')


def _shown(uri):
    """An address without name and password."""
    return re.sub(r'//[^/]*@', '//', uri)


def _said(error):
    """The message of Milvus, on one line."""
    return ' '.join(str(getattr(error, 'message', '') or error).split())


@contextlib.contextmanager
def _explained(uri, *advice):
    """What Milvus complains of becomes one sentence."""
    errors = _require('pymilvus').MilvusException
    with _reasons():
        try:
            yield
        except errors as error:
            raise UserError('; '.join([
                f'Milvus at {_shown(uri)} failed ({_said(error)})',
                *advice, 'run this again when it is well'])) from error


@contextlib.contextmanager
def _reasons():
    """The errors that Milvus would print as tracebacks, as a list."""
    reasons = []
    keep = logging.Handler()
    keep.emit = lambda record: record.exc_info and reasons.append(
        ' '.join(str(record.exc_info[1]).split()))
    loggers = [logging.getLogger(name) for name in LOGGERS]
    for logger in loggers:
        logger.addHandler(keep)
    try:
        yield reasons
    finally:
        for logger in loggers:
            logger.removeHandler(keep)


@functools.cache
def _temporary_folder():
    return tempfile.TemporaryDirectory(prefix='dknn-milvus-')


def _temporary():
    """A database that ends with the process."""
    return str(pathlib.Path(_temporary_folder().name) / 'milvus.db')
