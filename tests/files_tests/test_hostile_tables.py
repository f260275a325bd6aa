"""Users' files that nobody means to write: a sentence with file and line."""
import os
import pathlib
import socket
import subprocess
import sys
import threading

import pytest
from made_files import write_table

import nlp_utils
from files import tables
from files.rows import DatasetError
from text_datasets import load_dataset

ROOT = pathlib.Path(__file__).resolve().parents[2]


def read(path):
    return list(tables.read_table(path))


def labels_of(folder, name, content):
    return [row.label for row in read(write_table(folder, name, content))]


def jsonl(*labels):
    return ''.join(f'{{"label": {label}, "text": "t{i}"}}\n'
                   for i, label in enumerate(labels))


# ------------------------------------------------------------------- texts


@pytest.mark.parametrize('line', [
    r'{"label": "x", "text": "a \ud800 b"}',
    r'{"label": "x", "text": "\udfff"}',
    r'{"label": "x", "text1": "a", "text2": "\ud83d"}'])
def test_half_characters_are_refused_when_they_are_read(tmp_path, line):
    """They were found when vocab.json was written, after the old run went."""
    good = line.replace(r'\ud800', '').replace(r'\udfff', 'a').replace(
        r'\ud83d', 'b')
    path = write_table(tmp_path, 'a.jsonl', f'{good}\n{line}\n')
    with pytest.raises(DatasetError, match=r"a.jsonl:2: the text has '\\ud"):
        read(path)


def test_whole_characters_from_two_escapes_are_fine(tmp_path):
    path = write_table(tmp_path, 'a.jsonl',
                       r'{"label": "x", "text": "\ud83d\ude00 \u0000"}')
    assert [row.texts for row in read(path)] == [('\U0001f600 \0',)]


def test_a_character_reference_of_5000_digits():
    """html.unescape raises for it."""
    for number, expected in [('9' * 5000, '\ufffd'), ('0' * 5000 + '65', 'a'),
                             ('65', 'a'), ('1114112', '\ufffd')]:
        assert nlp_utils.tokenize(f'x&#{number};y', raw=True) == (
            tuple(nlp_utils.tokenize(f'x{expected}y', raw=True)))


def test_a_whole_chapter_is_one_cell(tmp_path):
    """The csv module's own limit is 131,072 characters."""
    text = 'word ' * 40000
    path = write_table(tmp_path, 'a.csv', f'x,"{text}"\ny,b\n')
    assert [row.texts for row in read(path)] == [(text,), ('b',)]


def test_a_quote_that_is_never_closed(tmp_path):
    path = write_table(tmp_path, 'a.csv', 'x,a\ny,"' + 'b\n' * 9000000)
    with pytest.raises(DatasetError, match=r'a.csv:2: not CSV \(field larger '
                                           r'than .* and close each quote'):
        read(path)


@pytest.mark.parametrize('name', ['a.tsv', 'a.csv', 'a.jsonl', 'a.tsv.gz'])
def test_a_line_that_never_ends(tmp_path, name):
    path = write_table(tmp_path, name, b'\n\n' + b'x' * (1 << 25))
    with pytest.raises(DatasetError, match=r'a\..*:3: the line is longer th'):
        read(path)


# ------------------------------------------------------------------ labels


def test_equal_numbers_are_one_label(tmp_path):
    found = labels_of(tmp_path, 'a.jsonl', jsonl(
        1, '1.0', '1e0', '"1"', '-0.0', 0, 2.5, '25e-1', '1e16', 'true'))
    assert found == [*'111100', '2.5', '2.5', '1e+16', 'True']


def test_a_data_set_with_1_and_1_0(tmp_path):
    path = write_table(tmp_path, 'a.jsonl', jsonl(1, '1.0', 0, '0.0') * 5)
    assert load_dataset(path).label_names == ('0', '1')


@pytest.mark.parametrize('labels, pair', [
    (['1', '1.0', '2'], '1 and 1.0'), (['7', '07', '-1'], '07 and 7'),
    (['1e2', '100'], '100 and 1e2')])
def test_names_that_are_the_same_number(tmp_path, labels, pair):
    """In a table without types they are names, but cannot be meant."""
    path = write_table(tmp_path, 'a.tsv', ''.join(
        f'{label}\ta text\n' for label in labels * 5))
    with pytest.raises(DatasetError,
                       match=f'a.tsv has the labels {pair}, which are the sa'):
        load_dataset(path)


def test_long_numbers_and_names_stay_apart(tmp_path):
    for labels in (['9007199254740993', '9007199254740992'],
                   ['1', '1.0', 'other'], ['1e-999999999999999999999', '1']):
        path = write_table(tmp_path, 'a.tsv', ''.join(
            f'{label}\ta text\n' for label in labels * 5))
        assert set(load_dataset(path).label_names) == set(labels)


@pytest.mark.parametrize('label', ['NaN', 'Infinity', '-Infinity', '1e999'])
def test_numbers_that_are_none(tmp_path, label):
    path = write_table(tmp_path, 'a.jsonl', jsonl(1, label))
    with pytest.raises(DatasetError, match='a.jsonl:2: the label -?(nan|inf) '
                                           '.*must be a name or a finite num'):
        read(path)


def test_not_a_number_in_another_column_is_nobodys_business(tmp_path):
    path = write_table(tmp_path, 'a.jsonl',
                       '{"label": "x", "text": "a", "score": NaN}\n')
    assert [row.label for row in read(path)] == ['x']


@pytest.mark.parametrize('label', [
    '\x1b[31mred\x1b[0m', 'a\x07b', 'a\rb', 'a\x00b', 'a\x9b2Jb', 'a\u2028b',
    'a\u202eb', 'l' * 201])
def test_labels_are_fit_for_a_terminal(tmp_path, label):
    path = write_table(tmp_path, 'a.tsv', f'good\ta\n{label}\tb\n')
    with pytest.raises(DatasetError, match='a.tsv:2: the label .* must be one '
                       'line of at most 200 characters') as caught:
        read(path)
    assert str(caught.value).isprintable() and len(str(caught.value)) < 400


def test_half_characters_in_labels(tmp_path):
    path = write_table(tmp_path, 'a.jsonl', jsonl('"a"', '"a\\ud800"'))
    with pytest.raises(DatasetError, match=r"a.jsonl:2: the label 'a\\ud800'"):
        read(path)


@pytest.mark.parametrize('label', ['très bien', '悪い', '👩‍💻', 'a b', '<b>'])
def test_labels_in_any_script(tmp_path, label):
    assert labels_of(tmp_path, 'a.csv', f'x,a\n{label},b\n') == ['x', label]


def test_messages_show_texts_escaped(tmp_path):
    path = write_table(tmp_path, 'a.jsonl', '"\x1b[2J"\n'.encode())
    with pytest.raises(DatasetError) as caught:
        read(path)
    assert str(caught.value).isprintable()


def test_many_labels_make_no_long_sentence(tmp_path):
    names = [f'label {i}' for i in range(5000)]
    (tmp_path / 'train.tsv').write_text(''.join(
        f'{name}\tx\n' for name in names))
    (tmp_path / 'test.tsv').write_text('other\tx\n')
    with pytest.raises(DatasetError, match="label 0'.* and 4,980 more$"):
        load_dataset(tmp_path)


def test_columns_that_stand_twice(tmp_path):
    path = write_table(tmp_path, 'a.csv', 'label,text,label\nx,a,y\n')
    with pytest.raises(DatasetError, match="a.csv:1: more than one column 'l"):
        read(path)


# ------------------------------------------------------------- other things


def test_things_that_are_no_files(tmp_path):
    """None of them is waited for."""
    (tmp_path / 'loop.tsv').symlink_to('loop.tsv')
    (tmp_path / 'gone.tsv').symlink_to('nowhere')
    (tmp_path / 'zero.tsv').symlink_to('/dev/zero')
    os.mkfifo(tmp_path / 'pipe.tsv')
    folder = tmp_path / 'data'
    (folder / 'train.tsv').mkdir(parents=True)
    with socket.socket(socket.AF_UNIX) as ear:
        ear.bind(os.path.relpath(tmp_path / 'ear.tsv'))
    for name, message in [
            ('loop.tsv', 'loop.tsv cannot be read .*link that leads to itse'),
            ('gone.tsv', 'gone.tsv cannot be read .*; check its name'),
            ('zero.tsv', 'zero.tsv is a device, not a file'),
            ('pipe.tsv', 'pipe.tsv is a pipe, not a file'),
            ('ear.tsv', 'ear.tsv is a socket, not a file'),
            ('data', 'train.tsv is a folder, not a file'),
            ('\0.tsv', 'no file'),
            ('x' * 5000, 'no file')]:
        with pytest.raises(DatasetError, match=message):
            load_dataset(tmp_path / name)


@pytest.mark.parametrize('thing', ['folder', 'pipe', 'loop'])
def test_published_names_that_are_no_files(tmp_path, thing):
    """They were passed over, and the file downloaded."""
    path = tmp_path / 'TREC.train.all'
    {'folder': path.mkdir, 'pipe': lambda: os.mkfifo(path),
     'loop': lambda: path.symlink_to(path.name)}[thing]()
    with pytest.raises(DatasetError, match=f'TREC.train.all .*{thing}|itself'):
        load_dataset('TREC', data_dir=tmp_path)


def test_a_file_that_changes_while_it_is_read(tmp_path):
    path = write_table(tmp_path, 'a.tsv', 'x\ta\ny\tb\n' * 50000)
    found = tables.read_table(path)
    next(found)
    with open(path, 'a') as file:
        file.write('z\tc\n')
    with pytest.raises(DatasetError, match='a.tsv changed while it was read'):
        list(found)


def test_labels_and_examples_come_from_one_reading(tmp_path, monkeypatch):
    """A file that is replaced between two readings had labels of the old."""
    path = write_table(tmp_path, 'a.tsv', 'x\ta\ny\tb\n' * 5)
    opened = []
    opening = tables.opening
    monkeypatch.setattr(tables, 'opening', lambda *args: (
        opened.append(args), opening(*args))[1])
    assert load_dataset(path).label_names == ('x', 'y')
    assert len(opened) == 1


@pytest.mark.parametrize('environment', [
    {'LC_ALL': 'C', 'PYTHONUTF8': '0', 'PYTHONCOERCECLOCALE': '0'},
    {'LC_ALL': 'C.UTF-8'}])
@pytest.mark.parametrize('name', ['caf\xe9.tsv'.encode(), b'caf\xe9.tsv',
                                  b'none.tsv'])
def test_paths_in_any_locale(tmp_path, environment, name):
    """A sentence or the data, whatever the bytes of the path are."""
    path = os.path.join(os.fsencode(tmp_path), name)
    if b'none' not in name:
        with open(path, 'w') as file:
            file.write('x\ta\ny\tb\n' * 5)
    code = ('import sys, text_datasets as t\n'
            'try: print(ascii(t.load_dataset(sys.argv[1]).name))\n'
            'except t.DatasetError as error: print(ascii(str(error)))')
    done = subprocess.run([sys.executable, '-c', code, path], cwd=ROOT,
                          capture_output=True, text=True,
                          env={**os.environ, **environment})
    assert done.stderr == ''
    works = name.startswith(b'caf\xc3') and 'PYTHONUTF8' not in environment
    assert works == (done.stdout.strip()[1:-1].encode().decode(
        'unicode_escape') == os.fsdecode(path))
    if not works:
        assert ('no file' in done.stdout) == (b'none' in name)
        assert ('PYTHONUTF8=1' in done.stdout) == (b'none' not in name)


def test_a_slow_writer_does_not_hang_the_reader(tmp_path):
    """A pipe with nobody at its other end: an error at once, in a thread."""
    os.mkfifo(tmp_path / 'a.tsv')
    errors = []

    def load():
        try:
            load_dataset(str(tmp_path / 'a.tsv'))
        except DatasetError as error:
            errors.append(error)

    thread = threading.Thread(target=load, daemon=True)
    thread.start()
    thread.join(10)
    assert len(errors) == 1


@pytest.mark.parametrize('seed', [-1, 1 << 32, 0.5, 'a', None])
def test_seeds_that_are_none(tmp_path, seed):
    path = write_table(tmp_path, 'a.tsv', 'x\ta\ny\tb\n' * 5)
    with pytest.raises(ValueError, match='seed=.* is no seed; take a whole'):
        load_dataset(path, seed=seed)


@pytest.mark.parametrize('positions', [
    [float('nan')], ['a'], [[1]], [None], [1e300], [10 ** 400]])
def test_calibration_positions_of_any_type(tmp_path, positions):
    path = write_table(tmp_path, 'a.tsv', 'x\ta\ny\tb\n' * 5)
    with pytest.raises(ValueError, match='1 calibration positions, .* are not '
                                         'different whole numbers below 10'):
        load_dataset(path, calib_positions=positions)
