"""The index ``milvus``: vectors in a database that others may share."""
import hashlib

import numpy as np

from errors import ArgumentError, UserError
from neighbors import arrays
from neighbors.candidates import CandidateIndex
from neighbors.collections import MOST_HITS, Collection

VERSION = 1  # to be raised where a collection is filled in another way
SPARE = 16  # candidates beyond those needed


class MilvusIndex(CandidateIndex):
    """Search in a Milvus database, embedded or a server.

    A layer's activations are a collection, named by the digest of activations
    and labels: those of two runs never mix, and who indexes the same ones
    finds them there.  Of each example it holds ``id`` (its index), ``label``
    and ``vector``.  What was inserted stays; an interrupted ``fit`` goes on
    where it stopped.

    With one inverted list Milvus compares every example, in float32; where
    its distances do not tell the k-th neighbour of a query from those beyond
    the candidates, that query goes to the exact search.  The answer then is
    that of ``exact``.

    Args:
        uri (str): A file that ends in ``.db``, for the engine embedded in
            milvus-lite (one process at a time), or the address of a server,
            ``'http://localhost:19530'``; None: a file that ends with the
            process.
        token (str): ``'user:password'`` or a key, for a server that asks.
        n_lists (int): Inverted lists of a new collection, at least 1; fewer,
            so that 39 examples or more fall to each on average.  With more
            than one the search is approximate.
        n_probes (int): Lists searched for a query; None: a fifth of them.
        labels (ndarray): Integers (N,) to store; None: -1 for each.  ``DkNN``
            sets it.

    Attributes:
        collection_ (neighbors.collections.Collection): What ``fit`` filled.

    Raises:
        ArgumentError: ``n_lists`` is too small.
    """

    worth_storing = False  # the database has it
    stores_labels = True

    def __init__(self, uri=None, token='', n_lists=1, n_probes=None,
                 labels=None):
        if n_lists < 1:
            raise ArgumentError('n_lists', n_lists, 'is too small; take 1 or '
                                'more')
        self.uri = uri
        self.token = token
        self.n_lists = n_lists
        self.n_probes = n_probes
        self.labels = labels

    def _build(self):
        """Nothing beside the database."""

    def _open(self):
        N = len(self.X_)
        _check_lengths(self.X_)
        labels = (np.full(N, -1) if self.labels is None
                  else np.asarray(self.labels))
        if labels.shape != (N,):
            raise UserError(f'labels have the shape {labels.shape}, but there '
                            f'are {N} examples; give one label each')
        self.collection_ = Collection(
            self.uri, self.token,
            collection_name(self.X_, labels, self.n_lists))
        self.collection_.fill(self.X_, labels, self.n_lists)

    def _candidates(self, Q, k):
        N, D = self.X_.shape
        m = min(N, k + SPARE, MOST_HITS)
        if k > m:
            return np.full((len(Q), 1), -1)
        far = arrays.square_norms(Q) >= arrays.HUGE ** 2
        squares, candidates = self.collection_.search(
            Q, m, self.n_probes or -(-self.n_lists // 5))
        candidates[far] = -1
        if m < N:
            # D squares, each rounded or flushed to 0, and their sum
            limit = (squares[:, k - 1].astype(np.float64)
                     * (1 + (D + 8) * 2. ** -22) + D * 2. ** -126)
            candidates[squares[:, -1] <= limit] = -1
        return candidates


def _check_lengths(X):
    """Refuses what Milvus's float32 squares cannot hold: it would crash."""
    for rows in arrays.slices(len(X), arrays.BLOCK_CELLS // X.shape[1]):
        if arrays.square_norms(X[rows]).max() >= arrays.HUGE ** 2:
            raise UserError(
                f'X holds a vector longer than {arrays.HUGE:.0e} in rows '
                f'{rows.start} to {rows.stop - 1}, beyond what Milvus '
                'compares; choose exact as `index`', 'index')


def collection_name(X, labels, n_lists=1):
    """The name under which Milvus keeps a layer's activations.

    Args:
        X (ndarray): float32 (N, D).
        labels (ndarray): Integers (N,).
        n_lists (int): As for ``MilvusIndex``.

    Returns:
        str: ``dknn_`` and 32 hexadecimal digits, a digest of all three.
    """
    digest = hashlib.sha256(f'{VERSION} {X.shape} {n_lists}'.encode())
    for rows in arrays.slices(len(X), arrays.BLOCK_CELLS // X.shape[1]):
        digest.update(np.ascontiguousarray(X[rows], '<f4'))
    digest.update(np.ascontiguousarray(labels, '<i8'))
    return f'dknn_{digest.hexdigest()[:32]}'
