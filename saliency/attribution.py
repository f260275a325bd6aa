"""Which words is a prediction due to: methods over callables.

Nothing here knows a network.  A text is an int array of word ids.  Which of
its positions are scored is said by ``removable``; without it they are all but
the last, as texts here end with ``<eos>``, so that a text of L ids has L - 1
scores.  A positive score means that the word supports the prediction.
Letters: n texts, M variants in all (each text without each of its removable
words), C classes, T = sum of L_i, d width of the embedding.

References:

- Li, Monroe, Jurafsky (2016): leave-one-out.
- Wallace, Feng, Boyd-Graber (2018): leave-one-out by conformity.
- Sundararajan, Taly, Yan (2017): integrated gradients.
- Smilkov et al. (2017): SmoothGrad.
- Feng et al. (2018): input reduction.
"""
from typing import NamedTuple

import numpy as np

from errors import ArgumentError


def score_drops(whole, variants, counts, targets):
    """By how much a score falls when a word is left out.

    ``s_i = f(x) - f(x without word i)`` (Li et al. 2016), for many texts at
    once, from values already computed.

    Args:
        whole (ndarray): Floats (n, C), f of each class on each whole text.
        variants (ndarray): Floats (M, C), f on every text without word 0,
            without word 1 and so on, one text after another.
        counts (ndarray): Integers (n,), variants of each text, M in sum.
        targets (ndarray): Integers (n,), the class that is explained.

    Returns:
        list of ndarray: Floats (counts[i],) for each of the n texts.
    """
    rows = np.repeat(np.arange(len(counts)), counts)
    columns = np.asarray(targets)[rows]
    drops = whole[rows, columns] - variants[np.arange(len(rows)), columns]
    return np.split(drops, np.cumsum(counts)[:-1])


class Loss(NamedTuple):
    """What gradient methods differentiate: low where the class is likely.

    All lists have one entry, for pairs two: premises, hypotheses.

    Attributes:
        value (callable): From a list of word vectors (T, d) to the value of
            each example, floats (n,).
        gradient (callable): From the same to the list of the gradients of
            each example's own value at those vectors, (T, d).
        embeddings (list of tuple): Word vectors (T, d) and lengths (n,).
        removable (list): For each side the positions that are scored of each
            text, n integer arrays; None: all but the last of every text.
    """

    value: object
    gradient: object
    embeddings: list
    removable: list = None


def scored_positions(removable, lengths):
    """Which positions of texts are scored.

    Args:
        removable (list): For each of n texts its positions, integers in
            [0, L_i), ascending, each once; None: all but the last, which is
            ``<eos>`` in texts of this project, but a word in others.
        lengths (sequence of int): L_i of each text.

    Returns:
        list of ndarray: int64, for each text.

    Raises:
        ArgumentError: If they are not as above.
    """
    if removable is None:
        return [np.arange(n - 1) for n in lengths]
    if len(removable) != len(lengths):
        raise ArgumentError('removable', f'of {len(removable)} texts',
                            f'must be of {len(lengths)}')
    found = []
    for i, (own, n) in enumerate(zip(removable, lengths, strict=True)):
        positions = np.asarray(own, np.int64)
        if positions.ndim != 1 or (positions[:-1] >= positions[1:]).any() or (
                positions.size and not 0 <= positions[0] <= positions[-1] < n):
            raise ArgumentError(
                'removable', positions.tolist(), f'of text {i} must be '
                f'different positions from 0 to {n - 1}, ascending')
        found.append(positions)
    return found


def gradient_times_input(loss):
    """Gradient times input, the first-order approximation of leave-one-out.

    ``s_i = - dloss / de_i . e_i``.

    Args:
        loss (Loss): Of n texts.

    Returns:
        list of list: For each of the n texts floats, one a removable
        position: (L_i - 1,) without ``removable``.
    """
    at = [e for e, _ in loss.embeddings]
    return _times_input(loss.gradient(at), loss)


def _times_input(gradients, loss):
    removable = loss.removable or [None] * len(loss.embeddings)
    return [_split_words(-(e * g).sum(axis=1), lengths, positions)
            for g, (e, lengths), positions in zip(
                gradients, loss.embeddings, removable, strict=True)]


def _split_words(scores, lengths, removable):
    """Scores of packed tokens, text by text, where they are asked for."""
    return [part[positions] for part, positions in zip(
        np.split(scores, np.cumsum(lengths)[:-1]),
        scored_positions(removable, lengths), strict=True)]


class IntegratedGradients(NamedTuple):
    """What ``integrated_gradients`` returns.

    Attributes:
        scores (list of list): As for ``gradient_times_input``.
        gap (ndarray): Floats (n,), the sum of all scores, those of ``<eos>``
            and of the premise included, minus the fall of the loss from the
            baseline to the text; 0 for infinitely many steps.
    """

    scores: list
    gap: np.ndarray


def integrated_gradients(loss, steps=50):
    """Integrated gradients from all-zero word vectors.

    The integral is taken by the midpoint rule (Sundararajan et al. 2017,
    eq. 3, sum the right end points).

    Args:
        loss (Loss): Of n texts.
        steps (int): Points on the way, at least 1.

    Returns:
        IntegratedGradients: Scores, and how far their sums are off.

    Raises:
        ArgumentError: If `steps` is below 1.
    """
    if steps < 1:
        raise ArgumentError('steps', steps, 'is below 1, the fewest points')
    at = [e for e, _ in loss.embeddings]
    means = [np.zeros(e.shape) for e in at]
    for alpha in (np.arange(steps) + 0.5) / steps:
        point = [(alpha * e).astype(e.dtype) for e in at]
        for mean, g in zip(means, loss.gradient(point), strict=True):
            mean += g / steps
    totals = sum(
        np.add.reduceat(-(e * g).sum(axis=1), np.cumsum(lengths) - lengths)
        for (e, lengths), g in zip(loss.embeddings, means, strict=True))
    gap = totals - (loss.value([np.zeros_like(e) for e in at])
                    - loss.value(at))
    return IntegratedGradients(_times_input(means, loss), gap)


def smoothgrad(loss, draws=25, sigma=0.15, seed=0):
    """Gradient times input with the gradient averaged over noisy inputs.

    Smilkov et al. (2017).  Every example is given the same stream of noise,
    so its scores do not depend on the batch.

    Args:
        loss (Loss): Of n texts.
        draws (int): Noisy copies, at least 1.
        sigma (float): Deviation of the noise, as a share of the range of the
            text's vectors (largest minus smallest value); at least 0.
        seed (int): Seed of the noise, at least 0.

    Returns:
        list of list: As for ``gradient_times_input``.

    Raises:
        ArgumentError: If `draws` or `sigma` is too small.
    """
    if draws < 1:
        raise ArgumentError('draws', draws, 'is below 1, the fewest copies')
    if sigma < 0:
        raise ArgumentError('sigma', sigma, 'is negative; 0 adds no noise')
    means = [np.zeros(e.shape) for e, _ in loss.embeddings]
    for draw in range(draws):
        point = [_noisy(e, lengths, sigma, (seed, side, draw))
                 for side, (e, lengths) in enumerate(loss.embeddings)]
        for mean, g in zip(means, loss.gradient(point), strict=True):
            mean += g / draws
    return _times_input(means, loss)


def _noisy(e, lengths, sigma, seed):
    """Each text plus the same stream of noise, whatever the batch."""
    noise = np.random.default_rng(seed).standard_normal(
        (max(lengths), e.shape[1]))
    noisy = [part + sigma * np.ptp(part) * noise[:len(part)]
             for part in np.split(e, np.cumsum(lengths)[:-1])]
    return np.concatenate(noisy).astype(e.dtype)


def random_scores(texts, seed=0, removable=None):
    """The baseline to beat: standard normal scores.

    Args:
        texts (list of ndarray): n texts of int ids (L_i,); equal texts get
            equal scores.
        seed (int): Seed of the numbers, at least 0.
        removable (list): As for ``scored_positions``.

    Returns:
        list of ndarray: Floats, one a removable position, for each text.
    """
    return [np.random.default_rng([seed, *np.asarray(tokens).tolist()])
            .standard_normal(len(tokens))[positions]
            for tokens, positions in zip(texts, scored_positions(
                removable, list(map(len, texts))), strict=True)]


def scaled_mean(scores):
    """The even mean of several scores of the same words.

    Args:
        scores (list): For each method its scores of the words of one text,
            floats (L,).

    Returns:
        ndarray: Floats (L,) in [-1, 1], of each method's scores divided by
        their largest absolute value; scores that are all 0 stay so.
    """
    scores = np.asarray(scores, np.float64)
    largest = abs(scores).max(axis=1, keepdims=True, initial=0)
    return (scores / np.where(largest, largest, 1)).mean(axis=0)


class NeighborChange(NamedTuple):
    """What removing a word does to the neighbours in one layer.

    Attributes:
        left (ndarray): Indices no longer among the neighbours, ascending.
        came (ndarray): As many that took their place, ascending.
    """

    left: np.ndarray
    came: np.ndarray


def neighbor_changes(before, after):
    """Which neighbours left and which came, layer by layer.

    Args:
        before (ndarray): Integers (n_layers, k), neighbours of the text.
        after (ndarray): Integers (n_layers, k), neighbours without the word.

    Returns:
        list of NeighborChange: One for each layer.
    """
    layers = zip(np.asarray(before).tolist(), np.asarray(after).tolist(),
                 strict=True)
    return [NeighborChange(_without(a, b), _without(b, a)) for a, b in layers]


def _without(a, b):
    """Entries of `a` that are not in `b`, ascending; none occurs twice."""
    return np.array(sorted(set(a).difference(b)), int)


class ReductionStep(NamedTuple):
    """One step of an input reduction.

    Attributes:
        tokens (ndarray): Word ids that are left, those that may not be
            removed with them.
        removed (int): Position in the original text of the word just
            removed; -1 for the original text itself.
    """

    tokens: np.ndarray
    removed: int


def input_reduction(importance, predict, tokens, min_words=1,
                    removable=None):
    """Removes the least important word for as long as the prediction stays.

    Feng et al. (2018), greedily, without their beam search.

    Args:
        importance (callable): From word ids (L,) to a score of each word
            that may be removed, floats: (L - 1,) without ``removable``; of
            equal scores the first word goes.
        predict (callable): From a list of texts to their labels.
        tokens (ndarray): Word ids (L,).
        min_words (int): How many of the words that may be removed to leave
            at the least, 1 or more.
        removable (ndarray): Their positions, ascending; None: all but the
            last.

    Returns:
        list of ReductionStep: The original text first, the shortest text that
        keeps the prediction last.

    Raises:
        ArgumentError: If `min_words` is below 1.
    """
    if min_words < 1:
        raise ArgumentError('min_words', min_words, 'is below 1: a text '
                            'without words says nothing')
    whole = np.asarray(tokens)
    words, = scored_positions(None if removable is None else [removable],
                              [len(whole)])
    left = np.arange(len(whole))
    label = predict([whole])[0]
    steps = [ReductionStep(whole, -1)]
    while len(words) > min_words:
        i = int(np.argmin(importance(whole[left])))
        left = left[left != words[i]]
        if predict([whole[left]])[0] != label:
            break
        steps.append(ReductionStep(whole[left], int(words[i])))
        words = np.delete(words, i)
    return steps
