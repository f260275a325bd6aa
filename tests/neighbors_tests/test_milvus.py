"""The index in a database: embedded, and as a server."""
import copy
import importlib.metadata
import socket
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from indexed import activations, assert_exact, hostile

from dknn import DkNN
from errors import ArgumentError, MissingPackage, UserError
from neighbors import ExactIndex, MilvusIndex, collections, milvus

pytestmark = [pytest.mark.milvus, pytest.mark.filterwarnings('error')]
SERVE = '''
import sys, time
from milvus_lite.adapter.grpc.server import start_server_in_thread
server, db, port = start_server_in_thread(data_dir=sys.argv[1],
                                          host='127.0.0.1', port=0)
print(port, flush=True)
sys.stdin.read()
server.stop(grace=0)
db.close()
'''


@pytest.fixture
def file(tmp_path):
    """A database of its own, closed in the end."""
    uri = str(tmp_path / 'shared.db')
    yield uri
    forget(uri)


def forget(uri):
    """Ends the embedded engine of a file, as the end of a process would."""
    from milvus_lite.server_manager import server_manager_instance
    collections._connect.cache_clear()
    server_manager_instance.release_server(uri)


@pytest.fixture
def server(tmp_path):
    """(address, process) of a server that is ended with its test."""
    with subprocess.Popen(
            [sys.executable, '-W', 'ignore', '-c', SERVE,
             str(tmp_path / 'served')], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True) as process:
        yield f'http://127.0.0.1:{process.stdout.readline().strip()}', process
        process.kill()


def names(uri):
    return set(collections._connected(uri, '').list_collections())


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


@pytest.mark.parametrize('kind', [
    'offset', 'duplicates', 'half zeros', 'far queries', 'constant columns',
    'one wide column', 'tiny', 'denormal'])
def test_hostile_numbers(kind):
    X, Q = (values.astype(np.float32) for values in hostile(kind, 500, 12, 1))
    assert_exact(MilvusIndex().fit(X), Q, 20)


@pytest.mark.parametrize('kind', ['huge', 'one long'])
def test_vectors_too_long_for_milvus(kind):
    X = hostile(kind, 500, 12, 1)[0].astype(np.float32)
    with pytest.raises(UserError, match='longer than 1e\\+18 in rows 0 to '
                       "499, .*; take index='exact'"):
        MilvusIndex().fit(X)


def test_only_ties_ask_the_exact_search(monkeypatch):
    asked = []
    search = MilvusIndex._exact
    monkeypatch.setattr(
        MilvusIndex, '_exact',
        lambda self, Q, k: asked.append(len(Q)) or search(self, Q, k))
    X = activations(500)
    MilvusIndex().fit(X).kneighbors(X[:50], 5)
    assert not asked
    # 31 equal ones, more than 2 * 5 + 16
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


# -------------------------------------------------------------------- servers

def test_a_server_is_asked_as_a_file_is(server):
    uri, _ = server
    X, Q = activations(900), activations(60, 2)
    assert_exact(MilvusIndex(uri).fit(X), Q, 25)
    assert names(uri) == {milvus.collection_name(X, np.full(900, -1))}


@pytest.mark.parametrize('when', ['searching', 'inserting'])
def test_a_server_that_goes_away(server, monkeypatch, when):
    uri, process = server
    monkeypatch.setattr(collections, 'ANSWER', 2)
    X = activations(300)
    index = MilvusIndex(uri).fit(X)
    process.kill()
    process.wait()
    start = time.monotonic()
    with pytest.raises(UserError, match=f'^Milvus at {uri} failed .* run '
                       'this again'):
        if when == 'searching':
            index.kneighbors(X[:5], 5)
        else:
            index.fit(X + 1)
    assert time.monotonic() - start < 20


def test_nobody_listens():
    start = time.monotonic()
    with pytest.raises(UserError, match=r'^no Milvus answers at http://127\.'
                       r'0\.0\.1:1 \(.*\); start it, or check address and'):
        MilvusIndex('http://127.0.0.1:1').fit(activations(5))
    assert time.monotonic() - start < collections.CONNECT + 5


def test_somebody_else_listens(monkeypatch):
    """Who accepts and says nothing is given up soon."""
    monkeypatch.setattr(collections, 'CONNECT', 1)
    with socket.create_server(('127.0.0.1', 0)) as listener:
        start = time.monotonic()
        with pytest.raises(UserError, match='no Milvus answers'):
            MilvusIndex('http://127.0.0.1:%d' % listener.getsockname()[1]
                        ).fit(activations(5))
        assert time.monotonic() - start < 10


def test_passwords_are_not_shown():
    with pytest.raises(UserError, match='answers at http://127.') as caught:
        MilvusIndex('http://me:secret@127.0.0.1:1').fit(activations(5))
    assert 'secret' not in str(caught.value)


# ------------------------------------------------------------- what goes wrong

@pytest.mark.parametrize('uri', ['shared', 'shared.sqlite', 'ftp://host',
                                 'localhost:19530'])
def test_no_address(uri):
    with pytest.raises(ArgumentError, match=f'uri=.{uri}. is neither a file '
                       r'that ends in \.db nor an address'):
        MilvusIndex(uri).fit(activations(5))


def test_n_lists():
    with pytest.raises(ArgumentError, match='n_lists=0 is too small; take 1'):
        MilvusIndex(n_lists=0)


@pytest.mark.parametrize('kind', ['no folder', 'a file'])
def test_a_file_that_is_no_database(kind, tmp_path, capfd):
    uri = tmp_path / 'old.db'
    if kind == 'no folder':
        uri = tmp_path / 'nowhere' / 'new.db'
    else:
        uri.write_text('of milvus-lite 2')
    with pytest.raises(UserError, match=f'^{uri} cannot be opened .*; it may '
                       'be in use by another process'):
        MilvusIndex(str(uri)).fit(activations(5))
    assert capfd.readouterr().err == ''


def test_a_file_that_another_process_uses(file, capfd):
    code = ('import sys, time; from milvus_lite import MilvusLite\n'
            'db = MilvusLite(sys.argv[1]); print("open", flush=True)\n'
            'sys.stdin.read()')
    with subprocess.Popen([sys.executable, '-c', code, file],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as process:
        assert process.stdout.readline() == 'open\n'
        with pytest.raises(UserError, match='another process holds the lock'):
            MilvusIndex(file).fit(activations(5))
        process.kill()
    assert capfd.readouterr().err == ''
    MilvusIndex(file).fit(activations(5))


@pytest.mark.parametrize('module', ['pymilvus', 'milvus_lite'])
def test_missing_packages_are_named(module, monkeypatch, file):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingPackage, match=f'milvus needs {module}, .*: '
                       'pip install -r requirements-milvus.txt'):
        MilvusIndex(file).fit(activations(10))


def test_old_versions_are_named(monkeypatch, file):
    monkeypatch.setattr(importlib.metadata, 'version', lambda name: '2.6.1')
    with pytest.raises(UserError, match='pymilvus has the version 2.6.1; the '
                       'index milvus needs 3 or later'):
        MilvusIndex(file).fit(activations(10))


def test_an_old_server_is_named():
    collections._check_server('http://here', 'v2.3.0')
    collections._check_server('http://here', '2.10.1-dev')
    collections._check_server('here.db', 'milvus_lite-3.2.2')
    with pytest.raises(UserError, match='^Milvus at http://here has the '
                       r'version v2\.2\.16; the index milvus needs 2\.3'):
        collections._check_server('http://me:word@here', 'v2.2.16')
