"""Rankings whose scores tie."""
import collections
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import mean_squared_error

from metrics.ranks import (
    expected_hits,
    hits_by_score,
    kendall,
    ranking,
    spearman,
)

FEW_VALUES = st.lists(st.tuples(st.integers(-2, 2), st.integers(-2, 2)),
                      min_size=1, max_size=12)


class TestHits:

    def test_by_hand(self):
        score, seen, hits = hits_by_score(
            np.array([.5, .9, .5, .1, .5]), np.array([1., 0., 0., 1., 1.]))
        np.testing.assert_array_equal(score, [.9, .5, .1])
        np.testing.assert_array_equal(seen, [1, 4, 5])
        np.testing.assert_array_equal(hits, [0, 2, 3])
        # two hits spread over ranks 2, 3, 4
        np.testing.assert_allclose(
            expected_hits(np.arange(6), seen, hits), [0, 0, 2 / 3, 4 / 3, 2,
                                                      3])

    def test_zero_has_no_sign(self):
        assert len(hits_by_score(np.array([0., -0.]), np.ones(2))[0]) == 1


class TestRanking:

    def test_highest_first(self):
        np.testing.assert_array_equal(
            ranking([.1, -3, .7, .2], seed=0), [2, 3, 0, 1])

    def test_ties_come_in_every_order_equally_often(self):
        counts = collections.Counter(
            tuple(ranking([1, 5, 1, 0, 1], seed)) for seed in range(3000))
        assert counts.keys() == {(1, *tied, 3)
                                 for tied in itertools.permutations([0, 2, 4])}
        # 500 expected of each, standard deviation 20.4
        assert max(abs(count - 500) for count in counts.values()) < 90

    def test_the_same_scores_have_the_same_order_whatever_came_before(self):
        scores = np.zeros(40)
        first = ranking(scores, 3)
        ranking(np.arange(7), 3)
        np.random.random(5)
        np.testing.assert_array_equal(first, ranking(scores.tolist(), 3))
        assert (first != ranking(scores, 4)).any()
        assert (first != np.arange(40)).any()

    def test_methods_that_tie_the_same_words_rank_them_the_same_way(self):
        a, b = np.zeros(30), np.ones(30)
        a[3], b[3], b[9] = 5, 9, 0
        order_a, order_b = ranking(a, 0), ranking(b, 0)
        assert order_a[0] == order_b[0] == 3 and order_b[-1] == 9
        np.testing.assert_array_equal(
            order_a[order_a != 9], order_b[:-1])

    def test_the_number_of_the_text_beside_the_seed_tells_texts_apart(self):
        texts = {tuple(ranking(np.zeros(20), (0, i))) for i in range(50)}
        assert len(texts) == 50
        np.testing.assert_array_equal(
            ranking(np.zeros(9), 2), ranking(np.zeros(9), [2]))

    @pytest.mark.parametrize('seed', [-1, 1.5, None, 'a', (0, -1), [[1]]])
    def test_bad_seed(self, seed):
        with pytest.raises(ValueError, match='seed=.* 0 will do'):
            ranking([1, 2], seed)

    @pytest.mark.parametrize('scores', [[], [[1, 2]], [1, np.nan], ['a'], 3])
    def test_bad_scores(self, scores):
        with pytest.raises(ValueError, match='scores'):
            ranking(scores, 0)


def loop_kendall(a, b):
    """Tau-b from its definition, pair by pair."""
    agree = only_a = only_b = 0
    for (a1, b1), (a2, b2) in itertools.combinations(
            zip(a, b, strict=True), 2):
        sign_a, sign_b = np.sign(a1 - a2), np.sign(b1 - b2)
        agree += sign_a * sign_b
        only_a, only_b = only_a + sign_a ** 2, only_b + sign_b ** 2
    return agree / np.sqrt(only_a * only_b)


def mean_ranks(a):
    return np.array([np.mean([i for i, value in enumerate(sorted(a))
                              if value == own]) for own in a])


def loop_spearman(a, b):
    """Of mean ranks in units of their deviation: 1 - half their distance."""
    a, b = [(ranks - ranks.mean()) / ranks.std()
            for ranks in (mean_ranks(a), mean_ranks(b))]
    return 1 - mean_squared_error(a, b) / 2


@pytest.mark.parametrize('measure,loop', [
    (kendall, loop_kendall), (spearman, loop_spearman)])
class TestCorrelation:

    @settings(deadline=None, max_examples=100)
    @given(FEW_VALUES)
    def test_against_the_definition(self, measure, loop, pairs):
        a, b = np.array(pairs).T
        if len(set(a)) == 1 or len(set(b)) == 1:
            assert np.isnan(measure(a, b))
        else:
            assert measure(a, b) == pytest.approx(loop(a, b), abs=1e-12)
            assert measure(a, b) == pytest.approx(measure(b, a), abs=1e-12)

    def test_ends(self, measure, loop):
        a = [1e308, .1, -1e308, .2]
        assert measure(a, np.arctan(a)) == pytest.approx(1)
        assert measure(a, -np.arctan(a)) == pytest.approx(-1)
        assert measure([1, 2], [5, 4]) == pytest.approx(-1)
        assert isinstance(measure(a, a), float)

    def test_a_single_word_or_constant_scores_have_none(self, measure, loop):
        assert np.isnan(measure([1], [2]))
        assert np.isnan(measure([1, 1, 1], [1, 2, 3]))
        assert np.isnan(measure([1, 2, 3], [0, 0, -0.]))

    @pytest.mark.parametrize('a,b,message', [
        ([1, 2], [1, 2, 3], 'a has 2 values and b 3'),
        ([1, np.nan], [1, 2], 'a is NaN or infinite in row 1'),
        ([1, 2], [np.inf, 2], 'b is NaN or infinite in row 0'),
        ([], [], 'at least one'),
        ([[1, 2]], [1, 2], r'a of shape \(1, 2\)'),
    ])
    def test_bad_input(self, measure, loop, a, b, message):
        with pytest.raises(ValueError, match=message):
            measure(a, b)


def test_kendall_by_hand():
    # pairs of (1, 1), (2, 3), (3, 2): two agree, one does not
    assert kendall([1, 2, 3], [1, 3, 2]) == pytest.approx(1 / 3)
    # 1 - 6 * (0 + 1 + 1) / (3 * 8)
    assert spearman([1, 2, 3], [1, 3, 2]) == pytest.approx(1 / 2)
