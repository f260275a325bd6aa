"""Columns that a user chooses, and the rows and ids that come back."""
import csv
import io
import random

import pytest
from made_files import write_table

from errors import ArgumentError, UserError
from files import cached, tables
from files.columns import Columns
from files.rows import DatasetError
from text_datasets import load_dataset

REVIEW = Columns('review', 'stars', 'nr')


def read(path, columns=REVIEW):
    return [(row.row, row.id, row.label, row.texts)
            for row in tables.read_table(path, columns=columns)]


ROWS = [(2, 'x1', 'good', ('so "fun", yes',)), (3, 'x2', 'bad', ('no',))]
IN_JSON = [(1, *ROWS[0][1:]), (2, *ROWS[1][1:])]


@pytest.mark.parametrize('name, content, expected', [
    ('a.csv', 'nr,review,stars\nx1,"so ""fun"", yes",good\nx2,no,bad\n', ROWS),
    ('a.csv', '\ufeffstars,nr,review\r\ngood,x1,"so ""fun"", yes"\r\n'
              'bad,x2,no', ROWS),
    ('a.csv', '\ufeff"review",,text,label, Stars ,,NR\n'
              '"so ""fun"", yes",1,2,3,good,4,x1\nno,1,2,3,bad,4,x2\n', ROWS),
    ('a.tsv.gz', 'nr\treview\tstars\nx1\tso "fun", yes\tgood\r\n'
                 'x2\tno\tbad\n', ROWS),
    ('a.jsonl', '{"nr": "x1", "stars": "good", "review": "so \\"fun\\", yes"}'
                '\n{"review": "no", "stars": "bad", "nr": "x2", "text": 1}',
     IN_JSON)])
def test_chosen_columns(tmp_path, name, content, expected):
    """Byte order mark, Windows line ends, empty names, other columns."""
    assert read(write_table(tmp_path, name, content)) == expected


def test_pairs_in_the_order_asked_for(tmp_path):
    path = write_table(tmp_path, 'a.csv', 'q,label,a\none,x,two\n')
    assert read(path, Columns(('a', 'q'))) == [(2, None, 'x', ('two', 'one'))]


@pytest.mark.parametrize('header, wanted', [
    ('CAFE\u0301', 'café'), ('café', 'cafe\u0301'), ('悪い', '悪い'),
    ('Größe', 'GRÖSSE'), ('  a b ', 'a b'), ('', ''), ('x\ny', 'x\ny')])
def test_names_in_any_script(tmp_path, header, wanted):
    path = write_table(tmp_path, 'a.csv', f'"{header}",label\nt,x\n')
    (_, _, label, texts), = read(path, Columns(wanted))
    assert (label, texts) == ('x', ('t',))


def test_case_counts_where_nothing_else_differs(tmp_path):
    path = write_table(tmp_path, 'a.csv', 'Text,TEXT,label\na,b,x\n')
    assert read(path, Columns('TEXT'))[0][3] == ('b',)
    with pytest.raises(DatasetError, match="more than one column 'text'"):
        read(path, Columns('text'))


@pytest.mark.parametrize('name, content, columns, message', [
    ('a.csv', 'text,label\na,x\n', Columns('review'),
     "a.csv:1: `text_column`: no column 'review'; the columns, as the first "
     "line names them, are 'text', 'label'; choose from these$"),
    ('a.jsonl', '{"text": "a", "label": "x"}', Columns(None, 'stars'),
     "a.jsonl:1: `label_column`: no column 'stars'; .* 'text', 'label'; ch"),
    # without a header
    ('a.csv', 'good,so fun\nbad,no\n', REVIEW,
     "a.csv:1: `text_column`: no column 'review'; .* are 'good', 'so fun';"),
    ('a.tsv', 'good\tso fun\nbad\tno\n', Columns(id_column='id'),
     "a.tsv:1: `id_column`: no column 'id'; .* are 'good', 'so fun';"),
    ('a.csv', 'review,stars\na,x\n', Columns('review'),
     "a.csv:1: no column label; .* choose with `label_column`"),
    ('a.csv', 'label,stars\na,x\n', Columns(None, 'stars'),
     'a.csv:1: no column text, .* choose with `text_column`'),
    ('a.csv', 'nr,stars,review,review\n1,x,a,b\n', REVIEW,
     "a.csv:1: more than one column 'review'; leave one of them"),
    ('a.csv', ',,label\na,b,x\n', Columns(''), "more than one column ''"),
    ('a.csv', 'text,label\na,x\n', Columns(('text', 'Text')),
     "a.csv:1: the column 'text' is meant twice; .* `text_column`, `label_"),
    ('a.csv', 'text,label\na,x\n', Columns('label'), "'label' is meant twi"),
    ('a.csv', 'nr,review,stars\n1,a,x\n2,b,y,\n', REVIEW, 'a.csv:3: 4 col'),
    ('a.jsonl', '{"nr": 1, "review": "a", "stars": "x"}\n{"stars": "x"}',
     REVIEW, "a.jsonl:2: no 'review'; the rows before have it"),
    ('a.jsonl', '{"nr": [1], "review": "a", "stars": "x"}', REVIEW,
     r'a.jsonl:1: the id \[1\] is none; it must be a name or a finite num'),
    ('a.csv', 'nr,review,stars\n"1\n2",a,x\n', REVIEW,
     'a.csv:2: the id .* must be one line of at most 200 characters')])
def test_what_cannot_be_meant(tmp_path, name, content, columns, message):
    path = write_table(tmp_path, name, content)
    with pytest.raises(DatasetError, match=message) as caught:
        read(path, columns)
    assert '\n' not in str(caught.value)


def test_many_columns_make_no_long_sentence(tmp_path):
    header = ','.join(f'column {i} ' + 'x' * 1000 for i in range(5000))
    path = write_table(tmp_path, 'a.csv', f'{header}\n')
    with pytest.raises(DatasetError, match='and 4,980 more; ') as caught:
        read(path)
    assert len(str(caught.value)) < 2000


@pytest.mark.parametrize('columns, message', [
    (Columns(('a', 'b', 'c')), 'text_column=.* one column, or of two'),
    (Columns(()), 'text_column=.* one column, or of two'),
    (Columns('a', ('b', 'c')), 'label_column=.* one column'),
    (Columns('a\ud800'), 'text_column=.*is no name of a column'),
    (Columns(id_column=(3,)), 'id_column=3 is no name of a column')])
def test_names_that_are_none(tmp_path, columns, message):
    with pytest.raises(ArgumentError, match=message):
        load_dataset(tmp_path / 'not even looked for', columns=columns)


def test_published_columns_are_known():
    with pytest.raises(UserError, match='`label_column` is for your own file'):
        load_dataset('TREC', columns=Columns(label_column='label'))


# -------------------------------------------------------------- rows and ids


def test_rows_are_those_of_a_spreadsheet(tmp_path):
    """By hand: a header over two lines, a blank one, a text over three."""
    path = write_table(tmp_path, 'a.csv', (
        '"te\nxt",label\r\n'       # lines 1 and 2, row 1
        '\r\n'                     # line 3, row 2
        '"a\r\nb\n\nc",x\r\n'      # lines 4 to 7, row 3
        'd,y\r\n'                  # line 8, row 4
        ',\r\n'                    # line 9, row 5
        'e,x,\r\n'))               # line 10
    rows = tables.read_table(path, columns=Columns('te\nxt'))
    found = [next(rows) for _ in range(2)]
    assert [(row.number, row.row) for row in found] == [(4, 3), (8, 4)]
    with pytest.raises(DatasetError, match='a.csv:10: 3 columns'):
        next(rows)


@pytest.mark.parametrize('seed', range(5))
def test_rows_beside_the_csv_module(tmp_path, seed):
    """An independent way: all records, counted."""
    pick = random.Random(seed)
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator=pick.choice(['\n', '\r\n']))
    writer.writerow(['label', 'text', 'no\nte'])
    for i in range(200):
        writer.writerow([] if pick.random() < .1 else [
            'xy'[i % 2], f'text{i}' + pick.choice(['', '\n', '\r\n\n"', ',']),
            pick.choice(['', '\n\n', 'z'])])
    path = write_table(tmp_path, 'a.csv', stream.getvalue())
    records = list(csv.reader(io.StringIO(stream.getvalue(), newline='')))
    data = load_dataset(path)
    for split in ('train', 'valid', 'calib', 'test'):
        for i, example in enumerate(getattr(data, split)):
            row = data.source_of(split, i)['source']['row']
            assert records[row - 1][1].split()[0].startswith(
                example.texts[0][0])
    assert sum(map(len, data.table_rows.values())) == sum(map(bool, records)
                                                          ) - 1


def test_ids_that_repeat_or_are_missing(tmp_path):
    path = write_table(tmp_path, 'a.jsonl', (
        '{"id": 7, "label": "x", "text": "a"}\n\n'
        '{"id": "7", "label": "x", "text": "b"}\n'
        '{"id": 7.0, "label": "x", "text": "c"}\n'
        '{"id": null, "label": "x", "text": "d"}\n'
        '{"id": " ", "label": "x", "text": "e"}\n'
        '{"label": "x", "text": "f"}\n'
        '{"id": true, "label": "x", "text": "g"}\n'
        '{"id": "悪い 👩‍💻", "label": "x", "text": "h"}\n'))
    assert [found[:2] for found in read(path, Columns(id_column='id'))] == [
        (1, '7'), (3, '7'), (4, '7'), (5, None), (6, None), (7, None),
        (8, 'True'), (9, '悪い 👩‍💻')]


def table(folder, n=40):
    """Text and id tell the row; every fifth row has no id."""
    return write_table(folder, 'a.csv', 'id,label,text\n' + ''.join(
        f'{"" if i % 5 == 0 else f"n{i}"},{"xy"[i % 2]},text {i}\n'
        for i in range(2, n + 2)))


def test_rows_and_ids_go_with_the_examples(tmp_path):
    data = load_dataset(table(tmp_path), columns=Columns(id_column='id'))
    seen = []
    for split, rows in data.table_rows.items():
        examples = getattr(data, split)
        assert len(rows) == len(examples) > 0
        for i, example in enumerate(examples):
            number = int(example.texts[0][1])
            assert data.source_of(split, i) == {'source': {
                'row': number, **({'id': f'n{number}'} if number % 5 else {})}}
            seen.append(number)
    assert sorted(seen) == list(range(2, 42))
    assert data.source_of(None, 0) == {}


def test_what_is_left_out_is_counted(tmp_path):
    """By hand: rows 2 to 6 lack a text, a label, both, words, one of two."""
    rows = ['x,,b', ',a,b', ' ,,', 'x, ,b', 'x,a,  ']
    path = write_table(tmp_path, 'a.csv', 'label,text1,text2\n' + '\n'.join(
        [*rows, ',,', *('x,a,b', 'y,a,c') * 9]))
    data = load_dataset(path)
    # the row of empty cells is blank; a row without both counts as the former
    assert (data.dropped, data.without_text) == (5, 4)
    assert data.source_of('train', 0)['source']['row'] >= 8


def test_a_label_that_is_null(tmp_path):
    path = write_table(tmp_path, 'a.jsonl', (
        '{"label": null, "text": "a"}\n' + '{"label": 1, "text": "a"}\n'
        '{"label": 2, "text": "b"}\n' * 9))
    data = load_dataset(path)
    assert (data.dropped, data.without_text) == (1, 0)
    assert data.label_names == ('1', '2')


# --------------------------------------------------------------------- cache


def test_columns_are_part_of_the_key(tmp_path, monkeypatch):
    monkeypatch.setattr(cached, 'LEAST', 1)
    path = write_table(tmp_path, 'a.csv', 'label,text,other,id\n' + ''.join(
        f'{"xy"[i % 2]},text {i},other {i},{i}\n' for i in range(40)))
    cache = cached.Cache(tmp_path / 'cache', print)
    chosen = [Columns(), Columns('other'), Columns('text', None, 'id'),
              Columns(('text', 'other'))]
    for _ in range(2):  # the second time from the cache
        for columns in chosen:
            assert load_dataset(path, cache=cache, columns=columns) == (
                load_dataset(path, columns=columns))
    assert len(list((tmp_path / 'cache').iterdir())) == len(chosen)
