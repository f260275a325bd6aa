"""Readers: published layouts in small, and users' files good and bad."""
import gzip
import io
import json
import tarfile
import zipfile

import pytest

import data_files
import text_datasets
from downloads import DatasetError


def table(tmp_path, name, text):
    path = tmp_path / name
    content = text.encode() if isinstance(text, str) else text
    path.write_bytes(gzip.compress(content) if name.endswith('.gz')
                     else content)
    return str(path)


def rows(path):
    return [(row.number, row.label, row.texts)
            for row in data_files.read_table(path)]


def tar(path, members):
    with tarfile.open(path, 'w:gz') as archive:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return str(path)


ONE = [('good', ('so "fun", yes',)), ('bad', ('no',))]
TWO = [('good', ('a b', 'c')), ('bad', ('no', 'yes'))]
FILES = [
    ('a.tsv', 'good\tso "fun", yes\nbad\tno\n', ONE, 1),
    ('a.tsv', 'good\tso "fun", yes\r\n\r\nbad\tno', ONE, 1),
    ('a.tsv.gz', 'good\tso "fun", yes\nbad\tno\n', ONE, 1),
    ('A.TSV', '\ufeffLabel\tText\ngood\tso "fun", yes\nbad\tno\n', ONE, 2),
    ('a.tsv', 'id\tsentence\tlabel\n1\tso "fun", yes\tgood\n2\tno\tbad\n',
     ONE, 2),
    ('a.csv', 'good,"so ""fun"", yes"\nbad,no\n', ONE, 1),
    ('a.csv.gz', '\ufefftext,label\r\n"so ""fun"", yes",good\r\nno,bad',
     ONE, 2),
    ('a.jsonl', '{"label": "good", "text": "so \\"fun\\", yes", "x": 1}\n\n'
                '{"text": "no", "label": "bad"}\n', ONE, 1),
    ('a.tsv', 'good\ta b\tc\nbad\tno\tyes\n', TWO, 1),
    ('a.csv', 'hypothesis,premise,label\nc,a b,good\nyes,no,bad\n', TWO, 2),
    ('a.jsonl.gz', '{"gold_label":"good","sentence1":"a b","sentence2":"c"}\n'
                   '{"gold_label":"bad","sentence1":"no","sentence2":"yes"}',
     TWO, 1)]


@pytest.mark.parametrize('name, text, expected, first', FILES)
def test_tables(tmp_path, name, text, expected, first):
    found = rows(table(tmp_path, name, text))
    assert [(label, texts) for _, label, texts in found] == expected
    assert found[0][0] == first


def test_line_numbers_behind_quoted_lines(tmp_path):
    path = table(tmp_path, 'a.csv', 'x,"1\n2\n3"\n\ny,b\ny,b,c\n')
    with pytest.raises(DatasetError, match='a.csv:6: 3 columns where'):
        rows(path)
    path = table(tmp_path, 'b.csv', 'x,"1\n2\n3"\n\ny,b\n')
    assert rows(path) == [(1, 'x', ('1\n2\n3',)), (5, 'y', ('b',))]


def test_values_of_json_lines(tmp_path):
    path = table(tmp_path, 'a.jsonl', '{"label": 1, "text": null}\n'
                 '{"label": true, "text": " "}\n{"label": -0.5, "text": ""}')
    assert rows(path) == [(1, '1', ('',)), (2, 'True', (' ',)),
                          (3, '-0.5', ('',))]


def test_missing_gold_label_is_dropped_but_a_minus_is_a_label(tmp_path):
    path = table(tmp_path, 'a.tsv', 'gold_label\ttext\n-\ta\n+\tb\n')
    assert [label for _, label, _ in rows(path)] == [None, '+']
    path = table(tmp_path, 'a.tsv', '-\ta\n+\tb\n')
    assert [label for _, label, _ in rows(path)] == ['-', '+']


@pytest.mark.parametrize('name, text, message', [
    ('a.tsv', 'x\ta\ny\tb\tc\n', 'a.tsv:2: 3 columns where .* be 2'),
    ('a.tsv', 'x\ta\ny\n', 'a.tsv:2: 1 columns where'),
    ('a.tsv', 'only text\n', 'a.tsv:1: 1 columns; without a header'),
    ('a.tsv', 'a\tb\tc\td\n', 'a.tsv:1: 4 columns; without'),
    ('a.csv', 'text,class\na,b\n', "a.csv:2: no column label; .* 'class'"),
    ('a.csv', 'label,words\na,b\n', 'a.csv:2: no column text, nor text1'),
    ('a.csv', 'label,text1\na,b\n', 'a.csv:2: no column text, nor text1'),
    ('a.csv', 'x,a\n,b\n', 'a.csv:2: the label'),
    ('a.csv', 'x,a\ny,"open\nz,b\n', 'a.csv:2: not CSV'),
    ('a.csv', 'x,a\ny,"b" c\n', 'a.csv:2: not CSV'),
    ('a.jsonl', '{"label": "x", "text": "a"}\n{"label": "x"}\n',
     "a.jsonl:2: no 'text'"),
    ('a.jsonl', '{"text": "a"}\n', 'a.jsonl:1: no column label'),
    ('a.jsonl', '{"label": "x", "text": 3}\n', 'a.jsonl:1: the label'),
    ('a.jsonl', '{"label": null, "text": "a"}\n', 'a.jsonl:1: the label'),
    ('a.jsonl', '{"label": ["x"], "text": "a"}\n', 'a.jsonl:1: the label'),
    ('a.jsonl', '{"label": "x", "text": "a"\n', 'a.jsonl:1: not JSON'),
    ('a.jsonl', '[' * 100000 + '\n', 'a.jsonl:1: not JSON'),
    ('a.jsonl', '\n["x", "a"]\n', 'a.jsonl:2: .* no JSON object'),
    ('a.tsv', b'x\ta\ny\tcaf\xe9\n', 'a.tsv:2: not UTF-8'),
    ('a.csv', 'x,a\n'.encode('utf-16'), 'a.csv:1: not UTF-8'),
])
def test_bad_rows_are_named(tmp_path, name, text, message):
    with pytest.raises(DatasetError, match=message) as caught:
        rows(table(tmp_path, name, text))
    assert '\n' not in str(caught.value)


def test_find_tables(tmp_path):
    for name in ('train.csv.gz', 'dev.jsonl', 'test.tsv', 'train.txt',
                 'test.tsv~', 'training.csv'):
        (tmp_path / name).touch()
    assert data_files.find_tables(str(tmp_path)) == {
        'train': str(tmp_path / 'train.csv.gz'),
        'valid': str(tmp_path / 'dev.jsonl'),
        'test': str(tmp_path / 'test.tsv')}
    (tmp_path / 'valid.tsv').touch()
    with pytest.raises(DatasetError, match='both dev.jsonl and valid.tsv'):
        data_files.find_tables(str(tmp_path))
    with pytest.raises(DatasetError, match=r'none of \.tsv, \.csv, \.jsonl'):
        data_files.find_tables(str(tmp_path / 'train.txt'))
    (tmp_path / 'empty').mkdir()
    with pytest.raises(DatasetError, match='no file named train'):
        data_files.find_tables(str(tmp_path / 'empty'))


# -------------------------------------------------------- published layouts


def test_harvard_lines(tmp_path):
    # NEL and no-break space do not end a line, Latin-1 bytes are left out,
    # and lines with a label only are empty texts
    path = table(tmp_path, 'a.all', b'0 caf\xe9 a \xc2\x85 b\n1 \n\n1\tc\xa0 '
                 b'\x1c d\n')
    assert [(row.number, row.label, ' '.join(row.texts[0].split()))
            for row in data_files.read_harvard(path)] == [
        (1, '0', 'caf a b'), (2, '1', ''), (4, '1', 'c d')]


def test_imdb_members_are_sorted_and_chosen(tmp_path):
    names = ['train/pos/9_10.txt', 'train/unsup/1_0.txt', 'train/neg/2_1.txt',
             'test/neg/0_3.txt', 'train/neg/10_4.txt', 'train/urls_pos.txt']
    path = tar(tmp_path / 'a.tar.gz',
               [(f'aclImdb/{name}', name.encode()) for name in names])
    found = list(data_files.read_imdb(path, 'aclImdb/train'))
    assert [(row.label, row.texts[0]) for row in found] == [
        ('4', 'train/neg/10_4.txt'), ('1', 'train/neg/2_1.txt'),
        ('10', 'train/pos/9_10.txt')]


def test_dbpedia_leaves_the_title_out(tmp_path):
    path = tar(tmp_path / 'a.tar.gz', [
        ('dbpedia_csv/test.csv', b'14,"T","a ""b"", c"\n1,"","d"\n')])
    found = list(data_files.read_dbpedia(path, 'dbpedia_csv/test.csv'))
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
    found = list(data_files.read_snli(path, 'x.jsonl'))
    assert [(row.label, row.texts, row.group) for row in found] == [
        ('neutral', ('p', 'h'), 'p'), (None, ('p', 'i'), 'p'),
        ('entailment', ('q', 'j'), 'q')]


def vader(tmp_path):
    """An sdist with four snippets; bytes with BOM and CRLF as published."""
    truth = '3_1\t2\ta\r\n3_2\t-1.5\tb\r\n4_1\t0\tc\r\n5_1\t1\td'
    raters = ('\ufeff3_2\t-1.5\t0.5\t[-1, -2]\r\n3_1\t2.0\t1\t[1, 3]\r\n'
              '4_1\t0\t1\t[1, -1]\r\n5_1\t2.5\t0.5\t[2, 3]\r\n')
    folder = 'hutto_ICWSM_2014'
    tar(tmp_path / 'inner', [
        (f'{folder}/s_GroundTruth.txt', truth.encode()),
        (f'{folder}/s_anonDataRatings.txt', raters.encode())])
    return tar(tmp_path / 'outer.tar.gz', [
        (f'vaderSentiment-3.3.2/additional_resources/{folder}.tar.gz',
         (tmp_path / 'inner').read_bytes())])


def test_vader(tmp_path):
    found = list(data_files.read_vader(vader(tmp_path), 's'))
    # 5_1: mean and deviation of the raters 2 and 3, not the listed mean
    assert [tuple(row) for row in found] == [
        (1, 'positive', ('a',), '3', (2, 1)),
        (2, 'negative', ('b',), '3', (-1.5, 0.5)),
        (3, None, ('c',), '4', (0, 1)),
        (4, 'positive', ('d',), '5', (2.5, 0.5))]


READERS = {
    'imdb': (data_files.read_imdb, 'aclImdb/train'),
    'dbpedia': (data_files.read_dbpedia, 'dbpedia_csv/test.csv'),
    'snli': (data_files.read_snli, 'x.jsonl'),
    'vader': (data_files.read_vader, 's')}


def archive(tmp_path, name):
    text = b''.join(b'%d,t,"%d %d"\n' % (i % 14 + 1, i * i, i ** 9)
                    for i in range(3000))
    return {
        'imdb': lambda: tar(tmp_path / 'a.tar.gz', [
            (f'aclImdb/train/neg/{i}_1.txt', text[i * 50:][:2000])
            for i in range(30)]),
        'dbpedia': lambda: tar(tmp_path / 'a.tar.gz', [
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
        with data_files.reading(path):
            assert list(read(path, member)) == whole and keep > 0.8
    except DatasetError as error:
        assert str(error).startswith(f'{path} cannot be read')


@pytest.mark.parametrize('name', ['dbpedia', 'snli', 'vader'])
def test_other_archives(tmp_path, name):
    read, _ = READERS[name]
    with pytest.raises(DatasetError, match='holds no .*; it is not the publ'):
        with data_files.reading('x'):
            list(read(archive(tmp_path, name), 'another'))


def test_nothing_is_written(tmp_path):
    """A member's path outside the folder is read like any other."""
    tar(tmp_path / 'a.tar.gz', [('../../evil', b'x'), (
        'aclImdb/train/neg/0_1.txt', b'fine')])
    found = list(data_files.read_imdb(str(tmp_path / 'a.tar.gz'),
                                      'aclImdb/train'))
    assert [row.texts for row in found] == [('fine',)]
    assert [p.name for p in tmp_path.iterdir()] == ['a.tar.gz']
    assert not (tmp_path.parent.parent / 'evil').exists()


def test_every_source_has_a_label_for_every_name():
    for source in text_datasets.DATASETS.values():
        assert set(source.labels.values()) == set(
            range(len(source.label_names)))
