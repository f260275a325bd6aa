"""Servers and files of ``milvus``, and what goes wrong with them."""
import importlib.metadata
import socket
import subprocess
import sys
import time

import numpy as np
import pytest
from indexed import activations, assert_exact

from errors import ArgumentError, MissingPackage, UserError
from neighbors import MilvusIndex, collections, milvus

pytestmark = [pytest.mark.milvus, pytest.mark.filterwarnings('error')]


# -------------------------------------------------------------------- servers

def test_a_server_is_asked_as_a_file_is(server):
    uri, _ = server
    X, Q = activations(900), activations(60, 2)
    assert_exact(MilvusIndex(uri).fit(X), Q, 25)
    assert set(collections._connected(uri, '').list_collections()) == {
        milvus.collection_name(X, np.full(900, -1))}


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


def test_an_engine_that_hangs_up_once_is_asked_again(file, monkeypatch):
    import pymilvus
    client, calls = pymilvus.MilvusClient, []

    def connect(*args, **kwargs):
        calls.append(args)
        if len(calls) == 1:
            raise pymilvus.MilvusException(2, 'Fail connecting')
        return client(*args, **kwargs)

    monkeypatch.setattr(pymilvus, 'MilvusClient', connect)
    monkeypatch.setattr(collections, 'PAUSE', 0)
    X = activations(50)
    assert_exact(MilvusIndex(file).fit(X), X[:5], 5)
    assert calls == [(file,), (file,)]


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
    # gRPC logs the ends of other tests' connections when it likes
    assert not [line for line in capfd.readouterr().err.splitlines()
                if 'chttp2_transport.cc' not in line]


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
