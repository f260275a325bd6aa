"""The words of a record, coloured by each method, for page and figures."""
import bisect
import itertools
import re
from typing import NamedTuple

import numpy as np

from page.colours import CLASSES, LETTERS, N_LEVELS, score_levels
from saliency.records import method_scores

LINE_WIDTH = 90  # characters of a text in a line of the page
TEXTS = ('premise', 'hypothesis')

# What may not stand in an HTML document, nor in UTF-8
_FORBIDDEN = re.compile(
    '[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef'
    + ''.join(chr(plane * 65536 + 65534) + chr(plane * 65536 + 65535)
              for plane in range(17)) + ']')


class Row(NamedTuple):
    """The words of a text as one method scores them.

    Attributes:
        name (str): Of the method; where no method scores the text, that of
            the text in a pair, or ``''``.
        css (list of str): L CSS classes, one of ``CLASSES`` if the word has
            a score, then ``u`` if the model does not know the word.
        values (list of str): L scores to three digits; None where no method
            scores the text.
        own (str): L letters (``LETTERS``), the levels where each row has a
            scale of its own; ``''`` where there is none.
        largest (str): The score that is largest by size, of both texts of a
            pair, with its sign.
        mark (str): ``'no change'`` where all scores are 0, ``'within
            noise'`` where the largest is; else ``''``.
    """

    name: str
    css: list
    values: list
    own: str = ''
    largest: str = ''
    mark: str = ''


class ColouredText(NamedTuple):
    """A text and its rows.

    Attributes:
        words (list of str): L words.
        rows (list of Row): One for each method that scores the text; if none
            does, one without values.
    """

    words: list
    rows: list


def clean(value):
    """Replaces the characters that HTML forbids by U+FFFD.

    Args:
        value (object): A string, or anything else.

    Returns:
        object: The clean string; anything else as it is.
    """
    return _FORBIDDEN.sub('\ufffd', value) if type(value) is str else value


def coloured_texts(record, scales=None):
    """Colours the texts of a record by the scores of each method.

    Args:
        record (dict): A record (``saliency.records``) without ``<eos>``.
        scales (dict): Method to its scale (``page.scales.method_scales``),
            by which words are coloured; None where the largest absolute
            score of a record and method has the full colour.

    Returns:
        list of ColouredText: One or two, as ``words`` of the record.
    """
    names = TEXTS if len(record['words']) == 2 else ('',)
    return [
        ColouredText(words, [
            _scored_row(name, known, entry, side, scales and scales[name])
            for name, entry in record['methods'].items()
            if entry['scores'][side] is not None
        ] or [Row(names[side], ['' if k else 'u' for k in known], None)])
        for side, (words, known) in enumerate(
            zip(record['words'], record['known'], strict=True))]


def _scored_row(name, known, entry, side, scale):
    every, scores = method_scores(entry), entry['scores'][side]
    largest = max(every.tolist(), key=abs, default=0.)
    mark = '' if not len(every) else 'no change' if largest == 0 else (
        'within noise' if scale and abs(largest) <= scale.noise else '')
    own = scale.full if mark and scale else abs(largest)
    levels = score_levels(scores, scale.full if scale else own)
    return Row(name, [CLASSES[level + N_LEVELS] + ('' if k else ' u')
                      for level, k in zip(levels.tolist(), known,
                                          strict=True)],
               [f'{score + 0.:+.3g}' for score in scores],  # no -0
               ''.join(LETTERS[level + N_LEVELS] for level in score_levels(
                   scores, own).tolist()) if scale else '',
               f'{largest + 0.:+.3g}'.replace('-', '\N{MINUS SIGN}'), mark)


def split_lines(words, width=LINE_WIDTH):
    """Cuts a text into as few lines as will do, evenly filled.

    Args:
        words (list of str): The text.
        width (int): Characters that a line has at most, unless it is one
            word; each word counts two more than it has.

    Returns:
        list of slice: Together they cover ``words`` in order, none is empty.
    """
    ends = np.cumsum([len(word) + 2 for word in words])
    edges = _filled(ends, width)
    # the narrowest that takes no more lines
    even = bisect.bisect_left(range(width), True, key=lambda narrow: (
        len(_filled(ends, narrow)) == len(edges)))
    return [slice(*line) for line in itertools.pairwise(_filled(ends, even))]


def _filled(ends, width):
    """Where lines begin that take as many words as fit, and the end.

    ``ends``: of each word, in characters from the first.
    """
    edges = [0]
    while edges[-1] < len(ends):
        first = edges[-1]
        start = ends[first - 1] if first else 0
        edges.append(max(first + 1, int(np.searchsorted(
            ends, start + width, side='right'))))
    return edges
