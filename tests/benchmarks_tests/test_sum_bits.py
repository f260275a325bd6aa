"""The comparison of sum_bits=32 with 64 on trained runs."""
import compat  # noqa: F401  (before Chainer)

import pytest

from benchmarks import sum_bits
from dknn import DkNN
from tools import pages


def test_what_is_compared(made):
    found = sum_bits.compared(made, repeats=1)
    assert found['examples'] > found['queries'] > 0
    assert 0 <= found['median'] <= found['largest'] < 1e-4
    assert found['log_odds'] > 0 and found['labels'] == 0


def test_differences_are_counted(made, monkeypatch):
    """Of a DkNN whose soft scores of 32 bits are those of the other class."""
    ask = DkNN.votes_and_log_odds

    def swapped(self, activations):
        votes, odds = ask(self, activations)
        return votes, odds[:, ::-1] if self.index_options == {
            'sum_bits': 32} else odds

    monkeypatch.setattr(DkNN, 'votes_and_log_odds', swapped)
    found = sum_bits.compared(made, repeats=1)
    # Two classes: log-odds of one are minus those of the other
    assert found['largest'] == pytest.approx(2 * found['log_odds'], rel=1e-4)
    assert found['labels'] == found['queries']


def test_the_table(made, tmp_path, capsys):
    page = tmp_path / 'scale.md'
    page.write_text('before\n<!-- sum_bits -->\n\nold\n\n'
                    '<!-- end of sum_bits -->\nafter\n')
    sum_bits.main([str(made), '--docs', str(tmp_path)])
    printed = capsys.readouterr().out.strip()
    assert printed.splitlines()[2].startswith(f'| {made.name} | ')
    assert pages.read_parts(page, 'sum_bits')[1].strip() == printed
