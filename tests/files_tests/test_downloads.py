"""Downloads from a server of our own, whole and in pieces."""
import hashlib
import http.server
import subprocess
import threading

import pytest

import downloads
import text_datasets
from downloads import DatasetError

CONTENT = bytes(range(256)) * 40
HARVARD_FILE = b''.join(b'%d word %d\n' % (i % 2, i) for i in range(50))


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves the server's ``files``; ``ranges``: whether it can resume;
    ``breaks``: after how many bytes it hangs up."""

    def do_GET(self):
        self.server.requests.append(self.headers.get('Range'))
        content = self.server.files.get(self.path[1:])
        if content is None:
            return self.send_error(404)
        start, wanted = 0, self.headers.get('Range')
        if wanted and self.server.ranges:
            start = int(wanted[len('bytes='):-1])
            if start >= len(content):
                return self.send_error(416)
            self.send_response(206)
            self.send_header('Content-Range', 'bytes {}-{}/{}'.format(
                start, len(content) - 1, len(content)))
        else:
            self.send_response(200)
        self.send_header('Content-Length',
                         len(content) - start + self.server.extra)
        self.end_headers()
        body = content[start:]
        self.wfile.write(body[:self.server.breaks])

    def log_message(self, *args):
        pass


@pytest.fixture
def server(monkeypatch):
    for name in ('no_proxy', 'NO_PROXY'):
        monkeypatch.setenv(name, '*')
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
    server.files, server.requests = {'data.bin': CONTENT}, []
    server.ranges, server.breaks, server.extra = True, None, 0
    server.url = f'http://127.0.0.1:{server.server_port}/'
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def files_in(folder):
    return sorted(path.name for path in folder.iterdir())


def fetch(server, tmp_path, sha256=None, name='data.bin'):
    path = tmp_path / name
    downloads.download(server.url + name, str(path), sha256)
    return path.read_bytes()


def test_whole(server, tmp_path):
    digest = hashlib.sha256(CONTENT).hexdigest()
    assert fetch(server, tmp_path, digest) == CONTENT
    assert files_in(tmp_path) == ['data.bin']


@pytest.mark.parametrize('ranges, expected', [
    (True, [None, 'bytes=1000-']), (False, [None, 'bytes=1000-'])])
def test_interrupted_and_resumed(server, tmp_path, ranges, expected):
    server.ranges, server.breaks = ranges, 1000
    with pytest.raises(DatasetError, match='got 1,000 of 10,240 bytes'):
        fetch(server, tmp_path)
    assert files_in(tmp_path) == ['data.bin.part']
    server.breaks = None
    assert fetch(server, tmp_path) == CONTENT
    assert server.requests == expected
    assert files_in(tmp_path) == ['data.bin']


@pytest.mark.parametrize('left', [CONTENT, CONTENT + b'more'])
def test_a_part_that_is_too_long_is_thrown_away(server, tmp_path, left):
    (tmp_path / 'data.bin.part').write_bytes(left)
    assert fetch(server, tmp_path) == CONTENT


def test_a_part_of_another_file_is_found_out(server, tmp_path):
    (tmp_path / 'data.bin.part').write_bytes(b'x' * 100)
    digest = hashlib.sha256(CONTENT).hexdigest()
    with pytest.raises(DatasetError, match='its sha256 is .*removed'):
        fetch(server, tmp_path, digest)
    assert files_in(tmp_path) == []
    assert fetch(server, tmp_path, digest) == CONTENT


def test_wrong_length(server, tmp_path):
    server.extra = 5
    with pytest.raises(DatasetError, match='got 10,240 of 10,245 bytes'):
        fetch(server, tmp_path)
    assert not (tmp_path / 'data.bin').exists()


@pytest.mark.parametrize('name', ['a.zip', 'a.tar.gz'])
def test_a_page_in_place_of_an_archive(server, tmp_path, name):
    server.files[name] = b'<!DOCTYPE html>' * 50
    with pytest.raises(DatasetError, match='does not open as an archive'):
        fetch(server, tmp_path, name=name)
    assert files_in(tmp_path) == []


@pytest.fixture
def root(monkeypatch, tmp_path):
    """Chainer's data set folder, empty, and no other place to look."""
    monkeypatch.setenv('CHAINER_DATASET_ROOT', str(tmp_path / 'root'))
    monkeypatch.delenv('DKNN_DATA', raising=False)
    return tmp_path / 'root' / 'dknn'


def test_load_dataset_downloads_once(server, root, monkeypatch):
    server.files['custrev.all'] = HARVARD_FILE
    monkeypatch.setitem(downloads.SHA256, 'custrev.all',
                        hashlib.sha256(HARVARD_FILE).hexdigest())
    row = text_datasets.DATASETS['custrev']._replace(url=server.url)
    monkeypatch.setitem(text_datasets.DATASETS, 'custrev', row)
    first = text_datasets.load_dataset('custrev')
    assert text_datasets.load_dataset('custrev') == first
    assert server.requests == [None]
    assert files_in(root) == ['custrev.all']


def test_missing_file_is_one_sentence(server, root, tmp_path):
    with pytest.raises(DatasetError) as caught:
        downloads.find_file('mpqa.all', server.url + 'mpqa.all')
    message = str(caught.value)
    for part in ('mpqa.all is not here', server.url, '404', str(root),
                 '--data-dir', 'DKNN_DATA', 'vader.movie'):
        assert part in message
    assert '\n' not in message
    with pytest.raises(DatasetError, match=f'put it into {tmp_path} '):
        downloads.find_file('mpqa.all', server.url, str(tmp_path))


def test_no_server(root):
    with pytest.raises(DatasetError, match='refused'):
        downloads.find_file('a', 'http://127.0.0.1:9/a')


def test_unwritable_folder(monkeypatch, tmp_path):
    (tmp_path / 'file').touch()
    monkeypatch.setenv('CHAINER_DATASET_ROOT', str(tmp_path / 'file'))
    with pytest.raises(DatasetError, match='could not be downloaded'):
        downloads.find_file('a', 'http://127.0.0.1:9/a', str(tmp_path))


def test_order_of_places(root, monkeypatch, tmp_path):
    for name in ('named', 'variable'):
        (tmp_path / name).mkdir()
        (tmp_path / name / 'f').touch()
    root.mkdir(parents=True)
    (root / 'f').touch()
    assert downloads.find_file('f', 'x') == str(root / 'f')
    monkeypatch.setenv('DKNN_DATA', str(tmp_path / 'variable'))
    assert downloads.find_file('f', 'x') == str(tmp_path / 'variable' / 'f')
    assert downloads.find_file('f', 'x', tmp_path / 'named') == str(
        tmp_path / 'named' / 'f')
    with pytest.raises(DatasetError, match='folder .*gone does not exist'):
        downloads.find_file('f', 'x', tmp_path / 'gone')


def fake_pip(content, returncode=0):
    def run(command, **kwargs):
        folder = command[command.index('--dest') + 1]
        if content is not None:
            with open(f'{folder}/{downloads.VADER}', 'wb') as file:
                file.write(content)
        return subprocess.CompletedProcess(
            command, returncode, '', 'notice\nERROR: no such index\n')
    return run


@pytest.mark.parametrize('run, message', [
    (fake_pip(None, 1), 'pip download: ERROR: no such index'),
    (fake_pip(b'x'), 'its sha256 is')])
def test_pip_fails(root, monkeypatch, run, message):
    monkeypatch.setattr(subprocess, 'run', run)
    with pytest.raises(DatasetError, match=message):
        downloads.find_file(downloads.VADER, downloads.VADER_URL)
    assert files_in(root) == []


def test_pip_brings_the_file(root, monkeypatch):
    monkeypatch.setattr(subprocess, 'run', fake_pip(b'x'))
    monkeypatch.setitem(downloads.SHA256, downloads.VADER,
                        hashlib.sha256(b'x').hexdigest())
    path = downloads.find_file(downloads.VADER, downloads.VADER_URL)
    assert files_in(root) == [downloads.VADER]
    with open(path, 'rb') as file:
        assert file.read() == b'x'
