"""Files of pre-trained word vectors, in the formats that are published."""
import collections
import math
import re
from typing import NamedTuple

import numpy as np

from errors import UserError
from files.rows import shortened
from files.streams import LONGEST_LINE, opening

SAMPLE_BYTES = 1 << 18  # enough to recognize the format
CHUNK_BYTES = 1 << 22  # read at once of a binary file
WIDEST = 10000  # values a word; so many fit into a sample, too
LARGEST = 1e15  # squares of so many such values still sum up in float32
LONGEST_WORD = 1 << 12  # bytes, in a binary file
BEHIND = 1 << 10  # bytes looked at behind the last word
HEADER = re.compile(rb'\s*(\d{1,15})\s+(\d{1,15})\s*')
CONTROL = re.compile(rb'[\x00-\x08\x0e-\x1f]')


class WordVectors(NamedTuple):
    """Vectors of m words.

    Attributes:
        rows (ndarray): Ids of the words, int64 (m,).
        vectors (ndarray): Their vectors, float32 (m, width).
    """

    rows: np.ndarray
    vectors: np.ndarray


class _Format(NamedTuple):
    read: object  # function(stream, path, format, wanted) of (id, values)
    width: int
    n_words: object = None  # as the header says, None without one


def read_word_vectors(path, vocab):
    """Reads the pre-trained vectors of the words of a vocabulary.

    The format is recognized by the content: GloVe text, word2vec or fastText
    text (a header ``n width``), word2vec binary, each also gzipped.  The
    file is streamed and only the lines of wanted words are parsed, so
    memory grows with the vocabulary, not with the file.

    Args:
        path (str): The file.
        vocab (dict): Word to id.  Words are looked up as they are spelled.

    Returns:
        WordVectors: In the order of the file; of a word that comes twice the
        first is taken.  Without any wanted word the shapes are (0,) and
        (0, width).

    Raises:
        UserError: If the file is none of these formats, truncated, wider
            than ``WIDEST`` or has another number of words than its header
            says, or (with its line) if a wanted word has another number of
            values or values that are not numbers within ``LARGEST``.
    """
    wanted = {word.encode('utf-8', 'surrogatepass'): i
              for word, i in vocab.items()}
    rows, vectors = [], []
    with opening(path, longest_line=math.inf) as stream:
        file_format = _recognize(stream.read(SAMPLE_BYTES), path)
    longest = LONGEST_LINE if file_format.read is _read_text else math.inf
    with opening(path, None, longest, most_bytes=math.inf) as stream:
        if file_format.n_words is not None:
            stream.readline()
        for row, values in file_format.read(stream, path, file_format, wanted):
            rows.append(row)
            vectors.append(values)
    return WordVectors(
        np.array(rows, dtype=np.int64),
        np.array(vectors, np.float32).reshape(-1, file_format.width))


def _recognize(sample, path):
    """Format of a word vector file by its first bytes."""
    header, _, body = sample.partition(b'\n')
    stated = HEADER.fullmatch(header)
    if stated:
        n_words, width = map(int, stated.groups())
        _check_width(width, path)
        read = _read_text if _is_text(body, width) else _read_binary
        if width:
            return _Format(read, width, n_words)
    lines = sample.split(b'\n')
    if len(sample) == SAMPLE_BYTES and len(lines) > 1:
        lines.pop()  # perhaps cut
    counts = collections.Counter(
        line.rstrip().count(b' ') for line in lines if line.strip())
    width = counts.most_common(1)[0][0] if counts else 0
    if not width or CONTROL.search(sample):
        raise UserError(f'{path} holds no word vectors: a line is a word and '
                        'its values between spaces, or the file is '
                        'word2vec binary')
    _check_width(width, path)
    return _Format(_read_text, width)


def _check_width(width, path):
    if width > WIDEST:
        raise UserError(f'{path} has vectors of {width:,} values or more; the '
                        f'most are {WIDEST:,}, take narrower ones')


def _is_text(body, width):
    """Whether the words after a header are written out, not binary."""
    fields = body.partition(b'\n')[0].rstrip().rsplit(b' ', width)
    if len(fields) == width + 1 and _floats(fields[1:]) is not None:
        return True
    whole_lines = body[:body.rfind(b'\n') + 1]
    try:
        whole_lines.decode()
    except UnicodeDecodeError:
        return False
    return bool(whole_lines) and not CONTROL.search(whole_lines)


def _floats(fields):
    """The fields as finite floats, or None."""
    try:
        with np.errstate(over='ignore'):
            values = np.array(list(map(float, fields)), dtype=np.float32)
    except (ValueError, OverflowError):
        return None
    return values if np.isfinite(values).all() else None


def _read_text(stream, path, file_format, wanted):
    """Ids and vectors of the wanted words of a text file."""
    width, n_words = file_format.width, file_format.n_words
    missing = dict(wanted)
    last, n_lines = b'', 0
    for number, line in enumerate(stream, 1 if n_words is None else 2):
        if line.isspace():
            continue
        last, n_lines = line, n_lines + 1
        word = line[:line.find(b' ')]
        if word in missing:
            values = _parse_line(line, word, width, f'{path}:{number}')
            if values is not None:
                yield missing.pop(word), values
    if last.rstrip().count(b' ') < width or n_lines < (n_words or 0):
        raise UserError(
            f'{path} ends within or after word {n_lines}'
            + (f' of {n_words}' if n_words else '')
            + '; it is truncated, get it again')
    if n_words is not None and n_lines > n_words:
        raise _more_words(path, n_words)


def _more_words(path, n_words):
    return UserError(f'{path} holds more than the {n_words} words that its '
                     'first line states; correct that, or get it again')


def _parse_line(line, word, width, where):
    """Values of a line, or None where ``word`` only begins a longer one."""
    first, *fields = line.rstrip().rsplit(b' ', width)
    values = _floats(fields) if len(fields) == width else None
    rest = first[len(word):].split()
    if values is not None and rest and _floats(rest) is None:
        return None  # GloVe 840B has words like ". . ."
    if values is None or rest or np.abs(values).max() > LARGEST:
        raise UserError(
            f'{where}: {width} finite numbers up to {LARGEST:g} must follow '
            f'{shortened(word.decode(errors="replace"))}, not these '
            f'{len(rest) + len(fields)} values; mend or drop the line')
    return values


def _read_binary(stream, path, file_format, wanted):
    """Ids and vectors of the wanted words of a word2vec binary file."""
    size = 4 * file_format.width
    missing = dict(wanted)
    buffer, start = b'', 0
    for number in range(1, file_format.n_words + 1):
        space = buffer.find(b' ', start)
        while space < 0 or space + 1 + size > len(buffer):
            more = stream.read(CHUNK_BYTES)
            if not more:
                raise UserError(
                    f'{path} ends within word {number} of '
                    f'{file_format.n_words}; it is truncated, get it again')
            buffer, start = buffer[start:] + more, 0
            space = buffer.find(b' ', 0, LONGEST_WORD)
            if space < 0 and len(buffer) > LONGEST_WORD:
                raise UserError(f'{path}: word {number} never ends; the file '
                                'is damaged, get it again')
        word = buffer[start:space].lstrip(b'\n')
        start = space + 1 + size
        if word in missing:
            values = np.frombuffer(buffer, '<f4', file_format.width, space + 1)
            if not np.abs(values).max() <= LARGEST:
                raise UserError(f'{path}: word {number} has values that are '
                                f'not finite or beyond {LARGEST:g}; the file '
                                'is damaged, get it again')
            yield missing.pop(word), values.copy()
    if (buffer[start:] + stream.read(BEHIND)).strip():
        raise _more_words(path, file_format.n_words)
