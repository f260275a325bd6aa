#!/usr/bin/env python
"""A linear classifier on the very splits that a network is trained on.

    python tools/baseline.py --dataset stsa.binary [--seed 0 1 2]

``evaluation.linear`` says which.  Whoever explains a network should know
whether it beats this.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import argparse
import itertools

import text_datasets
from evaluation import linear
from runs import flags, run_script


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
        found = linear.fit_and_predict(data, args.char_based,
                                       args.longest)
        print(f'{name:20}{seed:6}{found.c:6}{found.valid:8.4f}'
              f'{found.test:8.4f}', flush=True)


if __name__ == '__main__':
    run_script(main)
