"""Counting the labels of neighbours.

B examples, C classes, N indexed examples with ``labels``, int64 (N,).
"""
import math

import numpy as np

from errors import UserError


def as_labels(labels, n_examples, n_class):
    """Labels as checked integers.

    Args:
        labels (array_like): Integers (n_examples,) in [0, C).
        n_examples (int): How many there must be.
        n_class (int): C.

    Returns:
        ndarray: int64 (n_examples,).

    Raises:
        UserError: They are not as above.
    """
    labels = np.asarray(labels)
    if labels.dtype.kind in 'USO' and any(isinstance(y, str)
                                          for y in labels.flat):
        raise UserError(
            f'labels are strings like {str(labels.flat[0])!r:.40}, but '
            f'integers from 0 to {n_class - 1} are needed; number them: '
            'names, labels = numpy.unique(labels, return_inverse=True)')
    if labels.shape != (n_examples,) or (
            labels.size and labels.dtype.kind not in 'iu'):
        raise UserError(
            f'labels have shape {labels.shape} and dtype {labels.dtype}, '
            f'but there must be {n_examples} integers')
    wrong = labels[(labels < 0) | (labels >= n_class)]
    if wrong.size:
        raise UserError(f'label {wrong[0]} is outside of 0 to {n_class - 1}; '
                        'set n_class to the number of label names')
    return labels.astype(np.int64)


def sum_by_label(indices, labels, n_class, weights=None):
    """Number of the neighbours with each label, or the sum of their weights.

    Args:
        indices (ndarray): Integers (B, ...) in [0, N), neighbours.
        labels (ndarray): int64 (N,) in [0, C).
        n_class (int): C.
        weights (ndarray): float64 in the shape of ``indices``; None: 1 each.

    Returns:
        ndarray: int64 (B, C) without weights, float64 (B, C) with them.
    """
    cell = labels[_flat(indices)]
    cell += n_class * np.arange(len(indices))[:, None]
    weights = None if weights is None else weights.ravel()
    return np.bincount(cell.ravel(), weights, len(indices) * n_class
                       ).reshape(-1, n_class)


def distance_sums(found, labels, n_class):
    """Sum of the distances of each label's neighbours.

    They are added from the smallest, so that the same distances, in whatever
    layers, give the same sum.

    Args:
        found (Neighbors): Of B examples.
        labels (ndarray): int64 (N,) in [0, C).
        n_class (int): C.

    Returns:
        ndarray: float64 (B, C), 0 for a label without neighbours.
    """
    indices, distances = map(_flat, found)
    order = distances.argsort(axis=1, kind='stable')
    return sum_by_label(np.take_along_axis(indices, order, axis=1), labels,
                        n_class, np.take_along_axis(distances, order, axis=1))


def nearest_label(votes, sums):
    """The label with the most votes, ties to the least sum of distances.

    Args:
        votes (ndarray): int64 (B, C).
        sums (ndarray): float64 (B, C), what ``distance_sums`` returned.

    Returns:
        ndarray: int64 (B,); the lower label where the sums are tied as well.
    """
    return np.where(_best(votes), sums, np.inf).argmin(axis=1)


def tied(votes):
    """The rows in which several labels have the most votes.

    Args:
        votes (ndarray): int64 (B, C).

    Returns:
        ndarray: int64 (n,) in [0, B), ascending.
    """
    return np.flatnonzero(_best(votes).sum(axis=1) > 1)


def _flat(found):
    """One row an example, (B, n)."""
    return found.reshape(len(found), math.prod(found.shape[1:]))


def _best(votes):
    return votes == votes.max(axis=1, keepdims=True)
