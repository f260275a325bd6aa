"""The words of a record, coloured by each method, for page and figures."""
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
        shared (str): L letters, the levels on a scale that the records
            share (``LETTERS``); ``''`` where there is none.
    """

    name: str
    css: list
    values: list
    shared: str = ''


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

    The largest absolute score of a record and method has the full colour.

    Args:
        record (dict): A record (``saliency.records``) without ``<eos>``.
        scales (dict): Method to the score that gets the full colour on the
            scale that the records share; None for no such scale.

    Returns:
        list of ColouredText: One or two, as ``words`` of the record.
    """
    methods = [(name, entry['scores'],
                np.abs(method_scores(entry)).max(initial=0))
               for name, entry in record['methods'].items()]
    names = TEXTS if len(record['words']) == 2 else ('',)
    return [
        ColouredText(words, [
            _scored_row(name, known, scores[side], scale, scales)
            for name, scores, scale in methods if scores[side] is not None
        ] or [Row(names[side], ['' if k else 'u' for k in known], None)])
        for side, (words, known) in enumerate(
            zip(record['words'], record['known'], strict=True))]


def _scored_row(name, known, scores, scale, scales):
    levels = score_levels(scores, scale).tolist()
    shared = score_levels(scores, scales[name]).tolist() if scales else ()
    return Row(name, [CLASSES[level + N_LEVELS] + ('' if k else ' u')
                      for level, k in zip(levels, known, strict=True)],
               [f'{score:+.3g}' for score in scores],
               ''.join(LETTERS[level + N_LEVELS] for level in shared))


def split_lines(words, width=LINE_WIDTH):
    """Cuts a text into lines of about ``width`` characters, evenly filled.

    Args:
        words (list of str): The text.
        width (int): Characters; each word counts two more than it has.

    Returns:
        list of slice: Together they cover ``words`` in order, none is empty.
    """
    lengths = np.array([len(word) + 2 for word in words], int)
    starts, total = np.cumsum(lengths) - lengths, int(lengths.sum())
    line = starts * -(-total // width) // max(total, 1)
    edges = [0, *(np.flatnonzero(np.diff(line)) + 1), len(words)]
    return [slice(int(a), int(b)) for a, b in itertools.pairwise(edges)
            if b > a]
