"""A record as plain text, for a terminal."""
from terminal import printable


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
        lines += [f'  {near["distance"]:8.3f}  {names[near["label"]]}: '
                  + printable(' | '.join(near['texts']))
                  for near in layer['nearest']]
    return lines
