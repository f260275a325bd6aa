"""The page people read; the figures of a paper are in ``figures``.

Everything here takes *records*: dicts, one a text, as interpret.py writes
them to ``interpretations.jsonl``.  Keys used: ``id``, ``gold`` (a label or
None), ``label_names``, ``words`` and ``known`` (one list a text, two for a
pair), ``softmax``, ``dknn``, ``methods`` ({name: {'target', 'scores'}}, a
score a word, None for a text that is not scored) and ``neighbors``; others
are ignored.  A positive score says that the word supports the prediction.

A score is shown as one of 21 colours, level -10 to 10: red to blue for
single texts, pink to green for pairs, as in Wallace et al. (2018).
"""
import itertools
import os
import re
from pathlib import Path

import jinja2
import numpy as np
from markupsafe import Markup, escape
from scipy.stats import rankdata

N_LEVELS = 10
LEVELS = range(-N_LEVELS, N_LEVELS + 1)
LINE_WIDTH = 90  # characters of a text in a line of the page

# name: (colour map, against and for on a dark page, their names)
PALETTES = {
    'single': ('RdBu', '#e8564f', '#3f8fe0', 'red', 'blue'),
    'pair': ('PiYG', '#e45aac', '#6cb33a', 'pink', 'green'),
}
DARK = '#2a2b30'

# What may not stand in an HTML document, nor in UTF-8
_FORBIDDEN = re.compile(
    '[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef'
    + ''.join(chr(plane * 65536 + 65534) + chr(plane * 65536 + 65535)
              for plane in range(17)) + ']')


def clean(value):
    """A string with what HTML forbids as U+FFFD; other values as they are."""
    return _FORBIDDEN.sub('\ufffd', value) if type(value) is str else value


# ---------------------------------------------------------------- colours

def _linear(rgb):
    rgb = np.asarray(rgb, float)
    return np.where(rgb <= .04045, rgb / 12.92, ((rgb + .055) / 1.055) ** 2.4)


def _ink(rgb):
    """Black or white, whichever has the higher WCAG contrast on ``rgb``."""
    luminance = _linear(rgb) @ (.2126, .7152, .0722)
    # (Y + .05) / .05 > 1.05 / (Y + .05), solved for Y
    return '#000000' if luminance > .05 * 21 ** .5 - .05 else '#ffffff'


def palette(kind='single', dark=False):
    """Background and text colour of the 21 levels, strongest "against" first.

    Args:
        kind (str): a key of ``PALETTES``.
        dark (bool): for a dark page, on which no effect is dark.

    Returns:
        list of (str, str): 21 pairs of '#rrggbb'; the contrast of each is at
        least 4.5 to 1 (WCAG AA).
    """
    import matplotlib
    from matplotlib.colors import to_hex, to_rgb
    name, against, support = PALETTES[kind][:3]
    levels = np.array(LEVELS) / N_LEVELS
    # the outermost tenth of the maps is too dark to tell the two ends apart
    colours = matplotlib.colormaps[name](.5 + .45 * levels)[:, :3]
    if dark:
        share = np.abs(levels)[:, None]
        ends = np.where(levels[:, None] < 0, to_rgb(against), to_rgb(support))
        colours = (1 - share) * np.array(to_rgb(DARK)) + share * ends
    return [(to_hex(colour), _ink(colour)) for colour in colours]


def score_levels(scores, scale):
    """Levels of scores: ``rint(10 s / scale)``, cut to -10 .. 10.

    Args:
        scores: (L,) floats.  scale (float): what gets the full colour, >= 0.

    Returns:
        (L,) int ndarray; all 0 where ``scale`` is 0.
    """
    scores = np.asarray(scores, float)
    if scale <= 0:
        return np.zeros(len(scores), int)
    levels = np.rint(N_LEVELS * (scores / scale))
    return np.clip(levels, -N_LEVELS, N_LEVELS).astype(int)


# ---------------------------------------------------------------- records

def _check(record):
    """Words, knowns and scores of a record fit each other, or ValueError."""
    words, where = record['words'], f'text {record["id"]!r}'
    lengths, known = [[len(text) for text in record[key]]
                      for key in ('words', 'known')]
    if len(words) not in (1, 2) or known != lengths:
        raise ValueError(f'{where} has {lengths} words and {known} "known"; '
                         'give one or two texts and a true or false a word')
    for method, entry in record['methods'].items():
        found = [n if scores is None else len(scores)
                 for n, scores in itertools.zip_longest(
                     lengths, entry['scores'], fillvalue=())]
        if found != lengths:
            raise ValueError(f'{where}, method {method!r} has {found} scores '
                             f'for {lengths} words; give one a word')
        if not np.isfinite(_flat(entry)).all():
            raise ValueError(f'{where}, method {method!r} has a score that is '
                             'not finite; give finite numbers only')


def _flat(entry):
    """All scores of a method in one array."""
    scored = [scores for scores in entry['scores'] if scores is not None]
    return np.concatenate([[], *scored]).astype(float)


def _without_eos(record):
    """The record without a closing ``<eos>``, which is no word."""
    ends = [len(text) - (list(text[-1:]) == ['<eos>'])
            for text in record['words']]

    def cut(texts):
        return [None if text is None else list(text[:end])
                for text, end in zip(texts, ends, strict=False)]

    methods = {name: {**entry, 'scores': cut(entry['scores'])}
               for name, entry in record['methods'].items()}
    return {**record, 'methods': methods, 'words': cut(record['words']),
            'known': cut(record['known'])}


def load_records(records):
    """The checked records as a list; at least one, labels named alike."""
    records = [_without_eos(record) for record in records]
    if not records:
        raise ValueError('there is no record to show; give at least one')
    names = list(records[0]['label_names'])
    for record in records:
        _check(record)
        if list(record['label_names']) != names:
            raise ValueError(
                f'text {record["id"]!r} has labels {record["label_names"]}, '
                f'the first has {names}; show each data set by itself')
    return records


def agreement(record):
    """How far the methods of a record agree on its words.

    ``random`` does not take part.  Spearman's rank correlation of the
    scores is taken for each pair of methods (ties share their mean rank).

    Returns:
        (bool, float or None): whether the methods have different top words
        (the word with the highest score, the first of equals), and the
        lowest correlation in [-1, 1], None where none is defined.
    """
    scores = [_flat(entry) for name, entry in record['methods'].items()
              if name != 'random']
    scores = [s for s in scores if len(s) == len(scores[0]) and len(s)]
    differ = len({int(np.argmax(s)) for s in scores}) > 1
    varied = [s for s in scores if np.ptp(s) > 0]
    if len(varied) < 2:
        return differ, None
    ranks = rankdata(varied, axis=1)
    return differ, round(float(np.corrcoef(ranks).min()), 4)


def split_lines(words, width=LINE_WIDTH):
    """Cuts a text into lines of about ``width`` characters, evenly filled.

    Returns:
        list of slice: together they cover ``words`` in order, none is empty.
    """
    lengths = np.array([len(word) + 2 for word in words], int)
    starts, total = np.cumsum(lengths) - lengths, int(lengths.sum())
    line = starts * -(-total // width) // max(total, 1)
    edges = [0, *(np.flatnonzero(np.diff(line)) + 1), len(words)]
    return [slice(int(a), int(b)) for a, b in itertools.pairwise(edges)
            if b > a]


# ------------------------------------------------------------------- page

TEXTS = ('premise', 'hypothesis')
CLASSES = [f'n{-level}' if level < 0 else f'p{level}' if level else 'z'
           for level in LEVELS]


def _cells(words, known, scores, scale):
    """(word, CSS class, value) a word; value None where nothing is scored."""
    if scores is None:
        return [(word, '' if k else 'u', None)
                for word, k in zip(words, known, strict=True)]
    return [(word, CLASSES[level + N_LEVELS] + ('' if k else ' u'),
             f'{score:+.3g}')
            for word, k, level, score in zip(
                words, known, score_levels(scores, scale), scores,
                strict=True)]


def coloured_rows(record):
    """For each text of a record its rows: (method, cells), uncoloured the
    words of a text that no method scores."""
    for i, (words, known) in enumerate(
            zip(record['words'], record['known'], strict=True)):
        rows = [(name, _cells(words, known, entry['scores'][i],
                              np.abs(_flat(entry)).max(initial=0)))
                for name, entry in record['methods'].items()
                if entry['scores'][i] is not None]
        yield rows or [(TEXTS[i] if len(record['words']) == 2 else '',
                        _cells(words, known, None, 0))]


def _parts(record):
    """The rows of each text, cut into lines for the page: for each text and
    line a list of (method, Markup of its table cells).

    There are a few hundred cells a text, hence no template for them.  The
    first cell that has a value takes part in the order of Tab.
    """
    stops = itertools.chain([' tabindex="0"'], itertools.repeat(''))
    return [[[(name, Markup(''.join(_cell_html(*cell, stops)
                                    for cell in cells[line])))
              for name, cells in rows]
             for line in split_lines([word for word, _, _ in rows[0][1]])]
            for rows in coloured_rows(record)]


def _cell_html(word, css, value, stops):
    css = f' class="{css}"' if css else ''
    value = f' data-v="{value}"{next(stops)}' if value else ''
    return f'<td{css}{value}>{escape(clean(word))}</td>'


def _height(parts):
    """About how many pixels a text takes, for what is not yet laid out."""
    return int(118 + sum(26.5 * (len(rows) + .5)
                         for lines in parts for rows in lines))


def _number(value, digits=4):
    return None if value is None else round(float(value), digits)


def _facts(record, texts):
    """What the page's script must know of a record; fills ``texts``."""
    softmax, dknn = record.get('softmax') or {}, record.get('dknn') or {}
    differ, rank = agreement(record)
    layers = [{
        'layer': layer['layer'], 'votes': [int(v) for v in layer['votes']],
        'nearest': [[int(near['index']), int(near['label']),
                     _number(near['distance']),
                     texts.setdefault(tuple(near['texts']), len(texts))]
                    for near in layer['nearest']],
    } for layer in record.get('neighbors') or ()]
    return {
        'gold': record.get('gold'), 'softmax': softmax.get('label'),
        'dknn': dknn.get('label'), 'credibility': dknn.get('credibility'),
        'confidence': softmax.get('confidence'),
        'conformity': max(dknn.get('conformity') or [0]),
        'length': sum(map(len, record['words'])), 'differ': differ,
        'rank': rank, 'layers': layers,
        'classes': [[_number(v) for v in values or ()] for values in (
            softmax.get('probabilities'), dknn.get('conformity'),
            dknn.get('p_values'))],
        'text': ' '.join(itertools.chain(*record['words'])),
    }


def _removal(record):
    """The word whose removal a record tells of, and how many neighbours of
    each label, over all layers, left and came; None where there is none."""
    removed = record.get('removed')
    if not removed:
        return None
    left, came = (np.sum([layer[f'{name}_votes']
                          for layer in removed['layers']], axis=0)
                  for name in ('left', 'came'))
    n_votes = sum(sum(layer['votes']) for layer in record['neighbors'])
    return {'word': record['words'][removed['text']][removed['word']],
            'left': left.tolist(), 'came': came.tolist(),
            'n_left': int(left.sum()), 'n_votes': n_votes}


def _accuracy(records, predictor):
    right = [record[predictor]['label'] == record['gold']
             for record in records
             if record.get('gold') is not None and record.get(predictor)]
    return float(np.mean(right)) if right else None


def _anchors(records):
    """An id for a link to each record: t17, a repeated one t17-2."""
    seen = {}
    for record in records:
        anchor = 't' + re.sub(r'[^\w-]', '-', str(record['id']), flags=re.A)
        seen[anchor] = seen.get(anchor, 0) + 1
        yield anchor if seen[anchor] == 1 else f'{anchor}-{seen[anchor]}'


def _environment():
    env = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).with_name('templates')),
        autoescape=True, trim_blocks=True, lstrip_blocks=True,
        undefined=jinja2.StrictUndefined, finalize=clean)
    env.policies['json.dumps_kwargs'] = {
        'separators': (',', ':'), 'allow_nan': False,
        'default': lambda scalar: scalar.item()}  # NumPy's numbers
    return env


def render_page(records, title=None):
    """One HTML page that shows records, complete in itself.

    Words are coloured by score; of each text and method the largest
    absolute score has the full colour.  The page can switch to one scale a
    method: the 99th percentile of its absolute scores over all texts.

    Args:
        records: iterable of dicts, see the head of this module.
        title (str): default names data set and model.

    Returns:
        str: valid HTML5 that asks nothing of the network.  All that comes
        from the records is escaped, characters not allowed in HTML become
        U+FFFD, and a closing ``<eos>`` is not shown.

    Raises:
        ValueError: no record, scores that do not fit the words or are not
            finite, or records of different label names.
    """
    records, texts = load_records(records), {}
    kind = 'pair' if any(len(r['words']) == 2 for r in records) else 'single'
    methods = list(dict.fromkeys(m for r in records for m in r['methods']))
    scales = {method: float(np.percentile(np.abs(np.concatenate(
        [[0.], *(_flat(r['methods'][method]) for r in records
                 if method in r['methods'])])), 99)) for method in methods}
    facts = [_facts(record, texts) for record in records]
    parts = [_parts(record) for record in records]
    first = records[0]
    return _environment().get_template('page.html').render(
        title=title or f'{first["dataset"]}, {first["model"]}: which words '
        'the predictions are due to',
        first=first, methods=methods, text_names=TEXTS,
        against=PALETTES[kind][3], support=PALETTES[kind][4],
        accuracy={name: _accuracy(records, name)
                  for name in ('dknn', 'softmax')},
        colours=list(zip(CLASSES, palette(kind), palette(kind, dark=True),
                         strict=True)),
        texts=zip(_anchors(records), records, parts, map(_height, parts),
                  facts, map(_removal, records), strict=True),
        n_texts=len(records),
        data={'labels': list(first['label_names']), 'scales': scales,
              'facts': facts, 'training': list(texts)})


def write_bytes(path, content):
    """Writes bytes beside ``path``, then moves them there: all or nothing."""
    path = Path(path)
    part = path.with_name(f'{path.name}.{os.getpid()}.part')
    try:
        part.write_bytes(content)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def write_page(path, records, title=None):
    """Writes ``render_page(records, title)`` to a file, all or nothing."""
    write_bytes(path, render_page(records, title).encode('utf-8'))
