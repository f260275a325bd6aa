"""What approximate indexes change: neighbours, predictions, explanations."""
import compat  # noqa: F401  (before Chainer)

import time
from typing import NamedTuple

import numpy as np

from dknn import DkNN
from errors import MissingPackage
from evaluation.explanations import scores_of
from evaluation.stability import mean_agreement
from evaluation.tables import Table
from metrics import bootstrap
from neighbors import INDEXES, others
from neighbors.found import class_sums
from saliency.scorer import WordScorer

TRUTH = 'exact'
DATABASE = 'milvus'  # the same neighbours, but kept for others, too
MOST_TEXTS = 1000  # the first test texts
EXPLAINED = 50     # of them
METHOD = 'conformity'
COLUMNS = ('recall', 'changed', 'credibility shift', 'largest',
           'rank agreement', 'soft shift, k', 'soft shift, all', 'build s',
           'search s')


class Answers(NamedTuple):
    """What one index says of n test texts.

    Attributes:
        found (Neighbors): (n, n_layers, k).
        prediction (Prediction): By their votes.
        odds (ndarray): float64 (n, C), log-odds of soft conformity, summed
            over the neighbours found.
        scores (list of ndarray): Of the words of the first texts; empty
            without a network.
        build, search (float): Seconds.
    """

    found: object
    prediction: object
    odds: np.ndarray
    scores: list
    build: float
    search: float


def measure(setting):
    """The part ``audit``.

    Args:
        setting (Setting): What to evaluate.

    Returns:
        list of Table: indexes.
    """
    truth = ask(setting, TRUTH)
    summed = _sums_over_all(setting)
    n, _, k = truth.found.indices.shape
    rest = [None] * (len(COLUMNS) - 1)
    same = 1. if setting.has('network') else None  # explanations
    rows = [(TRUTH, [1., 0., 0., 0., same, 0., 0., truth.build,
                     truth.search]),
            ('random neighbours', [k / len(setting.train.labels), *rest])]
    notes = []
    for name in INDEXES:
        if name in (TRUTH, DATABASE):
            continue
        try:
            rows.append((name, compare(setting, truth, summed,
                                       ask(setting, name))))
        except MissingPackage as error:
            rows.append((name, ['not installed', *rest]))
            notes.append(f'{name}: {error}')
    return [Table(
        'indexes', 'other indexes beside exact search', list(COLUMNS), rows,
        '; '.join([
            f'{n:,} texts, k = {k}; rank agreement (Spearman) of {METHOD} '
            f'leave-one-out on {len(truth.scores)} texts; soft: mean absolute '
            'shift of log-odds at the same bandwidths, from sums over the '
            f'{TRUTH} neighbours and over all training texts', *notes]))]


def ask(setting, name):
    """Builds an index and asks it about the test texts.

    Args:
        setting (Setting): What is evaluated.
        name (str): In ``INDEXES``.

    Returns:
        Answers: Of DkNN with this index, calibrated by it; bandwidths and
        weights are the setting's.

    Raises:
        MissingPackage: If it needs one that is not installed.
    """
    train, calib = setting.train, setting.calib
    test = setting.test.select(slice(MOST_TEXTS))
    dknn = DkNN(setting.dknn.n_class,
                **_indexed_by(setting, name))
    start = time.perf_counter()
    dknn.fit(train.layers, train.labels)
    built = time.perf_counter()
    found = dknn.search(test.layers)
    searched = time.perf_counter()
    dknn.calibrate(calib.layers, calib.labels)
    scores = []
    if setting.has('network'):
        scores = scores_of(
            WordScorer(setting.run, dknn, setting.temperature),
            test.xs.select(slice(EXPLAINED)), [METHOD])[METHOD]
    return Answers(found, dknn.predict_from_neighbors(found),
                   _soft_odds(setting, dknn, found), scores,
                   built - start, searched - built)


def compare(setting, truth, summed, other):
    """The cells of an index that is not the exact one.

    Args:
        setting (Setting): What is evaluated.
        truth (Answers): Of the exact index.
        summed (ndarray): float64 (n, C), soft log-odds over all examples.
        other (Answers): Of the other index.

    Returns:
        list: A cell for each of ``COLUMNS``.
    """
    shift = np.abs(other.prediction.credibility
                   - truth.prediction.credibility)
    counts = bootstrap.resampled_counts(len(shift), seed=setting.seed)
    recall, changed, moved, at_k, at_all = (
        bootstrap.mean_estimate(values, counts) for values in (
            recalls(truth.found.indices, other.found.indices),
            other.prediction.label != truth.prediction.label, shift,
            np.abs(other.odds - truth.odds).mean(axis=1),
            np.abs(other.odds - summed).mean(axis=1)))
    return [recall, changed, moved, float(shift.max()),
            mean_agreement(truth.scores, other.scores, setting.seed), at_k,
            at_all, other.build, other.search]


def recalls(truth, other):
    """The share of the true neighbours that were found, for each text.

    Args:
        truth, other (ndarray): Integers (n, n_layers, k), neighbours; in any
            order, all different in a layer.

    Returns:
        ndarray: float64 (n,) in [0, 1], means over the layers.
    """
    both = np.sort(np.concatenate([truth, other], axis=2), axis=2)
    common = (both[:, :, 1:] == both[:, :, :-1]).sum(axis=2)  # (n, n_layers)
    return common.mean(axis=1) / truth.shape[2]


def _indexed_by(setting, name):
    """The options of DkNN, but with another index."""
    return {**setting.dknn_options, 'index': name, 'index_options': None}


def _soft_odds(setting, dknn, found):
    """Soft log-odds, float64 (n, C), of kernel sums over neighbours."""
    return others.combined_odds(
        [class_sums(found.distances[:, place] ** 2 / (-2 * s ** 2),
                    dknn.labels_[found.indices[:, place]], dknn.n_class)
         for place, s in enumerate(setting.dknn.bandwidths_)],
        setting.dknn.weights_)


def _sums_over_all(setting):
    """Soft log-odds, float64 (n, C), of the exact index."""
    dknn, train = setting.dknn, setting.train
    if not dknn.indexes_[0].compares_all:
        dknn = setting.new_dknn(index=TRUTH, index_options=None).fit(
            train.layers, train.labels).use_tuning(
                dknn.bandwidths_, dknn.weights_)
    return dknn.soft_log_odds(
        [h[:MOST_TEXTS] for h in setting.test.layers])
