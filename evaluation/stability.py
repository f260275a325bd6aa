"""How alike explanations are: of two methods, two runs, random parameters."""
import compat  # noqa: F401  (before Chainer)

import numpy as np

from evaluation import estimates
from evaluation.explanations import scores_of
from evaluation.tables import Table
from functions import devices
from metrics.ranks import correlations
from runs.activations import activations_of
from saliency.scorer import WordScorer

MOST_TEXTS = 200  # explained again
UNSEEDED = 'random'  # has no parameters to depend on


def between_methods(scores):
    """Mean rank correlation of every two methods.

    Args:
        scores (dict): Method to a list of n floats (L_i - 1,).

    Returns:
        Table: Rows and columns are methods.
    """
    names = list(scores)
    found = np.array([correlations(np.stack(texts)) for texts in zip(
        *scores.values(), strict=True)])
    mean = _means(found)
    return Table('ranks', 'rank agreement between methods (Spearman)', names,
                 [(name, [None if np.isnan(v) else float(v) for v in row])
                  for name, row in zip(names, mean, strict=True)],
                 'means over texts, those left out whose scores are all '
                 'equal; agreement is no quality')


def between_runs(setting, explained):
    """Rank agreement with explanations of other parameters.

    Explanations must not survive random parameters (Adebayo et al. 2018,
    *Sanity Checks for Saliency Maps*); those of another good run should be
    alike.

    Args:
        setting (Setting): What is evaluated.
        explained (Explained): Its explanations.

    Returns:
        Table: A row a method.
    """
    rows = explained.rows[:MOST_TEXTS]
    others = {'random parameters': (
        randomised(setting), setting.test.xs.select(rows))}
    if setting.judge is not None:
        others['independent run'] = (
            setting.judge.scorer, setting.judge.test.xs.select(rows))
    names = [name for name in explained.scores if name != UNSEEDED]
    columns = []
    for scorer, xs in others.values():
        again = scores_of(scorer, xs, names)
        columns.append([mean_agreement(explained.scores[name][:len(rows)],
                                       again[name], setting.seed)
                        for name in names])
    return Table(
        'stability', 'rank agreement with explanations by other parameters '
        '(Spearman)', list(others),
        [(name, list(cells)) for name, *cells in zip(names, *columns,
                                                     strict=True)],
        f'{len(rows)} texts; each run explains the class that it predicts')


def randomised(setting):
    """A scorer whose network has never been trained.

    Args:
        setting (Setting): What is evaluated.

    Returns:
        WordScorer: Its DkNN is fitted, tuned and calibrated on what that
        network says of the same splits.
    """
    run = setting.run._replace(
        model=_untrained(setting.run.model, setting.seed))
    train, valid, calib = (activations_of(run, getattr(run.data, split))
                           for split in ('train', 'valid', 'calib'))
    dknn = setting.new_dknn()
    dknn.fit(train.layers, train.labels)
    dknn.tune(valid.layers, valid.labels)
    dknn.calibrate(calib.layers, calib.labels)
    return WordScorer(run, dknn, setting.temperature)


def _untrained(model, seed):
    """A copy with initial parameters.

    Chainer's ``copy('init')`` draws them in the order of a set of names,
    which is another in every process.
    """
    model = model.copy('copy')
    with devices.seeded(model, seed):
        for _, parameter in sorted(model.namedparams()):
            parameter.initialize(parameter.shape)
    return model


def mean_agreement(one, other, seed):
    """Mean rank correlation of two explanations of the same texts.

    Args:
        one, other (list of ndarray): n floats (L_i - 1,), scores of words.
        seed (int): Of the bootstrap.

    Returns:
        Estimate: Over the texts of which neither's scores are all equal;
        None if there are none.
    """
    found = np.array([correlations(np.stack(pair))[0, 1] for pair in zip(
        one, other, strict=True)])
    return estimates.mean(found[~np.isnan(found)], seed)


def _means(found):
    """Means over texts (n, m, m) without NaN; NaN where all are."""
    known = ~np.isnan(found)
    return np.where(known.any(axis=0), np.nansum(found, axis=0)
                    / np.maximum(known.sum(axis=0), 1), np.nan)
