"""Texts to explain together, and what the predictors say of them."""
from typing import NamedTuple

import numpy as np

from nlp_utils import Texts

TOKENS_PER_BATCH = 4096  # about as many texts with a word left out


class Batch(NamedTuple):
    """n examples, and what the predictors say of them.

    Attributes:
        xs (Texts): Word ids.
        logits (ndarray): Floats (n, C).
        votes (ndarray): Integers (n, C), labels of the neighbours.
        targets (dict): ``'dknn'``, ``'softmax'`` and, if DkNN is tuned,
            ``'soft'`` to the classes that each predicts, integers (n,).
        soft (ndarray): Floats (n, C), log-odds of soft conformity; None if
            DkNN is not tuned.
    """

    xs: Texts
    logits: np.ndarray
    votes: np.ndarray
    targets: dict
    soft: np.ndarray = None


def batch_of(xs, logits, prediction, odds, rows=slice(None)):
    """A Batch of what was said of texts.

    Args:
        xs (Texts): n of them.
        logits (ndarray): Floats (n, C).
        prediction (dknn.Prediction): Of these and perhaps other texts.
        odds (ndarray): Floats (N, C), log-odds of soft conformity of the
            same; None if DkNN is not tuned.
        rows (slice or ndarray): Which of the predicted texts they are.

    Returns:
        Batch: With the classes that each predicts.
    """
    targets = {'dknn': prediction.label[rows],
               'softmax': logits.argmax(axis=1)}
    if odds is not None:
        odds = odds[rows]
        targets['soft'] = odds.argmax(axis=1)
    return Batch(xs, logits, prediction.votes[rows], targets, odds)


def consecutive_batches(sizes, limit=None):
    """Ranges of consecutive examples with a bounded sum of sizes.

    Args:
        sizes (ndarray): Integers (n,), tokens of each example.
        limit (int): Largest sum, or None for ``TOKENS_PER_BATCH``; an
            example beyond it is a batch by itself.

    Yields:
        slice: A range of positions.
    """
    limit = limit or TOKENS_PER_BATCH
    begin = 0
    while begin < len(sizes):
        total = np.cumsum(sizes[begin:begin + limit])
        end = begin + max(1, int((total <= limit).sum()))
        yield slice(begin, end)
        begin = end
