"""What leaves with a word: neighbours, and word by word the text."""
import numpy as np
import pytest

from saliency import attribution

WEIGHTS = np.array([0., 1., 2., -4., .5])  # of each id; 0 is <eos>


def additive(texts):
    """A toy score: the sum of the words' weights, (m,)."""
    return np.array([WEIGHTS[tokens].sum() for tokens in texts])


def as_arrays(texts):
    return [np.asarray(tokens).tolist() for tokens in texts]


def test_neighbor_changes_by_hand():
    # Layer 0: 5 goes and 1 comes; layer 1: only the order changes; layer 2:
    # all three are others.
    changes = attribution.neighbor_changes(
        np.array([[3, 5, 9], [4, 2, 8], [7, 1, 0]]),
        np.array([[9, 1, 3], [8, 4, 2], [6, 5, 3]]))
    assert [(c.left.tolist(), c.came.tolist()) for c in changes] == [
        ([5], [1]), ([], []), ([0, 1, 7], [3, 5, 6])]


def test_neighbor_changes_need_the_same_layers():
    with pytest.raises(ValueError):
        attribution.neighbor_changes([[1], [2]], [[1]])


# ---------------------------------------------------------- input reduction

def weight_of_word(tokens):
    return WEIGHTS[tokens[:-1]]


def is_positive(texts):
    return (additive(texts) > 0).astype(int)


def reduce(tokens, **options):
    return attribution.input_reduction(weight_of_word, is_positive,
                                    np.array(tokens), **options)


def test_input_reduction_by_hand():
    # Weights 1, -4, 2, .5, 2, sum 1.5: -4 goes first, then .5, 1, and of
    # the two 2s the first; the last one is all that is needed.
    steps = reduce([1, 3, 2, 4, 2, 0])
    assert [step.removed for step in steps] == [-1, 1, 3, 0, 2]
    assert as_arrays(step.tokens for step in steps) == [
        [1, 3, 2, 4, 2, 0], [1, 2, 4, 2, 0], [1, 2, 2, 0], [2, 2, 0], [2, 0]]


def test_input_reduction_stops_before_the_label_changes():
    # Weights -4, 1, sum -3: negative.  The lowest, -4, is what makes it so.
    assert [step.removed for step in reduce([3, 1, 0])] == [-1]
    # By importance for the negative label, 1 goes, and -4 stays.
    steps = attribution.input_reduction(
        lambda tokens: -weight_of_word(tokens), is_positive, [3, 1, 0])
    assert [step.removed for step in steps] == [-1, 1]
    assert steps[-1].tokens.tolist() == [3, 0]


@pytest.mark.parametrize('min_words, left', [(1, 1), (2, 2), (4, 4), (9, 5)])
def test_input_reduction_keeps_the_fewest_words_allowed(min_words, left):
    steps = reduce([1, 3, 2, 4, 2, 0], min_words=min_words)
    assert len(steps[-1].tokens) - 1 == left


def test_input_reduction_asks_again_after_every_step():
    # A word's importance is its distance from the middle: it moves.
    def importance(tokens):
        n = len(tokens) - 1
        return -abs(np.arange(n) - (n - 1) / 2)

    steps = attribution.input_reduction(
        importance, lambda texts: np.zeros(len(texts), int), np.arange(5))
    # Words 0 1 2 3: ends first, of equal ones the left: 0; then of 1 2 3
    # again the left, 1; then 2.
    assert [step.removed for step in steps[1:]] == [0, 1, 2]


@pytest.mark.parametrize('seed', range(5))
def test_input_reduction_along_the_way(seed):
    tokens = np.append(np.random.default_rng(seed).integers(1, 5, 12), 0)
    steps = reduce(tokens)
    label = is_positive([tokens])[0]
    sizes = [len(step.tokens) for step in steps]
    assert sizes == list(range(13, 13 - len(steps), -1)) and sizes[-1] >= 2
    assert (is_positive([step.tokens for step in steps]) == label).all()
    removed = [step.removed for step in steps[1:]]
    assert len(set(removed)) == len(removed)
    np.testing.assert_array_equal(np.delete(tokens, removed),
                                  steps[-1].tokens)
    if sizes[-1] > 2:  # one more would have changed the label
        i = np.argmin(weight_of_word(steps[-1].tokens))
        assert is_positive([np.delete(steps[-1].tokens, i)])[0] != label


def test_input_reduction_of_nothing():
    assert [step.removed for step in reduce([0])] == [-1]


@pytest.mark.parametrize('min_words', [0, -1])
def test_input_reduction_leaves_a_word(min_words):
    with pytest.raises(ValueError, match=f'min_words={min_words} is below 1'):
        reduce([1, 0], min_words=min_words)
