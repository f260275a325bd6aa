"""Readers of data files: each yields the rows of one file.

A reader is a function of ``(path, member)``, where `member` is what to read
of an archive, or None.  Archives are read where they are; nothing is
unpacked to disk.  A user's own files are TSV, CSV or JSON lines, perhaps
gzipped.
"""
import contextlib
import csv
import itertools
import json
import os
import re
import tarfile
import zipfile
import zlib
from typing import NamedTuple

import nlp_utils
from downloads import VADER, DatasetError

# What a user's columns may be called; the first that fits is taken.
LABEL_NAMES = 'label', 'gold_label'
TEXT_NAMES = (('text1', 'text2'), ('premise', 'hypothesis'),
              ('sentence1', 'sentence2'), ('text',), ('sentence',))
COLUMN_NAMES = {*LABEL_NAMES, *itertools.chain.from_iterable(TEXT_NAMES)}
# Their names in a header's place, by the number of columns.
HEADERS = {2: ('label', 'text'), 3: ('label', 'text1', 'text2')}

# A user's folder: split -> names its file may have before the extension.
FOLDER_FILES = {'train': ('train',), 'valid': ('dev', 'valid'),
                'test': ('test',)}


class Row(NamedTuple):
    """An example as it stands in a file.

    Attributes:
        number (int): Its line, or its place in the archive.
        label (str or None): As in the file; None: to be dropped.
        texts (tuple of str): One or two.
        group: Rows of one group belong into one split; None: its own.
        rating (tuple or None): Mean and deviation of people's ratings.
    """

    number: int
    label: object
    texts: tuple
    group: object = None
    rating: object = None


@contextlib.contextmanager
def reading(path):
    """Turn what a damaged file or archive raises into a DatasetError."""
    try:
        yield
    except (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError,
            OSError) as error:
        raise DatasetError(
            f'{path} cannot be read ({error}); if it is damaged, get it '
            'again') from error


def _extract(archive, member, path):
    """Stream of an archive's member, without writing anything."""
    try:
        is_zip = isinstance(archive, zipfile.ZipFile)
        stream = (archive.open if is_zip else archive.extractfile)(member)
    except KeyError:
        stream = None
    if stream is None:
        raise DatasetError(f'{path} holds no {member}; it is not the '
                           'published file, get it again')
    return stream


@contextlib.contextmanager
def _open(path, member=None):
    """Binary stream of a file (perhaps gzipped) or a member of an archive."""
    if member is None:
        with nlp_utils.open_binary(path) as stream:
            yield stream
        return
    opener = zipfile.ZipFile if path.endswith('.zip') else tarfile.open
    with opener(path) as archive, _extract(archive, member, path) as stream:
        yield stream


def _lines(stream, where=None):
    """Numbered lines as str, split at line feeds only.

    Undecodable bytes are left out, as in the released code; with `where`,
    the name of a user's file, they are an error.
    """
    for number, line in enumerate(stream, 1):
        try:
            text = line.decode(errors='strict' if where else 'ignore')
        except UnicodeDecodeError as error:
            raise DatasetError(
                f'{where}:{number}: not UTF-8 ({error.reason}); save the '
                'file with UTF-8 encoding') from error
        yield number, text.removeprefix('\ufeff') if number == 1 else text


def read_harvard(path, member=None):
    """A label and a tokenized text on each line of a file."""
    with _open(path, member) as stream:
        for number, line in _lines(stream):
            if line.strip():
                label, *text = line.split(None, 1)
                yield Row(number, label, (''.join(text),))


def read_imdb(path, member):
    """A text file for each review, the rating at the end of its name."""
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
    """CSV of label, title and text; the title is not used (as released)."""
    with _open(path, member) as stream:
        records = _parse_csv(_lines(stream), path)
        yield from _rows(records, path, ('label', 'title', 'text'))


def read_snli(path, member):
    """JSON lines; pairs that share a premise stay in one split."""
    with _open(path, member) as stream:
        for row in _rows(_parse_jsonl(_lines(stream), path), path):
            yield row._replace(group=row.texts[0])


def read_vader(path, member):
    """Snippets with the mean and deviation of what some 20 people said.

    The label is the sign of the mean.  Mean and deviation are those of the
    raw ratings: for 199 tweets the list with the texts has other means, of
    the same sign.  Snippets of one review or editorial (their ids share a
    number before the ``_``) stay in one split.
    """
    folder = 'hutto_ICWSM_2014'
    inner = (f'{VADER.removesuffix(".tar.gz")}/additional_resources/'
             f'{folder}.tar.gz')

    def cells(archive, kind):
        stream = _extract(archive, f'{folder}/{member}_{kind}.txt', path)
        for number, line in _lines(stream):
            if line.strip():
                yield number, line.rstrip('\r\n').split('\t')

    with _open(path, inner) as stream, tarfile.open(fileobj=stream) as archive:
        ratings = {row[0]: (float(row[1]), float(row[2]))
                   for _, row in cells(archive, 'anonDataRatings')}
        for number, (name, _, text) in cells(archive, 'GroundTruth'):
            mean = ratings[name][0]
            label = None
            if mean:
                label = 'positive' if mean > 0 else 'negative'
            yield Row(number, label, (text,), name.partition('_')[0],
                      ratings[name])


def _parse_tsv(lines, where):
    """Numbered lists of cells; quotes mean nothing."""
    for number, line in lines:
        if line.strip():
            yield number, line.rstrip('\r\n').split('\t')


def _parse_csv(lines, where):
    """Numbered lists of cells; a quoted cell may hold commas and lines."""
    reader = csv.reader((line for _, line in lines), strict=True)
    number = 1
    try:
        for cells in reader:
            if any(cells):
                yield number, cells
            number = reader.line_num + 1
    except csv.Error as error:
        raise DatasetError(f'{where}:{number}: not CSV ({error}); quote texts '
                           'with commas and double the quotes inside'
                           ) from error


def _parse_jsonl(lines, where):
    """Numbered dicts."""
    for number, line in lines:
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise DatasetError(f'{where}:{number}: not JSON ({error}); each '
                               'line is one object') from error
        if not isinstance(record, dict):
            raise DatasetError(f'{where}:{number}: {line.strip()[:40]} is no '
                               'JSON object; each line is one')
        yield number, record


PARSERS = {'.tsv': _parse_tsv, '.csv': _parse_csv, '.jsonl': _parse_jsonl}


def _named(records, where, header):
    """Records as dicts; lists of cells get their names from the header."""
    for number, record in records:
        if isinstance(record, dict):
            yield number, record
            continue
        if header is None:
            header = [cell.strip().lower() for cell in record]
            if COLUMN_NAMES.intersection(header):
                continue
            header = HEADERS.get(len(record), header)
            if len(record) not in HEADERS:
                raise DatasetError(
                    f'{where}:{number}: {len(record)} columns; without a '
                    'header a row is a label and one or two texts')
        if len(record) != len(header):
            raise DatasetError(f'{where}:{number}: {len(record)} columns '
                               f'where there should be {len(header)}')
        yield number, dict(zip(header, record, strict=True))


def _rows(records, where, header=None):
    """Rows from numbered records, by the names of their columns."""
    columns = None
    for number, record in _named(records, where, header):
        columns = columns or _find_columns(record, f'{where}:{number}')
        try:
            label, *texts = (record[name] for name in columns)
        except KeyError as error:
            raise DatasetError(f'{where}:{number}: no {error}; the rows '
                               'before have it') from error
        texts = tuple('' if text is None else text for text in texts)
        if isinstance(label, (str, int, float)):
            label = str(label).strip()
        if not label or not isinstance(label, str) or not all(
                isinstance(text, str) for text in texts):
            raise DatasetError(f'{where}:{number}: the label {label!r} must '
                               'be a name or number, and texts strings')
        no_gold = label == '-' and columns[0] == 'gold_label'
        yield Row(number, None if no_gold else label, texts)


def _find_columns(record, where):
    label = next((name for name in LABEL_NAMES if name in record), None)
    texts = next((names for names in TEXT_NAMES
                  if record.keys() >= set(names)), None)
    if label is None or texts is None:
        missing = 'label' if label is None else 'text, nor text1 and text2'
        raise DatasetError(f'{where}: no column {missing}; the columns are '
                           f'{", ".join(map(repr, record))}')
    return label, *texts


def kind_of(path):
    """Extension of a user's file, without ``.gz``: a key of ``PARSERS``."""
    name = str(path).lower().removesuffix('.gz')
    return os.path.splitext(name)[1]


def read_table(path, member=None):
    """A user's own file: a label and one or two texts in each row.

    Columns are found by name (``LABEL_NAMES``, ``TEXT_NAMES``) in a header
    or in the keys of JSON objects; without a header the label is first.

    Args:
        path (str): A file with an extension of ``PARSERS``, in UTF-8.

    Yields:
        Row

    Raises:
        DatasetError: With file and line, if a row is not like that.
    """
    with _open(path, member) as stream:
        records = PARSERS[kind_of(path)](_lines(stream, path), path)
        yield from _rows(records, path)


def find_tables(path):
    """Files of a user's data set.

    Args:
        path (str): A file, or a folder with ``train.*`` and perhaps
            ``dev.*`` or ``valid.*`` and ``test.*``.

    Returns:
        dict: ``train`` and perhaps ``valid``, ``test`` -> path; a single
        file is the training file.

    Raises:
        DatasetError: If no file or more than one could be meant.
    """
    kinds = f'{", ".join(PARSERS)} (perhaps with .gz)'
    if not os.path.isdir(path):
        if kind_of(path) not in PARSERS:
            raise DatasetError(f'{path} is none of {kinds}; convert or '
                               'rename it')
        return {'train': path}
    files = {}
    for split, stems in FOLDER_FILES.items():
        found = [name for name in sorted(os.listdir(path))
                 if name.split('.')[0] in stems and kind_of(name) in PARSERS]
        if len(found) > 1:
            raise DatasetError(f'{path} has both {" and ".join(found)}; '
                               'leave one of them')
        if found:
            files[split] = os.path.join(path, found[0])
    if 'train' not in files:
        raise DatasetError(f'{path} holds no file named train with one of '
                           f'the extensions {kinds}')
    return files
