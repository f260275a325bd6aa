"""Examples among the others: by hand, and without each by brute force."""
import brute_force
import numpy as np
import pytest
from dknn_examples import clusters, layer

from neighbors import INDEXES, others

NEAR = {'rtol': 1e-9, 'atol': 1e-6}


def log_odds(X, labels, bandwidth, n_class=2):
    """Of all examples at once."""
    labels = np.array(labels)
    logs = others.OtherExamples(X, labels, n_class).log_sums(
        slice(0, len(X)), bandwidth ** 2)
    return others.combined_odds([logs], [1])


def test_by_hand():
    """Of 0, 1 and 3: the first sees its label at 1, the other at 3.

    log S = -1/2 and -9/2; the second -1/2 and -4/2; the third sees none of
    its own, which counts as one at |x| + M: with the mean 4/3 that is
    2 (3 - 4/3) = 10/3 away, against exp(-9/2) + exp(-4/2).
    """
    found = log_odds(layer(0, 1, 3), [0, 0, 1], 1)
    np.testing.assert_allclose(found[:, 0], [
        4, 1.5, np.log(np.exp(-4.5) + np.exp(-2)) + 100 / 18], atol=1e-9)
    np.testing.assert_allclose(found.sum(axis=1), 0, atol=1e-12)


def test_the_same_text_twice_stays():
    """At distance 0 with the other label: log S = 0 against -9/2."""
    found = log_odds(layer(0, 0, 3), [0, 1, 0], 1)
    np.testing.assert_allclose(found[0], [-4.5, 4.5], atol=1e-9)


@pytest.mark.parametrize('bandwidth', [1e-9, 1e-3, 1, 1e6])
@pytest.mark.parametrize('offset', [0, 100])
def test_as_without_each(bandwidth, offset):
    """Narrow kernels too, where the own is all but the whole sum."""
    (X, _), labels = clusters(60)
    X = X + np.float32(offset)
    X[1], X[3] = X[0], X[2]
    found = log_odds(X, labels, bandwidth, 3)
    for i in range(len(X)):
        expected = brute_force.log_odds(brute_force.soft_scores(
            [np.delete(X, i, 0)], np.delete(labels, i), [X[i:i + 1]],
            [bandwidth], [1], 3))
        np.testing.assert_allclose(found[i], expected[0].astype(float),
                                   **NEAR)


def test_close_examples_under_a_narrow_kernel():
    """Far from the others a product loses what tells them apart.

    Distances of 2^-16 and 2^-15, s = 2^-19: (2^-30 - 2^-32) / 2^-37 = 96.
    """
    X = np.random.default_rng(0).normal(0, 1e4, (40, 30)).astype(np.float32)
    X[:3] = X[0]
    X[:3, 0] = .5
    X[1, 0] += 2. ** -16
    X[2, 0] -= 2. ** -15
    labels = [0, 0, 1] + [0, 1] * 18 + [0]
    found = log_odds(X, labels, 2. ** -19)
    np.testing.assert_allclose(found[0], [96, -96], atol=1e-6)


def test_layers_are_weighted():
    logs = [np.array([[0., -2.]]), np.array([[-3., -1.]])]
    # 2 / 2 - 2 / 4
    np.testing.assert_allclose(others.combined_odds(logs, [.5, .25]),
                               [[.5, -.5]])


@pytest.mark.parametrize('name', ['exact', 'kdtree'])
def test_neighbors_as_without_each(name):
    (X, _), _ = clusters(50)
    X[1] = X[0]
    index = INDEXES[name]().fit(X)
    distances, indices = others.other_neighbors(index, X, slice(0, 50), 7)
    for i in range(50):
        d, found = brute_force.neighbors(np.delete(X, i, 0), X[i:i + 1], 7)
        np.testing.assert_array_equal(indices[i], (found + (found >= i))[0])
        np.testing.assert_array_equal(distances[i], d[0])


def test_an_index_that_misses_the_example_itself():
    class Index:
        def kneighbors(self, Q, k):
            return (np.tile([1., 2., 3.], (2, 1)),
                    np.array([[5, 4, 6], [1, 4, 6]]))

    distances, indices = others.other_neighbors(Index(), layer(*range(9)),
                                                slice(4, 6), 2)
    assert indices.tolist() == [[5, 6], [1, 4]]
    assert distances.tolist() == [[1, 3], [1, 2]]
