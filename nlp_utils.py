"""From texts to word ids: tokens, vocabulary, batches.

Id 0 is ``<eos>``, which ends every text, and id 1 is ``<unk>``.  An encoded
example is ``(texts, label)``, where ``texts`` holds one or two int32 arrays
(L_i,).
"""
import collections
import functools
import html
import importlib.util
import itertools
import re
import sys

import numpy as np

from errors import UserError

EOS, UNK = 0, 1
SPECIAL_WORDS = {'<eos>': EOS, '<unk>': UNK}

LINE_BREAK = re.compile(r'<br\s*/?>', re.IGNORECASE)
# Python turns no more than some 4,000 digits into a number.  Eight are enough:
# with more, this is no character.
REFERENCE = re.compile(r'&#0*([0-9]{1,8})[0-9]*')
ABBREVIATION = re.compile(
    r'(?:[^\W\d_]\.){2,}|(?:mr|mrs|ms|dr|st|jr|mt|vs|etc)\.')
# Most words need nothing else of the Treebank rules, and this takes a fiftieth
# of their time.  The lookahead leaves these contractions to them.
PLAIN_WORD = re.compile(
    r"(?!.*\b(?:cannot|gimme|gonna|gotta|lemme|wanna)(?:\b|n't))"
    r"([(\[{]?)(\w+(?:-\w+)*?)(n't|'(?:[sdm]|ll|re|ve))?([)\]}]?)"
    r'([.,:;?!]?)')
# Of one sign, which is a token, and of contractions that stand by themselves
ALONE = re.compile(r"""[^"]|n't|'(?:[sdm]|ll|re|ve)""")
CURLY_QUOTES = str.maketrans('‘’“”', '\'\'""')


def normalize_text(text):
    """Takes away outer white space and capital letters.

    Args:
        text (str): Any text.

    Returns:
        str: The text in lower case.
    """
    return text.strip().lower()


def split_text(text, char_based=False):
    """Splits a text at white space, or between all characters.

    Args:
        text (str): Any text.
        char_based (bool): Whether the characters are the tokens.

    Returns:
        list of str: The words, or all characters with the white space.
    """
    return list(text) if char_based else text.split()


@functools.cache
def _treebank():
    # All of NLTK takes a second: the packages around this stay unexecuted.
    before = set(sys.modules)
    for name in ('nltk', 'nltk.tokenize'):
        sys.modules.setdefault(name, importlib.util.module_from_spec(
            importlib.util.find_spec(name)))
    from nltk.tokenize.treebank import TreebankWordTokenizer
    for name in filter(re.compile('nltk').match, set(sys.modules) - before):
        del sys.modules[name]
    return TreebankWordTokenizer()


@functools.lru_cache(maxsize=1 << 18)
def _split_chunk(chunk):
    """Treebank tokens of a string without white space."""
    if ABBREVIATION.fullmatch(chunk) or ALONE.fullmatch(chunk):
        return (sys.intern(chunk),)
    plain = PLAIN_WORD.fullmatch(chunk)
    tokens = (filter(None, plain.groups()) if plain
              else _treebank().tokenize(f' {chunk} '))
    return tuple(map(sys.intern, tokens))


def _split_raw(text):
    chunks = text.translate(CURLY_QUOTES).split()
    return itertools.chain.from_iterable(map(_split_chunk, chunks))


def tokenize(text, raw=False, char_based=False):
    """Splits a text into tokens; this is done nowhere else.

    In raw text, HTML line breaks and entities are resolved and curly quotes
    made straight; then it goes through NLTK's Treebank word tokenizer.  That
    tokenizer expects a single sentence and splits off its last period only.
    Here each stretch between white space is tokenized by itself: so the
    period of every sentence is a token, while abbreviations (``u.s.``,
    ``dr.``) keep theirs.

    Args:
        text (str): Any text; ``normalize_text`` is applied here.
        raw (bool): Whether the text is as people write it; otherwise its
            tokens already stand between white space.
        char_based (bool): Whether the characters are the tokens.

    Returns:
        tuple of str: Interned tokens; empty for a blank text.
    """
    if raw:
        text = html.unescape(REFERENCE.sub(
            r'&#\1', LINE_BREAK.sub(' ', text)))
    text = normalize_text(text)
    if raw and not char_based:
        return tuple(_split_raw(text))
    return tuple(map(sys.intern, split_text(text, char_based)))


def spans(text, tokens):
    """Finds where the tokens of a text stand in it.

    Args:
        text (str): What was typed.
        tokens (sequence of str): What ``tokenize`` made of it.

    Returns:
        list of tuple or None: For each token its first character in ``text``
        and the one behind its last; None where it cannot be found (entities,
        quotes made straight).
    """
    lowered = text.lower()
    if len(lowered) != len(text):  # lower() makes some letters two
        return [None] * len(tokens)
    found, end = [], 0
    for token in tokens:
        begin = lowered.find(token, end)
        if begin < 0:
            found.append(None)
        else:
            end = begin + len(token)
            found.append((begin, end))
    return found


def surface(text, tokens):
    """Finds the tokens of a text as they were typed.

    Args:
        text (str): What was typed.
        tokens (sequence of str): What ``tokenize`` made of it.

    Returns:
        list of str: For each token the stretch of ``text`` it came from; the
        token itself where ``spans`` cannot find it.
    """
    return [token if span is None else text[slice(*span)]
            for token, span in zip(tokens, spans(text, tokens), strict=True)]


def make_vocab(token_lists, max_vocab_size=20000, min_freq=2):
    """Gives ids to the most frequent words.

    Args:
        token_lists (iterable of sequence): The tokens, as str, of each
            training text.
        max_vocab_size (int): Largest number of words, ``<eos>`` and ``<unk>``
            included; at least 2.
        min_freq (int): A word must occur that often; at least 1.

    Returns:
        dict: Word to id: ``<eos>`` 0, ``<unk>`` 1, then from 2 by falling
        frequency, equally frequent words in alphabetical order.

    Raises:
        UserError: If a limit is too small to make sense.
    """
    if max_vocab_size < len(SPECIAL_WORDS) or min_freq < 1:
        raise UserError(
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
    """Looks up the ids of tokens and appends that of ``<eos>``.

    Args:
        tokens (sequence of str): The L_i - 1 tokens of a text.
        vocab (dict): Word to id, as ``make_vocab`` gives it.

    Returns:
        ndarray: Ids, int32 (L_i,).  Words outside the vocabulary are ``UNK``,
        and so is a token spelled ``<eos>``: ``EOS`` stands at the end only.
    """
    ids = np.array([vocab.get(token, UNK) for token in tokens] + [EOS],
                   dtype=np.int32)
    ids[:-1][ids[:-1] == EOS] = UNK
    return ids


def encode_example(example, vocab):
    """Encodes the texts of an example.

    Args:
        example (text_datasets.Example): Anything with ``texts``, a tuple of
            one or two sequences of tokens, and ``label``.
        vocab (dict): Word to id.

    Returns:
        tuple: ``(texts, label)``: a tuple of one or two int32 arrays (L_i,),
        and the label as it was.
    """
    return (tuple([encode(tokens, vocab) for tokens in example.texts]),
            example.label)


def convert_batch(batch):
    """Turns encoded examples into what the networks take.

    Args:
        batch (list of tuple): B examples ``((ids,), label)``, or
            ``((ids1, ids2), label)`` for pairs, ids int32 (L_i,).

    Returns:
        tuple: ``(xs, labels)``: the Texts of the B examples, and int32 (B,).

    Raises:
        ValueError: If the batch is empty or mixes single texts and pairs.
    """
    n_texts = {len(texts) for texts, _ in batch}
    if n_texts not in ({1}, {2}):
        raise ValueError(
            f'a batch holds examples of one text or of two, but this one has '
            f'{len(batch)} examples with {sorted(n_texts)} texts')
    sides = map(list, zip(*(texts for texts, _ in batch), strict=True))
    return Texts(*sides), np.array([label for _, label in batch], np.int32)


class Texts:
    """Word ids of n examples, each of one text or of a pair.

    Whatever differs between the two is decided here and nowhere else.

    Args:
        sides (list of ndarray): The n texts, int32 (L_i,); for pairs two such
            lists, first the premises, then the hypotheses.

    Attributes:
        sides (tuple of list): The one or two lists.

    Raises:
        ValueError: If there are no lists, more than two, or two of different
            lengths.
    """

    __slots__ = 'sides',

    def __init__(self, *sides):
        sizes = [len(side) for side in sides]
        if len(sides) not in (1, 2) or len(set(sizes)) > 1:
            raise ValueError(f'{len(sides)} lists of {sizes} texts, but there '
                             'must be one, or two of the same length')
        self.sides = sides

    @classmethod
    def of(cls, xs):
        """Makes Texts of what the networks accept.

        Args:
            xs (list, tuple of list or Texts): A list of arrays; for pairs a
                tuple of two lists.

        Returns:
            Texts: ``xs`` itself if it is one.

        Raises:
            ValueError: If a tuple holds anything but one list, or two of the
                same length.
        """
        if isinstance(xs, cls):
            return xs
        return cls(*xs) if isinstance(xs, tuple) else cls(xs)

    def __len__(self):
        return len(self.sides[0])

    @property
    def is_pair(self):
        """bool: Whether each example has two texts."""
        return len(self.sides) == 2

    def lengths(self, side=-1):
        """Counts the tokens of each example on one side.

        Args:
            side (int): Index of ``sides``; by default the last side.

        Returns:
            ndarray: Lengths L_i, int (n,).
        """
        return np.array([len(ids) for ids in self.sides[side]], int)

    def n_tokens(self):
        """Counts the tokens of each example, on all sides.

        Returns:
            ndarray: Sums of lengths, int (n,).
        """
        return sum(self.lengths(side) for side in range(len(self.sides)))

    def select(self, positions):
        """Takes some of the examples.

        Args:
            positions (slice or iterable of int): Which ones, from 0.

        Returns:
            Texts: These, in that order; the arrays are not copied.
        """
        if isinstance(positions, slice):
            return Texts(*(side[positions] for side in self.sides))
        positions = list(positions)  # one iterator serves two sides
        return Texts(*([side[i] for i in positions] for side in self.sides))

    def replace(self, side, texts):
        """Puts other texts on one side.

        Args:
            side (int): Index of ``sides``.
            texts (list of ndarray): The n new texts, int32 (L_i,).

        Returns:
            Texts: A new one; this one stays as it is.

        Raises:
            ValueError: If the number of texts is not that of the other side.
        """
        sides = list(self.sides)
        sides[side] = texts
        return Texts(*sides)
