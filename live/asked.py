"""What a client may ask, and how much of it (docs/serve.md)."""
from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from errors import UserError
from files import typed
from saliency.methods import METHODS

# Methods that answer while one types
FAST_METHODS = ('soft', 'conformity', 'logodds', 'gradient')
MOST_BYTES = 2 ** 20        # of a request
MOST_CHARACTERS = 20_000    # of a text
MOST_LETTERS = 1_000        # between white space: such stretches are kept
MOST_WORDS = 300            # of all texts of an example, <eos> aside
MOST_SIMILAR = 50           # words suggested
HINT = 'docs/serve.md has the fields'

Whole = Annotated[int, Meta(ge=0, le=2 ** 31 - 1)]
Nearest = Annotated[int, Meta(ge=1, le=50)]
Width = Annotated[int, Meta(ge=20, le=200)]
Split = Literal['test', 'valid', 'calib']


class Edit(Struct, forbid_unknown_fields=True):
    """A word that is left out, or another in its place.

    Attributes:
        text (int): Which text of the example, from 0.
        word (int): Position in it, from 0.
        to (str): What stands there instead; ``''``: nothing.
    """

    text: Whole
    word: Whole
    to: str = ''


class Asked(Struct, forbid_unknown_fields=True):
    """A question of ``/api/explain``.

    Attributes:
        texts (list of str): One text, or premise and hypothesis; None for an
            example of a split.
        split (str): ``'test'``, ``'valid'`` or ``'calib'``.
        id (int): Position in the split.
        edits (list of Edit): What is changed; with it the answer is a
            comparison.
        methods (list of str): Keys of ``saliency.methods.METHODS``.
        nearest (int): Training texts of each layer.
        html (bool): Whether the answer has what the page shows.
        width (int): Characters of a line of it.
    """

    texts: list[str] | None = None
    split: Split | None = None
    id: Whole | None = None
    edits: Annotated[list[Edit], Meta(max_length=MOST_WORDS)] = field(
        default_factory=list)
    methods: Annotated[list[str], Meta(max_length=len(METHODS))] = field(
        default_factory=lambda: list(FAST_METHODS))
    nearest: Nearest = 5
    html: bool = False
    width: Width = 90


class AskedWord(Struct, forbid_unknown_fields=True):
    """A question of ``/api/similar``.

    Attributes:
        word (str): The word.
        n (int): How many to suggest.
    """

    word: Annotated[str, Meta(max_length=200)]
    n: Annotated[int, Meta(ge=1, le=MOST_SIMILAR)] = 8


def read(body, kind):
    """Reads the body of a request.

    Args:
        body (bytes): JSON.
        kind (type): ``Asked`` or ``AskedWord``.

    Returns:
        Asked or AskedWord: The question; no text of it is too long.

    Raises:
        UserError: If it is none.
    """
    asked = typed.decode(body, kind, 'the request', HINT)
    if kind is Asked:
        _check(asked)
    return asked


def _check(asked):
    by_place = asked.split is not None and asked.id is not None
    if (asked.texts is not None) == by_place or (
            asked.texts is not None and (asked.split or asked.id) is not None):
        raise UserError('the request must have either texts, or split and '
                        f'id; {HINT}')
    for text in [*(asked.texts or ()), *(edit.to for edit in asked.edits)]:
        if len(text) > MOST_CHARACTERS:
            raise UserError(
                f'a text has {len(text):,} characters, but this page takes '
                f'{MOST_CHARACTERS:,} at most; use interpret.py --input')
        longest = max(map(len, text.split()), default=0)
        if longest > MOST_LETTERS:
            raise UserError(
                f'a text has {longest:,} characters without white space, but '
                f'this page takes {MOST_LETTERS:,} at most; put spaces in')


def check_words(words):
    """Refuses an example that would take too long.

    Args:
        words (list of list of str): Of each text.

    Raises:
        UserError: If there are more than ``MOST_WORDS``.
    """
    n = sum(map(len, words))
    if n > MOST_WORDS:
        raise UserError(f'the text has {n:,} words, but this page takes '
                        f'{MOST_WORDS:,} at most; use interpret.py --input')
