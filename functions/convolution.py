"""Convolutions over packed texts, with the maximum over time.

Each text is padded with k - 1 zeros on both sides, k being the width of the
kernel, as in Kim (2014) and in the released code of Wallace et al. (2018).  A
kernel of width k consists of k *taps*, one for each row of its window.
"""
import compat  # noqa: F401  (before Chainer)

import chainer
import chainer.functions as F
import numpy as np
from chainer import function_node

import parallel
from functions import devices, packing

BLOCK_TOKENS = 4096  # pooled together: what fits the cache of a core


def kernel_matrix(w):
    """A kernel as one matrix.

    Args:
        w (ndarray): Floats (out, d, k, 1).

    Returns:
        ndarray: Floats (d, k * out), the k taps side by side.
    """
    out, d, k, _ = w.shape
    return np.ascontiguousarray(w[..., 0].transpose(1, 2, 0)).reshape(
        d, k * out)


def _spread(x, lengths, gap):
    """Packed rows with zeros around each text (``packing.spread_rows``), and
    the row of each token."""
    rows = packing.spread_rows(lengths, gap)
    spread = np.zeros((len(x) + gap * (len(lengths) + 1), x.shape[1]),
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
        self.retain_inputs(tuple(range(len(inputs))))
        spread, _ = _spread(x, self.lengths, self.gap)
        starts = packing.offsets(self.lengths + self.gap)
        self.argmax = []  # of each kernel: the best window, (B, out)
        pooled = []
        for w in ws:
            windows = self._windows(spread, w)
            if chainer.config.enable_backprop:
                best = self._best_windows(windows, starts)
                self.argmax.append(best)
                pooled.append(np.take_along_axis(windows, best, axis=0))
            else:
                windows = windows[:len(windows) - self.gap]
                pooled.append(np.maximum.reduceat(windows, starts, axis=0))
        return np.concatenate(pooled, axis=1),

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

    def _best_windows(self, windows, starts):
        """First row of each text's largest window, (B, out)."""
        ends = starts + self.lengths + self.gap
        return np.stack([windows[a:b].argmax(axis=0) + a
                         for a, b in zip(starts, ends, strict=True)])

    def backward(self, indexes, grad_outputs):
        x, *ws = (v.array for v in self.get_retained_inputs())
        gy = grad_outputs[0].array
        spread, rows = _spread(x, self.lengths, self.gap)
        g_spread = np.zeros_like(spread)
        gws = []
        begin = 0
        for w, best in zip(ws, self.argmax, strict=True):
            out, d, k, _ = w.shape
            g_taps = np.zeros((len(spread), k * out), gy.dtype)
            columns = np.arange(out)
            for j in range(k):
                g_taps[best + j, columns + j * out] = gy[:, begin:begin + out]
            g_spread += g_taps @ kernel_matrix(w).T
            gw = (spread.T @ g_taps).reshape(d, k, out)
            gws.append(np.ascontiguousarray(gw.transpose(2, 0, 1))[..., None])
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
    if not devices.on_cpu(x):
        return _conv_max_padded(x, lengths, ws)
    gap = max(w.shape[2] for w in ws) - 1
    return _ConvMax(lengths, gap).apply((x, *ws))[0]


def _conv_max_padded(x, lengths, ws):
    """The same by Chainer's convolution, texts padded to the longest."""
    padded = F.pad_sequence(packing.unpack(x, lengths))
    block = padded.transpose(0, 2, 1)[..., None]  # (B, d, longest, 1)
    pooled = [F.max(F.convolution_2d(block, w, pad=(w.shape[2] - 1, 0)),
                    axis=(2, 3)) for w in ws]
    return F.concat(pooled, axis=1)


def conv_max_of_words(ids, lengths, embedding, ws):
    """``conv_max`` from word ids, without a graph.

    On a CPU each word that occurs is multiplied with the kernels once: the
    product is the same wherever the word stands.

    Args:
        ids (ndarray): Integers (T,).
        lengths (ndarray): Integers (B,).
        embedding (Variable): Floats (V, d).
        ws (list): Variables (out, d, k, 1), the kernels.

    Returns:
        Variable: Floats (B, sum of out).
    """
    if not devices.on_cpu(embedding):
        return conv_max(packing.embed_id(ids, embedding), lengths, ws)
    words, place = np.unique(ids, return_inverse=True)
    vectors = np.zeros((len(words) + 1, embedding.shape[1]), embedding.dtype)
    vectors[:-1] = embedding.array[words]  # the last row pads the texts
    products = [[vectors @ np.ascontiguousarray(w.array[:, :, j, 0].T)
                 for j in range(w.shape[2])] for w in ws]
    pooled = np.empty((len(lengths), sum(map(len, ws))), embedding.dtype)
    ends = np.cumsum(lengths)

    def pool(texts):
        tokens = slice(ends[texts.start] - lengths[texts.start],
                       ends[texts.stop - 1])
        pooled[texts] = _max_of_sums(place[tokens], lengths[texts], products)

    parallel.run(pool, _blocks_of_texts(lengths))
    return chainer.as_variable(pooled)


def _blocks_of_texts(lengths):
    """Slices of texts with about ``BLOCK_TOKENS`` tokens each."""
    return packing.equal_stretches(np.cumsum(lengths) // BLOCK_TOKENS)


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
    starts = packing.offsets(lengths + gap)
    pooled = []
    for taps in products:
        windows = taps[0].take(spread[:n_windows], axis=0)
        for j, tap in enumerate(taps[1:], 1):
            windows += tap.take(spread[j:n_windows + j], axis=0)
        pooled.append(np.maximum.reduceat(windows, starts, axis=0))
    return np.concatenate(pooled, axis=1)
