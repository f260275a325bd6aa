"""A record as plain text, for a terminal."""
import textwrap

from saliency.records import source_words
from terminal import printable

WIDTH = 80   # columns
WORD = 18    # of which a word has so many
TITLES = {'softmax': 'softmax', 'dknn': 'DkNN', 'soft': 'soft DkNN'}


def report_lines(record):
    """All that is said of a text, as lines of at most ``WIDTH`` columns.

    Args:
        record (dict): A record (``saliency.records``).

    Returns:
        list of str: The text, its predictions, unknown words, a table of word
        scores that names what each method explains, the nearest training
        texts of each layer, and the reduction if there is one.  Words and
        labels are as wide as their characters; those of some scripts are
        wider than one column each.
    """
    return [*_wrapped(' | '.join(' '.join(words)
                                 for words in record['words'])),
            *_prediction_lines(record), *_unknown_lines(record),
            *_score_tables(record), '', 'nearest training texts',
            *map(_shortened, neighbor_lines(record)),
            *_reduction_lines(record)]


def _wrapped(text, indent=''):
    return textwrap.wrap(printable(text), WIDTH, subsequent_indent=indent,
                         break_on_hyphens=False) or ['']


def _shortened(line, width=WIDTH):
    return line if len(line) <= width else f'{line[:width - 3]}...'


def _prediction_lines(record):
    """A line for each predictor, and what it holds for possible."""
    names = [printable(name) for name in record['label_names']]
    lines = []
    for key, title in TITLES.items():
        part = record.get(key)
        if part is None:
            continue
        label = part['label']
        said = ([f'confidence {part["confidence"]:.3f}',
                 f'calibrated {part["calibrated_confidence"]:.3f}']
                if key == 'softmax' else
                [f'conformity {part["conformity"][label]:.3f}',
                 f'credibility {part["credibility"]:.3f}', _set(part, names)])
        lines += _wrapped(f'{title:10}{names[label]}: {", ".join(said)}',
                          ' ' * 10)
    return lines


def _set(part, names):
    """The prediction set, in words."""
    level = f'{100 * (1 - part["error"]):g} % set'
    members = [names[label] for label in part['prediction_set']]
    if len(members) == len(names):
        return f'{level}: any label'
    return f'{level}: {" or ".join(members)}' if members else f'{level}: empty'


def _unknown_lines(record):
    """The words that the network does not know, if there are any."""
    unknown = dict.fromkeys(
        word for words, known in zip(record['words'], record['known'],
                                     strict=True)
        for word, is_known in zip(words, known, strict=True) if not is_known)
    return _wrapped(f'unknown words: {" ".join(unknown)}',
                    '  ') if unknown else []


def _score_tables(record):
    """Tables of word scores, as many methods in each as there is room."""
    groups = [[]]
    for name in record['methods']:
        if sum(map(_column, [*groups[-1], name])) > WIDTH - WORD:
            groups.append([])
        groups[-1].append(name)
    return [line for group in groups
            for line in ['', *_score_table(record, group)]]


def _column(method):
    """The width of a method's column."""
    return max(len(method), 8) + 2


def _score_table(record, methods):
    """One table: methods, what they explain, and a line a scored word."""
    labels = [printable(name) for name in record['label_names']]
    widths = list(map(_column, methods))
    entries = [record['methods'][name] for name in methods]

    def row(first, cells):
        return f'{_shortened(first, WORD - 1):{WORD}}' + ''.join(
            f'{cell:>{width}}' for cell, width in zip(cells, widths,
                                                     strict=True))

    lines = [row('', methods), row('label', [
        _shortened(labels[entry['target']], width - 2)
        for entry, width in zip(entries, widths, strict=True)])]
    for side, words in enumerate(record['words']):
        columns = [entry['scores'][side] for entry in entries]
        if all(column is None for column in columns):
            continue
        lines += [row(printable(word), [_number(column[i])
                                        for column in columns])
                  for i, word in enumerate(words)]
    return lines


def _number(score):
    found = f'{score:+.4f}'
    return found if float(found) else '0'


def _reduction_lines(record):
    """What is left of a text that was reduced."""
    reduction = record.get('reduction')
    if not reduction:
        return []
    left = [word for i, word in enumerate(record['words'][reduction['text']])
            if i not in reduction['removed']]
    return ['', *_wrapped(f'reduced by {reduction["method"]} to: '
                          + ' '.join(left), '  ')]


def prediction_line(record):
    """What the predictors of a record say, on one line.

    Args:
        record (dict): A record (``saliency.records``); of ``softmax`` and
            ``dknn`` one may be missing.

    Returns:
        str: Nothing in it is obeyed by a terminal.
    """
    names = [printable(name) for name in record['label_names']]
    softmax, dknn = record.get('softmax'), record.get('dknn')
    said = []
    if softmax:
        numbers = [f'{title} {softmax[name]:.3f}' for title, name in (
            ('confidence', 'confidence'),
            ('calibrated', 'calibrated_confidence')) if name in softmax]
        said.append(f'softmax: {names[softmax["label"]]} '
                    f'({", ".join(numbers)})')
    if dknn:
        said.append(f'DkNN: {names[dknn["label"]]} (credibility '
                    f'{dknn["credibility"]:.3f}, confidence '
                    f'{dknn["confidence"]:.3f})')
    return '; '.join(said)


def score_lines(record):
    """The scores of a record's words, as a table.

    Args:
        record (dict): A record (``saliency.records``).

    Returns:
        list of str: A heading, and a line a scored word.
    """
    methods = record['methods']
    lines = [f'{"":20}' + ''.join(f'{name:>22}' for name in methods)]
    for side, words in enumerate(record['words']):
        columns = [entry['scores'][side] for entry in methods.values()]
        if any(column is not None for column in columns):
            for i, word in enumerate(words):
                lines.append(f'{printable(word):20}' + ''.join(
                    f'{column[i]:+22.4f}' for column in columns))
    return lines


def neighbor_lines(record):
    """The nearest training texts of a record, layer by layer.

    Args:
        record (dict): A record (``saliency.records``).

    Returns:
        list of str: A line a layer, and below it one a training text.
    """
    names = [printable(name) for name in record['label_names']]
    lines = []
    for layer in record['neighbors']:
        votes = ', '.join(f'{n} {names[label]}' for label, n in
                          enumerate(layer['votes']) if n)
        lines.append(f'{printable(layer["layer"])}: {votes}')
        for near in layer['nearest']:
            where = source_words(near)
            lines.append(f'  {near["distance"]:8.3f}  {names[near["label"]]}'
                         + (f' ({printable(where)})' if where else '') + ': '
                         + printable(' | '.join(near['texts'])))
    return lines
