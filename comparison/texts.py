"""The test texts on which runs differ, with what each run says of them."""
from typing import NamedTuple

import numpy as np

import runs
from saliency.explainer import Question, fit_explainer
from saliency.methods import METHODS

ALL_SHOWN = 3  # so many runs at most are all explained


class Differences(NamedTuple):
    """How much runs differ on each of n texts.

    Attributes:
        labels (ndarray): Ints (R, n), what each of the R runs predicts.
        differ (ndarray): Bools (n,): not all predict the same label.
        distance (ndarray): Floats (n,) in [0, 1], the largest total variation
            distance between the probabilities of two runs.
        farthest (ndarray): Ints (n,), the run whose probabilities are
            farthest from those of the first.
    """

    labels: np.ndarray
    differ: np.ndarray
    distance: np.ndarray
    farthest: np.ndarray


def differences(members, predictor):
    """Compares what runs predict, text by text.

    The total variation distance of two runs is half the sum of absolute
    differences of their probabilities: what share of the one would have to
    move to other labels to make the other.

    Args:
        members (list of Member): Runs with the same test texts.
        predictor (str): ``'softmax'``, ``'dknn'`` or ``'soft'``, whose
            conformity is taken for probabilities.

    Returns:
        Differences: Of all test texts.
    """
    said = [[getattr(line, predictor) for line in member.lines]
            for member in members]
    labels = np.array([[one.label for one in own] for own in said])
    probs = [np.array([one.probabilities if predictor == 'softmax'
                       else one.conformity for one in own]) for own in said]
    distance = np.zeros(labels.shape[1])
    from_first = []
    for i, own in enumerate(probs):
        for other in probs[i + 1:]:
            apart = .5 * np.abs(own - other).sum(axis=1)
            distance = np.maximum(distance, apart)
            if i == 0:
                from_first.append(apart)
    return Differences(labels, (labels != labels[0]).any(axis=0), distance,
                       1 + np.argmax(from_first, axis=0))


def most_different(found, limit):
    """The texts on which runs differ most.

    Args:
        found (Differences): Of n texts.
        limit (int): How many to take, at most.

    Returns:
        list of int: Positions; first those with different labels, then the
        others, the more distant ones first; of equals the first.
    """
    order = np.lexsort([-found.distance, ~found.differ])
    return order[:limit].tolist()


def explained_runs(found, i):
    """Which runs' explanations of a text are shown.

    Args:
        found (Differences): Of n texts and R runs.
        i (int): A text.

    Returns:
        list of int: All of up to ``ALL_SHOWN`` runs.  Of more, the first,
        and the first that predicts another label; if none does, the one
        farthest from the first.
    """
    labels = found.labels[:, i]
    if len(labels) <= ALL_SHOWN:
        return list(range(len(labels)))
    other = (int(np.argmax(labels != labels[0])) if found.differ[i]
             else int(found.farthest[i]))
    return [0, other]


def explain(member, ids, method, options, memory):
    """A run's records of some test texts.

    Args:
        member (Member): The run.
        ids (list of int): Which texts.
        method (str): A key of ``METHODS``.
        options (dict): As for ``runs.fit_dknn``.
        memory (int): As for ``runs.plan_memory``.

    Returns:
        dict: Position of a text to its record, as of interpret.py.
    """
    if not ids:
        return {}
    run = member.run
    train, calib, test = runs.stored_splits(run, ['train', 'calib', 'test'])
    options = runs.plan_search(run, options, memory, n_held=len(ids))
    explainer = fit_explainer(run, train, calib, **options)
    questions = [Question(i, run.data.test[i], run.data.test[i].texts, 'test')
                 for i in ids]
    found = explainer.records(questions, [method], test.select(ids), 1,
                              desc=f'explaining by {member.letter}')
    return dict(zip(ids, found, strict=True))


def described(members, names, method, limit, options, memory):
    """The texts on which runs differ most, ready to be shown.

    Args:
        members (list of Member): Runs with the same test texts.
        names (list of str): What they are called.
        method (str): A key of ``METHODS``; what it explains is compared.
        limit (int): How many texts, at most.
        options (dict): As for ``runs.fit_dknn``.
        memory (int): As for ``runs.plan_memory``.

    Returns:
        tuple: How many texts are predicted differently (int), and a list of
        dicts as ``page.comparison.render_page`` takes them.
    """
    predictor = METHODS[method].explains
    found = differences(members, predictor)
    ids = most_different(found, limit)
    shown = {i: explained_runs(found, i) for i in ids}
    records = [explain(member, [i for i in ids if place in shown[i]], method,
                       options, memory)
               for place, member in enumerate(members)]
    return int(found.differ.sum()), [{
        'id': i, 'gold': members[0].lines[i].label,
        'differ': bool(found.differ[i]),
        'distance': float(found.distance[i]),
        'labels': found.labels[:, i].tolist(),
        'said': [_said(member.lines[i], predictor) for member in members],
        'records': [_renamed(records[place][i], method, names[place])
                    for place in shown[i]]} for i in ids]


def _said(line, predictor):
    """What a run says of a text: by its neighbours, and by softmax."""
    near = line.dknn if predictor == 'dknn' else line.soft
    return {'label': near.label, 'credibility': near.credibility,
            'prediction_set': near.prediction_set,
            'softmax': line.softmax.label,
            'confidence': line.softmax.probabilities[line.softmax.label]}


def _renamed(record, method, name):
    """A record whose method has the name of the run, as the page's row."""
    return {**record, 'methods': {name: record['methods'][method]}}
