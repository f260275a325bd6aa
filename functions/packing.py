"""Packed (unpadded) batches of texts, and functions of their rows.

A batch of B texts of lengths ``L_1 .. L_B``, all positive, is *packed*: its
tokens stand one text after another in T = sum of L_i rows.  The Chainer
functions here and in the modules beside this one are a few large operations
of NumPy or CuPy, each with its own backward pass (first order only).  Ids,
lengths and rows are arrays on the CPU, wherever the others lie.

All arrays of one call share one floating dtype: float32 in the networks,
float64 in the gradient checks.
"""
import compat  # noqa: F401  (before Chainer)

import itertools

import chainer
import numpy as np
from chainer import function_node

from functions import devices, segments


def pack(texts):
    """Texts as one packed batch.

    Args:
        texts (list): B integer arrays (L_i,), B at least 1.

    Returns:
        tuple: Word ids (T,) and lengths (B,), both ndarrays of integers.
    """
    return (np.concatenate([np.asarray(text) for text in texts]),
            np.array([len(text) for text in texts]))


def spread_rows(lengths, gap):
    """Row of each token when rows are left free around the texts.

    There are `gap` free rows in front of every text and after the last one,
    ``T + gap * (B + 1)`` rows in all.  Filled with zeros they pad each text
    on both sides, and no window over consecutive rows sees two texts if it
    spans at most ``gap + 1`` rows.  A convolution of width k therefore needs
    a gap of k - 1.  If it has to step over one word that is left out, its
    window spans k + 1 rows, and the gap must be k.

    Args:
        lengths (ndarray): Integers (B,).
        gap (int): Free rows in front of each text, at least 0.

    Returns:
        ndarray: Integers (T,).
    """
    return np.arange(np.sum(lengths)) + gap * np.repeat(
        np.arange(1, len(lengths) + 1), lengths)


def equal_stretches(values):
    """Slices of neighbouring entries that are equal.

    Args:
        values (ndarray): Numbers (n,).

    Returns:
        list: Slices that together cover all n entries, in order.
    """
    edges = [0, *(np.flatnonzero(np.diff(values)) + 1), len(values)]
    return [slice(a, b) for a, b in itertools.pairwise(edges)]


def even_parts(lengths, n):
    """Slices of neighbouring texts with about as many tokens each.

    Args:
        lengths (ndarray): Integers (B,).
        n (int): Number of slices; there are fewer where some would be empty.

    Returns:
        list: Slices that together cover all B texts, in order.
    """
    middles = np.cumsum(lengths) - lengths / 2
    return equal_stretches(middles * n // lengths.sum())


def batches_by_length(lengths, limit):
    """Batches of texts of about the same length, of bounded size.

    The size is the number of texts times the longest of them, for on a GPU a
    convolution pads every text of a batch to the longest.

    Args:
        lengths (ndarray): Integers (n,), tokens of each example.
        limit (int): The size that no batch may exceed; an example that is
            longer is a batch by itself.

    Yields:
        ndarray: Positions of the examples in a batch, shortest first.
    """
    order = np.argsort(lengths, kind='stable')
    begin = 0
    while begin < len(order):
        ascending = lengths[order[begin:begin + limit]]
        fits = np.arange(1, len(ascending) + 1) * ascending <= limit
        end = begin + max(1, int(fits.sum()))
        yield order[begin:end]
        begin = end


class _EmbedID(function_node.FunctionNode):

    def __init__(self, ids):
        super().__init__()
        self.ids = ids

    def forward(self, inputs):
        w, = inputs
        self.n_vocab = len(w)
        return w.take(devices.send(self.ids, w), axis=0),

    def backward(self, indexes, grad_outputs):
        gy = grad_outputs[0].array  # (T, d)
        return chainer.as_variable(
            segments.sums_of_rows(gy, self.ids, self.n_vocab)),


def embed_id(ids, w):
    """Rows of an embedding matrix.

    Args:
        ids (ndarray): Integers (T,), each in [0, V).
        w (Variable): Floats (V, d).

    Returns:
        Variable: Floats (T, d).
    """
    return _EmbedID(ids).apply((w,))[0]


class _TakeRows(function_node.FunctionNode):

    def __init__(self, rows):
        super().__init__()
        self.rows = rows

    def forward(self, inputs):
        x, = inputs
        self.shape = x.shape
        self.rows = devices.send(self.rows, x)
        return x.take(self.rows, axis=0),

    def backward(self, indexes, grad_outputs):
        gy = grad_outputs[0].array
        xp = chainer.backend.get_array_module(gy)
        gx = xp.zeros(self.shape, gy.dtype)
        gx[self.rows] = gy
        return chainer.as_variable(gx),


def take_rows(x, rows):
    """``x[rows]`` for rows that are all different.

    Args:
        x (Variable): Floats (T, d).
        rows (ndarray): Integers (m,), no row twice.

    Returns:
        Variable: Floats (m, d).
    """
    return _TakeRows(rows).apply((x,))[0]


class _SegmentMean(function_node.FunctionNode):

    def __init__(self, lengths):
        super().__init__()
        self.lengths = lengths

    def forward(self, inputs):
        x, = inputs
        self.counts = devices.send(self.lengths[:, None].astype(x.dtype), x)
        return segments.sums(x, self.lengths) / self.counts,

    def backward(self, indexes, grad_outputs):
        share = grad_outputs[0].array / self.counts
        return chainer.as_variable(segments.repeat(share, self.lengths)),


def segment_mean(x, lengths):
    """Mean over the tokens of each text.

    Args:
        x (Variable): Floats (T, d), packed.
        lengths (ndarray): Integers (B,).

    Returns:
        Variable: Floats (B, d).
    """
    return _SegmentMean(lengths).apply((x,))[0]


def directions(x, lengths):
    """Divides the rows of each text by the norm of all of them together.

    Args:
        x (ndarray): Floats (T, d), packed.
        lengths (ndarray): Integers (B,).

    Returns:
        ndarray: Floats (T, d); of a text of zeros, zeros.
    """
    xp = chainer.backend.get_array_module(x)
    squares = (x * x).sum(axis=1, keepdims=True)
    means = segment_mean(chainer.Variable(squares), lengths).array
    norms = xp.sqrt(
        means * devices.send(lengths[:, None].astype(x.dtype), x))
    norms[norms == 0] = 1
    return x / segments.repeat(norms, lengths)
