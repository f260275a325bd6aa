"""Every saliency method by name: ``METHODS``.

A new method is a function and a row of this table; its options become flags
of interpret.py by themselves.
"""
from typing import NamedTuple

from metrics import confidence
from saliency import methods


class Option(NamedTuple):
    """A whole number that a method can be given.

    Attributes:
        name (str): Of the argument, and of the flag.
        default (int): Value if nothing is given.
        least (int): Smallest value allowed.
        help (str): What it is, for ``--help``.
    """

    name: str
    default: int
    least: int
    help: str


class Scores(NamedTuple):
    """Scores of the words of n examples by one method.

    Attributes:
        sides (list): For each text of an example None where it is not
            scored, else a list of n float arrays (L_i - 1,).
        extra (dict): Name to floats (n,), further values for the record.
    """

    sides: list
    extra: dict


class LeaveOneOut(NamedTuple):
    """A method that measures how far a value falls without each word.

    Attributes:
        explains (str): ``'dknn'`` or ``'softmax'``, whose predicted class.
        value (callable): From (explainer, logits (n, C), votes (n, C)) to
            the value of each class, floats (n, C); votes are None where no
            method asked for explains DkNN.
        options (tuple of Option): None so far.
    """

    explains: str
    value: object
    options: tuple = ()


class Direct(NamedTuple):
    """A method that scores the words of whole texts.

    Attributes:
        scores (callable): From (explainer, batch, and the options as keyword
            arguments) to Scores of all sides.
        options (tuple of Option): What the method can be given.
        explains (str): ``'dknn'`` or ``'softmax'``, whose predicted class.
    """

    scores: object
    options: tuple = ()
    explains: str = 'softmax'


def _conformity(explainer, logits, votes):
    return explainer.dknn.conformity_from_votes(votes)


def _credibility(explainer, logits, votes):
    return explainer.dknn.p_values_from_votes(votes)


def _confidence(explainer, logits, votes):
    return confidence.softmax(logits)


def _calibrated_confidence(explainer, logits, votes):
    return confidence.softmax(logits, explainer.temperature)


def _gradient(explainer, batch):
    gradient, embeddings = explainer.gradient_of(batch)
    return Scores(methods.gradient_times_input(gradient, embeddings), {})


def _integrated_gradients(explainer, batch, steps):
    gradient, embeddings = explainer.gradient_of(batch)
    model, labels = explainer.run.model, batch.targets['softmax']
    result = methods.integrated_gradients(
        gradient, lambda at: model.nll(batch.xs, labels, at), embeddings,
        steps)
    return Scores(result.scores, {'gap': result.gap})


def _smoothgrad(explainer, batch, draws, seed):
    gradient, embeddings = explainer.gradient_of(batch)
    return Scores(methods.smoothgrad(gradient, embeddings, draws, seed=seed),
                  {})


def _random(explainer, batch, seed):
    return Scores([methods.random_scores(texts, seed)
                   for texts in batch.xs.sides], {})


STEPS = Option('steps', 50, 1, 'points of integrated gradients')
DRAWS = Option('draws', 25, 1, 'noisy copies of SmoothGrad')
SEED = Option('seed', 0, 0, 'of SmoothGrad and the random baseline')

METHODS = {
    'conformity': LeaveOneOut('dknn', _conformity),
    'credibility': LeaveOneOut('dknn', _credibility),
    'confidence': LeaveOneOut('softmax', _confidence),
    'calibrated': LeaveOneOut('softmax', _calibrated_confidence),
    'gradient': Direct(_gradient),
    'integrated_gradients': Direct(_integrated_gradients, (STEPS,)),
    'smoothgrad': Direct(_smoothgrad, (DRAWS, SEED)),
    'random': Direct(_random, (SEED,)),
}


def all_options():
    """The options of all methods, each once, in the order of the table."""
    return list(dict.fromkeys(option for method in METHODS.values()
                              for option in method.options))
