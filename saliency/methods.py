"""Which words is a prediction due to: methods over callables.

Nothing here knows a model.  A text is an int array of word ids that ends with
``<eos>``; ``<eos>`` is never removed and never scored, so a text of L ids has
L - 1 scores.  A positive score means that the word supports the prediction.
Letters: n texts, M = sum of (L_i - 1) variants, C classes, T = sum of L_i, d
width of the embedding.

References:

- Li, Monroe, Jurafsky (2016): leave-one-out.
- Wallace, Feng, Boyd-Graber (2018): leave-one-out by conformity.
- Sundararajan, Taly, Yan (2017): integrated gradients.
- Smilkov et al. (2017): SmoothGrad.
- Feng et al. (2018): input reduction.
"""
from typing import NamedTuple

import numpy as np


def without_each(tokens):
    """All variants of a text that lack one word.

    Args:
        tokens: int array (L,), the last one ``<eos>``.

    Returns:
        list of L - 1 int arrays (L - 1,): without word 0, word 1, ...
    """
    tokens = np.asarray(tokens)
    n = len(tokens)
    if n < 2:
        return []
    # Row i counts 0..n-1 without i.
    columns = np.arange(n - 1)
    keep = columns + (columns >= columns[:, None])
    return list(tokens[keep])


def leave_one_out(score, tokens):
    """By how much a score falls when a word is left out.

    ``s_i = f(x) - f(x without word i)`` (Li et al. 2016).

    Args:
        score: function list of m int arrays -> float array (m,) or (m, q),
            q scores at once; called once.
        tokens: int array (L,), the last one ``<eos>``.

    Returns:
        float array (L - 1,) or (L - 1, q).
    """
    values = np.asarray(score([np.asarray(tokens), *without_each(tokens)]))
    return values[0] - values[1:]


def score_drops(whole, variants, counts, targets):
    """Leave-one-out scores of many texts from values already computed.

    Args:
        whole: float array (n, C), f of each class on each whole text.
        variants: float array (M, C), f on every text's variants in the order
            of :func:`without_each`, one text after another.
        counts: int array (n,), variants of each text, M in sum.
        targets: int array (n,), the class that is explained.

    Returns:
        list of n float arrays (counts[i],).
    """
    rows = np.repeat(np.arange(len(counts)), counts)
    columns = np.asarray(targets)[rows]
    drops = whole[rows, columns] - variants[np.arange(len(rows)), columns]
    return np.split(drops, np.cumsum(counts)[:-1])


def gradient_times_input(gradient, embeddings):
    """``s_i = - dNLL / de_i . e_i``, the first-order leave-one-out.

    Args:
        gradient: function list (one or two texts) of arrays (T, d) -> list
            of arrays (T, d): each example's own dNLL/de at those vectors.
        embeddings: list (one or two texts) of (array (T, d), lengths (n,)).

    Returns:
        list (one or two texts) of lists of n float arrays (L_i - 1,).
    """
    at = [e for e, _ in embeddings]
    return _times_input(gradient(at), embeddings)


def _times_input(gradients, embeddings):
    return [_split_words(-(e * g).sum(axis=1), lengths)
            for g, (e, lengths) in zip(gradients, embeddings, strict=True)]


def _split_words(scores, lengths):
    """Scores of packed tokens, text by text, without ``<eos>``."""
    return [part[:-1] for part in np.split(scores, np.cumsum(lengths)[:-1])]


class IntegratedGradients(NamedTuple):
    """What :func:`integrated_gradients` returns.

    Attributes:
        scores: list (one or two texts) of lists of n arrays (L_i - 1,).
        gap: float array (n,): the sum of all scores, those of ``<eos>`` with
            them, minus log p(x) - log p(baseline); 0 for infinitely many
            steps.
    """
    scores: list
    gap: np.ndarray


def integrated_gradients(gradient, nll, embeddings, steps=50):
    """Integrated gradients of log p from all-zero word vectors.

    The integral is taken by the midpoint rule (Sundararajan et al. 2017,
    eq. 3; they sum right end points).

    Args:
        gradient: as for :func:`gradient_times_input`.
        nll: function list of arrays (T, d) -> array (n,), each example's NLL.
        embeddings: as for :func:`gradient_times_input`.
        steps (int): points on the way, at least 1.

    Returns:
        IntegratedGradients
    """
    if steps < 1:
        raise ValueError(f'steps must be at least 1, got {steps}')
    at = [e for e, _ in embeddings]
    means = [np.zeros(e.shape) for e in at]
    for alpha in (np.arange(steps) + 0.5) / steps:
        point = [(alpha * e).astype(e.dtype) for e in at]
        for mean, g in zip(means, gradient(point), strict=True):
            mean += g / steps
    totals = sum(
        np.add.reduceat(-(e * g).sum(axis=1), np.cumsum(lengths) - lengths)
        for (e, lengths), g in zip(embeddings, means, strict=True))
    gap = totals - (nll([np.zeros_like(e) for e in at]) - nll(at))
    return IntegratedGradients(_times_input(means, embeddings), gap)


def smoothgrad(gradient, embeddings, draws=25, sigma=0.15, seed=0):
    """Gradient times input with the gradient averaged over noisy inputs.

    Smilkov et al. (2017).  Each example draws its noise from its own
    generator, so that its scores do not depend on the batch.

    Args:
        gradient, embeddings: as for :func:`gradient_times_input`.
        draws (int): noisy copies, at least 1.
        sigma (float): deviation of the noise, as a share of the range of the
            text's vectors (largest minus smallest value); at least 0.
        seed (int): of the noise.

    Returns:
        list (one or two texts) of lists of n float arrays (L_i - 1,).
    """
    if draws < 1 or sigma < 0:
        raise ValueError('draws must be at least 1 and sigma at least 0, got '
                         f'draws={draws}, sigma={sigma}')
    means = [np.zeros(e.shape) for e, _ in embeddings]
    for draw in range(draws):
        point = [_noisy(e, lengths, sigma, (seed, side, draw))
                 for side, (e, lengths) in enumerate(embeddings)]
        for mean, g in zip(means, gradient(point), strict=True):
            mean += g / draws
    return _times_input(means, embeddings)


def _noisy(e, lengths, sigma, seed):
    """Each text plus the same stream of noise, whatever its neighbours."""
    noise = np.random.default_rng(seed).standard_normal(
        (max(lengths), e.shape[1]))
    noisy = [part + sigma * np.ptp(part) * noise[:len(part)]
             for part in np.split(e, np.cumsum(lengths)[:-1])]
    return np.concatenate(noisy).astype(e.dtype)


def random_scores(texts, seed=0):
    """The baseline to beat: standard normal scores.

    Args:
        texts: list of n int arrays (L_i,); equal texts get equal scores.
        seed (int): at least 0.

    Returns:
        list of n float arrays (L_i - 1,).
    """
    return [np.random.default_rng([seed, *np.asarray(tokens).tolist()])
            .standard_normal(len(tokens) - 1) for tokens in texts]


class NeighborChange(NamedTuple):
    """What removing a word does to the neighbours in one layer.

    Attributes:
        left: int array, indices no longer among the neighbours, ascending.
        came: int array of as many indices that took their place, ascending.
    """
    left: np.ndarray
    came: np.ndarray


def neighbor_changes(before, after):
    """Which neighbours left and which came, layer by layer.

    Args:
        before: int array (n_layers, k), neighbours of the whole text.
        after: int array (n_layers, k), neighbours without the word.

    Returns:
        list of n_layers NeighborChange.
    """
    return [NeighborChange(_without(a, b), _without(b, a))
            for a, b in zip(np.asarray(before), np.asarray(after),
                            strict=True)]


def _without(a, b):
    """Entries of `a` that are not in `b`, ascending; none occurs twice."""
    return np.sort(a[np.isin(a, b, assume_unique=True, invert=True)])


class Reduction(NamedTuple):
    """One step of an input reduction.

    Attributes:
        tokens: int array, the text that is left, with ``<eos>``.
        removed: int, position in the original text of the word just removed;
            -1 for the original text itself.
    """
    tokens: np.ndarray
    removed: int


def input_reduction(importance, predict, tokens, min_words=1):
    """Remove the least important word again and again while the prediction
    stays (Feng et al. 2018, greedy).

    Args:
        importance: function int array (L,) -> float array (L - 1,), e.g. a
            leave-one-out; of equal ones the first word goes.
        predict: function list of int arrays -> int array of labels.
        tokens: int array (L,), the last one ``<eos>``.
        min_words (int): stop with that many words left, at least 1.

    Returns:
        list of Reduction, the original text first, the smallest text that
        keeps the prediction last.
    """
    if min_words < 1:
        raise ValueError(f'min_words must be at least 1, got {min_words}')
    tokens = np.asarray(tokens)
    positions = np.arange(len(tokens))
    label = predict([tokens])[0]
    steps = [Reduction(tokens, -1)]
    while len(tokens) - 1 > min_words:
        i = int(np.argmin(importance(tokens)))
        tokens = np.delete(tokens, i)
        if predict([tokens])[0] != label:
            break
        steps.append(Reduction(tokens, int(positions[i])))
        positions = np.delete(positions, i)
    return steps
