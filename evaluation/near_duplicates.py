"""Test texts that stand, all but the same, among the training texts."""
from typing import NamedTuple

import numpy as np

from evaluation import linear
from evaluation.tables import Table, shortened
from neighbors.arrays import slices

ALIKE = .9         # least cosine
MOST_TEXTS = 2000  # test texts that are looked at
PIECE = 256        # of them at a time
SHOWN = 10
TINY = 1e-9        # what rounding takes off a cosine of 1


class Pair(NamedTuple):
    """A test text and the training text most like it.

    Attributes:
        test, train (int): Their positions in the splits.
        cosine (float): In [0, 1].
    """

    test: int
    train: int
    cosine: float


def most_alike(train, test, char_based=False):
    """The training text most like each test text.

    By the cosine of TF-IDF vectors of the linear baseline's n-grams; the
    weights are those of both splits together, so that a word that only the
    test text has counts, too.

    Args:
        train, test (list of text_datasets.Example): N and n of them.
        char_based (bool): Whether their tokens are characters.

    Returns:
        list of Pair: n of them; of training texts equally alike the first.
    """
    vectors = linear.vectorizer(char_based, min_df=1).fit_transform(
        [*train, *test])
    known = vectors[:len(train)].T.tocsr()
    asked = vectors[len(train):]
    pairs = []
    for rows in slices(len(test), PIECE):
        # Rounded, so that equal texts tie
        cosines = (asked[rows] @ known).toarray().round(9)  # (b, N)
        best = cosines.argmax(axis=1)
        pairs += [Pair(rows.start + i, int(j), float(cosines[i, j]))
                  for i, j in enumerate(best)]
    return pairs


def find(setting):
    """Test texts that have a near-duplicate among the training texts.

    Args:
        setting (Setting): What is evaluated.

    Returns:
        list of Pair: Those with another label first, then the most alike.
    """
    train, test = setting.run.data.train, setting.examples[:MOST_TEXTS]
    found = [pair for pair in most_alike(
        train, test, setting.run.args.get('char_based', False))
        if pair.cosine >= ALIKE - TINY]
    return sorted(found, key=lambda pair: (
        train[pair.train].label == test[pair.test].label, -pair.cosine,
        pair.test))


def counts(setting, pairs):
    """How many there are, and how many of them have another label."""
    n = min(len(setting.examples), MOST_TEXTS)
    other = np.array([_labels(setting, pair)[0] != _labels(setting, pair)[1]
                      for pair in pairs], bool)
    return Table(
        'near_duplicates', 'test texts with a near-duplicate in training',
        ['texts', 'share'],
        [('test texts', [n, 1.]),
         ('with a near-duplicate', [len(pairs), len(pairs) / n]),
         ('of another label', [int(other.sum()), float(other.sum() / n)])],
        f'TF-IDF cosine of {ALIKE} or more with a training text; the label '
        'is that of the most alike')


def shown(setting, pairs):
    """The first of them."""
    data, names = setting.run.data, setting.run.data.label_names
    rows = []
    for pair in pairs[:SHOWN]:
        own, other = _labels(setting, pair)
        rows.append((shortened(setting.examples[pair.test].texts), [
            names[own], names[other], pair.cosine,
            shortened(data.train[pair.train].texts)]))
    return Table('pairs', 'test texts and their near-duplicates in training',
                 ['label', 'label there', 'cosine', 'training text'], rows,
                 'those of another label first')


def _labels(setting, pair):
    return (setting.examples[pair.test].label,
            setting.run.data.train[pair.train].label)
