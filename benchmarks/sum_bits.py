#!/usr/bin/env python
"""What sum_bits=32 changes in the soft conformity of trained runs.

    python benchmarks/sum_bits.py results/stsa.binary_cnn results/snli_bilstm

Asks for votes and soft conformity of the test split, with the bandwidths of
the run, with 64 bits and with 32.  Prints a table and writes it into
docs/scale.md.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import argparse

import numpy as np

import runs
from benchmarks.scale import PAGE, ROOT
from benchmarks.timing import Clock
from dknn import DkNN
from tools import pages

MARKS = 'sum_bits'
COLUMNS = ('run', 'examples', 'queries', '64 bits, s', '32 bits, s',
           'log-odds, largest', 'difference, largest', 'median',
           'other labels')


def compared(folder, data_dir=None, repeats=3):
    """Time and difference of both.

    Args:
        folder (str or Path): A run folder.
        data_dir (str): As for ``runs.load_run``.
        repeats (int): How often each is asked; the least time counts.

    Returns:
        dict: Name of a figure to a number.
    """
    run = runs.load_run(folder, data_dir)
    train, calib, test = runs.stored_splits(run, ['train', 'calib', 'test'])
    tuned = runs.fit_dknn(run, train, calib)
    seconds, found = {}, {}
    for bits in (64, 32):
        dknn = DkNN(tuned.n_class, index_options={'sum_bits': bits})
        dknn.fit(train.layers, train.labels)
        dknn.use_tuning(tuned.bandwidths_, tuned.weights_)
        clocks = [Clock() for _ in range(repeats)]
        for clock in clocks:
            found[bits] = clock('both', dknn.votes_and_log_odds, test.layers)
        seconds[bits] = min(clock.seconds['both'] for clock in clocks)
    (votes, odds), (other_votes, other_odds) = found[64], found[32]
    if (votes != other_votes).any():
        raise AssertionError(f'{folder}: votes depend on sum_bits')
    gap = abs(odds - other_odds)
    return {'examples': len(train.labels), 'queries': len(odds),
            'seconds': seconds, 'log_odds': abs(odds).max(),
            'largest': gap.max(), 'median': np.median(gap),
            'labels': int((odds.argmax(axis=1)
                           != other_odds.argmax(axis=1)).sum())}


def row_of(folder, found):
    """Cells of the table, as text.

    Args:
        folder (Path): Of the run.
        found (dict): What ``compared`` returned for it.

    Returns:
        list of str: In the order of ``COLUMNS``.
    """
    return [folder.name, f'{found["examples"]:,}', f'{found["queries"]:,}',
            *(f'{found["seconds"][bits]:.2f}' for bits in (64, 32)),
            f'{found["log_odds"]:.1f}', f'{found["largest"]:.0e}',
            f'{found["median"]:.0e}', str(found['labels'])]


def build_parser():
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('runs', nargs='+', type=pathlib.Path, metavar='RUN',
                        help='run folders')
    parser.add_argument('--data-dir', help='where the data are')
    parser.add_argument('--docs', type=pathlib.Path, default=ROOT / 'docs',
                        help='where scale.md is (default: docs)')
    return parser


def main(argv=None):
    args = build_parser().parse_args(argv)
    text = pages.table(COLUMNS, [
        row_of(folder, compared(folder, args.data_dir))
        for folder in args.runs])
    print(text)
    pages.write_between(args.docs / PAGE, f'\n{text}\n', MARKS)


if __name__ == '__main__':
    runs.run_script(main)
