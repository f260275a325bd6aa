"""Arrays written in blocks: killed anywhere, resumed, the same bytes."""
import errno
import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest

from files import locks, resumable, stored

ROOT = pathlib.Path(__file__).resolve().parents[2]
N, BLOCK = 50, 20
ARRAYS = {'a': 3, 'b': 1}  # name: width


def values(name, salt=0):
    rng = np.random.RandomState(ARRAYS[name] + salt)
    return rng.randn(N, ARRAYS[name]).astype(np.float32)


def write(folder, key='key', salt=0, until=N):
    """Stores the arrays; fails at row ``until``.  Returns the rows found."""
    found = []

    def make(temporary):
        arrays = resumable.ArraysInBlocks(temporary, key, N)
        found.append((arrays.rows, arrays.problem))
        for first in range(arrays.rows, N, BLOCK):
            if first >= until:
                raise KeyboardInterrupt
            arrays.append({name: values(name, salt)[first:first + BLOCK]
                           for name in ARRAYS})

    stored.ensure(folder, key, make, goes_on=True)
    return found[0]


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def assert_complete(folder, salt=0):
    assert sorted(contents(folder)) == ['a.npy', 'b.npy', 'key']
    for name in ARRAYS:
        np.testing.assert_array_equal(np.load(folder / f'{name}.npy'),
                                      values(name, salt))
    assert not [path for path in folder.parent.iterdir()
                if path.name.startswith('.')]


KILLED = f'''
import os, pathlib, sys
sys.path.insert(0, {str(ROOT / 'tests' / 'files_tests')!r})
import test_resumable

left = int(sys.argv[2])

def counted(function):
    def call(*args, **options):
        global left
        left -= 1
        if left < 0:
            os._exit(9)  # nothing is cleaned up, as after kill -9
        return function(*args, **options)
    return call

os.fsync = counted(os.fsync)
os.replace = counted(os.replace)
os.posix_fallocate = counted(os.posix_fallocate)
pathlib.Path.rename = counted(pathlib.Path.rename)
pathlib.Path.unlink = counted(pathlib.Path.unlink)
pathlib.Path.write_text = counted(pathlib.Path.write_text)
test_resumable.write(pathlib.Path(sys.argv[1]))
'''


def test_killed_anywhere_and_resumed(tmp_path):
    """The same bytes as without a break, whole blocks not written again."""
    write(tmp_path / 'whole')
    expected, rows, n_killed = contents(tmp_path / 'whole'), [], 0
    for point in range(99):
        folder = tmp_path / str(point) / 'x'
        done = subprocess.run([sys.executable, '-c', KILLED, str(folder),
                               str(point)], cwd=ROOT, capture_output=True,
                              text=True, check=False)
        if done.returncode == 0:
            break
        assert done.returncode == 9, done.stderr
        n_killed += 1
        assert not folder.exists() or contents(folder) == expected
        if not folder.exists():
            rows.append(write(folder)[0])
        assert contents(folder) == expected
    assert contents(folder) == expected
    assert n_killed > 10 and sorted(set(rows)) == [0, 20, 40]
    assert rows[-1] in (0, 40)


def test_a_block_half_written_is_written_again(tmp_path):
    folder = tmp_path / 'x'
    with pytest.raises(KeyboardInterrupt):
        write(folder, until=40)
    path = tmp_path / '.x.partial' / 'a.npy'
    with open(path, 'r+b') as stream:  # the start of the third block
        stream.seek(-10 * 3 * 4, os.SEEK_END)
        stream.write(b'garbage')
    assert write(folder) == (40, '')
    assert_complete(folder)


def test_blocks_of_another_key_are_never_used(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path / 'x', until=40)
    assert write(tmp_path / 'x', 'another', salt=1) == (0, '')
    assert_complete(tmp_path / 'x', salt=1)


def cut(path):
    with open(path, 'r+b') as stream:
        stream.truncate(path.stat().st_size - 4)


def flip(path):
    content = bytearray(path.read_bytes())
    content[140] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize('name', ['a.npy', 'b.npy'])
@pytest.mark.parametrize('damage, said', [
    (cut, 'is damaged'), (flip, 'is damaged'),
    (pathlib.Path.unlink, 'cannot be read')])
def test_damaged_blocks_are_named_and_not_used(name, damage, said, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path / 'x', until=40)
    damage(tmp_path / '.x.partial' / name)
    assert write(tmp_path / 'x') == (0, f'{name} {said}')
    assert_complete(tmp_path / 'x')


@pytest.mark.parametrize('progress', [
    '', '[]', '{}', '{"key": "key", "n": 50, "rows": 20, "files": 3}',
    '{"key": "key", "n": 50, "rows": 60, "files": {}}',
    '{"key": "key", "n": 50, "rows": "20", "files": {}}'])
def test_progress_that_is_none(progress, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path / 'x', until=40)
    (tmp_path / '.x.partial' / 'progress').write_text(progress)
    assert write(tmp_path / 'x')[0] == 0
    assert_complete(tmp_path / 'x')


def test_a_failure_before_the_first_block_leaves_nothing(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path / 'x', until=0)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_named(tmp_path, monkeypatch):
    """Before anything is computed that would be lost."""
    def full(*args):
        raise OSError(errno.ENOSPC, 'No space left on device')

    monkeypatch.setattr(os, 'posix_fallocate', full)
    with pytest.raises(OSError, match='No space left.*a.npy') as caught:
        write(tmp_path / 'x')
    assert caught.value.errno == errno.ENOSPC
    assert list(tmp_path.iterdir()) == []


def test_while_another_process_writes(tmp_path):
    """One makes one's own, and the other's blocks are left alone."""
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path / 'x', until=40)
    partial = tmp_path / '.x.partial'
    before = contents(partial)
    with locks.held(partial, exclusive=True):
        assert write(tmp_path / 'x') == (0, '')
    assert contents(partial) == before
    assert json.loads(before['progress'])['rows'] == 40


def test_halves_go_on_where_they_stopped(tmp_path):
    """float16, two bytes a number; float32 beside it."""
    wide, narrow = values('a'), values('b').astype(np.float16)
    found = []

    def make(folder, until):
        arrays = resumable.ArraysInBlocks(folder, 'key', N)
        found.append((arrays.rows, arrays.problem))
        for first in range(arrays.rows, until, BLOCK):
            rows = slice(first, first + BLOCK)
            arrays.append({'a': wide[rows], 'b': narrow[rows]})

    make(tmp_path, BLOCK)
    make(tmp_path, N)
    assert found == [(0, ''), (BLOCK, '')]
    for name, expected in (('a', wide), ('b', narrow)):
        read = np.load(tmp_path / f'{name}.npy')
        assert read.dtype == expected.dtype
        np.testing.assert_array_equal(read, expected)
