"""The page on which people read explanations: records in, HTML out.

A *record* is a dict, one for each text, as ``interpret.py`` writes them to
``interpretations.jsonl``; ``saliency.records`` describes it, and
``read_records`` there checks its version.  The figures for a paper are in
``page.figures``.
"""
from markupsafe import Markup

from files import atomic
from files.tables import dataset_title
from page import cells, documents, facts
from page.colours import CLASSES, LETTERS, PALETTES, palette, palette_kind
from page.corpus import corpus
from page.rows import TEXTS
from page.scales import method_scales
from saliency.methods import METHODS
from saliency.records import check_records, without_eos


def render_page(records, title=None):
    """Renders one HTML page that shows records, complete in itself.

    Words are coloured by score, on one scale for each method
    (``page.scales``).  The page can switch to a scale for each row, whose
    largest absolute score has the full colour; rows within the noise stay
    pale.

    Args:
        records (iterable of dict): Records (``saliency.records``), at least
            one.
        title (str): Of the page; None names data set and model.

    Returns:
        str: Valid HTML5 that loads nothing from the network: its content
        security policy allows its own style and script, nothing else.  All
        that comes from the records is escaped, characters not allowed in
        HTML become U+FFFD, and a closing ``<eos>`` is not shown.

    Raises:
        UserError: As for ``saliency.records.check_records``.
    """
    records = [without_eos(record) for record in records]
    check_records(records)
    first = records[0]
    kind = palette_kind(records)
    training = facts.training_texts(records)
    found = [facts.record_facts(record, training) for record in records]
    scales = method_scales(records)
    overview = corpus(records)
    parts = [cells.record_parts(record, scales) for record in records]
    heights = list(map(cells.height, records, parts))
    env = documents.environment()
    style = env.get_template('page.css').render(
        heights=sorted(set(heights)),
        colours=list(zip(CLASSES, palette(kind), palette(kind, dark=True),
                         strict=True)))
    script = env.get_template('page.js').render()
    return env.get_template('page.html').render(
        style=Markup(style), script=Markup(script),
        policy=documents.policy(style=style, script=script), classes=CLASSES,
        title=title or f'{dataset_title(first["dataset"])}, '
        f'{first["model"]}: which words the predictions are due to',
        first=first, methods=list(scales), scales=scales, corpus=overview,
        text_names=TEXTS, n_texts=len(records),
        against=PALETTES[kind].against, support=PALETTES[kind].support,
        explanations={name: method.summary
                      for name, method in METHODS.items()},
        accuracy={name: facts.accuracy(records, name)
                  for name in ('dknn', 'soft', 'softmax')},
        has_soft=any(record.get('soft') for record in records),
        texts=zip(facts.anchors(records), records, parts, heights, found,
                  map(facts.removal, records), strict=True),
        data={'labels': list(first['label_names']), 'facts': found,
              'levels': dict(zip(LETTERS, CLASSES, strict=True)),
              'training': list(training),
              'bars': overview.filters()})


def write_page(path, records, title=None):
    """Writes ``render_page(records, title)`` to a file, whole or not at all.

    Errors as for ``render_page``.

    Args:
        path (str or Path): The file, UTF-8.
        records (iterable of dict): Records (``saliency.records``), at least
            one.
        title (str): Of the page; None names data set and model.
    """
    page = render_page(records, title)
    atomic.write_bytes(path, page.encode('utf-8'))
