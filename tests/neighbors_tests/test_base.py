"""What every index in the table does."""
import brute_force
import numpy as np
import pytest
from indexed import activations, assert_exact, every_index
from threadpoolctl import threadpool_limits

import parallel
from errors import ArgumentError, UserError
from neighbors import INDEXES, ExactIndex, base

pytestmark = pytest.mark.filterwarnings('error')


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
    true = brute_force.neighbors(X, Q, k)[1]
    recall = np.mean([np.isin(a, b).mean()
                      for a, b in zip(true, found, strict=True)])
    floors = {'exact': 1, 'kdtree': 1, 'milvus': 1, 'hnsw': .98, 'ivf': .95,
              'lsh': .8}
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
    monkeypatch.setattr(base, 'QUERIES', 7)
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
    (4, 75, ArgumentError, 'n_neighbors=75 exceeds the 60 training examples; '
     'take 60 or fewer'),
    (4, 0, ArgumentError, 'n_neighbors=0 is too small; take 1 or more'),
    (5, 3, UserError, 'queries have width 5, but the indexed examples '
     'have 4')])
def test_errors_of_a_search(name, case):
    width, k, error, message = case
    index = INDEXES[name]().fit(np.eye(60, 4))
    for search in (index.kneighbors, index.neighbor_sets):
        with pytest.raises(error, match=message):
            search(np.zeros((2, width)), k)


@every_index
@pytest.mark.parametrize('bad', [np.nan, np.inf, 1e39])
def test_numbers_must_be_finite(name, bad):
    X = np.ones((50, 3))
    index = INDEXES[name]().fit(X)
    X[49, 2] = bad
    for call in (index.fit, lambda Q: index.kneighbors(Q, 1)):
        with pytest.raises(ValueError, match='in row 49,'):
            call(X)


@pytest.mark.parametrize('shape', [(0, 3), (3, 0), (3,), (2, 3, 4)])
def test_shapes_of_examples(shape):
    with pytest.raises(ValueError, match='^X has'):
        ExactIndex().fit(np.zeros(shape))


def test_search_before_fit():
    with pytest.raises(RuntimeError, match=r'call fit\(\) before searching'):
        ExactIndex().kneighbors(np.zeros((1, 1)), 1)
