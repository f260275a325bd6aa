"""The fast leave-one-out equals encoding every variant from the start."""
import compat  # noqa: F401  (before Chainer)

import numpy as np
import pytest

import leave_one_out
import nets
import saliency

VOCAB = 30
ALL = [(model, pair) for model in sorted(nets.ENCODERS)
       for pair in (False, True)]


def make(model, pair=False, n_layers=3, scale=3):
    """A model whose weights are large enough for every word to matter."""
    np.random.seed(0)
    classifier = nets.make_classifier(
        model, VOCAB, 3, n_units=12, n_layers=n_layers, pair=pair,
        embed_units=7)
    for name, parameter in classifier.namedparams():
        if name.endswith('W') or '/w' in name:
            parameter.array *= scale
    return classifier


def texts(lengths, seed=0):
    rng = np.random.default_rng(seed)
    return [np.append(rng.integers(1, VOCAB, n), 0).astype(np.int32)
            for n in lengths]


def plain(classifier, xs, side):
    """All variants through the ordinary forward pass."""
    sides = xs if isinstance(xs, tuple) else (xs,)
    flat = [saliency.without_each(x) for x in sides[side]]
    changed = [v for variants in flat for v in variants]
    if not isinstance(xs, tuple):
        return classifier.logits_and_activations(changed)
    fixed = [xs[1 - side % 2][i] for i, variants in enumerate(flat)
             for _ in variants]
    return classifier.logits_and_activations(
        (changed, fixed) if side == 0 else (fixed, changed))


@pytest.mark.parametrize('lengths', [
    [1], [1, 1, 1], [2], [5, 1, 9, 3], [40], [6, 6, 6], [1, 25, 2]])
@pytest.mark.parametrize(('model', 'pair'), ALL)
def test_equals_the_plain_way(model, pair, lengths):
    classifier = make(model, pair)
    xs = texts(lengths)
    if pair:
        xs = xs, texts(lengths[::-1], seed=1)
    for side in (0, 1) if pair else (0,):
        logits, layers = classifier.leave_one_out(xs, side)
        expected_logits, expected = plain(classifier, xs, side)
        assert np.ptp(expected_logits) > 0.1  # the words do matter
        assert len(layers) == len(expected)
        for h, wanted in zip([logits, *layers], [expected_logits, *expected],
                             strict=True):
            size = max(1, abs(wanted).max())  # float32 rounds at this scale
            np.testing.assert_allclose(h, wanted, atol=1e-5 * size, rtol=0)


def test_the_hypothesis_is_left_out_by_default():
    classifier = make('cnn', pair=True)
    xs = texts([3, 4]), texts([5, 2], seed=1)
    np.testing.assert_array_equal(classifier.leave_one_out(xs)[0],
                                  classifier.leave_one_out(xs, 1)[0])
    assert len(classifier.leave_one_out(xs)[0]) == 5 + 2


@pytest.mark.parametrize('model', sorted(nets.ENCODERS))
def test_repeated_words_and_all_unknown(model):
    classifier = make(model)
    xs = [np.array([4, 4, 4, 4, 4, 4, 0], np.int32),
          np.array([1, 1, 1, 0], np.int32)]
    logits, _ = classifier.leave_one_out(xs)
    np.testing.assert_allclose(logits, plain(classifier, xs, 0)[0],
                               atol=1e-5, rtol=1e-5)


def test_word_rows_by_hand():
    # Texts a b . and c . and d e f . (. is <eos>): rows 0 1 | 3 | 5 6 7.
    rows = leave_one_out.word_rows(np.array([3, 2, 4]))
    assert rows.tolist() == [0, 1, 3, 5, 6, 7]


def test_mean_by_hand():
    # Words 2, 4 and <eos> 6: without 2 the mean of 4, 6; without 4 of 2, 6.
    x = np.array([[2.], [4.], [6.]])
    means = leave_one_out.segment_mean(x, np.array([3]))
    assert means.tolist() == [[5.], [4.]]
