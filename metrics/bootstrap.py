"""How sure a mean or another figure of n examples is: bootstrap intervals.

Efron and Tibshirani 1993, *An Introduction to the Bootstrap*, chapter 13: n
examples are drawn with replacement from the n there are, many times over.
The interval holds the middle 95 % of the figures of the draws.  It tells how
the figure moves with the examples, not with another training of the model.

Draws are counts, int (n_draws, n): how often each draw holds each example.
The same counts for several methods pair their comparison.  Where a figure is
defined for some examples only, ``counts[:, defined]`` keeps the pairs.
"""
from numbers import Integral
from typing import NamedTuple

import numpy as np

from metrics.checks import as_column, as_pair

PERCENTILES = 2.5, 97.5


class Estimate(NamedTuple):
    """A figure with its interval.

    Attributes:
        value (float): The figure of the examples themselves.
        low, high (float): Percentiles 2.5 and 97.5 of the figures of the
            draws, between neighbouring ones linearly interpolated; both the
            value where there is a single example.
    """

    value: float
    low: float
    high: float


def resampled_counts(n, n_draws=1000, seed=0):
    """Draws n examples of n, with replacement, ``n_draws`` times.

    A row is a draw of the multinomial distribution with n trials and equal
    shares.  It takes two bytes an example and draw: 200 MB for 1,000 draws
    of 100,000 examples.

    Args:
        n (int): Examples, from 1.
        n_draws (int): From 1.
        seed (int): From 0; the same seed gives the same counts.

    Returns:
        ndarray: int16 (n_draws, n), how often each draw holds each example;
        rows sum to n.

    Raises:
        ValueError: An argument is not as above.
    """
    for name, value, least, usual in (
            ('n', n, 1, 'pass the number of examples'),
            ('n_draws', n_draws, 1, '1000 are usual'),
            ('seed', seed, 0, '0 will do')):
        if not (isinstance(value, Integral) and value >= least):
            raise ValueError(f'{name}={value!r}, but a whole number from '
                             f'{least} is needed; {usual}')
    rng = np.random.default_rng(seed)
    # Counts are about Poisson(1): one of 2 ** 15 does not happen.
    counts = np.empty((n_draws, n), dtype=np.int16)
    for row in counts:
        row[:] = np.bincount(rng.integers(n, size=n), minlength=n)
    return counts


def mean_estimate(values, counts):
    """Computes the mean with its interval.

    The mean of a draw is over the examples that it holds, so rows of
    ``counts`` need not sum to n.

    Args:
        values (array_like): Real, finite numbers or bools (n,), n at least 1.
        counts (ndarray): Signed integers (n_draws, n), at least 0, no row
            all 0.

    Returns:
        Estimate: Of the mean.

    Raises:
        ValueError: The values or the counts are not as above.
    """
    values = as_column(values, 'values')
    counts = _as_counts(counts, len(values))
    # Unlike a product of BLAS this copies no counts to float64, and does not
    # wait for threads.
    sums = np.einsum('ij,j->i', counts, values)
    return _estimate(values.mean(), sums / counts.sum(axis=1))


def difference_estimate(a, b, counts):
    """Computes the paired mean of a - b with its interval.

    Both figures of an example are drawn together: what makes an example hard
    for both methods leaves the difference alone.

    Args:
        a, b (array_like): Real, finite numbers or bools (n,), n at least 1,
            of the same examples.
        counts (ndarray): As for ``mean_estimate``.

    Returns:
        Estimate: Of the mean difference; positive where ``a`` is larger.

    Raises:
        ValueError: The values or the counts are not as above.
    """
    a, b = as_pair(a, b)
    return mean_estimate(a - b, counts)


def statistic_estimate(statistic, counts, *columns):
    """Computes any figure of the examples with its interval.

    Draws for which the figure is not defined, that is NaN or a ValueError,
    as an AUROC is where all examples drawn are of one class, are left out.

    Args:
        statistic (callable): From the columns, of any number of rows, to a
            number.
        counts (ndarray): As for ``mean_estimate``.
        columns (array_like): One row for each of the n examples, (n, ...)
            each; what ``statistic`` takes, in its order.

    Returns:
        Estimate: Of the statistic.

    Raises:
        ValueError: The counts or the columns are not as above, or the
            statistic is not defined for all examples together, or for none
            of the draws.
    """
    columns = [np.asarray(column) for column in columns]
    n_rows = {column.shape[:1] for column in columns}
    if len(n_rows) != 1 or () in n_rows:
        raise ValueError(
            f'columns of shapes {[column.shape for column in columns]}, but '
            'each needs one row for each of the same examples')
    counts = _as_counts(counts, len(columns[0]))
    value = statistic(*columns)
    draws = np.array([_drawn(statistic, row, columns) for row in counts])
    draws = draws[~np.isnan(draws)]
    if np.isnan(value) or not len(draws):
        raise ValueError(
            f'the statistic is {value} for all {counts.shape[1]} examples '
            f'and defined for {len(draws)} of {len(counts)} draws; leave it '
            'out, or add examples')
    return _estimate(value, draws)


def _drawn(statistic, row, columns):
    """The statistic of one draw, NaN where it is not defined."""
    rows = np.repeat(np.arange(len(row)), row)
    try:
        return statistic(*[column[rows] for column in columns])
    except ValueError:
        return np.nan


def _as_counts(counts, n):
    """The counts as an array, not copied, or a ValueError."""
    counts = np.asarray(counts)
    if (counts.ndim != 2 or counts.shape[1] != n or counts.size == 0
            or counts.dtype.kind != 'i'):
        raise ValueError(
            f'counts of shape {counts.shape} and dtype {counts.dtype}, but '
            f'signed integers for {n} examples are needed; call '
            f'resampled_counts({n})')
    if counts.min() < 0 or not counts.any(axis=1).all():
        raise ValueError(
            f'counts from {counts.min()} with row sums from '
            f'{counts.sum(axis=1).min()}, but each draw must hold an '
            'example; draw anew for those that are left')
    return counts


def _estimate(value, draws):
    low, high = np.percentile(draws, PERCENTILES)
    return Estimate(float(value), float(low), float(high))
