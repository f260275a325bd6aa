"""Which words people say that a text owes its label to.

Each reader gives the texts of one file as a list of ``Rationale``: published
ones, and those of a user.
"""
import math
from typing import NamedTuple

import numpy as np

import nlp_utils
from files.published import tweet_records
from files.rows import (
    DatasetError,
    check_text,
    columns_of,
    listed,
    numbered_lines,
    shortened,
)
from files.streams import opening
from files.tables import parse_jsonl, parse_tsv

# Hummingbird's human_label; in the middle the three people did not agree.
HUMAN_LABELS = {'0': 'positive', '0.5': None, '1': 'negative'}
COVERED = .5  # of a token's characters, from where on it is in the rationale


class Rationale(NamedTuple):
    """The tokens of a text, and what people think of each.

    Attributes:
        words (tuple of str): Tokens as ``nlp_utils.tokenize`` gives them, at
            least one.
        label (str, int or None): What people classified the text as; None
            where a user's file does not say.
        values (ndarray): float64 (len(words),), finite.
        signed (bool): Whether values above zero speak for ``positive`` and
            those below for ``negative``, whatever the label is; otherwise
            all values speak for the label.
    """

    words: tuple
    label: object
    values: np.ndarray
    signed: bool = False

    @property
    def support(self):
        """ndarray: How far each word speaks for the label, as ``values``."""
        against = self.signed and self.label == 'negative'
        return -self.values if against else self.values


def is_mask(rationales):
    """Tells words that were chosen from words that were graded.

    Args:
        rationales (list of Rationale): Those of a file.

    Returns:
        bool: Whether all values are 0 or 1.
    """
    return all(np.isin(each.values, (0, 1)).all() for each in rationales)


def read_hummingbird(path, raw=False):
    """Reads what three people perceive in each word (Hayati et al. 2021).

    Of the 500 texts those whose ``human_label`` is 0.5, the undecided, are
    left out; 0 is positive and 1 negative: there the sum of the scores is
    above zero in 120 of 123 texts and below zero in 254 of 268.

    Args:
        path (str): ``hummingbird_sentiment.tsv``, in UTF-8.
        raw (bool): Whether the words are tokenized as raw text; each token
            then has the value of its word.  Otherwise the tokens are the
            words that people saw, in lower case and without most of the
            punctuation.

    Returns:
        list of Rationale: Signed; the values are means of three scores of
        -1, 0 and 1.

    Raises:
        DatasetError: With file and line, if the columns, a label, or number
            or range of the scores are others; or if no text is left.
    """
    found = []
    with opening(path) as stream:
        records = parse_tsv(numbered_lines(stream, path), path)
        for number, (label, text, scores) in columns_of(
                records, path, ('human_label', 'processed_text',
                                'perception_scores')):
            where = f'{path}:{number}'
            if label not in HUMAN_LABELS:
                raise DatasetError(f'{where}: the label {shortened(label)} is '
                                   f'none of {listed(HUMAN_LABELS)}')
            values = _scores(scores.split(), where)
            tokens = _spread(text.split(), values, raw, where)
            if HUMAN_LABELS[label]:
                found.append(Rationale(tokens[0], HUMAN_LABELS[label],
                                       tokens[1], signed=True))
    return _filled(found, path)


def _scores(cells, where):
    """Numbers from -1 to 1."""
    try:
        values = [float(cell) for cell in cells]
    except ValueError:
        values = [math.nan]
    if not all(-1 <= value <= 1 for value in values):
        raise DatasetError(f'{where}: the scores {listed(cells)} are not all '
                           'numbers from -1 to 1; get the file again')
    return values


def read_tweets(path):
    """Reads the stretch of each tweet that made a person choose its label.

    The stretch is taken where it comes first (112 of the tweets have it
    twice or more).  A token belongs to it if at least half of its characters
    do; where no token does (16 tweets), the one that has the largest part in
    it.  A token that cannot be found in the text, such as a quotation mark or
    an entity, does not belong to it.

    Args:
        path (str): The CSV file of *Tweet Sentiment Extraction*.

    Returns:
        list of Rationale: Of the tweets that are not neutral, in the order of
        the file; each value is 0 or 1, at least one of a tweet is 1.

    Raises:
        DatasetError: If it is not CSV in UTF-8 with the published columns,
            (with file and line) if a stretch is no part of its text or has
            no token, or if no tweet is left.
    """
    found = []
    for number, text, selected, label in tweet_records(path):
        if label is None:
            continue
        tokens = nlp_utils.tokenize(text, raw=True)
        shares = _covered(text, selected, tokens)
        if not any(shares):
            raise DatasetError(
                f'{path}:{number}: the selected {shortened(selected)} has no '
                'word of the text; mend or drop the line')
        least = min(COVERED, max(shares))
        mask = np.array([share >= least for share in shares], float)
        found.append(Rationale(tokens, label, mask))
    return _filled(found, path)


def _covered(text, selected, tokens):
    """Share of each token's characters that a stretch of the text has."""
    start = text.find(selected)
    if start < 0:
        return []
    stop = start + len(selected)
    return [0. if span is None else
            max(0, min(stop, span[1]) - max(start, span[0]))
            / (span[1] - span[0]) for span in nlp_utils.spans(text, tokens)]


def read_user_rationales(path, raw=False):
    """Reads a user's texts, each with a weight for every word.

    Args:
        path (str): A file of JSON lines in UTF-8, perhaps gzipped: ``text``
            is a string, whose words stand between white space, or a list of
            words; ``weights`` has one finite number for each of them, for
            the label (``true`` is 1); ``label`` is a name, a whole number,
            ``null`` or not there.
        raw (bool): Whether the words still need a tokenizer; each token then
            has the weight of its word.

    Returns:
        list of Rationale: Not signed.  Whether a label is one of a model's
        is for the caller to find out.

    Raises:
        DatasetError: With file and line, if a line is not like that; or if
            there is none.
    """
    found = []
    with opening(path) as stream:
        for number, record in parse_jsonl(numbered_lines(stream, path), path):
            where = f'{path}:{number}'
            words = _words(record, where)
            weights = _weights(record, where)
            tokens, values = _spread(words, weights, raw, where)
            found.append(Rationale(tokens, _label(record, where), values))
    return _filled(found, path)


def _words(record, where):
    """The words of a user's text."""
    text = _field(record, 'text', where)
    for part in text if isinstance(text, list) else [text]:
        check_text(part, where)
    return text if isinstance(text, list) else text.split()


def _weights(record, where):
    """A user's weights as floats."""
    weights = _field(record, 'weights', where)
    if not isinstance(weights, list):
        raise DatasetError(f'{where}: the weights {shortened(weights)} must '
                           'be a list of numbers')
    for place, weight in enumerate(weights, 1):
        if not _is_finite(weight):
            raise DatasetError(f'{where}: weight {place}, {shortened(weight)},'
                               ' must be a finite number')
    return [float(weight) for weight in weights]


def _is_finite(weight):
    try:
        return (isinstance(weight, (int, float))
                and math.isfinite(float(weight)))
    except OverflowError:  # JSON's whole numbers have any length
        return False


def _label(record, where):
    """A user's label; 1.0 is 1."""
    label = record.get('label')
    if isinstance(label, float) and label.is_integer():
        return int(label)
    is_name = isinstance(label, str) and label.strip()
    is_number = isinstance(label, int) and not isinstance(label, bool)
    if label is not None and not is_name and not is_number:
        raise DatasetError(f'{where}: the label {shortened(label)} must be a '
                           'name or a whole number')
    return label.strip() if is_name else label


def _field(record, name, where):
    if name not in record:
        raise DatasetError(f'{where}: no {name}, only {listed(record)}; each '
                           'line has text and weights, and perhaps label')
    return record[name]


def _spread(words, values, raw, where):
    """Tokens of words, and for each token the value of its word."""
    if len(words) != len(values):
        raise DatasetError(f'{where}: {len(values)} values for {len(words)} '
                           'words; there must be one for each word')
    pairs = [(token, value) for word, value in zip(words, values, strict=True)
             for token in nlp_utils.tokenize(word, raw)]
    if not pairs:
        raise DatasetError(f'{where}: the text has no words; drop the line')
    tokens, spread = zip(*pairs, strict=True)
    return tokens, np.array(spread, float)


def _filled(found, path):
    if not found:
        raise DatasetError(f'{path} holds no text with a label and values for '
                           'its words; it is not the file that is meant')
    return found
