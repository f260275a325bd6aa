"""What the readers of data files share: rows, lines, errors.

A reader is a function of ``(path, member)`` that yields the rows of one file;
``member`` is the file to read inside an archive, or None.
"""
import re
import reprlib
from typing import NamedTuple

from errors import UserError

# Line ends, terminal escapes and other control characters, what turns the
# order of letters, and what UTF-8 cannot hold.  Labels have none of them.
CONTROL = re.compile('[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e'
                     '\u2066-\u2069\ud800-\udfff]')


# What a file that is not UTF-8 is known by.
BEGINNINGS = {b'PK\x03\x04': 'a zip archive, as .xlsx and .ods files are',
              b'\xff\xfe': 'UTF-16', b'\xfe\xff': 'UTF-16'}


class DatasetError(UserError):
    """A data file that is missing, damaged or not as it should be."""


class Row(NamedTuple):
    """An example as it stands in a file.

    Attributes:
        number (int): Its line from 1, or its place in the archive.
        label (str or None): As in the file; rows with None are dropped.
        texts (tuple of str): One or two.
        group (str or None): Rows of one group belong into one split; a row
            with None is a group by itself.
        rating (tuple or None): Mean and standard deviation of people's
            ratings.
        row (int): Of a table, where a spreadsheet shows it: counted from 1,
            header and blank lines with the others, a row of several lines
            once.
        id (str or None): What the file calls it.
    """

    number: int
    label: object
    texts: tuple
    group: object = None
    rating: object = None
    row: int = 0
    id: object = None


class TableRow(NamedTuple):
    """Where a user finds an example in a table.

    Attributes:
        row (int): ``Row.row``.
        id (str or None): ``Row.id``.
    """

    row: int
    id: object = None


def display_name(path, member):
    """How messages name a file or a member of an archive.

    Args:
        path (str): The file or archive.
        member (str or None): The member.

    Returns:
        str: ``path`` or ``path:member``.
    """
    return f'{path}:{member}' if member else path


def shortened(value):
    """Writes a value from a file for a message.

    Args:
        value (object): Whatever stands in the file, however long.

    Returns:
        str: Its ``repr``, the middle left out where it is long.
    """
    return _SHORT.repr(value)


def listed(values, most=20):
    """Writes values from a file for a message.

    Args:
        values (iterable of object): Whatever stands in the file.
        most (int): How many to write; of others only their number.

    Returns:
        str: Their ``shortened`` forms.
    """
    values = list(values)
    said = ', '.join(map(shortened, values[:most]))
    more = len(values) - most
    return f'{said} and {more:,} more' if more > 0 else said


_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 60


def check_text(text, where):
    """Checks that a value is a text that can be written again.

    Args:
        text (object): What stands where a text should.
        where (str): Where it stands, for the message.

    Raises:
        DatasetError: If it is no str, or has lone surrogates (JSON's
            ``\\ud800``), which UTF-8 does not have.
    """
    if not isinstance(text, str):
        raise DatasetError(f'{where}: the text {shortened(text)} must be a '
                           'string')
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise DatasetError(
            f'{where}: the text has {text[error.start]!a}, half of a '
            'character, which UTF-8 cannot hold; mend or drop it') from error


def numbered_lines(stream, where=None):
    """Decodes a stream, split at line feeds only.

    Args:
        stream (iterable of bytes): Lines in UTF-8, perhaps with a byte order
            mark.
        where (str or None): Name of a user's file, where bytes that are not
            UTF-8 are an error.  Without it they are left out, as in the
            released code.

    Yields:
        tuple: Number of the line from 1, and the line as str.

    Raises:
        DatasetError: If a user's file is not UTF-8.
    """
    for number, line in enumerate(stream, 1):
        try:
            text = line.decode(errors='strict' if where else 'ignore')
        except UnicodeDecodeError as error:
            kind = next((kind for bytes_, kind in BEGINNINGS.items()
                         if number == 1 and line.startswith(bytes_)),
                        error.reason)
            raise DatasetError(
                f'{where}:{number}: not UTF-8 ({kind}); save the file with '
                'UTF-8 encoding, from a spreadsheet as "CSV UTF-8"'
            ) from error
        yield number, text.removeprefix('\ufeff') if number == 1 else text


def columns_of(records, where, names):
    """Takes the columns that a header names, whatever their order.

    Args:
        records (iterable of tuple): Number of the line, and list of cells;
            the first are the header.
        where (str): The file, for messages.
        names (sequence of str): The columns to take.

    Yields:
        tuple: Number of the line, and list of the cells in these columns.

    Raises:
        DatasetError: With file and line, if the header lacks a column or has
            it twice, or a row is shorter or longer than the header.
    """
    header = None
    for number, cells in records:
        if header is None:
            header = cells
            places = [_place(name, header, f'{where}:{number}')
                      for name in names]
            continue
        if len(cells) != len(header):
            raise DatasetError(f'{where}:{number}: {len(cells)} columns where '
                               f'there should be {len(header)}')
        yield number, [cells[i] for i in places]
    if header is None:
        raise DatasetError(f'{where} is empty; its first line should name the '
                           f'columns {", ".join(names)}')


def _place(name, header, where):
    """Where a column stands."""
    if header.count(name) != 1:
        raise DatasetError(
            f'{where}: {header.count(name)} columns are called {name}, but '
            f'there must be one; the columns are {listed(header)}')
    return header.index(name)
