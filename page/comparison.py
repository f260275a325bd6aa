"""The page of the texts on which several runs differ."""
from markupsafe import Markup

from files import atomic
from page import cells, documents
from page.colours import CLASSES, LETTERS, PALETTES, palette, palette_kind
from page.facts import searched
from page.rows import TEXTS
from page.scales import method_scales
from saliency.methods import METHODS
from saliency.records import check_records, without_eos

PREDICTORS = {'softmax': 'softmax', 'dknn': 'DkNN', 'soft': 'soft DkNN'}
ROW = 25  # pixels of a run's line above the words


def render_page(about, texts):
    """Renders one HTML page that shows texts as several runs see them.

    Args:
        about (dict): ``title`` (str); ``runs``, a list of dicts with
            ``name``, ``folder`` (str), ``accuracy``, a dict of predictor to a
            number in [0, 1], and ``versus``, four str that compare the first
            run with it, or None; ``label_names``; ``method``, a key of
            ``METHODS``; ``n_test`` and ``n_differ`` (ints), all test texts
            and those with different labels.
        texts (list of dict): At least one, in their order: ``id``, ``gold``,
            ``differ`` (bool), ``distance`` (float), ``labels`` (an int a
            run), ``said`` (a dict a run) and ``records``
            (``comparison.texts.described``).

    Returns:
        str: Valid HTML5 that loads nothing from the network, as the page of
        ``visualize.render_page``; all that comes from the texts is escaped.

    Raises:
        UserError: As for ``saliency.records.check_records``.
    """
    texts = [{**text, 'records': [without_eos(r) for r in text['records']]}
             for text in texts]
    records = [record for text in texts for record in text['records']]
    check_records(records)
    kind, scales = palette_kind(records), method_scales(records)
    parts = [_merged([cells.record_parts(record, scales)
                      for record in text['records']]) for text in texts]
    heights = [cells.height(text['records'][0], own) + ROW * len(text['said'])
               for text, own in zip(texts, parts, strict=True)]
    env = documents.environment()
    style = '\n'.join([
        env.get_template('page.css').render(
            heights=sorted(set(heights)),
            colours=list(zip(CLASSES, palette(kind),
                             palette(kind, dark=True), strict=True))),
        env.get_template('comparison.css').render()])
    script = env.get_template('comparison.js').render()
    method = about['method']
    return env.get_template('comparison.html').render(
        about=about, style=Markup(style), script=Markup(script),
        policy=documents.policy(style=style, script=script),
        title=about['title'], classes=CLASSES, names=about['label_names'],
        text_names=TEXTS, explained=METHODS[method].summary,
        predictor=PREDICTORS[METHODS[method].explains],
        near='DkNN' if METHODS[method].explains == 'dknn' else 'soft DkNN',
        by_softmax=METHODS[method].explains == 'softmax',
        against=PALETTES[kind].against, support=PALETTES[kind].support,
        texts=list(zip(texts, parts, heights, strict=True)),
        counts=_counts(texts), data={
            'facts': [_facts(text) for text in texts],
            'levels': dict(zip(LETTERS, CLASSES, strict=True))})


def write_page(path, about, texts):
    """Writes ``render_page(about, texts)``, whole or not at all.

    Args:
        path (str or Path): The file, UTF-8.
        about (dict): As for ``render_page``.
        texts (list of dict): As for ``render_page``.

    Raises:
        UserError: As for ``render_page``.
    """
    atomic.write_bytes(path, render_page(about, texts).encode('utf-8'))


def _merged(parts):
    """The rows of several records of the same text under each other.

    A text that no method scores is the same in all: its row is there once.
    """
    merged = []
    for sides in zip(*parts, strict=True):
        lines = []
        for rows in zip(*sides, strict=True):
            rows = [row for line in rows for row in line]
            scored = [row for row in rows if row[0].values]
            lines.append(scored or rows[:1])
        merged.append(lines)
    return merged


def _right(text):
    return [label == text['gold'] for label in text['labels']]


def _facts(text):
    """What the page's script must know of a text."""
    return {'who': _who(_right(text)), 'position': text['id'],
            'text': searched(text['records'][0])}


def _who(right):
    """Which choice of the filter a text belongs to: a run's number where it
    alone is right."""
    if sum(right) == 1:
        return str(right.index(True))
    return 'all' if all(right) else 'some' if any(right) else 'none'


def _counts(texts):
    """Choice of the filter -> how many texts it shows."""
    counts = {}
    for text in texts:
        who = _who(_right(text))
        counts[who] = counts.get(who, 0) + 1
    return counts
