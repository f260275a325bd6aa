"""Files and folders written whole or not at all."""
import csv
import json
import os
import stat
import threading

import numpy as np
import pytest

from errors import UserError
from files import atomic

SIZE = 1 << 18
ROUNDS = 30


@pytest.mark.parametrize('before', [None, 'old'])
def test_replacing_is_all_or_nothing(tmp_path, before):
    path = tmp_path / 'file.json'
    if before:
        path.write_text(before)
    names = os.listdir(tmp_path)
    for error in (OSError, KeyboardInterrupt):
        with pytest.raises(error), atomic.replacing(path) as temporary:
            temporary.write_text('half')
            raise error
        assert os.listdir(tmp_path) == names
        assert before is None or path.read_text() == before
    with atomic.replacing(path) as temporary:
        temporary.write_text('new')
        assert not before or path.read_text() == before
    assert path.read_text() == 'new'
    assert os.listdir(tmp_path) == ['file.json']


def test_a_temporary_file_has_the_extension(tmp_path):
    """What picks a format by the name writes the right one."""
    with atomic.replacing(str(tmp_path / 'new' / 'a.b.npz')) as temporary:
        assert temporary.suffix == '.npz'
        assert temporary.parent == tmp_path / 'new'
        assert temporary.name.startswith('.a.b.npz.')
        np.savez(temporary, x=1)
    assert os.listdir(tmp_path / 'new') == ['a.b.npz']


def test_records_that_break_off_leave_the_old_file(tmp_path):
    path = tmp_path / 'new' / 'a.jsonl'  # the folder is made

    def records():
        yield {'text': 'naïve\n"x"'}
        raise ValueError('no more')

    atomic.write_jsonl(path, [{'text': 'old'}])
    with pytest.raises(ValueError, match='no more'):
        atomic.write_jsonl(path, records())
    assert path.read_text() == '{"text":"old"}\n'
    with pytest.raises(TypeError):
        atomic.write_json(path, {'array': np.zeros(1)})
    assert path.read_text() == '{"text":"old"}\n'
    with pytest.raises(TypeError):
        atomic.write_bytes(path, 'no bytes')
    assert path.read_text() == '{"text":"old"}\n'
    assert os.listdir(path.parent) == ['a.jsonl']


def test_what_is_written(tmp_path):
    records = [{'text': 'naïve\n"x"'}, {'n': 1}]
    atomic.write_jsonl(tmp_path / 'a.jsonl', records)
    lines = (tmp_path / 'a.jsonl').read_text(encoding='utf-8').split('\n')
    assert [json.loads(line) for line in lines[:-1]] == records
    assert lines[-1] == '' and 'naïve' in lines[0]
    atomic.write_json(tmp_path / 'a.json', records)
    assert atomic.read_json(tmp_path / 'a.json') == records
    assert 'naïve' in (tmp_path / 'a.json').read_text(encoding='utf-8')
    atomic.write_bytes(tmp_path / 'a.png', b'\x00\n\r\n')
    assert (tmp_path / 'a.png').read_bytes() == b'\x00\n\r\n'


@pytest.mark.parametrize('content', [b'', b'{"a": ', b'\xff\xfe{}', b'NULL'])
def test_broken_json_is_named(tmp_path, content):
    (tmp_path / 'a.json').write_bytes(content)
    with pytest.raises(UserError, match='a.json is no valid JSON: '):
        atomic.read_json(tmp_path / 'a.json')


def test_written_files_have_the_usual_permissions(tmp_path):
    (tmp_path / 'plain').write_text('')
    atomic.write_json(tmp_path / 'ours', [])
    assert (tmp_path / 'ours').stat().st_mode == (
        tmp_path / 'plain').stat().st_mode


@pytest.mark.parametrize('umask', [0o022, 0o077, 0o002])
def test_permissions_follow_the_umask(tmp_path, umask):
    before = os.umask(umask)
    try:
        atomic.write_bytes(tmp_path / 'file', b'')
        with atomic.replacing_folder(tmp_path / 'folder'):
            pass
    finally:
        assert os.umask(before) == umask
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode)
             for name in ('file', 'folder')]
    assert modes == [0o666 & ~umask, 0o777 & ~umask]


def test_replacing_folder_is_all_or_nothing(tmp_path):
    folder = tmp_path / 'stored'
    for content in ('one', 'two'):
        with atomic.replacing_folder(folder) as temporary:
            (temporary / content).write_text(content)
    with pytest.raises(KeyboardInterrupt):
        with atomic.replacing_folder(folder) as temporary:
            (temporary / 'three').write_text('')
            raise KeyboardInterrupt
    assert os.listdir(folder) == ['two']  # nothing left of the first
    assert os.listdir(tmp_path) == ['stored']


def test_a_folder_that_appears_meanwhile_is_replaced(tmp_path, monkeypatch):
    """Another process may be faster, between two steps of ours."""
    folder = tmp_path / 'stored'
    rename, faster = atomic._rename_if_free, iter([True])

    def late(temporary, target):
        if next(faster, False):
            target.mkdir()
            (target / 'theirs').touch()
        return rename(temporary, target)

    monkeypatch.setattr(atomic, '_rename_if_free', late)
    with atomic.replacing_folder(folder) as temporary:
        (temporary / 'ours').touch()
    assert os.listdir(folder) == ['ours']
    assert os.listdir(tmp_path) == ['stored']


def in_threads(write, n=4):
    """Starts threads that call ``write(number)``; they run meanwhile."""
    failures = []

    def work(number):
        try:
            for _ in range(ROUNDS):
                write(number)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,))
               for number in range(n)]
    for thread in threads:
        thread.start()
    return threads, failures


def test_concurrent_writers_never_show_half_a_file(tmp_path):
    path = tmp_path / 'file'
    atomic.write_bytes(path, b'\x00' * SIZE)
    umask = os.umask(0o022)
    try:
        threads, failures = in_threads(
            lambda number: atomic.write_bytes(path, bytes([number]) * SIZE))
        seen = 0
        while any(thread.is_alive() for thread in threads) or not seen:
            content = path.read_bytes()
            assert len(content) == SIZE and len(set(content)) == 1
            seen += 1
        for thread in threads:
            thread.join()
    finally:
        assert os.umask(umask) == 0o022
    assert not failures
    assert os.listdir(tmp_path) == ['file']


def test_concurrent_writers_never_mix_folders(tmp_path):
    folder = tmp_path / 'stored'

    def write(number):
        with atomic.replacing_folder(folder) as temporary:
            for name in 'abc':
                (temporary / f'{name}{number}').touch()

    threads, failures = in_threads(write)
    for thread in threads:
        thread.join()
    assert not failures
    number, = {name[1] for name in os.listdir(folder)}
    assert sorted(os.listdir(folder)) == [f'{x}{number}' for x in 'abc']
    assert os.listdir(tmp_path) == ['stored']


@pytest.mark.parametrize('content', [b'', b'{', b'"\xec"', b'[' * 10 ** 5])
def test_what_is_no_json(content, tmp_path):
    path = tmp_path / 'x.json'
    path.write_bytes(content)
    with pytest.raises(UserError, match='x.json is no valid JSON: .'):
        atomic.read_json(path)


def test_csv_by_hand(tmp_path):
    """RFC 4180: CR LF, quotes doubled within quotes."""
    atomic.write_csv(tmp_path / 'a.csv', iter([
        {'word': 'say "hi", x', 'known': True, 'score': -.5},
        {'word': 'caf\u00e9\n', 'known': False, 'score': None}]))
    assert (tmp_path / 'a.csv').read_bytes() == (
        b'word,known,score\r\n"say ""hi"", x",true,-0.5\r\n'
        b'"caf\xc3\xa9\n",false,\r\n')


HOSTILE = ['', ' ', '"', '""', ',', '\n', '\r', '\r\n', 'a\tb', '=1+1',
           '\ufeff', '\u2028', '\x1b[31m', ';', '\\', "'", '\U0001f600',
           'a"b,c\nd']


def test_csv_is_read_back(tmp_path):
    """By Python's reader, as it was."""
    rows = [{'a': text, HOSTILE[-1]: other}
            for text in HOSTILE for other in HOSTILE]
    atomic.write_csv(tmp_path / 'a.csv', rows)
    with open(tmp_path / 'a.csv', encoding='utf-8', newline='') as stream:
        assert list(csv.DictReader(stream, strict=True)) == rows


def test_a_table_that_breaks_off_leaves_the_old_file(tmp_path):
    (tmp_path / 'a.csv').write_text('old')
    with pytest.raises(KeyError):
        atomic.write_csv(tmp_path / 'a.csv', [{'a': 1}, {'b': 1}])
    assert os.listdir(tmp_path) == ['a.csv']
    assert (tmp_path / 'a.csv').read_text() == 'old'
