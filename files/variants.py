"""The test texts, each without one part after another, in files.

``counts.npy`` says how many variants each text has, ``positions.npy`` perhaps
which of its tokens each is without.
"""
from typing import NamedTuple

import numpy as np

from errors import UserError
from files import arrays

COUNTS, POSITIONS = 'counts.npy', 'positions.npy'


class Variants(NamedTuple):
    """The test texts, each without one part after another.

    Attributes:
        layers (list of ndarray): Float32 (M, D_l) each, all variants of the
            first text, then those of the second.
        logits (ndarray): Float32 (M, C), or None.
        counts (ndarray): int64 (n,), variants of each text, M in sum.
        positions (ndarray): int64 (M,), the token that each is without,
            ascending within a text; None where that is not known.
    """

    layers: list
    logits: np.ndarray
    counts: np.ndarray
    positions: np.ndarray = None

    def of_first(self, n):
        """The variants of the first n texts."""
        rows = slice(int(self.counts[:n].sum()))
        return Variants(
            [h[rows] for h in self.layers],
            None if self.logits is None else self.logits[rows],
            self.counts[:n],
            None if self.positions is None else self.positions[rows])


def read_variants(folder, layers, logits, texts):
    """Reads what belongs to the activations of variants.

    Args:
        folder (Path): Where they lie.
        layers (list of ndarray): Float32 (M, D_l) each.
        logits (ndarray): Float32 (M, C), or None.
        texts (list of tuple): One or two lists of tokens of each of the n
            test texts; an empty tuple each where there are none.

    Returns:
        Variants: All of it.

    Raises:
        UserError: If a file is missing, or does not fit the others.
    """
    counts = _counts(folder / COUNTS, len(texts), len(layers[0]))
    path = folder / POSITIONS
    return Variants(layers, logits, counts, _positions(path, counts, texts)
                    if path.is_file() else None)


def _counts(path, n, n_variants):
    """Variants of each text, int64 (n,)."""
    counts = arrays.read_integers(path)
    if len(counts) != n:
        raise UserError(f'{path} has {len(counts):,} counts, but there are '
                        f'{n:,} test examples; save one a test example')
    total = sum(counts.tolist())
    if counts.min() < 0 or total != n_variants:
        raise UserError(f'{path} counts {total:,} variants (the least count '
                        f'is {counts.min()}), but layer_0.npy beside it has '
                        f'{n_variants:,}; save how many each text has')
    return counts.astype(np.int64)


def _positions(path, counts, texts):
    """The token that each variant is without, int64 (M,)."""
    positions = arrays.read_integers(path)
    if len(positions) != counts.sum():
        raise UserError(f'{path} has {len(positions):,} positions, but there '
                        f'are {counts.sum():,} variants; save one a variant')
    parts = np.split(positions, np.cumsum(counts)[:-1])
    for i, (own, sides) in enumerate(zip(parts, texts, strict=True)):
        n = sum(map(len, sides)) if sides else np.inf
        if own.size and not (own[0] >= 0 and own[-1] < n and (
                own[1:] > own[:-1]).all()):
            raise UserError(
                f'{path} has {own.tolist()[:20]} for text {i:,}, but there '
                'must be different positions of its '
                + (f'{n} tokens' if sides else 'tokens')
                + ', ascending, counted from 0')
    return positions.astype(np.int64)
