"""Convolutions over packed texts, with the maximum over time.

Each text is padded with k - 1 zeros on both sides, k being the width of the
kernel, as in Kim (2014) and in the released code of Wallace et al. (2018).  A
kernel of width k consists of k *taps*, one for each row of its window.
"""
import compat  # noqa: F401  (before Chainer)

import chainer
import numpy as np
from chainer import function_node

from functions import devices, packing, segments

BLOCK_TOKENS = 4096  # pooled together on a CPU: what fits a core's cache


def kernel_matrix(w):
    """A kernel as one matrix.

    Args:
        w (ndarray): Floats (out, d, k, 1).

    Returns:
        ndarray: Floats (d, k * out), the k taps side by side.
    """
    out, d, k, _ = w.shape
    xp = chainer.backend.get_array_module(w)
    return xp.ascontiguousarray(w[..., 0].transpose(1, 2, 0)).reshape(
        d, k * out)


def _spread(x, lengths, gap):
    """Packed rows with zeros around each text (``packing.spread_rows``), and
    the row of each token."""
    xp = chainer.backend.get_array_module(x)
    rows = devices.send(packing.spread_rows(lengths, gap), x)
    spread = xp.zeros((len(x) + gap * (len(lengths) + 1), x.shape[1]),
                      x.dtype)
    spread[rows] = x
    return spread, rows


class _ConvMax(function_node.FunctionNode):
    """Convolution with full padding, then max over time, for each kernel.

    A window is known by its first row.  Those that begin in the zeros in
    front of a text are the ones that hang over its first word.
    """

    def __init__(self, lengths, gap):
        super().__init__()
        self.lengths = lengths
        self.gap = gap

    def forward(self, inputs):
        x, ws = inputs[0], inputs[1:]
        xp = chainer.backend.get_array_module(x)
        self.retain_inputs(tuple(range(len(inputs))))
        spread, _ = _spread(x, self.lengths, self.gap)
        stretches = self.lengths + self.gap  # windows of each text
        self.argmax = []  # of each kernel: the best window, (B, out)
        pooled = []
        for w in ws:
            windows = self._windows(spread, w)
            windows = windows[:len(windows) - self.gap]
            if chainer.config.enable_backprop:
                best = segments.first_maxima(windows, stretches)
                self.argmax.append(best)
                pooled.append(xp.take_along_axis(windows, best, axis=0))
            else:
                pooled.append(segments.maxima(windows, stretches))
        return xp.concatenate(pooled, axis=1),

    def _windows(self, spread, w):
        """Sum of each window's taps, (rows, out).

        Where another kernel is wider, the first rows of a text belong to
        windows of nothing but zeros: harmless, for a ReLU follows.
        """
        out, _, k, _ = w.shape
        taps = spread @ kernel_matrix(w)
        windows = taps[:, :out].copy()
        for j in range(1, k):
            windows[:-j] += taps[j:, j * out:(j + 1) * out]
        return windows

    def backward(self, indexes, grad_outputs):
        x, *ws = (v.array for v in self.get_retained_inputs())
        gy = grad_outputs[0].array
        xp = chainer.backend.get_array_module(gy)
        spread, rows = _spread(x, self.lengths, self.gap)
        g_spread = xp.zeros_like(spread)
        gws = []
        begin = 0
        for w, best in zip(ws, self.argmax, strict=True):
            out, d, k, _ = w.shape
            g_taps = xp.zeros((len(spread), k * out), gy.dtype)
            columns = xp.arange(out)
            for j in range(k):
                g_taps[best + j, columns + j * out] = gy[:, begin:begin + out]
            g_spread += g_taps @ kernel_matrix(w).T
            gw = (spread.T @ g_taps).reshape(d, k, out)
            gws.append(xp.ascontiguousarray(gw.transpose(2, 0, 1))[..., None])
            begin += out
        return tuple(chainer.as_variable(g) for g in [g_spread[rows], *gws])


def conv_max(x, lengths, ws):
    """Convolutions of several widths over each text, and their maximum.

    The value differs from that of Chainer's functions only where all windows
    are negative, so not after a ReLU.  Where windows tie, the first one takes
    the gradient (Chainer gives all of it to each of them).

    Args:
        x (Variable): Floats (T, d), packed.
        lengths (ndarray): Integers (B,).
        ws (list): Variables (out, d, k, 1), the kernels.

    Returns:
        Variable: Floats (B, sum of out).
    """
    gap = max(w.shape[2] for w in ws) - 1
    return _ConvMax(lengths, gap).apply((x, *ws))[0]


def conv_max_of_words(ids, lengths, embedding, ws):
    """``conv_max`` from word ids, without a graph.

    Each word that occurs is multiplied with the kernels once: the product is
    the same wherever the word stands.

    Args:
        ids (ndarray): Integers (T,).
        lengths (ndarray): Integers (B,).
        embedding (Variable): Floats (V, d).
        ws (list): Variables (out, d, k, 1), the kernels.

    Returns:
        Variable: Floats (B, sum of out).
    """
    e = embedding.array
    xp = chainer.backend.get_array_module(e)
    words, place = np.unique(ids, return_inverse=True)
    vectors = xp.zeros((len(words) + 1, e.shape[1]), e.dtype)
    vectors[:-1] = e[devices.send(words, e)]  # the last row pads the texts
    products = [[vectors @ xp.ascontiguousarray(w.array[:, :, j, 0].T)
                 for j in range(w.shape[2])] for w in ws]
    pooled = xp.empty((len(lengths), sum(map(len, ws))), e.dtype)
    ends = np.cumsum(lengths)

    def pool(texts):
        tokens = slice(ends[texts.start] - lengths[texts.start],
                       ends[texts.stop - 1])
        pooled[texts] = _max_of_sums(place[tokens], lengths[texts], products)

    n_tokens = devices.tokens_per_batch(e, BLOCK_TOKENS)
    devices.run_batches(pool, _blocks_of_texts(lengths, n_tokens), e)
    return chainer.as_variable(pooled)


def _blocks_of_texts(lengths, n_tokens):
    """Slices of texts with about so many tokens each."""
    return packing.equal_stretches(np.cumsum(lengths) // n_tokens)


def _max_of_sums(place, lengths, products):
    """Largest window of each text, from the products of its words.

    Args:
        place (ndarray): Integers (T,), each token's row in the products.
        lengths (ndarray): Integers (B,).
        products (list): For each kernel a list of its taps' arrays
            (words + 1, out); their last rows are zeros.

    Returns:
        ndarray: Floats (B, sum of out).
    """
    gap = max(map(len, products)) - 1
    padding = len(products[0][0]) - 1
    spread = np.full(len(place) + gap * (len(lengths) + 1), padding)
    spread[packing.spread_rows(lengths, gap)] = place
    n_windows = len(spread) - gap
    spread = devices.send(spread, products[0][0])
    pooled = []
    for taps in products:
        windows = taps[0].take(spread[:n_windows], axis=0)
        for j, tap in enumerate(taps[1:], 1):
            windows += tap.take(spread[j:n_windows + j], axis=0)
        pooled.append(segments.maxima(windows, lengths + gap))
    return chainer.backend.get_array_module(windows).concatenate(
        pooled, axis=1)
