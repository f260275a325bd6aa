"""Records as a piece of HTML for a notebook: no script, a style of its own."""
import functools

from markupsafe import Markup

from page import cells, documents, facts
from page.colours import CLASSES, palette, palette_kind
from page.rows import TEXTS
from page.scales import method_scales
from saliency.records import without_eos


def notebook_html(records, n=None):
    """The words of records, coloured as on a page of them, and nearest texts.

    The colours are those of a light page; each names that of its letters, so
    that they can be read on a dark page, too.

    Args:
        records (list of dict): Records (``saliency.records``); ``methods``,
            ``neighbors``, ``softmax``, ``dknn`` and ``soft`` may be missing.
        n (int): Of how many texts they are the first; None: of as many.

    Returns:
        str: A ``div``; all that comes from the records is escaped.
    """
    shown = [without_eos({'methods': {}, **record}) for record in records]
    scales = method_scales(shown)
    return documents.environment().get_template('notebook.html').render(
        style=_style(palette_kind(shown)), text_names=TEXTS,
        texts=[(record, cells.record_parts(record, scales),
                facts.removal(record)) for record in shown],
        more=0 if n is None else n - len(records))


@functools.cache
def _style(kind):
    return Markup(documents.environment().get_template('notebook.css').render(
        colours=list(zip(CLASSES, palette(kind), strict=True))))
