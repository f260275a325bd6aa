"""Data files that were read before: the same, or read again."""
import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest
from made_files import write_table

import text_datasets
from files import cached, encoded, published, reading, tables, tokens
from files.rows import DatasetError, Row
from text_datasets import DATASETS, load_dataset

ROOT = pathlib.Path(__file__).resolve().parents[2]
HOSTILE = ['', ' ', '\0', 'a\0b c', 'é\u0301 \u202e x', '\ufeff', '😀 👩‍🚀',
           'İstanbul', '&#0; &amp; &#x1F600;', '<br />', '"', "n't cannot!",
           'x' * 200000, 'word ' * 50000, '\x85\u2028a', '<eos> <unk>']


@pytest.fixture(autouse=True)
def everything_is_kept(monkeypatch):
    monkeypatch.setattr(cached, 'LEAST', 1)


@pytest.fixture
def notes():
    return []


@pytest.fixture
def cache(tmp_path, notes):
    return cached.Cache(tmp_path / 'cache', notes.append)


@pytest.fixture
def never_read(monkeypatch):
    """Function after whose call no text is tokenized."""
    def forbid():
        def fail(*_):
            raise AssertionError('a file was read again')
        monkeypatch.setattr(reading, 'read_examples', fail)
    return forbid


def table(folder, name='a.csv', texts=1, n=60):
    columns = ','.join(['text'] if texts == 1 else ['text1', 'text2'])
    rows = [f'{"yn"[i % 2]},' + ','.join([f'"It isn\'t, {i}"'] * texts)
            for i in range(n)]
    return write_table(folder, name, '\n'.join([f'label,{columns}', *rows,
                                                'y' + ',' * texts]) + '\n')


def folders(tmp_path):
    return sorted(path for path in (tmp_path / 'cache').glob('*'))


# ------------------------------------------------- the same with and without


@pytest.mark.parametrize('char_based', [False, True])
@pytest.mark.parametrize('texts', [1, 2])
def test_own_files_are_the_same(tmp_path, cache, never_read, texts,
                                char_based):
    path = table(tmp_path, texts=texts)
    plain = load_dataset(path, char_based=char_based)
    assert plain.dropped == 1
    first = load_dataset(path, char_based=char_based, cache=cache)
    never_read()
    second = load_dataset(path, char_based=char_based, cache=cache)
    assert plain == first == second
    assert len({text_datasets.fingerprint(data)
                for data in (plain, first, second)}) == 1
    token = second.train[0].texts[0][0]
    assert token is sys.intern(token)
    assert type(second.train[0].label) is int
    # another seed splits what is kept in another way
    assert load_dataset(path, seed=1, char_based=char_based,
                        cache=cache).train != plain.train


@pytest.mark.parametrize('name', ['TREC', 'custrev', 'stsa.binary', 'snli',
                                  'dbpedia', 'imdb.fine', 'tweets'])
def test_published_files_are_the_same(cache, never_read, name):
    folder = os.environ.get('DKNN_DATA', '')
    if not all(os.path.isfile(os.path.join(folder, file))
               for file, _ in DATASETS[name].files.values()):
        pytest.skip('no such file in the folder that DKNN_DATA names')
    plain = load_dataset(name, cache=cache)
    never_read()
    assert load_dataset(name, cache=cache) == plain


def test_groups_ratings_and_order(tmp_path):
    """By hand: three rows, the second without a label."""
    builder = encoded.Builder()
    rows = [Row(1, 'a', ('b c b',), 'g', (1.1, .3)), Row(2, None, ('z',)),
            Row(3, 'b', ('c',), 'g', (-.1, 2.), row=7, id='é')]
    found = tokens.tokenize([row.texts[0] for row in rows], False, False)
    assert found.words == ['b', 'c', 'z']
    assert found.ids.tolist() == [0, 1, 0, 2, 1]
    builder.add(found, found.lengths.reshape(3, 1),
                np.array([True, False, True]), [0, 1], [rows[0], rows[2]])
    (tmp_path / 'x').mkdir()
    encoded.write(tmp_path / 'x', builder.encoded(['a', 'b']))
    back = encoded.read(tmp_path / 'x')
    assert back.texts() == [(('b', 'c', 'b'),), (('c',),)]
    assert back.ids.tolist() == [0, 1, 0, 1] and back.ids.dtype == np.uint8
    assert back.group_names() == [0, 0]
    assert back.rating_pairs() == [(1.1, .3), (-.1, 2.)]
    assert back.table_rows() == [(0, None), (7, 'é')]
    assert (back.without_text, back.without_label, back.names) == (
        0, 1, ['a', 'b'])


# ------------------------------------------------------ changed and damaged


def test_a_changed_byte_is_seen(tmp_path, cache):
    path = table(tmp_path)
    load_dataset(path, cache=cache)
    before = os.stat(path)
    content = pathlib.Path(path).read_bytes()
    pathlib.Path(path).write_bytes(content.replace(b', 7"', b', 8"'))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert os.stat(path).st_size == before.st_size
    assert load_dataset(path, cache=cache) == load_dataset(path)
    assert len(folders(tmp_path)) == 2


def test_a_changed_reader_is_seen(tmp_path, cache, monkeypatch):
    path = table(tmp_path)
    load_dataset(path, cache=cache)
    other = tmp_path / 'nlp_utils.py'
    other.write_text('# other')
    monkeypatch.setattr(cached, 'READERS', [*cached.READERS[1:], other])
    cached.code_digest.cache_clear()
    load_dataset(path, cache=cache)
    cached.code_digest.cache_clear()
    assert len(folders(tmp_path)) == 2


def test_options_of_a_reader_count():
    one, other = (DATASETS[name] for name in ('vader.nyt', 'TREC'))
    assert cached._source_of(one.read)[1] == 'read_vader'
    assert 'hutto' in cached._source_of(one.read)[2]
    assert cached._source_of(other.read)[1:] == ('read_harvard', '[]')
    assert cached._source_of(other.read)[0] == published.__file__


@pytest.mark.parametrize('name', ['ids.npy', 'labels.npy', 'lengths.npy',
                                  'description.json'])
@pytest.mark.parametrize('damage', ['flipped', 'cut', 'gone'])
def test_damage_is_seen_and_mended(tmp_path, cache, notes, name, damage):
    path = table(tmp_path)
    plain = load_dataset(path, cache=cache)
    file = folders(tmp_path)[0] / name
    content = file.read_bytes()
    if damage == 'gone':
        file.unlink()
    else:
        file.write_bytes(content[:-1] + (
            b'' if damage == 'cut' else bytes([content[-1] ^ 1])))
    assert load_dataset(path, cache=cache) == plain
    assert len(notes) == 1 and name in notes[0] and 'again' in notes[0]
    assert file.read_bytes() == content
    assert load_dataset(path, cache=cache) == plain and len(notes) == 1


def test_a_file_that_changes_while_it_is_read(tmp_path, cache):
    path = table(tmp_path)

    def load():
        found = reading.read_examples(tables.read_table, path, None, None,
                                      True, False)
        with open(path, 'a') as stream:
            stream.write('y,more\n')
        return found

    with pytest.raises(DatasetError, match='changed while it was read'):
        cache.get(path, [], tables.read_table, load)
    assert not folders(tmp_path)


# ----------------------------------------------------- places and processes


def test_where_nothing_can_be_written(tmp_path, notes):
    (tmp_path / 'cache').write_text('a file stands where the folder should')
    path = table(tmp_path)
    cache = cached.Cache(tmp_path / 'cache', notes.append)
    assert load_dataset(path, cache=cache) == load_dataset(path)
    assert len(notes) == 1 and 'cache' in notes[0] and 'again' in notes[0]


@pytest.mark.skipif(not hasattr(os, 'geteuid') or os.geteuid() == 0,
                    reason='root may write anywhere')
def test_read_only(tmp_path, cache, notes):
    path = table(tmp_path)
    (tmp_path / 'cache').mkdir(mode=0o500)
    assert load_dataset(path, cache=cache) == load_dataset(path)
    assert len(notes) == 1 and 'cannot be written' in notes[0]


def test_small_files_are_not_kept(tmp_path, cache, monkeypatch):
    path = table(tmp_path)  # 60 texts of it, is, n't, a comma and a number
    monkeypatch.setattr(cached, 'LEAST', 301)
    load_dataset(path, cache=cache)
    assert not folders(tmp_path)
    monkeypatch.setattr(cached, 'LEAST', 300)
    load_dataset(path, cache=cache)
    assert len(folders(tmp_path)) == 1


LOAD = '''
import json, sys
import text_datasets
from files import cached
cached.LEAST = 1
data = text_datasets.load_dataset(
    sys.argv[1], cache=cached.Cache(sys.argv[2], print))
print(json.dumps(text_datasets.fingerprint(data)))
'''


def test_two_processes_at_once(tmp_path):
    path = table(tmp_path, n=3000)
    both = [subprocess.Popen(
        [sys.executable, '-c', LOAD, path, str(tmp_path / 'cache')],
        cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate()[0] for process in both]
    expected = text_datasets.fingerprint(load_dataset(path))
    assert [json.loads(out) for out in said] == [expected] * 2
    assert len(folders(tmp_path)) == 1  # and nothing temporary


# ------------------------------------------------------- several processes


def gathered(rows, **options):
    return [(batch, found.words, found.ids.tolist(), found.lengths.tolist())
            for batch, found in tokens.tokenized(
                iter(rows), True, False, **options)]


def test_several_processes_give_the_same(monkeypatch):
    monkeypatch.setattr(tokens, 'ROWS', 3)
    rows = [Row(i, 'a', (text, HOSTILE[-i % len(HOSTILE)]))
            for i, text in enumerate(HOSTILE * 2)]
    alone = gathered(rows)
    assert [row for batch, *_ in alone for row in batch] == rows
    asked = []
    assert gathered(rows, n_workers=lambda: asked.append(1) or 3,
                    alone=1) == alone
    assert asked
    for batch, words, ids, lengths in alone:  # beside plain tokenizing
        plain = [tokens.nlp_utils.tokenize(text, raw=True)
                 for row in batch for text in row.texts]
        assert [words[i] for i in ids] == [t for text in plain for t in text]
        assert lengths == list(map(len, plain))


def test_rows_before_an_error_come_first():
    def rows():
        yield Row(1, 'a', ('x',))
        raise DatasetError('line 2')
    found = tokens.tokenized(rows(), True, False)
    assert next(found)[1].words == ['x']
    with pytest.raises(DatasetError, match='line 2'):
        next(found)


@pytest.mark.parametrize('serve, told', [
    ('raise SystemExit(3)', r'ended before its time \(exit code 3\)'),
    (tokens.SERVE.replace('tokens.serve()', 'tokens.tokenize = None; '
                          'tokens.serve()'), "failed:\nTraceback(.|\n)*"
     "TypeError: 'NoneType'")])
def test_a_process_that_fails(monkeypatch, serve, told):
    monkeypatch.setattr(tokens, 'ROWS', 1)
    monkeypatch.setattr(tokens, 'SERVE', serve)
    rows = [Row(i, 'a', (str(i),)) for i in range(9)]
    with pytest.raises(RuntimeError, match=told):
        gathered(rows, n_workers=lambda: 3, alone=1)


def test_processes_end_when_the_reading_does(monkeypatch):
    monkeypatch.setattr(tokens, 'ROWS', 1)
    started = []
    popen = subprocess.Popen
    monkeypatch.setattr(tokens.subprocess, 'Popen', lambda *args, **options:
                        started.append(popen(*args, **options))
                        or started[-1])
    found = tokens.tokenized(iter([Row(i, 'a', ('x',)) for i in range(99)]),
                             True, False, lambda: 3, 1)
    for _ in range(3):
        next(found)
    found.close()  # as Ctrl-C does
    assert len(started) == 3
    assert all(process.poll() is not None for process in started)
