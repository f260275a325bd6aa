"""The convolution against Chainer's own on one text at a time, its gradient
against finite differences in float64."""
import compat  # noqa: F401  (before Chainer)

import chainer
import chainer.functions as F
import numpy as np
import pytest
from packed_batch import LENGTHS, check_gradient, split

from functions import convolution, packing


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_conv_max_by_hand():
    # One text 1, 2 in one dimension; kernel (3, 5, 7) over 0 0 1 2 0 0:
    # windows 0 0 1 -> 7, 0 1 2 -> 19, 1 2 0 -> 13, 2 0 0 -> 6; maximum 19.
    x = np.array([[1.], [2.]])
    w = np.array([3., 5., 7.]).reshape(1, 1, 3, 1)
    y = convolution.conv_max(chainer.Variable(x), np.array([2]), [w])
    np.testing.assert_array_equal(y.array, [[19.]])


@pytest.mark.parametrize('keep_graph', [True, False])
def test_conv_max_is_chainers_convolution(rng, keep_graph):
    x = rng.standard_normal((14, 5))
    ws = [rng.standard_normal((4, 5, k, 1)) for k in (3, 4, 5)]
    with chainer.using_config('enable_backprop', keep_graph):
        y = F.relu(convolution.conv_max(chainer.Variable(x), LENGTHS, ws))
    for text, row in zip(split(x), y.array, strict=True):
        block = text.T[None, :, :, None]
        expected = [F.relu(F.max(F.convolution_2d(
            block, w, pad=(w.shape[2] - 1, 0)), axis=(2, 3))).array[0]
            for w in ws]
        np.testing.assert_allclose(row, np.concatenate(expected), atol=1e-12)


@pytest.mark.parametrize('tokens', [1, 4, 7, 4096])
def test_conv_max_of_words_is_conv_max(rng, tokens, monkeypatch):
    monkeypatch.setattr(convolution, 'BLOCK_TOKENS', tokens)
    ids = rng.integers(0, 6, 14)
    embedding = chainer.Variable(rng.standard_normal((6, 5)))
    ws = [chainer.Variable(rng.standard_normal((4, 5, k, 1)))
          for k in (3, 4, 5)]
    expected = convolution.conv_max(
        packing.embed_id(ids, embedding), LENGTHS, ws).array
    found = convolution.conv_max_of_words(ids, LENGTHS, embedding, ws).array
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_conv_max_gradient(rng):
    x = rng.standard_normal((14, 3))
    ws = [rng.standard_normal((2, 3, k, 1)) for k in (3, 4, 5)]
    # Only where some window is positive does the maximum matter (and differ
    # from the zeros around a text), so shift nothing and check through ReLU.
    check_gradient(
        lambda x, *ws: F.relu(convolution.conv_max(x, LENGTHS, ws)), x, *ws,
        gy_shape=(4, 6), rng=rng)


def test_padded_conv_max_is_the_packed_one(rng):
    x = chainer.Variable(rng.standard_normal((14, 3)))
    ws = [rng.standard_normal((2, 3, k, 1)) for k in (3, 4, 5)]
    np.testing.assert_allclose(
        F.relu(convolution._conv_max_padded(x, LENGTHS, ws)).array,
        F.relu(convolution.conv_max(x, LENGTHS, ws)).array, atol=1e-12)


@pytest.mark.gpu
def test_gpu_agrees_with_cpu(rng):
    import cupy
    x = rng.standard_normal((14, 3)).astype(np.float32)
    ws = [rng.standard_normal((2, 3, k, 1)).astype(np.float32)
          for k in (3, 4, 5)]
    expected = F.relu(convolution.conv_max(
        chainer.Variable(x), LENGTHS, ws)).array
    on_gpu = F.relu(convolution.conv_max(
        chainer.Variable(cupy.asarray(x)), LENGTHS,
        [cupy.asarray(w) for w in ws])).array
    np.testing.assert_allclose(cupy.asnumpy(on_gpu), expected, atol=1e-4)


def test_blocks_of_texts(monkeypatch):
    monkeypatch.setattr(convolution, 'BLOCK_TOKENS', 4)
    # tokens end at 2, 5, 6, 12, 13: in blocks 0, 1, 1, 3, 3
    assert convolution._blocks_of_texts(np.array([2, 3, 1, 6, 1])) == [
        slice(0, 1), slice(1, 3), slice(3, 5)]
