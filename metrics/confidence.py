"""Temperature scaling, and scores of single probabilities: NLL, Brier.

Letters here and in the other modules of this folder: n examples, C classes,
z logits, T temperature.  Numbers may have any real dtype; everything is
computed in float64.  Source where no other is named: Guo et al. 2017, *On
Calibration of Modern Neural Networks* (arXiv 1706.04599).
"""
from numbers import Real

import numpy as np

from metrics.checks import as_labels, as_matrix, as_probabilities

TEMPERATURE_BOUNDS = (0.01, 100.0)


def softmax(logits, temperature=1.0):
    """Computes the softmax of z / T, row by row (equation 9).

    Args:
        logits (array_like): Finite numbers (n, C).
        temperature (float): T > 0, finite.  Above 1 it flattens the
            probabilities, below 1 it sharpens them; the order of the classes
            stays.

    Returns:
        ndarray: float64 (n, C) in [0, 1], rows sum to 1.

    Raises:
        ValueError: The logits or the temperature are not as above.
    """
    logits = as_matrix(logits, 'logits')
    if not (isinstance(temperature, Real) and 0 < temperature < np.inf):
        raise ValueError(f'temperature={temperature!r}, but it must be one '
                         'finite number above 0; 1 changes nothing')
    odds = np.exp(_scaled(logits, temperature))
    return odds / odds.sum(axis=1, keepdims=True)


def log_odds(logits):
    """Computes log p - log(1 - p) of each class, p the softmax of z.

    1 - p is summed over the other classes, so that the figure of a class of
    p = 1 to rounding is finite, too.

    Args:
        logits (array_like): Finite numbers (n, C), C at least 2.

    Returns:
        ndarray: float64 (n, C), finite.

    Raises:
        ValueError: The logits are not as above.
    """
    logits = as_matrix(logits, 'logits')
    found = np.empty(logits.shape)
    for y in range(logits.shape[1]):
        others = np.delete(logits, y, axis=1)
        highest = others.max(axis=1, keepdims=True)
        found[:, y] = logits[:, y] - highest[:, 0] - np.log(
            np.exp(others - highest).sum(axis=1))
    return found


def fit_temperature(logits, labels):
    """Finds the T in [0.01, 100] that minimises the NLL of softmax(z / T).

    Section 4.2.  The NLL is convex in 1 / T, so it has one valley in log T,
    and one bounded scalar minimisation (Brent's) finds it to about six
    digits.  The answer is never worse than T = 1.

    * If every prediction is right, or tied with the right one, the NLL falls
      all the way to T = 0, and the lower bound is returned.
    * If the best T lies beyond a bound, that bound is returned.
    * If every row of logits is constant, as with one class, all T are equally
      good, and 1.0 is returned.

    Args:
        logits (array_like): Finite numbers (n, C), of examples that were
            kept out of the training.
        labels (array_like): Integers (n,) in [0, C).

    Returns:
        float: T in [0.01, 100].

    Raises:
        ValueError: The logits or the labels are not as above.
    """
    from scipy.optimize import minimize_scalar  # slow to import

    logits = as_matrix(logits, 'logits')
    labels = as_labels(labels, logits.shape)
    low, high = TEMPERATURE_BOUNDS
    lead = _scaled(logits, 1.0)  # (n, C), 0 for the largest of each row
    if not lead.any():
        return 1.0
    if not _own_class(lead, labels).any():
        return low

    def nll(temperature):
        return _scaled_nll(logits, labels, temperature)

    with np.errstate(over='ignore', invalid='ignore'):  # an NLL may be inf
        found = minimize_scalar(
            lambda log_t: nll(np.exp(log_t)), method='bounded',
            bounds=np.log(TEMPERATURE_BOUNDS), options={'xatol': 1e-7})
        # The search never tries the bounds; of equals, min takes the first.
        return min((1.0, float(np.exp(found.x)), low, high), key=nll)


def top_label(probs, labels, predicted=None):
    """Gives the confidence of each prediction, and whether it is right.

    The confidence is the probability of the predicted class.

    Args:
        probs (array_like): Numbers (n, C) in [0, 1], rows sum to 1 (within
            0.001), n at least 1.
        labels (array_like): Integers (n,) in [0, C).
        predicted (array_like): Integers (n,) in [0, C), the classes that the
            classifier predicts, where it has a rule of its own for equal
            probabilities, as DkNN has; None for the most probable class, of
            equals the lowest.

    Returns:
        (ndarray, ndarray): Confidence float64 (n,) in [0, 1], at least 1 / C
        where the most probable class is predicted; bool (n,), true where the
        prediction is the label.

    Raises:
        ValueError: An argument is not as above.
    """
    probs, labels = as_probabilities(probs, labels)
    if predicted is None:
        predicted = probs.argmax(axis=1)
    predicted = as_labels(predicted, probs.shape)
    return _own_class(probs, predicted), predicted == labels


def negative_log_likelihood(probs, labels):
    """Computes the mean of -log p(label), in nats: equation 6 over n.

    A probability of exactly 0 counts as the smallest normal float64,
    2.2e-308, so that an example costs 708.4 at most and the mean is finite.
    (scikit-learn cuts at the machine epsilon: 36.0 at most in float64.)

    Args and errors as for the first two of ``top_label``.

    Returns:
        float: Mean in [0, 708.4].
    """
    probs, labels = as_probabilities(probs, labels)
    own = np.maximum(_own_class(probs, labels), np.finfo(np.float64).tiny)
    return float(abs(np.log(own).mean()))  # abs: no -0.0


def brier_score(probs, labels):
    """Averages over examples the *sum* over classes of (p_j - [j = label])^2.

    Brier 1950, the form for several classes: for two classes it is twice the
    score of the probability of one of them.

    Args and errors as for the first two of ``top_label``.

    Returns:
        float: Mean in [0, 2]: 0 for certain and right, 2 for certain and
        wrong.
    """
    probs, labels = as_probabilities(probs, labels)
    probs[np.arange(len(labels)), labels] -= 1  # a copy, not the caller's
    return float(np.square(probs).sum(axis=1).mean())


def impossible_labels(probs, labels):
    """Counts the examples whose label has a probability of exactly 0.

    Their own NLL is infinite, so that a mean over them only tells at what
    smallest probability somebody cut.

    Args and errors as for the first two of ``top_label``.

    Returns:
        int: In [0, n].
    """
    return int((_own_class(*as_probabilities(probs, labels)) == 0).sum())


def _scaled(logits, temperature):
    """z / T less the largest of the row, so that exp cannot overflow."""
    with np.errstate(over='ignore'):  # a gap too wide for float64 is -inf
        return (logits - logits.max(axis=1, keepdims=True)) / temperature


def _scaled_nll(logits, labels, temperature):
    """NLL of softmax(z / T) from logits: no probability is cut at 0."""
    scaled = _scaled(logits, temperature)
    log_total = np.log(np.exp(scaled).sum(axis=1))
    return np.mean(log_total - _own_class(scaled, labels))


def _own_class(rows, labels):
    """Of each row the value in the column of its label."""
    return rows[np.arange(len(labels)), labels]
