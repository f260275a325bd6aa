"""Centred examples in float64 for kernel sums, in blocks sorted by label.

N examples of width D, of which d columns vary.
"""
import numpy as np

from neighbors import arrays, memory, reading
from neighbors.devices import HOST

BLOCK = memory.SOFT_EXAMPLES  # examples of a block


class LabelledBlocks:
    """All examples, block by block, kept in memory or made whenever read.

    They come in their own order, in blocks of ``BLOCK``, which depend on N
    alone; each block in the order of (label, index), so that a class is a
    slice of it.

    Args:
        X (ndarray or FileRows): float32 (N, D).
        labels (ndarray): int64 (N,).
        centre (ndarray): float64 (D,), what is subtracted.
        columns (ndarray): Integers (d,), ascending, the columns to keep.
        keeps (bool): Whether to keep the blocks.
        device (Host): Where they are kept and handed out.

    Attributes:
        places (list of tuple): What ``places_of`` gave for the labels.
        n_examples (int): N.
        longest (float): The largest length of a centred example.
        is_kept (bool): As given.
    """

    def __init__(self, X, labels, centre, columns, keeps, device=HOST):
        self._X = X
        self._centre = centre[columns]
        self._columns = columns
        self.places = places_of(labels)
        self.n_examples = len(labels)
        self.is_kept = keeps
        self._send = device.send
        kept, square = [], 0.
        for block in reading.ahead(self._block, self.places):
            square = max(square, -2 * block[:, -2].min())
            if keeps:
                kept.append(self._send(block))
        self._kept = kept
        self.longest = np.sqrt(square)

    def read(self):
        """The blocks; those that are not kept are made one ahead.

        Yields:
            tuple: A list of (class, slice of the block), and on the device
            float64 (n, d + 2): the examples, minus half their squared
            lengths, 1s.
        """
        blocks = self._kept if self.is_kept else reading.ahead(
            lambda place: self._send(self._block(place)), self.places)
        for (_, _, slices), block in zip(self.places, blocks, strict=True):
            yield slices, block

    def examples(self):
        """The examples as they are, in their own order.

        Yields:
            tuple: A slice, and its examples as float64 (n, D).
        """
        N, D = self._X.shape
        rows = list(arrays.slices(N, max(1, arrays.CELLS // 4 // D)))
        yield from zip(rows, reading.ahead(
            lambda some: self._X[some].astype(np.float64, order='C'), rows),
            strict=True)

    def _block(self, place):
        rows, order, _ = place
        x = self._X[rows][order].take(self._columns, axis=1)
        block = np.empty((len(x), len(self._columns) + 2))
        np.subtract(x, self._centre, out=block[:, :-2])
        block[:, -2] = -.5 * arrays.square_norms(block[:, :-2])
        block[:, -1] = 1
        return block


def places_of(labels):
    """The blocks of examples with these labels.

    Args:
        labels (ndarray): int64 (N,).

    Returns:
        list of tuple: Of each block: its slice of the examples, their order
        int64 (n,) in [0, n), and a list of (class, slice in that order).
    """
    return [(rows, *by_label(labels[rows]))
            for rows in arrays.slices(len(labels), BLOCK)]


def by_label(labels):
    """The order by (label, index), and where each class is in it.

    Args:
        labels (ndarray): int64 (n,), 0 or more.

    Returns:
        tuple: int64 (n,) in [0, n), and a list of (class, slice).
    """
    order = np.argsort(labels, kind='stable')
    labels = labels[order]
    starts = np.flatnonzero(np.diff(labels, prepend=-1))
    stops = [*starts[1:], len(labels)]
    return order, [(int(labels[start]), slice(int(start), int(stop)))
                   for start, stop in zip(starts, stops, strict=True)]
