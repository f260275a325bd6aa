"""The texts whose explanations are measured, and their scores."""
import compat  # noqa: F401  (before Chainer)

from typing import NamedTuple

import numpy as np

from evaluation.masking import Masked
from metrics import faithfulness
from metrics.faithfulness import SHARES, TOPS
from saliency.batches import consecutive_batches

METHODS = ('random', 'conformity', 'confidence', 'logodds', 'gradient',
           'integrated_gradients', 'shapley', 'soft', 'soft_gradient',
           'soft_integrated', 'soft_mean', 'soft_shapley')
STEPS = np.linspace(0, 1, 11)  # shares of the words that are masked


class Explained(NamedTuple):
    """Texts, and the scores of their words by several methods.

    Attributes:
        rows (ndarray): Integers (n,), which of the test texts they are.
        targets (ndarray): Integers (n,), the class that all predict.
        scores (dict): Method to a list of n floats (L_i - 1,).
        masked (Masked): What judges are asked.
        places (dict): Method to the places of the texts without the words of
            highest, and of lowest, score: two lists of n integers
            (L_i,), the j-th without j words.
    """

    rows: np.ndarray
    targets: np.ndarray
    scores: dict
    masked: Masked
    places: dict


def explain(setting):
    """Scores of the texts about which all predictors agree.

    Args:
        setting (Setting): What is evaluated.

    Returns:
        Explained: At most ``setting.n_texts`` texts, drawn with its seed.
    """
    rows = agreed(setting)
    if len(rows) > setting.n_texts:
        rng = np.random.default_rng(setting.seed)
        rows = np.sort(rng.choice(rows, setting.n_texts, replace=False))
    scores = scores_of(setting.scorer, setting.test.xs.select(rows),
                       METHODS)
    masked = Masked(setting.test.xs.lengths()[rows] - 1)
    places = {name: _places(masked, own, setting.seed)
              for name, own in scores.items()}
    return Explained(rows, setting.predicted[rows], scores, masked, places)


def agreed(setting):
    """Test texts of which all predictors, the judge too, say the same.

    Args:
        setting (Setting): What is evaluated.

    Returns:
        ndarray: Integers (n,), ascending.
    """
    same = (setting.predicted == setting.prediction.label) & (
        setting.predicted == setting.soft.label)
    if setting.judge is not None:
        same &= setting.judge.predicted == setting.predicted
    return np.flatnonzero(same)


def scores_of(scorer, xs, methods):
    """Scores of the words of texts, of a pair those of the last.

    Args:
        scorer (WordScorer): Of some run.
        xs (Texts): n texts.
        methods (list of str): Names in ``saliency.methods.METHODS``.

    Returns:
        dict: Method to a list of n floats (L_i - 1,).
    """
    found = {name: [] for name in methods}
    for rows in consecutive_batches(xs.n_tokens()):
        batch = scorer.batch(xs.select(rows))
        for name, scores in scorer.scores(batch, list(methods)).items():
            found[name] += scores.sides[-1]
    return found


def _places(masked, scores, seed):
    """Places of each text without its first, and its last, j words."""
    without, only = [], []
    for i, own in enumerate(scores):
        order = faithfulness.ranking(own, [seed, i])
        counts = _counts(len(order))
        found = np.full((2, len(order) + 1), -1)
        for j in counts:
            found[0, j] = masked.add(i, order[:j])
            found[1, j] = masked.add(i, order[len(order) - j:])
        without.append(found[0])
        only.append(found[1])
    return without, only


def _counts(length):
    """How many words go, by any of the measures, or stay."""
    few = [min(t, length) for t in TOPS]
    parts = [int(faithfulness.n_words(share, length)) for share in SHARES]
    return sorted({*few, *parts, *(length - part for part in parts),
                   *steps(length)})


def steps(length):
    """How many of so many words are masked at each of ``STEPS``."""
    return np.rint(STEPS * length).astype(int).tolist()
