"""Which score gets the full colour, and which is too little to count.

A method has one scale on the whole page, so that a dark word in one text
weighs as much as a dark word in another.
"""
from typing import NamedTuple

import numpy as np

from page.colours import N_LEVELS
from saliency.methods import METHODS
from saliency.parts import DECIMALS
from saliency.records import method_scores

QUANTILE = 99  # per cent of the scores of a page that are not darker
POINT = .01  # of probability

# Unit of a method (``saliency.methods``) -> the largest change that does not
# count, None for one of all neighbours.  Log-odds change by at least 4 times
# what p does, log p by at least what p does: p moves by a point at most.
NOISE = {'neighbors': None, 'probability': POINT, 'log-probability': POINT,
         'log-odds': 4 * POINT}


class Scale(NamedTuple):
    """The scale of a method.

    Attributes:
        full (float): The absolute score that gets the full colour, at least 0
            and at least ten times ``noise``.
        noise (float): What the largest absolute score of a row must exceed
            to say anything; 0 where nothing is known of it.
    """

    full: float
    noise: float


def method_scales(records):
    """Computes for each method one scale for all records.

    Full colour has the 99th percentile of its absolute scores (and one 0), or
    ten times its noise if that is more: what is within the noise then has no
    colour but the palest.  Noise is one neighbour of all for counted
    conformity, and else a change of one percentage point of probability
    (``NOISE``), whatever the data and the network.

    Args:
        records (list of dict): Records (``saliency.records``) without
            ``<eos>``.

    Returns:
        dict: Method -> Scale; methods in the order of first mention.
    """
    methods = dict.fromkeys(m for r in records for m in r['methods'])
    return {method: _scale(records, method) for method in methods}


def _scale(records, method):
    found = [method_scores(record['methods'][method])
             for record in records if method in record['methods']]
    noise = _noise(records, method)
    high = np.percentile(np.abs(np.concatenate([[0.], *found])), QUANTILE)
    return Scale(max(float(high), N_LEVELS * noise), noise)


def _noise(records, method):
    unit = METHODS[method].unit if method in METHODS else ''
    if unit != 'neighbors':
        return NOISE.get(unit, 0.)
    votes = [sum(sum(layer['votes']) for layer in record['neighbors'])
             for record in records if record.get('neighbors')]
    # rounded as the scores are, or one neighbour might be more than itself
    return max((round(1 / n, DECIMALS) for n in votes if n), default=0.)
