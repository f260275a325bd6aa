"""Data sets: real files, users' files, fingerprints."""
import collections
import json
import os

import pytest
from made_files import sizes, write_lines

import text_datasets
from files import downloads, origins
from text_datasets import DATASETS, DatasetError, Example, load_dataset

SPLITS = 'train', 'valid', 'calib', 'test'
VADER = sorted(name for name in DATASETS if name.startswith('vader'))


def examples(data):
    return [e for split in SPLITS for e in getattr(data, split)]


# ------------------------------------------------------------- real data

# train, valid, calib, test and dropped, by the rules: e.g. custrev has 3,771
# texts: 377 for the test, of 3,394 a fifth (678) and a tenth (339) held out
REAL = {
    'TREC': ([3907, 545, 1000, 500], 0),
    'stsa.binary': ([5920, 872, 1000, 1821], 0),
    'custrev': ([2377, 339, 678, 377], 4),
    'rt-polarity': ([7637, 959, 1000, 1066], 0),
    # 16,363 of 27,481 tweets are not neutral: 1,636 for the test
    'tweets': ([12255, 1472, 1000, 1636], 11118),
    'snli': ([14639, 1273, 1000, 1254], 39),
    'imdb.binary': ([700, 100, 200, 1000], 0),
    'imdb.fine': ([700, 100, 200, 1000], 0),
    'dbpedia': ([3500, 500, 1000, 5000], 0)}


@pytest.fixture(scope='module')
def real():
    """Function: name -> data set, loaded once, or the test is skipped."""
    loaded = {}

    def load(name):
        folder = os.environ.get('DKNN_DATA', '')
        for file, _ in DATASETS[name].files.values():
            if not os.path.isfile(os.path.join(folder, file)):
                pytest.skip(f'no {file} in the folder that DKNN_DATA names')
        if name not in loaded:
            loaded[name] = load_dataset(name)
        return loaded[name]
    return load


@pytest.mark.parametrize('name', sorted(REAL))
def test_real_sizes(real, name):
    data = real(name)
    assert (sizes(data), data.dropped) == REAL[name]
    assert data.name == name and data.pair == (name == 'snli')
    assert data.ratings is None
    labels = collections.Counter(e.label for e in examples(data))
    assert sorted(labels) == list(range(len(data.label_names)))
    for example in examples(data):
        assert all(example.texts)
        assert len(example.texts) == 1 + data.pair


@pytest.mark.parametrize('name', ['TREC', 'custrev', 'stsa.binary'])
def test_real_calibration_positions_bring_the_same_splits(real, name):
    data = real(name)
    again = load_dataset(name, calib_positions=data.calib_positions)
    assert again == data


# Words that give a class away, to see the names beside the right labels.
CLUES = {
    'stsa.binary': {'negative': 'dull', 'positive': 'beautiful'},
    'custrev': {'negative': 'terrible', 'positive': 'excellent'},
    'rt-polarity': {'negative': 'dull', 'positive': 'beautiful'},
    'tweets': {'negative': 'sad', 'positive': 'thanks'},
    'TREC': {'abbreviation': 'stand', 'human': 'who', 'location': 'country',
             'numeric': 'many', 'description': 'why', 'entity': 'color'},
    'imdb.binary': {'negative': 'worst', 'positive': 'wonderful'},
    'imdb.fine': {'1-2': 'worst', '9-10': 'wonderful'},
    'dbpedia': {'Company': 'company', 'EducationalInstitution': 'school',
                'Artist': 'singer', 'Athlete': 'footballer',
                'OfficeHolder': 'politician', 'Building': 'building',
                'MeanOfTransportation': 'ship', 'NaturalPlace': 'river',
                'Village': 'village', 'Animal': 'moth', 'Plant': 'flowering',
                'Album': 'album', 'Film': 'film', 'WrittenWork': 'novel'}}


@pytest.mark.parametrize('name', sorted(CLUES))
def test_label_names_fit_the_texts(real, name):
    data = real(name)
    for label_name, word in CLUES[name].items():
        counts = collections.Counter(
            e.label for e in examples(data) if word in e.texts[0])
        most = counts.most_common(1)[0][0]
        assert data.label_names[most] == label_name, word


def test_dbpedia_names_are_the_published_ones(real):
    import tarfile
    real('dbpedia')
    path = downloads.find_file('dbpedia_csv.tar.gz', origins.DBPEDIA)
    with tarfile.open(path) as archive:
        names = archive.extractfile('dbpedia_csv/classes.txt').read().decode()
    assert DATASETS['dbpedia'].label_names == tuple(names.split())


def test_snli_premises_stay_together(real):
    data = real('snli')
    calib = {e.texts[0] for e in data.calib}
    # three hypotheses a premise, mostly: at most some 500 premises
    assert 250 < len(calib) < 500
    # equal tokens may still come from premises that differ in their spelling
    shared = [e for e in data.train if e.texts[0] in calib]
    assert len(shared) < 20


def test_the_same_tweet_is_in_one_split(real):
    """55 tweets repeat another of the 16,308 in capitals or white space."""
    splits = [{e.texts for e in getattr(real('tweets'), split)}
              for split in SPLITS]
    assert sum(map(len, splits)) == len(set().union(*splits)) == 16308


def test_imdb_fine_refines_binary(real):
    fine, binary = real('imdb.fine'), real('imdb.binary')
    assert [e.texts for e in fine.train] == [e.texts for e in binary.train]
    assert [e.label // 2 for e in fine.train] == [
        e.label for e in binary.train]
    assert not any('br' in e.texts[0] for e in binary.test)


# Snippets in all, and those with a mean rating of zero.
VADER_SIZES = {'vader.movie': (10605, 37), 'vader.amazon': (3708, 98),
               'vader.nyt': (5190, 244), 'vader.tweets': (4200, 4)}


@pytest.fixture(scope='module')
def vader():
    try:
        downloads.find_file(origins.VADER.file, origins.VADER)
    except DatasetError as error:
        pytest.skip(f'pip has no index: {error}')


@pytest.mark.parametrize('name', VADER)
def test_vader(vader, name):
    data = load_dataset(name)
    n, zeros = VADER_SIZES[name]
    assert (sum(sizes(data)) + data.dropped, data.dropped) == (n, zeros)
    for split in SPLITS:
        ratings = data.ratings[split]
        assert len(ratings) == len(getattr(data, split))
        for example, (mean, deviation) in zip(getattr(data, split), ratings,
                                              strict=True):
            assert example.label == (mean > 0) and mean
            assert -4 <= mean <= 4 and 0 <= deviation <= 4
    assert load_dataset(name, calib_positions=data.calib_positions) == data


def test_tweets_are_found_with_and_without_their_folder(tmp_path,
                                                        monkeypatch):
    monkeypatch.setenv('CHAINER_DATASET_ROOT', str(tmp_path / 'empty'))
    with pytest.raises(DatasetError, match=(
            '^tweet_sentiment_extraction.csv is not here .*kaggle.*, where it '
            'is train.csv .* get it by hand .* put it .*; what pip can .*')):
        load_dataset('tweets', data_dir=tmp_path)
    rows = [f'{i},It\'s {i},{i},{name}\n' for i in range(20)
            for name in ('negative', 'neutral', 'positive')]
    text = 'textID,text,selected_text,sentiment\n' + ''.join(rows)
    path = tmp_path / 'tweet_sentiment_extraction.csv'
    path.write_text(text)
    data = load_dataset('tweets', data_dir=tmp_path)
    # each text stands there twice: of 40 a tenth, of the 36 that are left a
    # fifth (7) and a tenth (3), but never one of two
    assert (sizes(data), data.dropped) == ([28, 2, 6, 4], 20)
    assert data.test[0].texts[0][:2] == ('it', "'s")
    (tmp_path / 'rationales').mkdir()
    path.rename(tmp_path / 'rationales' / path.name)
    assert load_dataset('tweets', data_dir=tmp_path) == data
    (tmp_path / 'rationales' / path.name).write_text(
        text.replace('positive', 'good'))
    with pytest.raises(DatasetError, match="csv:4: the label 'good' is none"):
        load_dataset('tweets', data_dir=tmp_path)


# ----------------------------------------------------------- users' files


def test_label_order(tmp_path):
    def names(labels):
        path = write_lines(tmp_path, 'a.tsv', labels * 9)
        return load_dataset(path).label_names
    assert names(['b', 'a', 'B']) == ('B', 'a', 'b')
    assert names(['10', '9', '-1', '2.5']) == ('-1', '2.5', '9', '10')
    assert names(['10', '9', 'x']) == ('10', '9', 'x')
    assert names(['10', '9', 'nan']) == ('10', '9', 'nan')


def test_user_text_is_tokenized_and_empty_texts_counted(tmp_path):
    rows = [('x', "It isn't  BAD."), ('y', ' '), ('x', ''), ('y', 'fine')]
    path = tmp_path / 'a.jsonl'
    path.write_text('\n'.join(json.dumps({'label': label, 'text': text})
                              for label, text in rows * 5))
    data = load_dataset(path)  # a Path, too
    assert data.dropped == 10 and data.name == str(path)
    assert set(examples(data)) == {
        Example((('it', 'is', "n't", 'bad', '.'),), 0),
        Example((('fine',),), 1)}
    data = load_dataset(str(path), char_based=True)
    assert set(examples(data)) == {
        Example((tuple("it isn't  bad."),), 0), Example((tuple('fine'),), 1)}


def test_pairs(tmp_path):
    (tmp_path / 'train.csv').write_text(
        'label,premise,hypothesis\n' + 'e,"A, b",C\nn,d,\nn,d,E f\n' * 9)
    (tmp_path / 'test.tsv').write_text('n\tx\ty\n')
    data = load_dataset(tmp_path)
    assert data.pair and data.dropped == 9
    assert data.test == [Example((('x',), ('y',)), 1)]
    assert set(data.train) == {Example((('a', ',', 'b'), ('c',)), 0),
                               Example((('d',), ('e', 'f')), 1)}
    (tmp_path / 'test.tsv').write_text('n\tx\n')
    with pytest.raises(DatasetError, match='one text in some of its files'):
        load_dataset(tmp_path)


@pytest.mark.parametrize('train, test, message', [
    ('x\ta\ny\tb\n' * 9, 'x\ta\n\nz\tb\n',
     "test.tsv:3: the label 'z' is none of 'x', 'y'"),
    ('x\ta\ny\tb\n' * 9, '', 'test.tsv holds no examples'),
    ('x\ta\ny\tb\n' * 9, 'x\t \n', r'test.tsv holds no examples \(1 rows'),
    ('', 'x\ta\n', r'train.tsv holds no examples \(0 rows'),
    ('label\ttext\n', 'x\ta\n', r'train.tsv holds no examples \(0 rows'),
    ('x\ta\n' * 9, 'x\ta\n', 'train.tsv has 1 different labels x;'),
    ('x\ta\ny\t\n' * 9, 'x\ta\nw\n', 'test.tsv:2: 1 columns where'),
])
def test_bad_folders(tmp_path, train, test, message):
    (tmp_path / 'train.tsv').write_text(train)
    (tmp_path / 'test.tsv').write_text(test)
    with pytest.raises(DatasetError, match=message):
        load_dataset(tmp_path)


@pytest.mark.parametrize('labels, size, told', [
    ('xy', 1000, 'test 1, calib 0, valid 1, train 0'),
    ('xy', 0, 'test 1, calib 0, valid 1, train 0'),
    ('xyx', 1000, 'test 1, calib 0, valid 1, train 1'),
    ('xyxy', 5, 'test 1, calib 0, valid 1, train 2'),
    ('xyxyx', 1, 'test 1, calib 0, valid 1, train 3')])
def test_too_few(tmp_path, labels, size, told):
    """Two of each class left no calibration examples, without a word."""
    path = write_lines(tmp_path, 'a.tsv', labels)
    with pytest.raises(DatasetError, match=(
            rf'a.tsv has {len(labels)} examples, too few .*\({told}; calib .* '
            'bring six, or three with `calib_size` 0')):
        load_dataset(path, calib_size=size)


def test_just_enough(tmp_path):
    data = load_dataset(write_lines(tmp_path, 'a.tsv', 'xyxyxy'))
    assert sizes(data) == [3, 1, 1, 1]
    data = load_dataset(write_lines(tmp_path, 'a.tsv', 'xyx'), calib_size=0)
    assert sizes(data) == [1, 1, 0, 1]


def test_damaged_and_unknown(tmp_path):
    (tmp_path / 'a.tsv.gz').write_bytes(b'\x1f\x8b not gzip')
    with pytest.raises(DatasetError, match='a.tsv.gz cannot be read'):
        load_dataset(tmp_path / 'a.tsv.gz')
    with pytest.raises(DatasetError, match='no file .*nowhere.*vader.nyt'):
        load_dataset(tmp_path / 'nowhere')
    for kind in ('TREC.train.all', 'TREC.test.all'):
        (tmp_path / kind).write_text('<!DOCTYPE html>\n')
    with pytest.raises(DatasetError, match="all:1: the label '<!DOCTYPE'"):
        load_dataset('TREC', data_dir=tmp_path)


# ------------------------------------------------------------ fingerprint


def small(**changes):
    one, two = Example((('a', 'b'),), 0), Example((('é',),), 1)
    splits = dict(train=[one, two], valid=[], calib=[one], test=[two])
    return text_datasets.Dataset(
        'x', ('n', 'p'), **{**splits, **changes}, calib_positions=[],
        valid_positions=[], dropped=0)


def test_fingerprint_sees_every_change():
    one, two = small().train
    variants = [
        small(), small(train=[two, one]), small(train=[one]),
        small(train=[one, two, one], calib=[]), small(calib=[two]),
        small(calib=[], test=[one, two]), small(test=[one]),
        small(test=[two._replace(label=0)]),
        small(test=[Example((('e',),), 1)]),
        small(train=[Example((('a b',),), 0), two]),
        small(train=[Example((('a',), ('b',)), 0), two])]
    assert len({text_datasets.fingerprint(v) for v in variants}) == len(
        variants)
    assert text_datasets.fingerprint(small(valid=[one])) == (
        text_datasets.fingerprint(small()))


def test_fingerprint_never_changes():
    """Old run folders hold it: two texts' lines, written out by hand."""
    import hashlib
    lines = ('2\n[0, [["a", "b"]]]\n[1, [["\\u00e9"]]]\n'
             '1\n[0, [["a", "b"]]]\n1\n[1, [["\\u00e9"]]]\n')
    assert text_datasets.fingerprint(small()) == hashlib.sha256(
        lines.encode()).hexdigest()
