"""The live page, and what it shows of an answer: as on the static page."""
import functools

from markupsafe import Markup

from files.tables import dataset_title
from page import cells, documents, facts
from page.colours import CLASSES, LETTERS, PALETTES, palette
from page.rows import LINE_WIDTH, TEXTS
from page.scales import method_scales
from saliency.records import without_eos

HEADINGS = {1: ['This text'], 2: ['Before', 'After']}
ANCHORS = 'before', 'after'
HEIGHT = 0  # pixels of an article that is not laid out: here all are
CONNECT = "connect-src 'self'"
NO_FRAME = "frame-ancestors 'none'"  # in the header only


def render_page(about):
    """Renders the page that asks; its answers are drawn by ``draw``.

    Args:
        about (dict): The run (docs/serve.md, ``/api/run``).

    Returns:
        (str, str): Valid HTML5, its own style and script in it, and its
        content security policy, which lets it ask its own server and
        nothing else.
    """
    kind = 'pair' if about['pair'] else 'single'
    env = documents.environment()
    style = env.get_template('page.css').render(
        heights=[HEIGHT], colours=list(zip(
            CLASSES, palette(kind), palette(kind, dark=True), strict=True)))
    style += env.get_template('live.css').render()
    script = env.get_template('live.js').render()
    policy = documents.policy([CONNECT], style=style, script=script)
    title = f'{dataset_title(about["dataset"])}, {about["model"]}: try a text'
    data = {**about, 'title': title, 'labels': about['label_names'],
            'training': [],
            'levels': dict(zip(LETTERS, CLASSES, strict=True)),
            'text_names': _text_names(about['pair'])}
    page = env.get_template('live.html').render(
        title=title, style=Markup(style), script=Markup(script),
        policy=policy, about=about, text_names=_text_names(about['pair']),
        classes=CLASSES, against=PALETTES[kind].against,
        support=PALETTES[kind].support, data=data)
    return page, f'{policy}; {NO_FRAME}'


def draw(records, changes=None, width=LINE_WIDTH):
    """Draws one record, or two side by side on the same scales.

    Args:
        records (list of dict): One, or those before and after a change.
        changes (list of dict): Of neighbours, as
            ``interactive.explainer.TextExplainer.changes``.
        width (int): Characters of a line of words.

    Returns:
        dict: JSON-ready: ``html``, in which all that comes from the records
        is escaped; ``facts``, id of an article to what the script must know
        of it; ``training``, the texts that these name by position.
    """
    records = list(map(without_eos, records))
    scales = method_scales(records)
    training = facts.training_texts(records)
    found = [facts.record_facts(record, training) for record in records]
    html = _template('answer.html').render(
        texts=list(zip(ANCHORS, HEADINGS[len(records)], records, (
            cells.record_parts(record, scales, width) for record in records),
            found, map(facts.removal, records), strict=False)),
        records=records, changes=changes, scales=scales, height=HEIGHT,
        text_names=TEXTS, names=records[0]['label_names'])
    return {'html': html, 'facts': dict(zip(ANCHORS, found, strict=False)),
            'training': list(training)}


@functools.cache
def _template(name):
    """Compiled once: that takes longer than an answer."""
    return documents.environment().get_template(name)


def _text_names(pair):
    return list(TEXTS) if pair else ['text']
