"""Mean scores of words by label, worked out by hand."""
import json

import pytest
import toys

from errors import UserError
from tools import words_by_label

NAMES = 'no', 'yes'
# label, words, scores by conformity; a premise comes first
EXAMPLES = [
    (1, ['a', 'dog', 'runs'], [.5, .25, -.25]),
    (1, ['a', 'cat', 'runs'], [.25, .5, .75]),
    (1, ['a', 'a'], [0., .25]),
    (0, ['a', 'cat'], [-.5, 1.]),
    (0, ['the', 'cat'], [.5, 0.])]


# What a record must have besides
REST = {
    'version': 1, 'id': 0, 'split': 'test', 'dataset': 'toy', 'model': 'cnn',
    'gold': 1, 'softmax': {
        'label': 1, 'probabilities': [.25, .75], 'confidence': .75,
        'calibrated_confidence': .6, 'temperature': 1.5},
    'dknn': {'label': 0, 'conformity': [.75, .25], 'p_values': [.6, .1],
             'credibility': .6, 'confidence': .9, 'prediction_set': [0, 1],
             'error': .05},
    'neighbors': [{'layer': 'last', 'votes': [1, 0], 'nearest': [
        {'index': 0, 'label': 0, 'distance': .5, 'texts': ['a', 'cat']}]}],
    'removed': {'text': 1, 'word': 0, 'layers': [
        {'layer': 'last', 'left': [], 'left_votes': [0, 0], 'came': [],
         'came_votes': [0, 0]}]}}


@pytest.fixture
def path(tmp_path):
    records = [REST | {
        'label_names': NAMES, 'words': [['dog', 'premise'], words],
        'known': [[True] * 2, [True] * len(words)],
        'methods': {
            'conformity': {'target': label, 'scores': [None, scores]},
            'confidence': {'target': 0, 'scores': [
                [9., 9.], [-score for score in scores]]}}}
        for label, words, scores in EXAMPLES]
    path = tmp_path / 'interpretations.jsonl'
    path.write_text(''.join(f'{json.dumps(record)}\n' for record in records))
    return path


@pytest.mark.parametrize('flags, expected', [
    # yes: cat 0.5 (1); a (.5 + .25 + 0 + .25) / 4; runs and dog 0.25
    (['--least', '1'],
     ['no: the 0.50, cat 0.50, a -0.50',
      'yes: cat 0.50, runs 0.25, dog 0.25, a 0.25']),
    (['--least', '1', '--top', '1'], ['no: the 0.50', 'yes: cat 0.50']),
    (['--least', '2'], ['no: cat 0.50', 'yes: runs 0.25, a 0.25']),
    (['--least', '4'], ['no: ', 'yes: a 0.25']),
    ([], ['no: ', 'yes: ']),
    # all explain `no`; a: -(.5 + .25 + 0 + .25 - .5) / 5
    (['--least', '2', '--method', 'confidence'],
     ['no: a -0.10, runs -0.25, cat -0.50'])])
def test_means_by_hand(path, capsys, flags, expected):
    words_by_label.main([str(path), *flags])
    assert capsys.readouterr().out.splitlines() == expected


def test_a_method_that_was_not_asked_for(path):
    with pytest.raises(UserError, match="'random'.*conformity, confidence"):
        words_by_label.main([str(path), '--method', 'random'])


def test_what_is_no_record(path):
    path.write_text('{"words": 1}\n')
    with pytest.raises(UserError, match='interpretations.jsonl, line 1'):
        words_by_label.main([str(path)])


def test_as_a_command(path, tmp_path):
    done = toys.command('tools/words_by_label.py', path, '--top', '2',
                        '--least', '4', cwd=tmp_path, check=False)
    assert (done.returncode, done.stdout) == (0, 'no: \nyes: a 0.25\n')
    done = toys.command('tools/words_by_label.py', tmp_path / 'none',
                        cwd=tmp_path, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith('words_by_label.py: error: ')
