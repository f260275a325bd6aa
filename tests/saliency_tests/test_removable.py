"""Which positions of a text are scored, said and not guessed."""
import numpy as np
import pytest

from errors import ArgumentError
from saliency import attribution, variants
from saliency.attribution import Loss

BERT = ['[CLS]', 'a', 'fine', 'film', '[SEP]']


def loss(removable):
    """Linear: word i of both texts has the score e_i, here 1, 2, 3, ..."""
    e = np.arange(1., 6)[:, None]
    lengths = np.array([3, 2])
    return Loss(lambda at: np.zeros(2), lambda at: [-np.ones((5, 1))],
                [(e, lengths)], removable)


@pytest.mark.parametrize('score', [
    attribution.gradient_times_input,
    lambda at: attribution.integrated_gradients(at, 2).scores,
    lambda at: attribution.smoothgrad(at, 2)])
def test_gradients_score_what_is_asked_for(score):
    """Without `removable` the last of each text, 3 and 5, has no score."""
    lists = lambda removable: [  # noqa: E731
        part.tolist() for part in score(loss(removable))[0]]
    assert lists(None) == [[1, 2], [4]]
    assert lists([[[0, 2], [1]]]) == [[1, 3], [5]]
    assert lists([[[], [0, 1]]]) == [[], [4, 5]]


def test_random_scores_of_a_last_word():
    ids = [np.array([5, 6, 7])]
    usual, = attribution.random_scores(ids)
    all_of_it, = attribution.random_scores(ids, removable=[[0, 1, 2]])
    assert len(usual) == 2 and len(all_of_it) == 3
    assert all_of_it[:2].tolist() == usual.tolist()
    assert attribution.random_scores(ids, removable=[[2]])[0] == all_of_it[2]


def test_reduction_keeps_what_may_not_be_removed():
    """101 a b c 102: importance is the id; 7 and 8 go, 101 and 102 stay.

    The prediction is whether 9 is there, so it never changes here.
    """
    tokens = np.array([101, 7, 9, 8, 102])
    steps = attribution.input_reduction(
        lambda ids: ids[1:-1], lambda texts: [9 in ids for ids in texts],
        tokens, removable=[1, 2, 3])
    assert [step.removed for step in steps] == [-1, 1, 3]
    assert steps[-1].tokens.tolist() == [101, 9, 102]


def test_reduction_can_remove_the_last_word():
    steps = attribution.input_reduction(
        lambda ids: ids, lambda texts: [1] * len(texts),
        np.array([3, 2, 1]), removable=[0, 1, 2])
    assert [step.removed for step in steps] == [-1, 2, 1]


@pytest.mark.parametrize('wrong', [
    [[1, 0]], [[0, 0]], [[-1]], [[3]], [[0], [1]], [[[0]]]])
def test_wrong_positions(wrong):
    with pytest.raises(ArgumentError, match='removable'):
        attribution.scored_positions(wrong, [3])


def test_without_each():
    """[CLS] and [SEP] stay in all variants, the last word goes, too."""
    chosen = variants.removable_positions([BERT, ['[CLS]', '[SEP]']],
                                          {'[CLS]', '[SEP]'})
    assert chosen == [[1, 2, 3], []]
    found, counts, positions = variants.without_each(
        [BERT, ['[CLS]', '[SEP]']], chosen)
    assert found == [['[CLS]', 'fine', 'film', '[SEP]'],
                     ['[CLS]', 'a', 'film', '[SEP]'],
                     ['[CLS]', 'a', 'fine', '[SEP]']]
    assert (counts.tolist(), positions.tolist()) == ([3, 0], [1, 2, 3])
    every, counts, positions = variants.without_each([['a', 'b']])
    assert every == [['b'], ['a']] and positions.tolist() == [0, 1]
    assert variants.without_each([])[0] == []
