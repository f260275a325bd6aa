"""Does confidence stay high on what is left of a text?  And credibility?

Input reduction takes away the least important word for as long as the network
predicts the same class.  What is left is often a word or two that no person
would call a reason, while the network is as sure as before (Feng et al. 2018,
*Pathologies of Neural Models Make Interpretations Difficult*,
arXiv 1804.07781; here greedily, without their beam search, and on all texts
at once).  The baseline takes away random words, under the same condition.

n texts, of pairs their second text, which alone is reduced.
"""
import compat  # noqa: F401  (before Chainer)

import numpy as np

from evaluation.explanations import STEPS, steps
from evaluation.masking import Judge, Masked
from evaluation.tables import Table
from metrics import bootstrap
from metrics.confidence import softmax
from metrics.detection import auroc
from runs import forward

MOST_TEXTS = 200
MOST_TOKENS = 4_000_000  # read on the way; only long texts come to that
REDUCTIONS = 'input reduction', 'random reduction'


def measure(setting):
    """The part ``overconfidence``.

    Args:
        setting (Setting): What to evaluate.

    Returns:
        list of Table: words, scores, curve, curve_random; none where all
        texts are of a single word.
    """
    rows = chosen(setting)
    if not len(rows):
        return []
    xs, targets = setting.test.xs.select(rows), setting.predicted[rows]
    model = setting.run.model
    removed = dict(zip(REDUCTIONS, (
        reduce_by_confidence(model, xs, targets),
        reduce_at_random(model, xs, targets, setting.seed)), strict=True))
    curves = courses(setting, xs, targets, removed)
    counts = bootstrap.resampled_counts(len(rows), seed=setting.seed)
    return [words(xs, removed, counts), scores(curves, counts),
            *(curve(name, reduction, curves[reduction]) for name, reduction
              in zip(('curve', 'curve_random'), REDUCTIONS, strict=True))]


# ---------------------------------------------------------------- reductions

def chosen(setting):
    """Test texts to reduce, drawn with the setting's seed.

    A text of L words is read in about L^2 / 2 variants of L / 2 words or
    more, L^3 / 3 words in all; so of long texts there are fewer.

    Args:
        setting (Setting): What is evaluated.

    Returns:
        ndarray: Integers (n,), ascending: texts of two words or more, at most
        ``MOST_TEXTS`` and ``setting.n_texts``.
    """
    lengths = setting.test.xs.lengths() - 1
    rows = np.random.default_rng(setting.seed).permutation(
        np.flatnonzero(lengths > 1))[:min(setting.n_texts, MOST_TEXTS)]
    read = np.cumsum(lengths[rows] ** 3)
    return np.sort(rows[:max(1, int((read <= 3 * MOST_TOKENS).sum()))])


def reduce_by_confidence(model, xs, targets):
    """Input reduction by softmax confidence, of all texts at once.

    As ``saliency.attribution.input_reduction`` by leave-one-out of the
    confidence: the word goes without which the class is likeliest, of equal
    ones the first.  Every round is one pass over the texts that can still
    lose a word.

    Args:
        model (nets.TextClassifier): The network.
        xs (Texts): n texts.
        targets (ndarray): Integers (n,), the classes that it predicts.

    Returns:
        list of list: For each text the positions of the words that went, in
        that order; one word stays at least.
    """
    left = [np.arange(length - 1) for length in xs.lengths()]
    removed = [[] for _ in left]
    active = [i for i, words in enumerate(left) if len(words) > 1]
    while active:
        logits = model.leave_one_out(xs.select(active).replace(-1, [
            xs.sides[-1][i][np.append(left[i], -1)] for i in active]))[0]
        sizes = [len(left[i]) for i in active]
        parts = np.split(logits, np.cumsum(sizes)[:-1])
        stay = []
        for i, part in zip(active, parts, strict=True):
            word = softmax(part)[:, targets[i]].argmax()
            if part[word].argmax() == targets[i]:
                removed[i].append(int(left[i][word]))
                left[i] = np.delete(left[i], word)
                if len(left[i]) > 1:
                    stay.append(i)
        active = stay
    return removed


def reduce_at_random(model, xs, targets, seed=0):
    """The baseline: words go in a random order while the prediction stays.

    Args:
        model (nets.TextClassifier): The network.
        xs (Texts): n texts.
        targets (ndarray): Integers (n,), the classes that it predicts.
        seed (int): Of the order, at least 0; the number of the text is
            beside it.

    Returns:
        list of list: As for ``reduce_by_confidence``.
    """
    orders = [np.random.default_rng([seed, i]).permutation(length - 1)
              for i, length in enumerate(xs.lengths())]
    tried = [(i, order[:j]) for i, order in enumerate(orders)
             for j in range(1, len(order))]
    stays = [[] for _ in orders]
    if tried:
        texts = [i for i, _ in tried]
        labels = forward(model, xs.select(texts).replace(-1, [
            np.delete(xs.sides[-1][i], gone) for i, gone in tried]))[
                0].argmax(axis=1)
        for i, label in zip(texts, labels, strict=True):
            stays[i].append(label == targets[i])
    return [order[:np.argmin([*kept, False])].tolist()
            for order, kept in zip(orders, stays, strict=True)]


# -------------------------------------------------------------------- scores

def _confidence(setting, logits, layers):
    return softmax(logits), softmax(logits, setting.temperature)


def _counted(setting, logits, layers):
    votes = setting.dknn.votes(layers)
    return (setting.dknn.conformity_from_votes(votes),
            setting.dknn.p_values_from_votes(votes))


def _soft(setting, logits, layers):
    found = setting.dknn.predict(layers, soft=True)
    return found.conformity, found.p_values


# Names of two scores -> who gives both
JUDGES = {
    ('confidence', 'confidence at T'): Judge('run', _confidence),
    ('conformity', 'credibility'): Judge('run', _counted),
    ('soft conformity', 'soft credibility'): Judge('run', _soft),
}


def courses(setting, xs, targets, removed):
    """Scores of the predicted class on the way from whole to reduced texts.

    Args:
        setting (Setting): What is evaluated.
        xs (Texts): n texts.
        targets (ndarray): Integers (n,), the classes that softmax predicts.
        removed (dict): Name of a reduction to the n lists of positions of
            the words that go, in that order.

    Returns:
        dict: Name of a reduction to a dict of the name of a score to float64
        (n, 11): with none of these words removed, with a tenth of them (to
        the nearest number), and so on to all.
    """
    masked = Masked(xs.lengths() - 1)
    places = {name: np.array([
        [masked.add(i, order[:j]) for j in steps(len(order))]
        for i, order in enumerate(orders)])
        for name, orders in removed.items()}
    said = masked.ask(setting, xs, targets, list(JUDGES.values()))
    values = {name: value for names, both in zip(JUDGES, said, strict=True)
              for name, value in zip(names, both, strict=True)}
    return {reduction: {name: value[own] for name, value in values.items()}
            for reduction, own in places.items()}


# -------------------------------------------------------------------- tables

def words(xs, removed, counts):
    """How many words there are before and after."""
    whole = xs.lengths() - 1
    lengths = {'whole text': whole, **{
        name: whole - [len(order) for order in orders]
        for name, orders in removed.items()}}
    return Table(
        'words', 'words before and after the reduction',
        ['mean', 'median', 'one word'],
        [(name, [bootstrap.mean_estimate(left, counts),
                 float(np.median(left)),
                 bootstrap.mean_estimate(left == 1, counts)])
         for name, left in lengths.items()],
        f'{len(whole):,} texts of two words or more; a word goes as long as '
        'softmax predicts the same class')


def scores(curves, counts):
    """Scores of the predicted class for whole and for reduced texts."""
    by_confidence, at_random = curves.values()
    rows = []
    for name, values in by_confidence.items():
        cells = [bootstrap.mean_estimate(values[:, 0], counts)]
        for found in (values, at_random[name]):
            whole, reduced = found[:, 0], found[:, -1]
            cells += [bootstrap.mean_estimate(reduced, counts),
                      bootstrap.difference_estimate(whole, reduced, counts),
                      bootstrap.statistic_estimate(told_apart, counts, whole,
                                                   reduced)]
        rows.append((name, cells))
    return Table(
        'scores', 'scores of the class that softmax predicts, of whole and '
        'of reduced texts',
        ['whole text', *(f'{name}{what}' for name in REDUCTIONS
                         for what in ('', ': fall', ': AUROC'))], rows,
        f'{counts.shape[1]:,} texts; AUROC of whole against reduced texts, '
        '0.5 where a score does not tell them apart')


def told_apart(whole, reduced):
    """AUROC of whole against reduced texts, floats (n,) each."""
    return auroc(np.concatenate([whole, reduced]),
                 np.arange(2 * len(whole)) < len(whole))


def curve(name, reduction, values):
    """Mean scores on the way from whole to reduced text."""
    return Table(
        name, f'{reduction}: mean scores on the way to the reduced text',
        [f'{step:.0%}' for step in STEPS],
        [(score, found.mean(axis=0).tolist())
         for score, found in values.items()],
        '100%: all words are gone that go before the prediction changes')
