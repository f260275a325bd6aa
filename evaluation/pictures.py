"""Which tables of an evaluation are drawn, and what of them."""
from evaluation.tables import Table
from metrics.bootstrap import Estimate

# Whose verdict on explanations is drawn: the first there is
JUDGES = 'independent', 'softmax'
RIVAL, FLOOR = 'logodds', 'random'  # whose gap to others would fill the axis
CURVES = ('random', 'conformity', 'logodds', 'integrated_gradients',
          'soft_shapley')


def estimates(tables):
    """Panels of estimates by the name of their figure.

    Args:
        tables (list of Table): Of any parts.

    Returns:
        dict: Name of a file to a list of panels, as
        ``page.figures.write_estimates_figure`` takes them.
    """
    by_name = {table.name: table for table in tables}
    found = {}
    judge = _judge(by_name, 'falls')
    if judge:
        found['faithfulness'] = [
            (f'fall without the top words, {judge} judges',
             _column(by_name[f'falls_{judge}'], 'mean')),
            (f'minus that by {RIVAL}', [
                (name, None if name == FLOOR else estimate)
                for name, estimate in _column(by_name[f'falls_{judge}'],
                                              f'minus {RIVAL}')])]
    errors = by_name.get('errors', Table('', '', [], []))
    if errors.rows:
        found['detection'] = [
            (f'error detection, {name}', _column(errors, name))
            for name in ('AUROC', 'E-AURC')]
    return found


def curves(tables):
    """Panels of masking curves.

    Args:
        tables (list of Table): Of any parts.

    Returns:
        tuple: Panels as ``page.figures.write_masking_figure`` takes them,
        perhaps none, and the name of the judge.
    """
    by_name = {table.name: table for table in tables}
    judge = _judge(by_name, 'most_first')
    if not judge:
        return [], None
    return [(f'{order} important words first', [
        (method, cells) for method, cells in
        by_name[f'{order}_first_{judge}'].rows if method in CURVES])
        for order in ('most', 'least')], judge


def _judge(by_name, kind):
    return next((judge for judge in JUDGES
                 if f'{kind}_{judge}' in by_name), None)


def _column(table, name):
    """Name, and (value, low, high) or None, of every row."""
    place = table.columns.index(name)
    return [(row, tuple(cells[place]) if isinstance(cells[place], Estimate)
             else None) for row, cells in table.rows]
