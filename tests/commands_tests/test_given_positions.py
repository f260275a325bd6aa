"""positions.npy: which tokens the variants of given activations lack."""
import compat  # noqa: F401  (before Chainer)

import json

import given_folders
import numpy as np
import pytest

import run_dknn
from errors import UserError
from files.activations import read_folder


@pytest.fixture
def folder(tmp_path):
    """Texts of three tokens, without 0, 1, 2, 0, ... of them."""
    return given_folders.write(tmp_path / 'given', texts=True, variants=True)


def positions(folder, values):
    np.save(folder / 'test_without' / 'positions.npy', np.array(values))


RIGHT = [2, 0, 2, 1, 1, 2, 0, 0, 2]  # of 1, 2, 1, 2, 1, 2 variants


def test_positions_stand_beside_the_scores(folder):
    positions(folder, RIGHT)
    run_dknn.main(['--activations', str(folder), '-k', '9'])
    found = [json.loads(line) for line in (
        folder / 'leave_one_out.jsonl').read_text().splitlines()]
    assert [record['positions'] for record in found] == [
        [], [2], [0, 2], [], [1], [1, 2], [], [0], [0, 2], []]
    for record in found:
        for entry in record['methods'].values():
            assert len(entry['scores']) == len(record['positions'])
    given = read_folder(folder).variants
    assert given.of_first(3).positions.tolist() == [2, 0, 2]


@pytest.mark.parametrize('wrong, sentence', [
    (RIGHT[:-1], 'has 8 positions, but there are 9 variants'),
    ([3, *RIGHT[1:]], r'has \[3\] for text 1, .* of its 3 tokens'),
    ([-1, *RIGHT[1:]], r'has \[-1\] for text 1'),
    ([2, 2, 0, *RIGHT[3:]], r'has \[2, 0\] for text 2, .* ascending'),
    ([2, 0, 0, *RIGHT[3:]], r'has \[0, 0\] for text 2'),
    ([.5] * 9, 'positions.npy')])
def test_wrong_positions_are_refused(folder, wrong, sentence):
    positions(folder, wrong)
    with pytest.raises(UserError, match=sentence):
        read_folder(folder)
