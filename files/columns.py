"""Which columns of a user's table are its label, its texts and its id."""
import itertools
import unicodedata
from typing import NamedTuple

from errors import ArgumentError
from files.rows import DatasetError, listed, shortened

# What a user's columns may be called; the first that fits is taken.
LABEL_NAMES = 'label', 'gold_label'
TEXT_NAMES = (('text1', 'text2'), ('premise', 'hypothesis'),
              ('sentence1', 'sentence2'), ('text',), ('sentence',))
COLUMN_NAMES = {*LABEL_NAMES, *itertools.chain.from_iterable(TEXT_NAMES)}


class Columns(NamedTuple):
    """Names of columns that a user has chosen; None for the usual ones.

    Attributes:
        text_column (sequence of str): Of the texts, one or two.
        label_column (str): Of the label.
        id_column (str): Of the user's own name for a row; None for none.
    """

    text_column: object = None
    label_column: object = None
    id_column: object = None

    @property
    def chosen(self):
        """dict: Argument -> list of the names given for it."""
        return {argument: [names] if isinstance(names, str) else list(names)
                for argument, names in zip(self._fields, self, strict=True)
                if names is not None}


class Places(NamedTuple):
    """Where columns stand: positions of cells, or keys of JSON objects.

    Attributes:
        label (int or str): Of the label.
        texts (list): Of one or two texts.
        id (int or str): Of the id; None for none.
        gold (bool): Whether the label ``-`` says that there is none, as in
            SNLI.
    """

    label: object
    texts: list
    id: object
    gold: bool


def check_columns(columns):
    """Checks names before a file is opened.

    Args:
        columns (Columns): As given.

    Raises:
        ArgumentError: If there are more than two texts, or a name is no text
            that UTF-8 can hold.
    """
    for argument, names in columns.chosen.items():
        most = 2 if argument == 'text_column' else 1
        if not 1 <= len(names) <= most:
            raise ArgumentError(
                argument, names, 'are not the names of one column, or of two '
                'for pairs of texts; name as many')
        for name in names:
            try:
                name.encode()
            except (AttributeError, UnicodeEncodeError):
                raise ArgumentError(
                    argument, name, 'is no name of a column; give it as it '
                    'stands in the header') from None


def find_columns(names, columns, where):
    """Finds the columns that are read.

    A name is compared without white space around it; upper and lower case
    count only where columns differ by nothing else.

    Args:
        names (list of str): All columns: the cells of a header, or the keys
            of an object.
        columns (Columns): What the user has chosen.
        where (str): File and line, for messages.

    Returns:
        Places: Positions in ``names``.

    Raises:
        DatasetError: If one is missing, is there twice, or is meant twice.
    """
    given = columns.chosen
    for argument, chosen in given.items():
        for name in chosen:
            if not _matching(name, names):
                raise DatasetError(
                    f'{where}: `{argument}`: no column {shortened(name)}; '
                    'the columns, as the first line names them, are '
                    f'{listed(names)}; choose from these', argument)
    label, = given.get('label_column') or [_usual_label(names, where)]
    texts = given.get('text_column') or _usual_texts(names, where)
    own = given.get('id_column') or []
    found = [_only(name, names, where) for name in (label, *texts, *own)]
    for i in found:
        if found.count(i) > 1:
            raise DatasetError(
                f'{where}: the column {shortened(names[i])} is meant twice; '
                'choose different ones with `text_column`, `label_column` '
                'and `id_column`', *Columns._fields)
    label, *others = found
    return Places(label, others[:len(texts)], others[-1] if own else None,
                  _folded(names[label]) == LABEL_NAMES[1])


def _usual_label(names, where):
    for name in LABEL_NAMES:
        if _matching(name, names):
            return name
    raise DatasetError(f'{where}: no column label; the columns are '
                       f'{listed(names)}; choose with `label_column`',
                       'label_column')


def _usual_texts(names, where):
    for texts in TEXT_NAMES:
        if all(_matching(name, names) for name in texts):
            return texts
    raise DatasetError(f'{where}: no column text, nor text1 and text2; the '
                       f'columns are {listed(names)}; choose with '
                       '`text_column`', 'text_column')


def _only(name, names, where):
    """The position of a column."""
    found = _matching(name, names)
    if len(found) > 1:
        raise DatasetError(f'{where}: more than one column '
                           f'{shortened(name)}; leave one of them')
    return found[0]


def _matching(name, names):
    """Positions of all columns of a name."""
    for form in (_plain, _folded):
        found = [i for i, other in enumerate(names)
                 if form(other) == form(name)]
        if found:
            return found
    return []


def _plain(name):
    """A name however its accents are encoded."""
    return unicodedata.normalize('NFC', name.strip())


def _folded(name):
    return _plain(name).casefold()
