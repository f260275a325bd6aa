"""Accuracy against coverage."""
import numpy as np
import pytest
from measured import binary, orders

from metrics.confidence import top_label
from metrics.selective import accuracy_coverage


class TestAccuracyCoverage:

    def test_by_hand(self):
        curve = accuracy_coverage([0.8, 0.9, 0.1, 0.8], [0, 1, 0, 1])
        np.testing.assert_array_equal(curve.threshold, [0.9, 0.8, 0.1])
        np.testing.assert_array_equal(curve.coverage, [0.25, 0.75, 1.0])
        np.testing.assert_allclose(curve.accuracy, [1, 2 / 3, 1 / 2])
        # of the two best, 1.5 are right on average over the orders of 0.8
        assert curve.area == pytest.approx((1 + 1.5 / 2 + 2 / 3 + 1 / 2) / 4)

    @pytest.mark.parametrize('score', [
        [3, 2, 1, 1, 1, 0], [0, 0, 1, 1, 1, 1], [5] * 6, [1, 2, 3, 4, 5, 6]])
    def test_area_is_the_mean_over_orders_of_equal_scores(self, score):
        correct = np.array([1, 0, 1, 0, 0, 1])
        areas = []
        for order in orders(score):
            right = np.cumsum(correct[order])
            areas.append(np.mean(right / np.arange(1, 7)))
        assert accuracy_coverage(score, correct).area == pytest.approx(
            np.mean(areas), rel=1e-12)

    def test_order_does_not_matter(self):
        rng = np.random.RandomState(0)
        score, correct = rng.randint(5, size=200), rng.randint(2, size=200)
        order = rng.permutation(200)
        shuffled = accuracy_coverage(score[order], correct[order])
        for a, b in zip(accuracy_coverage(score, correct), shuffled,
                        strict=True):
            np.testing.assert_array_equal(a, b)

    def test_sorting_by_correctness_is_best_and_by_error_worst(self):
        correct = np.array([True] * 3 + [False])
        # right first: (1 + 1 + 1 + 3/4) / 4; wrong first: the orders of the
        # three others do not matter; no information: 3/4 at every size
        assert accuracy_coverage([1, 1, 1, 0], correct).area == 0.9375
        worst = accuracy_coverage([0, 0, 0, 1], correct).area
        assert worst == pytest.approx((0 + 1 / 2 + 2 / 3 + 3 / 4) / 4)
        assert accuracy_coverage([0] * 4, correct).area == 0.75

    def test_takes_the_top_label(self):
        probs, labels = binary([0.9, 0.6], [1, 0])
        assert accuracy_coverage(*top_label(probs, labels)).area == 0.75

    @pytest.mark.parametrize('score,correct,message', [
        ([], [], r'shape \(0, 1\)'),
        ([[0.1, 0.2]], [1], r'score of shape \(1, 2\)'),
        ([np.nan, 0.2], [1, 0], 'score is NaN or infinite in row 0'),
        ([0.1, 0.2], [1], r'correct of shape \(1,\).* 2 scores'),
        ([0.1, 0.2], [1, 2], 'True or False'),
        ([0.1, 0.2], [1, np.nan], 'True or False'),
    ])
    def test_bad_input(self, score, correct, message):
        with pytest.raises(ValueError, match=message):
            accuracy_coverage(score, correct)
