"""Tokens, vocabulary, batches and word vectors."""
import gzip
import os
import pathlib
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest

import nlp_utils
from nlp_utils import EOS, UNK

ROOT = pathlib.Path(__file__).resolve().parents[1]


class Example:
    def __init__(self, texts, label):
        self.texts, self.label = texts, label


def words(text):
    return ' '.join(nlp_utils.tokenize(text, raw=True))


# ----------------------------------------------------------------- tokens


def test_pretokenized_text_is_only_split():
    assert nlp_utils.tokenize(" It 's  FUN.\n") == ('it', "'s", 'fun.')


def test_characters():
    assert nlp_utils.tokenize(' Ab c', char_based=True) == tuple('ab c')
    assert nlp_utils.tokenize(' A.', raw=True, char_based=True) == ('a', '.')


@pytest.mark.parametrize('text, expected', [
    ("Don't stop.", "do n't stop ."),
    ('He said: "Cannot!"', "he said : `` can not ! ''"),
    ("The dogs' $3.88 (or 5%)", "the dogs ' $ 3.88 ( or 5 % )"),
    # periods inside the text become tokens, those of abbreviations do not
    ('It was bad. Dr. No of the U.S. left.',
     'it was bad . dr. no of the u.s. left .'),
    ('So do I. Channel 7. End', 'so do i . channel 7 . end'),
    ('good<br /><br />BAD<BR>end', 'good bad end'),
    ('Tom &amp; I &lt;3', 'tom & i < 3'),
    ('It’s “fine”', "it 's `` fine ''"),
    ('', ''), (' \t\n', ''), ('<br />', ''),
])
def test_raw_text(text, expected):
    assert words(text) == expected


def test_raw_sentences_equal_nltk():
    """On single sentences only NLTK's own rules are left."""
    from nltk.tokenize.treebank import TreebankWordTokenizer
    treebank = TreebankWordTokenizer()
    sentences = [
        "i'm gonna give 'em a well-made, 3-day (or 4-day) trip, okay?",
        "the film's plot [sic] isn't new: it's old; they've seen it!",
        'cannot-do people say "we cannot" -- or "we\'d rather not"...',
        'e-mail me@home.org, pay $1,000.50 at 10:30 & go (now).',
        "the '90s weren't {that} bad, they'll say; wanna bet?",
        'naïve cafés in 東京 are fun , really .']
    for sentence in sentences:
        assert words(sentence).split() == treebank.tokenize(sentence)


def test_plain_words_equal_nltk():
    """The short cut for plain words agrees with NLTK on every shape."""
    from nltk.tokenize.treebank import TreebankWordTokenizer
    treebank = TreebankWordTokenizer()
    cores = ['cat', 'well-made', '12', 'x_y', 'é', 'cannot', 'a-cannot-b',
             'gimme', 'scannot', "cat's", "cannot's", '東京']
    chunks = [a + core + b + c for core in cores for a in ['', '(', '[', '{']
              for b in ['', ')', ']', '}'] for c in ['', *'.,:;?!']]
    assert sum(bool(nlp_utils.PLAIN_WORD.fullmatch(c)) for c in chunks) > 700
    for chunk in chunks:
        assert list(nlp_utils.tokenize(chunk, raw=True)) == treebank.tokenize(
            f' {chunk} ')


def test_tokens_are_interned():
    first, = nlp_utils.tokenize('inter' + 'esting'.lower())
    second, = nlp_utils.tokenize(' INTERESTING ', raw=True)
    assert first is second is sys.intern('interesting')


def test_import_is_quick_and_leaves_nltk_out():
    code = ('import sys, nlp_utils, text_datasets;'
            'sys.exit("nltk" in sys.modules or "chainer" in sys.modules)')
    assert subprocess.run([sys.executable, '-c', code], cwd=ROOT).returncode \
        == 0


# ------------------------------------------------------------- vocabulary


def test_vocabulary_order_and_limits():
    texts = [['c', 'a', 'b', 'a', 'b', 'a'], ['d', 'c', 'e', '<unk>']]
    # a 3, b 2, c 2; d and e once
    assert nlp_utils.make_vocab(texts) == {
        '<eos>': 0, '<unk>': 1, 'a': 2, 'b': 3, 'c': 4}
    assert nlp_utils.make_vocab(texts, max_vocab_size=4) == {
        '<eos>': 0, '<unk>': 1, 'a': 2, 'b': 3}
    assert list(nlp_utils.make_vocab(texts, min_freq=1)) == [
        '<eos>', '<unk>', 'a', 'b', 'c', 'd', 'e']
    assert nlp_utils.make_vocab(iter([])) == nlp_utils.SPECIAL_WORDS


@pytest.mark.parametrize('limits', [{'max_vocab_size': 1}, {'min_freq': 0}])
def test_vocabulary_refuses_useless_limits(limits):
    with pytest.raises(ValueError, match='the least are 2 and 1'):
        nlp_utils.make_vocab([['a']], **limits)


def test_encode():
    vocab = {'<eos>': 0, '<unk>': 1, 'a': 2}
    ids = nlp_utils.encode(('a', 'x', '<eos>', '<unk>'), vocab)
    assert ids.dtype == np.int32
    assert ids.tolist() == [2, UNK, UNK, UNK, EOS]
    assert nlp_utils.encode((), vocab).tolist() == [EOS]
    texts, label = nlp_utils.encode_example(
        Example((('a',), ('x', 'a')), 1), vocab)
    assert isinstance(texts, tuple) and label == 1
    assert [t.tolist() for t in texts] == [[2, 0], [1, 2, 0]]


def test_convert_batch():
    a, b, c = (np.arange(n, dtype=np.int32) for n in (1, 2, 3))
    xs, ys = nlp_utils.convert_batch([((a,), 1), ((b,), 0)])
    assert isinstance(xs, list) and xs[0] is a and xs[1] is b
    assert ys.dtype == np.int32 and ys.tolist() == [1, 0]
    xs, ys = nlp_utils.convert_batch([((a, c), 2)])
    assert isinstance(xs, tuple) and xs[0][0] is a and xs[1][0] is c
    assert isinstance(xs[0], list) and ys.tolist() == [2]


@pytest.mark.parametrize('batch', [
    [], [(('a',), 0), (('a', 'b'), 0)], [(('a', 'b', 'c'), 0)]])
def test_convert_batch_refuses(batch):
    with pytest.raises(ValueError, match='one text or of two'):
        nlp_utils.convert_batch(batch)


# ----------------------------------------------------------- word vectors

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
    found = nlp_utils.read_word_vectors(write(tmp_path, content), VOCAB)
    assert found.rows.dtype == np.int64
    assert found.vectors.dtype == np.float32
    assert found.rows.tolist() == [2, 3, 4]
    np.testing.assert_array_equal(found.vectors, np.array(
        [TABLE['the'], TABLE['.'], TABLE['naïve']], np.float32))


def test_no_known_word_keeps_the_width(tmp_path):
    found = nlp_utils.read_word_vectors(
        write(tmp_path, FORMATS['glove']), {'other': 0})
    assert found.rows.shape == (0,) and found.vectors.shape == (0, 3)


def test_words_with_spaces_and_duplicates(tmp_path):
    path = write(tmp_path, b'. . . 5 5 5\nthe 1 2 3\nat the 4 4 4\n'
                           b'the 6 6 6\nthe end 7 7 7\n. 8 8 8\n')
    found = nlp_utils.read_word_vectors(path, VOCAB)
    assert found.rows.tolist() == [2, 3]
    assert found.vectors.tolist() == [[1, 2, 3], [8, 8, 8]]


@pytest.mark.parametrize('line', [
    b'the 1 2', b'the 1 2 3 4', b'the 1 x 3', b'the 1 nan 3', b'the 1 2 1e99'])
@pytest.mark.parametrize('header', [b'', b'3 3\n'])
def test_malformed_line_is_named(tmp_path, line, header):
    path = write(tmp_path, header + b'a 1 2 3\n' + line + b'\nb 1 2 3\n')
    number = 3 if header else 2
    with pytest.raises(ValueError, match=f'vectors:{number}: 3 finite num'):
        nlp_utils.read_word_vectors(path, VOCAB)


def test_malformed_first_line_is_named(tmp_path):
    path = write(tmp_path, b'1 3\nthe 1 x 3\n')
    with pytest.raises(ValueError, match='vectors:2: 3 finite numbers'):
        nlp_utils.read_word_vectors(path, VOCAB)


@pytest.mark.parametrize('cut', range(1, 24))
def test_truncated_binary(tmp_path, cut):
    path = write(tmp_path, as_binary(TABLE, b'')[:-cut])
    with pytest.raises(ValueError, match='word [34] of 4; it is truncated'):
        nlp_utils.read_word_vectors(path, VOCAB)


def test_truncated_text(tmp_path):
    path = write(tmp_path, b'the 1 2 3\nof 1 2 3\nzebra 1 2')
    with pytest.raises(ValueError, match='truncated'):
        nlp_utils.read_word_vectors(path, VOCAB)
    path = write(tmp_path, b'3 2\nthe 1 2\nof 1 2\n')
    with pytest.raises(ValueError, match='word 2 of 3; it is truncated'):
        nlp_utils.read_word_vectors(path, VOCAB)
    path = write(tmp_path, gzip.compress(FORMATS['glove'])[:-12])
    with pytest.raises(ValueError, match='cannot be unpacked'):
        nlp_utils.read_word_vectors(path, VOCAB)


@pytest.mark.parametrize('content', [
    b'', b'\n\n', b'word\n', b'%PDF-1.4\n\x00\x01 \x02 \x03\n',
    b'the\t1\t2\n'])
def test_other_files_are_refused(tmp_path, content):
    with pytest.raises(ValueError, match='holds no word vectors'):
        nlp_utils.read_word_vectors(write(tmp_path, content), VOCAB)


def test_not_finite_binary(tmp_path):
    path = write(tmp_path, as_binary({'the': [1, np.nan, 2]}))
    with pytest.raises(ValueError, match='not finite'):
        nlp_utils.read_word_vectors(path, VOCAB)


def test_binary_across_chunks(tmp_path, monkeypatch):
    monkeypatch.setattr(nlp_utils, 'CHUNK_BYTES', 7)
    vectors = np.random.RandomState(0).randn(50, 3).astype(np.float32)
    table = {f'w{i}': vectors[i] for i in range(50)}
    found = nlp_utils.read_word_vectors(
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
        found = nlp_utils.read_word_vectors(path, {'w7': 0, 'w39999': 1})
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
    found = nlp_utils.read_word_vectors(str(path), vocab)
    assert found.rows.tolist() == list(range(1000))
    expected = np.array([line.split(' ')[1:] for line in lines[:1000]], float)
    np.testing.assert_allclose(found.vectors, expected, rtol=1e-6)
