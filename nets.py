"""Text classifiers: any of the encoders, for single texts or for pairs.

Parameter paths are those of the released code of Wallace et al. (2018), so
its ``best_model.npz`` loads.  What a classifier can do stands in
``links.classifier``.

References:

- Conneau et al. (2017), *Supervised Learning of Universal Sentence
  Representations* (InferSent): ``[u, v, |u - v|, u * v]`` for a pair.
- Wallace, Feng, Boyd-Graber (2018), *Interpreting Neural Networks with
  Nearest Neighbors*.
"""
import compat  # noqa: F401  (before Chainer)

import chainer.functions as F
import chainer.links as L
import numpy as np

from errors import ArgumentError
from functions import devices, packing
from links.classifier import Classifier
from links.encoders import (
    ENCODERS,
    BiLSTMEncoder,
    BOWMLPEncoder,
    CNNEncoder,
    Encoder,
    RNNEncoder,
)
from links.mlp import MLP, numbered

__all__ = ['ENCODERS', 'OUTPUT_DROPOUT', 'PAIR_LAYERS', 'BOWMLPEncoder',
           'BiLSTMEncoder', 'CNNEncoder', 'Encoder', 'MLP', 'RNNEncoder',
           'SNLIClassifier', 'TextClassifier', 'make_classifier']

PAIR_LAYERS = 3  # of the MLP on top of a pair
OUTPUT_DROPOUT = .1  # in front of the output layer


class TextClassifier(Classifier):
    """A classifier of single texts: encoder, then one linear layer.

    Args:
        encoder (Encoder): An instance of one of ``ENCODERS``.
        n_class (int): C.
    """

    n_sides = 1

    def __init__(self, encoder, n_class):
        super().__init__(n_class)
        with self.init_scope():
            self.encoder = encoder
            self.output = L.Linear(self._top_units(), n_class)

    def _top_units(self):
        return self.encoder.out_units

    @property
    def layer_names(self):
        return self.encoder.layer_names

    @property
    def tokens_per_batch(self):
        return self.encoder.tokens_per_batch

    def _embed(self, texts):
        ids, lengths = packing.pack(texts.sides[0])
        return [(self.encoder.embed_words(ids), lengths)]

    def _layers_from_vectors(self, packed):
        return self.encoder(*packed)

    def _layers_from_ids(self, texts):
        return self.encoder.layers_of(*packing.pack(texts.sides[0]))

    def _layers_left_out(self, texts, side):
        return self.encoder.without_words(*packing.pack(texts.sides[side]))

    def _output(self, layers):
        return self.output(F.dropout(layers[-1], OUTPUT_DROPOUT))


class SNLIClassifier(TextClassifier):
    """A classifier of pairs: one encoder for both, combination, MLP.

    Layers: ``[u, v, |u - v|, u * v]``, then each layer of the MLP, all four
    times as wide as the encoder's last layer.  Args as for
    ``TextClassifier``.
    """

    n_sides = 2

    def __init__(self, encoder, n_class):
        super().__init__(encoder, n_class)
        with self.init_scope():
            # As released, it drops less than the encoder does.
            self.mlp = MLP(PAIR_LAYERS, self._top_units(), OUTPUT_DROPOUT)

    def _top_units(self):
        return 4 * self.encoder.out_units

    @property
    def layer_names(self):
        return ['pair'] + numbered('mlp', self.mlp)

    def _embed(self, texts):
        # Both sides go through the embedding as one batch.
        ids, lengths = _pack_both(texts)
        n = int(lengths[:len(texts)].sum())
        e = self.encoder.embed_words(ids)
        return [(e[:n], lengths[:len(texts)]), (e[n:], lengths[len(texts):])]

    def _layers_from_vectors(self, premises, hypotheses):
        u = self.encoder(*premises)[-1]
        v = self.encoder(*hypotheses)[-1]
        return self._combine(u, v)

    def _layers_from_ids(self, texts):
        h = self.encoder.layers_of(*_pack_both(texts))[-1]
        return self._combine(h[:len(texts)], h[len(texts):])

    def _combine(self, u, v):
        h = F.concat([u, v, F.absolute(u - v), u * v])
        return [h] + self.mlp(h)

    def _layers_left_out(self, texts, side):
        side %= 2
        ids, lengths = packing.pack(texts.sides[side])
        changed = self.encoder.without_words(ids, lengths)[-1]
        fixed = self.encoder.layers_of(
            *packing.pack(texts.sides[1 - side]))[-1]
        example = np.repeat(np.arange(len(texts)), lengths - 1)
        fixed = F.get_item(fixed, devices.send(example, fixed))
        return self._combine(*((fixed, changed) if side
                               else (changed, fixed)))


def _pack_both(texts):
    premises, hypotheses = texts.sides
    return packing.pack([*premises, *hypotheses])


def make_classifier(model, n_vocab, n_class, n_units=300, n_layers=3,
                    dropout=0.4, pair=False, embed_units=None,
                    embed_dropout=None):
    """A classifier with one of the encoders.

    Args:
        model (str): Name in ``ENCODERS``: ``cnn``, ``rnn`` (LSTM),
            ``bilstm`` or ``bow``.
        n_vocab (int): Number of words, at least 1.
        n_class (int): Number of classes, at least 1.
        n_units (int): Width of the encoder, at least 1; 3 for the cnn.
        n_layers (int): Layers of the LSTM, or of the MLP, at least 1.
        dropout (float): Ratio dropped in the encoder, in [0, 1).
        pair (bool): Whether to classify pairs of texts.
        embed_units (int): Width of the word vectors, at least 1; without it,
            that of the encoder.
        embed_dropout (float): Ratio dropped of the word vectors, in [0, 1);
            without it, as released: none of the bow's, else ``dropout``.

    Returns:
        TextClassifier or SNLIClassifier: On the CPU.

    Raises:
        ArgumentError: If the model is unknown or a value out of its range.
    """
    if model not in ENCODERS:
        raise ArgumentError('model', model, 'is unknown; choose one of '
                            f'{", ".join(sorted(ENCODERS))}')
    if embed_units is None:
        embed_units = n_units
    for name, value in [('n_vocab', n_vocab), ('n_class', n_class),
                        ('n_units', n_units), ('n_layers', n_layers),
                        ('embed_units', embed_units)]:
        if value < 1:
            raise ArgumentError(name, value, 'is too small; take 1 or more')
    for name, value in [('dropout', dropout),
                        ('embed_dropout', embed_dropout or 0)]:
        if not 0 <= value < 1:
            raise ArgumentError(name, value, 'is not in [0, 1)')
    encoder = ENCODERS[model](n_vocab, n_units, n_layers, dropout,
                              embed_units)
    if embed_dropout is not None:
        encoder.dropout = embed_dropout
    return (SNLIClassifier if pair else TextClassifier)(encoder, n_class)
