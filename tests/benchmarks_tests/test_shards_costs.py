"""What the processes of an index send, counted and computed."""
import compat  # noqa: F401  (before Chainer)

import json
import sys

import numpy as np
import pytest
from standing_in import together

from benchmarks import shards as costs
from runs.processes import Processes


def test_computed_bytes():
    # 64 processes: 63 / 64 of 1200 bytes of 75 neighbours, twice; of 2 sums
    assert costs.computed(75, 2, 64) == (2362.5, 63)
    assert costs.computed(75, 2, 1) == (0, 0)


def test_received_bytes_are_counted(tmp_path):
    """As computed, and some hundred more an exchange for what is asked."""
    path = tmp_path / 'layer.npy'
    np.save(path, costs.activations(600, 20))
    for found in together(2, lambda process: costs.measure(
            costs.Counting(Processes(process.rank, 2, process)), path, 400,
            75)):
        for name, expected in zip(('neighbors', 'sums'),
                                  costs.computed(75, costs.N_CLASS, 2),
                                  strict=True):
            assert 0 < found[name].received - 400 * expected < 6000
        assert found['sums'].wall > 0 and found['memory'] > 0


def test_the_table(capsys, monkeypatch):
    """One process, which sends nothing."""
    monkeypatch.setattr(sys, 'argv', [
        'shards.py', '--examples', '300', '--queries', '20', '--width', '7',
        '-k', '5', '--processes', '1'])
    costs.main()
    lines = capsys.readouterr().out.splitlines()
    head, rule, row = (line.split('|')[1:-1] for line in lines[2:5])
    assert len(head) == len(rule) == len(row) == len(costs.HEAD)
    assert [cell.strip() for cell in row[:2]] == ['1', '300']
    assert [cell.strip() for cell in row[-2:]] == ['0', '0']
    # 2 x 63 / 64 x 16 x 5, and x 2
    assert '5 examples each; 158 and 63 bytes' in lines[-1]


def test_the_largest_of_all_processes():
    found = [{'memory': m, 'index': [1, 9, 0], 'neighbors': [w, 2, 400],
              'sums': [1, 3, 40]} for m, w in [(3, 1.5), (5, 1)]]
    assert costs.row(300, 20, json.loads(json.dumps(found))) == [
        '2', '150', '5', '1.00', '1.50', '2.00', '1.00', '3.00', '20', '2']


def test_a_failure_is_told(monkeypatch):
    args = costs.build_parser().parse_args([])
    with pytest.raises(ValueError, match='1 processes failed: (.|\n)*no file'):
        costs.start(1, args, 'no file')
