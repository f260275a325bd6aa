"""A user's own files: TSV, CSV or JSON lines, perhaps gzipped."""
import csv
import itertools
import json
import math
import os

from files.rows import (
    DatasetError,
    Row,
    as_dataset_errors,
    display_name,
    numbered_lines,
    opening,
)

# What a user's columns may be called; the first that fits is taken.
LABEL_NAMES = 'label', 'gold_label'
TEXT_NAMES = (('text1', 'text2'), ('premise', 'hypothesis'),
              ('sentence1', 'sentence2'), ('text',), ('sentence',))
COLUMN_NAMES = {*LABEL_NAMES, *itertools.chain.from_iterable(TEXT_NAMES)}
# The columns of a file without a header, by their number.
HEADERS = {2: ('label', 'text'), 3: ('label', 'text1', 'text2')}

# A user's folder: split -> names its file may have before the extension.
FOLDER_FILES = {'train': ('train',), 'valid': ('dev', 'valid'),
                'test': ('test',)}


def parse_tsv(lines, where):
    """Splits lines at tabs; quotes mean nothing.

    Args:
        lines (iterable of tuple): Number and text of each line.
        where (str): The file, for messages.

    Yields:
        tuple: Number of the line, and list of its cells.
    """
    for number, line in lines:
        if line.strip():
            yield number, line.rstrip('\r\n').split('\t')


def parse_csv(lines, where):
    """Splits lines at commas; a quoted cell may hold commas and line feeds.

    Args:
        lines (iterable of tuple): Number and text of each line.
        where (str): The file, for messages.

    Yields:
        tuple: Number of the record's first line, and list of its cells.

    Raises:
        DatasetError: If it is not CSV.
    """
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


def parse_jsonl(lines, where):
    """Parses lines of one JSON object each.

    Args:
        lines (iterable of tuple): Number and text of each line.
        where (str): The file, for messages.

    Yields:
        tuple: Number of the line, and its object as a dict.

    Raises:
        DatasetError: If a line is no JSON object.
    """
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


PARSERS = {'.tsv': parse_tsv, '.csv': parse_csv, '.jsonl': parse_jsonl}


def rows_of(records, where, header=None):
    """Makes rows of records, by the names of their columns.

    Args:
        records (iterable of tuple): Number of the line, and a dict or a list
            of cells.
        where (str): The file, for messages.
        header (sequence of str or None): Names of the cells; without them
            the first record names them, or their number does
            (``HEADERS``).

    Yields:
        Row: The label ``-`` of a column ``gold_label`` becomes None.

    Raises:
        DatasetError: With file and line, if a record has other columns than
            it should, or other values.
    """
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


def _find_columns(record, where):
    """Names of the label's column and of the one or two of the texts."""
    label = next((name for name in LABEL_NAMES if name in record), None)
    texts = next((names for names in TEXT_NAMES
                  if record.keys() >= set(names)), None)
    if label is None or texts is None:
        missing = 'label' if label is None else 'text, nor text1 and text2'
        raise DatasetError(f'{where}: no column {missing}; the columns are '
                           f'{", ".join(map(repr, record))}')
    return label, *texts


def kind_of(path):
    """Extension of a user's file, without ``.gz``.

    Args:
        path (str or Path): The file.

    Returns:
        str: In lower case; a key of ``PARSERS`` if the file can be read.
    """
    name = str(path).lower().removesuffix('.gz')
    return os.path.splitext(name)[1]


def read_table(path, member=None):
    """Reads a label and one or two texts in each row.

    Columns are found by name (``LABEL_NAMES``, ``TEXT_NAMES``) in a header
    or in the keys of JSON objects; without a header the label is first.

    Args:
        path (str): A file in UTF-8, or an archive of such files.
        member (str or None): The file to read inside the archive.  Of path
            and member, the one that is the table has an extension of
            ``PARSERS``, and perhaps ``.gz`` behind it.

    Yields:
        Row: One for each line or record, the header left out.

    Raises:
        DatasetError: If the extension is another, or (with file and line) if
            a row is not like that.
    """
    where = display_name(path, member)
    parse = PARSERS.get(kind_of(member or path))
    if parse is None:
        raise _no_table(where)
    with opening(path, member) as stream:
        yield from rows_of(parse(numbered_lines(stream, where), where), where)


def _no_table(path):
    return DatasetError(f'{path} is none of {_kinds()}; convert or rename it')


def _kinds():
    return f'{", ".join(PARSERS)} (perhaps with .gz)'


def find_tables(path):
    """Finds the files of a user's data set.

    Args:
        path (str): A file, or a folder with ``train.*`` and perhaps
            ``dev.*`` or ``valid.*`` and ``test.*``.

    Returns:
        dict: ``train`` and perhaps ``valid``, ``test`` -> path; a single
        file is the training file.

    Raises:
        DatasetError: If no file or more than one could be meant.
    """
    if not os.path.isdir(path):
        if kind_of(path) not in PARSERS:
            raise _no_table(path)
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
                           f'the extensions {_kinds()}')
    return files


def find_labels(path):
    """Finds the labels that occur in a user's file.

    Args:
        path (str): A file with an extension of ``PARSERS``.

    Returns:
        tuple of str: At least two different labels, by value if all are
        finite numbers, else in alphabetical order.

    Raises:
        DatasetError: If there are fewer, or the file cannot be read.
    """
    with as_dataset_errors(path):
        labels = {row.label for row in read_table(path)}
    names = _sort_labels(labels - {None})
    if len(names) < 2:
        raise DatasetError(
            f'{path} has {len(names)} different labels {", ".join(names)}; a '
            'classifier needs at least two')
    return names


def _sort_labels(labels):
    """Sorts by value if all are finite numbers, else by alphabet."""
    try:
        values = {label: float(label) for label in labels}
    except ValueError:
        values = {}
    if not all(map(math.isfinite, values.values())):
        values = {}
    return tuple(sorted(labels, key=lambda name: (values.get(name), name)
                        if values else name))
