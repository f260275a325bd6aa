"""Rankings whose scores tie: what the measures of rankings share.

Counts of votes tie often.  Tied examples come together here, or in an order
drawn at random, never in the order in which they happen to lie.
"""
import numpy as np

from metrics.checks import as_column, as_pair


def hits_by_score(score, hit):
    """Counts examples and hits down the ranking, tied examples together.

    Args:
        score (ndarray): Finite floats (n,), n at least 1.
        hit (ndarray): float64 (n,), each 0 or 1.

    Returns:
        (ndarray, ndarray, ndarray): The K distinct scores, highest first;
        how many examples score at least that, int64 (K,); how many of these
        are hits, float64 (K,), whole numbers.
    """
    values, group = np.unique(-score, return_inverse=True)
    return (-values, np.cumsum(np.bincount(group)),
            np.cumsum(np.bincount(group, hit)))


def expected_hits(rank, seen, hits):
    """Hits among the first ``rank`` examples, on average over random ties.

    Among equal scores the expected number of hits grows linearly.

    Args:
        rank (int or ndarray): Integers in [0, n].
        seen, hits (ndarray): (K,) as ``hits_by_score`` gives them.

    Returns:
        float or ndarray: As many as ranks.
    """
    return np.interp(rank, np.append(0, seen), np.append(0, hits))


def ranking(scores, seed):
    """Orders the words of a text, highest score first, ties at random.

    The order of ties is drawn from a generator of its own, seeded with the
    seed and the number of words.  So the same scores always give the same
    order, whatever was ranked before; two methods that tie the same words
    rank them the same way, and a comparison of the two is paired.  Constant
    scores give a random order.  All texts of one length draw alike, unless
    the seed tells them apart: for an average over texts pass the number of
    the text beside the seed.

    Args:
        scores (array_like): Real, finite numbers (L,), L at least 1.
        seed (int or sequence of int): At least 0 each.

    Returns:
        ndarray: int64 (L,), positions of the words.

    Raises:
        ValueError: The scores or the seed are not as above.
    """
    scores = as_column(scores, 'scores')
    seeds = np.atleast_1d(seed)
    if seeds.ndim != 1 or seeds.dtype.kind not in 'iu' or (seeds < 0).any():
        raise ValueError(f'seed={seed!r}, but a whole number from 0, or '
                         'several, are needed; 0 will do')
    rng = np.random.default_rng([*seeds.tolist(), len(scores)])
    return np.lexsort((rng.permutation(len(scores)), -scores))


def kendall(a, b):
    """Kendall's tau-b of two rankings of the same words (Kendall 1945).

    Args:
        a, b (array_like): Real, finite numbers (L,), L at least 1.

    Returns:
        float: In [-1, 1]; NaN where ``a`` or ``b`` is constant.

    Raises:
        ValueError: The two are not as above.
    """
    from scipy import stats  # slow to import

    return _unless_constant(stats.kendalltau, a, b)


def spearman(a, b):
    """Spearman's rank correlation; tied words have their mean rank.

    Args, errors and NaN as for ``kendall``.

    Returns:
        float: In [-1, 1], or NaN.
    """
    from scipy import stats  # slow to import

    return _unless_constant(stats.spearmanr, a, b)


def correlations(scores):
    """Spearman's rank correlation of every two rows.

    Args:
        scores (ndarray): Floats (m, L).

    Returns:
        ndarray: float64 (m, m), NaN where a row is constant.
    """
    from scipy.stats import rankdata  # slow to import

    ranks = rankdata(scores, axis=1)
    ranks -= ranks.mean(axis=1, keepdims=True)
    length = np.sqrt((ranks ** 2).sum(axis=1))
    ranks /= np.where(length, length, np.nan)[:, None]
    return ranks @ ranks.T


def _unless_constant(correlation, a, b):
    a, b = as_pair(a, b)
    if (a == a[0]).all() or (b == b[0]).all():
        return np.nan
    return float(correlation(a, b).statistic)
