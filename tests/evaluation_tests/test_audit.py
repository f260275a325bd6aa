"""Other indexes beside exact search."""
import compat  # noqa: F401  (before Chainer)

import sys

import numpy as np
import pytest

from evaluation import audit
from neighbors import INDEXES

COMPARED = [name for name in INDEXES if name not in ('exact', 'milvus')]


def test_recalls():
    """Layers of k = 3: 1 of 3 and all, 5/6... the order does not matter."""
    truth = np.array([[[1, 2, 3], [4, 5, 6]], [[1, 2, 3], [4, 5, 6]]])
    other = np.array([[[9, 3, 8], [6, 5, 4]], [[7, 8, 9], [1, 2, 3]]])
    # (1/3 + 1) / 2, and nothing: neighbours of another layer do not count
    np.testing.assert_allclose(audit.recalls(truth, other), [2 / 3, 0])


def cells(table):
    return {name: dict(zip(table.columns, row, strict=True))
            for name, row in table.rows}


def test_an_exact_index_changes_nothing(setting):
    asked = setting('bow')
    table, = audit.measure(asked)
    found = cells(table)
    assert list(found) == ['exact', 'random neighbours',
                           *COMPARED]
    tree = found['kdtree']
    assert tree['recall'] == (1, 1, 1)
    assert tree['rank agreement'] == pytest.approx((1, 1, 1))
    assert tree['changed'] == tree['credibility shift'] == (0, 0, 0)
    assert tree['largest'] == 0
    assert tree['soft shift, k'] == (0, 0, 0)
    # ... but kernels are summed over the neighbours only
    assert tree['soft shift, all'].value > 0
    assert found['random neighbours']['recall'] == 7 / len(
        asked.train.labels)
    for name in ('exact', *COMPARED):
        assert found[name]['build s'] > 0 and found[name]['search s'] > 0


def test_a_poor_index_is_seen(setting, monkeypatch):
    """Random neighbours: recall of about k / N."""
    class Random(INDEXES['kdtree']):
        def _nearest(self, Q, k):
            found = np.stack([np.random.default_rng(i).choice(
                len(self.X_), k, replace=False) for i in range(len(Q))])
            return np.ones(found.shape), found

    monkeypatch.setitem(INDEXES, 'kdtree', Random)
    asked = setting('bow')
    found = cells(audit.measure(asked)[0])
    expected = found['random neighbours']['recall']
    assert abs(found['kdtree']['recall'].value - expected) < .1
    assert found['kdtree']['credibility shift'].value > .05
    assert (found['kdtree']['largest']
            >= found['kdtree']['credibility shift'].value)
    assert found['kdtree']['changed'].value > .1
    assert found['kdtree']['soft shift, k'].value > .01


def test_as_all_neighbours_the_soft_shift_is_nothing(setting):
    """k = N: the neighbours found are all examples."""
    n = len(setting('bow').train.labels)
    found = cells(audit.measure(setting('bow', n_neighbors=n))[0])
    assert found['kdtree']['soft shift, all'].value < 1e-6


@pytest.mark.parametrize('module, names', [
    ('nearpy.hashes', ['lsh']), ('faiss', ['hnsw', 'ivf'])])
def test_a_missing_package_is_a_row(setting, monkeypatch, module, names):
    asked = setting('bow')
    monkeypatch.setitem(sys.modules, module, None)
    table, = audit.measure(asked)
    found = cells(table)
    for name in names:
        assert list(found[name].values()) == [
            'not installed', *[None] * 8]
        assert f'{name}: this index needs' in table.note
    assert 'pip install' in table.note
    assert found['kdtree']['recall'].value == 1
