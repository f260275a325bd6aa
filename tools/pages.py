"""Tables of Markdown, and pages that hold results between two marks."""
import numpy as np

from errors import UserError
from files.atomic import write_bytes

RESULTS = 'results'


def marks(name):
    """The two marks around some results: comments of Markdown.

    Args:
        name (str): What a page calls them.

    Returns:
        tuple: Two str.
    """
    return f'<!-- {name} -->', f'<!-- end of {name} -->'


BEGIN, END = marks(RESULTS)


def table(head, rows):
    """A table of Markdown.

    Args:
        head (list of str): Titles of the columns.
        rows (iterable of list): A str a column.

    Returns:
        str: A line for the head, a rule, and a line a row.
    """
    lines = ['| ' + ' | '.join(cells) + ' |' for cells in (head, *rows)]
    return '\n'.join([lines[0], '|' + '---|' * len(head), *lines[1:]])


def spread(values, digits=3, between=' ± '):
    """A mean; of several values also their standard deviation.

    Args:
        values (list of float): One a seed, at least one.
        digits (int): Decimals.
        between (str): What stands between the two.

    Returns:
        str: Such as ``0.250 ± 0.015``.
    """
    text = f'{np.mean(values):.{digits}f}'
    return text if len(values) == 1 else (
        f'{text}{between}{np.std(values, ddof=1):.{digits}f}')


def read_parts(page, name=RESULTS):
    """The results of a page, and what stands around them.

    Args:
        page (Path): A page of Markdown, UTF-8.
        name (str): Of the marks, where a page holds several results.

    Returns:
        tuple: Three str, the outer ones with the marks; line ends are kept as
        they are.

    Raises:
        UserError: If the page does not exist, or does not hold each mark
            once, in order.
    """
    if not page.is_file():
        raise UserError(f'there is no page {page} to write results into')
    text = page.read_bytes().decode()
    first, last = marks(name)
    before, begin, rest = text.partition(first)
    results, end, after = rest.partition(last)
    if not end or text.count(first) + text.count(last) > 2:
        raise UserError(f'{page} must hold {first} once, and {last} once '
                        'behind it')
    return before + begin, results, end + after


def write_between(page, results, name=RESULTS):
    """Replaces the results, whole or not at all, and nothing else.

    Args:
        page (Path): A page as for ``read_parts``.
        results (str): Markdown; it starts on a line of its own.
        name (str): As for ``read_parts``.

    Raises:
        UserError: As for ``read_parts``.
    """
    before, _, after = read_parts(page, name)
    write_bytes(page, f'{before}\n{results}\n{after}'.encode())
