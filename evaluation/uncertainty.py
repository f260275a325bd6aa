"""Does a score know when the network is wrong, or out of its depth?"""
import numpy as np

from evaluation import outside, trust
from evaluation.tables import Table
from metrics import bootstrap, detection
from metrics.confidence import softmax
from metrics.reliability import calibration_report

LEVELS = 0.8, 0.9, 0.95
SHOWN = 0.9  # level of the table by class
MEASURES = 'accuracy', 'nll', 'brier', 'ece'
DRAWS = 200  # of the bootstrap of statistics that are no means


def measure(setting):
    """The part ``uncertainty``.

    Args:
        setting (Setting): What to evaluate.

    Returns:
        list of Table: calibration, errors (with logits), outside and
        outside_fpr (with a network), sets, sets_by_class.
    """
    found = [calibration(setting)]
    if setting.has('logits'):  # all scores are about softmax's class
        scorers = trust.scorers(setting)
        inside = {name: score(setting.asked)
                  for name, score in scorers.items()}
        found.append(errors(setting, inside))
        if setting.has('network'):
            found += out_of_domain(setting, scorers, inside)
    return [*found, sets(setting), sets_by_class(setting)]


def calibration(setting):
    """NLL, Brier score and ECE of the probabilities."""
    predictors = {}
    if setting.has('logits'):
        predictors['softmax'] = setting.probabilities, setting.predicted
        predictors[f'softmax at T = {setting.temperature:.3f}'] = (
            softmax(setting.test.logits, setting.temperature),
            setting.predicted)
    predictors |= {
        'DkNN': (setting.prediction.conformity, setting.prediction.label),
        'soft DkNN': (setting.soft.conformity, setting.soft.label)}
    rows = []
    for name, (probs, predicted) in predictors.items():
        report = calibration_report(probs, setting.labels,
                                    predicted=predicted)
        rows.append((name, [report[key] for key in MEASURES]))
    return Table('calibration', 'how good the probabilities are',
                 ['accuracy', 'NLL', 'Brier', 'ECE'], rows,
                 'no NLL where a true label has the probability 0')


def errors(setting, scores):
    """Error detection: does a score tell right predictions from wrong?"""
    right = setting.predicted == setting.labels
    if right.all() or not right.any():
        return Table('errors', 'error detection', ['AUROC', 'AURC', 'E-AURC'],
                     [], 'all predictions are '
                     + ('right' if right.all() else 'wrong'))
    rows = [('random', [.5, float(1 - right.mean()),
                        _random_excess(1 - right.mean())])]
    for name, score in scores.items():
        rows.append((name, [bootstrap.statistic_estimate(
            statistic, setting.counts[:DRAWS], score, right) for statistic in (
                detection.auroc, detection.aurc, detection.excess_aurc)]))
    return Table(
        'errors', 'error detection', ['AUROC', 'AURC', 'E-AURC'], rows,
        f'{int((~right).sum()):,} of {len(right):,} softmax predictions are '
        'wrong; all scores are about the class that softmax predicts; '
        f'{DRAWS} draws')


def _random_excess(e):
    """E-AURC of a random order, whose risk is e at every coverage."""
    e = float(e)
    return e - (e + (1 - e) * float(np.log(1 - e)))


def out_of_domain(setting, scorers, inside):
    """AUROC and FPR at 95 % TPR of in-domain against other texts."""
    names = outside.names(setting)
    columns = {name: outside.ask(setting, name) for name in names}
    area, rate = [], []
    for score_name, score in scorers.items():
        areas, rates = [], []
        for asked in columns.values():
            both = np.concatenate([inside[score_name], score(asked)])
            known = np.arange(len(both)) < len(inside[score_name])
            areas.append(detection.auroc(both, known))
            rates.append(detection.fpr_at_tpr(both, known))
        area.append((score_name, [*areas, _mean(areas)]))
        rate.append((score_name, [*rates, _mean(rates)]))
    note = ', '.join(f'{name}: {len(asked.xs):,}'
                     for name, asked in columns.items())
    titles = [*columns, 'mean']
    return [
        Table('outside', 'out-of-domain detection, AUROC', titles,
              [('random', [.5] * len(titles)), *area], f'texts: {note}'),
        Table('outside_fpr', 'out-of-domain detection, false positives at '
              '95 % true positives', titles,
              [('random', [.95] * len(titles)), *rate],
              'test texts are the positives')]


def _mean(values):
    return float(np.mean(values)) if values else None


def sets(setting):
    """Coverage and mean size of prediction sets by level."""
    rows = []
    for level in LEVELS:
        cells = []
        for found in (setting.prediction, setting.soft):
            chosen = setting.dknn.prediction_set(found.p_values, 1 - level)
            cells += [setting.share(_holds(chosen, setting.labels)),
                      setting.share(chosen.sum(axis=1))]
        rows.append((f'{level:.0%}', cells))
    return Table('sets', 'prediction sets by level', [
        'DkNN: coverage', 'size', 'soft DkNN: coverage', 'size'], rows,
        f'{len(setting.calib.labels):,} calibration texts')


def sets_by_class(setting):
    """The same for the texts of each label, at one level."""
    rows = []
    for label, name in enumerate(setting.run.data.label_names):
        own = setting.labels == label
        if not own.any():
            continue
        cells = []
        for found in (setting.prediction, setting.soft):
            chosen = setting.dknn.prediction_set(found.p_values, 1 - SHOWN)
            cells += [float(_holds(chosen, setting.labels)[own].mean()),
                      float(chosen.sum(axis=1)[own].mean())]
        rows.append((name, [int(own.sum()), *cells]))
    return Table('sets_by_class', f'prediction sets at {SHOWN:.0%} by class', [
        'texts', 'DkNN: coverage', 'size', 'soft DkNN: coverage', 'size'],
        rows)


def _holds(chosen, labels):
    return chosen[np.arange(len(labels)), labels]
