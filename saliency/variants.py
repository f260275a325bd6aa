"""Leave-one-out scores of texts whose variants were given as activations."""
import numpy as np

from metrics.confidence import log_odds
from saliency.attribution import score_drops
from saliency.methods import METHODS
from saliency.parts import rounded


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


def variant_records(scores, label_names):
    """The lines of ``leave_one_out.jsonl`` (docs/output.md).

    Args:
        scores (dict): What ``leave_one_out`` returned for n texts.
        label_names (sequence of str): In the order of the labels.

    Yields:
        dict: A text, JSON-ready; scores have the method's decimals.
    """
    n, = {len(target) for target, _ in scores.values()}
    for i in range(n):
        yield {'id': i, 'split': 'test', 'methods': {
            name: {'target': int(target[i]),
                   'scores': rounded(drops[i], METHODS[name].decimals)}
            for name, (target, drops) in scores.items()},
            'label_names': list(label_names)}
