"""Archives that are damaged, odd or meant to harm: never a traceback."""
import bz2
import gzip
import inspect
import io
import json
import lzma
import os
import pathlib
import tarfile
import zipfile

import numpy as np
import pytest
from made_files import write_tar

import nlp_utils
import text_datasets
from files import downloads, published, streams, tables
from files.rows import DatasetError
from files.streams import MOST_BYTES, as_dataset_errors

LINES = [json.dumps({'gold_label': 'neutral', 'sentence1': f'p {i ** 7}',
                     'sentence2': 'h'}) for i in range(300)]
SNLI = '\n'.join(LINES).encode()
METHODS = [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2,
           zipfile.ZIP_LZMA]


def write_zip(path, method=zipfile.ZIP_DEFLATED, content=SNLI):
    with zipfile.ZipFile(path, 'w', method) as archive:
        archive.writestr('x.jsonl', content)
    return str(path)


def overwrite(path, at, content):
    with open(path, 'r+b') as file:
        file.seek(at)
        file.write(content)


def snli(path):
    return list(published.read_snli(str(path), 'x.jsonl'))


# --------------------------------------------------------------------- zip


@pytest.mark.parametrize('flags, method, message', [
    (1, 8, 'is encrypted, password required'),
    (0x41, 8, 'strong encryption|is encrypted'),
    (0x20, 8, 'compressed patched data'),
    (0, 9, 'compression (method|type)'), (0, 93, 'compression (method|type)'),
    (0, 99, 'compression (method|type)')])
def test_encrypted_and_oddly_compressed(tmp_path, flags, method, message):
    path = write_zip(tmp_path / 'snli_1.0.zip')
    content = pathlib.Path(path).read_bytes()
    central = content.index(b'PK\x01\x02')
    for start in (6, central + 8):
        overwrite(path, start, bytes([flags, 0, method, 0]))
    with pytest.raises(DatasetError, match='snli_1.0.zip cannot be read '
                                           rf'\(.*({message})'):
        snli(path)


@pytest.mark.parametrize('method', METHODS)
def test_flipped_bytes_of_a_zip(tmp_path, method):
    """The same rows, or an error; with any of its compressions."""
    path = write_zip(tmp_path / 'a.zip', method)
    whole = snli(path)
    content = pathlib.Path(path).read_bytes()
    random = np.random.RandomState(method)
    for at in random.randint(len(content), size=60):
        overwrite(path, at, bytes([content[at] ^ 1 << random.randint(8)]))
        try:
            assert snli(path) == whole
        except DatasetError as error:
            assert str(error).startswith(path) and '\n' not in str(error)
        overwrite(path, at, content[at:at + 1])


def test_a_link_inside_a_zip(tmp_path):
    """Only its target's name stands there; it is not followed."""
    info = zipfile.ZipInfo('x.jsonl')
    info.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / 'a.zip', 'w') as archive:
        archive.writestr(info, '/etc/passwd')
    with pytest.raises(DatasetError, match='a.zip:x.jsonl:1: not JSON'):
        snli(tmp_path / 'a.zip')


def test_content_beyond_the_memory(tmp_path):
    """A small archive can unpack to any size."""
    path = write_zip(tmp_path / 'a.zip', content=b'\n' * (1 << 25))
    with streams.opening(path, 'x.jsonl', most_bytes=1 << 20) as stream:
        with pytest.raises(DatasetError, match='x.jsonl holds more than 1,04'):
            for _ in stream:
                pass
    limit = inspect.signature(streams.opening).parameters['most_bytes']
    assert limit.default == MOST_BYTES > 1 << 28


# --------------------------------------------------------------------- tar


def tar(path, *infos, mode='w:gz', content=b''):
    """An archive of members that have headers only, and a last one."""
    with tarfile.open(path, mode) as archive:
        for info in infos:
            archive.addfile(info)
        last = tarfile.TarInfo('d/x.jsonl')
        last.size = len(content)
        archive.addfile(last, io.BytesIO(content))
    return str(path)


def member(name, **attributes):
    info = tarfile.TarInfo(name)
    for key, value in attributes.items():
        setattr(info, key, value)
    return info


@pytest.mark.parametrize('info, message', [
    (member('x.jsonl', type=tarfile.SYMTYPE, linkname='x.jsonl'),
     'cannot be read'),
    (member('x.jsonl', type=tarfile.SYMTYPE, linkname='/etc/passwd'),
     'holds no x.jsonl'),
    (member('x.jsonl', type=tarfile.LNKTYPE, linkname='nowhere'),
     'holds no x.jsonl'),
    (member('x.jsonl', type=tarfile.DIRTYPE), 'holds no x.jsonl'),
    (member('x.jsonl', type=tarfile.FIFOTYPE), 'holds no x.jsonl'),
    (member('x.jsonl', type=tarfile.CHRTYPE), 'holds no x.jsonl'),
    (member('x.jsonl', size=1 << 50), 'cannot be read .*bytes'),
    (member('x.jsonl', size=1 << 30), 'cannot be read'),
    (member('y', type=tarfile.GNUTYPE_LONGNAME, size=1 << 40),
     'cannot be read .*bytes'),
    (member('y', type=tarfile.XHDTYPE, size=1 << 30),
     'cannot be read .*bytes')])
def test_odd_members(tmp_path, info, message):
    path = tar(tmp_path / 'a.tar.gz', info)
    with pytest.raises(DatasetError, match=f'a.tar.gz {message}'):
        snli(path)


def test_a_link_inside_an_archive_to_a_member(tmp_path):
    path = tar(tmp_path / 'a.tar.gz', member(
        'x.jsonl', type=tarfile.SYMTYPE, linkname='d/x.jsonl'), content=SNLI)
    assert len(snli(path)) == 300


def test_a_negative_size_does_not_loop(tmp_path):
    """CVE-2025-8194: tarfile went back and forth for ever."""
    info = member('x.jsonl')
    header = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    header[124:136] = b'\xff' * 10 + b'\xfe\x00'  # -512, in base 256
    header[148:156] = b' ' * 8
    header[148:156] = b'%06o\0 ' % sum(header)
    path = tmp_path / 'a.tar'
    path.write_bytes(bytes(header) + bytes(10240))
    with pytest.raises(DatasetError, match='a.tar cannot be read .*bytes'):
        snli(path)


def reviews(path, mode='w'):
    with tarfile.open(path, mode) as archive:
        for i in range(20):
            info = tarfile.TarInfo(f'aclImdb/train/neg/{i}_1.txt')
            info.size = 700
            archive.addfile(info, io.BytesIO(b'%7d' % (i * 9973) * 100))
    return str(path)


def imdb(path):
    return list(published.read_imdb(path, 'aclImdb/train'))


@pytest.mark.parametrize('at', [512 * 3, 512 * 3 + 148, 512 * 30 + 5])
def test_a_damaged_header_is_not_the_end(tmp_path, at):
    """tarfile takes it for the end: ten reviews instead of twenty."""
    path = reviews(tmp_path / 'a.tar')
    assert len(imdb(path)) == 20
    overwrite(path, at, b'\xee')
    with pytest.raises(DatasetError, match='a.tar cannot be read .at byte'):
        imdb(path)


def test_an_archive_without_its_end(tmp_path):
    path = reviews(tmp_path / 'a.tar')
    os.truncate(path, 512 * 30)
    with pytest.raises(DatasetError, match='a.tar cannot be read .at byte'):
        imdb(path)


@pytest.mark.parametrize('mode', ['w:gz', 'w:bz2', 'w:xz'])
def test_flipped_bytes_of_a_compressed_tar(tmp_path, mode):
    """The check sum stands at the very end, where tarfile does not read."""
    path = reviews(tmp_path / 'a.tar.gz', mode)
    whole = imdb(path)
    content = pathlib.Path(path).read_bytes()
    random = np.random.RandomState(0)
    n_errors = 0
    for at in random.randint(10, len(content), size=60):
        overwrite(path, at, bytes([content[at] ^ 1 << random.randint(8)]))
        try:
            assert imdb(path) == whole
        except DatasetError as error:
            n_errors += 1
            assert '\n' not in str(error)
        overwrite(path, at, content[at:at + 1])
    assert n_errors > 40


def test_a_flipped_text_of_a_table_in_a_tar(tmp_path):
    """gzip without compression, to flip exactly one letter."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode='w') as archive:
        info = tarfile.TarInfo('x.jsonl')
        info.size = len(SNLI)
        archive.addfile(info, io.BytesIO(SNLI))
    path = tmp_path / 'a.tar.gz'
    path.write_bytes(gzip.compress(plain.getvalue(), 0))
    assert len(snli(path)) == 300
    overwrite(path, path.read_bytes().index(b'p 128') + 2, b'7')
    with pytest.raises(DatasetError, match='a.tar.gz cannot be read .CRC'):
        snli(path)


@pytest.mark.parametrize('info', [
    member('aclImdb/train/neg/0_1.txt', type=tarfile.SYMTYPE, linkname='/x'),
    member('aclImdb/train/neg/0_1.txt', type=tarfile.DIRTYPE)])
def test_a_review_that_is_no_file(tmp_path, info):
    path = tar(tmp_path / 'a.tar.gz', info)
    with pytest.raises(DatasetError, match='0_1.txt is no text of at most'):
        imdb(path)


def test_a_review_of_absurd_size(tmp_path):
    """A sparse member: 512 bytes that stand for 1 TB."""
    info = member('aclImdb/train/neg/0_1.txt', pax_headers={
        'GNU.sparse.major': '1', 'GNU.sparse.minor': '0',
        'GNU.sparse.name': 'aclImdb/train/neg/0_1.txt',
        'GNU.sparse.realsize': str(1 << 40)})
    sparse = b'1\n%d\n0\n' % (1 << 40)
    info.size = 512
    with tarfile.open(tmp_path / 'a.tar', 'w') as archive:
        archive.addfile(info, io.BytesIO(sparse.ljust(512, b'\0')))
    with pytest.raises(DatasetError, match='is no text of at most|cannot be'):
        imdb(str(tmp_path / 'a.tar'))


# ---------------------------------------------------------- gzip and others


@pytest.mark.parametrize('cut', [3, 9, 15, 40, -9, -8, -4, -1])
def test_truncated_members_of_gzip(tmp_path, cut):
    content = gzip.compress(b'x\ta\n' * 50) + gzip.compress(b'y\tb\n' * 50)
    path = tmp_path / 'a.tsv.gz'
    path.write_bytes(content)
    assert len(list(tables.read_table(str(path)))) == 100
    path.write_bytes(content[:cut])
    with pytest.raises(DatasetError, match='a.tsv.gz cannot be read'):
        list(tables.read_table(str(path)))


@pytest.mark.parametrize('pack', [bz2.compress, lzma.compress])
def test_other_compressions_are_no_table(tmp_path, pack):
    path = tmp_path / 'a.tsv'
    path.write_bytes(pack(b'x\ta\n' * 9))
    with pytest.raises(DatasetError, match='a.tsv:1: not UTF-8'):
        list(tables.read_table(str(path)))


INNER = 'vaderSentiment-3.3.2/additional_resources/hutto_ICWSM_2014.tar.gz'
TEXTS, RATINGS = b'3_1\t2\ta\n', b'3_1\t2\t1\t[1]\n'


@pytest.mark.parametrize('texts, ratings, message', [
    (b'3_1\ta\n', RATINGS, r's_GroundTruth.txt:1: 2 columns where .* be 3'),
    (TEXTS, b'3_1\t2\n', 's_anonDataRatings.txt:1: 2 columns'),
    (TEXTS + b'4_1\t2\ta\n', RATINGS, "s_GroundTruth.txt:2: nobody rated '4"),
    (TEXTS, b'3_1\tx\t1\t[1]\n', r's_anonDataRatings.txt:1: .* are no mean'),
    (TEXTS, b'3_1\tnan\t1\t[1]\n', 's_anonDataRatings.txt:1: .* are no mean')])
def test_other_tables_of_vader(tmp_path, texts, ratings, message):
    """They were an IndexError, ValueError, KeyError, or accepted."""
    folder = 'hutto_ICWSM_2014'
    write_tar(tmp_path / 'inner', [
        (f'{folder}/s_GroundTruth.txt', texts),
        (f'{folder}/s_anonDataRatings.txt', ratings)])
    path = write_tar(tmp_path / 'a.tar.gz', [
        (INNER, (tmp_path / 'inner').read_bytes())])
    with pytest.raises(DatasetError, match=message):
        list(published.read_vader(path, f'{folder}/s', INNER))


def test_a_bug_is_no_damaged_file(tmp_path, monkeypatch):
    """What fails outside of the archive libraries keeps its traceback."""
    write_zip(tmp_path / 'snli_1.0.zip')
    monkeypatch.setattr(nlp_utils, 'tokenize', lambda *args: [][0])
    source = text_datasets.DATASETS['snli']._replace(
        files={'train': ('snli_1.0.zip', 'x.jsonl')})
    monkeypatch.setitem(text_datasets.DATASETS, 'snli', source)
    with pytest.raises(IndexError):
        text_datasets.load_dataset('snli', data_dir=tmp_path)
    with pytest.raises(DatasetError, match='x cannot be read .KeyError.*get '):
        with as_dataset_errors('x'):
            raise KeyError


@pytest.mark.parametrize('content', [
    b'', b'<html>', gzip.compress(bytes(5000), mtime=0)[:-20], b'\x1f\x8b\x08',
    b'BZh91AY&SY', b'\xfd7zXZ\x00'])
def test_a_download_that_is_no_archive(tmp_path, content):
    """A truncated one was an EOFError."""
    part = tmp_path / 'a.tar.gz.part'
    part.write_bytes(content)
    with pytest.raises(DatasetError, match='it does not open as an archive'):
        downloads._check(str(part), 'a.tar.gz', None)
    assert not part.exists()
