"""Principal components that an index keeps, and how many."""
import brute_force
import numpy as np
import pytest
from indexed import activations

from neighbors import HNSWIndex, components

pytestmark = pytest.mark.filterwarnings('error')


def test_by_hand():
    """Ten times as far apart along (3, 4) / 5 as along (4, -3) / 5.

    Pairs are at +-1 along the second, at 0, 10, 20, ... along the first: the
    near one of a pair differs along the second only.
    """
    first, second = np.array([3, 4]) / 5, np.array([4, -3]) / 5
    X = np.array([10 * i * first + sign * second + 7
                  for i in range(20) for sign in (-1, 1)], np.float32)
    found = components.fit(X, 1, None, seed=0)
    np.testing.assert_allclose(abs(found.matrix @ first), [1], rtol=1e-6)
    np.testing.assert_allclose(found.of_examples(X).mean(axis=0), [0],
                               atol=1e-4)
    whole = components.fit(X, 2, None, seed=0)
    np.testing.assert_allclose(whole.matrix @ whole.matrix.T, np.eye(2),
                               atol=1e-6)
    assert whole.share == 1


def test_share_is_that_of_neighbours(monkeypatch):
    """One neighbour each: the other of a pair, 0 of whose distance is kept.

    All of the variance would be 0.999.
    """
    monkeypatch.setattr(components, 'NEAR', (256, 1))
    X = np.array([[100. * i, sign] for i in range(20) for sign in (0, 1)])
    assert components.fit(X.astype(np.float32), 1, None, 0).share < 1e-6


def test_as_many_as_the_share_needs(monkeypatch):
    X = activations(900)
    shares = [components.fit(X, d, None, 0).share for d in range(1, 61)]
    assert (np.diff(shares) > -1e-12).all() and shares[-1] == 1  # rounding
    for share in (.5, .9, .95):
        monkeypatch.setattr(components, 'SHARE', share)
        d = len(components.fit(X, None, None, 0).matrix)
        assert d % 8 == 0 and 16 <= d <= 60
        assert shares[d - 1] >= share and (
            d == 16 or shares[d - 9] < share)
    monkeypatch.setattr(components, 'MOST', 24)
    assert len(components.fit(X, None, None, 0).matrix) == 24


# 7 groups of 3, 10 of 2, 20 of 1, 2 of 10
@pytest.mark.parametrize('n_groups, expected', [
    (None, 20), (7, 21), (12, 20), (32, 20), (2, 20)])
def test_filled_up_with_zeros(n_groups, expected):
    found = components.fit(activations(300), 20, n_groups, 0)
    assert found.matrix.shape == (expected, 60)
    assert not found.matrix[20:].any() and not found.offset[20:].any()


def test_a_query_is_computed_by_itself():
    X, Q = activations(300), activations(70, seed=2)
    found = components.fit(X, 30, None, 0)
    z = found.of_queries(Q)
    np.testing.assert_allclose(z, found.of_examples(Q), atol=1e-4)
    for rows in (slice(0, 1), slice(3, 20), slice(69, 70)):
        np.testing.assert_array_equal(found.of_queries(Q[rows]), z[rows])


@pytest.mark.parametrize('X', [
    np.ones((1, 3)), np.ones((5, 3)), np.zeros((300, 1)),
    np.eye(9) * 1e37, np.eye(9) * 1e-41])
def test_hostile_examples(X):
    X = X.astype(np.float32)
    found = components.fit(X, None, None, 0)
    assert np.isfinite(found.matrix).all() and 0 <= found.share <= 1


def test_components_are_enough_to_search_all():
    """With every example ranked, one component gives the exact answer."""
    X, Q = activations(200), activations(9, seed=2)
    index = HNSWIndex(pca=1, n_ranked=200, ef_search=400).fit(X)
    for one, true in zip(index.kneighbors(Q, 20),
                         brute_force.neighbors(X, Q, 20), strict=True):
        np.testing.assert_array_equal(one, true)
