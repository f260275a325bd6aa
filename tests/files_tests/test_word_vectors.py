"""Word vectors in every format, whole and damaged."""
import gzip
import os
import tracemalloc

import numpy as np
import pytest

from files import word_vectors
from files.word_vectors import read_word_vectors

VOCAB = {'<eos>': 0, '<unk>': 1, 'the': 2, '.': 3, 'naïve': 4, 'gone': 5}
TABLE = {'the': [1, -2.5, 3e-3], 'zebra': [9, 9, 9], '.': [0, 0.5, 1],
         'naïve': [7, 8, 1e10]}


def as_text(table, header=False, end=''):
    lines = [f'{len(table)} 3'] if header else []
    lines += [f'{word} ' + ' '.join(map(str, values)) + end
              for word, values in table.items()]
    return ('\n'.join(lines) + '\n').encode()


def as_binary(table, end=b'\n'):
    return f'{len(table)} 3\n'.encode() + b''.join(
        word.encode() + b' ' + np.array(values, '<f4').tobytes() + end
        for word, values in table.items())


FORMATS = {
    'glove': as_text(TABLE), 'glove, blank end': as_text(TABLE) + b'\n',
    'glove, crlf': as_text(TABLE).replace(b'\n', b'\r\n'),
    'fasttext': as_text(TABLE, header=True, end=' '),
    'word2vec': as_binary(TABLE), 'word2vec of gensim': as_binary(TABLE, b'')}


def write(tmp_path, content):
    path = tmp_path / 'vectors'
    path.write_bytes(content)
    return str(path)


@pytest.mark.parametrize('gzipped', [False, True])
@pytest.mark.parametrize('name', sorted(FORMATS))
def test_vector_formats(tmp_path, name, gzipped):
    content = gzip.compress(FORMATS[name]) if gzipped else FORMATS[name]
    found = read_word_vectors(write(tmp_path, content), VOCAB)
    assert found.rows.dtype == np.int64
    assert found.vectors.dtype == np.float32
    assert found.rows.tolist() == [2, 3, 4]
    np.testing.assert_array_equal(found.vectors, np.array(
        [TABLE['the'], TABLE['.'], TABLE['naïve']], np.float32))


def test_no_known_word_keeps_the_width(tmp_path):
    found = read_word_vectors(
        write(tmp_path, FORMATS['glove']), {'other': 0})
    assert found.rows.shape == (0,) and found.vectors.shape == (0, 3)


def test_words_with_spaces_and_duplicates(tmp_path):
    path = write(tmp_path, b'. . . 5 5 5\nthe 1 2 3\nat the 4 4 4\n'
                           b'the 6 6 6\nthe end 7 7 7\n. 8 8 8\n')
    found = read_word_vectors(path, VOCAB)
    assert found.rows.tolist() == [2, 3]
    assert found.vectors.tolist() == [[1, 2, 3], [8, 8, 8]]


@pytest.mark.parametrize('line', [
    b'the 1 2', b'the 1 2 3 4', b'the 1 x 3', b'the 1 nan 3', b'the 1 2 1e99'])
@pytest.mark.parametrize('header', [b'', b'3 3\n'])
def test_malformed_line_is_named(tmp_path, line, header):
    path = write(tmp_path, header + b'a 1 2 3\n' + line + b'\nb 1 2 3\n')
    number = 3 if header else 2
    with pytest.raises(ValueError, match=f'vectors:{number}: 3 finite num'):
        read_word_vectors(path, VOCAB)


def test_malformed_first_line_is_named(tmp_path):
    path = write(tmp_path, b'1 3\nthe 1 x 3\n')
    with pytest.raises(ValueError, match='vectors:2: 3 finite numbers'):
        read_word_vectors(path, VOCAB)


@pytest.mark.parametrize('cut', range(1, 24))
def test_truncated_binary(tmp_path, cut):
    path = write(tmp_path, as_binary(TABLE, b'')[:-cut])
    with pytest.raises(ValueError, match='word [34] of 4; it is truncated'):
        read_word_vectors(path, VOCAB)


def test_truncated_text(tmp_path):
    path = write(tmp_path, b'the 1 2 3\nof 1 2 3\nzebra 1 2')
    with pytest.raises(ValueError, match='truncated'):
        read_word_vectors(path, VOCAB)
    path = write(tmp_path, b'3 2\nthe 1 2\nof 1 2\n')
    with pytest.raises(ValueError, match='word 2 of 3; it is truncated'):
        read_word_vectors(path, VOCAB)
    path = write(tmp_path, gzip.compress(FORMATS['glove'])[:-12])
    with pytest.raises(ValueError, match='cannot be read'):
        read_word_vectors(path, VOCAB)


@pytest.mark.parametrize('content', [
    b'', b'\n\n', b'word\n', b'%PDF-1.4\n\x00\x01 \x02 \x03\n',
    b'the\t1\t2\n'])
def test_other_files_are_refused(tmp_path, content):
    with pytest.raises(ValueError, match='holds no word vectors'):
        read_word_vectors(write(tmp_path, content), VOCAB)


def test_not_finite_binary(tmp_path):
    path = write(tmp_path, as_binary({'the': [1, np.nan, 2]}))
    with pytest.raises(ValueError, match='not finite'):
        read_word_vectors(path, VOCAB)


def test_binary_across_chunks(tmp_path, monkeypatch):
    monkeypatch.setattr(word_vectors, 'CHUNK_BYTES', 7)
    vectors = np.random.RandomState(0).randn(50, 3).astype(np.float32)
    table = {f'w{i}': vectors[i] for i in range(50)}
    found = read_word_vectors(
        write(tmp_path, as_binary(table)), {w: i for i, w in enumerate(table)})
    assert found.rows.tolist() == list(range(50))
    np.testing.assert_array_equal(found.vectors, vectors)


def test_memory_does_not_grow_with_the_file(tmp_path):
    values = b' 0.12345' * 50 + b'\n'
    path = write(tmp_path, b''.join(
        b'w%d' % i + values for i in range(40000)))
    assert os.path.getsize(path) > 15e6
    tracemalloc.start()
    try:
        found = read_word_vectors(path, {'w7': 0, 'w39999': 1})
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert found.rows.tolist() == [0, 1]
    assert peak < 3e6


def test_real_glove(data_dir):
    path = data_dir / 'glove.6B.50d.subset.txt'
    if not path.exists():
        pytest.skip(f'no {path}')
    lines = path.read_text(encoding='utf-8').split('\n')
    vocab = {line.split(' ')[0]: i for i, line in enumerate(lines[:1000])}
    found = read_word_vectors(str(path), vocab)
    assert found.rows.tolist() == list(range(1000))
    expected = np.array([line.split(' ')[1:] for line in lines[:1000]], float)
    np.testing.assert_allclose(found.vectors, expected, rtol=1e-6)
