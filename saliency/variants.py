"""Texts without each of their words, and scores where these are activations.

Which words are left out is said by position: a text of another framework may
begin with ``[CLS]``, and need not end with ``<eos>``.
"""
import numpy as np

from metrics.confidence import log_odds
from saliency.attribution import score_drops, scored_positions
from saliency.methods import METHODS
from saliency.parts import rounded


def without_each(texts, removable=None):
    """Every text without each of its tokens that may be left out.

    Args:
        texts (list of sequence): n texts, lists of tokens or of ids.
        removable (list): For each text the positions that are left out, as
            for ``removable_positions``; None: all, the last with them.

    Returns:
        tuple: M lists of tokens, all variants of the first text, then those
        of the second; ``counts``, int64 (n,), how many each text has; and
        ``positions``, int64 (M,), which token each is without.

    Raises:
        ArgumentError: If a text has no such position.
    """
    lengths = [len(text) for text in texts]
    if removable is None:
        removable = list(map(range, lengths))
    chosen = scored_positions(removable, lengths)
    variants = [[*text[:i], *text[i + 1:]]
                for text, own in zip(texts, chosen, strict=True)
                for i in own.tolist()]
    return (variants, np.array([len(own) for own in chosen], np.int64),
            np.concatenate([np.empty(0, np.int64), *chosen]))


def removable_positions(texts, special):
    """Positions of all tokens but special ones.

    Args:
        texts (list of sequence): n texts, lists of tokens or of ids.
        special (collection): Tokens or ids such as ``[CLS]`` and ``[SEP]``.

    Returns:
        list of list: For each text ints, ascending.
    """
    return [[i for i, token in enumerate(text) if token not in special]
            for text in texts]


def leave_one_out(dknn, test, prediction, soft, variants):
    """How far each score falls in the variants of each text.

    The same falls as those of the methods ``conformity``, ``soft`` and, where
    there are logits, ``logodds`` (``saliency.methods``).

    Args:
        dknn (DkNN): Fitted, tuned and calibrated.
        test (Activations): Of n texts.
        prediction, soft (Prediction): What DkNN says of them.
        variants (files.activations.Variants): Theirs.

    Returns:
        dict: Method to the explained class of each text, integers (n,), and
        a list of n floats (counts[i],).
    """
    found = {
        'conformity': (prediction.label, prediction.conformity,
                       dknn.conformity(variants.layers)),
        'soft': (soft.label, dknn.soft_log_odds(test.layers),
                 dknn.soft_log_odds(variants.layers))}
    if test.logits is not None:
        n = len(test.logits)  # of the variants there may be none
        odds = log_odds(np.concatenate([test.logits, variants.logits]))
        found['logodds'] = (test.logits.argmax(axis=1), odds[:n], odds[n:])
    return {name: (target, score_drops(whole, without, variants.counts,
                                       target))
            for name, (target, whole, without) in found.items()}


def variant_records(scores, label_names, variants=None):
    """The lines of ``leave_one_out.jsonl`` (docs/output.md).

    Args:
        scores (dict): What ``leave_one_out`` returned for n texts.
        label_names (sequence of str): In the order of the labels.
        variants (files.activations.Variants): Of the same texts; None leaves
            out which token each is without.

    Yields:
        dict: A text, JSON-ready; scores have the method's decimals.
    """
    n, = {len(target) for target, _ in scores.values()}
    positions = None
    if variants is not None and variants.positions is not None:
        positions = np.split(variants.positions,
                             np.cumsum(variants.counts)[:-1])
    for i in range(n):
        yield {'id': i, 'split': 'test', 'methods': {
            name: {'target': int(target[i]),
                   'scores': rounded(drops[i], METHODS[name].decimals)}
            for name, (target, drops) in scores.items()},
            **({} if positions is None else {
                'positions': positions[i].tolist()}),
            'label_names': list(label_names)}
