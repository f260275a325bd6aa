import sys
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

import exact
import neighbors
import parallel
from neighbors import INDEXES, ExactIndex, IVFIndex, LSHIndex

EXACT = ['exact', 'kdtree']
every_index = pytest.mark.parametrize('name', sorted(INDEXES))
every_exact = pytest.mark.parametrize('name', EXACT)
pytestmark = pytest.mark.filterwarnings('error')


def full_search(X, Q, k):
    """All differences in float64, sorted by (distance, index)."""
    X, Q = np.asarray(X, np.float64), np.asarray(Q, np.float64)
    distances = np.array([np.sqrt(((X - q) ** 2).sum(axis=1)) for q in Q])
    indices = np.array([np.lexsort((np.arange(len(X)), d))[:k]
                        for d in distances])
    return np.take_along_axis(distances, indices, axis=1), indices


def assert_exact(index, Q, k):
    """What ``index`` answers is the full search, to the last bit."""
    expected_distances, expected = full_search(index.X_, Q, k)
    distances, indices = index.kneighbors(Q, k)
    np.testing.assert_array_equal(indices, expected)
    np.testing.assert_array_equal(distances, expected_distances)
    np.testing.assert_array_equal(index.neighbor_sets(Q, k),
                                  np.sort(expected, axis=1))


def activations(n, seed=0, width=60):
    """As of a layer after ReLU: few directions, noise, some dead units."""
    directions = np.random.RandomState(1).randn(8, width)
    rng = np.random.RandomState(seed)
    h = rng.randn(n, 8) @ directions + .5 * rng.randn(n, width)
    h[:, :width // 4] = -1
    return np.maximum(h, 0).astype(np.float32)


# ------------------------------------------------- every index in the table

@every_index
def test_contract(name):
    X, Q, k = activations(900), activations(70, seed=2), 25
    index = INDEXES[name]()
    assert index.fit(X) is index
    assert index.X_ is X
    distances, indices = index.kneighbors(Q, k)
    assert distances.dtype == np.float64 and distances.shape == (70, k)
    assert indices.dtype == np.int64 and indices.shape == (70, k)
    assert all(len(set(row)) == k for row in indices)
    # The distances are those of the pairs, in float64
    diff = X[indices].astype(np.float64) - Q[:, None]
    np.testing.assert_array_equal(distances, np.sqrt((diff ** 2).sum(-1)))
    assert (np.diff(distances, axis=1) >= 0).all()
    np.testing.assert_array_equal(index.neighbor_sets(Q, k),
                                  np.sort(indices, axis=1))


@every_index
def test_finds_most_of_the_true_neighbours(name):
    X, Q, k = activations(3000), activations(100, seed=2), 25
    found = INDEXES[name]().fit(X).kneighbors(Q, k)[1]
    true = full_search(X, Q, k)[1]
    recall = np.mean([np.isin(a, b).mean()
                      for a, b in zip(true, found, strict=True)])
    floors = {'exact': 1, 'kdtree': 1, 'hnsw': .98, 'ivf': .95, 'lsh': .8}
    assert recall >= floors[name]


@every_index
def test_answer_depends_neither_on_batch_nor_on_threads(name, monkeypatch):
    X, Q, k = activations(1500), activations(120, seed=2), 20
    index = INDEXES[name]().fit(X)
    distances, indices = index.kneighbors(Q, k)
    sets = index.neighbor_sets(Q, k)

    def assert_same(index, rows=slice(None)):
        again = index.kneighbors(Q[rows], k)
        np.testing.assert_array_equal(again[1], indices[rows])
        np.testing.assert_array_equal(again[0], distances[rows])
        np.testing.assert_array_equal(index.neighbor_sets(Q[rows], k),
                                      sets[rows])

    for i in range(0, len(Q), 9):
        assert_same(index, slice(i, i + 1))
    assert_same(index, slice(13, 90))
    for n_threads in (1, 2):
        with threadpool_limits(n_threads):
            assert_same(index)
            assert_same(INDEXES[name]().fit(X))
    monkeypatch.setattr(exact, 'QUERIES', 7)
    assert_same(index)


def test_threads_of_blas_are_given_back():
    X = activations(300)
    index = ExactIndex().fit(X)
    with threadpool_limits(2):
        before = parallel._blas().info()
        index.kneighbors(X, 5)
        assert parallel._blas().info() == before


@every_index
def test_save_and_load(name, tmp_path):
    X, Q = activations(400), activations(30, seed=2)
    index = INDEXES[name]().fit(X)
    index.save(tmp_path / 'stored')
    loaded = INDEXES[name]().load(tmp_path / 'stored', X)
    assert loaded.X_ is X
    for a, b in zip(index.kneighbors(Q, 9), loaded.kneighbors(Q, 9),
                    strict=True):
        np.testing.assert_array_equal(a, b)
    with pytest.raises(ValueError, match=r'shape \(400, 60\), not \(399, 60'):
        INDEXES[name]().load(tmp_path / 'stored', X[1:])


@every_index
@pytest.mark.parametrize('n', [1, 2, 39, 40])
def test_few_examples_and_k_up_to_all_of_them(name, n):
    X, Q = activations(n), activations(5, seed=2)
    index = INDEXES[name]().fit(X)
    # All are found, whatever the index: so the order must be the true one
    assert_exact(index, Q, n)
    assert index.kneighbors(Q[:0], 1)[1].shape == (0, 1)


@every_index
@pytest.mark.parametrize('value', [0, 1])
def test_all_examples_the_same(name, value):
    X = np.full((300, 5), value, np.float32)
    distances, indices = INDEXES[name]().fit(X).kneighbors(
        np.array([[0] * 5, [2] * 5]), 40)
    assert all(len(set(row)) == 40 for row in indices)
    # sqrt(5 (q - value)^2)
    np.testing.assert_allclose(
        distances, np.sqrt(5 * np.square([[-value], [2 - value]])
                           * np.ones(40)), rtol=1e-15)


@every_index
def test_examples_may_be_a_read_only_memmap(name, tmp_path):
    activations(300).tofile(tmp_path / 'layer')
    X = np.memmap(tmp_path / 'layer', np.float32, 'r', shape=(300, 60))
    index = INDEXES[name]().fit(X)
    assert index.X_ is X
    expected = INDEXES[name]().fit(np.array(X)).kneighbors(X[:20], 7)
    np.testing.assert_array_equal(index.kneighbors(X[:20], 7)[1], expected[1])


@every_index
@pytest.mark.parametrize('case', [
    (4, 75, 'n_neighbors=75 but only 60 training examples; pass --neighbors '
     '60 or less'),
    (4, 0, 'n_neighbors=0, but it must be at least 1'),
    (5, 3, 'queries have width 5, but the indexed examples have 4')])
def test_errors_of_a_search(name, case):
    width, k, message = case
    index = INDEXES[name]().fit(np.eye(60, 4))
    for search in (index.kneighbors, index.neighbor_sets):
        with pytest.raises(ValueError, match=message):
            search(np.zeros((2, width)), k)


@every_index
@pytest.mark.parametrize('bad', [np.nan, np.inf, 1e39])
def test_numbers_must_be_finite(name, bad):
    X = np.ones((50, 3))
    index = INDEXES[name]().fit(X)
    X[49, 2] = bad
    for call in (index.fit, lambda Q: index.kneighbors(Q, 1)):
        with pytest.raises(ValueError, match='rows 0 to 49'):
            call(X)


@pytest.mark.parametrize('shape', [(0, 3), (3, 0), (3,), (2, 3, 4)])
def test_shapes_of_examples(shape):
    with pytest.raises(ValueError, match='^X has'):
        ExactIndex().fit(np.zeros(shape))


def test_search_before_fit():
    with pytest.raises(RuntimeError, match=r'call fit\(\) before searching'):
        ExactIndex().kneighbors(np.zeros((1, 1)), 1)


# -------------------------------------------------------- the exact indexes

@every_exact
def test_worked_by_hand(name):
    X = [[0, 0], [3, 4], [0, 5], [0, 0], [-3, -4]]
    distances, indices = INDEXES[name]().fit(X).kneighbors([[0, 0]], 4)
    # 3, 4, 5 triangles; 1, 2 and 4 are tied at 5, the last is left out
    np.testing.assert_array_equal(distances, [[0, 0, 5, 5]])
    np.testing.assert_array_equal(indices, [[0, 3, 1, 2]])


def hostile(kind, n, width, seed):
    """Examples and queries that are hard for a float32 product."""
    rng = np.random.RandomState(seed)
    X = rng.randn(n, width)
    Q = rng.randn(25, width)
    if kind == 'offset':
        return 1e4 + 1e-3 * X, 1e4 + 1e-3 * Q
    if kind == 'duplicates':
        return X[rng.randint(0, 5, n)], X[:25]
    if kind == 'half zeros':
        X[::2] = Q[::2] = 0
    if kind == 'one long':
        X[n // 2] *= 1e18
    if kind == 'far queries':
        Q *= 10. ** rng.randint(2, 30, (25, 1))
    if kind == 'constant columns':
        X[:, ::2] = 1e6
        Q[:, ::2] = 1e6 + 10. ** rng.randint(-3, 9, (25, 1))
    if kind == 'one wide column':
        X[:, 0] *= 1e6
    scale = {'huge': 1e37, 'tiny': 1e-22, 'denormal': 1e-41}.get(kind, 1)
    return X * scale, Q * scale


@every_exact
@pytest.mark.parametrize('kind', [
    'plain', 'offset', 'duplicates', 'half zeros', 'one long', 'far queries',
    'constant columns', 'one wide column', 'huge', 'tiny', 'denormal'])
def test_hostile_numbers(name, kind):
    for seed, n, width, k in [(0, 40, 1, 3), (1, 700, 5, 30),
                              (2, 1300, 120, 75)]:
        X, Q = (values.astype(np.float32)
                for values in hostile(kind, n, width, seed))
        assert_exact(INDEXES[name]().fit(X), Q, k)


def test_near_ties_that_float32_cannot_tell_apart():
    # Examples on a sphere around q: distances differ by 1e-8 or so
    rng = np.random.RandomState(0)
    q = rng.randn(1, 300).astype(np.float32)
    step = rng.randn(900, 300)
    X = (q + 5 * step / np.linalg.norm(step, axis=1, keepdims=True)
         ).astype(np.float32)
    index = ExactIndex().fit(X)
    assert_exact(index, q, 75)
    # The test can fail: the products alone give other neighbours
    squares = (X ** 2).sum(axis=1) - 2 * (X @ q[0])
    naive = np.sort(squares.argsort(kind='stable')[:75])
    assert (naive != index.neighbor_sets(q, 75)[0]).any()


@pytest.mark.parametrize('kind', ['plain', 'offset', 'half zeros',
                                  'one wide column', 'constant columns'])
def test_error_of_the_products_is_within_its_bound(kind):
    X, Q = (values.astype(np.float32)
            for values in hostile(kind, 600, 200, 3))
    index = ExactIndex().fit(X)
    order, _, block, norms = index._kept
    z = index._centred(Q)
    a = np.empty((len(Q), len(X)), np.float32)
    a[:, order] = norms - 2 * z @ block.T
    exact = np.array([((X.astype(np.float64) - q) ** 2).sum(axis=1)
                      for q in Q.astype(np.float64)])
    t = ((Q.astype(np.float64) - X[0]) ** 2)[:, index._constant].sum(axis=1)
    q = np.square(z.astype(np.float64)).sum(axis=1)
    offset = 208 * (2. ** -124 + t * 2. ** -52)
    bound = index._error(np.sqrt(q), offset, a.max(axis=1))
    error = abs(a + (q + t)[:, None] - exact).max(axis=1)
    assert (error <= bound).all()
    if kind == 'plain':  # nor is it out of all proportion
        assert (error > bound / 500).all()


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2 ** 32 - 1), n=st.integers(1, 200),
       width=st.integers(1, 4), values=st.integers(1, 4), data=st.data())
def test_grids_with_massive_ties(seed, n, width, values, data):
    k = data.draw(st.integers(1, n))
    rng = np.random.RandomState(seed)
    X = rng.randint(0, values, (n, width)).astype(np.float32)
    Q = rng.randint(-1, values + 1, (9, width)).astype(np.float32)
    for name in EXACT:
        assert_exact(INDEXES[name]().fit(X), Q, k)


@pytest.mark.parametrize('cells, block', [
    (60, 4 * 60),        # one query and four examples at a time
    (6400, 240 * 60)])   # 40 queries; of them 26 with 240 of 300 examples
@pytest.mark.parametrize('cached', [True, False])
def test_block_sizes_change_nothing(cells, block, cached, monkeypatch):
    monkeypatch.setattr(exact, 'BLOCK_CELLS', block)
    monkeypatch.setattr(exact, 'CELLS', cells)
    monkeypatch.setattr(exact, 'CACHE_BYTES', cached * 2 ** 20)
    X = activations(300)
    X[100:160] = X[40:100]
    index = ExactIndex().fit(X)
    assert (index._kept is not None) == cached
    assert_exact(index, np.concatenate([X[30:60], activations(9, 2)]), 20)


def flat(n, width=60, seed=0, noise=.5):
    """Most of the variance in one direction, not along a column."""
    rng = np.random.RandomState(seed)
    axis = np.random.RandomState(9).randn(width)
    axis /= np.linalg.norm(axis)
    return (noise * rng.randn(n, width) + 10 * rng.randn(n, 1) * axis + 3
            ).astype(np.float32)


def scanned(index, monkeypatch):
    """Counts the examples that ``index`` multiplies with each query."""
    cells = []
    scan = ExactIndex._blocks

    def counted(self, p, radius, k):
        for block in scan(self, p, radius, k):
            cells.append(len(p) * len(block[0]))
            yield block

    monkeypatch.setattr(ExactIndex, '_blocks', counted)
    return cells


def test_sorted_examples_leave_out_what_is_far(monkeypatch):
    monkeypatch.setattr(exact, 'FIRST', 100)
    monkeypatch.setattr(exact, 'GROUP_QUERIES', (64, 64))
    X, Q, k = flat(4000), flat(500, seed=1), 20
    index = ExactIndex().fit(X)
    u = index.direction_.astype(np.float64)
    centred = X.astype(np.float64) - X.mean(axis=0, dtype=np.float64)
    np.testing.assert_allclose(
        abs(u @ np.linalg.svd(centred, full_matrices=False)[2][0]), 1,
        rtol=1e-3)
    cells = scanned(index, monkeypatch)
    assert_exact(index, Q, k)
    # kneighbors and neighbor_sets; a group spans an eighth of the queries
    assert sum(cells) < 2 * len(Q) * len(X) * .5


def test_examples_that_spread_evenly_are_not_sorted(monkeypatch):
    X, Q = activations(800), activations(50, seed=2)
    index = ExactIndex().fit(X)
    assert len(index.direction_) == 0
    cells = scanned(index, monkeypatch)
    assert_exact(index, Q, 9)
    assert sum(cells) == 2 * len(Q) * len(X)


@pytest.mark.parametrize('first', [1, 7, 5000])
@pytest.mark.parametrize('k', [1, 30, 1200])
@pytest.mark.parametrize('noise', [.5, .002])  # .002: distance is |p - p'|
def test_sorted_examples_at_their_ends(first, k, noise, monkeypatch):
    """Queries beyond either end, in a gap, on an example; ties."""
    monkeypatch.setattr(exact, 'FIRST', first)
    monkeypatch.setattr(exact, 'GROUP_QUERIES', (1, 1))
    X = flat(1200, noise=noise)
    X[300:360] = X[200:260]
    axis = np.random.RandomState(9).randn(60)
    steps = np.array([-1e4, -40, 0, 17, 40, 1e4])[:, None]
    Q = np.concatenate([X[[5, 200, 300]], X.mean(axis=0) + steps * axis,
                        flat(20, seed=4, noise=noise)]).astype(np.float32)
    index = ExactIndex().fit(X)
    assert len(index.direction_) == 60
    assert_exact(index, Q, k)


def test_a_neighbour_at_the_very_end_of_the_stretch(monkeypatch):
    """As far along the direction as the others are across it."""
    monkeypatch.setattr(exact, 'FIRST', 1)
    monkeypatch.setattr(exact, 'GROUP_QUERIES', (1, 1))
    rng = np.random.RandomState(0)
    X = np.zeros((600, 60))
    X[:200, 0] = rng.uniform(-.01, .01, 200)
    across = rng.randn(200, 59)
    X[:200, 1:] = 5 * across / np.linalg.norm(across, axis=1, keepdims=True)
    X[200:, 0] = 4.999 * np.sign(rng.randn(400)) * rng.uniform(1, 9, 400)
    X[200:202, 0] = 4.999, -4.999
    index = ExactIndex().fit(X)
    assert abs(index.direction_[0]) > .99
    q = np.zeros((1, 60), np.float32)
    assert set(index.neighbor_sets(q, 2)[0]) == {200, 201}
    assert_exact(index, q, 2)


def test_many_examples_are_sorted_along_a_weaker_direction(monkeypatch):
    X, Q = activations(900), activations(30, seed=2)
    assert not ExactIndex().fit(X)._is_sorted
    monkeypatch.setattr(exact, 'SHARES', ((900, 1), (np.inf, .1)))
    index = ExactIndex().fit(X)
    assert index._is_sorted
    assert_exact(index, Q, 9)
    assert index._group_size(1000) == 256
    monkeypatch.setattr(exact, 'CELLS', 100 * len(X))
    assert index._group_size(1000) == 100
    monkeypatch.setattr(exact, 'CELLS', len(X))
    assert index._group_size(1000) == 64


def test_products_with_the_direction_are_within_their_slack():
    X, Q = flat(800), flat(50, seed=3)
    index = ExactIndex().fit(X)
    z, x = index._centred(Q), index._kept.centred
    gap = abs((z @ index.direction_).astype(np.float64)[:, None]
              - index._kept.positions)
    exact_gap = np.linalg.norm(
        Q.astype(np.float64)[:, None] - X[index._kept.order], axis=2)
    norm = np.linalg.norm(z.astype(np.float64), axis=1)
    slack = (2 * x.shape[1] + 32) * 2. ** -24 * (norm + index._radius)
    assert (gap <= exact_gap + slack[:, None]).all()


def test_few_varying_columns_take_little_memory():
    X = np.zeros((60_000, 300), np.float32)
    X[:, :4] = np.random.RandomState(0).randn(60_000, 4)
    tracemalloc.start()
    try:
        ExactIndex().fit(X)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < X.nbytes / 2


def test_any_direction_gives_the_same_neighbours():
    """It saves work only: here it is the one of least variance."""
    X, Q = flat(900), flat(40, seed=2)
    index = ExactIndex().fit(X)
    u = np.linalg.svd(X - X.mean(axis=0), full_matrices=False)[2][-1]
    index.direction_ = u.astype(np.float32)
    index._open()
    assert_exact(index, Q, 15)


def test_many_ties_take_bounded_memory(monkeypatch):
    # 200 x 30,000 tied pairs; the float64 differences would take 2.9 GB
    X = np.zeros((30_000, 60), np.float32)
    X[7] = 1
    compared = []
    monkeypatch.setattr(
        ExactIndex, '_compare_all',
        lambda self, Q, k: compared.append(len(Q)) or (0., np.arange(k)))
    index = ExactIndex().fit(X)
    tracemalloc.start()
    try:
        index.kneighbors(np.zeros((200, 60), np.float32), 75)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert sum(compared) == 200
    assert peak < 150e6


def test_full_search_takes_bounded_memory():
    X = np.zeros((100_000, 60), np.float32)
    X[7] = 1
    index = ExactIndex().fit(X)
    tracemalloc.start()
    try:
        assert_exact(index, np.zeros((2, 60), np.float32), 75)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 200e6  # of which the full search of this test: 100e6


def test_sets_need_few_exact_distances(monkeypatch):
    pairs = []
    distances = exact._distances

    def counted(Q, row, X, col):
        pairs.append(len(row))
        return distances(Q, row, X, col)

    index = ExactIndex().fit(activations(5000, width=300))
    monkeypatch.setattr(exact, '_distances', counted)
    index.neighbor_sets(activations(100, seed=2, width=300), 75)
    assert sum(pairs) < 100 * 5  # of 100 * 75 neighbours


def test_kdtree_asks_the_exact_search_only_for_ties(monkeypatch):
    asked = []
    search = neighbors.KDTreeIndex._exact
    monkeypatch.setattr(
        neighbors.KDTreeIndex, '_exact',
        lambda self, Q, k: asked.append(len(Q)) or search(self, Q, k))
    X = activations(500)
    index = INDEXES['kdtree']().fit(X)
    index.kneighbors(X[:50], 5)
    assert not asked
    X = np.concatenate([X, np.repeat(X[:1], 30, axis=0)])  # 31 equal ones
    assert_exact(index.fit(X), X[:50], 5)
    assert asked == [1, 1]


# -------------------------------------------------- the approximate indexes

@pytest.mark.parametrize('name', ['hnsw', 'ivf', 'lsh'])
def test_missing_neighbours_are_found_exactly(name, monkeypatch):
    X, Q = activations(300), activations(20, seed=2)
    index = INDEXES[name]().fit(X)
    complete = index.kneighbors(Q, 10)
    candidates = type(index)._candidates

    def some_missing(self, Q, k):
        found = candidates(self, Q, k)
        found[::2, 3:] = -1
        return found

    monkeypatch.setattr(type(index), '_candidates', some_missing)
    distances, indices = index.kneighbors(Q, 10)
    true = full_search(X, Q, 10)
    np.testing.assert_array_equal(indices[::2], true[1][::2])
    np.testing.assert_array_equal(distances[::2], true[0][::2])
    np.testing.assert_array_equal(indices[1::2], complete[1][1::2])


def test_lsh_buckets_without_neighbours():
    # With 62 bits hardly anything shares a bucket
    X, Q = activations(300), activations(20, seed=2)
    assert_exact(LSHIndex(n_bits=62, n_tables=1).fit(X), Q, 10)


def test_lsh_agrees_with_nearpy():
    hashes = pytest.importorskip('nearpy.hashes')
    X, Q = activations(300), activations(20, seed=2)
    index = LSHIndex(n_bits=5, n_tables=3, seed=11).fit(X)
    mean = X.mean(axis=0, dtype=np.float64)
    shares = np.zeros((20, 300), bool)
    for table in range(3):
        hashing = hashes.RandomBinaryProjections('', 5, rand_seed=11 + table)
        hashing.reset(60)
        bucket, = np.array([hashing.hash_vector(x - mean) for x in X]).T
        asked, = np.array([hashing.hash_vector(q - mean) for q in Q]).T
        shares |= asked[:, None] == bucket
    for row, candidates in zip(shares, index._candidates(Q, 10), strict=True):
        np.testing.assert_array_equal(candidates[candidates >= 0],
                                      np.flatnonzero(row))


def test_seeds_choose_the_approximation():
    X, Q = activations(2000), activations(50, seed=2)
    for make in (LSHIndex, IVFIndex):
        first, same, other = (
            make(seed=seed).fit(X)._candidates(Q, 20) for seed in (0, 0, 1))
        np.testing.assert_array_equal(first, same)
        assert first.shape != other.shape or (first != other).any()


@pytest.mark.parametrize('options', [{'n_bits': 0}, {'n_bits': 63},
                                     {'n_tables': 0}])
def test_lsh_options(options):
    with pytest.raises(ValueError, match='lsh takes 1 to 62 bits'):
        LSHIndex(**options)


@pytest.mark.parametrize('case', [
    ('lsh', 'nearpy.hashes', 'NearPy==1.0.0'), ('hnsw', 'faiss', 'faiss-cpu'),
    ('ivf', 'faiss', 'faiss-cpu')])
def test_missing_packages_are_named(case, monkeypatch):
    name, module, package = case
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=f'pip install {package}'):
        INDEXES[name]().fit(activations(10))
