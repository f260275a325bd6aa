"""Texts without some of their words, and what judges say of them.

Most sets of words that are removed come up again: for another method, another
measure.  A ``Masked`` asks each judge about each of them once.
"""
import compat  # noqa: F401  (before Chainer)

from typing import NamedTuple

import numpy as np

from metrics.confidence import log_odds, softmax
from neighbors import arrays
from runs import forward

PIECE = 16384  # texts whose activations are in memory at the same time


class Judge(NamedTuple):
    """Who says how likely a class is.

    Attributes:
        network (str): ``'run'``, the explained one, or ``'judge'``, an
            independent one.
        ask (callable): From (setting, logits (n, C), layers) to two floats
            (n, C): a share or probability, and the scale on which falls are
            measured.
        scale (str): What the latter is.
    """

    network: str
    ask: object
    scale: str = 'log-odds'


def _softmax(setting, logits, layers):
    return softmax(logits), log_odds(logits)


def _conformity(setting, logits, layers):
    share = setting.dknn.conformity(layers)
    return share, share


def _soft(setting, logits, layers):
    odds = setting.dknn.soft_log_odds(layers)
    return 1 / (1 + np.exp(-odds)), odds


JUDGES = {
    'softmax': Judge('run', _softmax),
    'conformity': Judge('run', _conformity, 'conformity'),
    'soft conformity': Judge('run', _soft),
    'independent': Judge('judge', _softmax),
}


class Masked:
    """Sets of words of n texts, each once.

    Args:
        lengths (ndarray): Integers (n,), words of the text that is masked
            (of a pair the last), without ``<eos>``.
    """

    def __init__(self, lengths):
        self.lengths = lengths
        self._places = {}
        self._texts = []
        self._kept = []

    def __len__(self):
        return len(self._kept)

    def add(self, i, removed):
        """Takes a set of words.

        Args:
            i (int): The text.
            removed (ndarray): Positions of the words that go.

        Returns:
            int: Where the judges' answers will be.
        """
        kept = np.ones(self.lengths[i], bool)
        kept[removed] = False
        key = i, kept.tobytes()
        place = self._places.setdefault(key, len(self._kept))
        if place == len(self._kept):
            self._texts.append(i)
            self._kept.append(kept)
        return place

    def ask(self, setting, xs, targets, judges):
        """What judges of one network say of all sets.

        Args:
            setting (Setting): Whose network reads the texts.
            xs (Texts): The n texts as that network reads them.
            targets (ndarray): Integers (n,), the class to ask about.
            judges (list of Judge): Of that network.

        Returns:
            list: For each judge two float64 (m,): share, and scale.
        """
        found = np.empty((len(judges), 2, len(self)))
        texts = np.array(self._texts, int)
        for rows in arrays.slices(len(self), PIECE):
            logits, layers = forward(setting.run.model,
                                     self._variants(xs, rows))
            columns = targets[texts[rows]]
            every = np.arange(len(columns))
            for judge, values in zip(judges, found, strict=True):
                for value, said in zip(values, judge.ask(
                        setting, logits, layers), strict=True):
                    value[rows] = said[every, columns]
        return list(found)

    def _variants(self, xs, rows):
        """Texts of some sets, for a network that reads ``xs``."""
        chosen = xs.select(self._texts[rows])
        return chosen.replace(-1, [
            ids[np.append(kept, True)] for ids, kept in zip(
                chosen.sides[-1], self._kept[rows], strict=True)])
