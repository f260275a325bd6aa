"""Gradients of soft conformity: by hand, by differences, for every index."""
import functools
from unittest import mock

import brute_force
import numpy as np
import pytest
import soft_examples
from soft_examples import layer

from dknn import DkNN
from errors import ArgumentError, UserError
from neighbors import INDEXES, kernels, labelled, sums

# Small enough for differences in every direction
examples = functools.partial(soft_examples.examples, N=200, widths=(6, 3))


def tuned(X, labels, bandwidths, weights, n_class, index='exact', k=3):
    return DkNN(n_class, n_neighbors=k, index=index).fit(
        X, labels).use_tuning(bandwidths, weights)


def differences(layers, labels, Q, bandwidths, weights, n_class, targets,
                step=1e-6):
    """Gradients by central differences of the truth in long double."""
    found = [np.zeros(h.shape) for h in Q]
    for number, h in enumerate(Q):
        for d in range(h.shape[1]):
            ends = []
            for sign in (1, -1):
                moved = [np.array(part, np.float64) for part in Q]
                moved[number][:, d] += sign * step
                odds = brute_force.log_odds(brute_force.soft_scores(
                    layers, labels, moved, bandwidths, weights, n_class))
                ends.append(odds[np.arange(len(h)), targets])
            found[number][:, d] = (ends[0] - ends[1]) / (2 * step)
    return found


def test_by_hand():
    """One example of label 0 at 0, two of label 1 at 1 and -1; s = 2, w = 3.

    At 1/4 the kernels of label 1 are exp(-9/128) and exp(-25/128), so that
    its mean is tanh(1/16), as (9 - 25) / 128 = -1/8; that of label 0 is 0.
    The gradient of its log-odds is 3 / 4 (tanh(1/16) - 0).
    """
    dknn = tuned([layer(0, 1, -1)], [0, 1, 1], [2.], [3.], 2)
    x = [layer(.25, .25)]
    found, = dknn.soft_gradients(x, [1, 0])
    expected = .75 * np.tanh(1 / 16)
    np.testing.assert_allclose(found, [[expected], [-expected]], rtol=1e-12)


@pytest.mark.parametrize('n_class', [2, 3])
def test_differences(n_class):
    X, labels = examples(n_class=n_class)
    Q, targets = examples(N=12, n_class=n_class, seed=1)
    s, w = [1.5, .7], [.5, 2.]
    found = tuned(X, labels, s, w, n_class).soft_gradients(Q, targets)
    expected = differences(X, labels, Q, s, w, n_class, targets)
    for one, other in zip(found, expected, strict=True):
        assert abs(other).max() > .1
        np.testing.assert_allclose(one, other, atol=2e-6)


def test_blocks_and_batches_change_nothing():
    X, labels = examples(N=5 * labelled.BLOCK // 2)
    Q, targets = examples(N=600, seed=1)
    dknn = tuned(X, labels, [1., 1.], [1., 1.], 3)
    found = dknn.soft_gradients(Q, targets)
    rows = [3, 599]
    again = dknn.soft_gradients([h[rows] for h in Q], targets[rows])
    for one, other in zip(found, again, strict=True):
        np.testing.assert_allclose(one[rows], other, rtol=1e-9, atol=1e-12)
    with mock.patch.object(kernels, 'KEPT_BYTES', 0):
        unkept = tuned(X, labels, [1., 1.], [1., 1.], 3)
    for one, other in zip(unkept.soft_gradients(Q, targets), found,
                          strict=True):
        np.testing.assert_array_equal(one, other)
    with mock.patch.object(labelled, 'BLOCK', 7):
        small = tuned(X, labels, [1., 1.], [1., 1.], 3)
    for one, other in zip(small.soft_gradients(Q, targets), found,
                          strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


def test_far_from_everything():
    """Only the nearest example of each class counts: m is that example."""
    dknn = tuned([layer(0, 1, 5, 6)], [0, 0, 1, 1], [1e-3], [1.], 2)
    found, = dknn.soft_gradients([layer(-1000, 2000)], [1, 1])
    np.testing.assert_allclose(found, [[5e6], [5e6]], rtol=1e-9)


def test_a_layer_without_a_say():
    X, labels = examples()
    Q, targets = examples(N=5, seed=1)
    _, found = tuned(X, labels, [1., 1.], [1., 0.], 3).soft_gradients(
        Q, targets)
    np.testing.assert_array_equal(found, np.zeros((5, 3)))


def test_columns_that_do_not_vary():
    X, labels = examples(widths=(4,))
    X[0][:, 1] = 7
    Q, targets = examples(N=6, widths=(4,), seed=1)
    found, = tuned(X, labels, [1.], [1.], 3).soft_gradients(Q, targets)
    expected, = differences(X, labels, Q, [1.], [1.], 3, targets)
    np.testing.assert_allclose(found, expected, atol=2e-6)
    np.testing.assert_array_equal(found[:, 1], 0)


def test_a_class_without_examples():
    """Its one example is opposite to x, as far as the outermost one.

    Centred, the examples 0, 2 and 4 (labels 0, 0, 2) are -2, 0 and 2: M = 2.
    For x = 3, centred 1, the example of label 1 is at -2, that of label 2 at
    2, so the gradient of label 1's log-odds is near -2 - 2 = -4 where label
    2 outweighs label 0, as it does with s = 1/10, times 1 / s^2.
    """
    dknn = tuned([layer(0, 2, 4)], [0, 0, 2], [.1], [1.], 3)
    x, step = 3.4, 1e-3
    found, = dknn.soft_gradients([layer(x)], [1])
    ends = dknn.soft_log_odds([layer(x + step, x - step)])[:, 1]
    np.testing.assert_allclose(found, [[-400]], rtol=1e-6)
    np.testing.assert_allclose(found[0, 0], (ends[0] - ends[1]) / 2 / step,
                               rtol=1e-3)


@pytest.mark.parametrize('index', sorted(set(INDEXES) - {'exact'}))
def test_other_indexes(index):
    """Differences of what they themselves say; steps that change no set."""
    X, labels = examples(N=300, n_class=3, widths=(4,))
    Q, targets = examples(N=8, n_class=3, widths=(4,), seed=1)
    dknn = tuned(X, labels, [1.], [1.], 3, index=index, k=20)
    found, = dknn.soft_gradients(Q, targets)
    step = np.float32(2e-3)
    for d in range(4):
        ends = []
        for sign in (1, -1):
            moved = Q[0].copy()
            moved[:, d] += sign * step
            ends.append(dknn.soft_log_odds([moved])[np.arange(8), targets])
        slopes = (ends[0] - ends[1]) / (2 * step)
        # a set of neighbours that changes between both ends makes a jump
        assert np.median(abs(slopes - found[:, d])) < 1e-3


def test_an_index_without_its_examples():
    class Bare:
        def fit(self, X):
            self.inner = INDEXES['kdtree']().fit(X)
            return self

        def kneighbors(self, Q, k):
            return self.inner.kneighbors(Q, k)

    X, labels = examples()
    dknn = tuned(X, labels, [1., 1.], [1., 1.], 3, index=Bare())
    with pytest.raises(ArgumentError, match='X_'):
        dknn.soft_gradients(X, labels)


def test_targets_must_be_labels():
    X, labels = examples()
    dknn = tuned(X, labels, [1., 1.], [1., 1.], 3)
    with pytest.raises(UserError, match='label 3 is outside'):
        dknn.soft_gradients(X, labels + 1)


def test_means_add_up():
    """Weights e^0 and e^-1 of 2 and 4: (2 + 4 / e) / (1 + 1 / e)."""
    found = sums.ClassMeans.empty(1, 2, 1)
    found.add(0, np.array([[-1001.]]), np.array([[4.]]))
    found.add(0, np.array([[-1000., -3000]]), np.array([[2.], [9.]]))
    e = np.exp(-1)
    np.testing.assert_allclose(found.means(),
                               [[[(2 + 4 * e) / (1 + e)], [0]]])
    np.testing.assert_allclose(found.sums.log(-5.),
                               [[np.log(1 + e) - 1000, -5]])
