"""Chainer functions over packed (unpadded) batches of texts.

A batch of B texts of lengths ``L_1 .. L_B`` is *packed*: its tokens stand one
text after another in T = sum of L_i rows, nothing is padded.  On a CPU the
work is done by the ``FunctionNode``s below, each a few large matrix products
with its own backward (first order only).  On a GPU the same names call
Chainer's own functions.

All arrays of one call share one floating dtype (float32 in the models,
float64 in the gradient checks); lengths are positive.
"""
import compat  # noqa: F401  (before Chainer)

import itertools

import chainer
import chainer.functions as F
import numpy as np
import scipy.sparse
from chainer import function_node

import parallel

BLOCK_TOKENS = 4096  # convolved together: what fits a core's cache


def _on_cpu(x):
    return isinstance(chainer.as_variable(x).array, np.ndarray)


def _offsets(lengths):
    """Row at which each text starts, (B,)."""
    return np.cumsum(lengths) - lengths


class _EmbedID(function_node.FunctionNode):

    def __init__(self, ids):
        super().__init__()
        self.ids = ids

    def forward(self, inputs):
        w, = inputs
        self.n_vocab = len(w)
        return w.take(self.ids, axis=0),

    def backward(self, indexes, grad_outputs):
        gy = grad_outputs[0].array  # (T, d)
        n = len(self.ids)
        # One 1 a column: a product with it adds up the rows of each word.
        one_hot = scipy.sparse.csc_matrix(
            (np.ones(n, gy.dtype), self.ids, np.arange(n + 1)),
            shape=(self.n_vocab, n))
        return chainer.as_variable(one_hot @ gy),


def embed_id(ids, w):
    """Rows of an embedding matrix.

    Args:
        ids: int array (T,), each in [0, V).
        w: Variable or Parameter (V, d).

    Returns:
        Variable (T, d).
    """
    if not _on_cpu(w):
        return F.embed_id(chainer.get_device(w.device).xp.asarray(ids), w)
    return _EmbedID(ids).apply((w,))[0]


class _TakeRows(function_node.FunctionNode):

    def __init__(self, rows):
        super().__init__()
        self.rows = rows

    def forward(self, inputs):
        self.shape = inputs[0].shape
        return inputs[0].take(self.rows, axis=0),

    def backward(self, indexes, grad_outputs):
        gy = grad_outputs[0].array
        gx = np.zeros(self.shape, gy.dtype)
        gx[self.rows] = gy
        return chainer.as_variable(gx),


def take_rows(x, rows):
    """``x[rows]`` for rows that are all different.

    Args:
        x: Variable (T, d).
        rows: int array (m,), no row twice.

    Returns:
        Variable (m, d).
    """
    if not _on_cpu(x):
        return F.get_item(x, rows)
    return _TakeRows(rows).apply((x,))[0]


class _SegmentMean(function_node.FunctionNode):

    def __init__(self, lengths):
        super().__init__()
        self.lengths = lengths

    def forward(self, inputs):
        x, = inputs
        sums = np.add.reduceat(x, _offsets(self.lengths), axis=0)
        return sums / self.lengths[:, None].astype(x.dtype),

    def backward(self, indexes, grad_outputs):
        gy = grad_outputs[0].array
        share = gy / self.lengths[:, None].astype(gy.dtype)
        return chainer.as_variable(np.repeat(share, self.lengths, axis=0)),


def segment_mean(x, lengths):
    """Mean over the tokens of each text.

    Args:
        x: Variable (T, d), packed.
        lengths: int array (B,).

    Returns:
        Variable (B, d).
    """
    if not _on_cpu(x):
        parts = F.split_axis(x, np.cumsum(lengths)[:-1], axis=0)
        return F.stack([F.mean(part, axis=0) for part in parts])
    return _SegmentMean(lengths).apply((x,))[0]


def spread_rows(lengths, gap):
    """Row of each packed token, int (T,), with `gap` rows in front of every
    text."""
    return np.arange(np.sum(lengths)) + gap * np.repeat(
        np.arange(1, len(lengths) + 1), lengths)


def _spread(x, lengths, gap):
    """Packed tokens with `gap` rows of zeros before each text and at the end.

    A window of at most ``gap + 1`` rows then never sees two texts, and the
    windows that begin in the zeros before a text are those that hang over
    its first word.

    Returns:
        The array (T + gap * (B + 1), d) and the row of each token, (T,).
    """
    rows = spread_rows(lengths, gap)
    spread = np.zeros((len(x) + gap * (len(lengths) + 1), x.shape[1]),
                      x.dtype)
    spread[rows] = x
    return spread, rows


def kernel_matrix(w):
    """A convolution's weights as one matrix.

    Args:
        w: array (out, d, k, 1).

    Returns:
        Array (d, k * out), the k taps one after another.
    """
    out, d, k, _ = w.shape
    return np.ascontiguousarray(w[..., 0].transpose(1, 2, 0)).reshape(
        d, k * out)


def conv_max_of_words(ids, lengths, embedding, ws):
    """:func:`conv_max` without a graph, from word ids, on a CPU.

    The product of a word's vector with the kernels is the same wherever the
    word stands, so it is computed once for each word that occurs.

    Args:
        ids: int array (T,).
        lengths: int array (B,).
        embedding: float array (V, d).
        ws: list of kernels (out, d, k, 1).

    Returns:
        float array (B, sum of out).
    """
    words, place = np.unique(ids, return_inverse=True)
    vectors = np.zeros((len(words) + 1, embedding.shape[1]),
                       embedding.dtype)
    vectors[:-1] = embedding[words]  # and one of zeros for the padding
    products = [[vectors @ np.ascontiguousarray(w[:, :, j, 0].T)
                 for j in range(w.shape[2])] for w in ws]
    pooled = np.empty((len(lengths), sum(map(len, ws))), embedding.dtype)
    ends = np.cumsum(lengths)

    def pool(texts):
        tokens = slice(ends[texts.start] - lengths[texts.start],
                       ends[texts.stop - 1])
        pooled[texts] = _max_of_sums(place[tokens], lengths[texts], products)

    parallel.run(pool, _blocks_of_texts(lengths))
    return pooled


def _blocks_of_texts(lengths):
    """Slices of texts with about ``BLOCK_TOKENS`` tokens each."""
    return equal_stretches(np.cumsum(lengths) // BLOCK_TOKENS)


def equal_stretches(values):
    """Slices of neighbouring entries that are equal."""
    edges = [0, *(np.flatnonzero(np.diff(values)) + 1), len(values)]
    return [slice(a, b) for a, b in itertools.pairwise(edges)]


def _max_of_sums(place, lengths, products):
    """Largest window of each text, from the products of its words.

    Args:
        place: int array (T,), rows of the products.
        lengths: int array (B,).
        products: a list a kernel of arrays (words + 1, out), one a tap; the
            last row holds zeros.

    Returns:
        array (B, sum of out).
    """
    gap = max(map(len, products)) - 1
    padding = len(products[0][0]) - 1
    spread = np.full(len(place) + gap * (len(lengths) + 1), padding)
    spread[spread_rows(lengths, gap)] = place
    starts = _offsets(lengths + gap)
    pooled = []
    for taps in products:
        y = taps[0].take(spread[:len(spread) - gap], axis=0)
        for j, tap in enumerate(taps[1:], 1):
            y += tap.take(spread[j:len(spread) - gap + j], axis=0)
        pooled.append(np.maximum.reduceat(y, starts, axis=0))
    return np.concatenate(pooled, axis=1)


class _ConvMax(function_node.FunctionNode):
    """Convolution with full padding, then max over time, one per width."""

    def __init__(self, lengths, gap):
        super().__init__()
        self.lengths = lengths
        self.gap = gap

    def forward(self, inputs):
        x, ws = inputs[0], inputs[1:]
        self.retain_inputs(tuple(range(len(inputs))))
        spread, _ = _spread(x, self.lengths, self.gap)
        starts = _offsets(self.lengths + self.gap)
        self.argmax = []
        pooled = [self._pool(spread, w, starts) for w in ws]
        return np.concatenate(pooled, axis=1),

    def _pool(self, spread, w, starts):
        out, _, k, _ = w.shape
        taps = spread @ kernel_matrix(w)
        y = taps[:, :out].copy()  # (rows, out), by the window's first row
        for j in range(1, k):
            y[:-j] += taps[j:, j * out:(j + 1) * out]
        # Rows before a text's first window, in reach of a wider kernel only,
        # hold zeros: harmless, for a ReLU follows.
        if not chainer.config.enable_backprop:
            return np.maximum.reduceat(y[:len(y) - self.gap], starts, axis=0)
        ends = starts + self.lengths + self.gap
        arg = np.stack([y[a:b].argmax(axis=0) + a
                        for a, b in zip(starts, ends, strict=True)])
        self.argmax.append(arg)  # (B, out)
        return np.take_along_axis(y, arg, axis=0)

    def backward(self, indexes, grad_outputs):
        x, *ws = (v.array for v in self.get_retained_inputs())
        gy = grad_outputs[0].array
        spread, rows = _spread(x, self.lengths, self.gap)
        g_spread = np.zeros_like(spread)
        gws = []
        begin = 0
        for w, arg in zip(ws, self.argmax, strict=True):
            out, d, k, _ = w.shape
            g_taps = np.zeros((len(spread), k * out), gy.dtype)
            columns = np.arange(out)
            for j in range(k):
                g_taps[arg + j, columns + j * out] = gy[:, begin:begin + out]
            g_spread += g_taps @ kernel_matrix(w).T
            gw = (spread.T @ g_taps).reshape(d, k, out)
            gws.append(np.ascontiguousarray(gw.transpose(2, 0, 1))[..., None])
            begin += out
        grads = [g_spread[rows]] + gws
        return tuple(chainer.as_variable(g) for g in grads)


def conv_max(x, lengths, ws):
    """Convolutions of several widths over each text, and their maximum.

    Each text is padded with k - 1 zeros on both sides, as in Kim (2014) and
    in the released code.  The value may differ from Chainer's only where all
    windows are negative, that is, not after a ReLU.  Where windows tie, the
    first one takes the gradient (Chainer gives each of them all of it).

    Args:
        x: Variable (T, d), packed.
        lengths: int array (B,).
        ws: list of Variables (out, d, k, 1).

    Returns:
        Variable (B, sum of out).
    """
    if not _on_cpu(x):
        return _conv_max_padded(x, lengths, ws)
    gap = max(w.shape[2] for w in ws) - 1
    return _ConvMax(lengths, gap).apply((x, *ws))[0]


def _conv_max_padded(x, lengths, ws):
    """The same through Chainer's convolution, padded to the longest text."""
    parts = F.split_axis(x, np.cumsum(lengths)[:-1], axis=0)
    block = F.pad_sequence(parts).transpose(0, 2, 1)[..., None]
    pooled = [F.max(F.convolution_2d(block, w, pad=(w.shape[2] - 1, 0)),
                    axis=(2, 3)) for w in ws]
    return F.concat(pooled, axis=1)


class TimeMajor:
    """Order of packed tokens in which a recurrent layer reads them.

    First the first tokens of all texts, the longest text first, then the
    second tokens of those that have one, and so on.

    Args:
        lengths: int array (B,).
        reverse: read each text from its last token to its first.

    Attributes:
        rows: (T,) packed row of the token read at each place.
        sizes: list of the number of texts still running at each step.
        last: (B,) place of each text's last step, in the texts' own order.
    """

    def __init__(self, lengths, reverse=False):
        order = np.argsort(-lengths, kind='stable')
        first = _offsets(lengths)[order]
        step = 1
        if reverse:
            first = first + lengths[order] - 1
            step = -1
        steps = np.arange(lengths.max())
        sizes = len(lengths) - np.searchsorted(
            np.sort(lengths), steps, side='right')
        self.sizes = sizes.tolist()
        self.rows = np.concatenate(
            [first[:size] + step * t for t, size in enumerate(self.sizes)])
        begin = np.cumsum(sizes) - sizes
        self.last = np.empty(len(lengths), np.intp)
        self.last[order] = begin[lengths[order] - 1] + np.arange(len(lengths))


def lstm_states(gates, sizes, wh):
    """States of one LSTM layer from its products with the input.

    Args:
        gates: array (T, 4n) in time-major order: wx x + b; overwritten.
        sizes: list of the number of texts at each step, never growing.
        wh: array (4n, n).

    Returns:
        hidden and cell states, arrays (T, n) each.
    """
    n = wh.shape[1]
    gates[:, :3 * n] *= 0.5
    hs, cs, _ = _run_lstm(gates, sizes, _halved(wh).T)
    return hs, cs


def _halved(w):
    """Weights (4n, ...) with those of the sigmoids halved.

    sigmoid(z) = tanh(z / 2) / 2 + 1 / 2: one tanh serves all four gates.
    """
    half = w.copy()
    half[:3 * len(w) // 4] *= 0.5
    return half


def _run_lstm(gates, sizes, wh):
    """Fill `gates`, halved inputs, with their values; states (T, n) each."""
    wh = np.ascontiguousarray(wh)
    n = len(wh)
    hs = np.empty((len(gates), n), gates.dtype)
    cs, tanh_cs = np.empty_like(hs), np.empty_like(hs)
    begin = 0
    previous = None
    for size in sizes:
        rows = slice(begin, begin + size)
        g, c = gates[rows], cs[rows]
        if previous is not None:
            g += hs[previous][:size] @ wh
        np.tanh(g, out=g)
        sigmoids = g[:, :3 * n]
        sigmoids *= 0.5
        sigmoids += 0.5
        np.multiply(g[:, :n], g[:, 3 * n:], out=c)
        if previous is not None:
            c += g[:, n:2 * n] * cs[previous][:size]
        np.tanh(c, out=tanh_cs[rows])
        np.multiply(g[:, 2 * n:3 * n], tanh_cs[rows], out=hs[rows])
        previous = rows
        begin += size
    return hs, cs, tanh_cs


class _LSTM(function_node.FunctionNode):

    def __init__(self, sizes):
        super().__init__()
        self.sizes = sizes

    def forward(self, inputs):
        x, wx, wh, b = inputs
        gates = x @ _halved(wx).T  # (T, 4n): input, forget, output, cell
        gates += _halved(b)
        hs, cs, tanh_cs = _run_lstm(gates, self.sizes, _halved(wh).T)
        if chainer.config.enable_backprop:
            self.retain_inputs((0, 1, 2))
            self.states = gates, hs, cs, tanh_cs
        return hs,

    def backward(self, indexes, grad_outputs):
        x, wx, wh = (v.array for v in self.get_retained_inputs())
        _, hs, _, _ = self.states
        ga = self._backward_gates(grad_outputs[0].array, wh)
        first = self.sizes[0]
        begins = np.cumsum([0] + self.sizes)
        before = np.concatenate(
            [np.arange(0)] + [np.arange(size) + begin for begin, size
                              in zip(begins, self.sizes[1:], strict=False)])
        gwh = ga[first:].T @ hs[before]
        grads = ga @ wx, ga.T @ x, gwh, ga.sum(axis=0)
        return tuple(chainer.as_variable(g) for g in grads)

    def _backward_gates(self, ghs, wh):
        """Gradient at the inputs of the four gates, (T, 4n)."""
        gates, _, cs, tanh_cs = self.states
        n = wh.shape[1]
        ga = np.empty_like(gates)
        end = len(ghs)
        gh_next = gc_next = None
        for t in reversed(range(len(self.sizes))):
            size = self.sizes[t]
            rows = slice(end - size, end)
            g, tanh_c, out = gates[rows], tanh_cs[rows], ga[rows]
            i, f, o, a = (g[:, j * n:(j + 1) * n] for j in range(4))
            gh = ghs[rows].copy()
            if gh_next is not None:
                gh[:len(gh_next)] += gh_next
            gc = gh * o * (1 - tanh_c * tanh_c)
            if gc_next is not None:
                gc[:len(gc_next)] += gc_next
            np.multiply(gc, a, out=out[:, :n])
            if t:
                before = slice(end - size - self.sizes[t - 1],
                               end - self.sizes[t - 1])
                np.multiply(gc, cs[before], out=out[:, n:2 * n])
            else:
                out[:, n:2 * n] = 0
            np.multiply(gh, tanh_c, out=out[:, 2 * n:3 * n])
            sigmoids = g[:, :3 * n]
            out[:, :3 * n] *= sigmoids * (1 - sigmoids)
            np.multiply(gc * i, 1 - a * a, out=out[:, 3 * n:])
            gc_next = gc * f
            gh_next = out @ wh
            end -= size
        return ga


def lstm(x, sizes, wx, wh, b):
    """One LSTM layer over tokens in :class:`TimeMajor` order, on a CPU.

    The equations are those of ``chainer.functions.n_step_lstm``; the gates
    stand in the order input, forget, output, cell.

    Args:
        x: Variable (T, d), in time-major order.
        sizes: list of the number of texts at each step, never growing.
        wx: Variable (4n, d).
        wh: Variable (4n, n).
        b: Variable (4n,), the sum of both biases.

    Returns:
        Variable (T, n): the hidden state after each token.
    """
    return _LSTM(sizes).apply((x, wx, wh, b))[0]
