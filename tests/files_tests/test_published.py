"""Readers of published data sets: their layouts, in small."""
import functools
import json
import zipfile

import pytest
from made_files import write_table, write_tar

import text_datasets
from files import published
from files.rows import DatasetError

INNER = 'vaderSentiment-3.3.2/additional_resources/hutto_ICWSM_2014.tar.gz'
READ_VADER = functools.partial(published.read_vader, inner=INNER)


def test_harvard_lines(tmp_path):
    # NEL and no-break space do not end a line, Latin-1 bytes are left out,
    # and lines with a label only are empty texts
    path = write_table(
        tmp_path, 'a.all',
        b'0 caf\xe9 a \xc2\x85 b\n1 \n\n1\tc\xa0 \x1c d\n')
    assert [(row.number, row.label, ' '.join(row.texts[0].split()))
            for row in published.read_harvard(path)] == [
        (1, '0', 'caf a b'), (2, '1', ''), (4, '1', 'c d')]


def test_imdb_members_are_sorted_and_chosen(tmp_path):
    names = ['train/pos/9_10.txt', 'train/unsup/1_0.txt', 'train/neg/2_1.txt',
             'test/neg/0_3.txt', 'train/neg/10_4.txt', 'train/urls_pos.txt']
    path = write_tar(tmp_path / 'a.tar.gz',
               [(f'aclImdb/{name}', name.encode()) for name in names])
    found = list(published.read_imdb(path, 'aclImdb/train'))
    assert [(row.label, row.texts[0]) for row in found] == [
        ('4', 'train/neg/10_4.txt'), ('1', 'train/neg/2_1.txt'),
        ('10', 'train/pos/9_10.txt')]


def test_dbpedia_leaves_the_title_out(tmp_path):
    path = write_tar(tmp_path / 'a.tar.gz', [
        ('dbpedia_csv/test.csv', b'14,"T","a ""b"", c"\n1,"","d"\n')])
    found = list(published.read_dbpedia(path, 'dbpedia_csv/test.csv'))
    assert [(row.label, row.texts) for row in found] == [
        ('14', ('a "b", c',)), ('1', ('d',))]


def snli(path, pairs):
    lines = [json.dumps({'gold_label': label, 'sentence1': premise,
                         'sentence2': hypothesis, 'pairID': i})
             for i, (label, premise, hypothesis) in enumerate(pairs)]
    with zipfile.ZipFile(path, 'w') as archive:
        archive.writestr('x.jsonl', '\n'.join(lines))
    return str(path)


def test_snli_groups_by_premise(tmp_path):
    path = snli(tmp_path / 'a.zip', [
        ('neutral', 'p', 'h'), ('-', 'p', 'i'), ('entailment', 'q', 'j')])
    found = list(published.read_snli(path, 'x.jsonl'))
    assert [(row.label, row.texts, row.group) for row in found] == [
        ('neutral', ('p', 'h'), 'p'), (None, ('p', 'i'), 'p'),
        ('entailment', ('q', 'j'), 'q')]


TWEETS = (b'textID,text,selected_text,sentiment\n'
          b'a1," So, SAD",SAD,negative\n'
          b'b2,so ,so,neutral\n'
          b'c3,"so ,  sad",so,negative\n'
          b'd4,,,neutral\n'
          b'e5,"caf\xc3\xa9 ""Yay""","""Yay""",positive\n')


def test_tweets_of_the_same_tokens_are_one_group(tmp_path):
    path = write_table(tmp_path, 'a.csv', TWEETS)
    assert [row[:5] for row in published.read_tweets(path)] == [
        (2, 'negative', (' So, SAD',), 'so , sad', None),
        (3, None, ('so ',), 'so', None),
        (4, 'negative', ('so ,  sad',), 'so , sad', None),
        (5, None, ('',), '', None),
        (6, 'positive', ('caf\xe9 "Yay"',), "caf\xe9 `` yay ''", None)]
    assert [record[2] for record in published.tweet_records(path)] == [
        'SAD', 'so', 'so', '', '"Yay"']


@pytest.mark.parametrize('content, message', [
    (b'', 'a.csv is empty; its first line should name the columns text, sel'),
    (b'<!DOCTYPE html>\n', "a.csv:1: 0 columns are called text, but there"),
    (b'textID,text,sentiment\n', '0 columns are called selected_text, .*; '
                                 "the columns are 'textID', 'text', 'senti"),
    (TWEETS.replace(b'textID', b'text'), 'a.csv:1: 2 columns are called text'),
    (TWEETS + b'f6,a,b\n', 'a.csv:7: 3 columns where there should be 4'),
    (TWEETS + b'f6,caf\xe9,a,neutral\n', 'a.csv:7: not UTF-8'),
    (TWEETS + b'f6,"a', r'a.csv:7: not CSV .*close each quote')])
def test_other_tables_than_tweets(tmp_path, content, message):
    path = write_table(tmp_path, 'a.csv', content)
    with pytest.raises(DatasetError, match=message) as caught:
        list(published.read_tweets(path))
    assert '\n' not in str(caught.value)


def vader(tmp_path):
    """An sdist with four snippets; bytes with BOM and CRLF as published."""
    truth = '3_1\t2\ta\r\n3_2\t-1.5\tb\r\n4_1\t0\tc\r\n5_1\t1\td'
    raters = ('\ufeff3_2\t-1.5\t0.5\t[-1, -2]\r\n3_1\t2.0\t1\t[1, 3]\r\n'
              '4_1\t0\t1\t[1, -1]\r\n5_1\t2.5\t0.5\t[2, 3]\r\n')
    folder = 'hutto_ICWSM_2014'
    write_tar(tmp_path / 'inner', [
        (f'{folder}/s_GroundTruth.txt', truth.encode()),
        (f'{folder}/s_anonDataRatings.txt', raters.encode())])
    return write_tar(tmp_path / 'outer.tar.gz', [
        (INNER, (tmp_path / 'inner').read_bytes())])


def test_vader(tmp_path):
    found = list(READ_VADER(vader(tmp_path), 'hutto_ICWSM_2014/s'))
    # 5_1: mean and deviation of the raters 2 and 3, not the listed mean
    assert [row[:5] for row in found] == [
        (1, 'positive', ('a',), '3', (2, 1)),
        (2, 'negative', ('b',), '3', (-1.5, 0.5)),
        (3, None, ('c',), '4', (0, 1)),
        (4, 'positive', ('d',), '5', (2.5, 0.5))]


READERS = {
    'imdb': (published.read_imdb, 'aclImdb/train'),
    'dbpedia': (published.read_dbpedia, 'dbpedia_csv/test.csv'),
    'snli': (published.read_snli, 'x.jsonl'),
    'vader': (READ_VADER, 'hutto_ICWSM_2014/s')}


def archive(tmp_path, name):
    text = b''.join(b'%d,t,"%d %d"\n' % (i % 14 + 1, i * i, i ** 9)
                    for i in range(3000))
    return {
        'imdb': lambda: write_tar(tmp_path / 'a.tar.gz', [
            (f'aclImdb/train/neg/{i}_1.txt', text[i * 50:][:2000])
            for i in range(30)]),
        'dbpedia': lambda: write_tar(tmp_path / 'a.tar.gz', [
            ('dbpedia_csv/test.csv', text)]),
        'snli': lambda: snli(tmp_path / 'a.zip', [
            ('neutral', str(i ** 9), 'h') for i in range(500)]),
        'vader': lambda: vader(tmp_path)}[name]()


@pytest.mark.parametrize('keep', [0, 0.05, 0.5, 0.9, 0.999])
@pytest.mark.parametrize('name', sorted(READERS))
def test_truncated_archives(tmp_path, name, keep):
    """Never fewer rows than there were: the same, or an error."""
    read, member = READERS[name]
    path = archive(tmp_path, name)
    whole = list(read(path, member))
    with open(path, 'rb+') as file:
        file.truncate(int(file.seek(0, 2) * keep))
    try:
        assert list(read(path, member)) == whole and keep > 0.8
    except DatasetError as error:
        assert str(error).startswith(f'{path} cannot be read')


@pytest.mark.parametrize('name', ['dbpedia', 'snli', 'vader'])
def test_other_archives(tmp_path, name):
    read, _ = READERS[name]
    with pytest.raises(DatasetError, match='holds no .*; it is not the publ'):
        list(read(archive(tmp_path, name), 'another'))


def test_nothing_is_written(tmp_path):
    """A member's path outside the folder is read like any other."""
    write_tar(tmp_path / 'a.tar.gz', [('../../evil', b'x'), (
        'aclImdb/train/neg/0_1.txt', b'fine')])
    found = list(published.read_imdb(str(tmp_path / 'a.tar.gz'),
                                      'aclImdb/train'))
    assert [row.texts for row in found] == [('fine',)]
    assert [p.name for p in tmp_path.iterdir()] == ['a.tar.gz']
    assert not (tmp_path.parent.parent / 'evil').exists()


def test_every_source_has_a_label_for_every_name():
    for source in text_datasets.DATASETS.values():
        assert set(source.labels.values()) == set(
            range(len(source.label_names)))


def test_messages_name_the_member(tmp_path):
    path = write_tar(tmp_path / 'a.tar.gz', [('b/c', b'1,t,"x"\n2,"y"\n')])
    with pytest.raises(DatasetError, match='a.tar.gz:b/c:2: 2 columns where'):
        list(published.read_dbpedia(path, 'b/c'))
    with pytest.raises(DatasetError, match='a.tar.gz:b/c:1: not JSON'):
        list(published.read_snli(path, 'b/c'))
