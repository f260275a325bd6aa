"""The record of one explained text, which page, JSONL and figures share.

A record is a dict that JSON can hold; ``interpretations.jsonl`` has one a
line.  A label is an int in [0, C), the position of its name in
``label_names``.  Lists "like ``words``" have one entry for each text, and in
it one for each word.  Optional keys are marked *optional*, the others
(``FIELDS``) must be there:

``version``      ``VERSION``
``id``           int, position of the text among those of its split
``dataset``      str, and ``model``, str
``label_names``  C strings
``words``        one list of strings, or two for a pair of texts
``known``        like ``words``, of bools; false where the model sees <unk>
``softmax``      the network's prediction, ``parts.softmax_part``; or None
``dknn``         the neighbours' prediction, ``parts.dknn_part``; or None
``methods``      name -> {``target``: label explained, ``scores``: like
                 ``words``, of floats, None for a text that is not scored}; a
                 positive score says that the word supports the target;
                 a method may add floats of its own, such as ``gap``
``gold``         *optional*, the true label, or None
``split``        *optional*, str, or None for a text that is in no split
``neighbors``    *optional*, a dict for each searched layer: ``layer``: its
                 name, ``votes``: C ints, labels of the k neighbours,
                 ``nearest``: the nearest first, each {``index``: int,
                 ``label``: label, ``distance``: float, ``texts``: one or two
                 strings}
``removed``      *optional*, what leaving out one word changes: ``text`` and
                 ``word``: ints, its position in ``words``, ``layers``: for
                 each searched layer {``layer``, ``left`` and ``came``:
                 indices of neighbours, ``left_votes`` and ``came_votes``: C
                 ints, their labels}
``reduction``    *optional*, input reduction: ``method``: str, ``text``: int,
                 ``removed``: positions in the order of removal,
                 ``confidence`` and ``credibility``: floats, of the whole text
                 and after each removal

``docs/output.md`` says the same in more detail.
"""
import itertools
import json

import numpy as np

from errors import UserError

VERSION = 1
FIELDS = ('version', 'id', 'dataset', 'model', 'label_names', 'words',
          'known', 'softmax', 'dknn', 'methods')
ERROR = 0.05  # of the prediction sets
EOS = '<eos>'


def read_records(path):
    """Reads the records of an ``interpretations.jsonl``.

    Args:
        path (str or Path): File with one JSON object a line.

    Returns:
        list of dict: The records as they stand there; all ``FIELDS`` are
        present, ``check_records`` checks what is in them.

    Raises:
        UserError: A line is no record or has another version; the message
            gives file and line.
        OSError: The file cannot be read.
    """
    with open(path, 'rb') as f:
        return [_parsed(line, f'{path}, line {number}')
                for number, line in enumerate(f, 1)]


def _parsed(line, where):
    try:
        record = json.loads(line)
        version, *_ = [record[name] for name in FIELDS]
    except (ValueError, KeyError, TypeError):
        raise UserError(f'{where}: no record of interpret.py; give an '
                        'interpretations.jsonl') from None
    if version != VERSION:
        raise UserError(f'{where}: version {version}, but this program reads '
                        f'version {VERSION}; run interpret.py again')
    return record


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
            do not fit each other, a score is not finite, or the records have
            different label names.
    """
    if not records:
        raise UserError('there is no record to show; give at least one')
    names = list(records[0]['label_names'])
    for record in records:
        _check_lengths(record)
        if list(record['label_names']) != names:
            raise UserError(
                f'text {record["id"]!r} has labels {record["label_names"]}, '
                f'the first has {names}; show each data set by itself')


def _check_lengths(record):
    """Words, knowns and scores of a record fit each other."""
    words, where = record['words'], f'text {record["id"]!r}'
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
    from scipy.stats import rankdata  # slow to import

    scores = [method_scores(entry)
              for name, entry in record['methods'].items()
              if name != 'random']
    scores = [s for s in scores if len(s) == len(scores[0]) and len(s)]
    differ = len({int(np.argmax(s)) for s in scores}) > 1
    varied = [s for s in scores if np.ptp(s) > 0]
    if len(varied) < 2:
        return differ, None
    ranks = rankdata(varied, axis=1)
    return differ, round(float(np.corrcoef(ranks).min()), 4)
