"""The table of how long the live page's answers take."""
import compat  # noqa: F401  (before Chainer)

import re

import pytest
import toys

from benchmarks import serving


def test_a_row_a_length(tmp_path, monkeypatch, capsys):
    pytest.importorskip('flask')
    run = toys.trainer(tmp_path, 120)('bow', 'pair')
    capsys.readouterr()
    monkeypatch.setattr(serving, 'LENGTHS', (2, 4))
    monkeypatch.setattr(serving, 'STARTS', 1)
    serving.main(['--model-setup', str(run), '-k', '7', '--repeats', '2'])
    *rows, last, shell = capsys.readouterr().out.splitlines()[-4:]
    assert [row.split()[0] for row in rows] == ['2', '4']
    assert all(len(row.split()) == 7 for row in rows)
    # 300 of both texts together
    assert re.match(r'150 words by all methods: \d+ ms, \d+ kB; memory', last)
    assert re.fullmatch(r'20 words by interpret\.py --text: \d+\.\d\d s',
                        shell)
