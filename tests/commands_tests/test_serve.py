"""serve.py as a command: its start, its end, its refusals."""
import compat  # noqa: F401  (before Chainer)

import json
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request

import pytest
import toys

import serve
from errors import UserError


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    return toys.trainer(tmp_path_factory.mktemp('serve'), 120)('bow', 'words')


def test_ctrl_c_ends_it_cleanly(folder):
    pytest.importorskip('flask')
    pytest.importorskip('waitress')
    started = subprocess.Popen(
        [sys.executable, str(toys.ROOT / 'serve.py'), '--model-setup',
         str(folder), '-k', '7', '--port', '0'], stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
        # those in the background ignore it otherwise
        preexec_fn=lambda: signal.signal(signal.SIGINT,
                                         signal.default_int_handler))
    try:
        line = started.stdout.readline()
        address = re.search(r'http://127\.0\.0\.1:\d+/', line)[0]
        question = urllib.request.Request(
            f'{address}api/explain', b'{"texts": ["good film"]}',
            {'Content-Type': 'application/json'})
        with urllib.request.urlopen(question, timeout=60) as answer:
            assert len(json.load(answer)['records']) == 1
            assert 'Server' not in answer.headers
        with pytest.raises(urllib.error.HTTPError, match='413'):
            urllib.request.urlopen(urllib.request.Request(
                f'{address}api/explain', b' ' * 2 ** 21,
                {'Content-Type': 'application/json'}), timeout=60)
        started.send_signal(signal.SIGINT)
        out, error = started.communicate(timeout=30)
    finally:
        started.kill()
    assert (started.returncode, out) == (0, 'ended\n')
    assert 'Traceback' not in error


def test_a_port_in_use_is_one_sentence(folder):
    pytest.importorskip('flask')
    pytest.importorskip('waitress')
    with socket.create_server(('127.0.0.1', 0)) as taken:
        port = taken.getsockname()[1]
        done = toys.command('serve.py', '--model-setup', folder, '--port',
                            port)
    assert done.returncode == 2 and done.stdout == ''
    assert done.stderr.strip().splitlines()[-1] == (
        f'serve.py: error: port {port} of 127.0.0.1 is in use; choose another '
        'with --port, or 0 for any that is free')


@pytest.mark.parametrize('host', ['no.such.host.invalid', '203.0.113.9',
                                  'a' * 300, ''.join(['x', '\0'])])
def test_no_such_host(host):
    pytest.importorskip('waitress')
    from live import server
    with pytest.raises(UserError, match='give a name or number of this'):
        server.listen(host, 0)


@pytest.mark.parametrize('host, shown', [
    ('127.0.0.1', '127.0.0.1'), ('0.0.0.0', '127.0.0.1'),
    ('localhost', 'localhost'), ('::1', '[::1]')])
def test_the_address_to_open(host, shown):
    pytest.importorskip('waitress')
    from live import server
    try:
        listening = server.listen(host, 0)
    except UserError:
        pytest.skip(f'no {host} here')
    with listening:
        port = listening.getsockname()[1]
        assert server.address_of(host, listening) == f'http://{shown}:{port}/'


@pytest.mark.parametrize('module', ['flask', 'waitress'])
def test_without_the_package_a_sentence_says_what_to_install(
        module, monkeypatch):
    pytest.importorskip('flask')
    pytest.importorskip('waitress')
    monkeypatch.setitem(sys.modules, module, None)
    for name in ('live.app', 'live.server', 'live.desk'):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.delattr('live.app', raising=False)
    monkeypatch.delattr('live.server', raising=False)
    with pytest.raises(UserError, match=f'serve.py needs {module}, which is '
                       'not installed: pip install -r requirements-serve'):
        serve.main([])
