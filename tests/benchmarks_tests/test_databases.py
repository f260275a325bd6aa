"""The table of docs/milvus.md: its columns, and what is left behind."""
import compat  # noqa: F401  (before Chainer)

import numpy as np
import pytest

from benchmarks import databases
from neighbors import INDEXES, collections


def cells(name, seconds_from, monkeypatch, uri=None):
    """Of 300 examples; builds take 3 and 2 s, searches .5 s."""
    X, Q = databases.made_up(300, 8, 1), databases.made_up(4, 8, 2)
    truth = INDEXES['exact']().fit(X).kneighbors(Q, 5)[1]
    monkeypatch.setattr(databases, 'seconds_of', seconds_from(
        3, 2, *[.5] * (4 + databases.REPEATS)))
    return databases.row(name, {'uri': uri} if uri else {}, X, Q, truth)


def test_a_row(seconds_from, monkeypatch):
    # alone 500 ms; of 4 together 125 ms
    assert cells('exact', seconds_from, monkeypatch) == [
        'exact', '3.00', '2.00', '500.00', '125.00', '1.000']


def test_recall(seconds_from, monkeypatch):
    class Shifted(INDEXES['exact']):
        def kneighbors(self, Q, k):
            distances, indices = super().kneighbors(Q, k)
            indices[:, :2] = -1  # two of five are missed
            return distances, indices

    monkeypatch.setitem(INDEXES, 'shifted', Shifted)
    assert cells('shifted', seconds_from, monkeypatch)[-1] == '0.600'


@pytest.mark.milvus
def test_no_collection_is_left(seconds_from, monkeypatch, tmp_path):
    uri = str(tmp_path / 'shared.db')
    assert cells('milvus', seconds_from, monkeypatch, uri)[-1] == '1.000'
    assert not collections._connected(uri, '').list_collections()


@pytest.mark.milvus
def test_the_command(capsys):
    databases.main(['--examples', '50', '--width', '4', '--queries', '3'])
    head, _, titles, _, *rows = capsys.readouterr().out.splitlines()
    assert head == '50 x 4, k = 50, 3 queries'
    assert titles == '| ' + ' | '.join(databases.HEAD) + ' |'
    assert [line.split()[1] for line in rows] == ['exact', 'hnsw', 'milvus']


def test_made_up_activations():
    X = databases.made_up(50, 4, 1)
    assert X.dtype == np.float32 and X.shape == (50, 4) and (X >= 0).all()
    assert (X != databases.made_up(50, 4, 2)).any()
