#!/usr/bin/env python
"""Evaluate the models of docs/results.md, and write its tables.

    DKNN_DATA=... python tools/results.py [--only TEXT] [--out results]

Every model is trained with each of ``SEEDS`` (``tools/experiments.py``), then
evaluated with another network of the same data and seed as the judge of its
explanations.  What is finished is not repeated.  The tables stand between two
marks in docs/results.md; all of them are made anew.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import argparse
import itertools
import os
from typing import NamedTuple

import numpy as np

import runs
from evaluation import tables
from evaluation.tables import Table
from files.atomic import read_json
from runs import flags as run_flags
from runs.folder import RESULTS
from tools import experiments, jobs, pages
from tools.experiments import GLOVE, RECURRENT, ROOT, SEEDS

PAGE = 'results.md'
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


# ------------------------------------------------------------------- running

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
        only (str): Models whose flags hold this.
        out (str): As for ``experiments.place_of``.
        n_jobs (int): Runs at the same time, each on one core.

    Returns:
        dict: (data, model) to a list of dicts, as ``evaluated`` returns
        them, one a seed.
    """
    choices = [Choice(data, model, seed) for data in DATA for model in MODELS
               for seed in SEEDS if only in Choice(data, model, seed).flags]
    trained = dict.fromkeys(itertools.chain.from_iterable(
        [own, own.judge, *own.ensemble] for own in choices))
    jobs.run(experiments.result, [(own.flags, out, own.seed)
                                  for own in trained], n_jobs)
    found = jobs.run(evaluated, [(own, out) for own in choices], n_jobs)
    by_model = {}
    for choice, one in zip(choices, found, strict=True):
        by_model.setdefault((choice.data, choice.model), []).append(one)
    return by_model


# ---------------------------------------------------------------- summaries

def cells(found, table, column):
    """What every run says in one column of a table.

    Args:
        found (dict): As ``results`` returns it.
        table (str): Name of the table.
        column (str): Name of the column.

    Returns:
        dict: (data, model) to a dict of row to a list of cells, one a seed;
        models without such a table are left out.
    """
    gathered = {}
    for key, seeds in found.items():
        rows = {}
        for one in seeds:
            if table in one and column in one[table].columns:
                place = one[table].columns.index(column)
                for name, row in one[table].rows:
                    rows.setdefault(name, []).append(row[place])
        if rows:
            gathered[key] = rows
    return gathered


def _numbers(values):
    """Numbers and Estimates as numbers; None stays."""
    return [getattr(value, 'value', value) for value in values]


def spread(values):
    """Mean and standard deviation over seeds, as a str; None if missing."""
    numbers = _numbers(values)
    if None in numbers:
        return None
    return pages.spread(numbers)


def mean_gap(estimates):
    """The mean over seeds of paired differences, with its interval.

    The seeds' intervals may rest on the same test texts, so that their errors
    do not average out: the mean's half width is the mean of theirs.

    Args:
        estimates (list of Estimate): One a seed.

    Returns:
        Estimate: Of the mean; None where a seed has none.
    """
    if None in estimates:
        return None
    mean = np.mean([one.value for one in estimates])
    error = np.mean([(one.high - one.low) / 2 for one in estimates])
    return tables.Estimate(float(mean), float(mean - error),
                           float(mean + error))


def by_model(found, table, column, rows, title, summary=spread):
    """A table with a row a model and a column for some rows of its tables.

    Args:
        found (dict): As ``results`` returns it.
        table (str): Name of the tables.
        column (str): Which of their columns.
        rows (list of str): Which of their rows become columns here.
        title (str): Of the new table.
        summary (callable): From the cells of the seeds to one.

    Returns:
        Table: Models without such tables are left out.
    """
    gathered = cells(found, table, column)
    return Table(table, title, list(rows), [
        (f'{data}, {model}', [summary(own[row]) if row in own else None
                              for row in rows])
        for (data, model), own in gathered.items()])


def over_models(found, table, columns, title):
    """Means over all models of some columns, a row for each of the tables'.

    Args:
        found (dict): As ``results`` returns it.
        table (str): Name of the tables.
        columns (list of str): Which of their columns.
        title (str): Of the new table.

    Returns:
        Table: Means of the means over seeds.
    """
    gathered = {column: cells(found, table, column) for column in columns}
    names = dict.fromkeys(name for own in gathered[columns[0]].values()
                          for name in own)
    return Table(table, title, list(columns), [
        (name, [_mean_of_means(own[name] for own in
                               gathered[column].values() if name in own)
                for column in columns]) for name in names])


def _mean_of_means(rows):
    means = [np.mean(_numbers(seeds)) for seeds in rows if None not in seeds]
    return float(np.mean(means)) if means else None


RIVALS = 'logodds', 'integrated_gradients'
NEIGHBOURS = ('conformity', 'soft', 'soft_gradient', 'soft_integrated',
              'soft_mean', 'soft_shapley')
OTHERS = 'gradient', 'integrated_gradients', 'shapley'
PEOPLE = {'hummingbird': 'Hummingbird', 'tweets': 'the tweets’ selections'}


def all_tables(found):
    """The tables of the page.

    Args:
        found (dict): As ``results`` returns it.

    Returns:
        list of Table: In their order.
    """
    made = [by_model(found, 'predictors', 'accuracy', [
        'linear baseline', 'softmax', 'DkNN', 'DkNN, last layer',
        'soft DkNN'], 'Accuracy on the test split')]
    for rival in RIVALS:
        made.append(by_model(
            found, 'falls_independent', f'minus {rival}',
            [*NEIGHBOURS, *(name for name in OTHERS if name != rival)],
            f'Fall of the independent judge’s log-odds without the top words, '
            f'minus that by {rival}', mean_gap))
    made.append(over_models(
        found, 'aopc_independent',
        ['comprehensiveness', 'sufficiency', 'normalised comprehensiveness',
         'normalised sufficiency'],
        'Comprehensiveness and sufficiency, independent judge'))
    for name, title in PEOPLE.items():
        made.append(over_models(
            found, name, ['Spearman', 'top word', 'average precision', 'F1',
                          'IOU F1'], f'Agreement with {title}'))
    made.append(over_models(
        found, 'words', ['opinion lexicon: top word',
                         'Treebank labels: Spearman',
                         'VADER ratings: Spearman'],
        'Agreement with what words say by themselves'))
    made.append(over_models(found, 'errors', ['AUROC', 'AURC', 'E-AURC'],
                            'Error detection'))
    made += [over_models(found, name, ['mean'], title) for name, title in [
        ('outside', 'Out-of-domain detection, AUROC'),
        ('outside_fpr', 'Out-of-domain detection, false positives at 95 % '
         'true positives')]]
    made.append(by_model(found, 'sets', 'DkNN: coverage',
                         ['80%', '90%', '95%'],
                         'Coverage of DkNN’s prediction sets'))
    return [table for table in made if table.rows]


def build_parser():
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    add = parser.add_argument
    add('--only', default='', metavar='TEXT',
        help='only models whose flags hold TEXT')
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
    made = all_tables(results(args.only, args.out, args.jobs))
    text = '\n\n'.join(f'### {table.title}\n\n{tables.as_markdown(table)}'
                       for table in made)
    print(text)
    pages.write_between(page, text)


if __name__ == '__main__':
    runs.run_script(main)
