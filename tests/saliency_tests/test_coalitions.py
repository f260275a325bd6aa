"""Shapley values by sampling, of values that can be solved by hand."""
import numpy as np
import pytest

from saliency import coalitions


def as_arrays(texts):
    return [np.asarray(scores).tolist() for scores in texts]


@pytest.mark.parametrize('n, n_sizes, sizes', [
    # 1 + (n - 1) (1/8, 3/8, 5/8, 7/8), rounded
    (9, 4, [2, 4, 6, 8]), (8, 4, [2, 4, 5, 7]), (2, 4, [1, 2]), (1, 4, [1]),
    (9, 1, [5]), (3, 100, [1, 2, 3])])
def test_sizes_of_coalitions(n, n_sizes, sizes):
    found = coalitions.drawn(np.arange(n + 1), n_sizes)
    assert sorted({len(part.members) for part in found}) == sizes
    for size in sizes:
        counted = np.concatenate([
            part.members[part.counted] for part in found
            if len(part.members) == size])
        assert sorted(counted.tolist()) == list(range(n))
    for part in found:
        assert (np.diff(part.members) > 0).all()


def test_coalitions_depend_on_the_text_and_the_seed():
    def members(tokens, seed=0):
        return [part.members.tolist() for part in coalitions.drawn(
            np.array(tokens), seed=seed)]

    assert members([5, 6, 7, 8, 9, 0]) == members([5, 6, 7, 8, 9, 0])
    assert members([5, 6, 7, 8, 9, 0]) != members([5, 6, 7, 8, 4, 0])
    assert members([5, 6, 7, 8, 9, 0]) != members([5, 6, 7, 8, 9, 0], 1)
    assert coalitions.drawn(np.array([0])) == []


def test_shapley_values_of_pairs_that_interact():
    """v(S) = sum of a_i + sum of b_ij over pairs in S: word i has the
    Shapley value a_i + half of its b_ij."""
    rng = np.random.default_rng(0)
    n = 7
    a, b = rng.standard_normal(n), np.triu(rng.standard_normal((n, n)), 1)

    def value(members):
        return a[members].sum() + b[np.ix_(members, members)].sum()

    found = []
    for seed in range(400):
        parts = coalitions.drawn(np.arange(n + 1), seed=seed)
        drops = [np.array([value(part.members)
                           - value(np.delete(part.members, i))
                           for i in range(len(part.members))])
                 for part in parts]
        found.append(coalitions.mean_contributions([parts], drops)[0])
    expected = a + (b + b.T).sum(axis=1) / 2
    error = np.std(found, axis=0) / 400 ** .5
    assert (abs(np.mean(found, axis=0) - expected) < 4 * error).all()
    # leaving words out of the whole text counts each b_ij in full
    assert abs(a + (b + b.T).sum(axis=1) - expected).max() > 8 * error.max()


def test_mean_contributions_by_hand():
    # Word 1 counts twice: (2 + 4) / 2; word 0 once, not where it only fills.
    parts = [coalitions.Coalition(np.array([0, 1]), np.array([True, True])),
             coalitions.Coalition(np.array([0, 1]), np.array([False, True]))]
    found = coalitions.mean_contributions(
        [parts, []], [np.array([1., 2.]), np.array([9., 4.])])
    assert as_arrays(found) == [[1., 3.], []]
