"""The index in a database: its answers, and what is kept."""
import copy
import subprocess
import sys
import threading

import numpy as np
import pytest
from indexed import (
    activations,
    assert_exact,
    exact_searches,
    forget,
    hostile,
)

from dknn import DkNN
from errors import UserError
from neighbors import ExactIndex, MilvusIndex, collections, milvus

pytestmark = [pytest.mark.milvus, pytest.mark.filterwarnings('error')]


def names(uri):
    return set(collections._connected(uri, '').list_collections())


def is_indexed(uri):
    """Whether all segments of a file have an index, none is unwritten."""
    from milvus_lite.server_manager import server_manager_instance
    _, db, _ = server_manager_instance._servers[uri]
    collection = db.get_collection(*names(uri))
    segments = collection._segments_snapshot()
    return (all('vector' in segment.indexes for segment in segments)
            and sum(segment.num_rows for segment in segments)
            == collection.num_entities)


# ------------------------------------------------------------------- answers

@pytest.mark.parametrize('n, width, k', [
    (3, 2, 3), (38, 7, 5), (39, 7, 5), (700, 60, 75), (2500, 300, 75)])
def test_answers_are_those_of_exact(n, width, k):
    X, Q = activations(n, width=width), activations(40, 2, width)
    assert_exact(MilvusIndex().fit(X), Q, k)


@pytest.mark.parametrize('k', [1, 7, 150])
def test_ties_go_to_the_lower_index(k):
    """Points of a grid: 4^3 places for 600 examples, all of them tied."""
    rng = np.random.RandomState(0)
    X = rng.randint(0, 4, (600, 3)).astype(np.float32)
    Q = rng.randint(-1, 5, (30, 3)).astype(np.float32)
    assert_exact(MilvusIndex().fit(X), Q, k)


@pytest.mark.parametrize('k', [1, 7, 150])
def test_ties_that_milvus_breaks_otherwise(k, monkeypatch):
    """Which of several at one distance it finds is nobody's promise."""
    def search(self, Q, n_hits, n_probes):
        squares = ((Q[:, None] - X) ** 2).sum(axis=2)
        found = np.lexsort([np.tile(-np.arange(600), (30, 1)), squares])
        found = found[:, :n_hits]  # the highest index first
        return np.take_along_axis(squares, found, axis=1), found

    monkeypatch.setattr(collections.Collection, 'search', search)
    rng = np.random.RandomState(0)
    X = rng.randint(0, 4, (600, 3)).astype(np.float32)
    Q = rng.randint(-1, 5, (30, 3)).astype(np.float32)
    assert_exact(MilvusIndex().fit(X), Q, k)


@pytest.mark.parametrize('kind', [
    'offset', 'duplicates', 'half zeros', 'far queries', 'constant columns',
    'one wide column', 'tiny', 'denormal'])
def test_hostile_numbers(kind):
    X, Q = (values.astype(np.float32) for values in hostile(kind, 500, 12, 1))
    assert_exact(MilvusIndex().fit(X), Q, 20)


@pytest.mark.parametrize('length', [1e25, 3e38])
def test_queries_too_long_for_milvus(length):
    X, Q = activations(500), np.float32(length) * np.eye(5, 60)
    assert_exact(MilvusIndex().fit(X), Q.astype(np.float32), 20)


@pytest.mark.parametrize('kind', ['huge', 'one long'])
def test_vectors_too_long_for_milvus(kind):
    X = hostile(kind, 500, 12, 1)[0].astype(np.float32)
    with pytest.raises(UserError, match='longer than 1e\\+18 in rows 0 to '
                       "499, .*; choose exact as `index`"):
        MilvusIndex().fit(X)


def test_only_ties_ask_the_exact_search(monkeypatch):
    asked = exact_searches(monkeypatch, MilvusIndex)
    X = activations(500)
    MilvusIndex().fit(X).kneighbors(X[:50], 5)
    assert not asked
    # 31 equal ones, more than 5 + 16
    X = np.concatenate([X, np.repeat(X[:1], 30, axis=0)])
    MilvusIndex().fit(X).kneighbors(X[:50], 5)
    assert asked == [1]


def test_more_neighbours_than_milvus_returns(monkeypatch):
    monkeypatch.setattr(milvus, 'MOST_HITS', 30)
    X, Q = activations(200), activations(10, 2)
    index = MilvusIndex().fit(X)
    for k in (20, 30, 31):
        assert_exact(index, Q, k)


def test_several_lists_are_approximate():
    X, Q = activations(2000), activations(50, 2)
    expected = ExactIndex().fit(X).kneighbors(Q, 20)[1]
    for n_probes, low, high in [(1, .1, .99), (10, 1, 1)]:
        found = MilvusIndex(n_lists=10, n_probes=n_probes).fit(X).kneighbors(
            Q, 20)[1]
        recall = np.mean([np.isin(a, b).mean() for a, b in
                          zip(expected, found, strict=True)])
        assert low <= recall <= high


def test_threads_ask_one_index():
    X, Q = activations(800), activations(120, 2)
    index = MilvusIndex().fit(X)
    expected, found = ExactIndex().fit(X).kneighbors(Q, 15), {}

    def ask(i):
        found[i] = index.kneighbors(Q[i::4], 15)

    threads = [threading.Thread(target=ask, args=[i]) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for i in range(4):
        for part in range(2):
            np.testing.assert_array_equal(found[i][part], expected[part][i::4])


# --------------------------------------------------------------- what is kept

def test_labels_and_ids_are_stored(file):
    X, labels = activations(100), np.arange(100) % 3
    dknn = DkNN(3, 5, 'milvus', index_options={'uri': file}).fit([X], labels)
    rows = dknn.indexes_[0].collection_.rows(range(100))
    assert {i: label for i, (label, _) in rows.items()} == dict(
        enumerate(labels))
    for i, (_, vector) in rows.items():
        np.testing.assert_array_equal(vector, X[i])


def test_labels_of_an_index_without_dknn(file):
    X = activations(50)
    index = MilvusIndex(file).fit(X)
    assert index.collection_.rows([0, 49])[49][0] == -1
    index = MilvusIndex(file, labels=np.arange(50)).fit(X)
    assert index.collection_.rows([7])[7][0] == 7
    with pytest.raises(UserError, match=r'shape \(49,\), but there are 50'):
        MilvusIndex(file, labels=np.arange(49)).fit(X)


def test_runs_and_layers_do_not_mix(file):
    """Two layers of two runs, of one size; then other labels."""
    labels, Q = np.arange(300) % 2, activations(20, 9)
    runs = [[activations(300, seed) for seed in pair]
            for pair in [(1, 2), (3, 4)]]
    fitted = [DkNN(2, 9, 'milvus', index_options={'uri': file}).fit(
        run, labels) for run in runs]
    assert len(names(file)) == 4
    for dknn, run in zip(fitted, runs, strict=True):
        np.testing.assert_array_equal(
            dknn.kneighbors([Q, Q]),
            DkNN(2, 9).fit(run, labels).kneighbors([Q, Q]))
    DkNN(2, 9, MilvusIndex(file)).fit(runs[0], labels)
    assert len(names(file)) == 4  # the same activations: found there
    MilvusIndex(file, labels=1 - labels).fit(runs[0][0])
    assert len(names(file)) == 5


def test_names():
    X = activations(20)
    changed = X.copy()
    changed[19, 59] += 1
    labels = np.zeros(20, int)
    found = {milvus.collection_name(*arguments) for arguments in [
        (X, labels), (changed, labels), (X, labels + 1), (X, labels, 2),
        (X.reshape(40, 30), labels), (X[:, :30], labels)]}
    assert len(found) == 6
    assert milvus.collection_name(np.asfortranarray(X), labels.astype('i4')
                                  ) == milvus.collection_name(X, labels)


class Stop(Exception):
    """As of Ctrl-C."""


@pytest.fixture
def stop_after(monkeypatch):
    """Function: ends a fit after so many parts; lists the parts sent."""
    upsert = pytest.importorskip('pymilvus').MilvusClient.upsert
    monkeypatch.setattr(collections, 'INSERTED', 50 * 60)

    def begin(n_parts):
        sent = []

        def count(self, name, rows, **kwargs):
            if len(sent) == n_parts:
                raise Stop
            sent.append((rows[0]['id'], len(rows)))
            return upsert(self, name, rows, **kwargs)

        monkeypatch.setattr('pymilvus.MilvusClient.upsert', count)
        return sent

    return begin


KILLED = '''
import os, signal, sys
sys.path[:0] = sys.argv[2:]
import pymilvus
from indexed import activations
from neighbors import MilvusIndex, collections
collections.INSERTED = 50 * 60
upsert = pymilvus.MilvusClient.upsert
def last(self, name, rows, **kwargs):
    upsert(self, name, rows, **kwargs)
    if rows[0]["id"] == 100:
        os.kill(os.getpid(), signal.SIGKILL)
pymilvus.MilvusClient.upsert = last
MilvusIndex(sys.argv[1]).fit(activations(420))
'''


def test_a_fit_that_was_killed_goes_on(file, stop_after):
    done = subprocess.run(
        [sys.executable, '-W', 'ignore', '-c', KILLED, file, *sys.path],
        check=False)
    assert done.returncode == -9
    sent = stop_after(99)
    assert_exact(MilvusIndex(file).fit(activations(420)), activations(20, 2),
                 9)
    assert sent[0] == (150, 50)


@pytest.mark.parametrize('reopened', [False, True])
def test_an_interrupted_fit_goes_on(file, stop_after, reopened):
    X, Q = activations(420), activations(20, 2)
    stop_after(3)
    with pytest.raises(Stop):
        MilvusIndex(file).fit(X)
    if reopened:
        forget(file)
    sent = stop_after(99)
    assert_exact(MilvusIndex(file).fit(X), Q, 9)
    assert sent == [(150, 50), (200, 50), (250, 50), (300, 50), (350, 50),
                    (400, 20)]
    del sent[:]
    MilvusIndex(file).fit(X)
    assert not sent


@pytest.mark.parametrize('step', ['create_index', 'load_collection', 'flush'])
def test_a_fit_that_stopped_elsewhere_goes_on(file, step, monkeypatch):
    def stop(*args, **kwargs):
        raise Stop

    X, Q = activations(300), activations(20, 2)
    with monkeypatch.context() as patched:
        patched.setattr(f'pymilvus.MilvusClient.{step}', stop)
        with pytest.raises(Stop):
            MilvusIndex(file).fit(X)
    assert_exact(MilvusIndex(file).fit(X), Q, 9)
    assert is_indexed(file)


def test_a_gap_is_filled(file):
    """Not the first examples: somebody deleted some."""
    X, Q = activations(200), activations(20, 2)
    index = MilvusIndex(file).fit(X)
    client = collections._connected(file, '')
    client.delete(index.collection_.name, ids=list(range(10, 60)))
    assert_exact(MilvusIndex(file).fit(X), Q, 9)
    assert len(index.collection_.rows(range(200))) == 200


def test_a_collection_with_foreign_examples_is_named(file):
    X = activations(100)
    index = MilvusIndex(file).fit(X)
    name = index.collection_.name
    collections._connected(file, '').upsert(
        name, [{'id': 100, 'label': 0, 'vector': X[0]}])
    with pytest.raises(UserError, match=f'{name} at {file} holds more than '
                       'the 100 examples .* drop it'):
        MilvusIndex(file).fit(X)
    index.collection_.drop()
    assert not names(file)
    MilvusIndex(file).fit(X)


def test_a_collection_that_lost_examples_is_named(file, monkeypatch):
    monkeypatch.setattr(collections.Collection, '_insert',
                        lambda *arguments: None)
    with pytest.raises(UserError, match='holds 0 examples after 100 were '
                       'inserted'):
        MilvusIndex(file).fit(activations(100))


def test_indexes_can_be_copied(file):
    X, Q = activations(100), activations(5, 2)
    index = MilvusIndex(file).fit(X)
    assert_exact(copy.deepcopy(index), Q, 5)
