"""Words of the hypothesis that go with a label in the training pairs.

Their pointwise mutual information: Gururangan et al. 2018, *Annotation
Artifacts in Natural Language Inference Data* (arXiv 1803.02324), section 3.
A word's counts are of pairs, however often it stands in one.  V words of the
training hypotheses, C classes.
"""
from typing import NamedTuple

import numpy as np

SMOOTHING = 100  # Gururangan et al.
N_WORDS = 10  # of each label


class Clues(NamedTuple):
    """How the words of hypotheses go with labels in the training pairs.

    Attributes:
        index (dict): Word to its row, in alphabetical order.
        counts (ndarray): Integers (V, C), pairs of each label whose
            hypothesis has the word.
        totals (ndarray): Integers (C,), pairs of each label.
        pmi (ndarray): float64 (V, C).
        top (list): For each label the rows of its artifacts, at most
            ``N_WORDS``, the highest PMI first.
    """

    index: dict
    counts: np.ndarray
    totals: np.ndarray
    pmi: np.ndarray
    top: list


def clues(data):
    """Counts and PMI of all words of the training hypotheses.

    Args:
        data (text_datasets.Dataset): Of pairs.

    Returns:
        Clues: Artifacts are words of a PMI above 0.
    """
    said = [sorted(set(example.texts[-1])) for example in data.train]
    labels = np.array([example.label for example in data.train])
    n_class = len(data.label_names)
    index = {word: row for row, word in enumerate(
        sorted({word for own in said for word in own}))}
    rows = np.array([index[word] for own in said for word in own], int)
    columns = np.repeat(labels, [len(own) for own in said])
    counts = np.bincount(rows * n_class + columns,
                         minlength=len(index) * n_class).reshape(-1, n_class)
    totals = np.bincount(labels, minlength=n_class)
    found = pmi(counts, totals)
    # PMI > 0, decided without rounding
    above = counts * totals.sum() > counts.sum(axis=1)[:, None] * totals
    order = np.argsort(-found, axis=0, kind='stable')[:N_WORDS]
    return Clues(index, counts, totals, found, [
        order[above[order[:, y], y], y].tolist() for y in range(n_class)])


def pmi(counts, totals, smoothing=SMOOTHING):
    """Pointwise mutual information of words and labels, smoothed.

    ``log p(w, y) / (p(w) p(y))``, that is
    ``log (n(w, y) + a C p(y)) / ((n(w) + a C) p(y))`` with p(y) the share of
    label y.  Of labels that are equally frequent, each count is a = 100
    higher, as in the paper; of others in proportion, so that a word without
    counts has the PMI 0 with each.  On few pairs, too, this prefers frequent
    words to those that are seen with one label by chance.

    Args:
        counts (ndarray): Integers (V, C), n(w, y).
        totals (ndarray): Integers (C,), pairs of each label.
        smoothing (float): a, above 0.

    Returns:
        ndarray: float64 (V, C); 0 for a label without pairs.
    """
    share = totals / totals.sum()
    extra = smoothing * len(share) * share
    independent = (counts.sum(axis=1, keepdims=True) + extra.sum()) * share
    return np.log(np.divide(counts + extra, independent,
                            out=np.ones(counts.shape), where=share > 0))
