"""Word vector files that lie: of their size, of their values."""
import gzip
import os

import numpy as np
import pytest

from errors import UserError
from files import word_vectors
from files.word_vectors import LARGEST, WIDEST, read_word_vectors

VOCAB = {'the': 0, 'of': 1}


def refuse(tmp_path, content, message):
    path = tmp_path / 'vectors'
    path.write_bytes(content)
    with pytest.raises(UserError, match=message) as caught:
        read_word_vectors(str(path), VOCAB)
    assert str(caught.value).isprintable()


def binary(header, *words):
    return header + b''.join(
        word + b' ' + np.array(values, '<f4').tobytes() + b'\n'
        for word, values in words)


@pytest.mark.parametrize('value', ['1e38', '-1e38', '1.01e15', '3e19'])
def test_values_whose_squares_overflow(tmp_path, value):
    """1e38 is a float32, but nothing can be computed with it."""
    message = r"vectors:2: 2 finite numbers up to 1e\+15 must follow 'of'"
    refuse(tmp_path, f'the 1 2\nof 1 {value}\n'.encode(), message)
    refuse(tmp_path, f'1 2\nof 1 {value}\n'.encode(), message)
    refuse(tmp_path, binary(b'1 2\n', (b'of', [1, float(value)])),
           r'vectors: word 1 has values that are not finite or beyond 1e\+15')


def test_the_largest_values_still_sum_up():
    values = np.full(WIDEST, LARGEST, np.float32)
    assert np.isfinite((values * values).sum(dtype=np.float32))


def test_a_word_that_comes_twice_has_its_first_vector(tmp_path):
    path = tmp_path / 'vectors'
    for content in (b'the 1 2\nthe 3 4\nof 5 6\nthe 1e38 x\n',
                    b'3 2\nthe 1 2\nthe 3 4\nof 5 6\n',
                    binary(b'3 2\n', (b'the', [1, 2]), (b'the', [3, 4]),
                           (b'of', [5, 6]))):
        path.write_bytes(content)
        found = read_word_vectors(str(path), VOCAB)
        assert found.rows.tolist() == [0, 1]
        assert found.vectors.tolist() == [[1, 2], [5, 6]]


@pytest.mark.parametrize('header', [b'', b'2 1000000\n'])
def test_a_million_values_a_word(tmp_path, header):
    line = b'the' + b' 0.1' * 10 ** 6 + b'\n'
    refuse(tmp_path, header + line + line, 'vectors has vectors of [0-9,]* va')


def test_the_widest_vectors_are_read(tmp_path):
    path = tmp_path / 'vectors'
    numbers = ' '.join(['-1.2345678901234567e-05'] * WIDEST)
    for header in ('', '2 10000\n'):
        path.write_text(f'{header}the {numbers}\nof {numbers}\n')
        assert read_word_vectors(str(path), VOCAB).vectors.shape == (2, WIDEST)


@pytest.mark.parametrize('header', [
    b'2 ' + b'9' * 5000, b'9' * 5000 + b' 2', b'9' * 16 + b' 2'])
def test_headers_of_endless_numbers(tmp_path, header):
    """Python refuses to read them: a ValueError."""
    refuse(tmp_path, header + b'\nthe \x00\x01\x02\x03\n',
           'holds no word vectors|truncated')


@pytest.mark.parametrize('content, message', [
    (b'1 2\nthe 1 2\nof 3 4\n', 'more than the 1 words that its first line'),
    (b'3 2\nthe 1 2\nof 3 4\n', 'ends within or after word 2 of 3; it is tr'),
    (b'2 3\nthe 1 2\nof 3 4\n', ':2: 3 finite numbers .* not these 2 values'),
    (b'2 1\nthe 1 2\nof 3 4\n', ':2: 1 finite numbers .* not these 2 values'),
    (binary(b'1 2\n', (b'the', [1, 2]), (b'of', [3, 4])), 'more than the 1 w'),
    (binary(b'3 2\n', (b'the', [1, 2]), (b'of', [3, 4])), 'word 3 of 3; it i'),
    (binary(b'2 1\n', (b'the', [1, 2]), (b'of', [3, 4])), 'more than the 2 w'),
    (binary(b'2 3\n', (b'the', [1, 2]), (b'of', [3, 4])), 'word 2 of 2; it i'),
    (b'999999999999 9999\n' + bytes(90000), 'word 1 (of|never ends)'),
    (b'5 4\n' + b'\x01' * (1 << 23), 'word 1 never ends; the file is damaged')
])
def test_headers_that_lie(tmp_path, content, message):
    refuse(tmp_path, content, message)


def test_a_line_that_never_ends(tmp_path, monkeypatch):
    monkeypatch.setattr(word_vectors, 'SAMPLE_BYTES', 100)
    refuse(tmp_path, b'the 1 2\n' * 50 + b'x' * (1 << 25),
           'vectors:51: the line is longer than 16,777,216 bytes')


def test_words_are_shown_escaped(tmp_path):
    path = tmp_path / 'vectors'
    path.write_bytes(b'a 1 2\n\x1b[2J 1 x\n')
    with pytest.raises(UserError, match='holds no word vectors'):
        read_word_vectors(str(path), {'\x1b[2J': 0})
    path.write_bytes('a 1 2\n\x9b2J 1 x\n'.encode())
    with pytest.raises(UserError, match=r"must follow '\\x9b2J'"):
        read_word_vectors(str(path), {'\x9b2J': 0})


def test_what_is_no_file(tmp_path):
    os.mkfifo(tmp_path / 'pipe')
    for path, message in [(tmp_path, 'is a folder, not a file'),
                          (tmp_path / 'pipe', 'is a pipe, not a file'),
                          (tmp_path / 'none', 'cannot be read .*check its na'),
                          ('/dev/zero', 'is a device, not a file')]:
        with pytest.raises(UserError, match=message):
            read_word_vectors(str(path), VOCAB)


@pytest.mark.parametrize('content', [
    b'the 1 2\nof 3 4\n' * 99,
    binary(b'2 2\n', (b'the', [1, 2]), (b'of', [3, 4]))])
def test_flipped_bytes_of_gzip(tmp_path, content):
    path = tmp_path / 'vectors.gz'
    packed = gzip.compress(content, mtime=0)
    path.write_bytes(packed)
    whole = read_word_vectors(str(path), VOCAB)
    for at in range(len(packed)):
        path.write_bytes(packed[:at] + bytes([packed[at] ^ 4])
                         + packed[at + 1:])
        try:
            found = read_word_vectors(str(path), VOCAB)
        except UserError as error:
            assert '\n' not in str(error)
        else:
            assert found.rows.tolist() == whole.rows.tolist()
            np.testing.assert_array_equal(found.vectors, whole.vectors)
