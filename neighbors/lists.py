"""The indexes that faiss builds: ``hnsw`` and ``ivf``.

Both are filled block by block, so that the examples may be a file larger than
memory; only faiss's own structure is kept.  N examples of width D, of which
faiss sees d components.
"""
import contextlib
import math

import numpy as np

import parallel
from errors import ArgumentError
from neighbors import components
from neighbors.candidates import SPARE, CandidateIndex, require
from neighbors.exact import ExactIndex

POINTS = 39         # examples a centroid that train k-means
ROUNDS = 10         # of k-means
LISTS = 4           # as many centroids as so many times the root of N
CODE_BITS = 8       # of a number of a code: 256 centroids of its own
# Examples ranked exactly for a neighbour, beyond one: where components lack
# all of the distances, and where they are found by their codes
LOST_SPARE = 10
CODE_SPARE = 5
# Lists searched are so many times the square root of their number
PROBES = 6


class _FaissIndex(CandidateIndex):
    """What ``hnsw`` and ``ivf`` share.

    faiss sees the principal components of the examples (``components``), and
    whole examples rank what it finds.  An index is built on one thread: the
    same examples always give the same.
    """

    is_approximate = True

    def __init__(self, pca, n_ranked, seed):
        _at_least(pca=(pca, 1), n_ranked=(n_ranked, 1), seed=(seed, 0))
        self.pca = pca
        self.n_ranked = n_ranked
        self.seed = seed

    def _build(self):
        faiss = _faiss()
        with _one_thread(faiss):
            self._components = components.fit(
                self.X_, self.pca, self._n_groups(), self.seed)
            self._index = self._empty(faiss)
            for block in components.blocks(self.X_):
                self._index.add(self._components.of_examples(block))

    def _empty(self, faiss):
        """faiss's index of components, trained if need be, still empty."""
        raise NotImplementedError

    def _n_groups(self):
        """Groups that the components fall into, at most; None for none."""

    def _n_candidates(self, k):
        """Examples of a query that are ranked."""
        usual = math.ceil(k * (1 + self._spare())) + SPARE
        return min(len(self.X_), max(k, self.n_ranked or usual))

    def _spare(self):
        """Examples ranked for a neighbour, beyond one."""
        return LOST_SPARE * (1 - self._components.share)

    def save(self, path):
        found = self._components
        with open(path, 'wb') as stream:
            np.savez(stream, shape=self.X_.shape, matrix=found.matrix,
                     offset=found.offset, share=found.share,
                     index=_faiss().serialize_index(self._index))

    def _read(self, path):
        with open(path, 'rb') as stream, np.load(stream) as stored:
            self._components = components.Components(
                stored['matrix'], stored['offset'], stored['share'])
            self._index = _faiss().deserialize_index(stored['index'])
            return stored['shape']


class HNSWIndex(_FaissIndex):
    """faiss's graph of navigable small worlds (Malkov, Yashunin 2018).

    Args:
        n_links (int): Links of an example in a layer of the graph, 2 or more.
        ef_construction (int): Length of the queue while building, 1 or more.
        ef_search (int): Length of the queue while searching, 1 or more;
            None: 3 k, but at least 64 and as many as are ranked.
        pca (int): Principal components that are kept, 1 or more, at most D
            are; None: the fewest that have 0.95 of the squared distances
            between neighbours in a sample, from 16 to 128.
        n_ranked (int): Candidates of a query that are ranked, at least k
            are; None: 16 more than k, and 10 k times the share of squared
            distances between neighbours that the components lack.
        seed (int): Seed of the sample for the components.

    Raises:
        ArgumentError: An option is not as above.
    """

    search_options = 'ef_search', 'n_ranked'

    def __init__(self, n_links=32, ef_construction=80, ef_search=None,
                 pca=None, n_ranked=None, seed=0):
        super().__init__(pca, n_ranked, seed)
        _at_least(n_links=(n_links, 2), ef_construction=(ef_construction, 1),
                  ef_search=(ef_search, 1))
        self.n_links = n_links
        self.ef_construction = ef_construction
        self.ef_search = ef_search

    def _empty(self, faiss):
        index = faiss.IndexHNSWFlat(len(self._components.matrix),
                                    self.n_links)
        index.hnsw.efConstruction = self.ef_construction
        return index

    def _candidates(self, Q, k):
        m = self._n_candidates(k)
        parameters = _faiss().SearchParametersHNSW(
            efSearch=max(self.ef_search or max(3 * k, 64), m))
        return self._index.search(self._components.of_queries(Q), m,
                                  params=parameters)[1]


class IVFIndex(_FaissIndex):
    """faiss's inverted lists: the examples nearest to each of some centroids.

    With ``pq`` a list holds codes in place of the components of its
    examples: product quantisation (Jegou, Douze, Schmid 2011) of what is left
    of them without their centroid, a byte for each of ``pq`` groups of
    components.

    Args:
        n_lists (int): Number of centroids, 1 or more; None: four times the
            square root of N, or fewer, so that 39 examples or more fall to
            each on average.
        n_probes (int): Lists searched for a query, 1 or more; None: six
            times the square root of ``n_lists``.
        pq (int): Bytes of a code, 1 or more, at most one a component is used;
            None for copies of the components.
        pca (int): Components, as for ``HNSWIndex``.
        n_ranked (int): As for ``HNSWIndex``, but with ``pq`` 5 k more.
        seed (int): Seed of the samples for components and for k-means, and
            of k-means.

    Raises:
        ArgumentError: An option is not as above.
    """

    search_options = 'n_probes', 'n_ranked'

    def __init__(self, n_lists=None, n_probes=None, pq=None, pca=None,
                 n_ranked=None, seed=0):
        super().__init__(pca, n_ranked, seed)
        _at_least(n_lists=(n_lists, 1), n_probes=(n_probes, 1), pq=(pq, 1))
        self.n_lists = n_lists
        self.n_probes = n_probes
        self.pq = pq

    def _n_groups(self):
        return self.pq

    def _empty(self, faiss):
        N, d = len(self.X_), len(self._components.matrix)
        n_lists = min(N, self.n_lists or usual_lists(N))
        centroids = faiss.IndexFlatL2(d)
        if self.pq is None:
            index = faiss.IndexIVFFlat(centroids, d, n_lists)
        else:
            index = faiss.IndexIVFPQ(
                centroids, d, n_lists,
                d // components.group_width(d, self.pq), CODE_BITS)
            _prepare(index.pq.cp, self.seed)
        _prepare(index.cp, self.seed)
        index.train(self._sample(n_lists))
        return index

    def _sample(self, n_lists):
        """Components of examples to train with, float32 (n, d)."""
        wanted = POINTS * n_lists
        if self.pq is not None:
            wanted = max(wanted, POINTS << CODE_BITS)
        found = np.concatenate([
            self._components.of_examples(block) for block in
            components.sample_blocks(self.X_, wanted, self.seed)])
        if self.pq is None or len(self.X_) >= 1 << CODE_BITS:
            return found
        # faiss asks for as many examples as a byte has values
        return np.resize(found, (1 << CODE_BITS, found.shape[1]))

    def _open(self):
        n_lists = self._index.nlist
        usual = round(PROBES * n_lists ** .5)
        self._index.nprobe = min(n_lists, self.n_probes or usual)
        # faiss's own choice of lists may depend on the batch
        self._centroids = ExactIndex().fit(
            self._index.quantizer.reconstruct_n(0, n_lists))

    def _spare(self):
        return super()._spare() + (0 if self.pq is None else CODE_SPARE)

    def _candidates(self, Q, k):
        z = self._components.of_queries(Q)
        squares, lists = self._nearest_lists(z, self._index.nprobe)
        return self._index.search_preassigned(z, self._n_candidates(k), lists,
                                              squares)[1]

    def _nearest_lists(self, z, n):
        """Squared distances to the centroids, float32 (B, n), and numbers.

        Only codes add up to squared distances from those given.
        """
        if self.pq is None:
            lists = self._centroids.neighbor_sets(z, n)
            return np.zeros(lists.shape, np.float32), lists
        distances, lists = self._centroids.kneighbors(z, n)
        with np.errstate(over='ignore'):
            return (distances * distances).astype(np.float32), lists


def usual_lists(n_examples):
    """Number of inverted lists, unless one is given.

    Args:
        n_examples (int): N >= 1.

    Returns:
        int: At least 1.
    """
    return max(1, min(round(LISTS * n_examples ** .5), n_examples // POINTS))


def _at_least(**options):
    """Refuses options that are smaller than they can be."""
    for name, (value, least) in options.items():
        if value is not None and value < least:
            raise ArgumentError(name, value, f'is too small; take {least} or '
                                'more')


def _faiss():
    return require('faiss', 'faiss-cpu')


def _prepare(clustering, seed):
    clustering.seed = seed
    clustering.niter = ROUNDS
    clustering.min_points_per_centroid = 1


@contextlib.contextmanager
def _one_thread(faiss):
    n_threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        with parallel.one_thread():
            yield
    finally:
        faiss.omp_set_num_threads(n_threads)
