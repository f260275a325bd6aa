#!/usr/bin/env python
"""The words that support each predicted label most, over a whole split.

    python tools/words_by_label.py results/snli_bilstm/interpretations.jsonl

A word's value is its mean score over its occurrences in the last text of an
example (the hypothesis of a pair) whose explained label is that one.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import argparse
import collections

from errors import UserError
from runs import run_script
from runs.flags import positive
from saliency.records import read_records


def scores_by_label(records, method):
    """All scores of each word.

    Args:
        records (iterable of dict): As interpret.py writes them.
        method (str): Whose scores to take.

    Returns:
        dict: Name of the explained label to a dict of word to a list of its
        scores, floats.

    Raises:
        UserError: If a record has no scores by that method.
    """
    scores = collections.defaultdict(lambda: collections.defaultdict(list))
    for record in records:
        if method not in record['methods']:
            raise UserError(
                f'the records have no scores by {method!r}; choose one of '
                f'{", ".join(record["methods"])}')
        entry = record['methods'][method]
        label = record['label_names'][entry['target']]
        for word, score in zip(record['words'][-1], entry['scores'][-1],
                               strict=True):
            scores[label][word].append(score)
    return scores


def ranking(words, least):
    """Mean scores, from the highest.

    Args:
        words (dict): Word to a list of its scores.
        least (int): Words with fewer scores are left out.

    Returns:
        list of tuple: Mean score and word.
    """
    return sorted(((sum(scores) / len(scores), word)
                   for word, scores in words.items()
                   if len(scores) >= least), reverse=True)


def build_parser():
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    add = parser.add_argument
    add('path', help='an interpretations.jsonl')
    add('--method', default='conformity',
        help='whose scores to take (default: conformity)')
    add('--least', type=positive, default=8, metavar='N',
        help='fewest occurrences of a word (default: 8)')
    add('--top', type=positive, default=7, metavar='N',
        help='words to print for a label (default: 7)')
    return parser


def main(argv=None):
    args = build_parser().parse_args(argv)
    scores = scores_by_label(read_records(args.path), args.method)
    for label, words in sorted(scores.items()):
        print(f'{label}: ' + ', '.join(
            f'{word} {mean:.2f}'
            for mean, word in ranking(words, args.least)[:args.top]))


if __name__ == '__main__':
    run_script(main)
