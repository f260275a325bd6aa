"""Kernel sums and soft scores: by hand, against the truth, unmoved."""
from fractions import Fraction
from unittest import mock

import brute_force
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from soft_examples import examples, layer
from threadpoolctl import threadpool_limits

from errors import ArgumentError
from neighbors import INDEXES, bandwidths, grid, kernels, labelled, soft
from neighbors.layers import LayerIndexes
from neighbors.sums import KernelSums, only

pytestmark = pytest.mark.filterwarnings('error')


def soft_layers(X, labels, s, w, index='exact', k=3):
    labels = np.asarray(labels)
    return soft.SoftLayers(LayerIndexes(index, 'all').fit(X), labels,
                           int(labels.max()) + 1, k, s, w)


def assert_log_odds(X, labels, Q, s, w):
    """Within 1e-6 of the truth below 50, within 1e-8 of itself beyond."""
    found = soft.log_odds(soft_layers(X, labels, s, w).scores(Q))
    assert np.isfinite(found).all()
    truth = brute_force.log_odds(brute_force.soft_scores(
        X, labels, Q, s, w, int(max(labels)) + 1))
    assert (abs(found - truth) <= np.maximum(1e-6, 1e-8 * abs(truth))).all()


# ------------------------------------------------------------ worked by hand

def test_one_layer_by_hand():
    # x = 0, s^2 = 1/2: exp(-d^2) of the examples at 1, 2 (label 0) and
    # 3 (label 1) is e^-1, e^-4, e^-9; 1 - q of a label is q of the other
    X, labels, s = [layer(1, 2, 3)], [0, 0, 1], [.5 ** .5]
    scores = soft_layers(X, labels, s, [1.]).scores([layer(0)])
    odds = np.log(np.exp(-1) + np.exp(-4)) + 9
    np.testing.assert_allclose(soft.log_odds(scores), [[odds, -odds]],
                               atol=5e-7)
    np.testing.assert_allclose(soft.conformity(scores)[0, 1],
                               1 / (1 + np.exp(odds)), rtol=1e-6)


def test_weights_are_powers_by_hand():
    # Two layers with one example of each label; in layer 0 the squared
    # distances are 1 and 4, in layer 1 they are 9 and 1; s^2 = 1/2
    # log q_0 - log q_1 = 2 (4 - 1) + .5 (1 - 9) = 2
    scores = soft_layers([layer(1, 2), layer(3, 1)], [0, 1],
                         [.5 ** .5] * 2, [2, .5]).scores([layer(0)] * 2)
    np.testing.assert_allclose(scores, [[0, -2]], atol=5e-7)
    np.testing.assert_allclose(soft.log_odds(scores), [[2, -2]], atol=5e-7)


def test_shares_by_hand():
    # The kernel sums at 0 are 3/4 and 1/4 from the examples at d^2 = a, b
    # with exp(-a) = 3 exp(-b)
    b = 2 + np.log(3)
    layers = soft_layers([layer(2 ** .5, b ** .5)] * 2, [0, 1],
                         [.5 ** .5] * 2, [1, 0])
    distances = np.array([[[2 ** .5, b ** .5]] * 2])
    np.testing.assert_allclose(layers.shares([layer(0)] * 2, distances),
                               [[[.75, .25], [0, 0]]], atol=1e-6)


def test_absent_class():
    # Label 1 has no example: it counts as one at |q| + M from q, where
    # the mean is 1, M = 1 and |q| = 3: d^2 = 16 beside 4 and 16
    scores = soft.SoftLayers(
        LayerIndexes('exact', 'all').fit([layer(0, 2)]), np.array([0, 0]),
        2, 1, [1.], [1.]).scores([layer(4)])
    np.testing.assert_allclose(
        scores, [[0, -8 - np.log(np.exp(-2) + np.exp(-8))]], atol=5e-7)


@pytest.mark.parametrize('name', sorted(INDEXES))
def test_found_neighbors(name):
    X, labels = examples()
    Q, _ = examples(40, seed=1)
    indexes = LayerIndexes(name, 'all').fit(X)
    scores = soft.SoftLayers(indexes, labels, 3, 300, [2., 1.],
                             [1, 1]).scores(Q)
    if name != 'lsh':  # k = N: all are found
        exact = soft_layers(X, labels, [2., 1.], [1, 1]).scores(Q)
        np.testing.assert_allclose(scores, exact, atol=1e-6)
    if name == 'exact':
        return
    # k = 1: the others count as one example as far as the one found
    scores = soft.SoftLayers(indexes, labels, 3, 1, [2., 1.],
                             [1, 1]).scores(Q)
    np.testing.assert_array_equal(scores, 0)


# ------------------------------------------------------- against the truth

@pytest.mark.parametrize('scale', [1e-18, 1e-3, 1, 1e6, 1e15])
def test_scales(scale):
    X, labels = examples()
    Q, _ = examples(30, seed=1)
    X, Q = ([h * np.float32(scale) for h in part] for part in (X, Q))
    assert_log_odds(X, labels, Q, [2 * scale, scale], [.8, .5])


@pytest.mark.parametrize('s', [1e-6, .01, .3, 30, 1e4])
def test_bandwidths(s):
    X, labels = examples()
    assert_log_odds(X, labels, examples(30, seed=1)[0], [s, s], [.8, .5])


def test_hostile_positions():
    X, labels = examples()
    Q, _ = examples(30, seed=1)
    s, w = [.3, .2], [1, 2]
    for far in (1e2, 1e4, 1e6):
        assert_log_odds(X, labels, [q * np.float32(far) for q in Q], s, w)
    assert_log_odds(X, labels, [x[:30] for x in X], s, w)  # distances 0
    moved = [[h + np.float32(1000) for h in part] for part in (X, Q)]
    assert_log_odds(moved[0], labels, moved[1], s, w)
    twice = [np.concatenate([x, x]) for x in X]
    assert_log_odds(twice, np.concatenate([labels, labels]), Q, s, w)
    alone = np.zeros(len(labels), int)
    alone[7] = 1  # the only one of its label, far away
    X[0][7] += 300
    assert_log_odds(X, alone, Q, s, w)


def test_farther_than_any_distance_can_tell():
    # d^2 of x = 0 and 1 to q = 2^40 differ by 2^41 - 1, out of 2^80
    scores = soft_layers([layer(0, 1, 3)], [0, 1, 1], [1.], [1.]).scores(
        [layer(2. ** 40)])
    truth = Fraction((2 ** 40 - 3) ** 2 - 2 ** 80, 2)
    assert abs(Fraction(scores[0, 0]) - truth) <= abs(truth) / 2 ** 27


def test_equal_layers_and_copies_of_both_labels():
    X, labels = examples(n_class=2)
    Q, _ = examples(20, 2, seed=1)
    both = [np.concatenate([x, x]) for x in X]
    scores = soft_layers(both, np.concatenate([labels, 1 - labels]),
                         [.1, .1], [1, 1]).scores(Q)
    np.testing.assert_array_equal(scores, 0)
    constant = soft_layers([np.ones((4, 3), np.float32)], [0, 0, 0, 1],
                           [1.], [1.]).scores([np.zeros((2, 3))])
    np.testing.assert_allclose(constant, [[0, -np.log(3)]] * 2, atol=5e-7)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2 ** 32 - 1), st.integers(2, 4), st.integers(4, 40),
       st.floats(.05, 20), st.floats(0, 3))
def test_random_layers(seed, n_class, N, s, w):
    X, labels = examples(N, n_class, (5, 3), seed)
    Q, _ = examples(10, n_class, (5, 3), seed ^ 1)
    assert_log_odds(X, labels, Q, [s, 1.], [1., w])


# ----------------------------------------------------------------- unmoved

def test_grid():
    # Step 2^-21 below 128, then 28 bits: 2^-20 from 128 on
    values = np.array([1e-9, -.3, 127.9999999, 128 + 2 ** -20, 300.1, -3e9])
    near = grid.on_grid(values)
    assert (abs(near - values) <= np.maximum(2. ** -22,
                                             2. ** -28 * abs(values))).all()
    assert near[0] == 0 and near[3] == values[3]
    middle = np.array([[5.5], [5.4], [128.], [1]]) * 2. ** -21
    np.testing.assert_array_equal(
        grid.is_open(middle, np.full(4, 1e-9)), [True, False, False, False])
    np.testing.assert_array_equal(
        grid.is_open(middle, np.full(4, 1e-7)), [True, True, False, False])


def moved_figures(layers, Q, n_times):
    """How many scores depend on batch, order, or threads."""
    rng = np.random.RandomState(0)
    first = layers.scores(Q)
    moved = 0
    for size in (31, 97, 256, 1000)[:n_times]:
        order = rng.permutation(len(Q[0]))
        with mock.patch.object(soft, 'QUERIES', size), threadpool_limits(
                1 + (size > 100), 'blas'):
            again = layers.scores([q[order] for q in Q])
        moved += (again != first[order]).any(axis=1).sum()
    return moved


def test_nothing_moves_a_figure():
    """10^5 queries, in four batch sizes, orders, and numbers of threads."""
    X, labels = examples(300, widths=(12,))
    Q, _ = examples(100_000, widths=(12,), seed=1)
    layers = soft_layers(X, labels, [1.], [1.])
    assert moved_figures(layers, Q, 4) == 0


def test_without_a_second_look_figures_move():
    """Two far clusters: products lose what neighbours differ by.

    In place of another machine's products, any error within the bound.
    """
    X, labels = examples(300, widths=(30,))
    Q, _ = examples(300, widths=(30,), seed=1)
    X[0][::2] += 2000
    Q[0][::2] += 2000
    layers = soft_layers(X, labels, [3.], [1.])
    log_sums = kernels.AllExamples.log_sums

    def noisy(self, Q, squares):
        found = log_sums(self, Q, squares)
        noise = np.random.uniform(-1, 1, found.values.shape)
        return found._replace(
            values=found.values + .9 * found.bound[:, :, None] * noise)

    with mock.patch.object(kernels.AllExamples, 'log_sums', noisy):
        assert moved_figures(layers, Q, 3) == 0
        with mock.patch.object(grid, 'is_open', lambda values, _: np.zeros(
                len(values), bool)):
            assert moved_figures(layers, Q, 3) > 0
    assert_log_odds(X, labels, [Q[0][:20]], [3.], [1.])


def test_both_ways_stay_within_the_bound():
    X, labels = examples(2500, widths=(30,))
    Q, _ = examples(50, widths=(30,), seed=1)
    index = LayerIndexes('exact', 'all').fit(X).indexes_[0]
    sums = kernels.AllExamples(index, labels, 3)
    for s in (.2, 1., 5.):
        truth = brute_force.soft_scores(X, labels, Q, [s], [1], 3)
        near = only(sums.log_sums(Q[0], [s * s]))
        apart = sums.log_sums_apart(Q[0], s * s)
        for found in (near, apart):
            total = found.values + found.offset[:, None]
            assert (abs(total - truth) <= found.bound[:, None]).all()
        assert near.bound.max() < 1e-9


def test_sums_merge_in_any_order():
    X, labels = examples(5 * labelled.BLOCK // 2, widths=(6,))
    index = LayerIndexes('exact', 'all').fit(X).indexes_[0]
    all_blocks = kernels.AllExamples(index, labels, 3)
    queries = np.zeros((4, 8))
    queries[:, -2] = 1
    parts = [all_blocks._block_sums(queries, block, [1.])
             for block in all_blocks._blocks.read()]
    one, two, three = parts
    left = one.merge(two).merge(three)
    right = three.merge(one.merge(two))
    np.testing.assert_allclose(left.log(0), right.log(0), rtol=1e-14)
    none = KernelSums.empty((1, 4, 3))
    np.testing.assert_array_equal(none.merge(none).log(-9.), -9)
    np.testing.assert_array_equal(none.merge(one).log(0), one.log(0))


def test_sums_that_underflow_are_shifted():
    """d^2 / 2 s^2 of label 1 is 200 or 1250 or 5000, then exp gives 0."""
    X, labels = [layer(0, 20, 50, 100)], [0, 1, 1, 1]
    for x in (0, -30, 1000):
        assert_log_odds(X, labels, [layer(x, 1)], [1.], [1.])


def test_examples_larger_than_memory():
    X, labels = examples(3000)
    Q, _ = examples(20, seed=1)
    expected = soft_layers(X, labels, [1., 1.], [1, 1]).scores(Q)
    with mock.patch.object(kernels, 'KEPT_BYTES', 0):
        layers = soft_layers(X, labels, [1., 1.], [1, 1])
        np.testing.assert_array_equal(layers.scores(Q), expected)


# ------------------------------------------------------------------ choosing

def test_likelihood_and_gradient():
    rng = np.random.RandomState(0)
    shares, targets = rng.randn(3, 20, 4), rng.randint(4, size=20)
    w = np.array([.5, 2, 0])
    nll, gradient = bandwidths.nll_and_gradient(w, shares, targets)
    q = np.exp(np.tensordot(w, shares, 1))
    q /= q.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(nll, -np.log(q[range(20), targets]).mean())
    for i in range(3):
        step = 1e-6 * np.eye(3)[i]
        ends = [bandwidths.nll_and_gradient(w + sign * step, shares,
                                            targets)[0] for sign in (1, -1)]
        np.testing.assert_allclose(gradient[i], (ends[0] - ends[1]) / 2e-6,
                                   atol=1e-8)


def test_weights_by_hand():
    # One layer, q = e^w / (e^w + 1) for three of four examples, else 1 / ..:
    # the NLL is least where q = 3/4, w = log 3
    shares = np.array([[[1., 0]] * 3 + [[0, 1.]]])
    w, nll = bandwidths.fit_weights(shares, np.zeros(4, int))
    np.testing.assert_allclose(w, [np.log(3)], rtol=1e-4)
    np.testing.assert_allclose(nll, -.75 * np.log(.75) - .25 * np.log(.25))
    # Nothing but right: the more weight the better, within bounds
    w, nll = bandwidths.fit_weights(shares[:, :3], np.zeros(3, int))
    assert 10 < w[0] <= bandwidths.LARGEST_WEIGHT and nll < 1e-6


@pytest.mark.parametrize('s, w', [
    ([1.], [1, 1]), ([1., 0], [1, 1]), ([1., -1], [1, 1]),
    ([1., np.nan], [1, 1]), ([1., np.inf], [1, 1])])
def test_errors_of_bandwidths(s, w):
    with pytest.raises(ArgumentError, match='bandwidths=.* must be 2 numb'):
        soft_layers(*examples(), s, w)


def test_errors_of_weights():
    for w in ([1], [1, -1], [np.nan, 1]):
        with pytest.raises(ArgumentError, match='weights=.* from 0 to 1e'):
            soft_layers(*examples(), [1., 1.], w)
