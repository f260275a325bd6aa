"""Data sets: where they are, how they are read, how they are split.

``DATASETS`` has one row for each published data set (``files.catalogue``),
and a user's own file or folder becomes such a row.  ``load_dataset`` turns a
row into a ``Dataset`` of tokenized training, validation, calibration and test
examples without overlap.
"""
import functools
import hashlib
import json
import os
from typing import NamedTuple

import numpy as np

from errors import UserError
from files import labels as label_order
from files import reading, splits, tables
from files.catalogue import DATASETS, Source
from files.columns import check_columns
from files.downloads import Requirement, find_file, place_of
from files.rows import DatasetError
from files.streams import check_path


class Example(NamedTuple):
    """One or two texts and their label.

    Attributes:
        texts (tuple of tuple): One or two, each the tokens as str.
        label (int): From 0 to C - 1.
    """

    texts: tuple
    label: int


class Dataset(NamedTuple):
    """A data set, tokenized and split; the splits do not overlap.

    Attributes:
        name (str): As in ``DATASETS``, or a user's path.
        label_names (tuple of str): C names, in the order of the labels.
        train (list of Example): In the published order.
        valid (list of Example): In the published order.
        calib (list of Example): In the order of ``calib_positions``.
        test (list of Example): In the published order.
        calib_positions (list of int): Where the calibration examples stand
            among the published training examples, dropped rows not counted.
        valid_positions (list of int): Where the validation examples stand
            there; empty if there is a validation file.
        dropped (int): Number of rows left out: empty texts and rows without
            a label (SNLI's ``-``, neutral tweets, a mean rating of zero).
        ratings (dict or None): For ``vader.*``: split -> list of (mean,
            standard deviation) of people's ratings from -4 to 4, one for
            each example.
        without_text (int): How many of the dropped rows have an empty text;
            the others have no label.
        table_rows (dict or None): Of a user's own data: split -> list of
            ``files.rows.TableRow``, where each example stands in its file.
    """

    name: str
    label_names: tuple
    train: list
    valid: list
    calib: list
    test: list
    calib_positions: list
    valid_positions: list
    dropped: int
    ratings: object = None
    without_text: int = 0
    table_rows: object = None

    @property
    def pair(self):
        """bool: Whether each example has two texts."""
        return len(self.train[0].texts) == 2

    def source_of(self, split, i):
        """Where example i of a split stands in its file, as JSON has it.

        Args:
            split (str or None): Name of the split; None for a text of none.
            i (int): Position there.

        Returns:
            dict: ``source`` -> ``row`` and, if there is one, ``id``; empty
            but for a user's own data.
        """
        if split is None or self.table_rows is None:
            return {}
        row, own = self.table_rows[split][i]
        return {'source': {'row': row, **({'id': own} if own else {})}}


class _Part(NamedTuple):
    """What a file gives: lists of one length, and the rows left out."""

    examples: list
    groups: list
    ratings: list
    rows: list
    without_text: int
    without_label: int

    def at(self, positions):
        return self._replace(**{
            name: list(map(getattr(self, name).__getitem__, positions))
            for name in ('examples', 'ratings', 'rows')})


def at_hand(data_dir=None):
    """The published data sets that need no download.

    Args:
        data_dir (str or None): As for ``load_dataset``.

    Returns:
        list of str: Names in ``DATASETS``.
    """
    return [name for name, source in DATASETS.items() if all(
        place_of(file, data_dir) for file, _ in source.files.values())]


def load_dataset(name, data_dir=None, char_based=False, seed=0,
                 calib_size=1000, calib_positions=None, cache=None,
                 columns=tables.USUAL):
    """Loads, tokenizes and splits a data set.

    The test examples are the published test file, else a tenth of all; the
    validation examples are the published validation file, else a tenth of
    the training data.  What is not published is drawn with the seed.

    SNLI pairs with a common premise, vader snippets of one review or
    editorial, and tweets of the same tokens are drawn together.  Otherwise
    calibration examples would have near copies among the training examples
    and test examples would not: compared with them, all p-values of the test
    examples would be too low.

    Args:
        name (str): A key of ``DATASETS``, or the path of a user's TSV, CSV or
            JSONL file, or of a folder with ``train.*`` and perhaps
            ``dev.*`` or ``valid.*`` and ``test.*``.
        data_dir (str or None): Folder with the published files; by default
            the one that the environment variable ``DKNN_DATA`` names.  What
            is not there is downloaded into Chainer's data set folder.
        char_based (bool): Whether the characters are the tokens.
        seed (int): Of the splits; nothing else is random.
        calib_size (int): Number of calibration examples, at most a fifth of
            the training data.
        calib_positions (list of int or None): Take exactly these as the
            calibration examples.  With the positions of a data set loaded
            before, and its seed, all splits are the same.
        cache (files.cached.Cache): Where files that were read before are
            looked up, and large ones kept; None for nowhere.  What is
            returned is the same.
        columns (Columns): Those of a user's own files that are read.

    Returns:
        Dataset: None of its splits is empty but ``calib``, where none are
        asked for.

    Raises:
        DatasetError: If files are missing, not as they should be, or small.
        UserError: If calibration size or positions make no sense.
    """
    source = _source(name, columns)
    parts, names = _load_parts(source, data_dir, char_based, cache)
    train = parts['train']
    if len({len(part.examples[0].texts) for part in parts.values()}) > 1:
        raise DatasetError(f'{name} has one text in some of its files and '
                           'two in others; all need the same')
    positions = splits.split(train.groups, parts, seed, calib_size,
                             calib_positions)
    splits.check_sizes(positions, name,
                       calib_size if calib_positions is None else 0)
    drawn = {split: train.at(places) for split, places in positions.items()}
    drawn.update((split, part) for split, part in parts.items()
                 if split != 'train')
    without_text = sum(part.without_text for part in parts.values())
    return Dataset(
        str(name), names,
        **{split: part.examples for split, part in drawn.items()},
        calib_positions=positions['calib'],
        valid_positions=positions.get('valid', []),
        dropped=without_text + sum(part.without_label
                                   for part in parts.values()),
        ratings=None if train.ratings[0] is None else {
            split: part.ratings for split, part in drawn.items()},
        without_text=without_text,
        table_rows=None if source.labels is not None else {
            split: part.rows for split, part in drawn.items()})


def count_repeated(dataset):
    """Counts examples with the same texts as one before, all splits together.

    Args:
        dataset (Dataset): A data set.

    Returns:
        int: Whatever their labels; they are in it.
    """
    texts = [example.texts for split in (
        dataset.train, dataset.valid, dataset.calib, dataset.test)
        for example in split]
    return len(texts) - len(set(texts))


def fingerprint(dataset):
    """Computes a digest of what a model is trained, calibrated, tested on.

    It covers tokens and labels of ``train``, ``calib`` and ``test``, in their
    order, and is the same on every machine.

    Args:
        dataset (Dataset): A data set.

    Returns:
        str: SHA256 in hexadecimal.
    """
    digest = hashlib.sha256()
    for split in (dataset.train, dataset.calib, dataset.test):
        digest.update(b'%d\n' % len(split))
        for example in split:
            line = json.dumps([example.label, example.texts])  # ASCII
            digest.update(line.encode() + b'\n')
    return digest.hexdigest()


def _load_parts(source, data_dir, char_based, cache):
    """All files of a data set, and the names of its labels."""
    names, labels, parts = source.label_names, source.labels, {}
    for split, (file, member) in source.files.items():
        path = file if source.origin is None else find_file(
            file, source.origin, data_dir, _advice(source.origin))
        found = _encoded(source, path, member, labels, char_based, cache)
        if labels is None:  # the training file comes first
            names = label_order.sort_labels(found.names, file)
            labels = {name: i for i, name in enumerate(names)}
            order = np.array([labels[name] for name in found.names])
            found = found._replace(labels=order[found.labels])
        parts[split] = _Part(
            list(map(Example, found.texts(), found.labels.tolist())),
            found.group_names(), found.rating_pairs(), found.table_rows(),
            found.without_text, found.without_label)
    return parts, names


def _encoded(source, path, member, labels, char_based, cache):
    """The examples of one file, read now or before."""
    def read():
        return reading.read_examples(source.read, path, member, labels,
                                     source.raw, char_based)

    if cache is None:
        return read()
    settings = [member, labels, source.raw, char_based]
    return cache.get(path, settings, source.read, read)


def _advice(origin):
    """Which data sets can be had where an address cannot be reached."""
    if isinstance(origin, Requirement):
        return ''
    names = [name for name, source in DATASETS.items()
             if isinstance(source.origin, Requirement)]
    return f'what pip can install is enough for {", ".join(names)}'


def _source(name, columns):
    """A row of ``DATASETS``, or a user's file or folder as one."""
    check_columns(columns)
    if name not in DATASETS:
        return _user_source(name, columns)
    for argument in columns.chosen:
        raise UserError(f'`{argument}` is for your own files, but the columns '
                        f'of {name} are known; leave it out', argument)
    return DATASETS[name]


def _user_source(path, columns):
    check_path(path)
    if not os.path.lexists(path):
        raise DatasetError(f'there is no data set and no file {path}; the '
                           f'data sets are {", ".join(sorted(DATASETS))}')
    files = tables.find_tables(os.fspath(path))
    return Source(None, None, {split: (file, None) for split, file in
                               files.items()}, functools.partial(
                                   tables.read_table, columns=columns), None)
