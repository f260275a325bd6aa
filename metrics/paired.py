"""Two classifiers on the same examples: is one of them better?"""
from typing import NamedTuple

import numpy as np

from metrics import bootstrap


class PairedComparison(NamedTuple):
    """Who is right where, of n examples.

    Attributes:
        difference (metrics.bootstrap.Estimate): Accuracy of a less that of b,
            with its paired interval.
        both, only_a, only_b, none (int): Examples on which they are right;
            together n.
        p_value (float): Of McNemar's exact test, in (0, 1].
    """

    difference: bootstrap.Estimate
    both: int
    only_a: int
    only_b: int
    none: int
    p_value: float


def compare(right_a, right_b, counts):
    """Compares the accuracies of two classifiers, paired.

    Args:
        right_a, right_b (ndarray): Bools (n,): on which of the same examples
            each is right; n at least 1.
        counts (ndarray): As for ``metrics.bootstrap.mean_estimate``.

    Returns:
        PairedComparison: Of the two.

    Raises:
        ValueError: The counts do not fit.
    """
    right_a, right_b = (np.asarray(right, bool)
                        for right in (right_a, right_b))
    both, only_a, only_b = (int(where.sum()) for where in (
        right_a & right_b, right_a & ~right_b, right_b & ~right_a))
    return PairedComparison(
        bootstrap.difference_estimate(right_a, right_b, counts),
        both, only_a, only_b, len(right_a) - both - only_a - only_b,
        mcnemar(only_a, only_b))


def mcnemar(only_a, only_b):
    """McNemar's exact test: are two classifiers equally often right?

    If they are, each example on which just one is right is as likely to be
    the one's as the other's: a fair coin.  McNemar 1947, *Note on the
    Sampling Error of the Difference Between Correlated Proportions*; exact,
    two-sided and without continuity correction as in Fay 2010.

    Args:
        only_a, only_b (int): Examples on which only the one, only the other
            is right.

    Returns:
        float: The p-value in (0, 1]; 1 where there is no such example.
    """
    from scipy.stats import binomtest  # slow to import
    n = only_a + only_b
    return float(binomtest(only_a, n, .5).pvalue) if n else 1.
