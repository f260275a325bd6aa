"""AUROC, average precision, FPR at a TPR, AURC."""
import numpy as np
import pytest
from hypothesis import given, settings
from measured import marked_scores, orders
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

from metrics.detection import (
    aurc,
    auroc,
    average_precision,
    excess_aurc,
    fpr_at_tpr,
)


def noisy(seed, n=500, share=.3):
    """Distinct scores (n,) that say something of bools (n,)."""
    rng = np.random.default_rng(seed)
    positive = rng.random(n) < share
    return rng.normal(size=n) + positive, positive


def loop_auroc(score, positive):
    wins = [(a > b) + (a == b) / 2 for a in score[positive == 1]
            for b in score[positive == 0]]
    return sum(wins) / len(wins)


def loop_fpr(score, positive, tpr):
    return min(np.mean(score[positive == 0] >= t) for t in score
               if np.mean(score[positive == 1] >= t) >= tpr)


def mean_precision(marks):
    """Average precision of a ranking without ties, from its definition."""
    return np.mean([np.mean(marks[:i + 1]) for i in np.flatnonzero(marks)])


class TestAuroc:

    def test_by_hand(self):
        # .9 and .5 against .5 and .1: 1, 1, 1/2, 1
        assert auroc([.9, .5, .5, .1], [1, 1, 0, 0]) == 3.5 / 4
        assert auroc([.9, .5, .5, .1], [0, 0, 1, 1]) == .5 / 4

    @settings(deadline=None, max_examples=200)
    @given(marked_scores())
    def test_against_all_pairs(self, marked):
        assert auroc(*marked) == pytest.approx(loop_auroc(*marked), abs=1e-13)
        assert auroc(*marked) == pytest.approx(roc_auc_score(*marked[::-1]),
                                               abs=1e-13)

    def test_20_000_scores_against_scikit_learn(self):
        score, positive = noisy(0, 20_000)
        score = score.round(2)
        assert auroc(score, positive) == pytest.approx(
            roc_auc_score(positive, score), rel=1e-12)

    def test_only_the_order_matters(self):
        score, positive = noisy(1)
        assert auroc(np.exp(score), positive) == auroc(score, positive)
        assert auroc(-score, positive) == pytest.approx(
            1 - auroc(score, positive))
        assert auroc(np.zeros(500), positive) == .5
        assert auroc(positive, positive) == 1  # bools are scores, too


class TestAveragePrecision:

    def test_by_hand(self):
        # precision 1/1 and 2/3
        assert average_precision([4, 3, 2, 1], [1, 0, 1, 0]) == pytest.approx(
            5 / 6)
        # the positive one is second or third
        assert average_precision([2, 1, 1], [0, 1, 0]) == pytest.approx(
            (1 / 2 + 1 / 3) / 2)

    @pytest.mark.parametrize('score', [
        [3, 2, 1, 1, 1, 0], [0, 0, 1, 1, 1, 1], [5] * 6, [1, 2, 3, 4, 5, 6],
        [2, 1, 2, 1, 2, 1]])
    @pytest.mark.parametrize('positive', [
        [1, 0, 1, 0, 0, 1], [0, 0, 0, 0, 1, 0], [1] * 6, [1, 1, 0, 0, 0, 0]])
    def test_is_the_mean_over_orders_of_equal_scores(self, score, positive):
        positive = np.array(positive)
        expected = np.mean([mean_precision(positive[order])
                            for order in orders(score)])
        assert average_precision(score, positive) == pytest.approx(
            expected, rel=1e-13)

    def test_without_ties_it_is_that_of_scikit_learn(self):
        score, positive = noisy(2)
        assert average_precision(score, positive) == pytest.approx(
            average_precision_score(positive, score), rel=1e-12)

    def test_many_tied_scores_against_drawn_orders(self):
        score, positive = noisy(3, 200)
        score = score.round()
        rng = np.random.default_rng(0)
        drawn = [mean_precision(positive[np.lexsort((rng.random(200),
                                                     -score))])
                 for _ in range(400)]
        error = np.std(drawn) / np.sqrt(len(drawn))
        assert abs(average_precision(score, positive)
                   - np.mean(drawn)) < 4 * error
        # one threshold for all tied ones gives another figure
        assert abs(average_precision_score(positive, score)
                   - np.mean(drawn)) > 4 * error

    @settings(deadline=None, max_examples=100)
    @given(marked_scores())
    def test_order_does_not_matter_and_range(self, marked):
        score, positive = marked
        value = average_precision(score, positive)
        assert 0 < value <= 1 + 1e-12
        assert average_precision(score[::-1], positive[::-1]) == value


class TestFprAtTpr:

    def test_by_hand(self):
        score, positive = [5, 4, 3, 3, 2, 1], [1, 0, 1, 0, 1, 0]
        # thresholds 5, 4, 3, 2: TPR 1/3, 1/3, 2/3, 1; FPR 0, 1/3, 2/3, 2/3
        for tpr, fpr in ((.3, 0), (1 / 3, 0), (.34, 2 / 3), (.67, 2 / 3),
                         (1, 2 / 3)):
            assert fpr_at_tpr(score, positive, tpr) == fpr

    @pytest.mark.parametrize('n', [20, 40, 60, 100, 140, 1000])
    def test_exactly_95_percent_are_enough(self, n):
        # n positives, highest first, a negative between 95 % and the rest
        score = np.append(np.arange(n)[::-1] + 1., n * .05 + .5)
        assert fpr_at_tpr(score, np.append(np.ones(n), 0)) == 0
        score[-1] += 1
        assert fpr_at_tpr(score, np.append(np.ones(n), 0)) == 1

    def test_a_share_that_rounds_up_when_multiplied(self):
        # 55 of 100 are .55, though .55 * 100 is above 55 in float64
        score = np.append(np.arange(100)[::-1] + 1., 45.5)
        positive = np.append(np.ones(100), 0)
        assert .55 * 100 > 55 and fpr_at_tpr(score, positive, .55) == 0

    @settings(deadline=None, max_examples=200)
    @given(marked_scores())
    def test_against_all_thresholds(self, marked):
        for tpr in (.05, .5, .8, .95, 1):
            assert fpr_at_tpr(*marked, tpr) == loop_fpr(*marked, tpr)

    def test_against_scikit_learn(self):
        score, positive = noisy(4)
        fpr, tpr, _ = roc_curve(positive, score, drop_intermediate=False)
        assert fpr_at_tpr(score, positive) == min(fpr[tpr >= .95])

    @pytest.mark.parametrize('tpr', [0, -.1, 1.01, np.nan, '1', None])
    def test_bad_tpr(self, tpr):
        with pytest.raises(ValueError, match='tpr=.* 0.95 is usual'):
            fpr_at_tpr([1, 2], [0, 1], tpr)


class TestAurc:

    def test_by_hand(self):
        # error rates 0, 1/2, 1/3, 2/4 of the best 1, 2, 3, 4
        assert aurc([4, 3, 2, 1], [1, 0, 1, 0]) == pytest.approx(
            (0 + 1 / 2 + 1 / 3 + 1 / 2) / 4)

    def test_excess_by_hand(self):
        # e = 1/2: AURC less 1/2 + 1/2 ln 1/2
        assert excess_aurc([4, 3, 2, 1], [1, 0, 1, 0]) == pytest.approx(
            1 / 3 - (1 / 2 - np.log(2) / 2))

    @pytest.mark.parametrize('score', [[1, 2, 3], [1, 1, 1]])
    def test_nothing_to_gain_where_all_or_none_are_right(self, score):
        assert (aurc(score, [1] * 3), excess_aurc(score, [1] * 3)) == (0, 0)
        assert (aurc(score, [0] * 3), excess_aurc(score, [0] * 3)) == (1, 0)
        assert excess_aurc([1], [True]) == excess_aurc([1], [False]) == 0

    @pytest.mark.parametrize('n', [5, 10, 1000, 100_000])
    @pytest.mark.parametrize('share', [.2, .6])
    def test_a_perfect_score_has_no_excess_but_that_of_n(self, n, share):
        correct = np.arange(n) >= share * n
        assert 0 <= excess_aurc(correct, correct) <= share / n
        # constant: AURC = e, which exceeds the best by -(1 - e) ln(1 - e)
        assert excess_aurc(np.zeros(n), correct) == pytest.approx(
            -(1 - share) * np.log(1 - share))

    @settings(deadline=None, max_examples=200)
    @given(marked_scores())
    def test_against_the_best_score(self, marked):
        score, correct = marked
        excess = excess_aurc(score, correct)
        assert 0 <= excess_aurc(correct, correct) <= excess + 1e-12
        assert aurc(score, correct) == pytest.approx(
            np.mean([np.mean(1 - expected) for expected in _tops(
                score, correct)]), abs=1e-12)
        assert excess <= 1


def _tops(score, correct):
    """The best 1, ..., n; of tied ones each is the mean of them."""
    means = np.array([correct[score == value].mean() for value in score])
    order = np.argsort(-score)
    return [means[order[:i]] for i in range(1, len(score) + 1)]


@pytest.mark.parametrize('measure', [
    auroc, average_precision, fpr_at_tpr, aurc, excess_aurc])
class TestAll:

    @pytest.mark.parametrize('score,positive,message', [
        ([], [], 'at least one'),
        ([[.1, .2]], [1], r'score of shape \(1, 2\)'),
        ([np.nan, .2], [1, 0], 'score is NaN or infinite in row 0'),
        ([.1, np.inf], [1, 0], 'score is NaN or infinite in row 1'),
        ([.1, .2], [1], r'(positive|correct) of shape \(1,\).* 2 scores'),
        ([.1, .2], [1, 2], 'True or False'),
        ([.1, .2], [1, np.nan], 'True or False'),
        (['a', 'b'], [1, 0], 'real numbers'),
        ([1j, 2], [1, 0], 'real numbers'),
    ])
    def test_bad_input(self, measure, score, positive, message):
        with pytest.raises(ValueError, match=message):
            measure(score, positive)

    def test_input_is_left_alone_and_every_real_dtype_taken(self, measure):
        score, positive = noisy(5, 50)
        score = score.round(1).astype(np.float32)
        kept = score.copy(), positive.copy()
        value = measure(score, positive)
        assert isinstance(value, float)
        assert measure(score.tolist(), positive.astype(np.uint8)) == value
        np.testing.assert_array_equal(score, kept[0])
        np.testing.assert_array_equal(positive, kept[1])


@pytest.mark.parametrize('positive', [[0, 0], [1, 1]])
@pytest.mark.parametrize('measure', [auroc, fpr_at_tpr])
def test_one_class_alone(measure, positive):
    with pytest.raises(ValueError, match='of 2 examples .* leave this set'):
        measure([1, 2], positive)


def test_average_precision_needs_a_positive():
    with pytest.raises(ValueError, match='none of 2 examples is positive'):
        average_precision([1, 2], [0, 0])
