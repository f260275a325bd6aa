"""A user's own files: TSV, CSV or JSON lines, perhaps gzipped."""
import csv
import itertools
import json
import math
import os

from files.rows import (
    CONTROL,
    DatasetError,
    Row,
    check_text,
    display_name,
    listed,
    numbered_lines,
    shortened,
)
from files.streams import LONGEST_LINE, as_dataset_errors, check_path, opening

# What a user's columns may be called; the first that fits is taken.
LABEL_NAMES = 'label', 'gold_label'
TEXT_NAMES = (('text1', 'text2'), ('premise', 'hypothesis'),
              ('sentence1', 'sentence2'), ('text',), ('sentence',))
COLUMN_NAMES = {*LABEL_NAMES, *itertools.chain.from_iterable(TEXT_NAMES)}
LONGEST_LABEL = 200  # characters: a longer one is a text in a wrong column
EXACT = 1 << 53  # below, each whole number is a float of its own
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
        DatasetError: If it is not CSV, as where a quote is never closed.
    """
    # This limit is one of the whole process, and too low for a chapter.
    csv.field_size_limit(max(csv.field_size_limit(), LONGEST_LINE))
    reader = csv.reader((line for _, line in lines), strict=True)
    number = 1
    try:
        for cells in reader:
            if any(cells):
                yield number, cells
            number = reader.line_num + 1
    except csv.Error as error:
        raise DatasetError(f'{where}:{number}: not CSV ({error}); quote texts '
                           'with commas, double the quotes inside and close '
                           'each quote') from error


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
            raise DatasetError(f'{where}:{number}: {shortened(line.strip())} '
                               'is no JSON object; each line is one')
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
        Row: The label ``-`` of a column ``gold_label`` becomes None.  A
        number (of JSON) is the same label however it is written: 1, 1.0 and
        1e0 are ``1``.  JSON's ``true`` is the name ``True``.

    Raises:
        DatasetError: With file and line, if a record has other columns than
            it should, or other values: labels are names of one line without
            control characters, or finite numbers; texts are anything that
            UTF-8 can hold.
    """
    columns, seen = None, set()
    for number, record in _named(records, where, header):
        columns = columns or _find_columns(record, f'{where}:{number}')
        try:
            label, *texts = [record[name] for name in columns]
        except KeyError as error:
            raise DatasetError(f'{where}:{number}: no {error}; the rows '
                               'before have it') from error
        name = label.strip() if isinstance(label, str) else _as_name(label)
        if name not in seen:
            _check_label(name, label, f'{where}:{number}')
            seen.add(name)
        texts = tuple(['' if text is None else text for text in texts])
        for text in texts:
            if not isinstance(text, str) or not text.isascii():
                check_text(text, f'{where}:{number}')
        no_gold = name == '-' and columns[0] == 'gold_label'
        yield Row(number, None if no_gold else name, texts)


def _as_name(label):
    """A label of JSON as a name, or nothing if it cannot be one."""
    if isinstance(label, float):
        if not math.isfinite(label):
            return ''
        if label.is_integer() and abs(label) < EXACT:
            label = int(label)  # numbers that are equal have one name
    return str(label) if isinstance(label, (int, float)) else ''


def _check_label(name, label, where):
    if not name:
        raise DatasetError(f'{where}: the label {shortened(label)} is none; '
                           'it must be a name or a finite number')
    if len(name) > LONGEST_LABEL or CONTROL.search(name):
        raise DatasetError(
            f'{where}: the label {shortened(label)} must be one line of at '
            f'most {LONGEST_LABEL} characters, none of them a control '
            'character')


def _named(records, where, header):
    """Records as dicts; lists of cells get their names from the header."""
    for number, record in records:
        if isinstance(record, dict):
            yield number, record
            continue
        if header is None:
            header = [cell.strip().lower() for cell in record]
            if COLUMN_NAMES.intersection(header):
                _check_header(header, f'{where}:{number}')
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


def _check_header(header, where):
    twice = [name for name in sorted(COLUMN_NAMES) if header.count(name) > 1]
    if twice:
        raise DatasetError(f'{where}: more than one column {twice[0]}; leave '
                           'one of them')


def _find_columns(record, where):
    """Names of the label's column and of the one or two of the texts."""
    label = next((name for name in LABEL_NAMES if name in record), None)
    texts = next((names for names in TEXT_NAMES
                  if record.keys() >= set(names)), None)
    if label is None or texts is None:
        missing = 'label' if label is None else 'text, nor text1 and text2'
        raise DatasetError(f'{where}: no column {missing}; the columns are '
                           f'{listed(record)}')
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
    check_path(path)
    if not os.path.isdir(path):
        if kind_of(path) not in PARSERS:
            raise _no_table(path)
        return {'train': path}
    files = {}
    with as_dataset_errors(path):
        names = sorted(os.listdir(path))
    for split, stems in FOLDER_FILES.items():
        found = [name for name in names if name.split('.')[0] in stems
                 and kind_of(name) in PARSERS]
        if len(found) > 1:
            raise DatasetError(f'{path} has both {" and ".join(found)}; '
                               'leave one of them')
        if found:
            files[split] = os.path.join(path, found[0])
    if 'train' not in files:
        raise DatasetError(f'{path} holds no file named train with one of '
                           f'the extensions {_kinds()}')
    return files


def sort_labels(labels, path):
    """Orders the labels that occur in a user's training file.

    Args:
        labels (iterable of str): Different names, in any order.
        path (str): The file, for messages.

    Returns:
        tuple of str: At least two, by value if all are finite numbers, else
        in alphabetical order.

    Raises:
        DatasetError: If there are fewer, or two numbers differ in nothing
            but how they are written.
    """
    values = _as_numbers(labels)
    names = tuple(sorted(labels, key=lambda name: (values.get(name), name)
                         if values else name))
    if len(names) < 2:
        raise DatasetError(
            f'{path} has {len(names)} different labels {", ".join(names)}; a '
            'classifier needs at least two')
    seen = {}
    for name in names if values else ():
        other = seen.setdefault(_number(name), name)
        if other != name:
            raise DatasetError(f'{path} has the labels {other} and {name}, '
                               'which are the same number; write them alike')
    return names


def _number(name):
    """A number's value; whole numbers are exact, however long."""
    try:
        return int(name)
    except ValueError:
        return float(name)


def _as_numbers(labels):
    """Values of labels that are all finite numbers, else nothing."""
    try:
        values = {label: float(label) for label in labels}
    except ValueError:
        return {}
    return values if all(map(math.isfinite, values.values())) else {}
