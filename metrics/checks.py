"""Checks of the arrays that the measures take: float64 copies, or an error.

Letters are those of ``metrics.confidence``: n examples, C classes.
"""
import numpy as np


def as_matrix(values, name):
    """A float64 copy of one row of finite numbers for each example.

    Args:
        values (array_like): Real numbers (n, C), n and C at least 1.
        name (str): What an error calls them.

    Returns:
        ndarray: float64 (n, C).

    Raises:
        ValueError: The values are not as above.
    """
    values = np.asarray(values)
    if values.ndim != 2 or values.size == 0 or values.dtype.kind not in 'fiu':
        raise ValueError(
            f'{name} of shape {values.shape} and dtype {values.dtype}, but '
            'one row of real numbers per example is needed, at least one')
    values = values.astype(np.float64)
    if not np.isfinite(values).all():
        row = np.argmin(np.isfinite(values).all(axis=1))
        raise ValueError(f'{name} is NaN or infinite in row {row}, but must '
                         'be finite; check the model or drop the example')
    return values


def as_labels(labels, shape):
    """The labels as an array, one for each row.

    Args:
        labels (array_like): Integers (n,) in [0, C).
        shape (tuple): The shape (n, C) of the rows.

    Returns:
        ndarray: Integers (n,), not copied.

    Raises:
        ValueError: The labels are not as above.
    """
    labels = np.asarray(labels)
    if labels.shape != shape[:1] or labels.dtype.kind not in 'iu':
        raise ValueError(
            f'labels of shape {labels.shape} and dtype {labels.dtype}, but '
            f'{shape[0]} rows need one integer each')
    if labels.min() < 0 or labels.max() >= shape[1]:
        raise ValueError(
            f'labels from {labels.min()} to {labels.max()}, but {shape[1]} '
            f'columns need labels from 0 to {shape[1] - 1}')
    return labels


def as_probabilities(probs, labels):
    """A float64 copy of the probabilities, and the labels.

    Args:
        probs (array_like): Numbers (n, C) in [0, 1], rows sum to 1 (within
            0.001), n at least 1.
        labels (array_like): Integers (n,) in [0, C).

    Returns:
        (ndarray, ndarray): float64 (n, C), integers (n,).

    Raises:
        ValueError: The probabilities or the labels are not as above.
    """
    probs = as_matrix(probs, 'probs')
    total = probs.sum(axis=1)
    if probs.min() < 0 or probs.max() > 1 or np.abs(total - 1).max() > 1e-3:
        raise ValueError(
            f'probs from {probs.min():.6g} to {probs.max():.6g} with row '
            f'sums from {total.min():.6g} to {total.max():.6g} are not '
            'probabilities; pass logits through softmax() first')
    return probs, as_labels(labels, probs.shape)


def as_column(values, name):
    """A float64 copy of one finite number for each example.

    Args:
        values (array_like): Real numbers or bools (n,), n at least 1.
        name (str): What an error calls them.

    Returns:
        ndarray: float64 (n,).

    Raises:
        ValueError: The values are not as above.
    """
    values = np.asarray(values)
    if values.ndim != 1:
        raise ValueError(f'{name} of shape {values.shape}, but one number per '
                         'example is needed; pass one column')
    if values.dtype.kind == 'b':
        values = values.astype(np.float64)
    return as_matrix(values[:, None], name)[:, 0]


def as_pair(a, b, names=('a', 'b')):
    """Two numbers for each example, in two float64 copies.

    Args:
        a, b (array_like): Real, finite numbers or bools (n,), n at least 1.
        names (tuple of str): What an error calls the two.

    Returns:
        (ndarray, ndarray): Both float64 (n,).

    Raises:
        ValueError: The two are not as above.
    """
    a, b = as_column(a, names[0]), as_column(b, names[1])
    if len(a) != len(b):
        raise ValueError(
            f'{names[0]} has {len(a)} values and {names[1]} {len(b)}, but '
            'they must belong to the same examples')
    return a, b


def as_scores(score, correct, name='correct'):
    """Scores, and whether the predictions they belong to are right.

    Args:
        score (array_like): Real, finite numbers or bools (n,), n at least 1.
        correct (array_like): Bools (n,), or the numbers 0 and 1.
        name (str): What an error calls ``correct``.

    Returns:
        (ndarray, ndarray): Both float64 (n,), copies.

    Raises:
        ValueError: The scores or ``correct`` are not as above.
    """
    score, correct = as_column(score, 'score'), np.asarray(correct)
    if correct.shape != score.shape or not np.isin(correct, (0, 1)).all():
        raise ValueError(
            f'{name} of shape {correct.shape} and dtype {correct.dtype}, '
            f'but {len(score)} scores need one True or False each')
    return score, correct.astype(np.float64)
