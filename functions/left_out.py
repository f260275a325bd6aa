"""Encoders' outputs for a text without each of its words, all at once.

What a missing word leaves as it was is computed once: a convolution's windows
that do not touch the word, an LSTM's states before it, the sum of the other
words' vectors.  NumPy only; equal to encoding every variant from the start
but for rounding.

Texts come packed: ids (T,), lengths (B,), every text ending with ``<eos>``,
which stays.  M = sum of (L_i - 1) variants, in the order text 0 without word
0, text 0 without word 1, ...
"""
import numpy as np

import functions


def word_rows(lengths):
    """Packed rows of the words that are left out in turn, int (M,)."""
    is_word = np.ones(int(np.sum(lengths)), bool)
    is_word[np.cumsum(lengths) - 1] = False
    return np.flatnonzero(is_word)


def segment_mean(x, lengths):
    """Mean of the remaining rows.

    Args:
        x: float array (T, d).
        lengths: int array (B,).

    Returns:
        float array (M, d).
    """
    sums = np.add.reduceat(x, np.cumsum(lengths) - lengths, axis=0)
    counts = lengths - 1
    return ((np.repeat(sums, counts, axis=0) - x[word_rows(lengths)])
            / np.repeat(counts, counts)[:, None].astype(x.dtype))


def conv_max(ids, lengths, embedding, ws):
    """Convolution, max over time and ReLU of the remaining words.

    Args:
        ids: int array (T,).
        lengths: int array (B,).
        embedding: float array (V, d).
        ws: list of kernels (out, d, k, 1).

    Returns:
        float array (M, sum of out), not negative.
    """
    gap = max(w.shape[2] for w in ws)
    rows = functions.spread_rows(lengths, gap)
    n_rows = len(ids) + gap * (len(lengths) + 1)
    words, place = np.unique(ids, return_inverse=True)
    vectors = embedding[words]
    left_out = rows[word_rows(lengths)]
    ends = np.cumsum(lengths + gap)
    segments = list(zip(ends - lengths - gap, ends, strict=True))
    pooled = []
    for w in ws:
        # The product with a word's vector is the same wherever it stands.
        taps = np.zeros((n_rows, w.shape[0] * w.shape[2]), embedding.dtype)
        taps[rows] = (vectors @ functions.kernel_matrix(w))[place]
        pooled.append(_max_without(
            taps.reshape(n_rows, w.shape[2], -1), left_out, segments))
    return np.concatenate(pooled, axis=1)


def _max_without(taps, left_out, segments):
    """Largest window, at least 0, without each word.

    Args:
        taps: (rows, k, out), product of each token with each tap; at least
            k rows of zeros in front of every text and at the end.
        left_out: (M,) row of the word that is missing.
        segments: first row of each text's zeros and row behind its end.

    Returns:
        (M, out)
    """
    n, k, out = taps.shape
    # heads[m][s]: the first m taps of the window that begins in row s;
    # tails[m][s]: its other taps, one row further on, behind a missing word.
    heads = [np.zeros((n, out), taps.dtype)]
    tails = [np.zeros((n, out), taps.dtype)]
    for j in range(k):
        head = heads[-1].copy()
        head[:n - j] += taps[j:, j]
        heads.append(head)
    for j in range(k - 1, 0, -1):
        tail = tails[-1].copy()
        tail[:n - j - 1] += taps[j + 1:, j]
        tails.append(tail)
    tails.reverse()  # tails[m - 1] holds taps m .. k - 1
    windows = np.maximum(heads[k], 0)
    before, after = np.empty_like(windows), np.empty_like(windows)
    for begin, end in segments:
        text = windows[begin:end]
        np.maximum.accumulate(text, axis=0, out=before[begin:end])
        np.maximum.accumulate(text[::-1], axis=0, out=after[begin:end][::-1])
    best = np.maximum(before[left_out - k], after[left_out + 1])
    for m in range(1, k):
        across = (heads[m] + tails[m - 1])[left_out - m]
        np.maximum(best, across, out=best)
    return best


def lstm(e, lengths, layers, reverse=False):
    """Last hidden state of each layer of a stack, without each word.

    Args:
        e: float array (T, d), packed.
        lengths: int array (B,).
        layers: list of (wx, wh, b) as :func:`functions.lstm` takes them.
        reverse: read the texts from their last token to their first.

    Returns:
        list of float arrays (M, n).
    """
    words = word_rows(lengths)
    text = np.repeat(np.arange(len(lengths)), lengths)[words]
    first = (np.cumsum(lengths) - lengths)[text]
    last = first + lengths[text] - 1
    step = -1 if reverse else 1
    rest = words - first if reverse else last - words
    order = np.argsort(-rest, kind='stable')
    hs, cs, product = _states(e, lengths, layers, reverse)
    # The state just before the missing word, zeros where it is read first.
    state = words[order] - step
    fresh = words[order] == (last if reverse else first)[order]
    h = [_rows(states, state, fresh) for states in hs]
    c = [_rows(states, state, fresh) for states in cs]
    weights = [(np.ascontiguousarray(wx.T), np.ascontiguousarray(wh.T), b)
               for wx, wh, b in layers]
    sizes = len(rest) - np.searchsorted(
        np.sort(rest), np.arange(rest.max(initial=0)), side='right')
    for t, size in enumerate(sizes):
        token = words[order[:size]] + step * (t + 1)
        gates = product[token]
        for i, (_, wh, _) in enumerate(weights):
            gates += h[i][:size] @ wh
            _advance(gates, h[i][:size], c[i][:size])
            if i + 1 < len(weights):
                wx, _, b = weights[i + 1]
                gates = h[i][:size] @ wx + b
    for states in h:
        states[order] = states.copy()
    return h


def _rows(states, rows, fresh):
    """Copies of `rows` of the states, zeros where there is none before."""
    found = states[np.where(fresh, 0, rows)]
    found[fresh] = 0
    return found


def _advance(gates, h, c):
    """One step of an LSTM layer, in place.

    Args:
        gates: (B, 4n) inputs of the gates input, forget, output, cell.
        h, c: (B, n) states.
    """
    n = h.shape[1]
    sigmoids = gates[:, :3 * n]
    sigmoids *= 0.5
    np.tanh(gates, out=gates)
    sigmoids *= 0.5
    sigmoids += 0.5
    c *= gates[:, n:2 * n]
    c += gates[:, :n] * gates[:, 3 * n:]
    np.tanh(c, out=h)
    h *= gates[:, 2 * n:3 * n]


def _states(e, lengths, layers, reverse):
    """Hidden and cell states behind every token of the whole texts, (T, n)
    each and packed, and the first layer's products with its input."""
    order = functions.TimeMajor(lengths, reverse)
    packed = np.empty_like(order.rows)
    packed[order.rows] = np.arange(len(order.rows))
    product = e @ layers[0][0].T + layers[0][2]
    x = product[order.rows]
    all_hs, all_cs = [], []
    for i, (wx, wh, b) in enumerate(layers):
        gates = x if not i else x @ wx.T + b
        x, cs = functions.lstm_states(gates, order.sizes, wh)
        all_hs.append(x[packed])
        all_cs.append(cs[packed])
    return all_hs, all_cs, product
