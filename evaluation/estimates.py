"""Estimates where there may be nothing to estimate."""
import numpy as np

from metrics import bootstrap


def mean(values, seed):
    """The mean, with draws of its own.

    Args:
        values (ndarray): Floats (n,).
        seed (int): Of the bootstrap.

    Returns:
        Estimate: None where there is no value.
    """
    return bootstrap.mean_estimate(values, bootstrap.resampled_counts(
        len(values), seed=seed)) if len(values) else None


def statistic(function, counts, *columns):
    """A statistic, as of ``bootstrap.statistic_estimate``.

    Args:
        function (callable): From the columns to a number; NaN where it is
            not defined.
        counts (ndarray): Integers (n_draws, n).
        columns (ndarray): (n, ...) each.

    Returns:
        Estimate: None where it is not defined.
    """
    if np.isnan(function(*columns)):
        return None
    return bootstrap.statistic_estimate(function, counts, *columns)
