"""What docs/results.md says of evaluations: means over seeds and models."""
import numpy as np

from evaluation import tables
from evaluation.tables import Table
from tools import pages


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
        Table: Means of the means over seeds, of the rows that every model's
        tables have, so that all are about the same models.
    """
    gathered = {column: cells(found, table, column) for column in columns}
    models = list(gathered[columns[0]].values())
    names = [name for name in (models[0] if models else ())
             if all(name in own for own in models)]
    return Table(table, title, list(columns), [
        (name, [_mean_of_means(own[name] for own in gathered[column].values())
                for column in columns]) for name in names])


def _mean_of_means(rows):
    means = [np.mean(_numbers(seeds)) for seeds in rows if None not in seeds]
    return float(np.mean(means)) if means else None


RIVALS = 'logodds', 'integrated_gradients'
NEIGHBOURS = ('conformity', 'soft', 'soft_gradient', 'soft_integrated',
              'soft_mean', 'soft_shapley')
OTHERS = 'gradient', 'integrated_gradients', 'shapley'
DETECTORS = ('softmax at T', 'dropout, 10 passes', 'ensemble', 'Mahalanobis',
             '50th neighbour', 'credibility', 'soft conformity')
OUTSIDERS = ('softmax confidence', 'energy', 'ensemble', 'Mahalanobis',
             '50th neighbour', 'unknown words', 'outlier factor',
             'outlier factor, unknown words')
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
    made.append(by_model(found, 'errors', 'E-AURC', DETECTORS,
                         'Error detection, E-AURC'))
    made += [over_models(found, name, ['mean'], title) for name, title in [
        ('outside', 'Out-of-domain detection, AUROC'),
        ('outside_fpr', 'Out-of-domain detection, false positives at 95 % '
         'true positives')]]
    made.append(by_model(found, 'outside', 'mean', OUTSIDERS,
                         'Out-of-domain detection, mean AUROC'))
    made.append(by_model(found, 'sets', 'DkNN: coverage',
                         ['80%', '90%', '95%'],
                         'Coverage of DkNN’s prediction sets'))
    return [table for table in made if table.rows]


DRAWN = (('soft_shapley', 'logodds'), ('soft_shapley', 'integrated_gradients'),
         ('conformity', 'logodds'))


def panels(found):
    """What is drawn: gaps between explanations, a row a model.

    Args:
        found (dict): As ``results`` returns it.

    Returns:
        list of (str, list): As ``page.figures.write_estimates_figure`` takes
        them; none without judged explanations.
    """
    drawn = []
    for method, rival in DRAWN:
        table = by_model(found, 'falls_independent', f'minus {rival}',
                         [method], '', mean_gap)
        drawn.append((f'{method} − {rival}', [
            (model, cells[0]) for model, cells in table.rows]))
    return [panel for panel in drawn if panel[1]]
