"""Packed (unpadded) batches of texts, and functions of their rows.

A batch of B texts of lengths ``L_1 .. L_B``, all positive, is *packed*: its
tokens stand one text after another in T = sum of L_i rows.  On a CPU the
Chainer functions here and in the modules beside this one are a few large
NumPy operations, each with its own backward pass (first order only); on a GPU
they call Chainer's own functions.

All arrays of one call share one floating dtype: float32 in the networks,
float64 in the gradient checks.
"""
import compat  # noqa: F401  (before Chainer)

import itertools

import chainer
import chainer.functions as F
import numpy as np
from chainer import function_node

from functions import devices


def pack(texts):
    """Texts as one packed batch.

    Args:
        texts (list): B integer arrays (L_i,), B at least 1.

    Returns:
        tuple: Word ids (T,) and lengths (B,), both ndarrays of integers.
    """
    return (np.concatenate([np.asarray(text) for text in texts]),
            np.array([len(text) for text in texts]))


def offsets(lengths):
    """Row at which each text begins.

    Args:
        lengths (ndarray): Integers (B,).

    Returns:
        ndarray: Integers (B,), 0 first.
    """
    return np.cumsum(lengths) - lengths


def unpack(x, lengths):
    """Rows of each text.

    Args:
        x (Variable): Floats (T, d), packed.
        lengths (ndarray): Integers (B,).

    Returns:
        tuple: B Variables (L_i, d).
    """
    return F.split_axis(x, np.cumsum(lengths)[:-1], axis=0)


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
        return w.take(self.ids, axis=0),

    def backward(self, indexes, grad_outputs):
        import scipy.sparse  # slow to import
        gy = grad_outputs[0].array  # (T, d)
        n = len(self.ids)
        # Each column holds a single 1, in the row of its token's word: the
        # product adds up the gradients of each word's tokens.
        one_hot = scipy.sparse.csc_matrix(
            (np.ones(n, gy.dtype), self.ids, np.arange(n + 1)),
            shape=(self.n_vocab, n))
        return chainer.as_variable(one_hot @ gy),


def embed_id(ids, w):
    """Rows of an embedding matrix.

    Args:
        ids (ndarray): Integers (T,), each in [0, V).
        w (Variable): Floats (V, d).

    Returns:
        Variable: Floats (T, d).
    """
    if not devices.on_cpu(w):
        return F.embed_id(w.xp.asarray(ids), w)
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
        x (Variable): Floats (T, d).
        rows (ndarray): Integers (m,), no row twice.

    Returns:
        Variable: Floats (m, d).
    """
    if not devices.on_cpu(x):
        return F.get_item(x, x.xp.asarray(rows))
    return _TakeRows(rows).apply((x,))[0]


class _SegmentMean(function_node.FunctionNode):

    def __init__(self, lengths):
        super().__init__()
        self.lengths = lengths

    def forward(self, inputs):
        x, = inputs
        sums = np.add.reduceat(x, offsets(self.lengths), axis=0)
        return sums / self.lengths[:, None].astype(x.dtype),

    def backward(self, indexes, grad_outputs):
        gy = grad_outputs[0].array
        share = gy / self.lengths[:, None].astype(gy.dtype)
        return chainer.as_variable(np.repeat(share, self.lengths, axis=0)),


def segment_mean(x, lengths):
    """Mean over the tokens of each text.

    Args:
        x (Variable): Floats (T, d), packed.
        lengths (ndarray): Integers (B,).

    Returns:
        Variable: Floats (B, d).
    """
    if not devices.on_cpu(x):
        return F.stack([F.mean(part, axis=0) for part in unpack(x, lengths)])
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
    norms = xp.sqrt(means * xp.asarray(lengths, x.dtype)[:, None])
    norms[norms == 0] = 1
    text = np.repeat(np.arange(len(lengths)), lengths)
    return x / norms[xp.asarray(text)]
