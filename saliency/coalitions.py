"""Shapley values of words by sampling: which parts of a text are compared.

Like ``saliency.attribution`` this knows no network.  A text of L ids ends
with ``<eos>``, which is never left out.
"""
from typing import NamedTuple

import numpy as np


class Coalition(NamedTuple):
    """Some words of a text.

    Attributes:
        members (ndarray): Their positions, ascending, at least one.
        counted (ndarray): Bools, which of them are left out in turn; the
            others only fill the coalition up to its size.
    """

    members: np.ndarray
    counted: np.ndarray


def drawn(tokens, n_sizes=4, seed=0):
    """Coalitions of the words of a text, for Shapley values by sampling.

    The Shapley value of a word is the mean of its marginal contributions
    v(S) - v(S without it) over coalitions S that hold it, each size from 1 to
    all L - 1 words counting alike (Strumbelj and Kononenko 2010, *An
    Efficient Explanation of Individual Classifications using Game Theory*,
    draw orders of the words).  Here the sizes are the middles of ``n_sizes``
    equal stretches, and at each size a random order of the words is cut into
    coalitions, so that every word counts once a size; the last one is filled
    up with random others.  Exact in expectation where the mean contribution
    is linear in the size, as it is for interactions of two words.

    Args:
        tokens (ndarray): Word ids (L,), the last one ``<eos>``, which is in
            every coalition; equal texts get equal coalitions.
        n_sizes (int): At least 1; a text has no more sizes than words.
        seed (int): At least 0.

    Returns:
        list of Coalition: Empty for a text without words.
    """
    n = len(tokens) - 1
    rng = np.random.default_rng([seed, *np.asarray(tokens).tolist()])
    middles = (np.arange(n_sizes) + .5) / n_sizes
    sizes = np.unique(np.rint(1 + (n - 1) * middles).astype(int))
    found = []
    for size in sizes if n else ():
        order = rng.permutation(n)
        for start in range(0, n, size):
            part = order[start:start + size]
            others = rng.permutation(np.setdiff1d(order, part))
            members = np.sort(np.append(part, others[:size - len(part)]))
            found.append(Coalition(members, np.isin(members, part)))
    return found


def mean_contributions(coalitions_of, drops):
    """The mean over coalitions of what each word contributes.

    Args:
        coalitions_of (list): For each of n texts a list of Coalition.
        drops (iterable of ndarray): For each coalition, text after text, the
            fall of the value without each of its members.

    Returns:
        list of ndarray: float64 (L_i - 1,) for each text; 0 for a word that
        never counts.
    """
    drops = iter(drops)
    found = []
    for parts in coalitions_of:
        n = max((part.members[-1] + 1 for part in parts), default=0)
        total, times = np.zeros(n), np.zeros(n)
        for part in parts:
            chosen = part.members[part.counted]
            total[chosen] += next(drops)[part.counted]
            times[chosen] += 1
        found.append(total / np.maximum(times, 1))
    return found
