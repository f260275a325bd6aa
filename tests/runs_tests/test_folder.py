"""Which folder is meant, and what it holds."""
import compat  # noqa: F401  (before Chainer)

import os
import pathlib
import shutil

import pytest

import runs
from runs.folder import clear, find_folder


def test_clear_removes_what_a_run_wrote_only(run_folder):
    runs.stored_activations(runs.load_run(run_folder), 'test')
    (run_folder / 'notes.txt').write_text('mine')
    clear(run_folder)
    assert os.listdir(run_folder) == ['notes.txt']
    clear(run_folder / 'absent')


def test_newest_run(run_folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=r'train\.py --dataset'):
        find_folder()
    for i, name in enumerate(['b_old', 'c_new', 'a_older']):
        folder = shutil.copytree(run_folder, tmp_path / 'results' / name)
        os.utime(folder / 'args.json', (1000, 1000 + [5, 9, 2][i]))
    assert find_folder().name == 'c_new'
    (tmp_path / 'results' / 'c_new' / 'best_model.npz').unlink()
    assert find_folder().name == 'b_old'  # no longer trained


@pytest.mark.parametrize('dataset, char, name', [
    ('stsa.binary', False, 'stsa.binary_cnn'), ('TREC', True, 'TREC_cnn_char'),
    ('a/b/my.data.csv', False, 'my_cnn'), ('/a/folder/', False,
                                           'folder_cnn')])
def test_folder_names(dataset, char, name):
    assert runs.folder_of('out', dataset, 'cnn', char) == (
        pathlib.Path('out') / name)


def test_a_path_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(ValueError, match='typo is no trained run: it'):
        find_folder(tmp_path / 'typo')


@pytest.mark.parametrize('named', ['gone', 'gone/args.json'])
def test_leftovers_beside_a_run_that_never_was(tmp_path, named):
    left = tmp_path / '.gone.0123456789abcdef'
    left.mkdir()
    with pytest.raises(ValueError, match='is no trained run'):
        find_folder(tmp_path / named)
    assert not left.exists()
