"""A record as plain text, for a terminal of 80 columns."""
from saliency.records import source_words
from terminal import COLUMNS, fitted, printable, width, wrapped

WORD = 18  # columns of a word beside its scores
GAP = 2  # between columns
SCORE, LONGEST = 9, 22  # columns of a score; of a method's name, at most
TITLES = {'dknn': ('DkNN', 'conformity'),
          'soft': ('soft DkNN', 'soft conformity')}
SIDES = 'premise', 'hypothesis'


def heading(record):
    """The text that a record is about, cut to a line."""
    texts = ' | '.join(map(' '.join, record['words']))
    return fitted(f'{record["id"]}: {printable(texts)}', COLUMNS).rstrip()


def record_lines(record, n_nearest=None):
    """All that a record says, part by part.

    Args:
        record (dict): A record (``saliency.records``).
        n_nearest (int): Training texts of each layer, at most; None for all
            that the record has.

    Returns:
        list of str: Each line takes at most ``terminal.COLUMNS`` columns, and
        nothing in it is obeyed by a terminal.
    """
    parts = [prediction_lines(record), unknown_lines(record),
             score_lines(record), reduction_lines(record),
             neighbor_lines(record, n_nearest)]
    lines = []
    for part in filter(None, parts):
        lines += ['', *part] if lines else part
    return lines


def prediction_lines(record):
    """What the predictors of a record say.

    Args:
        record (dict): A record; of ``softmax``, ``dknn`` and ``soft`` some
            may be missing.

    Returns:
        list of str: A line or two a predictor.
    """
    lines = []
    if softmax := record.get('softmax'):
        lines += _predicted('softmax', record, softmax, [
            (title, softmax[name]) for title, name in (
                ('probability', 'confidence'),
                ('calibrated', 'calibrated_confidence')) if name in softmax])
    for key, (title, conformity) in TITLES.items():
        if part := record.get(key):
            lines += _predicted(title, record, part, [
                (conformity, part['conformity'][part['label']]),
                ('credibility', part['credibility']),
                ('confidence', part['confidence'])])
            lines += wrapped(f'{percent(1 - part["error"])} % set: '
                             + _members(record, part), '  ', '    ')
    return lines


def _predicted(title, record, part, numbers):
    said = ', '.join(f'{name} {value:.3f}' for name, value in numbers)
    return wrapped(f'{title}: {_name(record, part["label"])}'
                   + (f' ({said})' if said else ''))


def _members(record, part):
    """The labels of a prediction set, in words where it is all or none."""
    labels = part['prediction_set']
    if len(labels) == len(record['label_names']):
        return 'any label'
    return ', '.join(_name(record, label) for label in labels) or 'empty'


def percent(share):
    """A share as per cent, ``95`` or ``99.5``."""
    return f'{100 * share:.10g}'


def unknown_lines(record):
    """The words that the network does not know; none is no line."""
    words = dict.fromkeys(
        printable(word)
        for text, known in zip(record['words'], record['known'], strict=True)
        for word, is_known in zip(text, known, strict=True) if not is_known)
    return wrapped(f'unknown words: {" ".join(words)}') if words else []


def score_lines(record):
    """The scores of a record's words, as tables.

    Args:
        record (dict): A record.

    Returns:
        list of str: As many methods side by side as there is room for; under
        their names the labels that they explain, then a line a scored word.
    """
    lines = []
    for methods in _side_by_side(record['methods']):
        lines += [''] * bool(lines) + _table(record, methods)
    return lines


def _side_by_side(methods):
    """Lists of (name, entry, columns), each as wide as a terminal."""
    groups, room = [], 0
    for name, entry in methods.items():
        columns = min(max(SCORE, width(printable(name))), LONGEST)
        if room < columns + GAP:
            groups.append([])
            room = COLUMNS - WORD
        groups[-1].append((printable(name), entry, columns))
        room -= columns + GAP
    return groups


def _table(record, methods):
    def row(first, cells):
        return (fitted(first, WORD) + ''.join(
            ' ' * GAP + fitted(cell, columns, right=True)
            for cell, (_, _, columns) in zip(cells, methods, strict=True)))

    lines = [row('word', [name for name, _, _ in methods]),
             row('  speaks for', [_name(record, entry['target'])
                                  for _, entry, _ in methods])]
    several = all(part is not None for _, entry, _ in methods
                  for part in entry['scores']) and len(record['words']) > 1
    for side, words in enumerate(record['words']):
        columns = [entry['scores'][side] for _, entry, _ in methods]
        if all(column is not None for column in columns):
            lines += [f'{SIDES[side]}:'] * several
            lines += [row(printable(word),
                          [signed(column[i]) for column in columns])
                      for i, word in enumerate(words)]
    return lines


def signed(score):
    """A score in four decimals, ``+0.2500``; what rounds to 0 is ``0``."""
    found = f'{score:+.4f}'
    return found if float(found) else '0'


def reduction_lines(record):
    """The fewest words that keep the prediction; without ``reduction`` none.

    Args:
        record (dict): A record.

    Returns:
        list of str: What is left, and in which order the others went.
    """
    reduction = record.get('reduction')
    if not reduction:
        return []
    words = list(map(printable, record['words'][reduction['text']]))
    gone = reduction['removed']
    left = ' '.join(word for i, word in enumerate(words) if i not in gone)
    before, after = (reduction['confidence'][i] for i in (0, -1))
    return [*wrapped(f'reduced by {printable(reduction["method"])} to: '
                     f'{left}'),
            *wrapped('without, in this order: ' + (
                ' '.join(words[i] for i in gone) or 'nothing'), '  ', '    '),
            f'  probability {before:.3f} before, {after:.3f} after']


def neighbor_lines(record, n_nearest=None):
    """The nearest training texts of a record, layer by layer.

    Args:
        record (dict): A record.
        n_nearest (int): As for ``record_lines``.

    Returns:
        list of str: A line or more a layer, and below one a training text,
        with distance, label and text; long texts are cut.
    """
    lines = []
    for layer in record['neighbors']:
        votes = ', '.join(f'{n} {_name(record, label)}' for label, n in
                          enumerate(layer['votes']) if n)
        lines += wrapped(f'nearest in {printable(layer["layer"])}: {votes}')
        lines += [_neighbor_line(record, near)
                  for near in layer['nearest'][:n_nearest]]
    return lines


def _neighbor_line(record, near):
    where = source_words(near)
    return fitted(f'  {near["distance"]:8.3f}  {_name(record, near["label"])}'
                  + (f' ({printable(where)})' if where else '') + ': '
                  + printable(' | '.join(near['texts'])), COLUMNS).rstrip()


def _name(record, label):
    return printable(record['label_names'][label])
