"""Each function by hand or against plain NumPy, its gradient against finite
differences in float64."""
import compat  # noqa: F401  (before Chainer)

import chainer
import chainer.functions as F
import numpy as np
import pytest
from packed_batch import LENGTHS, check_gradient

from functions import packing


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_embed_id_adds_up_gradients_of_repeated_words(rng):
    w = rng.standard_normal((5, 3))
    ids = np.array([4, 0, 4, 4, 1])
    y = packing.embed_id(ids, chainer.Variable(w))
    np.testing.assert_array_equal(y.array, w[ids])
    check_gradient(lambda w: packing.embed_id(ids, w), w, gy_shape=(5, 3),
                   rng=rng)


def test_chainers_functions_give_the_same(rng):
    """Chainer's embedding, rows and means of one text after another."""
    w = chainer.Variable(rng.standard_normal((5, 3)))
    ids, rows = rng.integers(0, 5, 14), np.array([5, 0, 3])
    found = []
    for embed_id, take_rows, mean in [
            (packing.embed_id, packing.take_rows, packing.segment_mean),
            (F.embed_id, F.get_item, lambda x, lengths: F.stack(
                [F.mean(text, axis=0) for text in F.split_axis(
                    x, np.cumsum(lengths)[:-1], axis=0)]))]:
        w.cleargrad()
        e = embed_id(ids, w)
        outputs = take_rows(e, rows), mean(e, LENGTHS)
        sum(F.sum((i + 1) * h * h) for i, h in enumerate(outputs)).backward()
        found.append([e.array, *(h.array for h in outputs), w.grad])
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-12)


def test_take_rows(rng):
    x = rng.standard_normal((6, 2))
    rows = np.array([5, 0, 3])
    np.testing.assert_array_equal(
        packing.take_rows(chainer.Variable(x), rows).array, x[rows])
    check_gradient(lambda x: packing.take_rows(x, rows), x,
                   gy_shape=(3, 2), rng=rng)


def test_segment_mean_by_hand():
    # Texts of 4, 1, 7 and 2 words holding 0..13: means 1.5, 4, 8, 12.5.
    x = np.arange(14.)[:, None]
    y = packing.segment_mean(chainer.Variable(x), LENGTHS)
    np.testing.assert_array_equal(y.array, [[1.5], [4], [8], [12.5]])


def test_segment_mean_gradient(rng):
    x = rng.standard_normal((14, 3))
    check_gradient(lambda x: packing.segment_mean(x, LENGTHS), x,
                   gy_shape=(4, 3), rng=rng)


def test_pack_by_hand():
    ids, lengths = packing.pack([np.array([7, 8]), np.array([9]),
                                 np.array([4, 5, 6])])
    assert ids.tolist() == [7, 8, 9, 4, 5, 6]
    assert lengths.tolist() == [2, 1, 3]


def test_spread_rows_by_hand():
    # Two free rows, two tokens, two free rows, one token (, two free rows)
    assert packing.spread_rows(np.array([2, 1]), 2).tolist() == [2, 3, 6]


def test_equal_stretches_by_hand():
    assert packing.equal_stretches(np.array([5, 5, 0, 2, 2])) == [
        slice(0, 2), slice(2, 3), slice(3, 5)]


@pytest.mark.parametrize('lengths', [
    [5], [1, 1], [1, 100], [100, 1], [3, 1, 4, 1, 5, 9, 2, 6], [2] * 50])
def test_even_parts_cover_all_texts_once(lengths):
    for n in (1, 2, 3, 8):
        parts = packing.even_parts(np.array(lengths), n)
        assert len(parts) <= n
        assert [i for part in parts
                for i in range(len(lengths))[part]] == list(
                    range(len(lengths)))
        assert all(part.stop > part.start for part in parts)
        if len(lengths) == 50:  # equal texts: equal parts, but for one text
            sizes = [part.stop - part.start for part in parts]
            assert max(sizes) - min(sizes) <= 2 and len(parts) == n


def test_even_parts_are_even():
    for lengths, expected in [([50, 51], [1, 1]), ([10, 10, 10, 11], [2, 2]),
                              ([1, 1, 1, 30], [3, 1])]:
        parts = packing.even_parts(np.array(lengths), 2)
        assert [part.stop - part.start for part in parts] == expected


@pytest.mark.parametrize('limit', [1, 7, 30, 1000])
def test_batches_by_length_hold_each_text_once_and_are_bounded(rng, limit):
    lengths = rng.integers(1, 12, 40)
    batches = list(packing.batches_by_length(lengths, limit))
    assert sorted(np.concatenate(batches)) == list(range(40))
    assert (np.diff(lengths[np.concatenate(batches)]) >= 0).all()
    for batch in batches:
        assert len(batch) == 1 or len(batch) * lengths[batch].max() <= limit


def test_batches_by_length_are_full():
    # by length 1 1 4 5 9: 2 x 1 and 3 x 4 > 10; 2 x 5; 9
    assert [batch.tolist() for batch in packing.batches_by_length(
        np.array([5, 1, 4, 1, 9]), 10)] == [[1, 3], [2, 0], [4]]


def test_directions_by_hand():
    # norms sqrt(9 + 16) = 5, sqrt(4) = 2, and none
    x = np.array([[3., 0.], [0., 4.], [-2., 0.], [0., 0.]], np.float32)
    found = packing.directions(x, np.array([2, 1, 1]))
    assert found.tolist() == [[np.float32(.6), 0], [0, np.float32(.8)],
                              [-1, 0], [0, 0]]
    assert found.dtype == np.float32
