"""Encoders' outputs for a text without each of its words, all at once.

Texts come packed: ids (T,), lengths (B,), every text ending with ``<eos>``,
which stays.  There are M = sum of (L_i - 1) *variants*, in the order text 0
without word 0, text 0 without word 1, ..., text 1 without word 0, ...

``encode_variants`` encodes each of them from its first word.  The other
functions compute once what a missing word leaves as it was: a
convolution's windows that do not touch the word, an LSTM's states before it,
the sum of the other words' vectors.  Their results equal those of
``encode_variants`` but for rounding, and no graph is kept.
"""
import compat  # noqa: F401  (before Chainer)

import chainer
import numpy as np

from functions import (
    convolution,
    devices,
    lstm,
    lstm_steps,
    packing,
    segments,
)


def word_rows(lengths):
    """Packed rows of the words that are left out in turn.

    Args:
        lengths (ndarray): Integers (B,).

    Returns:
        ndarray: Integers (M,).
    """
    is_word = np.ones(int(np.sum(lengths)), bool)
    is_word[np.cumsum(lengths) - 1] = False
    return np.flatnonzero(is_word)


def _repeat_for_variants(values, lengths):
    """Values of texts, (B, ...), as values of their variants, (M, ...)."""
    return np.repeat(values, lengths - 1, axis=0)


def encode_variants(encode, ids, lengths, limit):
    """Outputs for all variants, each encoded from its first word.

    Args:
        encode (callable): Function of packed word ids and lengths; returns a
            list of Variables (number of texts, D_l).
        ids (ndarray): Integers (T,).
        lengths (ndarray): Integers (B,).
        limit (int): Tokens of a batch, for ``packing.batches_by_length``.

    Returns:
        list: Variables (M, D_l).
    """
    missing = word_rows(lengths)
    if not len(missing):
        return [chainer.as_variable(h.array[:0])
                for h in encode(ids, lengths)]
    first = _repeat_for_variants(segments.offsets(lengths), lengths)
    sizes = _repeat_for_variants(lengths - 1, lengths)
    batches = list(packing.batches_by_length(sizes, limit))
    outputs = [encode(ids[_kept_rows(first[batch], missing[batch],
                                     sizes[batch])], sizes[batch])
               for batch in batches]
    place = np.argsort(np.concatenate(batches))
    layers = []
    for parts in zip(*outputs, strict=True):
        xp = chainer.backend.get_array_module(parts[0])
        h = xp.concatenate([part.array for part in parts])
        layers.append(chainer.as_variable(h[devices.send(place, h)]))
    return layers


def _kept_rows(first, missing, sizes):
    """Packed rows of the tokens of some variants, one after another.

    Args:
        first (ndarray): Integers (m,), first row of each variant's text.
        missing (ndarray): Integers (m,), row of the word that is left out.
        sizes (ndarray): Integers (m,), number of tokens that stay.

    Returns:
        ndarray: Integers (sum of sizes,).
    """
    rows = np.arange(sizes.sum()) + np.repeat(
        first - segments.offsets(sizes), sizes)
    return rows + (rows >= np.repeat(missing, sizes))


def segment_mean_without(ids, lengths, embedding):
    """Means of the vectors of the remaining words.

    Args:
        ids (ndarray): Integers (T,).
        lengths (ndarray): Integers (B,).
        embedding (Variable): Floats (V, d).

    Returns:
        Variable: Floats (M, d).
    """
    e = embedding.array
    x = e[devices.send(ids, e)]
    sums = segments.repeat(segments.sums(x, lengths), lengths - 1)
    counts = _repeat_for_variants(lengths - 1, lengths)[:, None]
    others = sums - x[devices.send(word_rows(lengths), x)]
    return chainer.as_variable(
        others / devices.send(counts.astype(x.dtype), x))


def conv_max_without(ids, lengths, embedding, ws):
    """Convolution, max over time and ReLU of the remaining words.

    Args:
        ids (ndarray): Integers (T,).
        lengths (ndarray): Integers (B,).
        embedding (Variable): Floats (V, d).
        ws (list): Variables (out, d, k, 1), the kernels.

    Returns:
        Variable: Floats (M, sum of out), not negative.
    """
    e = embedding.array
    xp = chainer.backend.get_array_module(e)
    gap = max(w.shape[2] for w in ws)  # see packing.spread_rows
    rows = packing.spread_rows(lengths, gap)
    n_rows = len(ids) + gap * (len(lengths) + 1)
    words, place = np.unique(ids, return_inverse=True)
    vectors = e[devices.send(words, e)]
    missing, rows, place = (devices.send(index, e) for index in (
        rows[word_rows(lengths)], rows, place))
    pooled = []
    for w in ws:
        # The product with a word's vector is the same wherever it stands.
        taps = xp.zeros((n_rows, w.shape[0] * w.shape[2]), e.dtype)
        taps[rows] = (vectors @ convolution.kernel_matrix(w.array))[place]
        pooled.append(_max_without(
            taps.reshape(n_rows, w.shape[2], -1), missing, lengths + gap))
    return chainer.as_variable(xp.concatenate(pooled, axis=1))


def _max_without(taps, missing, stretches):
    """Largest window, at least 0, without each word.

    A window is known by its first row.  One that steps over the missing word
    has its first m taps in front of the word, its *head*, and the others
    behind it, its *tail*, one row further on than without a missing word.
    With a kernel of k = 4 taps and m = 2, ``x`` being the missing word::

        row    s    s+1   x   s+3  s+4
        tap    0     1         2    3
               heads[2][s]    tails[2][s]

    Args:
        taps (ndarray): Floats (rows, k, out), product of each token with each
            tap; at least k rows of zeros in front of every text and at the
            end.
        missing (ndarray): Integers (M,), row of the word that is left out.
        stretches (ndarray): Integers (B,), rows of each text, the zeros in
            front of it included; on the CPU.

    Returns:
        ndarray: Floats (M, out).
    """
    n, k, out = taps.shape
    xp = chainer.backend.get_array_module(taps)
    nothing = xp.zeros((n, out), taps.dtype)
    heads = [nothing]  # heads[m]: taps 0 .. m - 1
    for j in range(k):
        heads.append(_plus_shifted(heads[j], taps[:, j], j))
    tails = {k: nothing}  # tails[m]: taps m .. k - 1, one row further on
    for m in range(k - 1, 0, -1):
        tails[m] = _plus_shifted(tails[m + 1], taps[:, m], m + 1)
    whole = xp.maximum(heads[k], 0)[:stretches.sum()]
    so_far, from_here = segments.running_maxima(whole, stretches)
    # Windows that end before the word, and those that begin behind it
    best = xp.maximum(so_far[missing - k], from_here[missing + 1])
    for m in range(1, k):
        across = (heads[m] + tails[m])[missing - m]
        xp.maximum(best, across, out=best)
    return best


def _plus_shifted(sums, tap, shift):
    """``sums[s] + tap[s + shift]`` in every row s that has such a row."""
    sums = sums.copy()
    sums[:len(sums) - shift] += tap[shift:]
    return sums


def last_states_without(ids, lengths, embedding, stack, reverse=False):
    """Last hidden state of each layer of an LSTM stack.

    Args:
        ids (ndarray): Integers (T,).
        lengths (ndarray): Integers (B,).
        embedding (Variable): Floats (V, d).
        stack (NStepLSTM): Chainer's link, of layers n wide.
        reverse (bool): Read each text from its last token to its first.

    Returns:
        list: Variables (M, n), one of each layer, the lowest first.
    """
    layers = [[lstm.halved(w.array) for w in weights]
              for weights in lstm.layer_weights(stack)]
    e = embedding.array
    return [chainer.as_variable(h) for h in _resume_behind(
        e[devices.send(ids, e)], lengths, layers, reverse)]


def _resume_behind(e, lengths, layers, reverse):
    """Last states of the variants, each read from behind its missing word.

    Args:
        e (ndarray): Floats (T, d), packed.
        lengths (ndarray): Integers (B,).
        layers (list): wx, wh, b of each layer, ``lstm.halved``.
        reverse (bool): Read each text from its last token to its first.

    Returns:
        list: ndarrays (M, n), one of each layer.
    """
    missing = word_rows(lengths)
    first = _repeat_for_variants(segments.offsets(lengths), lengths)
    last = first + _repeat_for_variants(lengths, lengths) - 1
    step, start, end = (-1, last, first) if reverse else (1, first, last)
    n_left = (end - missing) * step  # tokens to read behind the missing word
    order = np.argsort(-n_left, kind='stable')
    missing, start, n_left = missing[order], start[order], n_left[order]
    hs, cs, inputs = _states_of_texts(e, lengths, layers, reverse)
    h, c = ([_states_at(states, missing - step, missing == start)
             for states in of_layers] for of_layers in (hs, cs))
    xp = chainer.backend.get_array_module(e)
    weights = [(xp.ascontiguousarray(wx.T), xp.ascontiguousarray(wh.T), b)
               for wx, wh, b in layers]
    missing = devices.send(missing, e)
    for t, size in enumerate(lstm.n_reading(n_left)):
        gates = inputs[missing[:size] + step * (t + 1)]
        for i, (wx, wh, b) in enumerate(weights):
            if i:
                gates = h[i - 1][:size] @ wx + b
            hidden, cell = h[i][:size], c[i][:size]
            lstm_steps.forward(gates, hidden @ wh, cell, cell, hidden, hidden)
    place = devices.send(np.argsort(order), e)
    return [states[place] for states in h]


def _states_of_texts(e, lengths, layers, reverse):
    """States after each token of the whole texts, and the lowest gates.

    Args as for ``_resume_behind``.

    Returns:
        tuple: Hidden states and cell states, lists of ndarrays (T, n), and
        the products of the tokens with the lowest layer's wx, plus its b,
        (T, 4n); all packed.
    """
    order = lstm.TimeMajor(lengths, reverse)
    rows, packed = (devices.send(index, e) for index in (
        order.rows, np.argsort(order.rows)))
    wx, _, b = layers[0]
    inputs = e @ wx.T + b
    hs, cs = [], []
    h = None  # of the layer below
    for wx, wh, b in layers:
        gates = inputs[rows] if h is None else h @ wx.T + b
        h, c, _ = lstm.layer_states(gates, order.sizes, wh)
        hs.append(h[packed])
        cs.append(c[packed])
    return hs, cs, inputs


def _states_at(states, rows, at_start):
    """``states[rows]``, but zeros where nothing was read before."""
    found = states[devices.send(np.where(at_start, 0, rows), states)]
    found[devices.send(at_start, states)] = 0
    return found
