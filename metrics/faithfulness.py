"""Do the words of an explanation move what it explains?

f(x) is the value explained, such as the probability of a class, of text x;
x \\ r the text without the words r; r alone the text of these words only.
Here are the numbers made of values of f; whoever can run a model computes
those.  n texts, L words of a text, K sets of words of each text.

A text that lost words is one that nobody wrote, so that a value says little
by itself: the yardstick is the same value for words in random order, which
``ranking`` gives for constant scores.
"""
from numbers import Real
from typing import NamedTuple

import numpy as np

from metrics.checks import as_column, as_matrix, as_pair
from metrics.ranks import kendall, ranking, spearman

__all__ = ['SHARES', 'TOPS', 'RankAgreement', 'aopc', 'area_over_masking',
           'kendall', 'n_words', 'normalised', 'rank_agreement', 'ranking']

# Shares of the words, as in ERASER; of short texts most are one word, hence
# the numbers of words beside them.
SHARES = 0.01, 0.05, 0.1, 0.2, 0.5
TOPS = 1, 2, 3


class RankAgreement(NamedTuple):
    """How alike two explanations rank the words of each of n texts.

    Attributes:
        kendall (ndarray): float64 (n,) in [-1, 1], Kendall's tau-b; NaN
            where one of the two scores all words the same.
        spearman (ndarray): Likewise, Spearman's rank correlation.
    """

    kendall: np.ndarray
    spearman: np.ndarray


def n_words(share, length):
    """How many words a share of a text is: rounded up, at least one.

    So every share of every text takes a word away; 1 % of 19 words is one,
    as are 5 %.  (ferret rounds down and drops sets that repeat.)  A product
    of floats that misses a whole number by less than 1e-9 counts as that
    number: 0.07 of 100 words are 7.

    Args:
        share (float): In (0, 1].
        length (int or array_like): Words of a text or of several, integers
            from 1.

    Returns:
        int64 or ndarray: As many as lengths, from 1 to the length.

    Raises:
        ValueError: An argument is not as above.
    """
    length = np.asarray(length)
    if length.dtype.kind not in 'iu' or (length < 1).any():
        raise ValueError(f'length={length}, but whole numbers from 1 are '
                         'needed; leave texts without words out')
    if not (isinstance(share, Real) and 0 < share <= 1):
        raise ValueError(f'share={share!r}, but a share above 0 and up to 1 '
                         'is needed; divide a percentage by 100')
    exact = np.round(share * length, 9)
    return np.maximum(np.ceil(exact), 1).astype(np.int64)


def aopc(whole, perturbed):
    """Averages the fall of f over sets of words, for each text.

    The area over the perturbation curve as ERASER's code has it, the plain
    mean of the K falls (DeYoung et al. 2020, arXiv 1911.03429, section 4).
    With f(x \\ r) it is comprehensiveness, the higher the better; with f of
    r alone sufficiency, the lower the better.

    Args:
        whole (array_like): Finite numbers (n,), f(x).
        perturbed (array_like): Finite numbers (n, K), or (n,) for K = 1, f
            of text i without, or with nothing but, the words of its k-th
            set, such as one for each of ``SHARES``.

    Returns:
        ndarray: float64 (n,).

    Raises:
        ValueError: The values are not as above, or not of the same texts.
    """
    whole, perturbed = _same_texts(whole, perturbed)
    return (whole[:, None] - perturbed).mean(axis=1)


def normalised(whole, perturbed, empty, kind):
    """Normalises a fall of f by that of the empty text.

    Carton, Rathore, Tan 2020 (arXiv 2010.04736).  With the null
    difference d = max(0, f(x) - f(empty)), NC = max(0, f(x) - f(x \\ r)) / d
    and NS = 1 - max(0, f(x) - f(r)) / d, which is their (S - (1 - d)) / d
    with S = 1 - max(0, f(x) - f(r)); both cut to [0, 1].  The unit of f
    cancels out, so that models can be compared.

    A text with d = 0 has nothing that words could explain: its values are
    NaN, to be left out and counted.  (The authors' code gives it 0 and takes
    a d below 1e-5 for 0; here only 0 is, whatever the unit of f.)

    Args:
        whole (array_like): Finite numbers (n,), f(x).
        perturbed (array_like): Finite numbers (n, K) or (n,), as for
            ``aopc``.
        empty (array_like): Finite numbers (n,), f of the text without words.
        kind (str): ``'comprehensiveness'`` or ``'sufficiency'``, which of
            the two ``perturbed`` holds.

    Returns:
        ndarray: float64 in [0, 1] in the shape of ``perturbed``, NaN for
        whole texts; the higher the better for both kinds.

    Raises:
        ValueError: An argument is not as above.
    """
    if kind not in NORMALISED:
        raise ValueError(f'kind={kind!r} is not known; choose from '
                         + ', '.join(sorted(NORMALISED)))
    shape = np.shape(perturbed)
    whole, perturbed = _same_texts(whole, perturbed)
    whole, empty = as_pair(whole, empty, ('whole', 'empty'))
    null = np.maximum(whole - empty, 0)[:, None]  # (n, 1)
    fall = np.clip(whole[:, None] - perturbed, 0, null)  # (n, K)
    share = fall / np.where(null > 0, null, np.nan)
    return NORMALISED[kind](share).reshape(shape)


def area_over_masking(curve):
    """Computes the area under f while the words go, for each text.

    The mean height of the curve by the trapezoid rule.  Where the most
    important words go first (MoRF) it is small for a good order, where the
    least important do (LeRF) large.

    Args:
        curve (array_like): Finite numbers (n, K), f of each text at K
            equally spaced shares of its words gone, from 0 to 1, both
            included, K at least 2.

    Returns:
        ndarray: float64 (n,), in the unit of f.

    Raises:
        ValueError: The curve is not as above.
    """
    curve = as_matrix(curve, 'curve')
    if curve.shape[1] < 2:
        raise ValueError('curve has one value for each text, but both ends '
                         'are needed; pass f of the whole and of the empty '
                         'text, too')
    return np.trapezoid(curve, axis=1) / (curve.shape[1] - 1)


def rank_agreement(scores_a, scores_b):
    """Compares how two explanations rank the words, text by text.

    Agreement of two methods is no quality of either (arXiv 2205.04559); of
    one method under two seeds it is stability.

    Args:
        scores_a, scores_b (list of array_like): n arrays (L,) each, of the
            same texts; real, finite numbers.

    Returns:
        RankAgreement: One value for each text.

    Raises:
        ValueError: The scores are not as above, or not of the same texts.
    """
    if len(scores_a) != len(scores_b):
        raise ValueError(f'scores of {len(scores_a)} and of {len(scores_b)} '
                         'texts, but both must be of the same texts')
    pairs = list(zip(scores_a, scores_b, strict=True))
    return RankAgreement(*(np.array([measure(a, b) for a, b in pairs])
                           for measure in (kendall, spearman)))


# Kind -> function of the share of the null difference, in [0, 1]
NORMALISED = {
    'comprehensiveness': lambda share: share,
    'sufficiency': lambda share: 1 - share,
}


def _same_texts(whole, perturbed):
    """Both as float64 arrays (n,) and (n, K), or a ValueError."""
    if np.ndim(perturbed) == 1:
        perturbed = np.reshape(perturbed, (-1, 1))
    whole = as_column(whole, 'whole')
    perturbed = as_matrix(perturbed, 'perturbed')
    if len(whole) != len(perturbed):
        raise ValueError(f'whole has {len(whole)} texts and perturbed '
                         f'{len(perturbed)}, but they must be the same')
    return whole, perturbed
