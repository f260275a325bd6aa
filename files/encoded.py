"""The examples of a data file as arrays of ids, and on the disk.

In this form 550,000 pairs take some tens of megabytes, and nothing has to be
tokenized to get the texts back.
"""
import itertools
import json
import sys
from typing import NamedTuple

import numpy as np

from files.rows import TableRow
from files.tokens import numbering

ARRAYS = 'ids', 'lengths', 'labels', 'groups', 'ratings', 'rows'
OTHERS = 'words', 'names', 'own_ids', 'without_text', 'without_label'
DESCRIPTION = 'description.json'
BLOCK = 1 << 15  # texts that are turned into tokens at a time


class Encoded(NamedTuple):
    """n examples of one or two texts.

    Attributes:
        words (list of str): Different words, and all that occur.
        ids (ndarray): Unsigned integers (T,), positions in ``words``, text
            by text.
        lengths (ndarray): Int32 (n, 1) or (n, 2), tokens of each text.
        labels (ndarray): Int64 (n,).
        groups (ndarray): Int64 (n,), equal for rows of one group; -1 for
            none.
        ratings (ndarray): Float64 (n, 2), mean and deviation; (0, 2) where
            there are none.
        rows (ndarray): Int64 (n,), ``Row.row`` of each.
        names (list of str): Labels as they stand in the file, by the order
            in which they first occur, where these give the numbers; else
            empty.
        own_ids (list): ``Row.id`` of each; empty where all are None.
        without_text, without_label (int): Rows left out because a text has
            no tokens, or else because there is no label.
    """

    words: list
    ids: np.ndarray
    lengths: np.ndarray
    labels: np.ndarray
    groups: np.ndarray
    ratings: np.ndarray
    rows: np.ndarray
    names: list
    own_ids: list
    without_text: int
    without_label: int

    def texts(self):
        """The texts of each example.

        Returns:
            list of tuple: One or two texts each, tuples of interned tokens.
        """
        words = np.array([*map(sys.intern, self.words), None], object)[:-1]
        lengths = self.lengths.ravel()
        ends = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
        found = []
        for first in range(0, len(lengths), BLOCK):
            last = min(first + BLOCK, len(lengths))
            tokens = iter(words[self.ids[ends[first]:ends[last]]].tolist())
            found += [tuple(itertools.islice(tokens, n))
                      for n in lengths[first:last].tolist()]
        sides = iter(found)
        return list(zip(*[sides] * self.lengths.shape[1], strict=True))

    def table_rows(self):
        """list of TableRow: Where each example stands in the file."""
        ids = self.own_ids or itertools.repeat(None)
        return list(map(TableRow, self.rows.tolist(), ids))

    def group_names(self):
        """list: Group of each example; None for one by itself."""
        return [None if group < 0 else group for group in
                self.groups.tolist()]

    def rating_pairs(self):
        """list: Rating (mean, deviation) of each example, or None."""
        if not len(self.ratings):
            return [None] * len(self.labels)
        return list(map(tuple, self.ratings.tolist()))


class Builder:
    """Puts examples together, batch by batch."""

    def __init__(self):
        self._words, self._groups = numbering(), numbering()
        self._ids, self._lengths = [], []
        self._rows = {'labels': [], 'groups': [], 'ratings': [], 'rows': []}
        self._own_ids = []
        self.without_text = self.without_label = 0

    def add(self, tokens, lengths, kept, labels, rows):
        """Adds some examples of a batch.

        Args:
            tokens (Tokens): Of all rows of the batch.
            lengths (ndarray): Int (rows, 1) or (rows, 2), of their texts.
            kept (ndarray): Bool (rows,); the others are counted.
            labels (list of int): Of those that are kept.
            rows (list of Row): Those that are kept.
        """
        places = np.array([self._words[word] for word in tokens.words],
                          np.uint32)
        of_kept = np.repeat(kept, lengths.sum(axis=1))
        self._ids.append(places[tokens.ids[of_kept]])
        self._lengths.append(lengths[kept].astype(np.int32))
        with_text = lengths.all(axis=1)
        self.without_text += int((~with_text).sum())
        self.without_label += int((with_text & ~kept).sum())
        self._rows['labels'] += labels
        for row in rows:
            self._rows['groups'].append(
                -1 if row.group is None else self._groups[row.group])
            if row.rating is not None:
                self._rows['ratings'].append(row.rating)
            self._rows['rows'].append(row.row)
            self._own_ids.append(row.id)

    def __len__(self):
        return len(self._rows['labels'])

    def encoded(self, names):
        """All that was added, at least one example.

        Args:
            names (list of str): As for ``Encoded``.

        Returns:
            Encoded: It.
        """
        kind = np.min_scalar_type(len(self._words))  # compact
        return Encoded(
            list(self._words), np.concatenate(self._ids, dtype=kind,
                                              casting='unsafe'),
            np.concatenate(self._lengths),
            np.array(self._rows['labels'], np.int64),
            np.array(self._rows['groups'], np.int64),
            np.array(self._rows['ratings'], float).reshape(-1, 2),
            np.array(self._rows['rows'], np.int64), list(names),
            self._own_ids if any(self._own_ids) else [],
            self.without_text, self.without_label)


def write(folder, encoded):
    """Writes examples.

    Args:
        folder (Path): An empty folder.
        encoded (Encoded): The examples.
    """
    for name in ARRAYS:
        np.save(folder / f'{name}.npy', getattr(encoded, name))
    # ASCII: no token is beyond it
    (folder / DESCRIPTION).write_text(json.dumps({
        name: getattr(encoded, name) for name in OTHERS}))


def read(folder):
    """Reads what ``write`` wrote.

    Args:
        folder (Path): The folder, which is as it was written.

    Returns:
        Encoded: The arrays are mapped from the disk.
    """
    arrays = {name: np.load(folder / f'{name}.npy', mmap_mode='r',
                            allow_pickle=False) for name in ARRAYS}
    return Encoded(**arrays,
                   **json.loads((folder / DESCRIPTION).read_bytes()))
