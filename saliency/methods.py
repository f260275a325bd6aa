"""Every saliency method by name: ``METHODS``.

A new method is a function and a row of this table.  Its options become flags
of interpret.py, its summary explains it on the page.
"""
from typing import NamedTuple

from metrics import confidence
from saliency import attribution
from saliency.parts import DECIMALS


class Option(NamedTuple):
    """A whole number that a method can be given.

    Attributes:
        name (str): Of the argument, and of the flag.
        default (int): Value if nothing is given.
        least (int): Smallest value allowed.
        help (str): What it is, for ``--help``.
        most (int): Largest value allowed; more than anybody needs of what is
            computed for each text.
    """

    name: str
    default: int
    least: int
    help: str
    most: int = 10_000


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
        explains (str): ``'dknn'``, ``'soft'`` (soft DkNN) or
            ``'softmax'``, whose predicted class.
        value (callable): From (explainer, logits (n, C), votes (n, C), and
            the options as keyword arguments) to the value of each class,
            floats (n, C).
        summary (str): What a score is, in half a sentence, for the page.
        needs_votes (bool): Whether `value` reads votes; they are None where
            no method asked for needs them.
        options (tuple of Option): What the method can be given.
        needs_soft (bool): Whether `value` also takes ``soft``, the log-odds
            of soft conformity, floats (n, C).
        decimals (int): Of the scores as they are written; float32
            activations leave less certain of log-odds than of shares.
    """

    explains: str
    value: object
    summary: str
    needs_votes: bool = False
    options: tuple = ()
    needs_soft: bool = False
    decimals: int = DECIMALS


class Direct(NamedTuple):
    """A method that scores the words of whole texts.

    Attributes:
        scores (callable): From (explainer, batch, and the options as keyword
            arguments) to Scores of all sides.
        summary (str): What a score is, in half a sentence, for the page.
        options (tuple of Option): What the method can be given.
        explains (str): ``'dknn'``, ``'soft'`` or ``'softmax'``, whose
            predicted class.
        decimals (int): Of the scores as they are written.
    """

    scores: object
    summary: str
    options: tuple = ()
    explains: str = 'softmax'
    decimals: int = DECIMALS


def _conformity(explainer, logits, votes):
    return explainer.dknn.conformity_from_votes(votes)


def _credibility(explainer, logits, votes):
    return explainer.dknn.p_values_from_votes(votes)


def _confidence(explainer, logits, votes):
    return confidence.softmax(logits)


def _calibrated_confidence(explainer, logits, votes):
    return confidence.softmax(logits, explainer.temperature)


def _log_odds(explainer, logits, votes):
    return confidence.log_odds(logits)


def _soft(explainer, logits, votes, soft):
    return soft


def _gradient(explainer, batch):
    gradient, embeddings = explainer.gradient_and_embeddings(batch)
    return Scores(attribution.gradient_times_input(gradient, embeddings), {})


def _integrated_gradients(explainer, batch, steps):
    gradient, embeddings = explainer.gradient_and_embeddings(batch)
    model, labels = explainer.run.model, batch.targets['softmax']
    result = attribution.integrated_gradients(
        gradient, lambda at: model.nll(batch.xs, labels, at), embeddings,
        steps)
    return Scores(result.scores, {'gap': result.gap})


def _smoothgrad(explainer, batch, draws, seed):
    gradient, embeddings = explainer.gradient_and_embeddings(batch)
    return Scores(attribution.smoothgrad(gradient, embeddings, draws,
                                         seed=seed), {})


def _random(explainer, batch, seed):
    return Scores([attribution.random_scores(texts, seed)
                   for texts in batch.xs.sides], {})


STEPS = Option('steps', 50, 1, 'points of integrated gradients')
DRAWS = Option('draws', 25, 1, 'noisy copies of SmoothGrad')
SEED = Option('seed', 0, 0, 'of SmoothGrad and the random baseline',
              2 ** 32 - 1)  # what NumPy takes

METHODS = {
    'conformity': LeaveOneOut(
        'dknn', _conformity, 'how far the share of nearest training texts '
        'with the DkNN label falls when the word is left out',
        needs_votes=True),
    'credibility': LeaveOneOut(
        'dknn', _credibility, 'how far the p-value of the DkNN label falls '
        'when the word is left out', needs_votes=True),
    'confidence': LeaveOneOut(
        'softmax', _confidence, 'how far the softmax probability of the '
        'predicted label falls when the word is left out'),
    'calibrated': LeaveOneOut(
        'softmax', _calibrated_confidence, 'the same for the probability '
        'after temperature scaling'),
    'logodds': LeaveOneOut(
        'softmax', _log_odds, 'the same for the log-odds of softmax, log p − '
        'log(1 − p), which still move where p is near 1', decimals=4),
    'soft': LeaveOneOut(
        'soft', _soft, 'how far the log-odds of the soft DkNN label fall when '
        'the word is left out. Unlike conformity, which counts the nearest '
        'training texts and stays as it is until one of them changes, it '
        'weighs all training texts by their distance, so that nearly every '
        'word moves it', needs_soft=True, decimals=4),
    'gradient': Direct(
        _gradient, 'gradient of the predicted label’s log-probability, times '
        'the word vector'),
    'integrated_gradients': Direct(
        _integrated_gradients, 'gradients averaged on the way from an empty '
        'text to this one, times the word vector', (STEPS,)),
    'smoothgrad': Direct(
        _smoothgrad, 'gradients averaged over noisy copies of the text, '
        'times the word vector', (DRAWS, SEED)),
    'random': Direct(_random, 'random numbers, to compare with', (SEED,)),
}


def all_options():
    """The options of all methods, each once, in the order of the table.

    Raises:
        ValueError: If two options of one name differ.
    """
    options = {}
    for method in METHODS.values():
        for option in method.options:
            if options.setdefault(option.name, option) != option:
                raise ValueError(f'two options of METHODS are called '
                                 f'{option.name!r}, but differ')
    return list(options.values())
