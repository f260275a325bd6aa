"""What bench.py writes: tables, plots, and the figures as JSON.

A result is a dict with ``machine`` (a sentence), ``ratios``, ``commands``,
``parts``, ``growth_n``, ``growth_k`` and ``growth_length`` (lists of rows,
each a dict) and ``peak_memory_mb``.  Only ``machine`` and ``ratios`` are
always there.
"""
import numpy as np
from threadpoolctl import threadpool_info

from files.atomic import read_json, write_json
from page.drawing import write_figure
from tools import pages

JSON, PAGE, PLOTS = 'performance.json', 'performance.md', 'performance.png'
WAYS = {'at once': 'o-', 'every variant': 'o:'}  # and their lines


def kernels():
    """Names the kernels of NumPy's matrix product; ratios depend on them.

    Returns:
        str: As OpenBLAS calls them, such as ``'Haswell'``; ``'other'`` where
        NumPy has another library.
    """
    np.ones((2, 2)) @ np.ones((2, 2))  # loads the library
    return next((library['architecture'] for library in threadpool_info()
                 if 'numpy' in library['filepath']
                 and library['internal_api'] == 'openblas'), 'other')


# -------------------------------------------------------------------- tables

def _ratios(result):
    return pages.table(
        ['stage', 'peer', 'this project, s', 'peer, s', 'ratio', 'target'],
        [[row['stage'], row['peer'], f'{row["ours"]:.2f}',
          f'{row["theirs"]:.2f}', f'{row["ratio"]:.3f}',
          f'{row["target"]:.2f}'] for row in result['ratios']])


def _commands(result):
    rows = [[f'`{row["stage"]}`', f'{row["seconds"]:.2f}',
             f'{row["target"]:g}'] for row in result['commands']]
    memory = ['peak memory of `run_dknn.py`, MB',
              f'{result["peak_memory_mb"]:.0f}', '600']
    return pages.table(['command', 'seconds', 'target'], [*rows, memory])


def _parts(result):
    """Parts downwards, models across."""
    rows = result['parts']
    seconds = {(row['part'], row['model']): f'{row["seconds"]:.2f}'
               for row in rows}
    models = list(dict.fromkeys(row['model'] for row in rows))
    return pages.table(
        ['where the time goes, s', *models],
        [[part, *(seconds[part, model] for model in models)]
         for part in dict.fromkeys(row['part'] for row in rows)])


TABLES = {'ratios': _ratios, 'commands': _commands, 'parts': _parts}


def table(result):
    """The tables of one kind of kernels.

    Args:
        result (dict): A result.

    Returns:
        str: Markdown; what was not measured is left out.
    """
    return '\n\n'.join(make(result) for name, make in TABLES.items()
                       if result.get(name))


def tables(results):
    """The tables of all kernels, a heading each.

    Args:
        results (dict): Name of the kernels to a result.

    Returns:
        str: Markdown, by name.
    """
    return '\n\n'.join(
        f'### OpenBLAS kernels {name}\n\n{result["machine"]}.\n\n'
        f'{table(result)}' for name, result in sorted(results.items()))


# --------------------------------------------------------------------- plots

def plot(result, path):
    """Draws how the times grow with examples, neighbours and words.

    Args:
        result (dict): A result with the three ``growth_...``.
        path (str or Path): The image to write, whole or not at all.
    """
    def draw(figure):
        figure.set_layout_engine('constrained')
        left, middle, right = figure.subplots(1, 3)
        _plot_searches(left, result['growth_n'], 'n', 'indexed examples')
        _plot_searches(middle, result['growth_k'], 'k', 'neighbours k')
        _plot_lengths(right, result['growth_length'])

    write_figure(path, draw, (12, 3.6))


def _line(ax, points, style, label):
    ax.loglog(*zip(*points, strict=True), style, ms=3, label=label)


def _plot_searches(ax, rows, x, label):
    for name in dict.fromkeys(row['search'] for row in rows):
        _line(ax, [(row[x], row['ms']) for row in rows
                   if row['search'] == name], 'o-', name)
    ax.set(xlabel=label, ylabel='ms a query')
    ax.legend()


def _plot_lengths(ax, rows):
    for model in dict.fromkeys(row['model'] for row in rows):
        for way, style in WAYS.items():
            _line(ax, [(row['words'], row['ms']) for row in rows
                       if (row['model'], row['way']) == (model, way)],
                  style, f'{model}, {way}')
    ax.set(xlabel='words in the text', ylabel='ms a variant')
    ax.legend()


# ----------------------------------------------------------------- documents

def check_documents(docs):
    """Whether the documents are there to be written.

    Args:
        docs (Path): Folder that holds performance.md.

    Raises:
        UserError: If that page has no place for the tables.
    """
    pages.read_parts(docs / PAGE)


def write_documents(docs, name, result):
    """Replaces the results of these kernels, and the tables of all.

    What this result has not measured stays as an earlier one left it.  The
    plots are drawn anew if all growth was measured.

    Args:
        docs (Path): Folder of performance.json, .md and .png.
        name (str): Of the kernels.
        result (dict): What was measured.

    Raises:
        UserError: As for ``check_documents``.
    """
    check_documents(docs)
    results = read_json(docs / JSON) if (docs / JSON).is_file() else {}
    results[name] = {**results.get(name, {}), **result}
    text = tables(results)  # whatever fails, fails before anything is written
    if 'growth_length' in result:
        plot(result, docs / PLOTS)
    write_json(docs / JSON, results)
    pages.write_between(docs / PAGE, f'\n{text}\n')
