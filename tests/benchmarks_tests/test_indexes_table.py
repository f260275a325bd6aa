"""The benchmark of exact and approximate indexes."""
import compat  # noqa: F401  (before Chainer)

import brute_force
import numpy as np
import pytest

from benchmarks import indexes, scale
from tools import pages


def test_spread_falls_as_said():
    """Of 1,000 directions the i-th has i^-1/2 of the deviation, in sum 1.

    Of many columns the variance is 1 on average, and the sum over i of
    i^-1 / H_D times a normal number's square in each; H_1000 = 7.49.
    """
    rng = np.random.default_rng(0)
    mix = scale.mixing(rng, 1000, .5)
    squares = (mix.astype(float) ** 2).mean(axis=1)
    H = (1 / np.arange(1., 1001)).sum()
    assert H == pytest.approx(7.49, abs=.01)
    np.testing.assert_allclose(squares, 1 / np.arange(1, 1001) / H, rtol=.3)
    assert squares.sum() == pytest.approx(1, abs=.05)
    np.testing.assert_allclose(
        (scale.mixing(rng, 1000, 0) ** 2).mean(axis=1), 1e-3, rtol=.3)


@pytest.fixture
def folder(tmp_path):
    scale.made_layers(tmp_path, 430, 1, 20, 3, decay=.5)
    return tmp_path


@pytest.mark.parametrize('kind', indexes.KINDS)
def test_what_is_measured(folder, kind, monkeypatch):
    monkeypatch.setattr(indexes, 'K', 9)
    exact = indexes.measured(folder, 'exact', 30)
    assert exact['recall'] == 1 and exact['file'] == 0
    (h,), _ = scale.mapped(folder)
    np.testing.assert_array_equal(
        np.load(folder / indexes.FARTHEST),
        brute_force.neighbors(h[:400], h[400:], 9)[0][:, -1])
    found = indexes.measured(folder, kind, 30)
    assert set(found) == {'build', 'votes', 'file', 'peak', 'recall'}
    assert .9 < found['recall'] <= 1
    assert found['build'] > 0 and found['votes'] > 0
    assert found['peak'] > 10 << 20
    # copies of 64 to 80 bytes an example, links; codes of 5 and 20 x 256
    # numbers
    least = {'exact': 0, 'ivf+pq': 400 * 5 + 4 * 20 * 256}.get(kind,
                                                                400 * 64)
    assert least <= found['file'] <= 6 * least


def test_recall_counts_what_is_missed(folder, monkeypatch):
    monkeypatch.setattr(indexes, 'K', 9)
    indexes.measured(folder, 'exact', 30)
    true = np.load(folder / indexes.FARTHEST)
    np.save(folder / indexes.FARTHEST, np.where(np.arange(30) < 6, true, 0))
    assert indexes.measured(folder, 'ivf', 30)['recall'] == pytest.approx(
        .2, abs=.02)


def test_a_row_by_hand():
    # 1.5 s for 500 queries are 3 ms; exact took 6 s
    assert indexes.row_of('ivf', {
        'build': 2.26, 'votes': 1.5, 'file': 24_600_000, 'peak': 310_400_000,
        'recall': .99349}, {'votes': 6}, 500) == [
            'ivf', '2.3', '24.6', '3.000', '0.25', '0.993', '310']
    assert len(indexes.COLUMNS) == 7


def test_the_table_goes_between_its_own_marks(tmp_path, monkeypatch, capsys):
    page = tmp_path / scale.PAGE
    first, last = pages.marks(indexes.MARKS)
    kept = f'{pages.BEGIN}\nkept\n{pages.END}\n'
    page.write_text(f'{kept}{first}\nold\n{last}\n')
    asked = []

    def figures(folder, kind, n_queries):
        (h,), _ = scale.mapped(folder)
        asked.append((kind, h.shape, n_queries))
        return {'build': 1, 'votes': 1, 'file': 0, 'peak': 0, 'recall': 1}

    monkeypatch.setattr(indexes, 'in_a_process', figures)
    indexes.main(['--examples', '80', '--width', '8', '--queries', '5',
                  '--kinds', 'hnsw', 'ivf', '--docs', str(tmp_path),
                  '--folder', str(tmp_path)])
    assert asked == [(kind, (85, 8), 5) for kind in ('exact', 'hnsw', 'ivf')]
    said, text = capsys.readouterr().out, page.read_text()
    assert text.startswith(kept + first) and said.strip() in text
    assert '80 x 8, decay 0.5, 5 queries:' in said and 'old' not in text
    assert [path.name for path in tmp_path.iterdir()] == [scale.PAGE]


def test_figures_come_from_a_process_of_its_own(folder):
    assert indexes.in_a_process(folder, 'exact', 30)['recall'] == 1
