"""Lists of words that people gave a value, whatever text they stand in.

Words are spelled as in the files; the tokens of a text are in lower case:
``in_lower_case`` prepares a lexicon for them.
"""
import collections
import math
import os

from files.origins import VADER
from files.rows import (
    DatasetError,
    columns_of,
    display_name,
    numbered_lines,
    shortened,
)
from files.streams import opening
from files.tables import parse_tsv

SIGNS = 'negative', 'positive'
NEUTRAL = 2  # of the Treebank's labels from 0 to 4
VADER_WORDS = f'{VADER.stem}/vaderSentiment/vader_lexicon.txt'


def read_opinion_lexicon(folder):
    """Reads the opinion lexicon of Hu and Liu (2004).

    Args:
        folder (str or Path): Holds ``negative-words.txt`` and
            ``positive-words.txt``: a word a line, comments after ``;``, in
            Latin-1.

    Returns:
        dict: ``negative`` and ``positive`` -> set of words.  Three words are
        in both.

    Raises:
        DatasetError: If a file cannot be read, has a line that is no single
            word, or has no words.
    """
    return {sign: _read_words(os.path.join(folder, f'{sign}-words.txt'))
            for sign in SIGNS}


def _read_words(path):
    words = set()
    with opening(path) as stream:
        for number, line in enumerate(stream, 1):
            word = line.decode('latin-1').strip()
            if not word or word.startswith(';'):
                continue
            if len(word.split()) > 1:
                raise DatasetError(f'{path}:{number}: {shortened(word)} is no '
                                   'single word; get the file again')
            words.add(word)
    return _filled(words, path)


def read_word_labels(path):
    """Reads the labels of single words in the Stanford Sentiment Treebank.

    Args:
        path (str): ``sst_word_labels.tsv`` in UTF-8, with the columns
            ``word`` and ``label``, from 0, very negative, to 4, very
            positive.

    Returns:
        dict: Word -> its label as a float from -2 to 2.

    Raises:
        DatasetError: With file and line, if the columns or a label are
            others; or if there are no words.
    """
    found = {}
    with opening(path) as stream:
        records = parse_tsv(numbered_lines(stream, path), path)
        for number, (word, label) in columns_of(records, path,
                                                ('word', 'label')):
            if label not in ('0', '1', '2', '3', '4'):
                raise DatasetError(
                    f'{path}:{number}: the label {shortened(label)} is no '
                    'whole number from 0 to 4; get the file again')
            found[word] = float(int(label) - NEUTRAL)
    return _filled(found, path)


def read_vader_words(path, member=VADER_WORDS):
    """Reads the words of VADER (Hutto and Gilbert 2014), rated by ten people.

    Args:
        path (str): The source distribution of ``vaderSentiment``.
        member (str or None): The lexicon inside it.

    Returns:
        dict: Word -> mean rating, a float from -4 to 4.  Of a word that
        stands there twice (14 do) the last rating, as VADER takes it.

    Raises:
        DatasetError: With member and line, if it is not in UTF-8, a row has
            other than four columns or a rating is none; or if there are no
            words.
    """
    where = display_name(path, member)
    found = {}
    with opening(path, member) as stream:
        for number, cells in parse_tsv(numbered_lines(stream, where), where):
            if len(cells) != 4:
                raise DatasetError(f'{where}:{number}: {len(cells)} columns '
                                   'where there should be 4')
            found[cells[0]] = _rating(cells[1], f'{where}:{number}')
    return _filled(found, where)


def _rating(cell, where):
    try:
        rating = float(cell)
    except ValueError:
        rating = math.nan
    if not -4 <= rating <= 4:
        raise DatasetError(f'{where}: the rating {shortened(cell)} is no '
                           'number from -4 to 4; get the file again')
    return rating


def in_lower_case(lexicon):
    """Turns a lexicon into one of words as tokens are spelled.

    Args:
        lexicon (dict): Word -> value, a float.

    Returns:
        dict: Word in lower case -> its value; where it is spelled with
        capitals only, the mean over these spellings.
    """
    spellings = collections.defaultdict(list)
    for word, value in lexicon.items():
        spellings[word.lower()].append(value)
    return {word: lexicon.get(word, math.fsum(values) / len(values))
            for word, values in spellings.items()}


def _filled(words, where):
    if not words:
        raise DatasetError(f'{where} holds no words; get it again')
    return words
