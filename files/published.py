"""Readers of published data sets, each in the layout it is published in.

Each is a reader as ``files.rows`` describes it: a function of
``(path, member)`` that yields rows.
"""
import math
import re

import nlp_utils
from files.rows import (
    DatasetError,
    Row,
    columns_of,
    display_name,
    numbered_lines,
    shortened,
)
from files.streams import (
    LARGEST_INNER,
    as_dataset_errors,
    extract,
    opening,
    opening_tar,
    read_members,
)
from files.tables import parse_csv, parse_jsonl, parse_tsv, rows_of


def read_harvard(path, member=None):
    """Reads a label and a tokenized text on each line of a file.

    Args:
        path (str): The file.
        member (str or None): The file to read inside an archive.

    Yields:
        Row: Its text is empty where a line has a label only; blank lines are
        skipped.
    """
    with opening(path, member) as stream:
        for number, line in numbered_lines(stream):
            if line.strip():
                label, *text = line.split(None, 1)
                yield Row(number, label, (''.join(text),))


def read_imdb(path, member):
    """Reads a text file for each review, its rating at the end of its name.

    Args:
        path (str): The tar archive.
        member (str): Folder inside it, with the folders ``neg`` and ``pos``.

    Yields:
        Row: In the alphabetical order of the names; the label is the number
        of stars.

    Raises:
        DatasetError: If the archive is damaged, or a review is no file.
    """
    name = re.compile(rf'(?:\./)?{member}/(?:neg|pos)/\d+_(\d+)\.txt')
    texts = dict(read_members(path, name))
    for number, (file, text) in enumerate(sorted(texts.items()), 1):
        yield Row(number, name.fullmatch(file).group(1),
                  (text.decode(errors='ignore'),))


def read_dbpedia(path, member):
    """Reads CSV of label, title and text.

    Args:
        path (str): The archive.
        member (str): The CSV file inside it.

    Yields:
        Row: Without the title, which the released code does not use either.

    Raises:
        DatasetError: If there is no such member, or it is not CSV of three
            columns.
    """
    where = display_name(path, member)
    with opening(path, member) as stream:
        records = parse_csv(numbered_lines(stream), where)
        yield from rows_of(records, where, ('label', 'title', 'text'))


def read_snli(path, member):
    """Reads JSON lines of premise and hypothesis.

    Args:
        path (str): The archive.
        member (str): The file inside it.

    Yields:
        Row: Its group is the premise: pairs that share it stay in one split.

    Raises:
        DatasetError: If there is no such member, or a line of it is no JSON
            object with these columns.
    """
    where = display_name(path, member)
    with opening(path, member) as stream:
        records = parse_jsonl(numbered_lines(stream), where)
        for row in rows_of(records, where):
            yield row._replace(group=row.texts[0])


def tweet_records(path, member=None):
    """Reads tweets, their sentiment, and what in them made a person choose it.

    Args:
        path (str): The CSV file of *Tweet Sentiment Extraction*.
        member (str or None): The file to read inside an archive.

    Yields:
        tuple: Number of the line, text, stretch of the text that a person
        chose, and sentiment; that is None for a neutral tweet.

    Raises:
        DatasetError: If it is not CSV in UTF-8 with these columns.
    """
    where = display_name(path, member)
    with opening(path, member) as stream:
        records = parse_csv(numbered_lines(stream, where), where)
        for number, (*texts, sentiment) in columns_of(
                records, where, ('text', 'selected_text', 'sentiment')):
            yield (number, *texts,
                   None if sentiment == 'neutral' else sentiment)


def read_tweets(path, member=None):
    """Reads tweets and their sentiment.

    Args:
        path (str): The CSV file of *Tweet Sentiment Extraction*.
        member (str or None): The file to read inside an archive.

    Yields:
        Row: The label of a neutral tweet is None.  Its group is its tokens:
        tweets that differ in capitals or white space only stay in one split.

    Raises:
        DatasetError: If it is not CSV in UTF-8 with the published columns.
    """
    for number, text, _, sentiment in tweet_records(path, member):
        tokens = nlp_utils.tokenize(text, raw=True)
        yield Row(number, sentiment, (text,), ' '.join(tokens))


def read_vader(path, member, inner):
    """Reads snippets, each with the ratings of some 20 people.

    The label is the sign of the mean rating.  Mean and deviation are those of
    the raw ratings: for 199 tweets the list with the texts has other means,
    of the same sign.  Snippets of one review or editorial (their ids share a
    number before the ``_``) stay in one split.

    Args:
        path (str): The archive.
        member (str): Two files inside the inner archive, without their ends:
            ``_GroundTruth.txt`` has the texts, ``_anonDataRatings.txt`` the
            ratings.
        inner (str): The tar archive inside the archive.

    Yields:
        Row: The label is ``positive``, ``negative``, or None for a mean of
        zero; the rating is (mean, deviation), from -4 to 4 and from 0 to 4.

    Raises:
        DatasetError: If one of these files is not there, or not like that.
    """
    with opening(path, inner, longest_line=math.inf) as stream:
        content = stream.read(LARGEST_INNER)
    with opening_tar(path, content) as files:
        rated, texts = [
            list(_cells(files, f'{member}_{kind}.txt', path, n_columns))
            for kind, n_columns in (('anonDataRatings', 4),
                                    ('GroundTruth', 3))]
    ratings = {name: _rating(mean, deviation, where)
               for _, where, (name, mean, deviation, _) in rated}
    for number, where, (name, _, text) in texts:
        if name not in ratings:
            raise DatasetError(f'{where}: nobody rated {shortened(name)}; '
                               'the archive is damaged, get it again')
        yield Row(number, _sign(ratings[name][0]), (text,),
                  name.partition('_')[0], ratings[name])


def _cells(files, name, path, n_columns):
    """(number, where it is, cells) of each line."""
    with as_dataset_errors(path):
        lines = extract(files, name, path).read(LARGEST_INNER).split(b'\n')
    where = display_name(path, name)
    for number, cells in parse_tsv(numbered_lines(lines), where):
        if len(cells) != n_columns:
            raise DatasetError(
                f'{where}:{number}: {len(cells)} columns where there should '
                f'be {n_columns}; the archive is damaged, get it again')
        yield number, f'{where}:{number}', cells


def _rating(mean, deviation, where):
    """A mean and a deviation as numbers."""
    try:
        rating = float(mean), float(deviation)
    except ValueError:
        rating = math.nan, math.nan
    if not all(map(math.isfinite, rating)):
        raise DatasetError(
            f'{where}: {shortened((mean, deviation))} are no mean and '
            'deviation; the archive is damaged, get it again')
    return rating


def _sign(mean):
    """Label of a mean rating, None for zero."""
    if not mean:
        return None
    return 'positive' if mean > 0 else 'negative'
