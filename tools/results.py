#!/usr/bin/env python
"""Evaluate the models of docs/results.md, and write its tables.

    DKNN_DATA=... python tools/results.py [--only TEXT ...] [--out results]

Every model is trained with each of ``SEEDS`` (``tools/experiments.py``), then
evaluated with another network of the same data and seed as the judge of its
explanations.  What is finished is not repeated.  The tables stand between two
marks in docs/results.md; all of them are made anew, and with them the figure
of its gaps between explanations.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import argparse
import itertools
import os
from typing import NamedTuple

import runs
from evaluation import tables
from files.atomic import read_json
from page import figures
from runs import flags as run_flags
from runs.folder import RESULTS
from tools import experiments, jobs, pages, summaries
from tools.experiments import GLOVE, RECURRENT, ROOT, SEEDS

PAGE, FIGURE = 'results.md', 'results.png'
MODELS = 'cnn', 'rnn', 'bilstm'
JUDGES = {'cnn': 'bilstm', 'rnn': 'cnn', 'bilstm': 'cnn'}
PARTS = 'accuracy', 'uncertainty', 'faithfulness', 'agreement'
PUBLISHED = 'stsa.binary', 'TREC', 'snli'  # test splits, whatever the seed
N_TEXTS = 500  # whose explanations are measured
# Data set -> further flags of the CNN, and of the other networks
DATA = {
    **dict.fromkeys(('stsa.binary', 'custrev', 'TREC', 'rt-polarity',
                     'tweets'), (GLOVE, f'{GLOVE} {RECURRENT}')),
    'vader.movie': ('', RECURRENT),
    'snli': (f'{GLOVE} --layer 1', f'{GLOVE} --unit 100 --layer 1')}


class Choice(NamedTuple):
    """A trained model.

    Attributes:
        data (str): Its data set.
        model (str): Its encoder.
        seed (int): One of ``SEEDS``.
    """

    data: str
    model: str
    seed: int

    @property
    def flags(self):
        """str: Flags of train.py, but for the seed."""
        further = DATA[self.data][self.model != 'cnn']
        return f'--dataset {self.data} --model {self.model} {further}'.strip()

    @property
    def ensemble(self):
        """list of Choice: Other seeds, where they have the same test split."""
        return [self._replace(seed=seed) for seed in SEEDS
                if seed != self.seed and self.data in PUBLISHED]

    @property
    def judge(self):
        """Choice: The network that judges its explanations."""
        return self._replace(model=JUDGES[self.model])


def evaluated(choice, out):
    """Evaluates a model unless that was done.

    Args:
        choice (Choice): Trained, as its judge is.
        out (str): As for ``experiments.place_of``.

    Returns:
        dict: Name of each table to a Table.

    Raises:
        UserError: If evaluate.py fails.
    """
    folder, judge, *ensemble = (
        experiments.run_folder(own.flags, out, own.seed)
        for own in (choice, choice.judge, *choice.ensemble))
    path = folder / 'evaluation.part.json'
    if not path.is_file() or not _is_whole(read_json(path), choice):
        experiments.run_command(
            'evaluate.py', '--model-setup', str(folder), '--judge',
            str(judge), '--only', *PARTS, '--texts', str(N_TEXTS),
            *(['--ensemble', *map(str, ensemble)] if ensemble else []))
    parts = read_json(path)['parts']
    return {table['name']: tables.from_json(table)
            for name in PARTS for table in parts[name]['tables']}


def _is_whole(known, choice):
    """Whether an evaluation is the one that is wanted here.

    Another part, split, limit or judge has a file of the same name.
    """
    judge = known['judge'] or {}
    return not set(PARTS) - set(known['parts']) and (
        known['split'], known.get('limit'), known['n_texts'],
        judge.get('model'), known.get('ensemble')) == (
            'test', None, N_TEXTS, choice.judge.model,
            [own.seed for own in choice.ensemble])


def results(only, out, n_jobs):
    """Makes, or reads, the evaluation of every model.

    Args:
        only (list of str): Models whose flags hold one of these.
        out (str): As for ``experiments.place_of``.
        n_jobs (int): Runs at the same time, each on one core.

    Returns:
        dict: (data, model) to a list of dicts, as ``evaluated`` returns
        them, one a seed.
    """
    choices = [Choice(data, model, seed) for data in DATA for model in MODELS
               for seed in SEEDS if any(
                   text in Choice(data, model, seed).flags for text in only)]
    trained = dict.fromkeys(itertools.chain.from_iterable(
        [own, own.judge, *own.ensemble] for own in choices))
    jobs.run(experiments.result, [(own.flags, out, own.seed)
                                  for own in trained], n_jobs)
    found = jobs.run(evaluated, [(own, out) for own in choices], n_jobs)
    by_model = {}
    for choice, one in zip(choices, found, strict=True):
        by_model.setdefault((choice.data, choice.model), []).append(one)
    return by_model


def build_parser():
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    add = parser.add_argument
    add('--only', nargs='+', default=[''], metavar='TEXT',
        help='only models whose flags hold one of these, such as data sets')
    add('--out', default=RESULTS, metavar='DIR',
        help="folder of all runs, relative to the project's (default: "
             f'{RESULTS})')
    add('--jobs', type=run_flags.positive, default=os.cpu_count(),
        metavar='N', help='runs at the same time (default: one a core)')
    add('--docs', type=pathlib.Path, default=ROOT / 'docs', metavar='DIR',
        help=f"where {PAGE} is (default: the project's docs)")
    return parser


def main(argv=None):
    args = build_parser().parse_args(argv)
    page = args.docs / PAGE
    pages.read_parts(page)  # it is in order, before hours of training
    found = results(args.only, args.out, args.jobs)
    made = summaries.all_tables(found)
    text = '\n\n'.join(f'### {table.title}\n\n{tables.as_markdown(table)}'
                       for table in made)
    print(text)
    pages.write_between(page, text)
    panels = summaries.panels(found)
    if panels:
        figures.write_estimates_figure(args.docs / FIGURE, panels, True)


if __name__ == '__main__':
    runs.run_script(main)
