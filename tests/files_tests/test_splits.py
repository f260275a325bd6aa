"""Splits: their sizes, their seed, groups and given positions."""
import itertools
import os
import subprocess
import sys

import numpy as np
import pytest
from made_files import lines_of, sizes, write_lines

import text_datasets
from errors import ArgumentError, UserError
from files import splits
from text_datasets import load_dataset

SPLITS = 'train', 'valid', 'calib', 'test'


@pytest.mark.parametrize('files, expected', [
    # 60 lines: 6 for the test; of 54 a fifth and a tenth
    ({'all': 60}, [39, 5, 10, 6]),
    ({'train': 60}, [39, 5, 10, 6]),
    ({'train': 60, 'test': 7}, [42, 6, 12, 7]),
    ({'train': 60, 'dev': 8, 'test': 7}, [48, 8, 12, 7]),
    ({'train': 60, 'valid': 8}, [44, 8, 10, 6]),
])
def test_sizes_and_disjoint(tmp_path, files, expected):
    for name, n in files.items():
        path = write_lines(tmp_path, f'{name}.tsv', [i % 3 for i in range(n)])
    if 'train' in files:
        path = str(tmp_path)
    data = load_dataset(path)
    assert sizes(data) == expected
    drawn = [split for split in SPLITS
             if not (split == 'test' and 'test' in files
                     or split == 'valid' and {'dev', 'valid'} & set(files))]
    lines = [line for split in drawn for line in lines_of(getattr(data, split))
             ]
    assert sorted(lines) == list(range(60))
    assert lines_of(data.calib) == data.calib_positions
    if 'valid' in drawn:
        assert lines_of(data.valid) == data.valid_positions
    else:
        assert data.valid_positions == []
    assert lines_of(data.train) == sorted(lines_of(data.train))


def test_seed(tmp_path):
    path = write_lines(tmp_path, 'a.tsv', ['x', 'y'] * 50)
    state = np.random.get_state()[1].tolist()
    first = load_dataset(path, seed=3)
    assert np.random.get_state()[1].tolist() == state
    np.random.random_sample()
    assert load_dataset(path, seed=3) == first
    other = load_dataset(path, seed=4)
    for split in ('test', 'calib', 'valid'):
        assert lines_of(getattr(other, split)) != lines_of(
            getattr(first, split))


def test_splits_do_not_depend_on_the_process(tmp_path):
    path = write_lines(tmp_path, 'a.tsv', ['x', 'y', 'z'] * 30)
    code = ('import sys, text_datasets as t;'
            'print(t.fingerprint(t.load_dataset(sys.argv[1])))')
    root = os.path.dirname(os.path.abspath(text_datasets.__file__))
    found = {subprocess.run(
        [sys.executable, '-c', code, path], cwd=root, text=True, check=True,
        capture_output=True, env={**os.environ, 'PYTHONHASHSEED': seed}
    ).stdout.strip() for seed in ('1', '2')}
    assert found == {text_datasets.fingerprint(load_dataset(path))}


def test_given_calibration_positions(tmp_path):
    path = write_lines(tmp_path, 'a.tsv', ['x', 'y'] * 30)
    data = load_dataset(path, calib_positions=[7, 50, 3])
    assert lines_of(data.calib) == data.calib_positions == [7, 50, 3]
    assert sorted(itertools.chain.from_iterable(
        lines_of(getattr(data, s)) for s in SPLITS)) == list(range(60))
    first = load_dataset(path)
    assert load_dataset(path, calib_positions=first.calib_positions) == first
    assert load_dataset(path, calib_positions=[]).calib == []


@pytest.mark.parametrize('positions', [[60], [-1], [3, 3], [1.5]])
def test_bad_calibration_positions(tmp_path, positions):
    path = write_lines(tmp_path, 'a.tsv', ['x', 'y'] * 30)
    with pytest.raises(UserError, match='different whole numbers below 60'):
        load_dataset(path, calib_positions=positions)


def test_calibration_size(tmp_path):
    path = write_lines(tmp_path, 'a.tsv', ['x', 'y'] * 50)
    assert sizes(load_dataset(path, calib_size=0)) == [81, 9, 0, 10]
    assert sizes(load_dataset(path, calib_size=7)) == [74, 9, 7, 10]
    with pytest.raises(ArgumentError, match='calib_size=-1') as caught:
        load_dataset(path, calib_size=-1)
    assert (caught.value.name, caught.value.value) == ('calib_size', -1)


def test_groups_stay_together_and_sizes_are_met():
    groups = ['a'] * 7 + ['b'] * 3 + list('cdefghijkl') + [None] * 80
    for seed in range(20):
        found = splits.split(groups, {'train': 0}, seed, 1000, None)
        # 100: 10 for the test; 18 and 9 of the other 90
        assert {k: len(v) for k, v in found.items()} == {
            'test': 10, 'calib': 18, 'valid': 9, 'train': 63}
        assert sorted(sum(found.values(), [])) == list(range(100))
        for group in ('a', 'b'):
            members = {i for i, g in enumerate(groups) if g == group}
            assert sum(bool(members & set(v)) for v in found.values()) == 1
        again = splits.split(groups, {'train': 0}, seed, 0, found['calib'])
        assert again == found
