"""The page of training texts that their neighbours contradict."""
from markupsafe import Markup

from files import atomic
from page import documents

SHOWN = 100   # texts on the page
HEIGHT = 190  # pixels of a text that is not yet laid out


def render_page(records, title):
    """Renders one HTML page of the most contradicted training texts.

    Args:
        records (iterable of dict): All lines of ``debugging.jsonl``
            (``evaluation.debugging.records``), in their order, at least one;
            the texts of the neighbours are among them.
        title (str): Names data set and model.

    Returns:
        str: Valid HTML5 that loads nothing and runs nothing; all that comes
        from the records is escaped.
    """
    records = list(records)
    by_index = {record['index']: record for record in records}
    env = documents.environment()
    style = env.get_template('page.css').render(heights=[HEIGHT], colours=[])
    return env.get_template('suspects.html').render(
        title=f'{title}: training labels that neighbors contradict',
        style=Markup(style),
        policy=documents.policy(style=style), records=records[:SHOWN],
        by_index=by_index, n=len(records), height=HEIGHT,
        names=records[0]['label_names'])


def write_page(path, records, title):
    """Writes ``render_page(records, title)``, whole or not at all.

    Args:
        path (str or Path): The file, UTF-8.
        records (iterable of dict): As for ``render_page``.
        title (str): As for ``render_page``.
    """
    atomic.write_bytes(path, render_page(records, title).encode('utf-8'))
