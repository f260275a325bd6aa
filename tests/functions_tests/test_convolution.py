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


def padded_conv_max(x, lengths, ws):
    """By Chainer's convolution, texts padded to the longest."""
    padded = F.pad_sequence(F.split_axis(x, np.cumsum(lengths)[:-1], axis=0))
    block = padded.transpose(0, 2, 1)[..., None]  # (B, d, longest, 1)
    return F.concat([F.max(F.convolution_2d(
        block, w, pad=(w.shape[2] - 1, 0)), axis=(2, 3)) for w in ws], axis=1)


def test_chainers_padded_convolution_gives_the_same(rng):
    """The value and, where no windows tie, the gradients."""
    start = [rng.standard_normal(shape) for shape in (
        (14, 3), (2, 3, 3, 1), (2, 3, 4, 1), (2, 3, 5, 1))]
    found = []
    for conv_max in convolution.conv_max, padded_conv_max:
        x, *ws = variables = [chainer.Variable(a.copy()) for a in start]
        y = F.relu(conv_max(x, LENGTHS, ws))
        F.sum(y * y).backward()
        found.append([y.array, *(v.grad for v in variables)])
    for a, b in zip(*found, strict=True):
        assert abs(b).max() > 0.1
        np.testing.assert_allclose(a, b, atol=1e-12)


def test_blocks_of_texts():
    # tokens end at 2, 5, 6, 12, 13: in blocks 0, 1, 1, 3, 3
    assert convolution._blocks_of_texts(np.array([2, 3, 1, 6, 1]), 4) == [
        slice(0, 1), slice(1, 3), slice(3, 5)]
