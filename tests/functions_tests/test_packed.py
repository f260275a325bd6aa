"""Each function against Chainer's own on one text at a time, and its
gradient against finite differences in float64."""
import compat  # noqa: F401  (before Chainer)

import chainer
import chainer.functions as F
import numpy as np
import pytest
from chainer import gradient_check

import functions

LENGTHS = np.array([4, 1, 7, 2])


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def split(x):
    return np.split(x, np.cumsum(LENGTHS)[:-1])


def check_gradient(function, *inputs, gy_shape, rng):
    gradient_check.check_backward(
        function, inputs, rng.standard_normal(gy_shape), atol=1e-6,
        rtol=1e-5, eps=1e-6, dtype=np.float64)


def test_embed_id_adds_up_gradients_of_repeated_words(rng):
    w = rng.standard_normal((5, 3))
    ids = np.array([4, 0, 4, 4, 1])
    y = functions.embed_id(ids, chainer.Variable(w))
    np.testing.assert_array_equal(y.array, w[ids])
    check_gradient(lambda w: functions.embed_id(ids, w), w, gy_shape=(5, 3),
                   rng=rng)


def test_take_rows(rng):
    x = rng.standard_normal((6, 2))
    rows = np.array([5, 0, 3])
    np.testing.assert_array_equal(
        functions.take_rows(chainer.Variable(x), rows).array, x[rows])
    check_gradient(lambda x: functions.take_rows(x, rows), x,
                   gy_shape=(3, 2), rng=rng)


def test_segment_mean_by_hand():
    # Texts of 4, 1, 7 and 2 words holding 0..13: means 1.5, 4, 8, 12.5.
    x = np.arange(14.)[:, None]
    y = functions.segment_mean(chainer.Variable(x), LENGTHS)
    np.testing.assert_array_equal(y.array, [[1.5], [4], [8], [12.5]])


def test_segment_mean_gradient(rng):
    x = rng.standard_normal((14, 3))
    check_gradient(lambda x: functions.segment_mean(x, LENGTHS), x,
                   gy_shape=(4, 3), rng=rng)


def test_conv_max_by_hand():
    # One text 1, 2 in one dimension; kernel (3, 5, 7) over 0 0 1 2 0 0:
    # windows 0 0 1 -> 7, 0 1 2 -> 19, 1 2 0 -> 13, 2 0 0 -> 6; maximum 19.
    x = np.array([[1.], [2.]])
    w = np.array([3., 5., 7.]).reshape(1, 1, 3, 1)
    y = functions.conv_max(chainer.Variable(x), np.array([2]), [w])
    np.testing.assert_array_equal(y.array, [[19.]])


@pytest.mark.parametrize('keep_graph', [True, False])
def test_conv_max_is_chainers_convolution(rng, keep_graph):
    x = rng.standard_normal((14, 5))
    ws = [rng.standard_normal((4, 5, k, 1)) for k in (3, 4, 5)]
    with chainer.using_config('enable_backprop', keep_graph):
        y = F.relu(functions.conv_max(chainer.Variable(x), LENGTHS, ws))
    for text, row in zip(split(x), y.array, strict=True):
        block = text.T[None, :, :, None]
        expected = [F.relu(F.max(F.convolution_2d(
            block, w, pad=(w.shape[2] - 1, 0)), axis=(2, 3))).array[0]
            for w in ws]
        np.testing.assert_allclose(row, np.concatenate(expected), atol=1e-12)


@pytest.mark.parametrize('tokens', [1, 4, 7, 4096])
def test_conv_max_of_words_is_conv_max(rng, tokens, monkeypatch):
    monkeypatch.setattr(functions, 'BLOCK_TOKENS', tokens)
    ids = rng.integers(0, 6, 14)
    embedding = rng.standard_normal((6, 5))
    ws = [rng.standard_normal((4, 5, k, 1)) for k in (3, 4, 5)]
    expected = functions.conv_max(
        chainer.Variable(embedding[ids]), LENGTHS, ws).array
    found = functions.conv_max_of_words(ids, LENGTHS, embedding, ws)
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_conv_max_gradient(rng):
    x = rng.standard_normal((14, 3))
    ws = [rng.standard_normal((2, 3, k, 1)) for k in (3, 4, 5)]
    # Only where some window is positive does the maximum matter (and differ
    # from the zeros around a text), so shift nothing and check through ReLU.
    check_gradient(
        lambda x, *ws: F.relu(functions.conv_max(x, LENGTHS, ws)), x, *ws,
        gy_shape=(4, 6), rng=rng)


def test_padded_conv_max_is_the_packed_one(rng):
    x = chainer.Variable(rng.standard_normal((14, 3)))
    ws = [rng.standard_normal((2, 3, k, 1)) for k in (3, 4, 5)]
    np.testing.assert_allclose(
        F.relu(functions._conv_max_padded(x, LENGTHS, ws)).array,
        F.relu(functions.conv_max(x, LENGTHS, ws)).array, atol=1e-12)


def test_time_major_by_hand():
    # Texts abcd, e, fg: the longest first, then step by step.
    lengths = np.array([4, 1, 2])
    order = functions.TimeMajor(lengths)
    letters = np.array(list('abcdefg'))
    assert ''.join(letters[order.rows]) == 'afe' 'bg' 'c' 'd'
    assert order.sizes == [3, 2, 1, 1]
    assert ''.join(letters[order.rows[order.last]]) == 'deg'
    order = functions.TimeMajor(lengths, reverse=True)
    assert ''.join(letters[order.rows]) == 'dge' 'cf' 'b' 'a'
    assert ''.join(letters[order.rows[order.last]]) == 'aef'


def lstm_arrays(rng, d=3, n=2):
    return [rng.standard_normal(shape) for shape in
            [(14, d), (4 * n, d), (4 * n, n), (4 * n,)]]


def test_lstm_is_chainers(rng):
    x, wx, wh, b = lstm_arrays(rng)
    order = functions.TimeMajor(LENGTHS)
    y = functions.lstm(x[order.rows], order.sizes, wx, wh, b).array
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
    order = functions.TimeMajor(LENGTHS)
    check_gradient(
        lambda *inputs: functions.lstm(inputs[0], order.sizes, *inputs[1:]),
        x[order.rows], wx, wh, b, gy_shape=(14, 2), rng=rng)


@pytest.mark.gpu
def test_gpu_agrees_with_cpu(rng):
    cupy = pytest.importorskip('cupy')
    x = rng.standard_normal((14, 3)).astype(np.float32)
    ws = [rng.standard_normal((2, 3, k, 1)).astype(np.float32)
          for k in (3, 4, 5)]
    expected = F.relu(functions.conv_max(
        chainer.Variable(x), LENGTHS, ws)).array
    on_gpu = F.relu(functions.conv_max(
        chainer.Variable(cupy.asarray(x)), LENGTHS,
        [cupy.asarray(w) for w in ws])).array
    np.testing.assert_allclose(cupy.asnumpy(on_gpu), expected, atol=1e-4)


def test_blocks_of_texts(monkeypatch):
    monkeypatch.setattr(functions, 'BLOCK_TOKENS', 4)
    # tokens end at 2, 5, 6, 12, 13: in blocks 0, 1, 1, 3, 3
    assert functions._blocks_of_texts(np.array([2, 3, 1, 6, 1])) == [
        slice(0, 1), slice(1, 3), slice(3, 5)]
