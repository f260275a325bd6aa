"""Text to ids: tokens, vocabulary, word vectors, batches.

Conventions: id 0 is ``<eos>``, which ends every text, and id 1 is ``<unk>``;
an example is ``(texts, label)`` where ``texts`` holds one or two int32 arrays
of shape ``(L_i,)``.
"""
import collections
import functools
import gzip
import html
import itertools
import re
import sys
import zlib
from typing import NamedTuple

import numpy as np

EOS, UNK = 0, 1
SPECIAL_WORDS = {'<eos>': EOS, '<unk>': UNK}

LINE_BREAK = re.compile(r'<br\s*/?>', re.IGNORECASE)
ABBREVIATION = re.compile(
    r'(?:[^\W\d_]\.){2,}|(?:mr|mrs|ms|dr|st|jr|mt|vs|etc)\.')
# Most words need no more than this from the Treebank rules, at a fiftieth of
# the time; the lookahead leaves the contractions to them.
PLAIN_WORD = re.compile(
    r'(?!.*\b(?:cannot|gimme|gonna|gotta|lemme|wanna)\b)'
    r"([(\[{]?)(\w+(?:-\w+)*)('s)?([)\]}]?)([.,:;?!]?)")
CURLY_QUOTES = str.maketrans('‘’“”', '\'\'""')
SAMPLE_BYTES = 1 << 18
CHUNK_BYTES = 1 << 22
CONTROL = re.compile(rb'[\x00-\x08\x0e-\x1f]')


def normalize_text(text):
    """Text without outer white space, in lower case."""
    return text.strip().lower()


def split_text(text, char_based=False):
    """List of the words between white space, or of all characters."""
    return list(text) if char_based else text.split()


@functools.cache
def _treebank():
    # importing NLTK takes more than a second, and few data sets need it
    from nltk.tokenize.treebank import TreebankWordTokenizer
    return TreebankWordTokenizer()


@functools.lru_cache(maxsize=1 << 18)
def _split_chunk(chunk):
    """Treebank tokens of a string without white space."""
    if ABBREVIATION.fullmatch(chunk):
        return (sys.intern(chunk),)
    plain = PLAIN_WORD.fullmatch(chunk)
    tokens = (filter(None, plain.groups()) if plain
              else _treebank().tokenize(f' {chunk} '))
    return tuple(map(sys.intern, tokens))


def _split_raw(text):
    chunks = text.translate(CURLY_QUOTES).split()
    return itertools.chain.from_iterable(map(_split_chunk, chunks))


def tokenize(text, raw=False, char_based=False):
    """Split a string into tokens; the one place where this is done.

    Raw text goes through NLTK's Treebank word tokenizer, HTML line breaks
    and entities resolved and curly quotes made straight.  That tokenizer
    expects single sentences and leaves other periods on their words; here
    each stretch between white space is tokenized by itself, so that every
    sentence's period is a token, while abbreviations (``u.s.``, ``dr.``) keep
    theirs.

    Args:
        text (str): Any text, normalized here by :func:`normalize_text`.
        raw (bool): Whether the text is as people write it; otherwise its
            tokens stand between white space.
        char_based (bool): Whether the characters are the tokens.

    Returns:
        tuple of str: Interned tokens; empty for a blank text.
    """
    if raw:
        text = html.unescape(LINE_BREAK.sub(' ', text))
    text = normalize_text(text)
    if raw and not char_based:
        return tuple(_split_raw(text))
    return tuple(map(sys.intern, split_text(text, char_based)))


def surface(text, tokens):
    """The tokens of a text as they were typed.

    Args:
        text (str): What was typed.
        tokens (sequence of str): What :func:`tokenize` made of it.

    Returns:
        list of str: For each token the stretch of `text` it came from; the
        token itself where it cannot be found (entities, quotes made
        straight).
    """
    lowered = text.lower()
    if len(lowered) != len(text):  # a letter that lower() makes longer
        return list(tokens)
    shown, begin = [], 0
    for token in tokens:
        at = lowered.find(token, begin)
        if at < 0:
            shown.append(token)
        else:
            begin = at + len(token)
            shown.append(text[at:begin])
    return shown


def make_vocab(token_lists, max_vocab_size=20000, min_freq=2):
    """Ids for the most frequent words.

    Args:
        token_lists (iterable of sequences of str): The training texts.
        max_vocab_size (int): Most words, ``<eos>`` and ``<unk>`` included.
        min_freq (int): Fewest occurrences of a word, at least 1.

    Returns:
        dict: Word to id: ``<eos>`` 0, ``<unk>`` 1, then from 2 by falling
        frequency, ties in alphabetical order.

    Raises:
        ValueError: If a limit is too small to make sense.
    """
    if max_vocab_size < len(SPECIAL_WORDS) or min_freq < 1:
        raise ValueError(
            f'max_vocab_size={max_vocab_size} and min_freq={min_freq}, but '
            f'the least are {len(SPECIAL_WORDS)} and 1')
    counts = collections.Counter()
    for tokens in token_lists:
        counts.update(tokens)
    words = sorted(
        (word for word, count in counts.items()
         if count >= min_freq and word not in SPECIAL_WORDS),
        key=lambda word: (-counts[word], word))
    words = list(SPECIAL_WORDS) + words[:max_vocab_size - len(SPECIAL_WORDS)]
    return {word: i for i, word in enumerate(words)}


def encode(tokens, vocab):
    """Ids of the tokens with ``<eos>`` appended.

    Args:
        tokens (sequence of str): ``L_i - 1`` tokens.
        vocab (dict): Word to id, of :func:`make_vocab`.

    Returns:
        int32 ndarray of shape (L_i,): Words outside the vocabulary are
        ``UNK``, and so is a token spelled ``<eos>``: ``EOS`` comes last only.
    """
    ids = np.array([vocab.get(token, UNK) for token in tokens] + [EOS],
                   dtype=np.int32)
    ids[:-1][ids[:-1] == EOS] = UNK
    return ids


def encode_example(example, vocab):
    """Ids of an example of ``text_datasets``.

    Args:
        example: Object with ``texts``, a tuple of one or two sequences of
            tokens, and ``label``.
        vocab (dict): Word to id.

    Returns:
        tuple: ``(texts, label)``: a tuple of one or two int32 arrays of
        shape (L_i,), and the label as it was.
    """
    return (tuple([encode(tokens, vocab) for tokens in example.texts]),
            example.label)


def convert_batch(batch):
    """Turn encoded examples into what the networks take.

    Args:
        batch (list): B examples ``((ids,), y)``, or ``((ids1, ids2), y)``
            for pairs.

    Returns:
        tuple: ``xs``, a list of B int32 arrays or for pairs a tuple of two
        such lists (premises, hypotheses); and ``ys``, an int32 ndarray of
        shape (B,).

    Raises:
        ValueError: If the batch is empty or mixes single texts and pairs.
    """
    n_texts = {len(texts) for texts, _ in batch}
    if n_texts not in ({1}, {2}):
        raise ValueError(
            f'a batch holds examples of one text or of two, but this one has '
            f'{len(batch)} examples with {sorted(n_texts)} texts')
    columns = tuple(map(list, zip(*(texts for texts, _ in batch),
                                  strict=True)))
    ys = np.array([label for _, label in batch], dtype=np.int32)
    return columns if len(columns) == 2 else columns[0], ys


def open_binary(path):
    """Binary stream of a file, unpacked if its content is gzip."""
    with open(path, 'rb') as stream:
        gzipped = stream.read(2) == b'\x1f\x8b'
    return gzip.open(path) if gzipped else open(path, 'rb')


class WordVectors(NamedTuple):
    """Vectors of m words: ids int64 (m,) and float32 (m, width)."""

    rows: np.ndarray
    vectors: np.ndarray


class _Format(NamedTuple):
    read: object  # function(stream, path, format, wanted) of (id, values)
    width: int
    n_words: object = None  # as the header says, None without one


def read_word_vectors(path, vocab):
    """Read the pre-trained vectors of the words of a vocabulary.

    The format is told from the content: GloVe text, word2vec or fastText
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
        ValueError: If the file is none of these formats or truncated, or
            (with its line) if a wanted word has another number of values or
            values that are not finite numbers.
    """
    wanted = {word.encode('utf-8', 'surrogatepass'): i
              for word, i in vocab.items()}
    rows, vectors = [], []
    try:
        with open_binary(path) as stream:
            file_format = _recognize(stream.read(SAMPLE_BYTES), path)
        with open_binary(path) as stream:
            if file_format.n_words is not None:
                stream.readline()
            for row, values in file_format.read(stream, path, file_format,
                                                wanted):
                rows.append(row)
                vectors.append(values)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise ValueError(f'{path} cannot be unpacked ({error}); it is '
                         'damaged, get it again') from error
    return WordVectors(
        np.array(rows, dtype=np.int64),
        np.array(vectors, np.float32).reshape(-1, file_format.width))


def _recognize(sample, path):
    """Format of a word vector file by its first bytes."""
    header, _, body = sample.partition(b'\n')
    fields = header.split()
    if len(fields) == 2 and all(field.isdigit() for field in fields):
        n_words, width = map(int, fields)
        read = _read_text if _is_text(body, width) else _read_binary
        if width:
            return _Format(read, width, n_words)
    lines = sample.split(b'\n')
    if len(sample) == SAMPLE_BYTES:
        lines.pop()  # perhaps cut
    counts = collections.Counter(
        line.rstrip().count(b' ') for line in lines if line.strip())
    width = counts.most_common(1)[0][0] if counts else 0
    if not width or CONTROL.search(sample):
        raise ValueError(f'{path} holds no word vectors: a line is a word and '
                         'its values between spaces, or the file is '
                         'word2vec binary')
    return _Format(_read_text, width)


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
    width, n_words = file_format.width, file_format.n_words
    last, n_lines = b'', 0
    for number, line in enumerate(stream, 1 if n_words is None else 2):
        if line.isspace():
            continue
        last, n_lines = line, n_lines + 1
        word = line[:line.find(b' ')]
        if word in wanted:
            values = _parse_line(line, word, width, f'{path}:{number}')
            if values is not None:
                yield wanted.pop(word), values
    if last.rstrip().count(b' ') < width or n_lines < (n_words or 0):
        raise ValueError(
            f'{path} ends within or after word {n_lines}'
            + (f' of {n_words}' if n_words else '')
            + '; it is truncated, get it again')


def _parse_line(line, word, width, where):
    """Values of a line, or None where ``word`` only begins a longer one."""
    first, *fields = line.rstrip().rsplit(b' ', width)
    values = _floats(fields) if len(fields) == width else None
    rest = first[len(word):].split()
    if values is not None and rest and _floats(rest) is None:
        return None  # GloVe 840B has words like ". . ."
    if values is None or rest:
        raise ValueError(
            f'{where}: {width} finite numbers must follow '
            f'{word.decode(errors="replace")!r}, not these '
            f'{len(rest) + len(fields)} values; mend or drop the line')
    return values


def _read_binary(stream, path, file_format, wanted):
    size = 4 * file_format.width
    buffer, start = b'', 0
    for number in range(1, file_format.n_words + 1):
        space = buffer.find(b' ', start)
        while space < 0 or space + 1 + size > len(buffer):
            more = stream.read(CHUNK_BYTES)
            if not more:
                raise ValueError(
                    f'{path} ends within word {number} of '
                    f'{file_format.n_words}; it is truncated, get it again')
            buffer, start = buffer[start:] + more, 0
            space = buffer.find(b' ')
        word = buffer[start:space].lstrip(b'\n')
        start = space + 1 + size
        if word in wanted:
            values = np.frombuffer(buffer, '<f4', file_format.width, space + 1)
            if not np.isfinite(values).all():
                raise ValueError(f'{path}: word {number} has values that are '
                                 'not finite; the file is damaged')
            yield wanted.pop(word), values.copy()
