"""Users' files, good and bad, alone and inside archives."""
import gzip
import zipfile

import pytest
from made_files import write_table, write_tar

from files import tables
from files.rows import DatasetError


def rows(path, member=None):
    return [(row.number, row.label, row.texts)
            for row in tables.read_table(path, member)]


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
    ('a.csv', '"text";label\r\n"so ""fun"", yes";good\r\nno;bad', ONE, 2),
    ('a.csv', '"id;\nname",label,text\n1,good,"so ""fun"", yes"\n2,bad,no\n',
     ONE, 3),
    ('a.jsonl', '{"label": "good", "text": "so \\"fun\\", yes", "x": 1}\n\n'
                '{"text": "no", "label": "bad"}\n', ONE, 1),
    ('a.tsv', 'good\ta b\tc\nbad\tno\tyes\n', TWO, 1),
    ('a.csv', 'hypothesis,premise,label\nc,a b,good\nyes,no,bad\n', TWO, 2),
    ('a.jsonl.gz', '{"gold_label":"good","sentence1":"a b","sentence2":"c"}\n'
                   '{"gold_label":"bad","sentence1":"no","sentence2":"yes"}',
     TWO, 1)]


@pytest.mark.parametrize('name, text, expected, first', FILES)
def test_tables(tmp_path, name, text, expected, first):
    found = rows(write_table(tmp_path, name, text))
    assert [(label, texts) for _, label, texts in found] == expected
    assert found[0][0] == first


def test_line_numbers_behind_quoted_lines(tmp_path):
    path = write_table(tmp_path, 'a.csv', 'x,"1\n2\n3"\n\ny,b\ny,b,c\n')
    with pytest.raises(DatasetError, match='a.csv:6: 3 columns where'):
        rows(path)
    path = write_table(tmp_path, 'b.csv', 'x,"1\n2\n3"\n\ny,b\n')
    assert rows(path) == [(1, 'x', ('1\n2\n3',)), (5, 'y', ('b',))]


def test_values_of_json_lines(tmp_path):
    path = write_table(tmp_path, 'a.jsonl', '{"label": 1, "text": null}\n'
                 '{"label": true, "text": " "}\n{"label": -0.5, "text": ""}')
    assert rows(path) == [(1, '1', ('',)), (2, 'True', (' ',)),
                          (3, '-0.5', ('',))]


def test_missing_gold_label_is_dropped_but_a_minus_is_a_label(tmp_path):
    path = write_table(tmp_path, 'a.tsv', 'gold_label\ttext\n-\ta\n+\tb\n')
    assert [label for _, label, _ in rows(path)] == [None, '+']
    path = write_table(tmp_path, 'a.tsv', '-\ta\n+\tb\n')
    assert [label for _, label, _ in rows(path)] == ['-', '+']


@pytest.mark.parametrize('name, text, message', [
    ('a.tsv', 'x\ta\ny\tb\tc\n', 'a.tsv:2: 3 columns where .* be 2'),
    ('a.tsv', 'x\ta\ny\n', 'a.tsv:2: 1 columns where'),
    ('a.tsv', 'only text\n', 'a.tsv:1: 1 columns; without a header'),
    ('a.tsv', 'a\tb\tc\td\n', 'a.tsv:1: 4 columns; without'),
    ('a.csv', 'text,class\na,b\n', "a.csv:1: no column label; .* 'class'"),
    ('a.csv', 'label,words\na,b\n', 'a.csv:1: no column text, nor text1'),
    ('a.csv', 'label,text1\na,b\n', 'a.csv:1: no column text, nor text1'),
    ('a.csv', 'x,a\ny,"open\nz,b\n', 'a.csv:2: not CSV'),
    ('a.csv', 'x,a\ny,"b" c\n', 'a.csv:2: not CSV'),
    ('a.jsonl', '{"label": "x", "text": "a"}\n{"label": "x"}\n',
     "a.jsonl:2: no 'text'"),
    ('a.jsonl', '{"text": "a"}\n', 'a.jsonl:1: no column label'),
    ('a.jsonl', '{"label": "x", "text": 3}\n', 'a.jsonl:1: the text 3 must'),
    ('a.jsonl', '{"label": ["x"], "text": "a"}\n', 'a.jsonl:1: the label'),
    ('a.jsonl', '{"label": "x", "text": "a"\n', 'a.jsonl:1: not JSON'),
    ('a.jsonl', '[' * 100000 + '\n', 'a.jsonl:1: not JSON'),
    ('a.jsonl', '\n["x", "a"]\n', 'a.jsonl:2: .* no JSON object'),
    ('a.tsv', b'x\ta\ny\tcaf\xe9\n', 'a.tsv:2: not UTF-8'),
    ('a.csv', 'x,a\n'.encode('utf-16'), r'a.csv:1: not UTF-8 \(UTF-16\)'),
    ('a.csv', b'PK\x03\x04\x14\0\x06\0\x08\0\0\0!\0b\xee\x9dh',
     r'a.csv:1: not UTF-8 \(a zip archive, as .xlsx'),
    ('a.csv', b'text;label\ncaf\xe9;x\n',
     r'a.csv:2: not UTF-8 \(invalid .*\); save .* "CSV UTF-8"'),
    ('a.csv', 'label;text\nx;a\ny;b, c;d\n', 'a.csv:3: 3 columns where'),
])
def test_bad_rows_are_named(tmp_path, name, text, message):
    with pytest.raises(DatasetError, match=message) as caught:
        rows(write_table(tmp_path, name, text))
    assert '\n' not in str(caught.value)


def test_find_tables(tmp_path):
    for name in ('train.csv.gz', 'dev.jsonl', 'test.tsv', 'train.txt',
                 'test.tsv~', 'training.csv'):
        (tmp_path / name).touch()
    assert tables.find_tables(str(tmp_path)) == {
        'train': str(tmp_path / 'train.csv.gz'),
        'valid': str(tmp_path / 'dev.jsonl'),
        'test': str(tmp_path / 'test.tsv')}
    (tmp_path / 'valid.tsv').touch()
    with pytest.raises(DatasetError, match='both dev.jsonl and valid.tsv'):
        tables.find_tables(str(tmp_path))
    with pytest.raises(DatasetError, match=r'none of \.tsv, \.csv, \.jsonl'):
        tables.find_tables(str(tmp_path / 'train.txt'))
    (tmp_path / 'empty').mkdir()
    with pytest.raises(DatasetError, match='no file named train'):
        tables.find_tables(str(tmp_path / 'empty'))


@pytest.mark.parametrize('dataset, title', [
    ('stsa.binary', 'stsa.binary'), ('../../my data/reviews.v2.csv',
                                     'reviews.v2'),
    ('reviews.TSV.gz', 'reviews'), ('..\\x\\y.jsonl', 'y'), ('../..',
                                                           'your own data'),
    ('a/folder/', 'folder'), ('../.csv', '.csv'), ('<b>', '<b>')])
def test_titles_of_data_sets(dataset, title):
    assert tables.dataset_title(dataset) == title


# ------------------------------------------------------- members of archives


@pytest.mark.parametrize('name, text, expected, first', FILES)
def test_a_table_inside_a_source_distribution(tmp_path, name, text, expected,
                                              first):
    """The same rows, whatever the archive is called."""
    content = text.encode()
    if name.endswith('.gz'):
        content = gzip.compress(content)
    path = write_tar(tmp_path / 'reviews-1.0.tar.gz', [
        ('reviews-1.0/PKG-INFO', b'Name: reviews\n'),
        (f'reviews-1.0/data/{name}', content)])
    found = rows(path, f'reviews-1.0/data/{name}')
    assert [(label, texts) for _, label, texts in found] == expected
    assert found[0][0] == first


def test_a_table_inside_a_zip(tmp_path):
    path = tmp_path / 'a.zip'
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as archive:
        archive.writestr('b/c.csv', 'good,"a, b"\nbad,no\n')
        archive.writestr('b/c.tsv.gz', gzip.compress(b'x\ty\n'))
    assert rows(str(path), 'b/c.csv') == [(1, 'good', ('a, b',)),
                                          (2, 'bad', ('no',))]
    assert rows(str(path), 'b/c.tsv.gz') == [(1, 'x', ('y',))]


@pytest.mark.parametrize('member, message', [
    ('d/bad.tsv', 'a.tar.gz:d/bad.tsv:2: 3 columns where'),
    ('d/latin.csv', 'a.tar.gz:d/latin.csv:1: not UTF-8'),
    ('d/none.tsv', 'a.tar.gz holds no d/none.tsv'),
    ('d/bad.txt', r'a.tar.gz:d/bad.txt is none of \.tsv, \.csv, \.jsonl'),
    (None, r'a.tar.gz is none of \.tsv')])
def test_bad_members_are_named(tmp_path, member, message):
    path = write_tar(tmp_path / 'a.tar.gz', [
        ('d/bad.tsv', b'x\ta\ny\tb\tc\n'), ('d/latin.csv', b'x,\xe9\n'),
        ('d/bad.txt', b'x\ta\n')])
    with pytest.raises(DatasetError, match=message):
        rows(path, member)
