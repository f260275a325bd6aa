"""A record as lines for a terminal of 80 columns."""
import itertools

import pytest

from saliency import plain


def predicted(label, members):
    return {'label': label, 'conformity': [.25, .75], 'credibility': .5,
            'prediction_set': members, 'error': .05}


def record(words=('a', 'zzz'), methods=('soft', 'logodds')):
    """Of a single text; its last word is unknown."""
    n = len(words)
    return {
        'label_names': ['bad', 'good'], 'words': [list(words)],
        'known': [[True] * (n - 1) + [False]],
        'softmax': {'label': 0, 'confidence': .91236,
                    'calibrated_confidence': .8},
        'dknn': predicted(1, [1]), 'soft': predicted(1, [0, 1]),
        'methods': {name: {'target': i % 2, 'scores': [
            [-.00001, *range(1, n)]]} for i, name in enumerate(methods)},
        'neighbors': [{'layer': 'mlp', 'votes': [0, 3], 'nearest': [
            {'distance': 1.5, 'label': 1, 'texts': ['b c']}]}]}


def test_what_is_printed():
    assert plain.report_lines({**record(), 'reduction': {
        'method': 'soft', 'text': 0, 'removed': [0]}}) == [
            'a zzz',
            'softmax   bad: confidence 0.912, calibrated 0.800',
            'DkNN      good: conformity 0.750, credibility 0.500, 95 % set: '
            'good',
            'soft DkNN good: conformity 0.750, credibility 0.500, 95 % set: '
            'any label',
            'unknown words: zzz',
            '',
            '                        soft   logodds',
            'label                    bad      good',
            'a                          0         0',
            'zzz                  +1.0000   +1.0000',
            '',
            'nearest training texts',
            'mlp: 3 good',
            '     1.500  good: b c',
            '',
            'reduced by soft to: zzz']


def test_rows_of_the_users_own_table():
    """Nothing in an id is obeyed by a terminal."""
    own = record()
    near = own['neighbors'][0]['nearest']
    near[0]['source'] = {'row': 1234}
    near.append({**near[0], 'source': {'row': 5, 'id': 'n\x1b[2J'}})
    assert plain.neighbor_lines(own)[1:] == [
        '     1.500  good (row 1234): b c',
        '     1.500  good (row 5, id n\\x1b[2J): b c']


def test_what_there_is_not_is_not_printed():
    known = record()
    known['known'] = [[True, True]]
    known['dknn']['prediction_set'] = []
    del known['soft']
    lines = plain.report_lines(known)
    assert 'unknown' not in ''.join(lines)
    assert [line[:10] for line in lines[1:3]] == ['softmax   ', 'DkNN      ']
    assert lines[2].endswith('95 % set: empty')


def test_only_scored_texts_of_a_pair():
    pair = record()
    pair['words'].append(['b'])
    pair['known'].append([True])
    for entry in pair['methods'].values():
        entry['scores'] = [None, [2.]]
    lines = plain.report_lines(pair)
    assert lines[0] == 'a zzz | b'
    assert [line.split() for line in lines if '+' in line] == [
        ['b', '+2.0000', '+2.0000']]


@pytest.mark.parametrize('words', [
    ['w' * 300], ['word'] * 100, ['a-b-' * 50, '\x1b[2J', '\u202e' * 100]])
def test_no_line_is_longer_than_a_terminal(words):
    methods = ['integrated_gradients', 'soft_integrated', 'soft_shapley',
               'conformity', 'calibrated', 'random', 'gradient']
    long = record(words, methods)
    long['label_names'] = ['\x1b]0;' + 'n' * 70, 'm' * 200]
    long['neighbors'][0]['nearest'][0]['texts'] = ['t ' * 100]
    lines = plain.report_lines(long)
    assert max(map(len, lines)) <= 80
    assert all(line.isprintable() for line in lines)
    # Every method has its column in some table
    assert [name for line, below in itertools.pairwise(lines)
            if below.startswith('label') for name in line.split()] == methods
