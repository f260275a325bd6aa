"""The encoders: layers, widths, directions, dropout, a new one."""
import compat  # noqa: F401  (before Chainer)

import chainer
import chainer.functions as F
import chainer.links as L
import numpy as np
import pytest

import nets
from errors import ArgumentError
from functions import packing, segments
from links import encoders

MODELS = sorted(encoders.ENCODERS)


def make(model, pair=False, **sizes):
    np.random.seed(0)
    sizes = {'n_vocab': 20, 'n_class': 3, 'n_units': 6, 'n_layers': 2,
             **sizes}
    return nets.make_classifier(model, pair=pair, **sizes)


def texts(seed=0, n=5):
    rng = np.random.default_rng(seed)
    return [rng.integers(0, 20, size).astype(np.int32)
            for size in rng.integers(1, 9, n)]


def test_bilstm_reads_backwards():
    """Its backward half on a text is a forward LSTM on the text reversed."""
    classifier = make('bilstm')
    encoder = classifier.encoder
    n = 6
    encoder.encoder_forward.copyparams(encoder.encoder_backward)
    xs = texts()
    backwards = [h[:, n:] for h in classifier.activations(xs)]
    reversed_forwards = [h[:, :n] for h in
                         classifier.activations([x[::-1] for x in xs])]
    for ours, expected in zip(backwards, reversed_forwards, strict=True):
        np.testing.assert_allclose(ours, expected, atol=1e-6)
    forwards = classifier.activations(xs)[-1][:, :n]
    assert not np.allclose(forwards, backwards[-1], atol=1e-3)


def test_bilstm_is_twice_as_wide_and_a_pair_four_times():
    assert [h.shape[1] for h in make('rnn').activations(texts())] == [6, 6]
    assert make('bilstm').activations(texts())[-1].shape[1] == 12
    layers = make('bilstm', pair=True).activations((texts(), texts(1)))
    assert [h.shape[1] for h in layers] == [48, 48, 48, 48]


@pytest.mark.parametrize('model', MODELS)
def test_width_of_word_vectors(model):
    classifier = make(model, embed_units=4)
    assert classifier.encoder.embed.W.shape == (20, 4)
    assert classifier.logits(texts()).shape == (5, 3)


@pytest.mark.parametrize('model', MODELS)
def test_layers_of_ids_are_those_of_their_vectors(model):
    encoder = make(model).encoder
    ids, lengths = packing.pack(texts())
    with chainer.using_config('train', False), chainer.no_backprop_mode():
        slow = encoder(encoder.embed_words(ids), lengths)
        fast = encoder.layers_of(ids, lengths)
    assert len(fast) == len(encoder.layer_names)
    assert fast[-1].shape == (5, encoder.out_units)
    for a, b in zip(fast, slow, strict=True):
        np.testing.assert_allclose(a.array, b.array, atol=1e-6)


@pytest.mark.parametrize('model', MODELS)
def test_word_vectors_are_dropped_in_training_but_for_bow(model):
    encoder = make(model, dropout=0.5).encoder
    ids = np.arange(20)
    assert chainer.config.train
    dropped = (encoder.embed_words(ids).array == 0).mean()
    assert dropped == 0 if model == 'bow' else 0.2 < dropped < 0.8
    ids, lengths = packing.pack(texts())
    first, second = (encoder.layers_of(ids, lengths) for _ in range(2))
    assert np.allclose(first[0].array, second[0].array) == (model == 'bow')
    assert not np.allclose(first[-1].array, second[-1].array)
    with chainer.using_config('train', False):
        np.testing.assert_array_equal(encoder.embed_words(ids).array,
                                      encoder.embed.W.array[ids])


def test_a_cnn_too_narrow():
    with pytest.raises(ArgumentError, match='n_units=2 is too small'):
        encoders.CNNEncoder(20, 2, 1, 0.4, 6)


class FirstWord(encoders.Encoder):
    """The least that an encoder must define: the first word's vector."""

    layer_names = 'first word', 'its ReLU'

    def __init__(self, n_vocab, n_units, n_layers, dropout, embed_units):
        super().__init__(embed_units, dropout)
        with self.init_scope():
            self.embed = L.EmbedID(n_vocab, embed_units)

    def forward(self, ex, lengths):
        h = packing.take_rows(ex, segments.offsets(lengths))
        return [h, F.relu(h)]


@pytest.mark.parametrize('pair', [False, True])
def test_a_new_encoder_is_a_class_and_a_row(pair, monkeypatch):
    monkeypatch.setitem(encoders.ENCODERS, 'first', FirstWord)
    classifier = make('first', pair)
    xs = [np.array([3, 4, 5, 0], np.int32), np.array([6, 0], np.int32)]
    vectors = classifier.encoder.embed.W.array
    variants = [4, 3, 3, 0]  # the first words of 45., 35., 34. and of .
    logits, layers = classifier.leave_one_out((xs, xs) if pair else xs)
    assert logits.shape == (4, 3)
    if pair:
        u, v = (np.maximum(vectors[rows], 0)
                for rows in ([3, 3, 3, 6], variants))
        np.testing.assert_allclose(
            layers[0], np.concatenate([u, v, abs(u - v), u * v], axis=1))
    else:
        np.testing.assert_array_equal(layers[0], vectors[variants])
        gradients = classifier.word_gradients(xs)
        assert [len(g) for g in gradients] == [4, 2]
        assert not gradients[0][1:].any()
