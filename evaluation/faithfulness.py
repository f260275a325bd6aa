"""Do the words that an explanation names matter to the prediction?

Every method is judged by the run's own softmax, conformity and soft
conformity and, if there is one, by an independent network of the same data.
A method that measures a judge's own score wins before that judge by
construction: what counts is the independent one.
"""
import compat  # noqa: F401  (before Chainer)

import numpy as np

from evaluation import estimates, masking, stability
from evaluation.explanations import STEPS, steps
from evaluation.tables import Table
from metrics import bootstrap, faithfulness
from metrics.faithfulness import SHARES, TOPS

RIVALS = 'logodds', 'integrated_gradients'
KINDS = 'comprehensiveness', 'sufficiency'


def measure(setting):
    """The part ``faithfulness``.

    Args:
        setting (Setting): What to evaluate.

    Returns:
        list of Table: For each judge falls, aopc and masking; then ranks
        and stability; none where predictors agree about no text.
    """
    explained = setting.explained
    if not len(explained.rows):
        return []
    tables = []
    for name, (judge, share, scale) in verdicts(setting, explained).items():
        tables += [falls(setting, explained, name, judge, scale),
                   shares_removed(setting, explained, name, share),
                   *curves(setting, explained, name, share)]
    return [*tables, stability.between_methods(explained.scores),
            stability.between_runs(setting, explained)]


def verdicts(setting, explained):
    """What every judge says of every text with words removed.

    Args:
        setting (Setting): What is evaluated.
        explained (Explained): The texts.

    Returns:
        dict: Name of a judge to (Judge, shares (m,), values on its scale
        (m,)).
    """
    networks = {'run': (setting, setting.test.xs.select(explained.rows))}
    if setting.judge is not None:
        networks['judge'] = (setting.judge, setting.judge.test.xs.select(
            explained.rows))
    found = {}
    for network, (own, xs) in networks.items():
        judges = {name: judge for name, judge in masking.JUDGES.items()
                  if judge.network == network}
        said = explained.masked.ask(own, xs, explained.targets,
                                    list(judges.values()))
        for (name, judge), (share, scale) in zip(judges.items(), said,
                                                 strict=True):
            found[name] = judge, share, scale
    return found


def _counts_of(setting, explained):
    return bootstrap.resampled_counts(len(explained.rows), seed=setting.seed)


def _at(places, counts, values):
    """Values (n, K) of each text with counts (n, K) words removed."""
    return np.array([values[own[k]] for own, k in zip(places, counts,
                                                      strict=True)])


def falls(setting, explained, name, judge, values):
    """By how much a judge's score falls without the top words."""
    counts = _counts_of(setting, explained)
    tops = np.minimum(TOPS, explained.masked.lengths[:, None])
    fall = {}
    for method, (without, _) in explained.places.items():
        whole = _at(without, tops * 0, values)
        fall[method] = whole - _at(without, tops, values)  # (n, 3)
    means = {method: own.mean(axis=1) for method, own in fall.items()}
    rows = [(method, [
        *(float(column.mean()) for column in own.T),
        bootstrap.mean_estimate(means[method], counts),
        *(None if method == rival else bootstrap.difference_estimate(
            means[method], means[rival], counts) for rival in RIVALS)])
        for method, own in fall.items()]
    return Table(
        f'falls_{_slug(name)}', f'fall of the {judge.scale} without the top '
        f'words, {name} judges', [*(f'top {t}' for t in TOPS), 'mean',
                          *(f'minus {rival}' for rival in RIVALS)], rows,
        f'{len(explained.rows):,} texts of which all predictors say the same;'
        ' ties in a random order')


def shares_removed(setting, explained, name, values):
    """Comprehensiveness and sufficiency (AOPC), plain and normalised."""
    counts = _counts_of(setting, explained)
    lengths = explained.masked.lengths
    parts = np.stack([faithfulness.n_words(share, lengths)
                      for share in SHARES], axis=1)  # (n, 5)
    rows, left_out = [], 0
    for method, (without, last) in explained.places.items():
        whole = _at(without, parts[:, :1] * 0, values)[:, 0]
        empty = _at(without, lengths[:, None], values)[:, 0]
        sets = (_at(without, parts, values),
                _at(last, lengths[:, None] - parts, values))
        plain = [bootstrap.mean_estimate(faithfulness.aopc(whole, own),
                                         counts) for own in sets]
        scaled = [faithfulness.normalised(whole, own, empty, kind).mean(
            axis=1) for own, kind in zip(sets, KINDS, strict=True)]
        known = ~np.isnan(scaled[0])
        left_out = int((~known).sum())
        rows.append((method, [*plain, *(
            estimates.mean(own[known], setting.seed) for own in scaled)]))
    return Table(
        f'aopc_{_slug(name)}', f'comprehensiveness and sufficiency, {name} '
        'judges', [*KINDS, *(f'normalised {kind}' for kind in KINDS)], rows,
        f'means over {", ".join(f"{s:.0%}" for s in SHARES)} of the words, '
        'rounded up; sufficiency: lower is better, normalised: higher; '
        f'{left_out} texts are not normalised, as the empty text scores no '
        'lower')


def curves(setting, explained, name, values):
    """The share itself while words are masked, and the areas under it."""
    counts = _counts_of(setting, explained)
    masked = np.array([steps(n) for n in explained.masked.lengths])
    areas, most, least = [], [], []
    for method, orders in explained.places.items():
        both = [_at(places, masked, values) for places in orders]
        areas.append((method, [bootstrap.mean_estimate(
            faithfulness.area_over_masking(curve), counts)
            for curve in both]))
        for rows, curve in zip((most, least), both, strict=True):
            rows.append((method, curve.mean(axis=0).tolist()))
    titles = [f'{step:.0%}' for step in STEPS]
    return [
        Table(f'masking_{_slug(name)}', f'area under the curve of masking, '
              f'{name} judges', ['most important first',
                                 'least important first'], areas,
              'lower is better in the first column, higher in the second'),
        Table(f'most_first_{_slug(name)}', f'{name}: mean share while the '
              'most important words go', titles, most),
        Table(f'least_first_{_slug(name)}', f'{name}: mean share while the '
              'least important words go', titles, least)]


def _slug(name):
    return name.replace(' ', '_')

