"""Recall against exact, by hand and by brute force."""
import brute_force
import numpy as np
import pytest
from indexed import activations

from dknn import DkNN
from neighbors import IVFIndex
from neighbors.recall import recall


class Finds:
    """An index of points on a line that finds what it is told to."""

    def __init__(self, X, found):
        self.X_, self.found = np.float32(X)[:, None], found

    def kneighbors(self, Q, k):
        found = np.array(self.found)
        return np.abs(self.X_[found, 0] - Q), found


@pytest.mark.parametrize('found, expected', [
    ([[0, 1], [3, 4]], 1),        # the true ones
    ([[0, 2], [3, 4]], 1),        # 1 and 2 lie in the same place
    ([[0, 3], [3, 0]], 2 / 4),    # 3 and 0 are too far
    ([[3, 4], [0, 1]], 0)])
def test_by_hand(found, expected):
    """Of 0 the second neighbour is at distance 1, of 9 also: 8."""
    assert recall(Finds([0, 1, 1, 9, 8], found), np.float32([[0], [9]]),
                  2) == expected


def test_as_brute_force_says():
    X, Q = activations(900), activations(40, seed=2)
    index = IVFIndex(n_probes=2).fit(X)
    true = brute_force.neighbors(X, Q, 30)[1]
    found = index.kneighbors(Q, 30)[1]
    share = np.mean([np.isin(a, b) for a, b in zip(true, found,
                                                   strict=True)])
    assert .3 < share < .95
    assert recall(index, Q, 30) == pytest.approx(share)


def test_of_the_searched_layers():
    X, Q = activations(900), activations(40, seed=2)
    layers, labels = [X, X[:, :9], X[:, 9:]], np.arange(900) % 2
    dknn = DkNN(2, 30, 'ivf', [0, 2], index_options={'n_probes': 2})
    assert dknn.fit(layers, labels).recall_ is None
    queries = [Q, Q[:, :9], Q[:, 9:]]
    assert dknn.measure_recall(queries).recall_ == tuple(
        recall(index, q, 30) for index, q in zip(
            dknn.indexes_, queries[::2], strict=True))
    assert dknn.fit(layers, labels).recall_ is None
