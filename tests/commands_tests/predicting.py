"""What train.py and run_dknn.py wrote, read and counted again."""
import compat  # noqa: F401  (before Chainer)

import json

import brute_force
import numpy as np
import pytest

import runs

# n_test = 200 // 10, n_calibration = 180 // 5, validation 180 // 10
SIZES = {'n_train': 126, 'n_calibration': 36, 'n_test': 20}


def read(folder, part=''):
    """dknn.json and the lines of predictions.jsonl, or of ``.part``."""
    lines = (folder / f'predictions{part}.jsonl').read_text('utf-8')
    lines = lines.splitlines()
    return (json.loads((folder / f'dknn{part}.json').read_text('utf-8')),
            [json.loads(line) for line in lines])


def log_of(folder):
    """What train.py logged, epoch by epoch."""
    return json.loads((folder / 'log').read_text())


def check(folder, n_class=2, part=''):
    """What was written agrees with itself; returns dknn.json."""
    result, records = read(folder, part)
    assert len(records) == result['n_test']
    right = {'softmax': 0, 'dknn': 0, 'soft': 0}
    for i, record in enumerate(records):
        assert record['id'] == i and len(record['label_names']) == n_class
        softmax, dknn = record['softmax'], record['dknn']
        check_prediction(dknn, n_class)
        check_prediction(record['soft'], n_class)
        for predictor in right:
            right[predictor] += record[predictor]['label'] == record['label']
        # six decimals are kept
        assert sum(softmax['probabilities']) == pytest.approx(1, abs=2e-6)
        assert softmax['probabilities'][softmax['label']] == max(
            softmax['probabilities'])
        shares = np.array(dknn['conformity']) * result['n_neighbors'] * len(
            result['layers'])
        np.testing.assert_allclose(shares, shares.round(), atol=.01)
    for predictor, count in right.items():
        assert result[f'{predictor}_accuracy'] == pytest.approx(
            count / len(records))
    assert result['agreement'] == pytest.approx(np.mean(
        [r['softmax']['label'] == r['dknn']['label'] for r in records]))
    assert result['seconds'] > 0
    check_predictors(result, records)
    return result


def check_prediction(dknn, n_class):
    """The parts of a prediction by neighbours, or by all, agree."""
    # six decimals are kept
    assert sum(dknn['conformity']) == pytest.approx(1, abs=n_class * 1e-6)
    assert dknn['conformity'][dknn['label']] == max(dknn['conformity'])
    p_values = dknn['p_values']
    assert len(p_values) == n_class and 0 < min(p_values)
    assert dknn['credibility'] == p_values[dknn['label']]
    assert dknn['confidence'] == pytest.approx(
        1 - sorted(p_values)[-2], abs=2e-6)
    assert dknn['prediction_set'] == [
        y for y in range(n_class) if p_values[y] > dknn['error']]


def check_predictors(result, records):
    """The measures of each predictor, counted again."""
    labels = np.array([r['label'] for r in records])
    for name, measures in result['predictors'].items():
        q = np.array([r[name]['probabilities' if name == 'softmax' else
                              'conformity'] for r in records])
        assert measures['accuracy'] == result[f'{name}_accuracy']
        own = q[np.arange(len(q)), labels]
        assert measures['n_impossible'] <= (own < 1e-6).sum()
        if own.min() > 1e-3:
            assert measures['nll'] == pytest.approx(-np.log(own).mean(),
                                                    abs=1e-3)
        assert measures['brier'] == pytest.approx(
            ((q - np.eye(q.shape[1])[labels]) ** 2).sum(axis=1).mean(),
            abs=1e-4)
    assert result['predictors']['dknn']['prediction_sets'] == (
        result['prediction_sets'])
    assert len(result['bandwidths']) == len(result['weights']) == len(
        result['layers'])


def p_values_by_hand(folder, layers, k, conditional):
    """Conformity and p-values of the test split, by brute force."""
    run = runs.load_run(folder)
    train, calib, test = (runs.stored_activations(run, split)
                          for split in ('train', 'calib', 'test'))
    n_class = len(run.data.label_names)

    def conformity(part):
        votes = brute_force.votes(
            [train.layers[i] for i in layers], train.labels,
            [part.layers[i] for i in layers], k, n_class)
        return votes / (k * len(layers))

    found = conformity(test)
    a = 1 - conformity(calib)[np.arange(len(calib.labels)), calib.labels]
    p = np.empty_like(found)
    for y in range(n_class):
        own = a[calib.labels == y] if conditional else a
        for i, share in enumerate(found[:, y]):
            p[i, y] = (np.sum(own >= 1 - share - 1e-9) + 1) / (len(own) + 1)
    return found, p
