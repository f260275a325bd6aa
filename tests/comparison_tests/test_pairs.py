"""Who is compared with whom, and on which texts runs differ, by hand."""
import compat  # noqa: F401  (before Chainer)

import numpy as np
import pytest
from made_members import line, member

from comparison import pairs, texts
from evaluation import tables


def test_each_run_with_the_first_on_its_texts():
    lines = [line(0, 0), line(1, 0), line(1, 1), line(1, 1)]
    better = [line(0, 0), line(1, 1, softmax=0), line(1, 1), line(1, 0)]
    found = pairs.compared([
        member('A', lines, 'wxyz'), member('B', lines, 'abcd'),
        member('C', better, 'wxyz'), member('D', better, 'abcd'),
        member('E', lines, 'wxyz'), member('F', lines, '1234')])
    assert [(pair.a, pair.b) for pair in found[::3]] == [
        ('A', 'C'), ('B', 'D'), ('A', 'E')]
    softmax, dknn, soft = found[:3]
    assert [pair.predictor for pair in found[:3]] == ['softmax', 'dknn',
                                                      'soft']
    # A is right on 1, 3, 4; C as DkNN on 1, 2, 3, as softmax on 1, 3
    assert dknn.found[1:] == (2, 1, 1, 0, 1.)
    assert dknn.found.difference.value == 0
    assert softmax.found[1:] == (2, 1, 0, 1, 1.)
    assert softmax.found.difference.value == .25
    assert found[-1].found.difference == (0, 0, 0)
    text = tables.as_text(pairs.table_of(found))
    assert '  A - C: softmax' in text and '  A - E: soft DkNN' in text
    assert pairs.shown_cells(softmax)[0].startswith('+0.250 [')
    assert pairs.shown_cells(softmax)[1:] == ['1', '0', '1.000']


def test_no_pair_without_common_texts():
    assert pairs.compared([member('A', [], 'ab'), member('B', [], 'ba')]) == []


@pytest.mark.parametrize('value, shown', [
    (1., '1.000'), (.0234, '0.023'), (.001, '0.001'), (.00099, '< 0.001')])
def test_p_values(value, shown):
    assert pairs.shown_p(value) == shown


def differing():
    """Labels and conformity of three runs on five texts."""
    said = [[(0, .5, .5), (0, .9, .1), (0, .6, .4), (1, .2, .8), (0, 1, 0)],
            [(0, .5, .5), (0, .5, .5), (1, .4, .6), (1, .2, .8), (1, 0, 1)],
            [(0, .5, .5), (0, .9, .1), (1, .3, .7), (1, .1, .9), (0, 1, 0)]]
    return [member(letter, [line(0, label, conformity=shares)
                            for label, *shares in own])
            for letter, own in zip('ABC', said, strict=True)]


def test_differences_by_hand():
    found = texts.differences(differing(), 'soft')
    assert found.differ.tolist() == [False, False, True, False, True]
    # the largest of |p - q| of two runs: with two labels half the sum of
    # both is one of them
    np.testing.assert_allclose(found.distance, [0, .4, .3, .1, 1])
    assert found.farthest.tolist() == [1, 1, 2, 2, 1]
    # softmax says the same of all texts here
    assert not texts.differences(differing(), 'softmax').distance.any()


def test_order_and_limit():
    found = texts.differences(differing(), 'dknn')
    # labels differ on 4 and 2; then .4, .1, 0
    assert texts.most_different(found, 9) == [4, 2, 1, 3, 0]
    assert texts.most_different(found, 3) == [4, 2, 1]


def test_which_runs_are_explained():
    runs = differing()
    found = texts.differences(runs, 'dknn')
    assert texts.explained_runs(found, 2) == [0, 1, 2]  # three are few
    found = texts.differences([runs[0], runs[2], runs[1], runs[2]], 'dknn')
    assert texts.explained_runs(found, 2) == [0, 1]
    assert texts.explained_runs(found, 4) == [0, 2]  # who says otherwise
    assert texts.explained_runs(found, 1) == [0, 2]  # all agree: farthest
    assert texts.explained_runs(found, 0) == [0, 1]
