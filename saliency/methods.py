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
        unit (str): What a score is measured in; the page knows from it how
            much is too little to count (``page.scales.NOISE``).
    """

    explains: str
    value: object
    summary: str
    needs_votes: bool = False
    options: tuple = ()
    needs_soft: bool = False
    decimals: int = DECIMALS
    unit: str = ''


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
        unit (str): As of a LeaveOneOut.
    """

    scores: object
    summary: str
    options: tuple = ()
    explains: str = 'softmax'
    decimals: int = DECIMALS
    unit: str = ''


class Shapley(NamedTuple):
    """A method that averages falls over coalitions of words.

    Shapley values by sampling (``saliency.coalitions``) of what
    a LeaveOneOut measures: its fall without a word, not in the whole text
    only, but in parts of it of all sizes, where no twin of the word stands
    in for it.

    Attributes:
        of (str): The LeaveOneOut.
        summary (str): What a score is, in half a sentence, for the page.
        options (tuple of Option): What the method can be given.
        explains (str): As that of the LeaveOneOut.
        decimals (int): Of the scores as they are written.
        unit (str): As of a LeaveOneOut.
    """

    of: str
    summary: str
    options: tuple
    explains: str
    decimals: int = DECIMALS
    unit: str = ''


class Mean(NamedTuple):
    """A method that is the even mean of others, each brought to one scale.

    Attributes:
        of (tuple of str): Their names; all explain the same class.
        summary (str): What a score is, in half a sentence, for the page.
        explains (str): As theirs.
        decimals (int): Of the scores as they are written.
        options (tuple of Option): None of its own.
        unit (str): None: each was brought to the scale of its text.
    """

    of: tuple
    summary: str
    explains: str
    decimals: int = DECIMALS
    options: tuple = ()
    unit: str = ''


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


def _gradient(explainer, batch, explains='softmax'):
    return Scores(attribution.gradient_times_input(
        explainer.loss(batch, explains)), {})


def _integrated_gradients(explainer, batch, steps, explains='softmax'):
    result = attribution.integrated_gradients(
        explainer.loss(batch, explains), steps)
    return Scores(result.scores, {'gap': result.gap})


def _soft_gradient(explainer, batch):
    return _gradient(explainer, batch, 'soft')


def _soft_integrated(explainer, batch, soft_steps):
    return _integrated_gradients(explainer, batch, soft_steps, 'soft')


def _smoothgrad(explainer, batch, draws, seed):
    return Scores(attribution.smoothgrad(
        explainer.loss(batch, 'softmax'), draws, seed=seed), {})


def _random(explainer, batch, seed):
    return Scores([attribution.random_scores(texts, seed)
                   for texts in batch.xs.sides], {})


STEPS = Option('steps', 50, 1, 'points of integrated gradients')
SOFT_STEPS = Option('soft_steps', 8, 1, 'points of soft_integrated')
DRAWS = Option('draws', 25, 1, 'noisy copies of SmoothGrad')
SIZES = Option('sizes', 4, 1, 'sizes of the parts of a text from which '
               'Shapley methods leave words out', 100)
SEED = Option('seed', 0, 0, 'of SmoothGrad, Shapley methods and the random '
              'baseline', 2 ** 32 - 1)  # what NumPy takes

METHODS = {
    'conformity': LeaveOneOut(
        'dknn', _conformity, 'how far the share of nearest training texts '
        'with the DkNN label falls when the word is left out',
        needs_votes=True, unit='neighbors'),
    'credibility': LeaveOneOut(
        'dknn', _credibility, 'how far the p-value of the DkNN label falls '
        'when the word is left out', needs_votes=True, unit='probability'),
    'confidence': LeaveOneOut(
        'softmax', _confidence, 'how far the softmax probability of the '
        'predicted label falls when the word is left out',
        unit='probability'),
    'calibrated': LeaveOneOut(
        'softmax', _calibrated_confidence, 'the same for the probability '
        'after temperature scaling', unit='probability'),
    'logodds': LeaveOneOut(
        'softmax', _log_odds, 'the same for the log-odds of softmax, log p − '
        'log(1 − p), which still move where p is near 1', decimals=4,
        unit='log-odds'),
    'soft': LeaveOneOut(
        'soft', _soft, 'how far the log-odds of the soft DkNN label fall when '
        'the word is left out. Unlike conformity, which counts the nearest '
        'training texts and stays as it is until one of them changes, it '
        'weighs all training texts by their distance, so that nearly every '
        'word moves it', needs_soft=True, decimals=4, unit='log-odds'),
    'gradient': Direct(
        _gradient, 'gradient of the predicted label’s log-probability, times '
        'the word vector', unit='log-probability'),
    'integrated_gradients': Direct(
        _integrated_gradients, 'gradients averaged on the way from an empty '
        'text to this one, times the word vector', (STEPS,),
        unit='log-probability'),
    'smoothgrad': Direct(
        _smoothgrad, 'gradients averaged over noisy copies of the text, '
        'times the word vector', (DRAWS, SEED), unit='log-probability'),
    'soft_gradient': Direct(
        _soft_gradient, 'gradient of the log-odds of the soft DkNN label, '
        'times the word vector', explains='soft', decimals=4,
        unit='log-odds'),
    'soft_integrated': Direct(
        _soft_integrated, 'gradients of the log-odds of the soft DkNN label, '
        'averaged on the way from an empty text to this one, times the word '
        'vector', (SOFT_STEPS,), 'soft', 4, 'log-odds'),
    'soft_mean': Mean(
        ('soft', 'soft_integrated'), 'the mean of soft and soft_integrated, '
        'each divided by its largest absolute score in the text', 'soft'),
    'shapley': Shapley(
        'logodds', 'how far the log-odds of softmax fall when the word is '
        'left out of parts of the text, the mean over parts of several sizes '
        '(its Shapley value)', (SIZES, SEED), 'softmax', 4, 'log-odds'),
    'soft_shapley': Shapley(
        'soft', 'how far the log-odds of the soft DkNN label fall when the '
        'word is left out of parts of the text, the mean over parts of '
        'several sizes (its Shapley value): a word whose twin stands in for '
        'it in the whole text counts where the twin is missing',
        (SIZES, SEED), 'soft', 4, 'log-odds'),
    'random': Direct(_random, 'random numbers, to compare with', (SEED,)),
}


# First what names the words that matter most to an independent network
# (docs/results.md); conformity is the paper's and says which neighbours leave.
DEFAULT_METHODS = ('soft_shapley', 'conformity', 'confidence', 'calibrated',
                   'gradient')


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
