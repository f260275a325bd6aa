"""Texts to explain, and what explaining them by hand gives."""
import compat  # noqa: F401  (before Chainer)

import functools

import brute_force
import numpy as np
import pytest

import nets
import nlp_utils
import runs
from saliency.explainer import Question
from saliency.methods import METHODS, LeaveOneOut
from text_datasets import Example

K = 7
MODELS = sorted(nets.ENCODERS)
KINDS = 'words', 'characters', 'pair'
ALL = [(model, kind) for model in MODELS for kind in KINDS]
EVERY = pytest.mark.parametrize('model, kind', ALL)
EVERY_MODEL = pytest.mark.parametrize('model', MODELS)
TEMPERATURE = 2.5
EVERY_METHOD = list(METHODS)
DROPS = [name for name, method in METHODS.items()
         if isinstance(method, LeaveOneOut)]
# One of one word, one of words that are not known, one that repeats itself.
TEXTS = {'words': ['a good film with some bad scene', 'lovely',
                   'zyx wvu zyx', 'the plot the plot the awful story'],
         'characters': ['a bad plot', 'z', '%% %', 'the the'],
         'pair': ['the blue film', 'red', 'zyx wvu zyx', 'the the plot']}
PREMISES = ['the film a red plot', 'blue', 'some scene', 'qqq qqq']
# No three tokens twice: a maximum over time has no gradient at a tie.
UNLIKE = ['some plot', 'a bad film', 'lovely']


def examples(kind, texts=None, premises=PREMISES):
    """Examples of the user's own."""
    texts = texts or TEXTS[kind]

    def tokens(text):
        return nlp_utils.tokenize(text, char_based=kind == 'characters')

    if kind == 'pair':
        return [Example((tokens(p), tokens(h)), -1)
                for p, h in zip(premises, texts, strict=False)]
    return [Example((tokens(text),), -1) for text in texts]


def questions(some):
    """Examples as questions; the words are the tokens."""
    return [Question(i, example, example.texts)
            for i, example in enumerate(some)]


def batch_of(explainer, some):
    return explainer.batch(runs.encode_examples(some, explainer.run.vocab)[0])


def alone(explainer, xs, i):
    """Example i of xs as a batch of its own."""
    return explainer.batch(xs.select([i]))


def side_of(kind):
    return 1 if kind == 'pair' else 0


@functools.cache
def training(folder):
    """Layers in float64 and labels of a run's training examples."""
    train = runs.stored_activations(runs.load_run(folder), 'train')
    return [np.array(h) for h in train.layers], train.labels


def by_hand(explainer, xs):
    """Every leave-one-out signal of one example, the slow way: {name: (C,)}.

    The network runs on this example only; neighbours by float64 distances.
    """
    z, layers = explainer.run.model.logits_and_activations(xs)
    z = z[0].astype(np.float64)
    stored, labels = training(explainer.run.folder)
    votes = brute_force.votes(stored, labels, layers, K, len(z))[0]
    conformity = votes / (K * len(layers))
    dknn = explainer.dknn
    soft = brute_force.soft_scores(stored, labels, layers, dknn.bandwidths_,
                                   dknn.weights_, len(z))
    a = explainer.dknn.calibration_
    return {
        'conformity': conformity,
        'credibility': np.array([(np.sum(a >= 1 - c - 1e-9) + 1)
                                 / (len(a) + 1) for c in conformity]),
        'soft': brute_force.log_odds(soft)[0].astype(np.float64),
        'logodds': brute_force.log_odds(z[None])[0],
        'confidence': np.exp(z) / np.exp(z).sum(),
        'calibrated': np.exp(z / TEMPERATURE) / np.exp(
            z / TEMPERATURE).sum()}


def without(xs, i, word, side):
    """Example i of xs without one word of one of its texts."""
    one = xs.select([i])
    return one.replace(side, [np.delete(one.sides[side][0], word)])


def is_method_part(part):
    return isinstance(part, dict) and 'scores' in part


def assert_close(one, other, digit=1e-5):
    """Nested lists and dicts are equal, floats to two in the last digit.

    Args:
        one (object): Part of a record.
        other (object): The same part of another.
        digit (float): What one in the last decimal that is written amounts
            to; a method's entry has the decimals of its method.
    """
    assert type(one) is type(other)
    if isinstance(one, dict):
        assert list(one) == list(other)
        for key in one:
            assert_close(one[key], other[key],
                         10.0 ** -METHODS[key].decimals
                         if is_method_part(one[key]) else digit)
    elif isinstance(one, list):
        assert len(one) == len(other)
        for a, b in zip(one, other, strict=True):
            assert_close(a, b, digit)
    elif isinstance(one, float):
        assert one == pytest.approx(other, abs=2.1 * digit)
    else:
        assert one == other
