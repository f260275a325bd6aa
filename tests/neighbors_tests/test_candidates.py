"""Candidates are ranked; what they lack is searched for exactly."""
import threading
import time

import brute_force
import numpy as np
import pytest
from indexed import activations

from neighbors import INDEXES, HNSWIndex, candidates

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
