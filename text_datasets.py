"""Data sets: where they are, how they are read, how they are split.

``DATASETS`` has one row for each published data set, and a user's own file
or folder becomes such a row.  ``load_dataset`` turns a row into a
``Dataset`` of tokenized training, validation, calibration and test
examples without overlap.
"""
import functools
import hashlib
import json
import os
from typing import NamedTuple

import numpy as np

from files import published, reading, splits, tables
from files.downloads import Requirement, find_file, place_of
from files.origins import DBPEDIA, HARVARD, IMDB, SNLI, TWEETS, VADER
from files.rows import DatasetError
from files.streams import check_path

POLARITY = 'negative', 'positive'
FINE = ('very negative', 'negative', 'neutral', 'positive', 'very positive')
TREC = ('description', 'entity', 'abbreviation', 'human', 'location',
        'numeric')
ENTAILMENT = 'entailment', 'neutral', 'contradiction'
ONTOLOGY = ('Company', 'EducationalInstitution', 'Artist', 'Athlete',
            'OfficeHolder', 'MeanOfTransportation', 'Building',
            'NaturalPlace', 'Village', 'Animal', 'Plant', 'Album', 'Film',
            'WrittenWork')


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

    @property
    def pair(self):
        """bool: Whether each example has two texts."""
        return len(self.train[0].texts) == 2


class Source(NamedTuple):
    """A row of ``DATASETS``.

    Attributes:
        label_names (tuple of str): In the order of the labels.  None, as
            ``labels``, for a user's own: its training file has them.
        labels (dict): Label as it stands in the file -> label.
        files (dict): ``train`` and perhaps ``valid``, ``test`` -> (file,
            member of that archive or None).
        read (function): A reader, as ``files.rows`` describes it.
        origin (Address, Requirement, ByHand or None): Where the files come
            from; None for a user's own, whose paths ``files`` has.
        raw (bool): Whether the texts still need a tokenizer.
        pair (bool): Whether an example of a published one has two texts.
    """

    label_names: tuple
    labels: dict
    files: dict
    read: object
    origin: object
    raw: bool = True
    pair: bool = False


class _Part(NamedTuple):
    """What a file gives: three lists of one length, and the rows dropped."""

    examples: list
    groups: list
    ratings: list
    dropped: int

    def at(self, positions):
        return (list(map(self.examples.__getitem__, positions)),
                list(map(self.ratings.__getitem__, positions)))


def _numbered(names, first=0):
    return {str(i): i - first for i in range(first, first + len(names))}


def _harvard(label_names, train, valid=None, test=None):
    files = {'train': train, 'valid': valid, 'test': test}
    return Source(
        label_names, _numbered(label_names),
        {split: (file, None) for split, file in files.items() if file},
        published.read_harvard, HARVARD, raw=False)


def _archive(label_names, labels, file, read, origin, **members):
    files = {split: (file, member) for split, member in members.items()}
    return Source(label_names, labels, files, read, origin)


def _imdb(label_names, labels):
    return _archive(label_names, labels, 'aclImdb_v1.tar.gz',
                    published.read_imdb, IMDB, train='aclImdb/train',
                    test='aclImdb/test')


def _vader(member):
    folder = 'hutto_ICWSM_2014'
    read = functools.partial(
        published.read_vader,
        inner=f'{VADER.stem}/additional_resources/{folder}.tar.gz')
    return _archive(POLARITY, {'negative': 0, 'positive': 1}, VADER.file,
                    read, VADER, train=f'{folder}/{member}')


DATASETS = {
    'TREC': _harvard(TREC, 'TREC.train.all', test='TREC.test.all'),
    'custrev': _harvard(POLARITY, 'custrev.all'),
    'mpqa': _harvard(POLARITY, 'mpqa.all'),
    'rt-polarity': _harvard(POLARITY, 'rt-polarity.all'),
    # sentences of reviews come first in the file, those of plots second
    'subj': _harvard(('subjective', 'objective'), 'subj.all'),
    'stsa.binary': _harvard(POLARITY, 'stsa.binary.train', 'stsa.binary.dev',
                            'stsa.binary.test'),
    'stsa.fine': _harvard(FINE, 'stsa.fine.train', 'stsa.fine.dev',
                          'stsa.fine.test'),
    'dbpedia': _archive(
        ONTOLOGY, _numbered(ONTOLOGY, first=1), 'dbpedia_csv.tar.gz',
        published.read_dbpedia, DBPEDIA, train='dbpedia_csv/train.csv',
        test='dbpedia_csv/test.csv'),
    # stars from 1 to 10; the middle two do not occur
    'imdb.binary': _imdb(POLARITY, {'1': 0, '2': 0, '3': 0, '4': 0,
                                    '7': 1, '8': 1, '9': 1, '10': 1}),
    'imdb.fine': _imdb(('1-2', '3-4', '7-8', '9-10'),
                       {'1': 0, '2': 0, '3': 1, '4': 1,
                        '7': 2, '8': 2, '9': 3, '10': 3}),
    'snli': _archive(
        ENTAILMENT, {name: i for i, name in enumerate(ENTAILMENT)},
        'snli_1.0.zip', published.read_snli, SNLI,
        train='snli_1.0/snli_1.0_train.jsonl',
        valid='snli_1.0/snli_1.0_dev.jsonl',
        test='snli_1.0/snli_1.0_test.jsonl')._replace(pair=True),
    'tweets': Source(
        POLARITY, {'negative': 0, 'positive': 1},
        {'train': ('rationales/tweet_sentiment_extraction.csv', None)},
        published.read_tweets, TWEETS),
    'vader.amazon': _vader('amazonReviewSnippets'),
    'vader.movie': _vader('movieReviewSnippets'),
    'vader.nyt': _vader('nytEditorialSnippets'),
    'vader.tweets': _vader('tweets'),
}


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
                 calib_size=1000, calib_positions=None, cache=None):
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

    Returns:
        Dataset: None of its splits is empty but ``calib``, where none are
        asked for.

    Raises:
        DatasetError: If files are missing, not as they should be, or small.
        UserError: If calibration size or positions make no sense.
    """
    source = DATASETS[name] if name in DATASETS else _user_source(name)
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
    drawn.update((split, (part.examples, part.ratings))
                 for split, part in parts.items() if split != 'train')
    ratings = {split: ratings for split, (_, ratings) in drawn.items()}
    return Dataset(
        str(name), names,
        **{split: examples for split, (examples, _) in drawn.items()},
        calib_positions=positions['calib'],
        valid_positions=positions.get('valid', []),
        dropped=sum(part.dropped for part in parts.values()),
        ratings=None if train.ratings[0] is None else ratings)


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
            names = tables.sort_labels(found.names, file)
            labels = {name: i for i, name in enumerate(names)}
            order = np.array([labels[name] for name in found.names])
            found = found._replace(labels=order[found.labels])
        parts[split] = _Part(
            list(map(Example, found.texts(), found.labels.tolist())),
            found.group_names(), found.rating_pairs(), found.dropped)
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


def _user_source(path):
    """A user's file or folder as a row of ``DATASETS``."""
    check_path(path)
    if not os.path.lexists(path):
        raise DatasetError(f'there is no data set and no file {path}; the '
                           f'data sets are {", ".join(sorted(DATASETS))}')
    files = tables.find_tables(os.fspath(path))
    return Source(None, None, {split: (file, None) for split, file in
                               files.items()}, tables.read_table, None)
