#!/usr/bin/env python
"""Try ways to train, and compare them on validation splits alone.

    DKNN_DATA=... python tools/search.py [--only TEXT]

Trains with every setting of ``GROUPS`` on every data set of its group, with
several seeds, and appends the best validation accuracy of each run to a log.
What is in the log is not repeated, so it can be stopped at any time; the
tables of the groups that are there are written into docs/training.md, where
those of the other groups stay.  Nothing looks at a test split.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import argparse
import itertools
import json
import os
import shlex
import subprocess
import tempfile
import threading
from typing import NamedTuple

import numpy as np

from errors import UserError
from files.atomic import read_json
from runs import flags, run_script
from runs.trainer import BEST
from tools import jobs, pages

ROOT = pathlib.Path(__file__).resolve().parents[1]
PAGE = 'training.md'
SEEDS = 0, 1, 2
GLOVE = ' --word_vectors $DKNN_DATA/glove.6B.50d.subset.txt'
BEFORE = ('--batchsize 128 --epoch 10 --patience 10 --dropout 0.4 '
          '--average 0 --adversarial 0')
SHORT = 'stsa.binary', 'TREC', 'custrev', 'rt-polarity'


class Group(NamedTuple):
    """What is compared.

    Attributes:
        data (tuple of str): Data sets.
        common (str): Flags of train.py for all runs.
        settings (tuple of str): Flags, one setting each.
    """

    data: tuple
    common: str
    settings: tuple


RECURRENT = ' --unit 100 --layer 2'
GROUPS = {
    'cnn': Group(SHORT, '--model cnn' + GLOVE, (
        BEFORE, '--dropout 0.1 --embed-dropout 0.2 --average 0',
        '--dropout 0.1 --embed-dropout 0.2')),
    'bow': Group(SHORT, '--model bow' + GLOVE, (
        BEFORE, '--dropout 0.1 --embed-dropout 0.2',
        '--dropout 0.3 --embed-dropout 0.5',
        '--dropout 0.3 --embed-dropout 0.5 --batchsize 32')),
    'long, cnn': Group(('imdb.binary',), '--model cnn' + GLOVE, (
        BEFORE,
        '--dropout 0.1 --embed-dropout 0.2 --batchsize 64 --patience 4',
        '--dropout 0.1 --embed-dropout 0.2 --batchsize 16 --patience 8')),
    'long, bow': Group(('imdb.binary',), '--model bow' + GLOVE, (
        BEFORE,
        '--dropout 0.3 --embed-dropout 0.5 --batchsize 64 --patience 4',
        '--dropout 0.3 --embed-dropout 0.5 --batchsize 16 --patience 8',
        '--dropout 0.1 --embed-dropout 0.2 --batchsize 16 --patience 8')),
    'no vectors': Group(('vader.movie', 'custrev'), '--model cnn', (
        BEFORE, '--dropout 0.1 --embed-dropout 0.2',
        '--dropout 0.1 --embed-dropout 0.5')),
    'characters': Group(('TREC', 'custrev'), '--model cnn --char-based', (
        BEFORE, '--dropout 0.1 --embed-dropout 0.2',
        '--dropout 0.1 --embed-dropout 0')),
    'bilstm': Group(SHORT[:3], '--model bilstm' + RECURRENT + GLOVE, (
        BEFORE, '--dropout 0.1 --embed-dropout 0.2 --adversarial 0',
        '--dropout 0.1 --embed-dropout 0.2 --adversarial 1')),
    'rnn': Group(SHORT[1:3], '--model rnn' + RECURRENT + GLOVE, (
        BEFORE, '--dropout 0.1 --embed-dropout 0.2 --adversarial 0',
        '--dropout 0.1 --embed-dropout 0.2 --adversarial 1')),
    'cnn, second round': Group((*SHORT, 'dbpedia'), '--model cnn' + GLOVE, (
        '--adversarial 0', '--adversarial 1', '--batchsize 32')),
    'bow, second round': Group((*SHORT, 'dbpedia'), '--model bow' + GLOVE, (
        '--adversarial 0', '--adversarial 1', '--batchsize 32',
        '--batchsize 32 --adversarial 1')),
    'long, second round': Group(('imdb.binary',), '--model bow' + GLOVE, (
        '--adversarial 0', '--adversarial 1', '--embed-dropout 0.5',
        '--adversarial 1 --embed-dropout 0.5')),
    'pair, cnn': Group(('snli',), '--model cnn --layer 1' + GLOVE, (
        '--embed-dropout 0.1', '--embed-dropout 0')),
    'pair, bilstm': Group(('snli',), '--model bilstm --unit 100 --layer 1'
                          + GLOVE, ('--embed-dropout 0.1',
                                    '--embed-dropout 0')),
    'no vectors, second round': Group(
        ('vader.movie', 'custrev'), '--model cnn', (
            '--adversarial 0', '--adversarial 1', '--adversarial 5')),
}


def trained(words):
    """Trains a model and forgets it.

    Args:
        words (list of str): Flags of train.py.

    Returns:
        dict: ``valid``, the best validation accuracy; ``epoch``, when it was
        reached; ``seconds``, of the training.

    Raises:
        UserError: If train.py fails.
    """
    with tempfile.TemporaryDirectory() as out:
        done = subprocess.run(
            [sys.executable, ROOT / 'train.py', *words, '--out', out],
            env=jobs.environment(), text=True, capture_output=True,
            check=False)
        if done.returncode:
            raise UserError(f'train.py {" ".join(words)}: {done.stderr}')
        log = read_json(next(pathlib.Path(out).glob('*/log')))
    best = max(log, key=lambda entry: entry[BEST])
    return {'valid': best[BEST], 'epoch': best['epoch'],
            'seconds': log[-1]['elapsed_time']}


def wanted(only):
    """(Group, data set, setting, seed) of every run.

    Args:
        only (str): Groups whose name holds this.
    """
    return [(name, *choice) for name, group in GROUPS.items() if only in name
            for choice in itertools.product(group.data, group.settings,
                                            SEEDS)]


def read_log(path):
    """The runs of a log: (group, data set, setting, seed) to a result."""
    found = {}
    if path.is_file():
        for line in path.read_text(encoding='utf-8').splitlines():
            entry = json.loads(line)
            found[tuple(entry['run'])] = entry
    return found


def search(path, only, n_jobs):
    """Trains what is not in the log yet.

    Args:
        path (Path): The log, a JSON object a line.
        only (str): As for ``wanted``.
        n_jobs (int): Trainings at the same time, each on one core.
    """
    done, lock = read_log(path), threading.Lock()

    def run(name, data, setting, seed):
        result = trained(shlex.split(os.path.expandvars(
            f'--dataset {data} {GROUPS[name].common} {setting} --seed {seed}'
        )))
        entry = {'run': [name, data, setting, seed], **result}
        with lock, open(path, 'a', encoding='utf-8') as log:
            print(json.dumps(entry), file=log)
        print(f'{name}, {data}, {setting}, seed {seed}: '
              f'{result["valid"]:.4f} after epoch {result["epoch"]}, '
              f'{result["seconds"]:.0f} s', flush=True)

    jobs.run(run, [choice for choice in wanted(only) if choice not in done],
             n_jobs)


def cell(values):
    """Mean and standard deviation of accuracies, in percent."""
    return pages.spread([100 * value for value in values], 1) if values else ''


def table(name, found):
    """The results of a group as Markdown; its best setting is bold.

    Args:
        name (str): A key of ``GROUPS``.
        found (dict): As ``read_log`` returns it.

    Returns:
        str: A row a setting, a column a data set and one for their mean.
    """
    group, rows, means = GROUPS[name], [], []
    for setting in group.settings:
        values = [[found[name, data, setting, seed]['valid']
                   for seed in SEEDS if (name, data, setting, seed) in found]
                  for data in group.data]
        means.append(np.mean([np.mean(v) for v in values])
                     if all(values) else -1)
        rows.append([f'`{setting}`' if setting else 'the defaults',
                     *map(cell, values)])
    best = int(np.argmax(means))
    for i, (row, mean) in enumerate(zip(rows, means, strict=True)):
        shown = f'{100 * mean:.2f}' if mean >= 0 else ''
        row.append(f'**{shown}**' if shown and i == best else shown)
    head = [f'{name}: `{group.common}`', *group.data, 'mean']
    return pages.table(head, rows)


def tables_of(page):
    """The tables that a page holds, as ``table`` makes them.

    Args:
        page (Path): The page.

    Returns:
        dict: The name of a group to its table, Markdown.
    """
    _, results, _ = pages.read_parts(page)
    found = [part.strip() for part in results.split('\n\n')]
    return {part[2:part.index(': `')]: part for part in found if part}


def build_parser():
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    add = parser.add_argument
    add('--only', default='', metavar='TEXT',
        help='only groups whose name holds TEXT; their table is printed and '
             'not written')
    add('--log', type=pathlib.Path, default=pathlib.Path('search.jsonl'),
        metavar='FILE', help='what was run (default: search.jsonl)')
    add('--jobs', type=flags.positive, default=os.cpu_count(), metavar='N',
        help='trainings at the same time (default: one a core)')
    add('--docs', type=pathlib.Path, default=ROOT / 'docs', metavar='DIR',
        help=f"where {PAGE} is (default: the project's docs)")
    return parser


def main(argv=None):
    args = build_parser().parse_args(argv)
    search(args.log, args.only, args.jobs)
    found = read_log(args.log)
    tables = {name: table(name, found) for name in dict.fromkeys(
        name for name, *_ in found) if args.only in name}
    print('\n\n'.join(tables.values()))
    if not args.only:
        tables = {**tables_of(args.docs / PAGE), **tables}
        pages.write_between(args.docs / PAGE, '\n\n'.join(
            tables[name] for name in GROUPS if name in tables))


if __name__ == '__main__':
    run_script(main)
