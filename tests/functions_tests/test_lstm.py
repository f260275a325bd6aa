"""LSTM layers against Chainer's own on one text at a time, their gradients
against finite differences in float64."""
import compat  # noqa: F401  (before Chainer)

import chainer
import chainer.functions as F
import chainer.links as L
import numpy as np
import pytest
from packed_batch import LENGTHS, check_gradient, split

from functions import lstm


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_time_major_by_hand():
    # Texts abcd, e, fg: the longest first, then step by step.
    lengths = np.array([4, 1, 2])
    order = lstm.TimeMajor(lengths)
    letters = np.array(list('abcdefg'))
    assert ''.join(letters[order.rows]) == 'afe' 'bg' 'c' 'd'
    assert order.sizes == [3, 2, 1, 1]
    assert ''.join(letters[order.rows[order.last]]) == 'deg'
    order = lstm.TimeMajor(lengths, reverse=True)
    assert ''.join(letters[order.rows]) == 'dge' 'cf' 'b' 'a'
    assert ''.join(letters[order.rows[order.last]]) == 'aef'


def test_number_of_texts_being_read_by_hand():
    # Above 0: 4, 1, 2; above 1: 4, 2; above 2 and 3: 4.
    assert lstm.n_reading(np.array([4, 0, 1, 2])).tolist() == [3, 2, 1, 1]
    assert lstm.n_reading(np.array([], int)).tolist() == []


def lstm_arrays(rng, d=3, n=2):
    return [rng.standard_normal(shape) for shape in
            [(14, d), (4 * n, d), (4 * n, n), (4 * n,)]]


def test_lstm_is_chainers(rng):
    x, wx, wh, b = lstm_arrays(rng)
    order = lstm.TimeMajor(LENGTHS)
    y = lstm.lstm_layer(x[order.rows], order.sizes, wx, wh, b).array
    # Chainer's order of gates: input, forget, cell, output.
    gates = [0, 1, 3, 2]
    ws = [np.split(wx, 4)[g] for g in gates] + [
        np.split(wh, 4)[g] for g in gates]
    bs = [np.split(b, 4)[g] for g in gates] + [np.zeros(2)] * 4
    zero = np.zeros((1, 1, 2))
    for text, last in zip(split(x), y[order.last], strict=True):
        steps = [chainer.Variable(row) for row in text[:, None]]
        h, _, _ = F.n_step_lstm(1, 0., zero, zero, [ws], [bs], steps)
        np.testing.assert_allclose(last, h.array[0, 0], atol=1e-12)


def test_lstm_gradient(rng):
    x, wx, wh, b = lstm_arrays(rng)
    order = lstm.TimeMajor(LENGTHS)
    check_gradient(
        lambda *inputs: lstm.lstm_layer(inputs[0], order.sizes, *inputs[1:]),
        x[order.rows], wx, wh, b, gy_shape=(14, 2), rng=rng)


def test_lstm_gradient_of_single_tokens(rng):
    x, wx, wh, b = lstm_arrays(rng)
    check_gradient(lambda *inputs: lstm.lstm_layer(inputs[0], [14],
                                                   *inputs[1:]),
                   x, wx, wh, b, gy_shape=(14, 2), rng=rng)


def last_states_by_chainer(stack, x, lengths, reverse):
    xs = F.split_axis(x, np.cumsum(lengths)[:-1], axis=0)
    h, _, _ = stack(None, None, [x[::-1] for x in xs] if reverse else xs)
    return list(F.separate(h))  # (layers, B, n)


@pytest.mark.parametrize('reverse', [False, True])
def test_chainers_stack_gives_the_same(rng, reverse):
    """States and all gradients."""
    with chainer.using_config('dtype', np.float64):
        stack = L.NStepLSTM(3, 4, 5, 0.)
    for _, parameter in sorted(stack.namedparams()):
        parameter.array[:] = rng.standard_normal(parameter.shape)
    start = rng.standard_normal((14, 4))
    found = []
    for last_states in lstm.last_states, last_states_by_chainer:
        x = chainer.Variable(start.copy())
        stack.cleargrads()
        states = last_states(stack, x, LENGTHS, reverse)
        sum(F.sum((i + 1) * h * h) for i, h in enumerate(states)).backward()
        found.append([*(h.array for h in states), x.grad,
                      *(p.grad for _, p in sorted(stack.namedparams()))])
    ours, chainers = found
    assert len(ours) == 3 + 1 + 3 * 16
    for a, b in zip(ours, chainers, strict=True):
        assert abs(b).max() > 1e-3
        np.testing.assert_allclose(a, b, atol=1e-10)
