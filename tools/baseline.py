#!/usr/bin/env python
"""A linear classifier on the very splits that a network is trained on.

    python tools/baseline.py --dataset stsa.binary [--seed 0 1 2]

TF-IDF of 1- and 2-grams of words (1- to 5-grams of characters) and logistic
regression; the inverse strength of its penalty is chosen on the validation
split, as train.py chooses the epoch.  Whoever explains a network should know
whether it beats this.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import argparse
import itertools
from typing import NamedTuple

import text_datasets
from runs import flags, run_script

STRENGTHS = 1, 4, 16, 64  # scikit-learn's C
LONGEST = {False: 2, True: 5}  # n-gram of words, of characters


class Result(NamedTuple):
    """What the baseline reaches.

    Attributes:
        c (float): The chosen inverse strength of the penalty.
        valid (float): Accuracy on the validation split, in [0, 1].
        test (float): Accuracy on the test split, in [0, 1].
    """

    c: float
    valid: float
    test: float


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


def evaluate(data, char_based=False, longest=None):
    """Trains and evaluates the baseline.

    Args:
        data (text_datasets.Dataset): Its splits.
        char_based (bool): Whether its tokens are characters.
        longest (int): Tokens of the longest n-gram, at least 1; without it,
            ``LONGEST``.

    Returns:
        Result: Of equal validation accuracies the smallest C counts.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    longest = longest or LONGEST[char_based]
    vectorizer = TfidfVectorizer(
        analyzer=lambda example: ngrams(example, longest), min_df=2)
    train = vectorizer.fit_transform(data.train)
    valid, test = map(vectorizer.transform, (data.valid, data.test))
    labels, valid_labels, test_labels = (
        [example.label for example in split]
        for split in (data.train, data.valid, data.test))
    models = [LogisticRegression(C=c, max_iter=1000).fit(train, labels)
              for c in STRENGTHS]
    scores = [model.score(valid, valid_labels) for model in models]
    best = scores.index(max(scores))
    return Result(STRENGTHS[best], scores[best],
                  models[best].score(test, test_labels))


def build_parser():
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    add = parser.add_argument
    add('--dataset', nargs='+', default=['stsa.binary'], metavar='NAME',
        help='as for train.py, one or several (default: stsa.binary)')
    add('--seed', nargs='+', type=flags.seed, default=[0],
        help='of the splits, one or several (default: 0)')
    add('--char-based', action='store_true',
        help='characters in place of words')
    add('--longest', type=flags.positive, metavar='N',
        help='tokens of the longest n-gram (default: 2 words, 5 characters)')
    add('--data-dir', metavar='DIR',
        help='folder with the published data files (default: $DKNN_DATA)')
    return parser


def main(argv=None):
    args = build_parser().parse_args(argv)
    print(f'{"":20}{"seed":>6}{"C":>6}{"valid":>8}{"test":>8}')
    for name, seed in itertools.product(args.dataset, args.seed):
        data = text_datasets.load_dataset(name, args.data_dir, seed=seed,
                                          char_based=args.char_based)
        found = evaluate(data, args.char_based, args.longest)
        print(f'{name:20}{seed:6}{found.c:6}{found.valid:8.4f}'
              f'{found.test:8.4f}', flush=True)


if __name__ == '__main__':
    run_script(main)
