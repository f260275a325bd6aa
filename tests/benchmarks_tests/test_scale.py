"""The benchmark of activations larger than memory."""
import json

import numpy as np
import pytest

from benchmarks import scale
from errors import UserError
from neighbors import arrays
from tools import pages


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Activations of 300 examples, made in blocks of 64."""
    monkeypatch.setattr(scale, 'BLOCK', 64)
    scale.made_layers(tmp_path, 300, 2, 20, 3)
    return tmp_path


def test_activations_are_like_those_after_a_relu(folder):
    layers, labels = scale.mapped(folder)
    assert labels.shape == (300,) and set(labels) == {0, 1, 2}
    for h in layers:
        assert h.shape == (300, 20) and h.dtype == np.float32
        assert (h >= 0).all() and .2 < (h > 0).mean() < .8
        # Columns 0 and 10 are dead, no other is
        assert np.flatnonzero(~np.any(h, axis=0)).tolist() == [0, 10]
        # Examples of a class are nearer to each other: the spread within
        # classes is less than that of all
        within = sum(((h[labels == y] - h[labels == y].mean(axis=0)) ** 2
                      ).sum() for y in range(3))
        assert within < .98 * ((h - h.mean(axis=0)) ** 2).sum()
    assert not np.array_equal(*layers)


def test_the_same_seed_makes_the_same(folder, tmp_path):
    again = tmp_path / 'again'
    again.mkdir()
    scale.made_layers(again, 300, 2, 20, 3)
    for path in again.iterdir():
        assert path.read_bytes() == (folder / path.name).read_bytes()


def test_what_is_measured(folder, monkeypatch):
    products = []
    monkeypatch.setattr(arrays, 'CELLS', 1 << 16)
    monkeypatch.setattr(scale, 'products', lambda layers, queries, dtype: (
        products.append((len(layers), queries[0].shape, dtype))))
    monkeypatch.setattr(scale, 'K', 5)
    found = scale.measured(folder, 30, 1 << 40)
    assert 0 <= found.pop('difference') < 1e-5
    assert set(found) == {'fit', 'votes', 'soft', 'both', 'sgemm', 'dgemm',
                          'reading', 'peak'}
    assert all(value > 0 for value in found.values())
    assert products == [(2, (30, 20), np.float32), (2, (30, 20), np.float64)]
    assert found['peak'] > 10 << 20


def test_too_little_memory_says_how_much_would_do(folder):
    with pytest.raises(UserError, match='--memory 1M is too little; give'):
        scale.measured(folder, 30, 1 << 20)


def test_products_are_as_many_as_a_search_needs(monkeypatch):
    """300 examples in blocks of 64: 4 x 64 and 44 columns."""
    monkeypatch.setattr(scale, 'BLOCK', 64)
    columns = []

    class Queries:
        def __matmul__(self, block):
            columns.append((block.shape[1], block.dtype))

        def astype(self, dtype):
            return self

    scale.products([np.zeros((300, 7), np.float32)], [Queries()], np.float64)
    assert columns == [(64, np.float64)] * 4 + [(44, np.float64)]


def test_a_row_by_hand():
    # votes 3 s, soft 8 s, and both 5 s beside 1.5 or 3.5 s of products and
    # 0.5 s of reading: 3 / 2, 8 / 4, 5 / 2
    row = scale.row_of(10_000, 3 << 29, {
        'fit': .25, 'votes': 3, 'soft': 8, 'both': 5, 'sgemm': 1.5,
        'dgemm': 3.5, 'reading': .5, 'peak': 1 << 29, 'difference': 4.77e-7})
    assert row == ['10,000', '1.50', '0.50', '0.2', '3.0', '8.0', '5.0',
                   '1.5', '3.5', '0.5', '1.50', '2.00', '2.50', '5e-07']
    assert len(row) == len(scale.COLUMNS)


def test_the_table_goes_between_the_marks(tmp_path, monkeypatch, capsys):
    page = tmp_path / scale.PAGE
    page.write_text(f'Before\n\n{pages.BEGIN}\nold\n{pages.END}\n\nAfter\n')
    monkeypatch.setattr(scale, 'in_a_process', lambda folder, args: {
        'fit': 1, 'votes': 1, 'soft': 1, 'both': 1, 'sgemm': 1, 'dgemm': 1,
        'reading': 1, 'difference': 0,
        'peak': len(json.dumps(sorted(p.name for p in folder.iterdir())))})
    scale.main(['--sizes', '50', '70', '--layers', '1', '--width', '8',
                '--classes', '2', '--docs', str(tmp_path), '--folder',
                str(tmp_path)])
    said = capsys.readouterr().out
    text = page.read_text()
    assert '| 50 |' in text and '| 70 |' in text and said.strip() in text
    assert text.startswith('Before') and text.endswith('After\n')
    assert 'old' not in text
    assert [path.name for path in tmp_path.iterdir()] == [scale.PAGE]
