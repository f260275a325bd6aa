"""Readers of published data sets, each in the layout it is published in.

Each is a reader as ``files.rows`` describes it: a function of
``(path, member)`` that yields rows.
"""
import re
import tarfile

from files.rows import Row, display_name, extract, numbered_lines, opening
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
    """
    name = re.compile(rf'(?:\./)?{member}/(?:neg|pos)/\d+_(\d+)\.txt')
    texts = {}
    with tarfile.open(path) as archive:
        for info in archive:
            if name.fullmatch(info.name) and info.isfile():
                texts[info.name] = archive.extractfile(info).read()
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
        DatasetError: If one of these files is not there.
    """
    with opening(path, inner) as stream, tarfile.open(fileobj=stream) as files:
        def cells(kind):
            name = f'{member}_{kind}.txt'
            lines = numbered_lines(extract(files, name, path))
            return parse_tsv(lines, display_name(path, name))

        ratings = {row[0]: (float(row[1]), float(row[2]))
                   for _, row in cells('anonDataRatings')}
        for number, (name, _, text) in cells('GroundTruth'):
            rating = ratings[name]
            yield Row(number, _sign(rating[0]), (text,),
                      name.partition('_')[0], rating)


def _sign(mean):
    """Label of a mean rating, None for zero."""
    if not mean:
        return None
    return 'positive' if mean > 0 else 'negative'
