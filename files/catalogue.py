"""The published data sets: their labels, files, readers and origins."""
import functools
from typing import NamedTuple

from files import published
from files.origins import DBPEDIA, HARVARD, IMDB, SNLI, TWEETS, VADER

POLARITY = 'negative', 'positive'
FINE = ('very negative', 'negative', 'neutral', 'positive', 'very positive')
TREC = ('description', 'entity', 'abbreviation', 'human', 'location',
        'numeric')
ENTAILMENT = 'entailment', 'neutral', 'contradiction'
ONTOLOGY = ('Company', 'EducationalInstitution', 'Artist', 'Athlete',
            'OfficeHolder', 'MeanOfTransportation', 'Building',
            'NaturalPlace', 'Village', 'Animal', 'Plant', 'Album', 'Film',
            'WrittenWork')


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
