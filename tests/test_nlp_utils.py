"""Tokens, vocabulary, batches of texts."""
import pathlib
import subprocess
import sys

import numpy as np
import pytest

import nlp_utils
from nlp_utils import EOS, UNK, Texts

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


def test_of_nltk_only_the_tokenizer_is_imported():
    """NLTK itself can be imported afterwards, with the same tokens."""
    done = subprocess.run([sys.executable, '-c', """
import sys, nlp_utils
text = "Don't say: 'cannot', (it's) 5.5%!"
found = list(nlp_utils.tokenize(text, raw=True))
print([name for name in ('nltk', 'scipy', 'sklearn') if name in sys.modules])
import nltk
from nltk.tokenize import NLTKWordTokenizer
from nltk.tokenize.treebank import TreebankWordTokenizer
print(nltk.tokenize.treebank.TreebankWordTokenizer is TreebankWordTokenizer,
      TreebankWordTokenizer().tokenize("don't") == ['do', "n't"])
nlp_utils._treebank.cache_clear()
nlp_utils._split_chunk.cache_clear()
print(list(nlp_utils.tokenize(text, raw=True)) == found,
      sys.modules['nltk'] is nltk)
"""], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout.splitlines() == ['[]', 'True True', 'True True'], (
        done.stderr)


def test_plain_words_equal_nltk():
    """The short cut for plain words agrees with NLTK on every shape."""
    from nltk.tokenize.treebank import TreebankWordTokenizer
    treebank = TreebankWordTokenizer()
    cores = ['cat', 'well-made', '12', 'x_y', 'é', 'cannot', 'a-cannot-b',
             'gimme', 'scannot', "cat's", "cannot's", '東京', "isn't",
             "ca'n't", "they'll", "wannan't", "n't", "cat's's", "i'd", "x't",
             "we've"]
    chunks = [a + core + b + c for core in cores for a in ['', '(', '[', '{']
              for b in ['', ')', ']', '}'] for c in ['', *'.,:;?!']]
    assert sum(bool(nlp_utils.PLAIN_WORD.fullmatch(c)) for c in chunks) > 700
    for chunk in chunks:
        assert list(nlp_utils.tokenize(chunk, raw=True)) == treebank.tokenize(
            f' {chunk} ')


def test_single_signs_equal_nltk():
    """Every character is a token, but for the double quote."""
    from nltk.tokenize.treebank import TreebankWordTokenizer
    treebank = TreebankWordTokenizer()
    signs = [c for c in map(chr, range(0x3000)) if not c.isspace()]
    alone = ["n't", "'s", "'d", "'m", "'ll", "'re", "'ve"]
    for chunk in [*signs, *alone]:
        assert list(nlp_utils._split_chunk(chunk)) == treebank.tokenize(
            f' {chunk} ')


def test_usual_words_need_no_nltk():
    code = ('import sys, nlp_utils;'
            'nlp_utils.tokenize("It isn\'t (that) bad , they \'ll say: we\'ve '
            'seen 3-day films .", raw=True);'
            'sys.exit("nltk" in sys.modules)')
    assert subprocess.run([sys.executable, '-c', code], cwd=ROOT).returncode \
        == 0


@pytest.mark.parametrize('text, expected', [
    # the second "it" is not the first; n't is found, although don't is split
    ("It don't IT.", [(0, 2), (3, 5), (5, 8), (9, 11), (11, 12)]),
    # & is found in the entity, the quotes are other characters
    ('a &amp; "b"', [(0, 1), (2, 3), None, (9, 10), None]),
    ('\u0130 a', [None, None]),  # lower() makes two characters of the first
    ('', [])])
def test_spans(text, expected):
    tokens = nlp_utils.tokenize(text, raw=True)
    assert nlp_utils.spans(text, tokens) == expected
    assert nlp_utils.surface(text, tokens) == [
        token if span is None else text[span[0]:span[1]]
        for token, span in zip(tokens, expected, strict=True)]


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


# ---------------------------------------------------------------- batches


def texts_of(*lengths):
    """Texts that hold their own length: int32 arrays, ``<eos>`` left out."""
    return [np.full(length, length, np.int32) for length in lengths]


def test_convert_batch():
    a, b, c = texts_of(1, 2, 3)
    xs, ys = nlp_utils.convert_batch([((a,), 1), ((b,), 0)])
    assert isinstance(xs, Texts) and not xs.is_pair
    side, = xs.sides
    assert isinstance(side, list) and side[0] is a and side[1] is b
    assert ys.dtype == np.int32 and ys.tolist() == [1, 0]
    xs, ys = nlp_utils.convert_batch([((a, c), 2)])
    assert isinstance(xs, Texts) and xs.is_pair
    premises, hypotheses = xs.sides
    assert premises[0] is a and hypotheses[0] is c
    assert isinstance(premises, list) and ys.tolist() == [2]


@pytest.mark.parametrize('batch', [
    [], [(('a',), 0), (('a', 'b'), 0)], [(('a', 'b', 'c'), 0)]])
def test_convert_batch_refuses(batch):
    with pytest.raises(ValueError, match='one text or of two'):
        nlp_utils.convert_batch(batch)


def test_texts_of_what_the_networks_accept():
    one, other = texts_of(1, 2, 3), texts_of(4, 5, 6)
    single, pairs = Texts.of(one), Texts.of((one, other))
    assert single.sides == (one,) and not single.is_pair
    assert pairs.sides == (one, other) and pairs.is_pair
    assert len(single) == len(pairs) == 3
    assert Texts.of(pairs) is pairs and Texts.of(single) is single
    assert Texts.of((one,)).sides == (one,)
    assert len(Texts.of([])) == 0 and not Texts.of([]).is_pair


def test_lengths_of_texts():
    pairs = Texts(texts_of(1, 2, 7), texts_of(4, 4, 5))
    assert pairs.lengths(0).tolist() == [1, 2, 7]
    assert pairs.lengths(1).tolist() == [4, 4, 5]
    assert pairs.lengths().tolist() == [4, 4, 5]  # the side that is varied
    assert pairs.n_tokens().tolist() == [5, 6, 12]
    single = Texts(texts_of(3, 1))
    assert single.lengths().tolist() == single.n_tokens().tolist() == [3, 1]
    assert single.lengths().dtype == single.n_tokens().dtype == int
    assert Texts([]).lengths().shape == Texts([], []).n_tokens().shape == (0,)


@pytest.mark.parametrize('positions, expected', [
    ([2, 0, 2], [2, 0, 2]), (np.array([3, 1]), [3, 1]), ([], []),
    (iter([1, 0]), [1, 0]), (range(1, 3), [1, 2]), ([-1], [3]),
    (slice(1, 3), [1, 2]), (slice(None, None, -2), [3, 1]),
    (slice(9, None), [])])
def test_selected_texts(positions, expected):
    pairs = Texts(texts_of(1, 2, 3, 4), texts_of(5, 6, 7, 8))
    found = pairs.select(positions)
    assert found.is_pair and len(found) == len(expected)
    for side, whole in zip(found.sides, pairs.sides, strict=True):
        assert isinstance(side, list)
        assert all(x is whole[i] for x, i in zip(side, expected, strict=True))
    assert len(pairs) == 4
    single = Texts(pairs.sides[0]).select(slice(1, 3))
    assert not single.is_pair and single.lengths().tolist() == [2, 3]


def test_replaced_texts():
    one, other, new = texts_of(1, 2), texts_of(3, 4), texts_of(5, 6)
    pairs = Texts(one, other)
    assert pairs.replace(0, new).sides == (new, other)
    assert pairs.replace(1, new).sides == (one, new)
    assert pairs.replace(-1, new).sides == (one, new)
    assert pairs.sides == (one, other)
    assert Texts(one).replace(0, texts_of(7)).lengths().tolist() == [7]
    with pytest.raises(ValueError, match=r'2 lists of \[1, 2\] texts'):
        pairs.replace(0, texts_of(7))


@pytest.mark.parametrize('sides, message', [
    ((), r'0 lists of \[\]'),
    ((texts_of(1), texts_of(1), texts_of(1)), r'3 lists of \[1, 1, 1\]'),
    ((texts_of(1, 2), texts_of(1)), r'2 lists of \[2, 1\]')])
def test_texts_that_do_not_fit_together(sides, message):
    for make in (lambda: Texts(*sides), lambda: Texts.of(tuple(sides))):
        with pytest.raises(ValueError, match=message):
            make()
