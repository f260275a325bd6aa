"""Records as rows of a table: for CSV files, and for ``pandas.DataFrame``."""


def prediction_row(record, texts):
    """What the predictors say of a text, labels by name.

    Args:
        record (dict): A record, or a line of ``predictions.jsonl``; of
            ``softmax``, ``dknn`` and ``soft`` some may be missing.
        texts (sequence of str): One or two, or none where there are none.

    Returns:
        dict: Column to str, int or float; ``dknn_set`` has commas between.
    """
    names = record['label_names']
    softmax, found = record.get('softmax'), {}
    if softmax:
        found['softmax'] = names[softmax['label']]
        found['softmax_confidence'] = softmax['probabilities'][
            softmax['label']]
        if 'calibrated_confidence' in softmax:
            found['softmax_calibrated_confidence'] = softmax[
                'calibrated_confidence']
    for key in ('dknn', 'soft'):
        if part := record.get(key):
            found[key] = names[part['label']]
            found[f'{key}_conformity'] = part['conformity'][part['label']]
            found.update((f'{key}_{name}', part[name])
                         for name in ('credibility', 'confidence'))
            found[f'{key}_set'] = ', '.join(
                names[label] for label in part['prediction_set'])
    return {'id': record['id'], **source_columns(record),
            **text_columns(texts), **found}


def word_rows(record):
    """A row a word of a record: whether it is known, its scores.

    Args:
        record (dict): A record (``saliency.records``).

    Returns:
        list of dict: ``id``, those of ``source_columns``, ``side`` (0, of
        the hypothesis 1), ``position``, ``word``, ``known`` and a score a
        method: None where it does not score that text of a pair.
    """
    return [{'id': record['id'], **source_columns(record), 'side': side,
             'position': i, 'word': word, 'known': record['known'][side][i],
             **{name: entry['scores'][side] and entry['scores'][side][i]
                for name, entry in record['methods'].items()}}
            for side, words in enumerate(record['words'])
            for i, word in enumerate(words)]


def source_columns(part):
    """Where a text stands in a user's own table, as columns.

    Args:
        part (dict): A record, a line of ``predictions.jsonl`` or an entry of
            ``nearest``.

    Returns:
        dict: ``row`` (int, as a spreadsheet counts) and ``row_id`` (str or
        None); empty without ``source``.
    """
    source = part.get('source')
    return {'row': source['row'], 'row_id': source.get('id')} if source else {}


def text_columns(texts):
    """Texts as the columns of a data file: ``text``, or ``text1``, ..."""
    if len(texts) == 1:
        return {'text': texts[0]}
    return {f'text{i}': text for i, text in enumerate(texts, 1)}
