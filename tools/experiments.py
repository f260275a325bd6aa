#!/usr/bin/env python
"""Train and evaluate the models of docs/experiments.md, and write its table.

    DKNN_DATA=... python tools/experiments.py [--only TEXT] [--out results]

Every model is trained with each of ``SEEDS``, which also split the data; the
linear baseline has the same splits.  What is finished is not repeated.
The table stands between two marks in docs/experiments.md; the rows of the
chosen experiments are replaced.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import argparse
import itertools
import os
import shlex
import subprocess

import numpy as np

import evaluation.linear
import runs
import text_datasets
import train
from errors import UserError
from files.atomic import read_json, write_json
from runs import flags as run_flags
from runs.folder import RESULTS
from tools import jobs, pages

ROOT = pathlib.Path(__file__).resolve().parents[1]
PAGE = 'experiments.md'
GLOVE = '--word_vectors $DKNN_DATA/glove.6B.50d.subset.txt'
SEEDS = 0, 1, 2
# Recurrent networks are kept small for two cores.
RECURRENT = '--unit 100 --layer 2'
# The flags of train.py, one experiment each
EXPERIMENTS = [
    *(f'--dataset {data} --model {model} {GLOVE}'
      + (f' {RECURRENT}' if model in ('rnn', 'bilstm') else '')
      for data in ('stsa.binary', 'TREC', 'custrev', 'rt-polarity')
      for model in ('cnn', 'rnn', 'bilstm', 'bow')),
    *(f'--dataset {data} --model {model} {GLOVE}'
      for data in ('imdb.binary', 'dbpedia') for model in ('cnn', 'bow')),
    f'--dataset dbpedia --model bilstm {GLOVE} {RECURRENT}',
    f'--dataset snli --model cnn {GLOVE} --layer 1',
    f'--dataset snli --model bilstm {GLOVE} --unit 100 --layer 1',
    '--dataset TREC --model cnn --char-based',
    '--dataset vader.movie --model cnn']
HEAD = ('`python train.py ...`', 'indexed', 'linear', 'softmax', 'DkNN',
        'soft DkNN', 'NLL: softmax at T', 'DkNN', 'soft DkNN',
        '90 % sets hold: DkNN', 'soft DkNN', 'training')
REPORTS = 'softmax at T = ', 'DkNN conformity', 'soft DkNN conformity'


def run_command(*words):
    """Runs a script of this project on one core and shows what it prints.

    Args:
        *words (str): The script and its flags.

    Raises:
        UserError: If it fails.
    """
    print('$ python', *words, flush=True)
    done = subprocess.run([sys.executable, *words], cwd=ROOT, check=False,
                          env=jobs.environment())
    if done.returncode:
        raise UserError(f'{words[0]} ended with exit code {done.returncode}')


def words_of(flags):
    """Flags as a list of words, environment variables replaced."""
    return [os.path.expandvars(word) for word in shlex.split(flags)]


def place_of(out, seed):
    """Where all runs of a seed stand.

    Args:
        out (str): Folder of all runs, relative to the project's.
        seed (int): One of ``SEEDS``; the runs of the first stand right there.

    Returns:
        Path: The folder.
    """
    return ROOT / out / ('' if seed == SEEDS[0] else f'seed{seed}')


def run_folder(flags, out, seed=SEEDS[0]):
    """Where train.py writes a run with these flags.

    Args:
        flags (str): Of train.py.
        out (str): As for ``place_of``.
        seed (int): As for ``place_of``.

    Returns:
        Path: The run folder.
    """
    args = train.build_parser().parse_args(words_of(flags))
    return pathlib.Path(runs.folder_of(place_of(out, seed), args.dataset,
                                       args.model, args.char_based,
                                       args.name))


def result(flags, out, seed, overwrite=False):
    """Trains and evaluates a model unless that was done.

    Args:
        flags (str): Of train.py.
        out (str): As for ``place_of``.
        seed (int): Of the run.
        overwrite (bool): Whether a run of other settings that was never
            evaluated may be replaced.

    Returns:
        dict: The contents of dknn.json, the ``reports`` of calibration.json,
        and ``train_seconds``.

    Raises:
        UserError: If a script fails.
    """
    folder = run_folder(flags, out, seed)
    if not (folder / 'calibration.json').is_file():
        run_command('train.py', *words_of(flags), '--seed', str(seed),
                    '--out', str(folder.parent),
                    *(['--overwrite'] if overwrite else []))
        for script in ('run_dknn.py', 'calibration.py'):
            run_command(script, '--model-setup', str(folder))
    return {**read_json(folder / 'dknn.json'),
            'reports': read_json(folder / 'calibration.json')['reports'],
            'train_seconds': read_json(folder / 'log')[-1]['elapsed_time']}


def linear(dataset, char_based, out, seed):
    """Trains and evaluates the baseline on a data set unless that was done.

    Args:
        dataset (str): Its name.
        char_based (bool): Whether its tokens are characters.
        out (str): As for ``place_of``.
        seed (int): Of the splits.

    Returns:
        float: Accuracy on the test split.
    """
    folder = pathlib.Path(runs.folder_of(place_of(out, seed), dataset,
                                         'linear', char_based))
    path = folder.with_suffix(folder.suffix + '.json')
    if not path.is_file():
        data = text_datasets.load_dataset(dataset, char_based=char_based,
                                          seed=seed)
        found = evaluation.linear.fit_and_predict(data, char_based)
        write_json(path, {'c': found.c, 'valid': found.valid,
                          'test': found.test})
    return read_json(path)['test']


def results(only, out, n_jobs, overwrite=False):
    """Makes, or reads, every run of the experiments.

    Args:
        only (str): Experiments whose flags hold this.
        out (str): As for ``place_of``.
        n_jobs (int): Runs at the same time, each on one core.
        overwrite (bool): As for ``result``.

    Returns:
        dict: The flags of an experiment to a list of dict, a ``result`` for
        each seed, with ``linear``, the accuracy of the baseline.
    """
    runs_of = {flags: [(flags, out, seed, overwrite) for seed in SEEDS]
               for flags in EXPERIMENTS if only in flags}
    splits_of = {}
    for flags in runs_of:
        args = train.build_parser().parse_args(words_of(flags))
        splits_of[flags] = [(args.dataset, args.char_based, out, seed)
                            for seed in SEEDS]
    accuracies = made(linear, splits_of, n_jobs)
    found = made(result, runs_of, n_jobs)
    return {flags: [{**one, 'linear': accuracy} for one, accuracy in zip(
        found[flags], accuracies[flags], strict=True)] for flags in runs_of}


def made(work, choices_of, n_jobs):
    """What some work makes of each choice, which it does once.

    Args:
        work (callable): As for ``jobs.run``.
        choices_of (dict): A key to a list of choices, tuples.
        n_jobs (int): As for ``jobs.run``.

    Returns:
        dict: Each key to a list, an item for each of its choices.
    """
    choices = list(dict.fromkeys(itertools.chain(*choices_of.values())))
    done = dict(zip(choices, jobs.run(work, choices, n_jobs), strict=True))
    return {key: [done[choice] for choice in its]
            for key, its in choices_of.items()}


def cells(flags, found):
    """An experiment's line of the table.

    Args:
        flags (str): Of train.py.
        found (list of dict): As ``results`` has them.

    Returns:
        list of str: A cell for each of ``HEAD``.
    """
    return [f'`{flags}`', f'{found[0]["n_train"]:,}',
            *(spread([one[name] for one in found])
              for name in ('linear', 'softmax_accuracy', 'dknn_accuracy',
                           'soft_accuracy')),
            *(mean([nll(one, start) for one in found]) for start in REPORTS),
            *(mean([held(one['predictors'][name]) for one in found])
              for name in ('dknn', 'soft')),
            f'{np.mean([one["train_seconds"] for one in found]):.0f} s']


def rows_of(page):
    """The rows that a page holds.

    Args:
        page (Path): The page.

    Returns:
        dict: The flags of an experiment to its ``cells``.

    Raises:
        UserError: As for ``pages.read_parts``.
    """
    _, results, _ = pages.read_parts(page)
    rows = [line.strip('| ').split(' | ') for line in results.splitlines()
            if line.startswith('| `--')]
    return {row[0].strip('`'): row for row in rows}


def nll(found, start):
    """NLL of the report of a ``result`` whose name begins so."""
    return next(report['nll'] for name, report in found['reports'].items()
                if name.startswith(start))


def held(predictor):
    """Coverage of the sets that promise 90 %."""
    return next(row['coverage'] for row in predictor['prediction_sets']
                if row['level'] == .9)


def spread(values):
    """Mean and standard deviation of accuracies, in percent."""
    return pages.spread([100 * value for value in values], 1)


def mean(values):
    """A mean; a dash where a value is missing."""
    return '-' if None in values else f'{np.mean(values):.3f}'


def build_parser():
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('--only', default='', metavar='TEXT',
                        help='only experiments whose flags hold TEXT; the '
                             'other rows stay as they are')
    parser.add_argument('--out', default=RESULTS, metavar='DIR',
                        help="folder of all runs, relative to the project's "
                             f'(default: {RESULTS})')
    parser.add_argument('--overwrite', action='store_true',
                        help='replace runs of other settings there that were '
                             'never evaluated')
    parser.add_argument('--jobs', type=run_flags.positive,
                        default=os.cpu_count(), metavar='N',
                        help='runs at the same time (default: one a core)')
    parser.add_argument('--docs', type=pathlib.Path, default=ROOT / 'docs',
                        metavar='DIR', help=f'where {PAGE} is (default: the '
                        "project's docs)")
    return parser


def main(argv=None):
    args = build_parser().parse_args(argv)
    page = args.docs / PAGE
    rows = rows_of(page)  # it is in order, before hours of training
    found = results(args.only, args.out, args.jobs, args.overwrite)
    made = {flags: cells(flags, found[flags]) for flags in found}
    print(pages.table(HEAD, made.values()))
    rows.update(made)
    pages.write_between(page, pages.table(HEAD, [
        rows[flags] for flags in EXPERIMENTS if flags in rows]))


if __name__ == '__main__':
    runs.run_script(main)
