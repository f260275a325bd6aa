#!/usr/bin/env python
"""Train and evaluate the models of docs/experiments.md, and write its table.

    DKNN_DATA=... python tools/experiments.py [--only TEXT] [--out results]

A run that is finished is not repeated.  The table stands between two marks
in docs/experiments.md and is replaced whole.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import argparse
import os
import shlex
import subprocess

import runs
import train
from errors import UserError
from files.atomic import read_json
from runs.folder import RESULTS
from tools import pages

ROOT = pathlib.Path(__file__).resolve().parents[1]
PAGE = 'experiments.md'
GLOVE = '--word_vectors $DKNN_DATA/glove.6B.50d.subset.txt'
# Recurrent networks are kept small for two cores, and smaller where there
# are many words.
SMALL, SMALLER = ('--unit 100 --layer 2 --epoch 6',
                  '--unit 100 --layer 1 --epoch 4')
RECURRENT = {'stsa.binary': SMALL, 'TREC': SMALL, 'custrev': SMALL,
             'rt-polarity': SMALL, 'imdb.binary': SMALL, 'dbpedia': SMALLER,
             'snli': SMALLER}
# With the default dropout and learning rate a pair of noisy encodings stays
# at chance on this small SNLI.
PAIR = ' --dropout 0.1 --learning-rate 0.001'
# The flags of train.py, one experiment each
EXPERIMENTS = [
    f'--dataset {data} --model {model} {GLOVE}'
    + (PAIR if data == 'snli' else '')
    + (f' {RECURRENT[data]}' if model in ('rnn', 'bilstm') else '')
    for data in RECURRENT
    for model in ('cnn', 'rnn', 'bilstm', 'bow')]
EXPERIMENTS += ['--dataset TREC --model cnn --char-based',
                '--dataset vader.movie --model cnn']
HEAD = ('`python train.py ...`', 'indexed', 'softmax', 'DkNN', 'agree',
        'coverage of 90 % sets', 'mean size', 'training', 'DkNN')


def run_command(*words):
    """Runs a script of this project and shows what it prints.

    Args:
        *words (str): The script and its flags.

    Raises:
        UserError: If it fails.
    """
    print('$ python', *words, flush=True)
    done = subprocess.run([sys.executable, *words], cwd=ROOT, check=False)
    if done.returncode:
        raise UserError(f'{words[0]} ended with exit code {done.returncode}')


def words_of(flags):
    """Flags as a list of words, environment variables replaced."""
    return [os.path.expandvars(word) for word in shlex.split(flags)]


def run_folder(flags, out):
    """Where train.py writes a run with these flags."""
    args = train.build_parser().parse_args(words_of(flags))
    return ROOT / runs.folder_of(out, args.dataset, args.model,
                                 args.char_based)


def result(flags, out):
    """Trains and evaluates a model unless that was done.

    Args:
        flags (str): Of train.py.
        out (str): Folder of all runs, relative to the project's.

    Returns:
        dict: The contents of dknn.json, and ``train_seconds``.

    Raises:
        UserError: If a script fails.
    """
    folder = run_folder(flags, out)
    if not (folder / 'dknn.json').is_file():
        run_command('train.py', *words_of(flags), '--out', str(out))
        run_command('run_dknn.py', '--model-setup', str(folder))
    return {**read_json(folder / 'dknn.json'),
            'train_seconds': read_json(folder / 'log')[-1]['elapsed_time']}


def cells(flags, row):
    """An experiment's line of the table, from its flags and ``result``."""
    sets, = (s for s in row['prediction_sets'] if s['level'] == 0.9)
    return [f'`{flags}`', f'{row["n_train"]:,}',
            f'{row["softmax_accuracy"]:.4f}', f'{row["dknn_accuracy"]:.4f}',
            f'{row["agreement"]:.4f}', f'{sets["coverage"]:.4f}',
            f'{sets["mean_size"]:.2f}', f'{row["train_seconds"]:.0f} s',
            f'{row["seconds"]:.1f} s']


def build_parser():
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('--only', default='', metavar='TEXT',
                        help='only experiments whose flags hold TEXT; their '
                             'table is printed and not written')
    parser.add_argument('--out', default=RESULTS, metavar='DIR',
                        help="folder of all runs, relative to the project's "
                             f'(default: {RESULTS})')
    parser.add_argument('--docs', type=pathlib.Path, default=ROOT / 'docs',
                        metavar='DIR', help=f'where {PAGE} is (default: the '
                        "project's docs)")
    return parser


def main(argv=None):
    args = build_parser().parse_args(argv)
    page = args.docs / PAGE
    if not args.only:
        pages.read_around(page)  # it is in order, before hours of training
    table = pages.table(HEAD, [
        cells(flags, result(flags, args.out)) for flags in EXPERIMENTS
        if args.only in flags])
    print(table)
    if not args.only:
        pages.write_between(page, table)


if __name__ == '__main__':
    runs.run_script(main)
