"""Table cells of the page as HTML.

A text has a few hundred of them; a template would take too long.
"""
from markupsafe import Markup, escape

from page.rows import LINE_WIDTH, clean, coloured_texts, split_lines


def record_parts(record, scales, width=LINE_WIDTH):
    """Writes the rows of a record as table cells, cut into lines.

    One cell of a record, the first that has a score, can be reached by Tab;
    from there the page's script moves on with the arrow keys.

    Args:
        record (dict): A record (``saliency.records``) without ``<eos>``.
        scales (dict): Method to its scale (``page.scales.method_scales``).
        width (int): Characters of a line, as for ``page.rows.split_lines``.

    Returns:
        list: For each text a list of lines; a line is a list of rows
        (Row, Markup, str): the whole row, its cells in this line, and their
        levels where each row has its own scale, a letter each (``Row.own``).
    """
    texts = coloured_texts(record, scales)
    scored = [i for i, text in enumerate(texts)
              if text.words and text.rows[0].values]
    return [_lines(text, width, has_stop=scored[:1] == [i])
            for i, text in enumerate(texts)]


def height(record, parts):
    """Estimates the height of a record that is not yet laid out.

    Args:
        record (dict): A record (``saliency.records``).
        parts (list): What ``record_parts`` returned.

    Returns:
        int: Pixels, of a page 1,200 wide.
    """
    more = {'dknn': 20, 'soft': 46, 'removed': 26}
    return int(118 + sum(more[name] for name in more if record.get(name))
               + sum(26.5 * (len(rows) + .5)
                     for lines in parts for rows in lines))


def _lines(text, width, has_stop):
    """The lines of a text; ``has_stop``: Tab stops at its first cell."""
    words = [escape(clean(word)) for word in text.words]
    return [[(row, _row_html(words, row, line, has_stop and i == j == 0),
              row.own[line])
             for j, row in enumerate(text.rows)]
            for i, line in enumerate(split_lines(text.words, width))]


def _row_html(words, row, line, has_stop):
    """The cells of one row in one line, from escaped words."""
    starts = [f'<td class="{css}"' if css else '<td' for css in row.css[line]]
    if row.values:
        starts = [f'{start} data-v="{value}"' for start, value in zip(
            starts, row.values[line], strict=True)]
    if has_stop:
        starts[0] += ' tabindex="0"'
    return Markup(''.join([f'{start}>{word}</td>' for start, word in zip(
        starts, words[line], strict=True)]))
