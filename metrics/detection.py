"""How well a score tells two kinds of examples apart: AUROC, AP, AURC.

A score of confidence against right and wrong predictions, or a score of
novelty against examples of another domain.  ``positive`` are the examples
that ought to score high.  No measure depends on the order of the examples:
tied ones count as the mean over their orders.
"""
from numbers import Real

import numpy as np

from metrics.checks import as_scores
from metrics.ranks import hits_by_score
from metrics.selective import accuracy_coverage


def auroc(score, positive):
    """Computes the area under the ROC curve.

    It is the probability that a positive example scores higher than a
    negative one, where a tie counts half (Hanley and McNeil 1982).

    Args:
        score (array_like): Real, finite numbers (n,), n at least 2.
        positive (array_like): Bools (n,), or the numbers 0 and 1; both occur.

    Returns:
        float: In [0, 1], 0.5 for a score that says nothing.

    Raises:
        ValueError: The scores or ``positive`` are not as above.
    """
    true, false = _operating_points(score, positive)
    return float(np.trapezoid(true, false) / (true[-1] * false[-1]))


def fpr_at_tpr(score, positive, tpr=0.95):
    """Finds the false-positive rate at which most positives are found.

    Of the thresholds whose true-positive rate, the share of the positives
    that score at least the threshold, is ``tpr`` or more, it is the lowest
    false-positive rate.  Tied examples are found together.

    Args:
        score, positive (array_like): As for ``auroc``.
        tpr (float): In (0, 1].

    Returns:
        float: In [0, 1], 0 is best.

    Raises:
        ValueError: An argument is not as above.
    """
    if not (isinstance(tpr, Real) and 0 < tpr <= 1):
        raise ValueError(f'tpr={tpr!r}, but a share above 0 and up to 1 is '
                         'needed; 0.95 is usual')
    true, false = _operating_points(score, positive)
    first = np.argmax(true / true[-1] >= tpr)  # both rates only grow
    return float(false[first] / false[-1])


def average_precision(score, positive):
    """Computes the mean precision at the ranks of the positive examples.

    The expectation over random orders of tied scores: of t tied examples,
    r of them positive, behind b others, p of these positive, the j-th is
    positive with probability r / t, and p + 1 + (j - 1) (r - 1) / (t - 1)
    of the first b + j then are.  A trapezoid under the precision-recall
    curve would flatter ties, and one threshold for all of them, as in
    scikit-learn, takes the precision behind the last.

    Args:
        score (array_like): Real, finite numbers (n,), n at least 1.
        positive (array_like): Bools (n,), or the numbers 0 and 1; at least
            one is true.

    Returns:
        float: In (0, 1]; about the share of positives for a score that says
        nothing.

    Raises:
        ValueError: The scores or ``positive`` are not as above.
    """
    score, positive = as_scores(score, positive, 'positive')
    if not positive.any():
        raise ValueError(f'none of {len(score)} examples is positive, but one '
                         'must be; leave this set out')
    _, seen, hits = hits_by_score(score, positive)
    tied = np.diff(seen, prepend=0)  # (K,), t
    tied_hits = np.diff(hits, prepend=0)  # (K,), r
    group = np.repeat(np.arange(len(seen)), tied)  # (n,)
    rank = np.arange(1, len(score) + 1)  # b + j
    place = rank - 1 - (seen - tied)[group]  # j - 1
    beside = place * ((tied_hits - 1) / np.maximum(tied - 1, 1))[group]
    precision = ((hits - tied_hits)[group] + 1 + beside) / rank
    chance = (tied_hits / tied)[group]
    return float((chance * precision).sum() / hits[-1])


def aurc(score, correct):
    """Computes the area under the risk-coverage curve.

    The mean over i = 1..n of the error rate among the i highest scores, that
    is 1 - the area of ``metrics.selective.accuracy_coverage`` (Geifman and
    El-Yaniv 2017, arXiv 1705.08500).

    Args:
        score (array_like): Real, finite numbers (n,), n at least 1; higher
            is more confident.
        correct (array_like): Bools (n,), or the numbers 0 and 1.

    Returns:
        float: In [0, 1], 0 is best; the error rate for a score that says
        nothing.

    Raises:
        ValueError: The scores or ``correct`` are not as above.
    """
    return 1 - accuracy_coverage(score, correct).area


def excess_aurc(score, correct):
    """Computes the E-AURC: the AURC less that of the best score there is.

    Geifman, Uziel, El-Yaniv 2019 (arXiv 1805.08206), with their closed form
    for the best score, e + (1 - e) ln(1 - e) at error rate e: 0 for e = 0
    and 1 for e = 1, its limits, as is then the AURC of every score.  The
    form is that of infinitely many examples, a lower bound for n of them,
    so that a perfect score has an E-AURC of up to e / n.

    Args and errors as for ``aurc``.

    Returns:
        float: In [0, 1], 0 is best.
    """
    wrong = 1 - as_scores(score, correct)[1].mean()
    if wrong in (0, 1):
        return 0.0
    best = wrong + (1 - wrong) * np.log1p(-wrong)
    return float(aurc(score, correct) - best)


def _operating_points(score, positive):
    """Positives and negatives found at each threshold, from none to all.

    Args:
        score, positive (array_like): As for ``auroc``.

    Returns:
        (ndarray, ndarray): Counts of true and of false positives, float64
        (K + 1,) each, not decreasing from 0, the last above 0.
    """
    score, positive = as_scores(score, positive, 'positive')
    if positive.min() == positive.max():
        raise ValueError(
            f'{int(positive.sum())} of {len(positive)} examples are '
            'positive, but some must be and some not; leave this set out')
    _, seen, hits = hits_by_score(score, positive)
    true = np.append(0, hits)
    return true, np.append(0, seen) - true
