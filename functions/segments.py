"""Sums and maxima over the rows of each segment, say of each text of a batch.

*Segments* are stretches of rows, one after another; all have at least one
row.  On a CPU each function is a call of NumPy or SciPy.  A GPU has none of
these calls: there neighbouring rows are combined in pairs, then the results
in pairs, and so on, about log2 of the longest segment times.  That costs
little, adds up no long column in float32, and, unlike atomic additions, gives
the same result every time.

Letters: T rows, S segments, ``L_i`` rows of segment i.
"""
import compat  # noqa: F401  (before Chainer)

import chainer
import numpy as np

from functions import devices


def offsets(lengths):
    """Row at which each segment begins.

    Args:
        lengths (ndarray): Integers (S,).

    Returns:
        ndarray: Integers (S,), 0 first.
    """
    return np.cumsum(lengths) - lengths


def repeat(values, lengths):
    """A row for each segment, as many times as the segment has rows.

    Args:
        values (ndarray): Numbers (S, d), on any device.
        lengths (ndarray): Integers (S,), on the CPU.

    Returns:
        ndarray: Numbers (T, d), where the values are.
    """
    if devices.on_cpu(values):
        return np.repeat(values, lengths, axis=0)
    segment = np.repeat(np.arange(len(lengths)), lengths)
    return values.take(devices.send(segment, values), axis=0)


def sums(x, lengths):
    """Sum of the rows of each segment.

    Args:
        x (ndarray): Floats (T, d), on any device.
        lengths (ndarray): Integers (S,), on the CPU.

    Returns:
        ndarray: Floats (S, d), where x is.
    """
    if devices.on_cpu(x):
        return np.add.reduceat(x, offsets(lengths), axis=0)
    return _combined_in_pairs(x, lengths, _sum)


def maxima(x, lengths):
    """Maximum of the rows of each segment.

    Args and result as for ``sums``.
    """
    if devices.on_cpu(x):
        return np.maximum.reduceat(x, offsets(lengths), axis=0)
    return _combined_in_pairs(x, lengths, _maximum)


def _sum(first, second, alone):
    xp = chainer.backend.get_array_module(first)
    return first + xp.where(alone[:, None], xp.zeros_like(second), second)


def _maximum(first, second, alone):
    return chainer.backend.get_array_module(first).maximum(first, second)


def _combined_in_pairs(x, lengths, combine):
    """One row (S, d) of each segment, by a function of two arrays (m, d) and
    of whether a row of theirs is the same in both, (m,)."""
    rounds = list(_pairs(lengths))
    if not rounds:
        return x
    pairs = devices.send(np.concatenate(rounds, axis=1), x)  # sent at once
    begin = 0
    for size in (both.shape[1] for both in rounds):
        first, second = pairs[:, begin:begin + size]
        x = combine(x.take(first, axis=0), x.take(second, axis=0),
                    first == second)
        begin += size
    return x


def _pairs(lengths):
    """Rows to combine in each round, arrays (2, m); the last row of an odd
    segment stands beside itself."""
    while lengths.max(initial=1) > 1:
        halves = (lengths + 1) // 2
        place = 2 * (np.arange(halves.sum())
                     - np.repeat(offsets(halves), halves))
        first = np.repeat(offsets(lengths), halves) + place
        yield np.stack([first,
                        first + (place + 1 < np.repeat(lengths, halves))])
        lengths = halves


def first_maxima(x, lengths):
    """Row of the maximum of each segment, the first one where some tie.

    Args:
        x (ndarray): Floats (T, d), on any device.
        lengths (ndarray): Integers (S,), on the CPU.

    Returns:
        ndarray: Integers (S, d), rows of x, where x is.
    """
    first = offsets(lengths)
    if devices.on_cpu(x):
        return np.stack([x[a:b].argmax(axis=0) + a for a, b in zip(
            first, first + lengths, strict=True)])
    # Each segment as long as the longest: its last row stands there again.
    rows = first[:, None] + np.minimum(np.arange(lengths.max()),
                                       lengths[:, None] - 1)
    rows, first = (devices.send(a, x) for a in (rows, first[:, None]))
    return x[rows].argmax(axis=1) + first


def running_maxima(x, lengths):
    """Maximum of the rows up to each row, and of those from it on.

    Args:
        x (ndarray): Floats (T, d), on any device.
        lengths (ndarray): Integers (S,), on the CPU.

    Returns:
        tuple: Two arrays of floats (T, d), where x is; no maximum goes
        beyond a row's segment.
    """
    if not devices.on_cpu(x):
        return _by_doubling(x, lengths, 1), _by_doubling(x, lengths, -1)
    so_far, from_here = np.empty_like(x), np.empty_like(x)
    ends = np.cumsum(lengths)
    for begin, end in zip(ends - lengths, ends, strict=True):
        rows = slice(begin, end)
        np.maximum.accumulate(x[rows], axis=0, out=so_far[rows])
        np.maximum.accumulate(x[rows][::-1], axis=0,
                              out=from_here[rows][::-1])
    return so_far, from_here


def _by_doubling(x, lengths, step):
    """Running maxima in the direction ``step``, over 2, 4, 8, ... rows."""
    xp = chainer.backend.get_array_module(x)
    rows = np.arange(len(x))
    begin = np.repeat(offsets(lengths), lengths)
    before = rows - begin if step > 0 else (
        begin + np.repeat(lengths, lengths) - 1 - rows)
    rows, before = devices.send(np.stack([rows, before]), x)
    shift = 1
    while shift < lengths.max():
        there = xp.where(before >= shift, rows - step * shift, rows)
        x = xp.maximum(x, x.take(there, axis=0))
        shift *= 2
    return x


def sums_of_rows(x, rows, n):
    """Sum of the rows that go to the same place, as an embedding's gradient.

    Args:
        x (ndarray): Floats (T, d), on any device.
        rows (ndarray): Integers (T,), each in [0, n), on the CPU.
        n (int): Number of places.

    Returns:
        ndarray: Floats (n, d), zeros where no row goes, where x is.
    """
    if devices.on_cpu(x):
        import scipy.sparse  # slow to import
        # Each column holds a single 1, in the row of its place.
        one_hot = scipy.sparse.csc_matrix(
            (np.ones(len(rows), x.dtype), rows, np.arange(len(rows) + 1)),
            shape=(n, len(rows)))
        return one_hot @ x
    xp = chainer.backend.get_array_module(x)
    order = np.argsort(rows, kind='stable')
    places, counts = np.unique(rows, return_counts=True)
    total = xp.zeros((n, x.shape[1]), x.dtype)
    total[devices.send(places, x)] = sums(
        x.take(devices.send(order, x), axis=0), counts)
    return total
