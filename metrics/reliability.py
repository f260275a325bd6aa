"""How far confidence is from accuracy: reliability curve, ECE, MCE.

Letters and source as in ``metrics.confidence``; the paper's M is ``n_bins``.
"""
from numbers import Integral
from typing import NamedTuple

import numpy as np

from metrics.confidence import (
    brier_score,
    impossible_labels,
    negative_log_likelihood,
    top_label,
)


class ReliabilityCurve(NamedTuple):
    """Confidence against accuracy, bin by bin.

    Attributes:
        edges (ndarray): float64 (n_bins + 1,) from 0 to 1, not decreasing.
            Bin m holds the examples with edges[m] < confidence <=
            edges[m + 1].
        counts (ndarray): int64 (n_bins,), examples in each bin; they sum to
            n.
        confidence (ndarray): float64 (n_bins,), mean confidence; NaN for an
            empty bin.
        accuracy (ndarray): float64 (n_bins,), share of right predictions; NaN
            for an empty bin.
    """

    edges: np.ndarray
    counts: np.ndarray
    confidence: np.ndarray
    accuracy: np.ndarray


def reliability_curve(probs, labels, n_bins=15, binning='width',
                      predicted=None):
    """Compares confidence and accuracy of the predictions in bins (section 2).

    Bins of equal ``'width'`` are the paper's, (m / M, (m + 1) / M] for
    M = ``n_bins``.  Bins of equal ``'mass'`` end at every (n / M)-th
    confidence in increasing order, ranks rounded up, so that without ties
    the counts differ by one at most.  Examples of equal confidence share a
    bin, the first of those that they would fill, so the order of the
    examples does not matter; the other bins are empty, as some are when
    n < M.

    Args:
        probs (array_like): Numbers (n, C) in [0, 1], rows sum to 1 (within
            0.001), n at least 1.
        labels (array_like): Integers (n,) in [0, C).
        n_bins (int): At least 1.
        binning (str): ``'width'`` or ``'mass'``.
        predicted (array_like): Integers (n,) as for ``top_label``, or None.

    Returns:
        ReliabilityCurve: One entry for each bin.

    Raises:
        ValueError: An argument is not as above.
    """
    if binning not in BINNINGS:
        raise ValueError(f'binning={binning!r} is not known; choose from '
                         + ', '.join(sorted(BINNINGS)))
    if not (isinstance(n_bins, Integral) and n_bins >= 1):
        raise ValueError(f'n_bins={n_bins!r}, but a whole number from 1 is '
                         'needed; 15 is usual')
    confidence, correct = top_label(probs, labels, predicted)
    edges = BINNINGS[binning](confidence, n_bins)
    bins = np.searchsorted(edges[1:-1], confidence, side='left')  # (n,)
    counts = np.bincount(bins, minlength=n_bins)
    size = np.where(counts, counts, np.nan)
    return ReliabilityCurve(
        edges, counts.astype(np.int64),
        np.bincount(bins, confidence, minlength=n_bins) / size,
        np.bincount(bins, correct, minlength=n_bins) / size)


def expected_calibration_error(probs, labels, n_bins=15, binning='width',
                               predicted=None):
    """Computes the ECE: the mean gap of the bins, by count (equation 3).

    The gap of a bin is |accuracy - confidence|.  With ``binning='mass'`` the
    bins are those of the adaptive error of Nixon et al. 2019 (arXiv
    1904.01685), here for the predicted class only.

    Args and errors as for ``reliability_curve``.

    Returns:
        float: Error in [0, 1].
    """
    curve = reliability_curve(probs, labels, n_bins, binning, predicted)
    return float(np.nansum(curve.counts * _gap(curve)) / curve.counts.sum())


def maximum_calibration_error(probs, labels, n_bins=15, binning='width',
                              predicted=None):
    """Computes the MCE: the largest gap of a bin (equation 5).

    Empty bins do not count, bins of a single example do.

    Args and errors as for ``reliability_curve``.

    Returns:
        float: Error in [0, 1], not below the ECE.
    """
    return float(np.nanmax(_gap(
        reliability_curve(probs, labels, n_bins, binning, predicted))))


def calibration_report(probs, labels, n_bins=15, predicted=None):
    """Computes all scalar measures of one set of predictions.

    Args and errors as for ``reliability_curve``.

    Returns:
        dict: Finite floats ``nll`` (None where it is infinite, that is where
        ``n_impossible`` is not 0), ``brier``, ``ece``, ``ece_mass`` (bins of
        equal mass), ``mce`` and ``accuracy``; the ints ``n`` and
        ``n_impossible``, examples whose label has the probability 0; ready
        for JSON.
    """
    _, correct = top_label(probs, labels, predicted)
    n_impossible = impossible_labels(probs, labels)
    return {
        'nll': (None if n_impossible
                else negative_log_likelihood(probs, labels)),
        'brier': brier_score(probs, labels),
        'ece': expected_calibration_error(probs, labels, n_bins,
                                          predicted=predicted),
        'ece_mass': expected_calibration_error(probs, labels, n_bins, 'mass',
                                               predicted),
        'mce': maximum_calibration_error(probs, labels, n_bins,
                                         predicted=predicted),
        'accuracy': float(correct.mean()),
        'n': len(correct), 'n_impossible': n_impossible,
    }


def _width_edges(confidence, n_bins):
    # m / M rounded once, just as a confidence that is a share of counts:
    # equal shares fall on the edge exactly.
    return np.arange(n_bins + 1) / n_bins


def _mass_edges(confidence, n_bins):
    ranks = -(-np.arange(1, n_bins) * len(confidence) // n_bins)  # rounded up
    return np.concatenate([[0], np.sort(confidence)[ranks - 1], [1]])


# Name -> function (confidence (n,), n_bins) -> edges (n_bins + 1,)
BINNINGS = {'width': _width_edges, 'mass': _mass_edges}


def _gap(curve):
    return np.abs(curve.accuracy - curve.confidence)
