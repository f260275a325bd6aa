"""The indexes that faiss builds: ``hnsw`` and ``ivf``.

Both are filled block by block, so that the examples may be a file larger than
memory; only faiss's own structure is kept.  N examples of width D.
"""
import contextlib

import numpy as np

from errors import ArgumentError
from neighbors import arrays, reading
from neighbors.candidates import SPARE, CandidateIndex, require
from neighbors.exact import ExactIndex

POINTS = 64         # examples a centroid that train k-means, about
CODE_BITS = 8       # of a number of a code: 256 centroids of its own
CODE_POINTS = 39    # examples that train one of those, about
# Examples ranked exactly for a neighbour, where they are found by their codes
CODE_SPARE = 6
# Lists searched are so many times the square root of their number
PROBES = 6


class _FaissIndex(CandidateIndex):
    """What ``hnsw`` and ``ivf`` share.

    They are built on one thread: the same examples always give the same
    index.
    """

    is_approximate = True

    def _build(self):
        faiss = _faiss()
        N, D = self.X_.shape
        with _one_thread(faiss):
            self._index = self._empty(faiss)
            for rows in arrays.slices(N, arrays.BLOCK_CELLS // D):
                self._index.add(self._padded(self.X_[rows]))
                reading.release(self.X_)

    def _empty(self, faiss):
        """faiss's index, trained if need be, without examples."""
        raise NotImplementedError

    def _padded(self, values):
        """Float32 (n, D) as faiss takes them, perhaps with more columns."""
        return np.ascontiguousarray(values)

    def save(self, path):
        # faiss itself raises no OSError, and prints to standard error
        content = _faiss().serialize_index(self._index)
        with open(path, 'wb') as stream:
            stream.write(content)

    def _read(self, path):
        self._index = _faiss().read_index(str(path))
        return self._index.ntotal, self._index.d


class HNSWIndex(_FaissIndex):
    """faiss's graph of navigable small worlds (Malkov, Yashunin 2018).

    It keeps all examples in memory.

    Args:
        n_links (int): Links of an example in a layer of the graph, 2 or more.
        ef_construction (int): Length of the queue while building, 1 or more.
        ef_search (int): Length of the queue while searching, 1 or more;
            None: 4 k, but at least 64 and the square root of N.

    Raises:
        ArgumentError: An option is not as above.
    """

    search_options = 'ef_search',

    def __init__(self, n_links=32, ef_construction=80, ef_search=None):
        _at_least(n_links=(n_links, 2), ef_construction=(ef_construction, 1),
                  ef_search=(ef_search, 1))
        self.n_links = n_links
        self.ef_construction = ef_construction
        self.ef_search = ef_search

    def _empty(self, faiss):
        index = faiss.IndexHNSWFlat(self.X_.shape[1], self.n_links)
        index.hnsw.efConstruction = self.ef_construction
        return index

    def _candidates(self, Q, k):
        N = len(self.X_)
        m = min(N, k + SPARE)
        length = self.ef_search or max(4 * k, 64, int(N ** .5))
        parameters = _faiss().SearchParametersHNSW(efSearch=max(length, m))
        return self._index.search(np.ascontiguousarray(Q), m,
                                  params=parameters)[1]


class IVFIndex(_FaissIndex):
    """faiss's inverted lists: the examples nearest to each of some centroids.

    With ``pq`` a list holds codes of its examples in place of copies: product
    quantisation (Jegou, Douze, Schmid 2011) of what is left of an example
    without its centroid, a byte for each of ``pq`` groups of columns.  What
    the codes propose is ranked by the examples themselves, as always.

    Args:
        n_lists (int): Number of centroids, 1 or more; None: the square root
            of N, or fewer, so that 39 examples or more fall to each on
            average.
        n_probes (int): Lists searched for a query, 1 or more; None: six
            times the square root of ``n_lists``.
        pq (int): Bytes of a code, 1 or more, at most D are used; None for
            copies of the examples.
        n_ranked (int): Candidates of a query that are ranked, at least k
            are; None: with ``pq`` six a neighbour, else 16 more than k.
        seed (int): Seed of the sample for k-means, and of k-means.

    Raises:
        ArgumentError: An option is not as above.
    """

    search_options = 'n_probes', 'n_ranked'

    def __init__(self, n_lists=None, n_probes=None, pq=None, n_ranked=None,
                 seed=0):
        _at_least(n_lists=(n_lists, 1), n_probes=(n_probes, 1), pq=(pq, 1),
                  n_ranked=(n_ranked, 1), seed=(seed, 0))
        self.n_lists = n_lists
        self.n_probes = n_probes
        self.pq = pq
        self.n_ranked = n_ranked
        self.seed = seed

    def _empty(self, faiss):
        N, D = self.X_.shape
        n_lists = min(N, self.n_lists or max(1, min(round(N ** .5),
                                                    N // 39)))
        width = D + self._n_added()
        centroids = faiss.IndexFlatL2(width)
        if self.pq is None:
            index = faiss.IndexIVFFlat(centroids, width, n_lists)
        else:
            index = faiss.IndexIVFPQ(centroids, width, n_lists,
                                     min(self.pq, D), CODE_BITS)
            _without_warning(index.pq.cp, self.seed)
        _without_warning(index.cp, self.seed)
        index.train(self._padded(self._sample(n_lists)))
        return index

    def _sample(self, n_lists):
        """Examples to train with, float32 (n, D), in their order."""
        N = len(self.X_)
        wanted = POINTS * n_lists
        if self.pq is not None:
            wanted = max(wanted, CODE_POINTS << CODE_BITS)
        order = np.random.RandomState(self.seed).permutation(N)
        found = self.X_[np.sort(order[:wanted])]
        reading.release(self.X_)
        if self.pq is None or N >= 1 << CODE_BITS:
            return found
        # faiss asks for as many examples as a byte has values
        return np.resize(found, (1 << CODE_BITS, found.shape[1]))

    def _n_added(self):
        """Columns of zeros that let all groups have one width."""
        return 0 if self.pq is None else -self.X_.shape[1] % min(
            self.pq, self.X_.shape[1])

    def _padded(self, values):
        return np.ascontiguousarray(np.pad(
            values, [(0, 0), (0, self._n_added())]))

    def _read(self, path):
        n, width = super()._read(path)
        return n, width - self._n_added()

    def _open(self):
        n_lists = self._index.nlist
        usual = round(PROBES * n_lists ** .5)
        self._index.nprobe = min(n_lists, self.n_probes or usual)
        # faiss's own choice of lists may depend on the batch
        self._centroids = ExactIndex().fit(
            self._index.quantizer.reconstruct_n(0, n_lists))

    def _n_candidates(self, k):
        usual = k + SPARE if self.pq is None else CODE_SPARE * k + SPARE
        return min(len(self.X_), max(k, self.n_ranked or usual))

    def _candidates(self, Q, k):
        Q = self._padded(Q)
        distances, lists = self._centroids.kneighbors(Q, self._index.nprobe)
        # Codes add up to squared distances from the squares given
        with np.errstate(over='ignore'):
            squares = (distances * distances).astype(np.float32)
        return self._index.search_preassigned(Q, self._n_candidates(k), lists,
                                              squares)[1]


def _at_least(**options):
    """Refuses options that are smaller than they can be."""
    for name, (value, least) in options.items():
        if value is not None and value < least:
            raise ArgumentError(name, value, f'is too small; take {least} or '
                                'more')


def _faiss():
    return require('faiss', 'faiss-cpu')


def _without_warning(clustering, seed):
    clustering.seed = seed
    clustering.min_points_per_centroid = 1


@contextlib.contextmanager
def _one_thread(faiss):
    n_threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(n_threads)
