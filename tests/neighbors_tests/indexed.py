"""Examples, queries and checks that the tests of the indexes share."""
import brute_force
import numpy as np
import pytest

from neighbors import INDEXES, collections

EXACT = ['exact', 'kdtree']
every_index = pytest.mark.parametrize('name', sorted(INDEXES))
every_exact = pytest.mark.parametrize('name', EXACT)


def assert_exact(index, Q, k):
    """What ``index`` answers is the full search, to the last bit."""
    expected_distances, expected = brute_force.neighbors(index.X_, Q, k)
    distances, indices = index.kneighbors(Q, k)
    np.testing.assert_array_equal(indices, expected)
    np.testing.assert_array_equal(distances, expected_distances)
    np.testing.assert_array_equal(index.neighbor_sets(Q, k),
                                  np.sort(expected, axis=1))


def exact_searches(monkeypatch, kind):
    """A list that gets the number of queries of each exact search.

    ``kind`` is the class of an index with candidates.
    """
    asked, search = [], kind._exact
    monkeypatch.setattr(
        kind, '_exact',
        lambda self, Q, k: asked.append(len(Q)) or search(self, Q, k))
    return asked


def activations(n, seed=0, width=60):
    """As of a layer after ReLU: few directions, noise, some dead units."""
    directions = np.random.RandomState(1).randn(8, width)
    rng = np.random.RandomState(seed)
    h = rng.randn(n, 8) @ directions + .5 * rng.randn(n, width)
    h[:, :width // 4] = -1
    return np.maximum(h, 0).astype(np.float32)


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


def flat(n, width=60, seed=0, noise=.5):
    """Most of the variance in one direction, not along a column."""
    rng = np.random.RandomState(seed)
    axis = np.random.RandomState(9).randn(width)
    axis /= np.linalg.norm(axis)
    return (noise * rng.randn(n, width) + 10 * rng.randn(n, 1) * axis + 3
            ).astype(np.float32)


def forget(uri):
    """Ends the embedded engine of a file, as the end of a process would."""
    from milvus_lite.server_manager import server_manager_instance
    collections._connect.cache_clear()
    server_manager_instance.release_server(uri)
