"""The fast leave-one-out equals encoding every variant from its start."""
import compat  # noqa: F401  (before Chainer)

import chainer
import numpy as np
import pytest

import nets
from functions import left_out, packing
from links.encoders import Encoder
from nlp_utils import Texts

VOCAB = 30
MODELS = sorted(nets.ENCODERS)
ALL = [(model, pair) for model in MODELS for pair in (False, True)]


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


def variants(tokens):
    """The text without word 0, without word 1, ..."""
    return [np.delete(tokens, i) for i in range(len(tokens) - 1)]


def plain(classifier, xs, side):
    """All variants through the ordinary forward pass."""
    whole = Texts.of(xs)
    rows = [i for i, tokens in enumerate(whole.sides[side])
            for _ in variants(tokens)]
    changed = [v for tokens in whole.sides[side] for v in variants(tokens)]
    return classifier.logits_and_activations(
        whole.select(rows).replace(side, changed))


def check_close(found, expected):
    assert len(found) == len(expected)
    for h, wanted in zip(found, expected, strict=True):
        size = max(1, abs(wanted).max())  # float32 rounds at this scale
        np.testing.assert_allclose(h, wanted, atol=1e-5 * size, rtol=0)


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
        check_close([logits, *layers], [expected_logits, *expected])


@pytest.mark.parametrize('tokens', [1, 20, 8192])
@pytest.mark.parametrize('model', MODELS)
def test_an_encoder_needs_no_way_of_its_own(model, tokens, monkeypatch):
    """The base class's way equals the one that overrides it."""
    encoder = make(model).encoder
    monkeypatch.setattr(type(encoder), 'tokens_per_batch', tokens)
    batch = packing.pack(texts([5, 1, 0, 9, 3]))
    assert type(encoder).without_words is not Encoder.without_words
    with chainer.using_config('train', False), chainer.no_backprop_mode():
        fast = encoder.without_words(*batch)
        plain = Encoder.without_words(encoder, *batch)
    check_close([h.array for h in fast], [h.array for h in plain])


@pytest.mark.parametrize('way', ['its own', 'base class'])
@pytest.mark.parametrize(('model', 'pair'), ALL)
def test_texts_without_words_have_no_variants(model, pair, way, monkeypatch):
    classifier = make(model, pair)
    xs = texts([0, 0])
    whole = classifier.activations((xs, xs) if pair else xs)
    if way == 'base class':
        monkeypatch.setattr(type(classifier.encoder), 'without_words',
                            Encoder.without_words)
    logits, layers = classifier.leave_one_out((xs, xs) if pair else xs)
    assert logits.shape == (0, 3)
    assert [h.shape for h in layers] == [(0, h.shape[1]) for h in whole]


def test_the_hypothesis_is_left_out_by_default():
    classifier = make('cnn', pair=True)
    xs = texts([3, 4]), texts([5, 2], seed=1)
    np.testing.assert_array_equal(classifier.leave_one_out(xs)[0],
                                  classifier.leave_one_out(xs, 1)[0])
    assert len(classifier.leave_one_out(xs)[0]) == 5 + 2


@pytest.mark.parametrize('model', MODELS)
def test_repeated_words_and_all_unknown(model):
    classifier = make(model)
    xs = [np.array([4, 4, 4, 4, 4, 4, 0], np.int32),
          np.array([1, 1, 1, 0], np.int32)]
    logits, _ = classifier.leave_one_out(xs)
    np.testing.assert_allclose(logits, plain(classifier, xs, 0)[0],
                               atol=1e-5, rtol=1e-5)


def test_word_rows_by_hand():
    # Texts a b . and c . and d e f . (. is <eos>): rows 0 1 | 3 | 5 6 7.
    rows = left_out.word_rows(np.array([3, 2, 4]))
    assert rows.tolist() == [0, 1, 3, 5, 6, 7]


@pytest.mark.parametrize('limit', [1, 4, 100])
def test_variants_by_hand(limit):
    """What is encoded: texts abc. and d. and ef. without each word."""
    ids = np.array(list('abc.d.ef.'))
    seen = []

    def encode(ids, lengths):
        words = [''.join(text) for text in np.split(ids, np.cumsum(lengths))]
        assert words.pop() == ''
        seen.extend(words)
        return [chainer.Variable(np.array([[float(ord(word[0]))]
                                           for word in words]))]

    h, = left_out.encode_variants(encode, ids, np.array([4, 2, 3]), limit)
    assert sorted(seen) == ['.', 'ab.', 'ac.', 'bc.', 'e.', 'f.']
    assert ''.join(map(chr, h.array[:, 0].astype(int))) == 'baa.fe'


def test_mean_by_hand():
    # Words 2, 4 and <eos> 6: without 2 the mean of 4, 6; without 4 of 2, 6.
    x = chainer.Variable(np.array([[2.], [4.], [6.]]))
    means = left_out.segment_mean_without(np.arange(3), np.array([3]), x)
    assert means.array.tolist() == [[5.], [4.]]
