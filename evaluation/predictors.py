"""What softmax, DkNN and soft DkNN say of a split, and how good that is."""
from typing import NamedTuple

import numpy as np

from metrics.confidence import softmax
from metrics.reliability import calibration_report
from saliency import parts, records

LEVELS = 0.8, 0.9, 0.95
DECIMALS = 6  # in predictions.jsonl
MEASURES = 'accuracy', 'nll', 'n_impossible', 'brier', 'ece'


class Said(NamedTuple):
    """What the predictors say of n examples.

    Attributes:
        labels (ndarray): Int32 (n,), the true ones.
        dknn, soft (dknn.Prediction): Of DkNN and soft DkNN.
        probs (ndarray): (n, C), of softmax; None without logits.
        softmax_label (ndarray): Ints (n,), of softmax; None without logits.
    """

    labels: np.ndarray
    dknn: object
    soft: object
    probs: np.ndarray
    softmax_label: np.ndarray


def predict(dknn, test):
    """Asks the predictors.

    Args:
        dknn (dknn.DkNN): Fitted, tuned and calibrated.
        test (runs.Activations): Of n examples.

    Returns:
        Said: Of these.
    """
    probs = softmax_label = None
    if test.logits is not None:
        probs, softmax_label = softmax(test.logits), test.logits.argmax(axis=1)
    return Said(test.labels, dknn.predict(test.layers),
                dknn.predict(test.layers, soft=True), probs, softmax_label)


def figures(dknn, said):
    """The figures of ``dknn.json`` that compare the predictors.

    Args:
        dknn (dknn.DkNN): That was asked.
        said (Said): Without probabilities those of softmax are left out.

    Returns:
        dict: JSON-ready (docs/output.md).
    """
    right = said.dknn.label == said.labels
    credibility = said.dknn.credibility
    of_softmax, found = {}, {}
    if said.probs is not None:
        of_softmax = {'softmax': measures(said.probs, said.softmax_label,
                                          said.labels)}
        found = {
            'softmax_accuracy': float((said.softmax_label
                                       == said.labels).mean()),
            'agreement': float((said.softmax_label
                                == said.dknn.label).mean()),
            'softmax_confidence': float(said.probs.max(axis=1).mean())}
    return {
        **found,
        'dknn_accuracy': float(right.mean()),
        'soft_accuracy': float((said.soft.label == said.labels).mean()),
        'credibility': float(credibility.mean()),
        'credibility_right': _mean(credibility[right]),
        'credibility_wrong': _mean(credibility[~right]),
        'prediction_sets': coverage(dknn, said.dknn.p_values, said.labels),
        'predictors': {
            **of_softmax,
            **{name: {**measures(own.conformity, own.label, said.labels),
                      'credibility': float(own.credibility.mean()),
                      'prediction_sets': coverage(dknn, own.p_values,
                                                  said.labels)}
               for name, own in [('dknn', said.dknn), ('soft', said.soft)]}}}


def coverage(dknn, p_values, labels):
    """Prediction sets at each level: their coverage and mean size.

    Args:
        dknn (dknn.DkNN): Whose prediction sets they are.
        p_values (ndarray): Floats (n, C).
        labels (ndarray): Ints (n,), the true ones.

    Returns:
        list of dict: JSON-ready (docs/output.md).
    """
    rows = []
    for level in LEVELS:
        sets = dknn.prediction_set(p_values, error=1 - level)
        rows.append({
            'level': level,
            'coverage': float(sets[np.arange(len(sets)), labels].mean()),
            'mean_size': float(sets.sum(axis=1).mean())})
    return rows


def measures(probs, predicted, labels):
    """How good probabilities are.

    Args:
        probs (ndarray): Floats (n, C).
        predicted, labels (ndarray): Ints (n,): the labels chosen, the true.

    Returns:
        dict: JSON-ready (docs/output.md).
    """
    report = calibration_report(probs, labels, predicted=predicted)
    return {name: report[name] for name in MEASURES}


def prediction_records(run, split, dknn, said):
    """The lines of ``predictions.jsonl``.

    Args:
        run (runs.Run): Whose texts they are.
        split (str): Which of its splits.
        dknn (dknn.DkNN): That was asked.
        said (Said): Of the first n examples of the split.

    Yields:
        dict: JSON-ready, one a text, in the order of the split.
    """
    examples = getattr(run.data, split)
    sets, soft_sets = (dknn.prediction_set(found.p_values, records.ERROR)
                       for found in (said.dknn, said.soft))
    for i, label in enumerate(said.labels.tolist()):
        yield {
            'id': i, 'split': split, **run.data.source_of(split, i),
            'texts': [' '.join(tokens) for tokens in examples[i].texts],
            'label': label,
            **({} if said.probs is None else {'softmax': parts.softmax_part(
                said.softmax_label[i], said.probs[i], decimals=DECIMALS)}),
            'dknn': parts.dknn_part(said.dknn, i, sets[i], DECIMALS),
            'soft': parts.dknn_part(said.soft, i, soft_sets[i], DECIMALS),
            'label_names': list(run.data.label_names)}


def _mean(values):
    return float(values.mean()) if len(values) else None
