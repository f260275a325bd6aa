"""Encoders of texts.  A new one is a class here and a row in ``ENCODERS``.

Texts come packed: T tokens of B texts, one after another (see
``functions.packing``).  d is the width of the word vectors and ``D_l`` that
of layer l.  Parameter paths are those of the released code of Wallace et al.
(2018).

References:

- Kim (2014), *Convolutional Neural Networks for Sentence Classification*.
- Wallace, Feng, Boyd-Graber (2018), *Interpreting Neural Networks with
  Nearest Neighbors*.
"""
import compat  # noqa: F401  (before Chainer)

import chainer
import chainer.functions as F
import chainer.links as L

from errors import ArgumentError
from functions import convolution, devices, left_out, lstm, packing
from links.mlp import MLP, numbered

EMBED_INIT = chainer.initializers.Uniform(.25)
KERNEL_WIDTHS = 3, 4, 5


def _embedding(n_vocab, units):
    return L.EmbedID(n_vocab, units, initialW=EMBED_INIT, ignore_label=-1)


class Encoder(chainer.Chain):
    """What all encoders share.

    A subclass registers its links in ``init_scope``, the embedding as
    ``embed`` first, and defines ``layer_names`` and ``forward``.  It overrides
    ``layers_of`` and ``without_words`` if it knows a faster way.

    Args:
        out_units (int): Width of the last layer.
        dropout (float): Ratio dropped of the word vectors, in [0, 1).

    Attributes:
        embed (EmbedID): The word vectors, (V, d).
        layer_names (list): Names of the layers, input side first.
        out_units (int): Width of the last layer.
        dropout (float): Ratio dropped of the word vectors.
        tokens_on_cpu (int): How many tokens a batch without a graph should
            hold on a CPU.
    """

    tokens_on_cpu = 8192

    def __init__(self, out_units, dropout):
        super().__init__()
        self.out_units = out_units
        self.dropout = dropout

    @property
    def tokens_per_batch(self):
        """int: How many tokens a batch without a graph should hold."""
        return devices.tokens_per_batch(self, self.tokens_on_cpu)

    def embed_words(self, ids):
        """Word vectors, with dropout in training.

        Args:
            ids (ndarray): Integers (T,).

        Returns:
            Variable: Floats (T, d).
        """
        return F.dropout(packing.embed_id(ids, self.embed.W), self.dropout)

    def forward(self, ex, lengths):
        """Layers from word vectors.

        Args:
            ex (Variable): Floats (T, d), packed.
            lengths (ndarray): Integers (B,).

        Returns:
            list: Variables (B, D_l), one of each layer, input side first.
        """
        raise NotImplementedError

    def layers_of(self, ids, lengths):
        """Layers from word ids.

        Args:
            ids (ndarray): Integers (T,), packed.
            lengths (ndarray): Integers (B,).

        Returns:
            list: Variables (B, D_l), one of each layer, input side first;
            a gradient through them is not guaranteed.
        """
        return self(self.embed_words(ids), lengths)

    def without_words(self, ids, lengths):
        """Layers of each text without each of its words but ``<eos>``.

        To be called with dropout off and without a graph.

        Args:
            ids (ndarray): Integers (T,), packed.
            lengths (ndarray): Integers (B,).

        Returns:
            list: Variables (M, D_l), one of each layer, for the variants in
            the order of ``functions.left_out``.
        """
        return left_out.encode_variants(self.layers_of, ids, lengths,
                                        self.tokens_per_batch)


class CNNEncoder(Encoder):
    """Convolutions of widths 3, 4, 5 with max over time, then an MLP.

    Layers: the pooled features after ReLU, then each layer of the MLP; all
    ``3 * (n_units // 3)`` wide.

    Args:
        n_vocab (int): Number of words.
        n_units (int): Width, at least 3.
        n_layers (int): Layers of the MLP.
        dropout (float): Ratio dropped in front of every layer, in [0, 1).
        embed_units (int): Width of the word vectors.

    Raises:
        ArgumentError: If the width is below 3.
    """

    # A batch multiplies each of its words with the kernels once, and the
    # larger the batch, the more of its tokens are words seen before.
    tokens_on_cpu = 65536

    def __init__(self, n_vocab, n_units, n_layers, dropout, embed_units):
        channels = n_units // len(KERNEL_WIDTHS)
        if not channels:
            raise ArgumentError(
                'n_units', n_units, 'is too small for the cnn; take '
                f'{len(KERNEL_WIDTHS)} or more')
        super().__init__(channels * len(KERNEL_WIDTHS), dropout)
        with self.init_scope():
            self.embed = _embedding(n_vocab, embed_units)
            for k in KERNEL_WIDTHS:
                setattr(self, f'cnn_w{k}', L.Convolution2D(
                    embed_units, channels, ksize=(k, 1), pad=(k - 1, 0),
                    nobias=True))
            self.mlp = MLP(n_layers, self.out_units, dropout)

    @property
    def layer_names(self):
        return ['convolution'] + numbered('mlp', self.mlp)

    def forward(self, ex, lengths):
        return self._from_pooled(
            convolution.conv_max(ex, lengths, self._kernels()))

    def layers_of(self, ids, lengths):
        if chainer.config.train:  # drops some of a word's vectors
            return super().layers_of(ids, lengths)
        return self._from_pooled(convolution.conv_max_of_words(
            ids, lengths, self.embed.W, self._kernels()))

    def without_words(self, ids, lengths):
        return self._from_pooled(left_out.conv_max_without(
            ids, lengths, self.embed.W, self._kernels()))

    def _from_pooled(self, pooled):
        h = F.relu(pooled)
        # As released, the MLP's own dropout comes on top of this one.
        return [h] + self.mlp(F.dropout(h, self.mlp.dropout))

    def _kernels(self):
        return [self[f'cnn_w{k}'].W for k in KERNEL_WIDTHS]


class RNNEncoder(Encoder):
    """A stack of LSTM layers; each layer's last hidden state is a layer.

    Every layer is ``n_units`` wide.  Args as for ``CNNEncoder``, but
    ``n_units`` may be any width from 1, and ``n_layers`` are the LSTM's.
    """

    def __init__(self, n_vocab, n_units, n_layers, dropout, embed_units):
        super().__init__(n_units, dropout)
        with self.init_scope():
            self.embed = _embedding(n_vocab, embed_units)
            self.encoder = L.NStepLSTM(
                n_layers, embed_units, n_units, dropout)

    @property
    def layer_names(self):
        return numbered('lstm', self.encoder)

    def forward(self, ex, lengths):
        return lstm.last_states(self.encoder, ex, lengths)

    def without_words(self, ids, lengths):
        return left_out.last_states_without(ids, lengths, self.embed.W,
                                            self.encoder)


class BiLSTMEncoder(Encoder):
    """Two stacks of LSTM layers, one reading forwards, one backwards.

    A layer is the last hidden state of both directions side by side,
    ``2 * n_units`` wide.  The released code's second stack read forwards, too.
    Args as for ``RNNEncoder``.
    """

    def __init__(self, n_vocab, n_units, n_layers, dropout, embed_units):
        super().__init__(2 * n_units, dropout)
        with self.init_scope():
            self.embed = _embedding(n_vocab, embed_units)
            self.encoder_forward = L.NStepLSTM(
                n_layers, embed_units, n_units, dropout)
            self.encoder_backward = L.NStepLSTM(
                n_layers, embed_units, n_units, dropout)

    @property
    def layer_names(self):
        return numbered('bilstm', self.encoder_forward)

    def forward(self, ex, lengths):
        return _side_by_side(
            lstm.last_states(self.encoder_forward, ex, lengths),
            lstm.last_states(self.encoder_backward, ex, lengths,
                             reverse=True))

    def without_words(self, ids, lengths):
        return _side_by_side(
            left_out.last_states_without(ids, lengths, self.embed.W,
                                         self.encoder_forward),
            left_out.last_states_without(ids, lengths, self.embed.W,
                                         self.encoder_backward, reverse=True))


def _side_by_side(forwards, backwards):
    return [F.concat(pair) for pair in zip(forwards, backwards, strict=True)]


class BOWEncoder(chainer.Chain):
    """Holds the embedding of ``BOWMLPEncoder`` at its released path.

    Args:
        n_vocab (int): Number of words.
        embed_units (int): Width of the word vectors.
    """

    def __init__(self, n_vocab, embed_units):
        super().__init__()
        with self.init_scope():
            self.embed = _embedding(n_vocab, embed_units)


class BOWMLPEncoder(Encoder):
    """The mean of the word vectors, then an MLP.

    Layers: the mean, then each layer of the MLP.  Where the word vectors are
    not ``n_units`` wide, the MLP's first layer changes the width.  Unless
    ``dropout`` is set, no word vectors are dropped.  Args as for
    ``RNNEncoder``, but ``n_layers`` are the MLP's.
    """

    def __init__(self, n_vocab, n_units, n_layers, dropout, embed_units):
        super().__init__(n_units, 0)
        with self.init_scope():
            self.bow_encoder = BOWEncoder(n_vocab, embed_units)
            self.mlp_encoder = MLP(n_layers, n_units, dropout)
        if embed_units != n_units:
            self.mlp_encoder[0].W.initialize((n_units, embed_units))

    @property
    def embed(self):
        return self.bow_encoder.embed

    @property
    def layer_names(self):
        return ['mean'] + numbered('mlp', self.mlp_encoder)

    def forward(self, ex, lengths):
        return self._from_mean(packing.segment_mean(ex, lengths))

    def without_words(self, ids, lengths):
        return self._from_mean(left_out.segment_mean_without(
            ids, lengths, self.embed.W))

    def _from_mean(self, mean):
        return [mean] + self.mlp_encoder(mean)


ENCODERS = {
    'bilstm': BiLSTMEncoder,
    'bow': BOWMLPEncoder,
    'cnn': CNNEncoder,
    'rnn': RNNEncoder,
}
