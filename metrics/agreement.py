"""How well the scores of a text's words agree with what people marked.

L words of one text, ``scores`` of an explanation, high for what matters, and
``mask``, true for the words of the human rationale.  Figures are of one text;
tied words count as the mean over their orders, but for spans.  ERASER:
DeYoung et al. 2020, *ERASER: A Benchmark to Evaluate Rationalized NLP Models*
(arXiv 1911.03429).
"""
from numbers import Real
from typing import NamedTuple

import numpy as np

from metrics.checks import as_scores
from metrics.detection import average_precision
from metrics.ranks import expected_hits, hits_by_score, ranking, spearman

__all__ = ['SpanMatch', 'expected_average_precision', 'iou_f1', 'iou_match',
           'spearman', 'token_f1', 'top_hit', 'top_share']


class SpanMatch(NamedTuple):
    """Spans of one text.

    Attributes:
        matched (int): Spans of top words that match a human span.
        predicted (int): Spans of top words, at least 1.
        human (int): Spans of the rationale, at least 1.
    """

    matched: int
    predicted: int
    human: int


def top_hit(scores, mask):
    """Is the word with the highest score in the rationale?

    Args:
        scores (array_like): Real, finite numbers (L,), L at least 1.
        mask (array_like): Bools (L,), or the numbers 0 and 1; at least one
            is true.

    Returns:
        float: In [0, 1]; of tied top words the share in the rationale.

    Raises:
        ValueError: The scores or the mask are not as above.
    """
    _, seen, hits = hits_by_score(*_as_marked(scores, mask))
    return float(hits[0] / seen[0])


def top_share(scores, mask):
    """``top_hit``, but 0 where no word is marked.

    Args:
        scores (array_like): As for ``top_hit``.
        mask (array_like): Bools (L,), or the numbers 0 and 1.

    Returns:
        float: In [0, 1].

    Raises:
        ValueError: As for ``top_hit``.
    """
    return top_hit(scores, mask) if np.any(mask) else 0.


def expected_average_precision(scores, mask):
    """Average precision over random orders of tied words (ERASER's AUPRC).

    ``metrics.detection.average_precision`` of one text.

    Args and errors as for ``top_hit``.

    Returns:
        float: In (0, 1].
    """
    return average_precision(*_as_marked(scores, mask))


def token_f1(scores, mask):
    """F1 of as many top words as the rationale has.

    At that size precision, recall and F1 are the same: the share of hits.
    Of words that tie at the cut, a random choice is taken as expectation.

    Args and errors as for ``top_hit``.

    Returns:
        float: In [0, 1].
    """
    scores, mask = _as_marked(scores, mask)
    size = mask.sum()
    _, seen, hits = hits_by_score(scores, mask)
    return float(expected_hits(size, seen, hits) / size)


def iou_match(scores, mask, threshold=0.5, seed=0):
    """Counts spans of top words that match a span of the rationale.

    The top words are as many as the rationale has, a span is a run of
    neighbouring words, as long as it gets.  Two spans match if they share
    at least ``threshold`` of the words that they have together (ERASER,
    section 4).  From 0.5 on no span matches two.

    Words that tie at the cut are taken in the random order of
    ``metrics.ranks.ranking``: by position they would make long spans that
    the scores do not.

    Args:
        scores, mask (array_like): As for ``top_hit``.
        threshold (float): In [0.5, 1].
        seed (int or sequence of int): As for ``ranking``.

    Returns:
        SpanMatch: Sums of these over texts give ERASER's micro-average.

    Raises:
        ValueError: An argument is not as above.
    """
    if not (isinstance(threshold, Real) and 0.5 <= threshold <= 1):
        raise ValueError(f'threshold={threshold!r}, but a share from 0.5 to '
                         '1 is needed; 0.5 is usual')
    scores, mask = _as_marked(scores, mask)
    top = ranking(scores, seed)[:int(mask.sum())]
    predicted = _spans(np.isin(np.arange(len(mask)), top))
    human = _spans(mask)
    start, end = predicted.T[:, :, None]  # (P, 1) each
    human_start, human_end = human.T[:, None]  # (1, H) each
    shared = np.minimum(end, human_end) - np.maximum(start, human_start)
    together = (end - start) + (human_end - human_start) - shared
    matched = (shared / together >= threshold).any(axis=1)  # (P,)
    return SpanMatch(int(matched.sum()), len(predicted), len(human))


def iou_f1(scores, mask, threshold=0.5, seed=0):
    """F1 of the spans of top words against those of the rationale.

    Precision is the share of matched spans of top words, recall that of
    the rationale's spans.  (ERASER's macro-average takes the F1 of the mean
    precision and the mean recall over texts, not the mean F1.)

    Args and errors as for ``iou_match``.

    Returns:
        float: In [0, 1].
    """
    matched, predicted, human = iou_match(scores, mask, threshold, seed)
    return 2 * matched / (predicted + human)


def _as_marked(scores, mask):
    """Scores and mask as float64 arrays (L,), or a ValueError."""
    scores, mask = as_scores(scores, mask, 'mask')
    if not mask.any():
        raise ValueError(f'mask has none of {len(mask)} words, but a '
                         'rationale has one at least; leave this text out')
    return scores, mask


def _spans(mask):
    """Runs of true values: integers (S, 2), their starts and ends."""
    change = np.diff(np.concatenate([[0], mask, [0]]))
    return np.stack([np.flatnonzero(change > 0),
                     np.flatnonzero(change < 0)], axis=1)
