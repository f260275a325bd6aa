"""Kernel sums of float32 products: near the truth, in the same pass."""
import copy
import pickle

import brute_force
import numpy as np
import pytest
from indexed import activations
from soft_examples import BANDWIDTHS as S
from soft_examples import WEIGHTS as W
from soft_examples import examples, fitted, layer

from errors import ArgumentError
from neighbors import ExactIndex, arrays, float32_sums, soft
from neighbors.layers import LayerIndexes
from neighbors.sums import exp_of

pytestmark = pytest.mark.filterwarnings('error')


def soft_layers(X, labels, s, w, bits=32, bound=None, k=3, device=None):
    indexes = LayerIndexes('exact', 'all', {'sum_bits': bits}, bound, device)
    return soft.SoftLayers(indexes.fit(X), np.asarray(labels),
                           int(max(labels)) + 1, k, s, w)


def assert_near(X, labels, Q, s, w, bound=None, most=2e-5):
    layers = soft_layers(X, labels, s, w, 32, bound)
    found = soft.log_odds(layers.scores(Q))
    truth = brute_force.log_odds(brute_force.soft_scores(
        X, labels, Q, s, w, int(max(labels)) + 1))
    assert (abs(found - truth) <= most * np.maximum(1, abs(truth))).all()
    return layers


def in_float32(s):
    """Asserts that queries are answered without sums in float64."""
    assert s._sums[0]._float64_sums is None


# -------------------------------------------------------------- worked by hand

def test_one_layer_by_hand():
    # As of float64: kernels e^-1, e^-4 of label 0 and e^-9 of label 1
    layers = soft_layers([layer(1, 2, 3)], [0, 0, 1], [.5 ** .5], [1.])
    odds = np.log(np.exp(-1) + np.exp(-4)) + 9
    np.testing.assert_allclose(
        soft.log_odds(layers.scores([layer(0)])), [[odds, -odds]], rtol=2e-6)
    in_float32(layers)


def test_shares_count_columns_that_are_constant():
    # Kernels at q: d^2 = 1 + 4 and 9 + 4 with s^2 = 1; the second column adds
    # 4 to each
    X = np.array([[1, 5], [3, 5]], np.float32)
    layers = soft_layers([X], [0, 1], [1.], [1.])
    distances = np.sqrt([[[5, 13]]])
    np.testing.assert_allclose(
        layers.shares([np.array([[0, 3]], np.float32)], distances),
        [[[1 / (1 + np.exp(-4)), 1 / (1 + np.exp(4))]]], rtol=2e-6)
    in_float32(layers)


def test_exponents_that_float32_cannot_hold():
    """Down to -87 they count; below, exp would be slow and is nearly 0."""
    given = np.float32([-1, -50, -86.5, -100, -1e30])
    found = exp_of(given.copy())
    assert found.dtype == np.float32
    np.testing.assert_allclose(found[:3], np.exp(given[:3].astype(float)),
                               rtol=1e-6)
    assert (found[3:] <= np.exp(-86.9)).all()
    assert (found >= np.finfo(np.float32).tiny).all()


# ---------------------------------------------------------- against the truth

def test_near_the_truth(given, monkeypatch):
    monkeypatch.setattr(arrays, 'BLOCK_CELLS', 20 * 50)
    monkeypatch.setattr(arrays, 'CELLS', 700)  # several products a block
    X, labels = examples()
    Q, _ = examples(150, seed=1)
    stored, bound = given(X)
    for s in (1., 3., 30.):
        in_float32(assert_near(stored, labels, Q, [s, s], W, bound))


def test_what_a_class_has_far_away():
    # Beside exp(-200) nothing is left in float32, without a shift of its own
    X, labels = examples()
    X[0][labels == 2] += 10
    X[0][labels == 1] -= 10
    assert_near(X, labels, examples(30, seed=1)[0], [1., 1.], W)


@pytest.mark.parametrize('s', [1e-25, 1e-6, .003])
def test_small_bandwidths_are_those_of_float64(s, given):
    X, labels = examples()
    Q, _ = examples(30, seed=1)
    stored, bound = given(X)
    layers = soft_layers(stored, labels, [s, s], W, 32, bound)
    np.testing.assert_array_equal(
        layers.scores(Q),
        soft_layers(stored, labels, [s, s], W, 64, bound).scores(Q))
    scores, _ = layers.scores_and_sets(Q)
    np.testing.assert_array_equal(scores, layers.scores(Q))


def test_far_queries_are_those_of_float64():
    X, labels = examples()
    Q, _ = examples(30, seed=1)
    Q[0][::2] *= 1e4
    Q[1][::3] *= np.float32(1e20)
    Q[0][3], Q[1][3] = X[0][3], X[1][3]
    both = [soft_layers(X, labels, S, W, bits).scores(Q) for bits in (32, 64)]
    far = (np.arange(30) % 2 == 0) & (np.arange(30) % 3 == 0)
    np.testing.assert_array_equal(both[0][far], both[1][far])
    assert (abs(both[0] - both[1]) <= 1e-5 * np.maximum(
        1, abs(both[1]))).all()


@pytest.mark.parametrize('length', [2. ** 61, 2. ** 63])
def test_queries_that_have_no_products(length):
    """Too long for them, but no error of theirs would count."""
    X, labels = examples()
    X = [h * np.float32(1e17) for h in X]
    Q = [h * np.float32(length) / np.linalg.norm(h, axis=1, keepdims=True)
         for h in examples(20, seed=1)[0]]
    one, two = (soft_layers(X, labels, [1e18] * 2, W, bits)
                for bits in (32, 64))
    np.testing.assert_array_equal(one.scores(Q), two.scores(Q))
    np.testing.assert_array_equal(one.scores_and_sets(Q)[0], two.scores(Q))


def test_it_can_be_copied():
    X, labels = examples()
    Q, _ = examples(20, seed=1)
    dknn = fitted(X, labels, 32).use_tuning(S, W)
    for other in (copy.deepcopy(dknn), pickle.loads(pickle.dumps(dknn))):
        np.testing.assert_array_equal(other.soft_log_odds(Q),
                                      dknn.soft_log_odds(Q))


def test_examples_that_are_all_the_same():
    layers = soft_layers([np.ones((4, 3), np.float32)], [0, 0, 0, 1], [1.],
                         [1.])
    np.testing.assert_allclose(layers.scores([np.zeros((2, 3))]),
                               [[0, -np.log(3)]] * 2, atol=5e-7)


def test_a_class_without_examples(given):
    X, labels = examples()
    stored, bound = given(X)
    labels = np.where(labels == 1, 2, labels)
    Q, _ = examples(30, seed=1)
    np.testing.assert_allclose(*(
        soft_layers(stored, labels, S, W, bits, bound).scores(Q)
        for bits in (32, 64)), atol=1e-5, rtol=1e-5)


def test_within_the_bound():
    """log S of the rows that float32 takes, for any bandwidth."""
    X, labels = activations(800), np.arange(800) % 3
    Q = activations(100, 1)
    index = ExactIndex(sum_bits=32).fit(X)
    _, norm, t = index.products_.scaled(Q)
    bound = index.products_.bound
    error = bound.error(norm, bound.offset(t), np.inf)
    squares = (4. ** np.arange(3, -6, -1)).tolist()
    for square in squares:
        true, near = (
            ExactIndex(sum_bits=bits).fit(X).kernel_sums(labels, 3).log_sums(
                Q, [square]) for bits in (64, 32))
        wide = error / 2 / square > float32_sums.MOST_ERROR
        np.testing.assert_array_equal(near.bound[0] > 0, wide)
        gap = abs(near.values + near.offset[..., None]
                  - true.values - true.offset[..., None])[0]
        assert (gap <= (error / 2 / square)[:, None] + 2. ** -20 * (
            1 + abs(true.values[0]))).all()
        assert (gap[~wide] <= float32_sums.MOST_ERROR / 20).all()
    together = index.kernel_sums(labels, 3).log_sums(Q, squares[:4])
    for i, square in enumerate(squares[:4]):
        alone = index.kernel_sums(labels, 3).log_sums(Q, [square])
        np.testing.assert_allclose(
            together.values[i] + together.offset[i][:, None],
            alone.values[0] + alone.offset[0][:, None], atol=1e-4)


def test_an_absent_class_counts_from_columns_that_are_constant_too():
    # Class 2 counts as one example at |q| + M: the mean is 1, M = 1, and q is
    # (0, 10) from it and the constant column: d^2 = 121, of the examples 101,
    # 100, 101
    X = np.array([[0, 5], [1, 5], [2, 5]], np.float32)
    layers = soft_layers([X], [0, 0, 2], [3.], [1.])
    scores = layers.scores([np.array([[1, 15]], np.float32)])
    logs = np.array([np.log(np.exp(-101 / 18) + np.exp(-100 / 18)),
                     -121 / 18, -101 / 18])
    np.testing.assert_allclose(scores, [logs - logs[0]], atol=1e-5)
    in_float32(layers)


# --------------------------------------------------- what else asks for sums

def test_tuned_alike(given):
    X, labels = examples()
    valid, targets = examples(60, seed=1)
    stored, bound = given(X)
    one, two = (fitted(stored, labels, bits, bound).tune(valid, targets)
                for bits in (32, 64))
    np.testing.assert_allclose(one.bandwidths_, two.bandwidths_)
    np.testing.assert_allclose(one.weights_, two.weights_, rtol=.01)


def test_gradients_are_those_of_float64(given):
    X, labels = examples()
    Q, targets = examples(40, seed=1)
    stored, bound = given(X)
    one, two = (fitted(stored, labels, bits, bound).use_tuning(S, W)
                .soft_gradients(Q, targets) for bits in (32, 64))
    for found, true in zip(one, two, strict=True):
        np.testing.assert_allclose(found, true, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize('gpu', ['kept', 'sent'], indirect=True)
def test_on_a_gpu(gpu):
    gpu.cells = 40 * 300  # several products a block
    X, labels = examples()
    Q, targets = examples(150, seed=1)
    one, two = (fitted(X, labels, bits, device=device).use_tuning(S, W)
                .calibrate(Q, targets)
                for bits, device in [(32, gpu), (64, None)])
    for found, true in zip(one.votes_and_log_odds(Q),
                           two.votes_and_log_odds(Q), strict=True):
        np.testing.assert_allclose(found, true, atol=1e-5)
    np.testing.assert_allclose(one.soft_log_odds(Q), two.soft_log_odds(Q),
                               atol=1e-5)


@pytest.mark.parametrize('bits', [16, 0, None])
def test_other_bits(bits):
    with pytest.raises(ArgumentError, match='sum_bits'):
        ExactIndex(sum_bits=bits)
    with pytest.raises(ArgumentError, match='take 64 or 32'):
        fitted(*examples(), bits)
