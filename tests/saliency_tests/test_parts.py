"""The parts of a record, written out by hand."""
import json
import types

import numpy as np
import pytest

from saliency import parts
from saliency.attribution import NeighborChange


class Prediction:
    """Two texts and two classes; the fields that ``dknn_part`` reads."""

    label = np.array([1, 0])
    credibility = np.array([.1234567, .5])
    confidence = np.array([.7654321, .25])
    conformity = np.array([[1 / 3, 2 / 3], [1, 0]])
    p_values = np.array([[.2345679, .1234567], [.5, .75]])


def test_rounded():
    third = np.float32(1 / 3)  # 0.3333333432674408 in float64
    assert parts.rounded([[third, 2]]) == [[.33333, 2.]]
    assert parts.rounded(third, 8) == .33333334
    assert type(parts.rounded(third)) is float


def test_softmax_part():
    probs, calibrated = np.array([.25, .75]), np.array([1 / 3, 2 / 3])
    assert parts.softmax_part(np.int64(1), probs) == {
        'label': 1, 'probabilities': [.25, .75]}
    part = parts.softmax_part(1, probs, calibrated, 1.2345678)
    assert json.dumps(part) == (
        '{"label": 1, "probabilities": [0.25, 0.75], "confidence": 0.75, '
        '"calibrated_confidence": 0.66667, "temperature": 1.23457}')


@pytest.mark.parametrize('decimals, expected', [
    (5, '{"label": 1, "conformity": [0.33333, 0.66667], "p_values": '
        '[0.23457, 0.12346], "credibility": 0.12346, "confidence": 0.76543, '
        '"prediction_set": [0, 1], "error": 0.05}'),
    (6, '{"label": 1, "conformity": [0.333333, 0.666667], "p_values": '
        '[0.234568, 0.123457], "credibility": 0.123457, "confidence": '
        '0.765432, "prediction_set": [0, 1], "error": 0.05}')])
def test_dknn_part(decimals, expected):
    part = parts.dknn_part(Prediction, 0, np.array([True, True]), decimals)
    assert json.dumps(part) == expected
    # the row of the text asked for
    part = parts.dknn_part(Prediction, 1, np.array([False, False]))
    assert part == {'label': 0, 'conformity': [1., 0.],
                    'p_values': [.5, .75], 'credibility': .5,
                    'confidence': .25, 'prediction_set': [], 'error': .05}


def test_prediction_record():
    run = types.SimpleNamespace(
        args={'dataset': 'toy', 'model': 'bow', 'seed': 0},
        data=types.SimpleNamespace(
            label_names=('a', 'b'), source_of=lambda split, i: {
                'source': {'row': len(split) + i}}))
    for label, gold in ((1, 1), (-1, None)):
        question = types.SimpleNamespace(
            id=3, split='test', words=(('fine', 'Film'),),
            example=types.SimpleNamespace(label=label))
        record = parts.prediction_record(
            question, run, [np.array([True, False])], {'label': 1},
            {'label': 0})
        assert record == {
            'version': 1, 'id': 3, 'split': 'test', 'source': {'row': 7},
            'dataset': 'toy',
            'model': 'bow', 'label_names': ['a', 'b'], 'gold': gold,
            'words': [['fine', 'Film']], 'known': [[True, False]],
            'softmax': {'label': 1}, 'dknn': {'label': 0}}
        json.dumps(record)


def test_method_part():
    part = parts.method_part(np.int64(1), [None, np.array([.1234567, -1])],
                             {'gap': np.float32(.25)})
    assert json.dumps(part) == (
        '{"target": 1, "scores": [null, [0.12346, -1.0]], "gap": 0.25}')


def test_neighbor_part():
    # neighbours 7, 2, 5 of labels 1, 1, 0; the texts of the first two
    part = parts.neighbor_part(
        'mlp 1', np.array([1, 1, 0]), np.array([7, 2, 5]),
        np.array([.5, 1.2345678, 2]), 3,
        [(('a', 'film'), ('b',)), (('c',), ('d', 'e'))],
        [{}, {'source': {'row': 5, 'id': 'n'}}])
    assert part == {
        'layer': 'mlp 1', 'votes': [1, 2, 0],
        'nearest': [
            {'index': 7, 'label': 1, 'distance': .5, 'texts': ['a film', 'b']},
            {'index': 2, 'label': 1, 'distance': 1.23457,
             'texts': ['c', 'd e'], 'source': {'row': 5, 'id': 'n'}}]}
    json.dumps(part)


def test_removal_part():
    labels = np.array([0, 1, 1, 0])
    changes = [NeighborChange(np.array([0, 2]), np.array([1, 3])),
               NeighborChange(np.array([], int), np.array([], int))]
    part = parts.removal_part(0, 4, ['one', 'two'], changes, labels, 2)
    assert part == {'text': 0, 'word': 4, 'layers': [
        {'layer': 'one', 'left': [0, 2], 'left_votes': [1, 1],
         'came': [1, 3], 'came_votes': [1, 1]},
        {'layer': 'two', 'left': [], 'left_votes': [0, 0], 'came': [],
         'came_votes': [0, 0]}]}
    json.dumps(part)


def test_reduction_part():
    part = parts.reduction_part('random', 1, [2, 0], np.array([.5, .25, 1]),
                                np.array([1, 1, .1234567]))
    assert part == {'method': 'random', 'text': 1, 'removed': [2, 0],
                    'confidence': [.5, .25, 1.],
                    'credibility': [1., 1., .12346]}
