"""The record that page, JSONL and figures share."""
import json
import pathlib
import subprocess
import sys

import numpy as np
import pytest
from recorded import SINGLE
from scipy.stats import spearmanr

from errors import UserError
from saliency import records

# What page and figures can do with, from a caller in Python
RECORD = {
    'version': 1, 'id': 17, 'dataset': 'toy', 'model': 'cnn',
    'label_names': ['negative', 'positive'], 'words': [['fine', 'film']],
    'known': [[True, False]], 'softmax': {'label': 1}, 'dknn': {'label': 0},
    'methods': {'conformity': {'target': 0, 'scores': [[.5, -.25]]}}}


def test_import_is_light():
    code = ('import sys, saliency.records; print([m for m in ("scipy", '
            '"chainer", "matplotlib", "jinja2") if m in sys.modules])')
    loaded = subprocess.run(
        [sys.executable, '-c', code], check=True, text=True,
        capture_output=True,
        cwd=pathlib.Path(records.__file__).parents[1]).stdout
    assert loaded.strip() == '[]'


def written(path, *lines):
    path.write_bytes(b'\n'.join(
        line if isinstance(line, bytes) else json.dumps(line).encode()
        for line in lines) + b'\n')
    return path


def test_read_records(tmp_path):
    more = {**SINGLE, 'id': 18, 'words': [['é\u2028', '☃']], 'own': [1]}
    more['methods'] = {'mine': {'target': 0, 'scores': [[1, 2]], 'own': .5}}
    del more['removed'], more['reduction']
    path = written(tmp_path / 'r.jsonl', SINGLE, more)
    assert records.read_records(path) == [SINGLE, more]


@pytest.mark.parametrize('line, message', [
    (b'\xff\xfe\x00{', 'line 2 is no valid JSON'),
    (b'[1]', 'line 2: expected object, got array; give an interpretations'),
    (b'', 'line 2 is no valid JSON'), (b'7', 'line 2: expected object'),
    ({'version': 1}, 'line 2: object missing required field id'),
    (RECORD, 'line 2: softmax: object missing required field prob'),
    ({key: value for key, value in SINGLE.items() if key != 'known'},
     'line 2: object missing required field known'),
    ({**SINGLE, 'version': 2}, 'line 2: version 2, but .* version 1'),
    ({**SINGLE, 'label_names': ['a', 'b']},
     r"line 2 has label_names \['a', 'b'\], the first has \['negative"),
])
def test_read_records_refuses(line, message, tmp_path):
    path = written(tmp_path / 'r.jsonl', SINGLE, line)
    with pytest.raises(UserError, match=f'r.jsonl, {message}'):
        records.read_records(path)


def test_without_eos():
    record = {**RECORD, 'words': [('a', '<eos>'), ['<eos>', 'b']],
              'known': [[True, True], [True, False]],
              'methods': {'m': {'target': 0, 'scores': [None, (1, 2)]},
                          'n': {'target': 1, 'scores': [(3, 4), [5, 6]]}}}
    found = records.without_eos(record)
    # only a closing <eos> goes
    assert found == {**record, 'words': [['a'], ['<eos>', 'b']],
                     'known': [[True], [True, False]],
                     'methods': {
                         'm': {'target': 0, 'scores': [None, [1, 2]]},
                         'n': {'target': 1, 'scores': [[3], [5, 6]]}}}
    assert record['words'][0] == ('a', '<eos>')  # the input stays


def scored(scores):
    return [{**RECORD, 'methods': {'m': {'target': 0, 'scores': scores}}}]


@pytest.mark.parametrize('wrong, message', [
    ([], 'no record to show; give at least one'),
    (scored([[1, 2, 3]]), r"text 17, method 'm' has \[3\] scores for \[2\]"),
    (scored([]), r'has \[0\] scores for \[2\]'),
    (scored([[1, 2], [1]]), r'has \[2, 1\] scores for \[2\]'),
    (scored([[1, np.nan]]), 'not finite'),
    ([{**RECORD, 'known': [[True]]}], r"\[2\] words and \[1\] \"known\""),
    ([{**RECORD, 'words': [], 'known': []}], 'give one or two texts'),
    ([RECORD, {**RECORD, 'label_names': ['a', 'b']}],
     "has label_names .*, the first has .* each data set by itself"),
    ([{**RECORD, 'gold': 2}], 'text 17: gold is 2, but the labels are 0 to'),
    ([{**RECORD, 'gold': -1}], 'text 17: gold is -1'),
    ([{**RECORD, 'dknn': {'label': 2}}], 'text 17: dknn.label is 2'),
    ([{**SINGLE, 'removed': {**SINGLE['removed'], 'word': 2}}],
     'text 17: removed.word is 2, but that text has 2 words'),
])
def test_check_records(wrong, message):
    records.check_records([RECORD, *scored([None])])
    with pytest.raises(UserError, match=message):
        records.check_records(wrong)


def test_method_scores():
    entry = {'target': 0, 'scores': [None, [1, 2], [.5]]}
    found = records.method_scores(entry)
    assert (found.dtype, found.tolist()) == (np.float64, [1, 2, .5])
    assert records.method_scores({'scores': [None]}).tolist() == []


def methods(**scores):
    return {'methods': {name: {'target': 0, 'scores': [row]}
                        for name, row in scores.items()}}


@pytest.mark.parametrize('scores, expected', [
    ({'a': [3, 2, 1], 'b': [1, 2, 3]}, (True, -1.)),
    ({'a': [3, 2, 1], 'b': [30, 2, 1]}, (False, 1.)),
    # random does not take part, a constant row has no correlation
    ({'a': [3, 2, 1], 'random': [1, 2, 3]}, (False, None)),
    ({'a': [3, 2, 1], 'b': [0, 0, 0]}, (False, None)),
    ({'a': [], 'b': []}, (False, None)),
    # their range is no float64
    ({'a': [1e308, -1e308], 'b': [-1e308, 1e308]}, (True, -1.)),
])
def test_agreement(scores, expected):
    assert records.agreement(methods(**scores)) == expected


def test_agreement_is_the_lowest_spearman():
    rows = np.random.RandomState(1).randint(-3, 4, (3, 12))  # many ties
    expected = min(spearmanr(rows[i], rows[j])[0]
                   for i, j in [(0, 1), (0, 2), (1, 2)])
    found = records.agreement(methods(a=rows[0], b=rows[1], c=rows[2]))
    assert found[1] == pytest.approx(expected, abs=1e-4)
