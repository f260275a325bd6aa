"""The linear baseline as a command."""
import compat  # noqa: F401  (before Chainer)

import toys

from tools import baseline


def test_the_command(tmp_path, capsys):
    data = toys.write_csv(tmp_path / 'toy.csv', toys.sentences())
    baseline.main(['--dataset', str(data), '--seed', '0', '1'])
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split() == ['seed', 'C', 'valid', 'test']
    assert [row.split()[-4] for row in rows] == ['0', '1']
    for row in rows:
        assert all(0 <= float(cell) <= 1 for cell in row.split()[-2:])
