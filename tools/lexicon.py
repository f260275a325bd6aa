#!/usr/bin/env python
"""How often the top word of an explanation is an opinion word of its class.

    python tools/lexicon.py results/stsa.binary_cnn/interpretations.jsonl

For every method: over all texts with a prediction of ``negative`` or
``positive``, the share in which the word with the highest score is in Hu and
Liu's opinion lexicon with that sign (words that tie for it count in equal
parts), and the share in which no word has any score.  Differences are paired,
text by text, with 1.96 standard errors.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import argparse
import os

import numpy as np

from errors import UserError
from files.lexicons import SIGNS, read_opinion_lexicon
from metrics import agreement
from runs import run_script
from saliency.records import read_records

FOLDER = 'opinion-lexicon-English'


def top_share(words, scores, wanted):
    """Which part of the words that share the highest score is wanted.

    Args:
        words (list of str): The words of a text, at least one.
        scores (list of float): A score a word.
        wanted (set of str): Words.

    Returns:
        float: In [0, 1].
    """
    return agreement.top_share(scores, [word in wanted for word in words])


def measure(records, lexicon):
    """Hits and empty explanations of every method.

    Args:
        records (list of dict): As ``saliency.records.read_records`` returns
            them.
        lexicon (dict): As ``read_opinion_lexicon`` returns it.

    Returns:
        dict: Method to two arrays (n,): ``top_share`` of each text, and
        whether all of its scores are zero.

    Raises:
        UserError: If the labels are others, or the texts are pairs.
    """
    found = {}
    for record in records:
        if set(record['label_names']) != set(SIGNS) or (
                len(record['words']) != 1):
            raise UserError(f'this needs single texts labelled {SIGNS}, but '
                            f'the labels are {record["label_names"]}')
        words, = record['words']
        for name, entry in record['methods'].items():
            sign = record['label_names'][entry['target']]
            scores, = entry['scores']
            found.setdefault(name, []).append(
                (top_share(words, scores, lexicon[sign]), not any(scores)))
    return {name: tuple(map(np.array, zip(*rows, strict=True)))
            for name, rows in found.items()}


def build_parser():
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    add = parser.add_argument
    add('path', help='an interpretations.jsonl of a binary sentiment model')
    add('--lexicon', type=pathlib.Path, metavar='DIR',
        default=pathlib.Path(os.environ.get('DKNN_DATA', '.'), FOLDER),
        help=f'folder of the lexicon (default: {FOLDER} in $DKNN_DATA)')
    add('--beside', metavar='METHOD',
        help='the method that others are compared with (default: the first)')
    return parser


def main(argv=None):
    args = build_parser().parse_args(argv)
    found = measure(read_records(args.path),
                    read_opinion_lexicon(args.lexicon))
    beside = args.beside or next(iter(found))
    if beside not in found:
        raise UserError(f'there are no scores by {beside!r}; choose one of '
                        f'{", ".join(found)}')
    print(f'{"":22}{"right sign":>11}{"beside " + beside:>24}{"empty":>8}')
    for name, (hits, empty) in found.items():
        gap = hits - found[beside][0]
        error = 1.96 * gap.std(ddof=1) / len(gap) ** .5
        shown = '' if name == beside else f'{gap.mean():+.3f} +- {error:.3f}'
        print(f'{name:22}{hits.mean():11.3f}{shown:>24}{empty.mean():8.3f}')
    print(f'{len(gap):,} texts')


if __name__ == '__main__':
    run_script(main)
