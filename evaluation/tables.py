"""What the parts of an evaluation return: tables, as text, LaTeX and JSON."""
from typing import NamedTuple

from files.rows import CONTROL
from metrics.bootstrap import Estimate

WIDTH = 80  # characters of a text


class Table(NamedTuple):
    """Some figures with names for their rows and columns.

    Attributes:
        name (str): Of the table within its part, for JSON.
        title (str): What it shows, in a few words.
        columns (list of str): Names of the columns.
        rows (list): For each row its name and a cell a column: an Estimate,
            a number, a str, or None where there is nothing to say.
        note (str): What a reader must know, or ''.
    """

    name: str
    title: str
    columns: list
    rows: list
    note: str = ''


def as_json(table):
    """A table as a JSON-ready dict (docs/output.md)."""
    return {'name': table.name, 'title': table.title,
            'columns': list(table.columns), 'note': table.note,
            'rows': [{'name': name, 'cells': [_json_cell(c) for c in cells]}
                     for name, cells in table.rows]}


def from_json(value):
    """The table that ``as_json`` made a dict of."""
    return Table(value['name'], value['title'], value['columns'], [
        (row['name'], [Estimate(**cell) if isinstance(cell, dict) else cell
                       for cell in row['cells']]) for row in value['rows']],
        value['note'])


def as_text(table):
    """A table for a terminal: columns under their names."""
    shown = [(name, [_text_cell(cell) for cell in cells])
             for name, cells in table.rows]
    first = max([len(name) for name, _ in shown] + [0])
    widths = [max([len(title)] + [len(cells[i]) for _, cells in shown])
              for i, title in enumerate(table.columns)]
    lines = [table.title]
    for name, cells in [('', table.columns), *shown]:
        lines.append(f'  {name:{first}}' + ''.join(
            f'  {cell:>{width}}' for cell, width in zip(
                cells, widths, strict=True)))
    if table.note:
        lines.append(f'  ({table.note})')
    return '\n'.join(line.rstrip() for line in lines)


def as_latex(table):
    """A table for a paper: a booktabs tabular, title and note as comments."""
    head = ' & '.join(map(_escaped, ['', *table.columns]))
    rows = [' & '.join([_escaped(name), *map(_latex_cell, cells)])
            for name, cells in table.rows]
    return '\n'.join([
        f'% {table.title}', *([f'% {table.note}'] if table.note else []),
        f'\\begin{{tabular}}{{l{"r" * len(table.columns)}'
        '}', '\\toprule', f'{head} \\\\', '\\midrule',
        *(f'{row} \\\\' for row in rows), '\\bottomrule', '\\end{tabular}'])


def as_markdown(table):
    """A table for a Markdown document."""
    lines = [['', *table.columns], ['---'] * (len(table.columns) + 1)]
    lines += [[name, *map(_text_cell, cells)] for name, cells in table.rows]
    return '\n'.join(f'| {" | ".join(line)} |' for line in lines)


def shortened(texts, width=WIDTH):
    """A text in one line of a table, its end left out where it is long.

    Args:
        texts (tuple of tuple): One or two, each the tokens as str.
        width (int): Most characters, at least 1.

    Returns:
        str: Control characters, which a terminal would obey, become U+FFFD;
        the texts of a pair have `` | `` between them.
    """
    text = CONTROL.sub('\ufffd', ' | '.join(map(' '.join, texts)))
    return text if len(text) <= width else text[:width - 1].rstrip() + '…'


def _json_cell(cell):
    return cell._asdict() if isinstance(cell, Estimate) else cell


def number(value):
    """A number as it is printed: whole ones whole, others in 3 decimals."""
    return f'{value:,}' if isinstance(value, int) else f'{value:.3f}'


def _text_cell(cell):
    if cell is None:
        return '-'
    if isinstance(cell, Estimate):
        return f'{cell.value:.3f} [{cell.low:.3f}, {cell.high:.3f}]'
    return cell if isinstance(cell, str) else number(cell)


def _latex_cell(cell):
    if isinstance(cell, Estimate):
        return (f'${cell.value:.3f}$ {{\\scriptsize '
                f'$[{cell.low:.3f}, {cell.high:.3f}]$}}')
    return _escaped(_text_cell(cell))


SPECIAL = {'±': r'$\pm$', '\\': r'\textbackslash{}', '~': r'\textasciitilde{}',
           '^': r'\textasciicircum{}', '<': r'\textless{}',
           '>': r'\textgreater{}', **{c: f'\\{c}' for c in '&%$#_{}'}}


def _escaped(text):
    return ''.join(SPECIAL.get(c, c) for c in text)
