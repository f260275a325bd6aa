"""The record of one explained text, which page, JSONL and figures share.

A record is a dict that JSON can hold; ``interpretations.jsonl`` has one a
line.  ``saliency.schema`` declares its fields.  What is read from a file has
them all; page and figures do without those that a caller in Python leaves
out, except ``id``, ``dataset``, ``model``, ``label_names``, ``words``,
``known`` and ``methods``; ``softmax`` and ``dknn`` may be None there.
"""
import itertools

import numpy as np

from errors import UserError
from files import typed
from saliency.schema import (
    BY_LABEL,
    LABELS,
    VERSION,
    WORDS,
    Record,
    Versioned,
)

ERROR = 0.05  # of the prediction sets
EOS = '<eos>'
HINT = 'give an interpretations.jsonl as interpret.py wrote it'


def read_records(path):
    """Reads the records of an ``interpretations.jsonl``.

    Args:
        path (str or Path): File with one JSON object a line.

    Returns:
        list of dict: The records as they stand there, at least one; each is
        as ``saliency.schema`` says, and its parts fit each other.

    Raises:
        UserError: There is no record, or a line is none or has another
            version; the message gives file, line and field.
        OSError: The file cannot be read.
    """
    found = []
    with open(path, 'rb') as lines:
        for number, line in enumerate(lines, 1):
            where = f'{path}, line {number}'
            record = _parsed(line, where)
            _check_parts(record, where)
            _check_names(record, (found or [record])[0], where)
            found.append(record)
    if not found:
        raise UserError(f'{path}: there is no record to show; {HINT}')
    return found


def _parsed(line, where):
    """The record of a line; every field has its type and range."""
    version = typed.decode(line, Versioned, where, HINT).version
    if version != VERSION:
        raise UserError(f'{where}: version {version}, but this program reads '
                        f'version {VERSION}; run interpret.py again')
    typed.decode(line, Record, where, HINT)
    return typed.decode(line, dict, where, HINT)


def without_eos(record):
    """Takes away the ``<eos>`` that closes a text: it is no word.

    Args:
        record (dict): A record; it stays as it is.

    Returns:
        dict: A record whose ``words``, ``known`` and ``scores`` end before a
        closing ``<eos>``.
    """
    ends = [len(text) - (list(text[-1:]) == [EOS])
            for text in record['words']]

    def cut(texts):
        return [None if text is None else list(text[:end])
                for text, end in zip(texts, ends, strict=False)]

    methods = {name: {**entry, 'scores': cut(entry['scores'])}
               for name, entry in record['methods'].items()}
    return {**record, 'methods': methods, 'words': cut(record['words']),
            'known': cut(record['known'])}


def check_records(records):
    """Checks that records can be shown together.

    Args:
        records (list of dict): Records without ``<eos>``.

    Raises:
        UserError: There is no record, a record's words, ``known`` and scores
            do not fit each other, a score is not finite, there is no such
            label or word, or the records have different label names.
    """
    if not records:
        raise UserError('there is no record to show; give at least one')
    for record in records:
        where = f'text {record["id"]!r}'
        _check_lengths(record, where)
        _check_labels(record, where)
        _check_positions(record, where)
        _check_names(record, records[0], where)


def _check_parts(record, where):
    """The same of a record as it was read."""
    _check_lengths(record, where)
    _check_labels(record, where)
    _check_positions(without_eos(record), where)


def _check_names(record, first, where):
    names = list(first['label_names'])
    if list(record['label_names']) != names:
        raise UserError(f'{where} has label_names {record["label_names"]}, '
                        f'the first has {names}; show each data set by '
                        'itself')


def _check_lengths(record, where):
    """Words, knowns and scores of a record fit each other."""
    words = record['words']
    lengths, known = [[len(text) for text in record[key]]
                      for key in ('words', 'known')]
    if len(words) not in (1, 2) or known != lengths:
        raise UserError(f'{where} has {lengths} words and {known} "known"; '
                        'give one or two texts and a true or false a word')
    for method, entry in record['methods'].items():
        found = [n if scores is None else len(scores)
                 for n, scores in itertools.zip_longest(
                     lengths, entry['scores'], fillvalue=())]
        if found != lengths:
            raise UserError(f'{where}, method {method!r} has {found} scores '
                            f'for {lengths} words; give one a word')
        if not np.isfinite(method_scores(entry)).all():
            raise UserError(f'{where}, method {method!r} has a score that is '
                            'not finite; give finite numbers only')


def _check_labels(record, where):
    """A record has every label that it names, and an entry for each."""
    n_class = len(record['label_names'])
    for field, label in _values(record, *LABELS):
        if not 0 <= label < n_class:
            raise UserError(f'{where}: {field} is {label}, but the labels '
                            f'are 0 to {n_class - 1}; {HINT}')
    for field, values in _values(record, *BY_LABEL):
        if len(values) != n_class:
            raise UserError(f'{where}: {field} has {len(values)} entries for '
                            f'{n_class} labels; {HINT}')


def _check_positions(record, where):
    """A record without ``<eos>`` has every word and layer that it names."""
    words = record['words']
    for part, path in WORDS.items():
        for field, text in _values(record, f'{part}.text'):
            if not text < len(words):
                raise UserError(f'{where}: {field} is {text}, but words has '
                                f'{len(words)} text; {HINT}')
            for name, word in _values(record, path):
                if not word < len(words[text]):
                    raise UserError(
                        f'{where}: {name} is {word}, but that text has '
                        f'{len(words[text])} words; {HINT}')
    _check_counts(record, where)


def _check_counts(record, where):
    """Lists that belong together have the same length."""
    removed, reduction = record.get('removed'), record.get('reduction')
    wanted = []
    if removed:
        wanted += [('removed.layers', len(record['neighbors']))]
    if reduction:
        wanted += [(f'reduction.{name}', len(reduction['removed']) + 1)
                   for name in ('confidence', 'credibility')]
    for path, length in wanted:
        for field, values in _values(record, path):
            if len(values) != length:
                raise UserError(f'{where}: {field} has {len(values)} '
                                f'entries, but {length} are needed; {HINT}')


def _values(record, *paths):
    """Yields (field, value) of all that paths lead to in a record; what is
    absent or None is left out."""
    for path in paths:
        found = [('', record)]
        for name in path.split('.'):
            found = [(f'{field}{more}', part) for field, value in found
                     for more, part in _entries(value, name)
                     if part is not None]
        for field, value in found:
            yield field.removeprefix('.'), value


def _entries(value, name):
    if name != '*':
        return [(f'.{name}', value.get(name))]
    if isinstance(value, dict):
        return [(f'[{key!r}]', part) for key, part in value.items()]
    return [(f'[{i}]', part) for i, part in enumerate(value)]


def source_words(part):
    """Says where a text stands in a user's own table.

    Args:
        part (dict): A record, or an entry of ``nearest``.

    Returns:
        str: Such as ``row 17, id n3``; empty without ``source``.
    """
    source = part.get('source')
    if not source:
        return ''
    return f'row {source["row"]}' + (
        f', id {source["id"]}' if 'id' in source else '')


def method_scores(entry):
    """Joins the scores that a method gives to the words of a record.

    Args:
        entry (dict): An entry of ``methods``.

    Returns:
        ndarray: float64, the scores of all scored texts, one after another.
    """
    scored = [scores for scores in entry['scores'] if scores is not None]
    return np.concatenate([[], *scored]).astype(float)


def agreement(record):
    """Says how far the methods of a record agree on its words.

    ``random`` does not take part.  For each pair of methods, Spearman's rank
    correlation of the scores is computed (ties share their mean rank).

    Args:
        record (dict): A record, without ``<eos>``.

    Returns:
        (bool, float or None): Whether the methods have different top words
        (the word with the highest score, the first of equals); and the
        lowest correlation in [-1, 1], rounded to four decimals, None where
        none is defined.
    """
    scores = [method_scores(entry)
              for name, entry in record['methods'].items()
              if name != 'random']
    scores = [s for s in scores if len(s) == len(scores[0]) and len(s)]
    differ = len({int(np.argmax(s)) for s in scores}) > 1
    ranks = np.array([_ranks(s) for s in scores if s.min() < s.max()])
    if len(ranks) < 2:
        return differ, None
    ranks /= np.sqrt((ranks ** 2).sum(1, keepdims=True))
    return differ, round(float((ranks @ ranks.T).min()), 4)


def _ranks(values):
    """Twice the rank of each value less its mean; ties have their mean rank.

    The same as of ``scipy.stats.rankdata``, whose import and checks take a
    large part of a page's time.
    """
    ordered = np.sort(values)
    return (np.searchsorted(ordered, values, 'left')
            + np.searchsorted(ordered, values, 'right') - float(len(values)))
