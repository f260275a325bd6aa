"""Candidates are ranked; what they lack is searched for exactly."""
import threading
import time

import brute_force
import numpy as np
import pytest
from indexed import activations, hostile

from neighbors import INDEXES, HNSWIndex, arrays, candidates

pytestmark = pytest.mark.filterwarnings('error')


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
    true = brute_force.neighbors(X, Q, 10)
    np.testing.assert_array_equal(indices[::2], true[1][::2])
    np.testing.assert_array_equal(distances[::2], true[0][::2])
    np.testing.assert_array_equal(indices[1::2], complete[1][1::2])


@pytest.mark.parametrize('kind', [
    'plain', 'offset', 'duplicates', 'half zeros', 'one long', 'far queries',
    'constant columns', 'one wide column', 'huge', 'tiny', 'denormal'])
@pytest.mark.parametrize('k', [1, 7, 60])
def test_sets_are_those_of_the_ranked_neighbours(kind, k, monkeypatch):
    """Whatever float32 leaves open, with all candidates and with some."""
    X, Q = (values.astype(np.float32) for values in hostile(kind, 90, 9, 3))
    index = HNSWIndex().fit(X)
    rng = np.random.RandomState(0)
    for width in (90, 70):
        proposed = np.stack([rng.permutation(90)[:width] for _ in Q])
        monkeypatch.setattr(index, '_candidates',
                            lambda Q, k, proposed=proposed: proposed)
        with np.errstate(over='ignore'):
            np.testing.assert_array_equal(
                index._nearest_sets(Q, k).reshape(len(Q), k),
                np.sort(index._nearest(Q, k)[1], axis=1))


def test_float32_decides_nearly_all(monkeypatch):
    X, Q = activations(2000), activations(40, seed=2)
    index, looked_at = HNSWIndex().fit(X), []
    distances = arrays.distances

    def counted(Q, row, X, col):
        looked_at.append(len(row))
        return distances(Q, row, X, col)

    monkeypatch.setattr(arrays, 'distances', counted)
    index.neighbor_sets(Q, 50)
    assert sum(looked_at) < 40 * 3  # of more than 40 x 66


@pytest.mark.parametrize('kind', ['plain', 'offset', 'huge', 'tiny',
                                  'denormal', 'one long'])
def test_bounds_of_squares(kind):
    X, Q = (values.astype(np.float32) for values in hostile(kind, 60, 9, 4))
    row, col = np.divmod(np.arange(len(Q) * 60), 60)
    low, high = arrays.square_bounds(Q, row, X, col)
    squares = ((Q[row].astype(np.longdouble) - X[col]) ** 2).sum(axis=1)
    assert (low <= squares).all() and (squares <= high).all()
    if kind in ('plain', 'offset'):
        assert (high - low <= 1e-5 * squares + 1e-30).all()


@pytest.mark.parametrize('through', ['_exact', 'kneighbors'])
def test_two_threads_share_one_fallback(through, monkeypatch):
    """A slow fit leaves the second thread time to begin another."""
    X, Q = activations(300), activations(20, seed=2)
    index = HNSWIndex().fit(X)
    fits, found = [], {}
    fit = candidates.ExactIndex.fit

    def slow(self, X):
        fits.append(threading.get_ident())
        time.sleep(.3)
        return fit(self, X)

    monkeypatch.setattr(candidates.ExactIndex, 'fit', slow)
    monkeypatch.setattr(HNSWIndex, '_candidates',
                        lambda self, Q, k: np.full((len(Q), k), -1))
    together = threading.Barrier(2, timeout=20)

    def ask(rows):
        together.wait()
        found[rows.start] = getattr(index, through)(Q[rows], 10)

    threads = [threading.Thread(target=ask, args=[rows])
               for rows in (slice(0, 10), slice(10, 20))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(fits) == 1
    true = brute_force.neighbors(X, Q, 10)
    for part, expected in enumerate(true):
        np.testing.assert_array_equal(
            np.concatenate([found[0][part], found[10][part]]), expected)


def test_a_new_fit_forgets_the_fallback(monkeypatch):
    monkeypatch.setattr(HNSWIndex, '_candidates',
                        lambda self, Q, k: np.full((len(Q), k), -1))
    Q, index = activations(20, seed=2), HNSWIndex()
    for X in (activations(300), activations(200, seed=3)):
        np.testing.assert_array_equal(
            index.fit(X).kneighbors(Q, 5)[1],
            brute_force.neighbors(X, Q, 5)[1])
