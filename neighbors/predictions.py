"""What follows from how well each label conforms: p-values, predictions.

B examples, C classes, n calibration examples.
"""
from typing import NamedTuple

import numpy as np

from errors import ArgumentError, UserError
from neighbors.layers import as_layers
from neighbors.votes import as_labels


class Prediction(NamedTuple):
    """What DkNN says of B examples.

    Attributes:
        label (ndarray): int64 (B,) in [0, C), argmax of conformity; ties to
            the class whose neighbours are nearer in sum, then to the lower
            label; of soft conformity, to the lower label.
        credibility (ndarray): float64 (B,) in (0, 1], p-value of the label.
        confidence (ndarray): float64 (B,) in [0, 1), 1 - the second largest
            p-value.
        conformity (ndarray): float64 (B, C), see ``DkNN.conformity``, or
            ``DkNN.soft_conformity``.
        p_values (ndarray): float64 (B, C), see ``DkNN.p_values``.
        votes (ndarray): int64 (B, C), see ``DkNN.votes``; None of a soft
            prediction, which asks for no neighbours.
    """

    label: np.ndarray
    credibility: np.ndarray
    confidence: np.ndarray
    conformity: np.ndarray
    p_values: np.ndarray
    votes: np.ndarray

    def prediction_set(self, error):
        """The labels that cannot be ruled out at this error.

        Args:
            error (float): As for the function ``prediction_set``.

        Returns:
            ndarray: bool (B, C).
        """
        return prediction_set(self.p_values, error)


class References:
    """The calibration examples' conformity, to compare others with.

    Args:
        own (ndarray): Numbers (n,), larger where the own label conforms
            better, of the calibration examples.
        labels (ndarray): int64 (n,) in [0, C).
        n_class (int): C.
        class_conditional (bool): Compare with those of the same label only.
    """

    def __init__(self, own, labels, n_class, class_conditional):
        self._sorted = [  # for each label, ascending
            np.sort(own[labels == y] if class_conditional else own)
            for y in range(n_class)]

    def p_values(self, values):
        """(#{i : value_i <= value(x, y)} + 1) / (n + 1).

        Args:
            values (ndarray): Numbers (B, C), as for the references.

        Returns:
            ndarray: float64 (B, C) in (0, 1].
        """
        return np.stack([
            (np.searchsorted(reference, column, side='right') + 1)
            / (len(reference) + 1)
            for reference, column in zip(self._sorted, values.T,
                                         strict=True)], axis=1)


def predicted(label, conformity, p_values, votes=None):
    """A Prediction of these labels.

    Args:
        label (ndarray): int64 (B,) in [0, C).
        conformity (ndarray): float64 (B, C).
        p_values (ndarray): float64 (B, C).
        votes (ndarray): int64 (B, C), or None.

    Returns:
        Prediction: With credibility and confidence.
    """
    return Prediction(
        label, p_values[np.arange(len(label)), label],
        1 - np.partition(p_values, -2, axis=1)[:, -2], conformity, p_values,
        votes)


def prediction_set(p_values, error):
    """The labels that cannot be ruled out, {y : p_y > e}.

    Vovk et al. (2005), chapter 2: over exchangeable calibration and
    test examples, the set holds the truth with probability at least
    1 - e; with ``class_conditional``, so it does for every true label.

    Args:
        p_values (ndarray): Numbers (B, C) in (0, 1].
        error (float): e in (0, 1), how often the set may miss the truth.

    Returns:
        ndarray: bool (B, C); a row may hold no label, or several.
    """
    if not 0 < error < 1:
        raise ArgumentError('error', error, 'must lie between 0 and 1; '
                            '0.05 keeps the truth 95 times of 100')
    return np.asarray(p_values) > error


def held_out(activations, labels, n_layers, n_class, purpose):
    """Examples held out of the index, at least one.

    Args:
        activations (list): L arrays (n, D_l).
        labels (ndarray): Integers (n,) in [0, C).
        n_layers (int): L.
        n_class (int): C.
        purpose (str): What messages call them.

    Returns:
        tuple: The layers, a list, and the labels, int64 (n,).

    Raises:
        UserError: They do not fit, or there is none.
    """
    activations = as_layers(activations, n_layers)
    labels = as_labels(labels, len(activations[0]), n_class)
    if not len(labels):
        raise UserError(f'no {purpose} examples; give at least one')
    return activations, labels
