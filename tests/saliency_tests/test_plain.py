"""What is printed of a record: exact, in 80 columns, obeyed by no terminal."""
import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recorded import PAIR, SINGLE

from saliency.plain import heading, neighbor_lines, record_lines
from terminal import width

EXPECTED = '''\
softmax: positive (probability 0.750, calibrated 0.600)
DkNN: negative (conformity 0.750, credibility 0.600, confidence 0.900)
  95 % set: any label
soft DkNN: positive (soft conformity 0.600, credibility 0.700, \
confidence 0.700)
  95 % set: any label

unknown words: film

word                conformity  integrated_gradients
  speaks for          negative              positive
fine                   +0.5000               +0.2500
film                   -0.2500               +0.5000

reduced by conformity to: fine
  without, in this order: film
  probability 0.750 before, 0.700 after

nearest in last: 3 negative, 1 positive
     0.250  positive (row 7, id n5): a film'''


def changed(**parts):
    return {**copy.deepcopy(SINGLE), **parts}


def test_by_hand():
    assert '\n'.join(record_lines(SINGLE)) == EXPECTED
    assert heading(SINGLE) == '17: fine film'


def test_of_a_pair_the_hypothesis_is_scored():
    assert '\n'.join(record_lines(PAIR)) == EXPECTED.replace(
        'a film', 'a man | a film')
    assert heading(PAIR) == '17: a man sleeps | fine film'


def test_of_a_pair_both_are_scored():
    record = copy.deepcopy(PAIR)
    record['methods'] = {'soft': {'target': 1, 'scores': [[1., 2, 3],
                                                          [-.5, .25]]}}
    table = '\n'.join(record_lines(record)).split('\n\n')[2]
    assert table.split('\n') == [
        'word                     soft', '  speaks for         positive',
        'premise:', 'a                     +1.0000',
        'man                   +2.0000', 'sleeps                +3.0000',
        'hypothesis:', 'fine                  -0.5000',
        'film                  +0.2500']


def test_rows_of_the_users_own_table():
    """Nothing in an id is obeyed by a terminal."""
    record = changed()
    near, = record['neighbors'][0]['nearest']
    record['neighbors'][0]['nearest'] = [
        {**near, 'source': {'row': 1234}},
        {**near, 'source': {'row': 5, 'id': 'n\x1b[2J'}}]
    assert neighbor_lines(record)[1:] == [
        '     0.250  positive (row 1234): a film',
        '     0.250  positive (row 5, id n\\x1b[2J): a film']


@pytest.mark.parametrize('error, members, said', [
    (.05, [1], '95 % set: positive'), (.1, [], '90 % set: empty'),
    (.005, [0], '99.5 % set: negative'), (.07, [0], '93 % set: negative'),
    (.3, [1], '70 % set: positive'), (.05, [0, 1], '95 % set: any label')])
def test_sets_at_an_error(error, members, said):
    record = changed(soft=None)
    record['dknn'] |= {'error': error, 'prediction_set': members}
    assert f'  {said}' in record_lines(record)


def test_some_of_the_labels_are_a_set():
    record = changed(label_names=['negative', 'positive', 'neutral'])
    record['dknn']['prediction_set'] = [0, 2]
    assert '  95 % set: negative, neutral' in record_lines(record)


def test_a_score_that_rounds_to_nothing_has_no_sign():
    """-0.00004 and 0.00006, to four decimals."""
    record = changed(methods={'soft': {'target': 1,
                                       'scores': [[-.00004, .00006]]}})
    table = '\n'.join(record_lines(record)).split('\n\n')[2]
    assert [line.split() for line in table.split('\n')[2:]] == [
        ['fine', '0'], ['film', '+0.0001']]


def test_what_is_missing_is_not_spoken_of():
    record = changed(softmax=None, soft=None, known=[[True, True]])
    del record['reduction']
    lines = record_lines(record)
    assert [line.split()[0] for line in lines if line] == [
        'DkNN:', '95', 'word', 'speaks', 'fine', 'film', 'nearest', '0.250']


def test_few_training_texts():
    record = changed()
    near, = record['neighbors'][0]['nearest']
    record['neighbors'][0]['nearest'] = [near] * 5
    assert [sum('  0.250  ' in line for line in record_lines(record, n))
            for n in (None, 2, 9)] == [5, 2, 5]


def test_many_methods_make_several_tables():
    """Each 22 columns and 2 between: two beside the 18 of the words."""
    names = [f'{c * 22}' for c in 'abcde']
    record = changed(methods={name: {'target': 0, 'scores': [[1, 2]]}
                              for name in names})
    heads = [line.split()[1:] for line in record_lines(record)
             if line.startswith('word ')]
    assert heads == [names[:2], names[2:4], names[4:]]


@pytest.mark.parametrize('hostile', [
    '\x1b[31mred', '\u202egnp', '\x9b2J', 'a\nb', '\ud800', 'x' * 300,
    '\u6771' * 90, 'e' + '\u0301' * 200, 'many ' * 60], ids=ascii)
def test_hostile_texts_by_place(hostile):
    record = changed(words=[[hostile, hostile]], known=[[False, False]],
                     label_names=[hostile, f'{hostile}2'])
    record['methods'][hostile] = record['methods'].pop('conformity')
    record['neighbors'][0] |= {'layer': hostile}
    record['neighbors'][0]['nearest'][0]['texts'] = [hostile]
    check(record)
    assert not any(hostile in line for line in [
        *record_lines(record), heading(record)]) or hostile.isprintable()


def check(record):
    for line in [*record_lines(record), heading(record)]:
        assert line.isprintable() and width(line) <= 80, line


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_text_fits(data):
    record, text = changed(), st.text(min_size=1, max_size=100)
    record['words'] = [data.draw(st.lists(text, min_size=2, max_size=2))]
    record['label_names'] = data.draw(st.lists(text, min_size=2, max_size=2))
    record['neighbors'][0]['nearest'][0]['texts'] = [data.draw(text)]
    check(record)


def test_the_gap_between_columns_counts():
    """18 + 4 (2 + 11) leave 10 columns: too few for 2 + 9."""
    record = changed(methods={name: {'target': 0, 'scores': [[1, 2]]}
                              for name in ['a' * 11, 'b' * 11, 'c' * 11,
                                           'd' * 11, 'e']})
    check(record)
    assert len([line for line in record_lines(record)
                if line.startswith('word ')]) == 2
