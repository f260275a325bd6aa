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

from runs import run_script
from runs.flags import positive
from saliency.records import read_records
from saliency.words import words_by_label


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
    records = read_records(args.path)
    names = records[0]['label_names']
    words = words_by_label(records, args.method, args.least)
    for name, label in sorted((names[label], label) for label in words):
        print(f'{name}: ' + ', '.join(f'{found.word} {found.mean:.2f}'
                                      for found in words[label][:args.top]))


if __name__ == '__main__':
    run_script(main)
