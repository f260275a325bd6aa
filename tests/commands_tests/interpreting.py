"""What interpret.py is called with, and what a record must look like."""
import compat  # noqa: F401  (before Chainer)

import json
import sys

import numpy as np
import pytest

import interpret
import nets
import runs
from saliency.methods import METHODS, LeaveOneOut

K = 7
FEW = '-k', str(K)
DEFAULT = ['soft_shapley', 'conformity', 'confidence', 'calibrated',
           'gradient']
QUICK = '--method', 'confidence'
NOTHING = 'zyx wvu'
PAGE, DATA = 'interpretations.html', 'interpretations.jsonl'
# Of a part of the test split, and of the user's own texts
PART = 'interpretations.part.html', 'interpretations.part.jsonl'
OWN = 'interpretations.own.html', 'interpretations.own.jsonl'


def read(path):
    return [json.loads(line)
            for line in path.read_text('utf-8').splitlines()]


def newest(folder):
    """The file of records that was written last."""
    return max(folder.glob('*.jsonl'),
               key=lambda path: path.stat().st_mtime_ns)


def fails(capsys, monkeypatch, *flags):
    """The sentence that the script ends with; exit code 2, no traceback."""
    monkeypatch.setattr(sys, 'argv', ['/somewhere/interpret.py'])
    with pytest.raises(SystemExit) as stopped:
        runs.run_script(lambda: interpret.main(list(map(str, flags))))
    assert stopped.value.code == 2
    said = capsys.readouterr().err
    last = said.rstrip('\n').splitlines()[-1]
    assert last.startswith('interpret.py: error: ')
    # argparse puts the usage before its sentence
    assert said.startswith('usage: ') or said == last + '\n'
    return last


def is_number(low=-np.inf, high=np.inf):
    return lambda v: type(v) is float and low <= v <= high


def is_int(high=np.inf):
    return lambda v: type(v) is int and 0 <= v < high


def is_list(check, length=None):
    return lambda v: (type(v) is list and all(map(check, v))
                      and length in (None, len(v)))


def is_object(fields, optional=()):
    """A dict with these fields, optional ones perhaps; checked by name."""
    def check(value):
        assert set(fields) - set(optional) <= set(value) <= set(fields)
        for name, part in value.items():
            assert fields[name](part), f'{name}: {part!r}'
        return True

    return check


def is_text(value):
    return type(value) is str and value != ''


def is_source(value):
    """A row of a table with a header, as all are here; without ids."""
    return value.keys() == {'row'} and value['row'] > 0


def schema(record, n_layers, n_nearest):
    """Version 1, from docs/output.md: field -> function value -> bool."""
    n_class, words = len(record['label_names']), record['words']
    label = is_int(n_class)
    return is_object({
        'version': lambda v: v == 1, 'id': is_int(),
        'split': lambda v: v in ('test', 'valid', 'calib', None),
        'source': is_source,
        'dataset': is_text, 'model': lambda v: v in nets.ENCODERS,
        'label_names': is_list(is_text),
        'gold': lambda v: v is None or label(v),
        'words': lambda v: len(v) in (1, 2) and all(
            map(is_list(is_text), v)),
        'known': like(words, lambda v: type(v) is bool),
        **predictions_schema(n_class),
        'methods': lambda v: all(map(method_schema(words, label),
                                     v.values())),
        'neighbors': is_list(layer_schema(n_class, words, n_nearest),
                             n_layers),
        'removed': is_object({
            'text': is_int(2), 'word': is_int(len(words[-1])),
            'layers': is_list(change_schema(n_class), n_layers)}),
        'reduction': is_object({
            'method': lambda v: v in METHODS, 'text': is_int(2),
            'removed': is_list(is_int(len(words[-1]))),
            'confidence': is_list(is_number(0, 1)),
            'credibility': is_list(is_number(0, 1))}),
    }, optional=['source', 'removed', 'reduction'])


def like(words, check):
    """A list for each text, and in it something for each word."""
    return lambda v: len(v) == len(words) and all(
        is_list(check, len(text))(part)
        for part, text in zip(v, words, strict=True))


def predictions_schema(n_class):
    label, share = is_int(n_class), is_number(0, 1)
    shares = is_list(share, n_class)
    dknn = is_object({
        'label': label, 'conformity': shares, 'p_values': shares,
        'credibility': share, 'confidence': share,
        'prediction_set': is_list(label),
        'error': lambda v: v == .05})
    return {
        'softmax': is_object({
            'label': label, 'probabilities': shares, 'confidence': share,
            'calibrated_confidence': share, 'temperature': is_number(.01)}),
        'dknn': dknn, 'soft': dknn}


def method_schema(words, label):
    def scores(value):
        return value[-1] is not None and like(words, is_number())(
            [[0.] * len(text) if part is None else part
             for part, text in zip(value, words, strict=True)])

    return is_object({'target': label, 'scores': scores,
                      'gap': is_number()}, optional=['gap'])


def layer_schema(n_class, words, n_nearest):
    nearest = is_object({
        'index': is_int(), 'label': is_int(n_class),
        'distance': is_number(0), 'texts': is_list(is_text, len(words)),
        'share': is_number(0, 1), 'source': is_source})
    return is_object({
        'layer': is_text, 'votes': is_list(is_int(), n_class),
        'weight': is_number(0), 'nearest': is_list(nearest, n_nearest)})


def change_schema(n_class):
    indices, votes = is_list(is_int()), is_list(is_int(), n_class)
    return is_object({
        'layer': is_text, 'left': indices, 'left_votes': votes,
        'came': indices, 'came_votes': votes})


def check_record(record, n_layers=3, n_nearest=5, k=K):
    """Fields, types, ranges and lengths, and that the parts agree."""
    assert schema(record, n_layers, n_nearest)(record)
    assert ('source' in record) == (record['split'] is not None)
    softmax, dknn = record['softmax'], record['dknn']
    assert sum(softmax['probabilities']) == pytest.approx(1, abs=3e-5)
    assert softmax['confidence'] == max(softmax['probabilities'])
    assert softmax['probabilities'][softmax['label']] == softmax['confidence']
    for part in (dknn, record['soft']):
        check_dknn(part)
    for name, entry in record['methods'].items():
        own = dknn if name in ('conformity', 'credibility') else record[
            'soft'] if name.startswith('soft') else softmax
        assert entry['target'] == own['label']
        assert ('gap' in entry) == (name in ('integrated_gradients',
                                             'soft_integrated'))
        if isinstance(METHODS[name], LeaveOneOut) and name not in (
                'soft', 'logodds'):
            assert max(map(abs, entry['scores'][-1])) <= 1
    votes = np.sum([part['votes'] for part in record['neighbors']], axis=0)
    np.testing.assert_allclose(votes / (k * n_layers), dknn['conformity'],
                               atol=1e-5)
    for part in record['neighbors']:
        assert sum(part['votes']) == k
        distances = [near['distance'] for near in part['nearest']]
        assert distances == sorted(distances)
        shares = [near['share'] for near in part['nearest']]
        assert shares == sorted(shares, reverse=True) and sum(shares) <= 1.001
        assert max(shares) > 0 or part['weight'] < 1e-4
    check_removed(record)
    check_reduction(record)


def check_dknn(dknn):
    """The parts of a prediction by neighbours, or by all, agree."""
    assert sum(dknn['conformity']) == pytest.approx(1, abs=3e-5)
    assert dknn['conformity'][dknn['label']] == max(dknn['conformity'])
    p_values = dknn['p_values']
    assert min(p_values) > 0
    assert dknn['credibility'] == p_values[dknn['label']]
    assert dknn['confidence'] == pytest.approx(1 - sorted(p_values)[-2],
                                               abs=2e-5)
    assert dknn['prediction_set'] == [
        y for y, p in enumerate(p_values) if p > dknn['error']]


def check_removed(record):
    scores = record['methods'].get('conformity', {}).get('scores', [[0]])[-1]
    assert ('removed' in record) == (max(scores) > 0)
    if 'removed' in record:
        removed = record['removed']
        assert removed['text'] == len(record['words']) - 1
        assert removed['word'] == np.argmax(scores)
        for part in removed['layers']:
            assert len(part['left']) == sum(part['left_votes'])
            assert len(part['came']) == len(part['left'])
            assert sum(part['came_votes']) == len(part['came'])
            assert not set(part['came']) & set(part['left'])


def check_reduction(record):
    if 'reduction' in record:
        reduction, words = record['reduction'], record['words']
        steps = len(reduction['removed'])
        assert reduction['text'] == len(words) - 1
        assert len(set(reduction['removed'])) == steps < len(words[-1])
        assert [len(reduction[name]) for name in (
            'confidence', 'credibility')] == [steps + 1] * 2
        assert reduction['confidence'][0] == record['softmax']['confidence']
        assert reduction['credibility'][0] == record['dknn']['credibility']
