"""What softmax, DkNN and soft DkNN say of a split, and how good that is."""
from typing import NamedTuple

import numpy as np

from metrics.confidence import softmax
from metrics.reliability import calibration_report
from saliency import parts, records

ERRORS = 0.2, 0.1, 0.05  # of the prediction sets that are measured
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
    return Said(test.labels, *dknn.predict_both(test.layers), probs,
                softmax_label)


def figures(said, errors=ERRORS):
    """The figures of ``dknn.json`` that compare the predictors.

    Args:
        said (Said): Without probabilities those of softmax are left out.
        errors (sequence of float): In (0, 1), of the prediction sets.

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
        'prediction_sets': coverage(said.dknn, said.labels, errors),
        'predictors': {
            **of_softmax,
            **{name: {**measures(own.conformity, own.label, said.labels),
                      'credibility': float(own.credibility.mean()),
                      'prediction_sets': coverage(own, said.labels, errors)}
               for name, own in [('dknn', said.dknn), ('soft', said.soft)]}}}


def level(error):
    """1 - error, as it is written.

    Args:
        error (float): In (0, 1), of a prediction set.

    Returns:
        float: 0.9 for 0.1, not 0.9 and a rounding error.
    """
    return round(1 - error, 12)


def coverage(prediction, labels, errors=ERRORS):
    """Prediction sets at each error: their coverage and mean size.

    Args:
        prediction (dknn.Prediction): Of n examples.
        labels (ndarray): Ints (n,), the true ones.
        errors (sequence of float): In (0, 1).

    Returns:
        list of dict: JSON-ready (docs/output.md).
    """
    rows = []
    for error in errors:
        sets = prediction.prediction_set(error)
        rows.append({
            'level': level(error),
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


def prediction_records(run, split, said, error=records.ERROR):
    """The lines of ``predictions.jsonl``.

    Args:
        run (runs.Run): Whose texts they are.
        split (str): Which of its splits.
        said (Said): Of the first n examples of the split.
        error (float): In (0, 1), of the prediction sets.

    Yields:
        dict: JSON-ready, one a text, in the order of the split.
    """
    examples = getattr(run.data, split)
    sets, soft_sets = (found.prediction_set(error)
                       for found in (said.dknn, said.soft))
    for i, label in enumerate(said.labels.tolist()):
        yield {
            'id': i, 'split': split, **run.data.source_of(split, i),
            'texts': [' '.join(tokens) for tokens in examples[i].texts],
            'label': label,
            **({} if said.probs is None else {'softmax': parts.softmax_part(
                said.softmax_label[i], said.probs[i], decimals=DECIMALS)}),
            'dknn': parts.dknn_part(said.dknn, i, sets[i], DECIMALS, error),
            'soft': parts.dknn_part(said.soft, i, soft_sets[i], DECIMALS,
                                    error),
            'label_names': list(run.data.label_names)}


def _mean(values):
    return float(values.mean()) if len(values) else None
