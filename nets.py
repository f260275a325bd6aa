"""Text classifiers: one table of encoders, for one text or a pair.

Parameter paths are those of the released code of Wallace et al. (2018), so
its ``best_model.npz`` loads.  Letters: B batch, ``L_i`` length of text i with
its ``<eos>``, T = sum of L_i, ``D_l`` width of layer l, C classes, d width of
the embedding.

References:

- Kim (2014), *Convolutional Neural Networks for Sentence Classification*.
- Conneau et al. (2017), *Supervised Learning of Universal Sentence
  Representations* (InferSent): ``[u, v, |u - v|, u * v]`` for a pair.
- Wallace, Feng, Boyd-Graber (2018), *Interpreting Neural Networks with
  Nearest Neighbors*.
"""
import compat  # noqa: F401  (before Chainer)

import chainer
import chainer.functions as F
import chainer.links as L
import numpy as np

import functions
import leave_one_out
import parallel

EMBED_INIT = chainer.initializers.Uniform(.25)
KERNEL_WIDTHS = 3, 4, 5
PAIR_LAYERS = 3
OUTPUT_DROPOUT = .1
# Where an NStepLSTM keeps the gates that functions.lstm wants: input, forget,
# output, cell.  (Chainer's documentation has the last two the other way.)
LSTM_GATES = 0, 1, 3, 2


def _embedding(n_vocab, units):
    return L.EmbedID(n_vocab, units, initialW=EMBED_INIT, ignore_label=-1)


class MLP(chainer.ChainList):
    """Fully connected layers of one width with ReLU.

    Args:
        n_layers (int): number of layers.
        n_units (int): width of the input and of every layer.
        dropout (float): ratio dropped in front of every layer.
    """

    def __init__(self, n_layers, n_units, dropout):
        super().__init__(*(L.Linear(n_units, n_units)
                           for _ in range(n_layers)))
        self.dropout = dropout

    def forward(self, h):
        """(B, n_units) Variable -> list of n_layers such Variables."""
        hs = []
        for layer in self:
            h = F.relu(layer(F.dropout(h, self.dropout)))
            hs.append(h)
        return hs


class Encoder(chainer.Chain):
    """What every encoder has: ``embed_words``, ``__call__`` on what it
    returns, and ``without_words``.

    ``tokens_per_batch`` is how many are read at once without a graph on a
    CPU.
    """

    tokens_per_batch = 8192

    def layers_of(self, ids, lengths):
        """Layers from word ids (T,), lengths (B,): list of (B, D_l)."""
        return self(self.embed_words(ids), lengths)


class CNNEncoder(Encoder):
    """Convolutions of widths 3, 4, 5 with max over time, then an MLP.

    Layers: the pooled features after ReLU, then each layer of the MLP; all
    ``3 * (n_units // 3)`` wide.

    Args:
        n_vocab (int): number of words.
        n_units (int): width, at least 3.
        n_layers (int): layers of the MLP.
        dropout (float): ratio.
        embed_units (int): width of the embedding.
    """

    tokens_per_batch = 65536  # the more, the more often a word recurs

    def __init__(self, n_vocab, n_units, n_layers, dropout, embed_units):
        super().__init__()
        channels = n_units // len(KERNEL_WIDTHS)
        if not channels:
            raise ValueError(f'a cnn needs at least {len(KERNEL_WIDTHS)} '
                             f'units, got {n_units}')
        self.out_units = channels * len(KERNEL_WIDTHS)
        self.dropout = dropout
        with self.init_scope():
            self.embed = _embedding(n_vocab, embed_units)
            for k in KERNEL_WIDTHS:
                setattr(self, f'cnn_w{k}', L.Convolution2D(
                    embed_units, channels, ksize=(k, 1), pad=(k - 1, 0),
                    nobias=True))
            self.mlp = MLP(n_layers, self.out_units, dropout)

    @property
    def layer_names(self):
        return ['convolution'] + _numbered('mlp', self.mlp)

    def embed_words(self, ids):
        """int array (T,) -> Variable (T, d)."""
        return F.dropout(functions.embed_id(ids, self.embed.W), self.dropout)

    def forward(self, ex, lengths):
        """Variable (T, d), int array (B,) -> list of Variables (B, D_l)."""
        h = F.relu(functions.conv_max(ex, lengths, self._kernels()))
        return [h] + self.mlp(F.dropout(h, self.dropout))

    def layers_of(self, ids, lengths):
        """The same from word ids, without a graph: fast on a CPU."""
        if self.xp is not np or chainer.config.train:
            return self(self.embed_words(ids), lengths)
        h = functions.conv_max_of_words(
            ids, lengths, self.embed.W.array,
            [w.array for w in self._kernels()])
        h = F.relu(chainer.as_variable(h))
        return [h] + self.mlp(h)

    def without_words(self, ids, lengths):
        """Layers of each text without each word: list of (M, D_l)."""
        h = leave_one_out.conv_max(ids, lengths, self.embed.W.array,
                                   [w.array for w in self._kernels()])
        return [h] + self.mlp(h)

    def _kernels(self):
        return [self[f'cnn_w{k}'].W for k in KERNEL_WIDTHS]


class RNNEncoder(Encoder):
    """A stack of LSTM layers; each layer's last hidden state is a layer.

    Args:
        n_vocab, n_units, n_layers, dropout, embed_units: as for
            :class:`CNNEncoder`; every layer is `n_units` wide.
    """

    def __init__(self, n_vocab, n_units, n_layers, dropout, embed_units):
        super().__init__()
        self.out_units = n_units
        self.dropout = dropout
        with self.init_scope():
            self.embed = _embedding(n_vocab, embed_units)
            self.encoder = L.NStepLSTM(
                n_layers, embed_units, n_units, dropout)

    @property
    def layer_names(self):
        return _numbered('lstm', self.encoder)

    def embed_words(self, ids):
        """int array (T,) -> Variable (T, d)."""
        return F.dropout(functions.embed_id(ids, self.embed.W), self.dropout)

    def forward(self, ex, lengths):
        """Variable (T, d), int array (B,) -> list of Variables (B, D_l)."""
        return _last_states(self.encoder, ex, lengths)

    def without_words(self, ids, lengths):
        """Layers of each text without each word: list of (M, D_l)."""
        return leave_one_out.lstm(self.embed.W.array[ids], lengths,
                                  _lstm_arrays(self.encoder))


class BiLSTMEncoder(Encoder):
    """Two stacks of LSTM layers, one reading forwards, one backwards.

    A layer is the last hidden state of both directions side by side, twice
    `n_units` wide.  The released code's second stack read forwards, too.

    Args:
        n_vocab, n_units, n_layers, dropout, embed_units: as for
            :class:`CNNEncoder`.
    """

    def __init__(self, n_vocab, n_units, n_layers, dropout, embed_units):
        super().__init__()
        self.out_units = 2 * n_units
        self.dropout = dropout
        with self.init_scope():
            self.embed = _embedding(n_vocab, embed_units)
            self.encoder_forward = L.NStepLSTM(
                n_layers, embed_units, n_units, dropout)
            self.encoder_backward = L.NStepLSTM(
                n_layers, embed_units, n_units, dropout)

    @property
    def layer_names(self):
        return _numbered('bilstm', self.encoder_forward)

    def embed_words(self, ids):
        """int array (T,) -> Variable (T, d)."""
        return F.dropout(functions.embed_id(ids, self.embed.W), self.dropout)

    def forward(self, ex, lengths):
        """Variable (T, d), int array (B,) -> list of Variables (B, D_l)."""
        forwards = _last_states(self.encoder_forward, ex, lengths)
        backwards = _last_states(self.encoder_backward, ex, lengths,
                                 reverse=True)
        return [F.concat(pair) for pair in
                zip(forwards, backwards, strict=True)]

    def without_words(self, ids, lengths):
        """Layers of each text without each word: list of (M, D_l)."""
        e = self.embed.W.array[ids]
        forwards = leave_one_out.lstm(
            e, lengths, _lstm_arrays(self.encoder_forward))
        backwards = leave_one_out.lstm(
            e, lengths, _lstm_arrays(self.encoder_backward), reverse=True)
        return [np.concatenate(pair, axis=1) for pair in
                zip(forwards, backwards, strict=True)]


class BOWEncoder(chainer.Chain):
    """Holds the embedding of :class:`BOWMLPEncoder` at its released path."""

    def __init__(self, n_vocab, embed_units):
        super().__init__()
        with self.init_scope():
            self.embed = _embedding(n_vocab, embed_units)


class BOWMLPEncoder(Encoder):
    """The mean of the word vectors, then an MLP.

    Layers: the mean, then each layer of the MLP.  Where the embedding is
    not `n_units` wide, the MLP's first layer changes the width.

    Args:
        n_vocab, n_units, n_layers, dropout, embed_units: as for
            :class:`CNNEncoder`.
    """

    def __init__(self, n_vocab, n_units, n_layers, dropout, embed_units):
        super().__init__()
        self.out_units = n_units
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
        return ['mean'] + _numbered('mlp', self.mlp_encoder)

    def embed_words(self, ids):
        """int array (T,) -> Variable (T, d); nothing is dropped here."""
        return functions.embed_id(ids, self.embed.W)

    def forward(self, ex, lengths):
        """Variable (T, d), int array (B,) -> list of Variables (B, D_l)."""
        h = functions.segment_mean(ex, lengths)
        return [h] + self.mlp_encoder(h)

    def without_words(self, ids, lengths):
        """Layers of each text without each word: list of (M, D_l)."""
        h = leave_one_out.segment_mean(self.embed.W.array[ids], lengths)
        return [h] + self.mlp_encoder(h)


def _numbered(name, layers):
    return [f'{name} {i}' for i in range(1, len(layers) + 1)]


def _last_states(stack, ex, lengths, reverse=False):
    """Last hidden state of each layer of an NStepLSTM, list of (B, n)."""
    if stack.xp is not np:
        return _last_states_gpu(stack, ex, lengths, reverse)
    order = functions.TimeMajor(lengths, reverse)
    x = functions.take_rows(ex, order.rows)
    states = []
    for i, (ws, bs) in enumerate(zip(stack.ws, stack.bs, strict=True)):
        if i:
            x = F.dropout(x, stack.dropout)
        x = functions.lstm(x, order.sizes, *_lstm_weights(ws, bs))
        states.append(functions.take_rows(x, order.last))
    return states


def _lstm_weights(ws, bs):
    """A layer's weights as functions.lstm takes them."""
    wx, wh, bx, bh = (
        F.concat([params[j + gate] for gate in LSTM_GATES], axis=0)
        for params in (ws, bs) for j in (0, 4))
    return wx, wh, bx + bh


def _lstm_arrays(stack):
    return [[w.array for w in _lstm_weights(ws, bs)]
            for ws, bs in zip(stack.ws, stack.bs, strict=True)]


def _last_states_gpu(stack, ex, lengths, reverse):
    xs = F.split_axis(ex, np.cumsum(lengths)[:-1], axis=0)
    if reverse:
        xs = [x[::-1] for x in xs]
    h, _, _ = stack(None, None, xs)
    return list(F.separate(h))


ENCODERS = {
    'bilstm': BiLSTMEncoder,
    'bow': BOWMLPEncoder,
    'cnn': CNNEncoder,
    'rnn': RNNEncoder,
}


def _pack(xs):
    """List of int arrays -> ids (T,), lengths (B,)."""
    return (np.concatenate([np.asarray(x) for x in xs]),
            np.array([len(x) for x in xs]))


def _even_parts(xs):
    """Slices of texts with about as many words each, one a thread."""
    lengths = np.array([len(x) for x in xs])
    middles = np.cumsum(lengths) - lengths / 2
    return functions.equal_stretches(
        middles * parallel.n_workers() // lengths.sum())


class TextClassifier(chainer.Chain):
    """A classifier of single texts: encoder, then one linear layer.

    Calling it computes the training loss; everything else runs with dropout
    off, and without a graph unless it says otherwise.

    Args:
        encoder (chainer.Chain): an instance of one of ``ENCODERS``.
        n_class (int): C.
    """

    def __init__(self, encoder, n_class):
        super().__init__()
        self.n_class = n_class
        with self.init_scope():
            self.encoder = encoder
            self.output = L.Linear(self._top_units(), n_class)

    def _top_units(self):
        return self.encoder.out_units

    @property
    def layer_names(self):
        """Names of the layers, input side first."""
        return self.encoder.layer_names

    def forward(self, xs, ys):
        """Mean cross entropy of a batch; reports ``loss`` and ``accuracy``.

        Args:
            xs: list of int32 arrays (L_i,); for a pair a tuple of two.
            ys: int32 array (B,).

        Returns:
            Variable ().
        """
        z = self._output(self._layers(*self._embed(xs)))
        loss = F.softmax_cross_entropy(z, ys)
        chainer.report({'loss': loss.array,
                        'accuracy': F.accuracy(z, ys).array}, self)
        return loss

    def logits(self, xs):
        """List of int32 arrays (L_i,) -> Variable (B, C), no graph kept."""
        with chainer.using_config('train', False), chainer.no_backprop_mode():
            return self._output(self._layers_of(xs))

    def predict(self, xs):
        """Probabilities: ndarray (B, C), rows sum to 1."""
        return chainer.cuda.to_cpu(F.softmax(self.logits(xs)).array)

    def activations(self, xs):
        """Every layer, input side first: list of ndarray (B, D_l)."""
        return self.logits_and_activations(xs)[1]

    def logits_and_activations(self, xs):
        """Both from one pass: ndarray (B, C), list of ndarray (B, D_l)."""
        with chainer.using_config('train', False), chainer.no_backprop_mode():
            layers = self._layers_of(xs)
            z = self._output(layers)
        return (chainer.cuda.to_cpu(z.array),
                [chainer.cuda.to_cpu(h.array) for h in layers])

    def leave_one_out(self, xs, side=-1):
        """Both for every text without each of its words but ``<eos>``, on a
        CPU.

        Args:
            xs: as for :meth:`logits`.
            side (int): of a pair, whose words are left out: 0 the premise's,
                1 or -1 the hypothesis's.

        Returns:
            ndarray (M, C), list of ndarray (M, D_l), in the order of
            ``saliency.without_each``, text by text.
        """
        pair = isinstance(xs, tuple)
        parts = parallel.run(
            lambda rows: self._leave_one_out(
                tuple(part[rows] for part in xs) if pair else xs[rows], side),
            _even_parts(xs[side] if pair else xs))
        logits, *layers = (np.concatenate(part)
                           for part in zip(*parts, strict=True))
        return logits, layers

    def _leave_one_out(self, xs, side):
        """Logits and layers of some of the texts, one after another."""
        with chainer.using_config('train', False), chainer.no_backprop_mode():
            layers = [chainer.as_variable(h) for h in
                      self._layers_without(xs, side)]
            z = self._output(layers)
        return z.array, *(h.array for h in layers)

    def _layers_without(self, xs, side):
        return self.encoder.without_words(*_pack(xs))

    def word_gradients(self, xs, labels=None, reduce='mean'):
        """Gradient times input of each word, dropout off.

        ``s_i = - dNLL(label) / de_i . e_i``: positive where the word speaks
        for the label.  (The released code left dropout on for LSTMs.)

        Args:
            xs: as for :meth:`logits`.
            labels: int array (B,); left out, the predicted classes.
            reduce (str): ``'mean'`` derives the batch's mean NLL, as the
                released code does, so that a score holds a factor 1 / B;
                ``'no'`` derives each text's own NLL, whatever the batch.

        Returns:
            list of float arrays (L_i,); of a pair, the hypothesis's.
        """
        if reduce not in ('mean', 'no'):
            raise ValueError(f"reduce must be 'mean' or 'no', got {reduce!r}")
        e, lengths = self.embeddings(xs)[-1]
        g = self.embedding_gradients(xs, labels=labels)[-1]
        scores = -(e * g).sum(axis=1)
        if reduce == 'mean':
            scores /= len(lengths)
        return np.split(scores, np.cumsum(lengths)[:-1])

    def embeddings(self, xs):
        """Word vectors, packed: list (a text each) of ((T, d), (B,))."""
        with chainer.using_config('train', False), chainer.no_backprop_mode():
            return [(chainer.cuda.to_cpu(e.array), lengths)
                    for e, lengths in self._embed(xs)]

    def embedding_gradients(self, xs, labels=None, at=None):
        """Gradient of each example's NLL at its word vectors, dropout off.

        Args:
            xs: as for :meth:`logits`.
            labels: int array (B,); left out, the classes predicted at the
                vectors used.
            at: list (a text each) of arrays (T, d) to use in place of the
                embeddings of `xs` (integrated gradients, SmoothGrad).

        Returns:
            list (a text each) of ndarray (T, d).
        """
        with chainer.using_config('use_cudnn', 'never'):
            es, nll = self._nll(xs, labels, at)
            grads = chainer.grad([F.sum(nll)], es)
        return [chainer.cuda.to_cpu(g.array) for g in grads]

    def nll(self, xs, labels, at=None):
        """Each example's negative log likelihood, dropout off.

        Args:
            xs, labels, at: as for :meth:`embedding_gradients`.

        Returns:
            ndarray (B,).
        """
        with chainer.no_backprop_mode():
            return chainer.cuda.to_cpu(self._nll(xs, labels, at)[1].array)

    def _nll(self, xs, labels, at):
        """Variables: word vectors of each text, (T, d), and NLL, (B,)."""
        with chainer.using_config('train', False):
            packed = self._embed(xs)
            if at is not None:
                packed = [(chainer.Variable(self.xp.asarray(e)), lengths)
                          for e, (_, lengths) in zip(at, packed, strict=True)]
            z = self._output(self._layers(*packed))
        if labels is None:
            labels = z.array.argmax(axis=1)
        labels = self.xp.asarray(labels, dtype=np.int32)
        return ([e for e, _ in packed],
                F.softmax_cross_entropy(z, labels, reduce='no'))

    def _embed(self, xs):
        """Packed word vectors of each text: list of ((T, d), (B,))."""
        ids, lengths = _pack(xs)
        return [(self.encoder.embed_words(ids), lengths)]

    def _layers(self, packed):
        return self.encoder(*packed)

    def _layers_of(self, xs):
        """The same straight from the ids, without a graph."""
        return self.encoder.layers_of(*_pack(xs))

    def _output(self, layers):
        return self.output(F.dropout(layers[-1], OUTPUT_DROPOUT))


class SNLIClassifier(TextClassifier):
    """A classifier of pairs: one encoder for both, combination, MLP.

    Layers: ``[u, v, |u - v|, u * v]``, then each layer of the MLP, all four
    times as wide as the encoder's output.  `xs` is everywhere a tuple
    (premises, hypotheses) of lists of int32 arrays.

    Args:
        encoder (chainer.Chain): an instance of one of ``ENCODERS``.
        n_class (int): C.
    """

    def __init__(self, encoder, n_class):
        super().__init__(encoder, n_class)
        with self.init_scope():
            # As released, it drops less than the encoder does.
            self.mlp = MLP(PAIR_LAYERS, self._top_units(), OUTPUT_DROPOUT)

    def _top_units(self):
        return 4 * self.encoder.out_units

    @property
    def layer_names(self):
        return ['pair'] + _numbered('mlp', self.mlp)

    def _embed(self, xs):
        # Both sides go through the embedding as one batch.
        (premises, hypotheses) = xs
        ids, lengths = _pack([*premises, *hypotheses])
        n = int(lengths[:len(premises)].sum())
        e = self.encoder.embed_words(ids)
        return [(e[:n], lengths[:len(premises)]),
                (e[n:], lengths[len(premises):])]

    def _layers(self, premises, hypotheses):
        u = self.encoder(*premises)[-1]
        v = self.encoder(*hypotheses)[-1]
        return self._combine(u, v)

    def _layers_of(self, xs):
        premises, hypotheses = xs
        h = self.encoder.layers_of(*_pack([*premises, *hypotheses]))[-1]
        return self._combine(h[:len(premises)], h[len(premises):])

    def _combine(self, u, v):
        h = F.concat([u, v, F.absolute(u - v), u * v])
        return [h] + self.mlp(h)

    def _layers_without(self, xs, side):
        side %= 2
        ids, lengths = _pack(xs[side])
        changed = self.encoder.without_words(ids, lengths)[-1]
        ids, other_lengths = _pack(xs[1 - side])
        fixed = self.encoder.layers_of(ids, other_lengths)[-1].array
        fixed = np.repeat(fixed, lengths - 1, axis=0)
        changed = chainer.as_variable(changed).array
        return self._combine(*((fixed, changed) if side
                               else (changed, fixed)))


def make_classifier(model, n_vocab, n_class, n_units=300, n_layers=3,
                    dropout=0.4, pair=False, embed_units=None):
    """A classifier by name.

    Args:
        model (str): ``cnn``, ``rnn`` (LSTM), ``bilstm`` or ``bow``.
        n_vocab (int): number of words.
        n_class (int): number of classes.
        n_units (int): width of the encoder.
        n_layers (int): layers of the LSTM, or of the MLP.
        dropout (float): ratio in the encoder, in [0, 1).
        pair (bool): classify pairs of texts.
        embed_units (int): width of the word vectors; left out, `n_units`.

    Returns:
        TextClassifier or SNLIClassifier.

    Raises:
        ValueError: for an unknown model or sizes below 1.
    """
    if model not in ENCODERS:
        raise ValueError(f'unknown model {model!r}; choose one of '
                         f'{", ".join(sorted(ENCODERS))}')
    for name, value in [('n_vocab', n_vocab), ('n_class', n_class),
                        ('n_units', n_units), ('n_layers', n_layers)]:
        if value < 1:
            raise ValueError(f'{name} must be at least 1, got {value}')
    if not 0 <= dropout < 1:
        raise ValueError(f'dropout must be in [0, 1), got {dropout}')
    encoder = ENCODERS[model](n_vocab, n_units, n_layers, dropout,
                              embed_units or n_units)
    return (SNLIClassifier if pair else TextClassifier)(encoder, n_class)
