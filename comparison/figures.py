"""Figures of groups of runs: their mean and standard deviation."""
from typing import NamedTuple

import numpy as np

from comparison.names import group_names
from comparison.stored import LEVEL
from evaluation.tables import Table, number

TITLES = {'softmax': 'softmax', 'dknn': 'DkNN', 'soft': 'soft DkNN'}
# Name of a table -> its title
TABLES = {
    'accuracy': 'accuracy on the test split',
    'nll': 'NLL', 'brier': 'Brier score', 'ece': 'ECE',
    'credibility': 'mean credibility of DkNN, where it is right and wrong',
    'sets': f'prediction sets at {LEVEL:.0%}: coverage and mean size',
}


class Spread(NamedTuple):
    """A figure of several runs.

    Attributes:
        mean (float): Over the runs.
        sd (float): Their sample standard deviation (n - 1); None of one.
    """

    mean: float
    sd: float


class Group(NamedTuple):
    """Runs of one data set, model and settings.

    Attributes:
        name (str): What they share.
        letters (str): The runs.
        figures (dict): Name of a table to a dict of column to Spread, or to
            None where a run lacks it.
    """

    name: str
    letters: str
    figures: dict


def run_figures(member):
    """The figures of one run.

    Args:
        member (Member): The run.

    Returns:
        dict: Name of a table (``TABLES``) to a dict of column to a float, or
        to None where it is not known or has no finite value.
    """
    figures = member.figures
    own = {title: figures.predictors[name] for name, title in TITLES.items()}
    sets = {title: next(row for row in own[title].prediction_sets
                        if row.level == LEVEL)
            for title in (TITLES['dknn'], TITLES['soft'])}
    return {
        'accuracy': {
            **{title: one.accuracy for title, one in own.items()},
            'DkNN, last layer': member.last_layer,
            'DkNN agrees with softmax': figures.agreement},
        **{name: {title: getattr(one, name) for title, one in own.items()}
           for name in ('nll', 'brier', 'ece')},
        'credibility': {'right': figures.credibility_right,
                        'wrong': figures.credibility_wrong},
        'sets': {f'{title}: {what}': getattr(one, name)
                 for title, one in sets.items()
                 for what, name in (('coverage', 'coverage'),
                                    ('size', 'mean_size'))}}


def grouped(members):
    """Runs that differ by their seed only, together.

    Args:
        members (list of Member): The runs.

    Returns:
        list of Group: In the order of their first runs.
    """
    gathered = {}
    for name, member in zip(group_names(members), members, strict=True):
        gathered.setdefault(name, []).append(member)
    return [Group(name, ''.join(member.letter for member in own),
                  _spreads([run_figures(member) for member in own]))
            for name, own in gathered.items()]


def _spreads(found):
    return {table: {column: spread([own[table][column] for own in found])
                    for column in columns}
            for table, columns in found[0].items()}


def spread(values):
    """Mean and sample standard deviation.

    Args:
        values (list of float): One a run, at least one.

    Returns:
        Spread: Of the values; None if one of them is None.
    """
    if None in values:
        return None
    return Spread(float(np.mean(values)), float(np.std(values, ddof=1))
                  if len(values) > 1 else None)


def tables_of(groups):
    """The figures as tables to print, a row a group.

    Args:
        groups (list of Group): At least one.

    Returns:
        list of Table: As ``TABLES``; columns that no group knows are left
        out.
    """
    several = any(len(group.letters) > 1 for group in groups)
    note = 'mean ± standard deviation over runs' if several else ''
    made = []
    for name, title in TABLES.items():
        columns = [column for column in groups[0].figures[name]
                   if any(group.figures[name][column] for group in groups)]
        made.append(Table(name, title, ['runs', *columns], [
            (group.name, [len(group.letters), *(
                _cell(group.figures[name][column]) for column in columns)])
            for group in groups], note))
    return made


def _cell(found):
    if found is None or found.sd is None:
        return found and found.mean
    return f'{number(found.mean)} ± {number(found.sd)}'
