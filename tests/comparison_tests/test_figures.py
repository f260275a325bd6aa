"""Figures of groups of runs, by hand."""
import compat  # noqa: F401  (before Chainer)

import pytest
from made_members import member

from comparison import figures, names
from evaluation import tables


def test_mean_and_sample_deviation_by_hand():
    # mean (1 + 2 + 6) / 3 = 3, deviation sqrt((4 + 1 + 9) / 2) = sqrt(7)
    assert figures.spread([1., 2., 6.]) == pytest.approx((3, 7 ** .5))
    assert figures.spread([.25]) == (.25, None)
    assert figures.spread([.25, None]) is None


def test_seeds_are_one_row():
    found = figures.grouped([
        member('A', accuracy=.8, last=.5), member('B', model='bow', nll=None),
        member('C', seed=1, accuracy=.9, last=.75)])
    assert [(group.name, group.letters) for group in found] == [
        ('TREC, cnn', 'AC'), ('TREC, bow', 'B')]
    accuracy = found[0].figures['accuracy']
    # half of the squared difference .1 is a variance of .005
    assert accuracy['softmax'] == pytest.approx((.85, .005 ** .5))
    assert accuracy['DkNN, last layer'] == pytest.approx((.625, .03125 ** .5))
    assert found[1].figures['accuracy']['DkNN, last layer'] is None
    assert found[1].figures['nll'] == {
        'softmax': None, 'DkNN': None, 'soft DkNN': None}
    assert found[0].figures['credibility'] == {
        'right': (pytest.approx(.6), 0), 'wrong': None}


def test_tables_show_mean_and_deviation():
    found = figures.tables_of(figures.grouped([
        member('A', accuracy=.8), member('B', seed=1, accuracy=.9),
        member('C', model='bow', nll=None)]))
    assert [table.name for table in found] == list(figures.TABLES)
    text = tables.as_text(found[0])
    # nobody knows the last layer
    assert text.splitlines()[1].split('  ')[-1] == 'DkNN agrees with softmax'
    assert 'last layer' not in text
    assert 'TREC, cnn     2  0.850 ± 0.071' in text
    assert 'TREC, bow     1          0.500' in text
    assert r'0.850 $\pm$ 0.071' in tables.as_latex(found[0])
    assert tables.as_text(found[1]).splitlines()[3].split()[-3:] == ['-'] * 3


def test_settings_that_differ_are_named():
    runs = [member('A'), member('B', seed=1), member('C', dropout=.4),
            member('D', model='bow', dropout=.3),
            member('E', word_vectors='glove.txt', char_based=True)]
    assert names.group_names(runs) == [
        'TREC, cnn, dropout 0.1, no word-vectors, no char-based',
        'TREC, cnn, dropout 0.1, no word-vectors, no char-based',
        'TREC, cnn, dropout 0.4, no word-vectors, no char-based',
        'TREC, bow', 'TREC, cnn, dropout 0.1, word-vectors glove.txt, '
        'char-based']
    assert names.run_names(runs)[3] == 'D bow, seed 0'


@pytest.mark.parametrize('settings, expected', [
    ([{}, {'model': 'bow'}], ['A cnn', 'B bow']),
    ([{}, {'seed': 1}], ['A seed 0', 'B seed 1']),
    ([{}, {'dataset': 'subj'}], ['A TREC', 'B subj']),
    ([{}, {'dropout': .2}], ['A dropout 0.1', 'B dropout 0.2']),
    ([{}, {}], ['A', 'B'])])
def test_short_names_say_what_differs(settings, expected):
    assert names.run_names([member(letter, **own) for letter, own in zip(
        'AB', settings, strict=True)]) == expected


def test_own_data_of_one_name_are_not_mixed(tmp_path):
    """By their path, whatever folder they are seen from."""
    for place in 'xy':
        (tmp_path / place).mkdir()
        (tmp_path / place / 'own.csv').touch()
    paths = [tmp_path / 'x' / 'own.csv', tmp_path / 'y' / 'own.csv',
             tmp_path / 'y' / '..' / 'x' / 'own.csv']
    kinds = [names._kind(member('A', dataset=str(path))) for path in paths]
    assert kinds[0] == kinds[2] != kinds[1]
    assert names._shown(kinds[1]) == ('own', 'cnn')
