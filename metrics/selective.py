"""Selective classification: answer only the most confident examples."""
from typing import NamedTuple

import numpy as np

from metrics.checks import as_scores
from metrics.ranks import expected_hits, hits_by_score


class CoverageCurve(NamedTuple):
    """Accuracy of the most confident part, for every size of that part.

    Attributes:
        threshold (ndarray): float64 (K,), the K distinct scores, highest
            first.
        coverage (ndarray): float64 (K,) in (0, 1], share of the examples
            whose score is at least the threshold; increases to 1.
        accuracy (ndarray): float64 (K,) in [0, 1], share of those that are
            right.
        area (float): Mean accuracy over all sizes 1..n, in [0, 1].
    """

    threshold: np.ndarray
    coverage: np.ndarray
    accuracy: np.ndarray
    area: float


def accuracy_coverage(score, correct):
    """Computes the accuracy of the most confident examples for each share.

    The risk-coverage curve of Geifman and El-Yaniv 2017 (arXiv 1705.08500)
    with accuracy = 1 - risk, for any score, such as credibility.  The area
    is the mean over i = 1..n of the accuracy of the i highest scores, that
    is 1 - AURC.  Examples of equal score enter the curve together, and the
    area as the mean over all their orders, so their order does not matter.

    Args:
        score (array_like): Real, finite numbers (n,), n at least 1; higher
            is more confident.
        correct (array_like): Bools (n,), or the numbers 0 and 1.

    Returns:
        CoverageCurve: One entry for each distinct score.

    Raises:
        ValueError: The scores or ``correct`` are not as above.
    """
    score, correct = as_scores(score, correct)
    threshold, seen, right = hits_by_score(score, correct)
    rank = np.arange(1, len(score) + 1)
    return CoverageCurve(
        threshold, seen / len(score), right / seen,
        float(np.mean(expected_hits(rank, seen, right) / rank)))
