"""The exact indexes answer like a full search, and cheaply."""
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from indexed import EXACT, activations, assert_exact, every_exact, hostile

from neighbors import INDEXES, ExactIndex, arrays, products

pytestmark = pytest.mark.filterwarnings('error')


@every_exact
def test_worked_by_hand(name):
    X = [[0, 0], [3, 4], [0, 5], [0, 0], [-3, -4]]
    distances, indices = INDEXES[name]().fit(X).kneighbors([[0, 0]], 4)
    # 3, 4, 5 triangles; 1, 2 and 4 are tied at 5, the last is left out
    np.testing.assert_array_equal(distances, [[0, 0, 5, 5]])
    np.testing.assert_array_equal(indices, [[0, 3, 1, 2]])


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
    monkeypatch.setattr(arrays, 'BLOCK_CELLS', block)
    monkeypatch.setattr(arrays, 'CELLS', cells)
    monkeypatch.setattr(products, 'CACHE_BYTES', cached * 2 ** 20)
    X = activations(300)
    X[100:160] = X[40:100]
    index = ExactIndex().fit(X)
    assert isinstance(index.products_.examples.centred, np.ndarray) == cached
    assert_exact(index, np.concatenate([X[30:60], activations(9, 2)]), 20)


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
    distances = arrays.distances

    def counted(Q, row, X, col):
        pairs.append(len(row))
        return distances(Q, row, X, col)

    index = ExactIndex().fit(activations(5000, width=300))
    monkeypatch.setattr(arrays, 'distances', counted)
    index.neighbor_sets(activations(100, seed=2, width=300), 75)
    assert sum(pairs) < 100 * 5  # of 100 * 75 neighbours
