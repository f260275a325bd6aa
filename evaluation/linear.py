"""A linear classifier on the very splits that a network is trained on.

TF-IDF of 1- and 2-grams of words (1- to 5-grams of characters) and logistic
regression; the inverse strength of its penalty is chosen on the validation
split, as train.py chooses the epoch.
"""
from typing import NamedTuple

import numpy as np

STRENGTHS = 1, 4, 16, 64  # scikit-learn's C
LONGEST = {False: 2, True: 5}  # n-gram of words, of characters


class Result(NamedTuple):
    """What the baseline reaches.

    Attributes:
        c (float): The chosen inverse strength of the penalty.
        valid (float): Accuracy on the validation split, in [0, 1].
        test (float): Accuracy on the test split, in [0, 1].
        predicted (ndarray): Integers (n,), its labels of the test split.
    """

    c: float
    valid: float
    test: float
    predicted: np.ndarray


def ngrams(example, longest):
    """All n-grams of an example, those of a pair's texts kept apart.

    Args:
        example (text_datasets.Example): The example.
        longest (int): The largest n.

    Returns:
        list of tuple: Number of the text, then the n tokens.
    """
    return [(side, *tokens[i:i + n])
            for side, tokens in enumerate(example.texts)
            for n in range(1, longest + 1)
            for i in range(len(tokens) - n + 1)]


def vectorizer(char_based=False, longest=None, min_df=2):
    """TF-IDF of n-grams, to fit on examples.

    Args:
        char_based (bool): Whether tokens are characters.
        longest (int): Tokens of the longest n-gram, at least 1; without it,
            ``LONGEST``.
        min_df (int): Examples that must have an n-gram.

    Returns:
        TfidfVectorizer: Of scikit-learn.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer  # is slow

    longest = longest or LONGEST[char_based]
    return TfidfVectorizer(
        analyzer=lambda example: ngrams(example, longest), min_df=min_df)


def _fit(examples, char_based, longest):
    """A fitted vectorizer, and TF-IDF of its examples."""
    vectors = vectorizer(char_based, longest)
    try:
        return vectors, vectors.fit_transform(examples)
    except ValueError:  # no two of them have an n-gram in common
        vectors = vectorizer(char_based, longest, min_df=1)
        return vectors, vectors.fit_transform(examples)


def fit_and_predict(data, char_based=False, longest=None):
    """Trains and evaluates the baseline.

    Args:
        data (text_datasets.Dataset): Its splits.
        char_based (bool): Whether its tokens are characters.
        longest (int): As for ``vectorizer``.

    Returns:
        Result: Of equal validation accuracies the smallest C counts.
    """
    from sklearn.linear_model import LogisticRegression  # is slow

    vectors, train = _fit(data.train, char_based, longest)
    valid, test = map(vectors.transform, (data.valid, data.test))
    labels, valid_labels, test_labels = (
        [example.label for example in split]
        for split in (data.train, data.valid, data.test))
    models = [LogisticRegression(C=c, max_iter=1000).fit(train, labels)
              for c in STRENGTHS]
    scores = [model.score(valid, valid_labels) for model in models]
    best = scores.index(max(scores))
    predicted = models[best].predict(test)
    return Result(STRENGTHS[best], scores[best],
                  float((predicted == test_labels).mean()), predicted)
