"""Scores of how far a prediction can be trusted: ours, and the rivals.

Each is high where the network should be right and the text familiar; all are
about the class that softmax predicts, so that they are compared on the same
errors.  n texts, C classes, z logits, T temperature, k neighbours.

References:

- Hendrycks, Gimpel (2017, arXiv 1610.02136): maximum softmax probability.
- Liu et al. (2020, arXiv 2010.03759): energy, T log sum exp(z / T).
- Lee et al. (2018, arXiv 1807.03888): Mahalanobis distance to the nearest
  class mean, with one covariance for all classes.
- Sun et al. (2022, arXiv 2204.06507): distance to the k-th neighbour among
  vectors of length 1, k = 50.
- Jiang et al. (2018, arXiv 1805.11783): trust score, the distance to the
  nearest other class over that to the predicted one.
- Breunig et al. (2000, *LOF*; simplified by Schubert et al. 2014): distance to
  the k neighbours over the neighbours' own.
- Gal, Ghahramani (2016, arXiv 1506.02142): dropout at test time.
- Lakshminarayanan et al. (2017, arXiv 1612.01474): mean probability of
  networks that were trained apart.
- Fisher (1925): two p-values are combined by the sum of their logarithms.
"""
import compat  # noqa: F401  (before Chainer)

import numpy as np

import runs
from functions import devices
from metrics.confidence import log_odds, softmax
from neighbors import INDEXES, arrays
from neighbors.others import other_neighbors
from nlp_utils import UNK

KTH = 50     # Sun et al.
PASSES = 10  # with dropout
DROPOUT_TEXTS = 256  # in a batch
OTHERS = 512  # training texts searched at a time
TINY = 1e-12


def _of_label(values, asked):
    return values[np.arange(len(values)), asked.label]


def _confidence(setting):
    return lambda asked: _of_label(softmax(asked.logits), asked)


def _calibrated(setting):
    return lambda asked: _of_label(
        softmax(asked.logits, setting.temperature), asked)


def _entropy(setting):
    def score(asked):
        p = softmax(asked.logits, setting.temperature)
        return (p * np.log(np.maximum(p, TINY))).sum(axis=1)
    return score


def _margin(setting):
    def score(asked):
        p = np.sort(softmax(asked.logits, setting.temperature), axis=1)
        return p[:, -1] - p[:, -2]
    return score


def _log_odds(setting):
    return lambda asked: _of_label(log_odds(asked.logits), asked)


def _energy(setting):
    def score(asked):
        z = asked.logits.astype(np.float64) / setting.temperature
        top = z.max(axis=1)
        return setting.temperature * (
            top + np.log(np.exp(z - top[:, None]).sum(axis=1)))
    return score


def _mahalanobis(setting):
    X = np.asarray(setting.train.layers[-1], np.float64)
    labels = setting.train.labels
    means = np.stack([X[labels == y].mean(axis=0) for y in np.unique(labels)])
    places = np.searchsorted(np.unique(labels), labels)
    spread = np.atleast_2d(np.cov((X - means[places]).T))
    precision = np.linalg.pinv(spread, hermitian=True)

    def score(asked):
        gaps = asked.layers[-1][:, None].astype(np.float64) - means
        return -np.einsum('ncd,de,nce->nc', gaps, precision, gaps,
                          optimize=True).min(axis=1)
    return score


def _kth_distance(setting):
    index = INDEXES['exact']().fit(_unit(setting.train.layers[-1]))
    k = min(KTH, len(setting.train.labels))
    return lambda asked: -index.kneighbors(_unit(asked.layers[-1]),
                                           k)[0][:, -1]


def _unit(h):
    h = np.asarray(h, np.float32)
    return h / np.maximum(np.linalg.norm(h, axis=1, keepdims=True), TINY)


def _trust_score(setting):
    h, labels = setting.train.layers[-1], setting.train.labels
    indexes = {y: INDEXES['exact']().fit(h[labels == y])
               for y in np.unique(labels)}

    def score(asked):
        far = np.full(asked.logits.shape, np.inf)
        for y, index in indexes.items():
            far[:, y] = index.kneighbors(asked.layers[-1], 1)[0][:, 0]
        own = _of_label(far, asked)
        far[np.arange(len(far)), asked.label] = np.inf
        # far from everything, where the class has no example at all
        return np.where(np.isfinite(own), far.min(axis=1)
                        / np.maximum(own, TINY), 0)
    return score


def _dropout(setting):
    if not setting.has('network'):
        return None
    model = setting.run.model

    def score(asked):
        total = np.zeros(asked.logits.shape)
        with devices.seeded(model, setting.seed):
            for _ in range(PASSES):
                for rows in arrays.slices(len(total), DROPOUT_TEXTS):
                    total[rows] += softmax(devices.to_numpy(model.logits(
                        asked.xs.select(rows), dropout=True)))
        return _of_label(total / PASSES, asked)
    return score


def _ensemble(setting):
    if not setting.ensemble:
        return None

    def score(asked):
        total = softmax(asked.logits)
        for run in setting.ensemble:
            xs, _ = runs.encode_examples(asked.examples, run.vocab)
            total += softmax(runs.forward(run.model, xs)[0])
        return _of_label(total / (1 + len(setting.ensemble)), asked)
    return score


def _unknown_words(setting):
    if not setting.has('network'):
        return None

    def score(asked):
        return -np.array([np.mean(np.concatenate([ids[:-1] for ids in texts])
                                  == UNK) for texts in zip(
                                      *asked.xs.sides, strict=True)])
    return score


def combined(setting, parts):
    """Fisher's combination of scores, each against the calibration texts.

    Args:
        setting (Setting): What is evaluated.
        parts (list of callable): From an Asked to floats (n,).

    Returns:
        callable: Likewise, the sum of the logarithms of their p-values.
    """
    usual = [np.sort(score(setting.held_out)) for score in parts]

    def score(asked):
        return sum(np.log((np.searchsorted(known, part(asked), side='right')
                           + 1) / (len(known) + 1))
                   for part, known in zip(parts, usual, strict=True))
    return score


def _conformity(setting):
    return lambda asked: _of_label(asked.counted.conformity, asked)


def _credibility(setting):
    return lambda asked: _of_label(asked.counted.p_values, asked)


def _soft(setting):
    return lambda asked: _of_label(asked.soft_log_odds, asked)


def _soft_credibility(setting):
    return lambda asked: _of_label(asked.soft.p_values, asked)


def _mean_distance(setting):
    """Minus the mean over the layers of the distance to the k neighbours,
    as a share of that of the calibration texts."""
    usual = setting.dknn.search(setting.calib.layers).distances.mean(
        axis=(0, 2))
    return lambda asked: -(asked.found.distances.mean(axis=2)
                           / np.maximum(usual, TINY)).mean(axis=1)


def _outlier_factor(setting):
    dknn, k = setting.dknn, setting.dknn.n_neighbors
    usual = []  # mean distance of each training text to its k others
    for index, layer in zip(dknn.indexes_, dknn.layers_, strict=True):
        X = np.asarray(setting.train.layers[layer])
        usual.append(np.concatenate([
            other_neighbors(index, X, rows, min(k, len(X) - 1))[0].mean(
                axis=1) for rows in arrays.slices(len(X), OTHERS)]))

    def score(asked):
        found = asked.found
        own = found.distances.mean(axis=2)  # (n, layers)
        theirs = np.stack([reach[found.indices[:, i]].mean(axis=1)
                           for i, reach in enumerate(usual)], axis=1)
        return -(own / np.maximum(theirs, TINY)).mean(axis=1)
    return score


# Name -> function of a Setting that returns one of an Asked: floats (n,); or
# None, where the Setting lacks what it takes
SCORES = {
    'softmax confidence': _confidence,
    'softmax at T': _calibrated,
    'entropy at T': _entropy,
    'margin at T': _margin,
    'softmax log-odds': _log_odds,
    'energy': _energy,
    'dropout, 10 passes': _dropout,
    'ensemble': _ensemble,
    'Mahalanobis': _mahalanobis,
    '50th neighbour': _kth_distance,
    'trust score': _trust_score,
    'unknown words': _unknown_words,
    'conformity': _conformity,
    'credibility': _credibility,
    'soft conformity': _soft,
    'soft credibility': _soft_credibility,
    'neighbour distance': _mean_distance,
    'outlier factor': _outlier_factor,
}
# Name -> the scores that it combines
COMBINED = {
    'outlier factor, unknown words': ('outlier factor', 'unknown words')}


def scorers(setting):
    """All scores that a Setting allows.

    Args:
        setting (Setting): What is evaluated.

    Returns:
        dict: Name to a function of an Asked that returns floats (n,).
    """
    made = {name: make(setting) for name, make in SCORES.items()}
    made = {name: score for name, score in made.items() if score is not None}
    return made | {
        name: combined(setting, [made[part] for part in parts])
        for name, parts in COMBINED.items() if made.keys() >= set(parts)}
