"""A user's own files: TSV, CSV or JSON lines, perhaps gzipped."""
import csv
import itertools
import json
import math
import os
import re

from files.columns import COLUMN_NAMES, Columns, Places, find_columns
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

LONGEST_NAME = 200  # characters: a longer label is a text in a wrong column
USUAL = Columns()
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
    """Splits lines at commas, or at semicolons if the first has no comma.

    A quoted cell may hold these and line feeds.

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
    texts = (line for _, line in lines)
    first = next(texts, '')
    reader = csv.reader(itertools.chain([first], texts), strict=True,
                        delimiter=_delimiter(first))
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


def _delimiter(line):
    """What the first line of a CSV file is split at: a spreadsheet writes
    semicolons where numbers have a decimal comma."""
    whole = line.count('"') % 2 == 0  # no quoted cell goes on below
    return ';' if whole and ';' in line and ',' not in line else ','


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


def rows_of(records, where, header=None, columns=USUAL):
    """Makes rows of records, by the names of their columns.

    Args:
        records (iterable of tuple): Number of the line, and a dict or a list
            of cells.
        where (str): The file, for messages.
        header (sequence of str or None): Names of the cells; without them
            the first record names them, or their number does
            (``HEADERS``).
        columns (Columns): What the user has chosen; if anything, the first
            record names the cells.

    Yields:
        Row: A label that is blank, or ``-`` in a column ``gold_label``,
        becomes None, as does JSON's ``null``.  A number (of JSON) is the
        same label however it is written: 1, 1.0 and 1e0 are ``1``.  JSON's
        ``true`` is the name ``True``.  Ids are read like labels.

    Raises:
        DatasetError: With file and line, if a record has other columns than
            it should, or other values: labels and ids are names of one line
            without control characters, or finite numbers; texts are anything
            that UTF-8 can hold.
    """
    seen = {None}
    for number, row, record, places in _placed(records, where, header,
                                               columns):
        at = f'{where}:{number}'
        try:
            label, *texts = [record[i] for i in (places.label, *places.texts)]
        except KeyError as error:
            raise DatasetError(f'{at}: no {error}; the rows before have '
                               'it') from error
        name = _name_of(label)
        if name not in seen:
            _check_name(name, label, 'label', at)
            seen.add(name)
        texts = tuple(['' if text is None else text for text in texts])
        for text in texts:
            if not isinstance(text, str) or not text.isascii():
                check_text(text, at)
        yield Row(number, None if places.gold and name == '-' else name,
                  texts, row=row, id=_id_of(record, places.id, at))


def _name_of(value):
    """A label or id as a name; None without one, '' if it cannot be one."""
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, float):
        if not math.isfinite(value):
            return ''
        if value.is_integer() and abs(value) < EXACT:
            value = int(value)  # numbers that are equal have one name
    if isinstance(value, (int, float)):
        return str(value)
    return None if value is None else ''


def _check_name(name, value, what, at):
    if not name:
        raise DatasetError(f'{at}: the {what} {shortened(value)} is none; '
                           'it must be a name or a finite number')
    if len(name) > LONGEST_NAME or CONTROL.search(name):
        raise DatasetError(
            f'{at}: the {what} {shortened(value)} must be one line of at '
            f'most {LONGEST_NAME} characters, none of them a control '
            'character')


def _id_of(record, place, at):
    """The id of a record, None where it has none."""
    if place is None:
        return None
    value = record.get(place) if isinstance(record, dict) else record[place]
    name = _name_of(value)
    if name is not None:
        _check_name(name, value, 'id', at)
    return name


def _placed(records, where, header, columns):
    """Yields the line, the row and the cells of each record, and where to
    find what in them."""
    places, n_more = None, 0  # lines that follow the first of a row
    for number, record in records:
        at = f'{where}:{number}'
        names_cells = False
        if places is None:
            names, names_cells = _names_in(record, header, columns, at)
            places = find_columns(names, columns, at)
            if isinstance(record, dict):
                places = Places(names[places.label], [
                    names[i] for i in places.texts], (
                        None if places.id is None else names[places.id]),
                    places.gold)
        if isinstance(record, list) and len(record) != len(names):
            raise DatasetError(f'{at}: {len(record)} columns where there '
                               f'should be {len(names)}')
        if not names_cells:
            yield number, number - n_more, record, places
        if isinstance(record, list):
            n_more += sum(cell.count('\n') for cell in record)


def _names_in(record, header, columns, at):
    """Names of the columns, and whether they are this record itself."""
    if isinstance(record, dict):
        return list(record), False
    if header is not None:
        return list(header), False
    if columns.chosen or COLUMN_NAMES.intersection(
            cell.strip().lower() for cell in record):
        return record, True
    if len(record) not in HEADERS:
        raise DatasetError(
            f'{at}: {len(record)} columns; without a header a row is a label '
            f'and one or two texts; of a header with the names '
            f'{listed(record)} choose with `text_column` and `label_column`',
            'text_column', 'label_column')
    return list(HEADERS[len(record)]), False


def kind_of(path):
    """Extension of a user's file, without ``.gz``.

    Args:
        path (str or Path): The file.

    Returns:
        str: In lower case; a key of ``PARSERS`` if the file can be read.
    """
    name = str(path).lower().removesuffix('.gz')
    return os.path.splitext(name)[1]


def dataset_title(dataset):
    """Names a data set.

    Args:
        dataset (str): As in ``args.json`` or a record: a name such as
            ``'stsa.binary'``, or the path of a file or folder.

    Returns:
        str: The name; of a path the file's, without ``.csv`` and the like.
    """
    parts = [part for part in re.split(r'[/\\]', str(dataset))
             if part not in ('', '.', '..')]
    name = parts[-1] if parts else 'your own data'
    for ending in ('.gz', *PARSERS):
        if name.lower().endswith(ending) and len(name) > len(ending):
            name = name[:-len(ending)]
    return name


def read_table(path, member=None, columns=USUAL):
    """Reads a label and one or two texts in each row.

    Columns are found by name (``files.columns``) in a header or in the keys
    of JSON objects; without a header the label is first.

    Args:
        path (str): A file in UTF-8, or an archive of such files.
        member (str or None): The file to read inside the archive.  Of path
            and member, the one that is the table has an extension of
            ``PARSERS``, and perhaps ``.gz`` behind it.
        columns (Columns): What the user has chosen.

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
        yield from rows_of(parse(numbered_lines(stream, where), where), where,
                           columns=columns)


def _no_table(path):
    return DatasetError(f'{path} is none of {_kinds()}; save it as one of '
                        'them, in UTF-8')


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
