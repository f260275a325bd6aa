import itertools
import json
import pathlib
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import log_softmax
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss, log_loss

import calibration
from calibration import (
    accuracy_coverage,
    brier_score,
    calibration_report,
    expected_calibration_error,
    fit_temperature,
    maximum_calibration_error,
    negative_log_likelihood,
    reliability_curve,
    softmax,
    top_label,
)

ROOT = pathlib.Path(calibration.__file__).parent
MEASURES = [negative_log_likelihood, brier_score, top_label,
            reliability_curve, expected_calibration_error,
            maximum_calibration_error, calibration_report]


def binary(confidence, correct):
    """Two-class probabilities with these confidences; class 1 predicted."""
    confidence = np.asarray(confidence, dtype=np.float64)
    return (np.stack([1 - confidence, confidence], axis=1),
            np.asarray(correct, dtype=np.int64))


def noisy_logits(seed, n=300, n_class=4, scale=3.0):
    """Logits (n, C) whose softmax(z / scale) draws the labels."""
    rng = np.random.RandomState(seed)
    logits = rng.normal(size=(n, n_class)) * 1.5
    gumbel = rng.gumbel(size=(n, n_class))
    return logits * scale, (logits + gumbel).argmax(axis=1)


def reference_nll(logits, labels, temperature):
    rows = log_softmax(np.asarray(logits, np.float64) / temperature, axis=1)
    return -np.mean([row[y] for row, y in zip(rows, labels, strict=True)])


def loop_errors(probs, labels, n_bins):
    """ECE and MCE straight from the definition, one example at a time."""
    total, largest = 0.0, 0.0
    for m in range(n_bins):
        gaps = []
        for row, label in zip(probs, labels, strict=True):
            if m / n_bins < max(row) <= (m + 1) / n_bins:
                right = list(row).index(max(row)) == label
                gaps.append(float(right) - max(row))
        total += abs(sum(gaps)) / len(labels)
        largest = max(largest, abs(sum(gaps)) / max(len(gaps), 1))
    return total, largest


@st.composite
def predictions(draw):
    """Probabilities with many ties, zeros and ones, and labels."""
    n_class = draw(st.integers(1, 5))
    rows = draw(st.lists(
        st.lists(st.integers(0, 4), min_size=n_class, max_size=n_class)
        .filter(any), min_size=1, max_size=30))
    labels = draw(st.lists(st.integers(0, n_class - 1), min_size=len(rows),
                           max_size=len(rows)))
    counts = np.array(rows)
    return counts / counts.sum(axis=1, keepdims=True), np.array(labels)


class TestSoftmax:

    def test_by_hand(self):
        # z / 2 = (0, ln 3): odds 1 to 3
        probs = softmax([[0.0, 2 * np.log(3)]], temperature=2)
        np.testing.assert_allclose(probs, [[0.25, 0.75]], rtol=1e-15)

    def test_default_temperature_is_one(self):
        np.testing.assert_allclose(
            softmax([[0.0, np.log(3)]]), [[0.25, 0.75]], rtol=1e-15)

    def test_float32_is_computed_in_float64(self):
        logits = np.random.RandomState(0).normal(size=(5, 3))
        logits = logits.astype(np.float32)
        expected = np.exp(log_softmax(logits.astype(np.float64), axis=1))
        assert softmax(logits).dtype == np.float64
        np.testing.assert_allclose(softmax(logits), expected, rtol=1e-14)

    @pytest.mark.filterwarnings('error')
    @pytest.mark.parametrize('logits', [
        [[1e308, -1e308]], [[1000.0, 0.0]], [[-1e5, -2e5]]])
    def test_huge_logits(self, logits):
        np.testing.assert_array_equal(softmax(logits, 0.01), [[1.0, 0.0]])

    def test_input_is_left_alone(self):
        logits = np.array([[1.0, 2.0]])
        softmax(logits, 3.0)
        np.testing.assert_array_equal(logits, [[1.0, 2.0]])

    @pytest.mark.parametrize(
        'temperature', [0, -1.0, np.nan, np.inf, '2', None, [1.0, 2.0]])
    def test_bad_temperature(self, temperature):
        with pytest.raises(ValueError, match='temperature=.* above 0'):
            softmax([[1.0, 2.0]], temperature)


class TestFitTemperature:

    def test_by_hand(self):
        # Three right of four at a logit gap of 2: the NLL is least where
        # sigmoid(2 / T) = 3/4, that is 2 / T = ln 3.
        fitted = fit_temperature([[2.0, 0.0]] * 4, [0, 0, 0, 1])
        assert fitted == pytest.approx(2 / np.log(3), rel=1e-6)

    @pytest.mark.parametrize('dtype', [np.float32, np.float64])
    @pytest.mark.parametrize('n_class,scale', [(2, 0.3), (4, 3.0), (6, 20.)])
    def test_against_grid_search(self, dtype, n_class, scale):
        logits, labels = noisy_logits(n_class, n_class=n_class, scale=scale)
        logits = logits.astype(dtype)
        grid = np.exp(np.linspace(np.log(0.01), np.log(100), 1001))
        nll = [reference_nll(logits, labels, t) for t in grid]
        fitted = fit_temperature(logits, labels)
        assert reference_nll(logits, labels, fitted) <= min(nll) + 1e-13
        assert abs(np.log(fitted / grid[np.argmin(nll)])) <= np.log(1e4) / 1e3

    @pytest.mark.parametrize('seed', range(3))
    def test_against_minimize_from_several_starts(self, seed):
        logits, labels = noisy_logits(seed)
        fitted = fit_temperature(logits, labels)
        for start in (0.5, 2.0, 8.0):
            best = minimize(
                lambda x: reference_nll(logits, labels, np.exp(x[0])),
                [np.log(start)], method='Nelder-Mead',
                options={'xatol': 1e-9, 'fatol': 1e-15})
            assert fitted == pytest.approx(np.exp(best.x[0]), rel=1e-5)

    def test_recovers_the_scale_that_drew_the_labels(self):
        logits, labels = noisy_logits(0, n=20000, scale=3.14)
        assert fit_temperature(logits, labels) == pytest.approx(3.14, rel=.03)

    @pytest.mark.parametrize('factor', [0.1, 3.14, 12.0])
    def test_scaled_logits_scale_the_temperature(self, factor):
        logits, labels = noisy_logits(1)
        assert fit_temperature(logits * factor, labels) == pytest.approx(
            fit_temperature(logits, labels) * factor, rel=1e-5)

    def test_shifted_rows_change_nothing(self):
        logits, labels = noisy_logits(2)
        shift = np.random.RandomState(0).normal(size=(len(labels), 1)) * 1e3
        assert fit_temperature(logits + shift, labels) == pytest.approx(
            fit_temperature(logits, labels), rel=1e-6)

    @pytest.mark.parametrize('gap', [1e-300, 1.0, 1e4, 1e308])
    def test_separable_logits_give_the_lower_bound(self, gap):
        logits = [[gap, 0.0], [0.0, gap], [0.0, 0.0]]
        assert fit_temperature(logits, [0, 1, 1]) == 0.01

    def test_all_wrong_gives_the_upper_bound(self):
        assert fit_temperature([[3.0, 0.0], [0.0, 3.0]], [1, 0]) == 100.0

    @pytest.mark.parametrize('factor,bound', [(1e-6, 0.01), (1e6, 100.0)])
    def test_best_beyond_a_bound_gives_the_bound(self, factor, bound):
        logits, labels = noisy_logits(3)
        assert fit_temperature(logits * factor, labels) == bound

    @pytest.mark.parametrize('logits', [
        [[0.0, 0.0]], [[5.0] * 3, [-1e300] * 3], [[7.0], [-2.0]]])
    def test_constant_rows_leave_one(self, logits):
        assert fit_temperature(logits, [0] * len(logits)) == 1.0

    @pytest.mark.parametrize('label,expected', [(2, 0.01), (0, 100.0)])
    def test_one_example(self, label, expected):
        assert fit_temperature([[0.0, 1.0, 2.0]], [label]) == expected

    def test_one_example_in_between(self):
        # For label 1 of (0, 1, -5) the derivative in b = 1 / T of
        # log(1 + e^-b + e^-6b) + 0 is negative throughout: lower bound.  For
        # label 0 of (0, 1, -5), log(1 + e^b + e^-5b): e^b = 5 e^-5b, so
        # b = ln(5) / 6.
        fitted = fit_temperature([[0.0, 1.0, -5.0]], [0])
        assert fitted == pytest.approx(6 / np.log(5), rel=1e-6)
        assert fit_temperature([[0.0, 1.0, -5.0]], [1]) == 0.01

    def test_all_labels_of_one_class(self):
        # All but the third predicted right: still an interior minimum.
        # sum of log(1 + e^-bg) with g = 1, 1, -1: sigmoid(b) = 2/3.
        logits = [[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]
        assert fit_temperature(logits, [0, 0, 0]) == pytest.approx(
            1 / np.log(2), rel=1e-6)

    @pytest.mark.filterwarnings('error')
    @pytest.mark.parametrize('size', [1e3, 1e38, 1e306, 8e307])
    def test_huge_logits_with_an_error_give_the_upper_bound(self, size):
        logits = [[size, -size]] * 9 + [[-size, size]]
        assert fit_temperature(logits, [0] * 10) == 100.0

    @pytest.mark.filterwarnings('error')
    def test_gap_too_wide_for_float64_leaves_one(self):
        # 3.4e308 overflows, so the NLL is infinite at every T.
        logits = [[1.7e308, -1.7e308]] * 2
        assert fit_temperature(logits, [0, 1]) == 1.0

    @settings(deadline=None, max_examples=60)
    @given(st.data())
    def test_never_worse_than_one_and_in_bounds(self, data):
        n, n_class = data.draw(st.integers(1, 8)), data.draw(st.integers(1, 4))
        logits = np.array(data.draw(st.lists(
            st.lists(st.floats(-50, 50), min_size=n_class, max_size=n_class),
            min_size=n, max_size=n)))
        labels = data.draw(st.lists(
            st.integers(0, n_class - 1), min_size=n, max_size=n))
        fitted = fit_temperature(logits, labels)
        assert type(fitted) is float and 0.01 <= fitted <= 100
        assert (reference_nll(logits, labels, fitted)
                <= reference_nll(logits, labels, 1.0) + 1e-12)

    @pytest.mark.parametrize('logits,labels,message', [
        ([[0.0, np.nan]], [0], 'logits is NaN or infinite in row 0'),
        ([[0.0, 1.0], [-np.inf, 1.0]], [0, 1], 'infinite in row 1'),
        ([0.0, 1.0], [0, 1], r'logits of shape \(2,\)'),
        (np.zeros((0, 2)), [], r'logits of shape \(0, 2\)'),
        (np.zeros((2, 0)), [0, 0], r'logits of shape \(2, 0\)'),
        ([[1j, 0.0]], [0], 'complex128.* real numbers'),
        ([['a', 'b']], [0], 'real numbers'),
        ([[0.0, 1.0]], [2], 'labels from 2 to 2, but 2 columns'),
        ([[0.0, 1.0]], [-1], 'labels from -1 to -1'),
        ([[0.0, 1.0]], [0, 1], r'labels of shape \(2,\).* 1 rows'),
        ([[0.0, 1.0]], [[0]], r'labels of shape \(1, 1\)'),
        ([[0.0, 1.0]], [0.0], 'dtype float64.* one integer each'),
    ])
    def test_bad_input(self, logits, labels, message):
        with pytest.raises(ValueError, match=message):
            fit_temperature(logits, labels)


class TestProperScores:

    def test_by_hand(self):
        probs, labels = [[0.5, 0.5], [0.25, 0.75]], [0, 0]
        # (ln 2 + ln 4) / 2;  ((1/4 + 1/4) + (9/16 + 9/16)) / 2
        assert negative_log_likelihood(probs, labels) == pytest.approx(
            1.5 * np.log(2), rel=1e-15)
        assert brier_score(probs, labels) == 0.8125

    def test_certain(self):
        probs = [[1.0, 0.0]]
        assert brier_score(probs, [0]) == 0.0
        assert brier_score(probs, [1]) == 2.0
        nll = negative_log_likelihood(probs, [0])
        assert nll == 0.0 and not np.signbit(nll)
        # the smallest normal float64 is 2^-1022
        assert negative_log_likelihood(probs, [1]) == pytest.approx(
            1022 * np.log(2), rel=1e-15)

    @pytest.mark.parametrize('n_class', [2, 5])
    def test_against_scikit_learn(self, n_class):
        logits, labels = noisy_logits(4, n_class=n_class)
        probs = softmax(logits)
        assert negative_log_likelihood(probs, labels) == pytest.approx(
            log_loss(labels, probs), rel=1e-12)
        assert brier_score(probs, labels) == pytest.approx(
            sum(brier_score_loss(labels == c, probs[:, c])
                for c in range(n_class)), rel=1e-12)

    def test_nll_of_the_fit_is_the_nll_of_its_probabilities(self):
        logits, labels = noisy_logits(5)
        temperature = fit_temperature(logits, labels)
        assert negative_log_likelihood(
            softmax(logits, temperature), labels) == pytest.approx(
                reference_nll(logits, labels, temperature), rel=1e-12)

    @pytest.mark.parametrize('score', [negative_log_likelihood, brier_score])
    def test_proper(self, score):
        # With labels 0 in 7 of 10 cases, 0.7 is the best constant forecast.
        labels = [0] * 7 + [1] * 3
        scores = {p: score([[p, 1 - p]] * 10, labels)
                  for p in (0.5, 0.6, 0.7, 0.8, 0.9)}
        assert min(scores, key=scores.get) == 0.7


class TestReliability:

    # Bins of width 1/5: 0.7, 0.8, 0.8 in (0.6, 0.8], since closed on the
    # right; 0.9 in (0.8, 1].  Accuracy 2/3 and 0.
    PROBS, LABELS = binary([0.7, 0.8, 0.8, 0.9], [1, 0, 1, 0])

    def test_curve_by_hand(self):
        curve = reliability_curve(self.PROBS, self.LABELS, n_bins=5)
        np.testing.assert_array_equal(curve.edges, [0, .2, .4, .6, .8, 1])
        np.testing.assert_array_equal(curve.counts, [0, 0, 0, 3, 1])
        nan = np.nan
        np.testing.assert_allclose(
            curve.confidence, [nan, nan, nan, 2.3 / 3, 0.9], rtol=1e-15)
        np.testing.assert_allclose(
            curve.accuracy, [nan, nan, nan, 2 / 3, 0.0], rtol=1e-15)

    def test_errors_by_hand(self):
        # 3/4 * |2/3 - 2.3/3| + 1/4 * |0 - 0.9| = 0.075 + 0.225
        assert expected_calibration_error(
            self.PROBS, self.LABELS, 5) == pytest.approx(0.3, rel=1e-14)
        assert maximum_calibration_error(
            self.PROBS, self.LABELS, 5) == pytest.approx(0.9, rel=1e-14)

    def test_top_label_takes_the_lowest_of_equals(self):
        confidence, correct = top_label(
            [[0.4, 0.4, 0.2], [0.4, 0.4, 0.2], [0.1, 0.2, 0.7]], [0, 1, 2])
        np.testing.assert_array_equal(confidence, [0.4, 0.4, 0.7])
        np.testing.assert_array_equal(correct, [True, False, True])

    @pytest.mark.parametrize('n_bins', [3, 7, 10, 15, 300])
    def test_shares_on_an_edge_belong_to_the_bin_below(self, n_bins):
        shares = np.arange(n_bins // 2 + 1, n_bins + 1)
        counts = reliability_curve(
            *binary(shares / n_bins, shares % 2), n_bins).counts
        np.testing.assert_array_equal(np.flatnonzero(counts), shares - 1)

    @pytest.mark.parametrize('n_bins', [1, 2, 10, 15, 64])
    @pytest.mark.parametrize('n_class', [2, 3, 10])
    def test_against_a_plain_loop(self, n_bins, n_class):
        logits, labels = noisy_logits(6, n=120, n_class=n_class)
        probs = softmax(logits).round(1 if n_class == 2 else 12)
        ece, mce = loop_errors(probs, labels, n_bins)
        assert expected_calibration_error(
            probs, labels, n_bins) == pytest.approx(ece, rel=1e-12)
        assert maximum_calibration_error(
            probs, labels, n_bins) == pytest.approx(mce, rel=1e-12)

    @pytest.mark.parametrize('n_bins', [4, 15])
    def test_against_scikit_learn(self, n_bins):
        # scikit-learn leaves empty bins out.
        probs = softmax(noisy_logits(7)[0])
        labels = noisy_logits(7)[1]
        curve = reliability_curve(probs, labels, n_bins)
        accuracy, confidence = calibration_curve(
            probs.argmax(axis=1) == labels, probs.max(axis=1), n_bins=n_bins)
        full = curve.counts > 0
        np.testing.assert_allclose(curve.accuracy[full], accuracy)
        np.testing.assert_allclose(curve.confidence[full], confidence)

    def test_fifteen_bins_of_equal_width_by_default(self):
        probs, labels = softmax(noisy_logits(8)[0]), noisy_logits(8)[1]
        assert expected_calibration_error(probs, labels) == pytest.approx(
            loop_errors(probs, labels, 15)[0], rel=1e-12)

    @pytest.mark.parametrize('certain', [
        [[1.0, 0.0], [0.0, 1.0]], [[1, 0], [0, 1]]])
    def test_zeros_and_ones(self, certain):
        for binning in ('width', 'mass'):
            assert expected_calibration_error(
                certain, [0, 1], binning=binning) == 0.0
            assert maximum_calibration_error(
                certain, [1, 0], binning=binning) == 1.0

    def test_temperature_lowers_the_error_of_overconfidence(self):
        logits, labels = noisy_logits(9, n=5000, scale=4.0)
        before = expected_calibration_error(softmax(logits), labels)
        after = expected_calibration_error(
            softmax(logits, fit_temperature(logits, labels)), labels)
        assert before > 0.15 and after < 0.03


class TestEqualMass:

    @pytest.mark.parametrize('confidence,n_bins,counts', [
        # ranks of the upper ends, rounded up: 2 of 4; then of 1..3: 2, 3, 4
        ([0.6, 0.65, 0.7, 0.9], 2, [2, 2]),
        ([0.6, 0.65, 0.7, 0.9], 3, [2, 1, 1]),
        # 0.7 is the second and the third: it stays whole, in the first bin
        ([0.6, 0.7, 0.7, 0.9], 2, [3, 1]),
        ([0.8, 0.8, 0.8, 0.8], 3, [4, 0, 0]),
        ([1.0, 1.0, 0.6, 1.0], 4, [1, 3, 0, 0]),
        # fewer examples than bins: ends at ranks 1, 1, 2, 2 of 2
        ([0.9, 0.6], 4, [1, 0, 1, 0]),
        ([0.75], 3, [1, 0, 0]),
    ])
    def test_counts_by_hand(self, confidence, n_bins, counts):
        probs, labels = binary(confidence, [1] * len(confidence))
        curve = reliability_curve(probs, labels, n_bins, 'mass')
        np.testing.assert_array_equal(curve.counts, counts)
        assert curve.edges[0] == 0 and curve.edges[-1] == 1
        assert len(curve.edges) == n_bins + 1

    def test_error_by_hand(self):
        # {0.6, 0.7} one right: |1/2 - 0.65| = 0.15; {0.8, 1}: |1 - 0.9| = 0.1
        probs, labels = binary([1.0, 0.6, 0.8, 0.7], [1, 1, 1, 0])
        assert expected_calibration_error(
            probs, labels, 2, 'mass') == pytest.approx(0.125, rel=1e-14)
        assert maximum_calibration_error(
            probs, labels, 2, 'mass') == pytest.approx(0.15, rel=1e-14)

    @pytest.mark.parametrize('n,n_bins', [(150, 15), (100, 7), (40, 40)])
    def test_without_ties_it_cuts_the_sorted_examples(self, n, n_bins):
        rng = np.random.RandomState(n)
        confidence = rng.uniform(0.5, 1, size=n)
        probs, labels = binary(confidence, rng.randint(2, size=n))
        counts = reliability_curve(probs, labels, n_bins, 'mass').counts
        assert counts.max() - counts.min() <= 1
        order = np.argsort(confidence)
        ece = sum(abs(labels[part].mean() - confidence[part].mean())
                  * len(part) / n
                  for part in np.split(order, np.cumsum(counts)[:-1]))
        assert expected_calibration_error(
            probs, labels, n_bins, 'mass') == pytest.approx(ece, rel=1e-12)


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
        for order in itertools.permutations(range(6)):
            ranked = np.array(score)[list(order)]
            if (np.diff(ranked) <= 0).all():
                right = np.cumsum(correct[list(order)])
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


class TestReport:

    def test_holds_every_measure(self):
        probs, labels = softmax(noisy_logits(10)[0]), noisy_logits(10)[1]
        report = calibration_report(probs, labels, n_bins=10)
        assert report == {
            'nll': negative_log_likelihood(probs, labels),
            'brier': brier_score(probs, labels),
            'ece': expected_calibration_error(probs, labels, 10),
            'ece_mass': expected_calibration_error(
                probs, labels, 10, binning='mass'),
            'mce': maximum_calibration_error(probs, labels, 10),
            'accuracy': np.mean(probs.argmax(axis=1) == labels),
            'n': 300,
        }

    @settings(deadline=None, max_examples=150)
    @given(predictions(), st.integers(1, 40))
    def test_ranges_and_json(self, prediction, n_bins):
        probs, labels = prediction
        report = calibration_report(probs, labels, n_bins)
        assert json.loads(json.dumps(report, allow_nan=False)) == report
        assert 0 <= report['nll'] <= 708.4
        assert 0 <= report['brier'] <= 2
        assert 0 <= report['ece'] <= report['mce'] + 1e-12
        assert report['mce'] <= 1 + 1e-12 and report['ece_mass'] <= 1 + 1e-12
        ece, mce = loop_errors(probs, labels, n_bins)
        assert report['ece'] == pytest.approx(ece, abs=1e-12)
        assert report['mce'] == pytest.approx(mce, abs=1e-12)

    @settings(deadline=None, max_examples=150)
    @given(predictions(), st.integers(1, 40), st.randoms())
    def test_order_of_the_examples_does_not_matter(
            self, prediction, n_bins, random):
        probs, labels = prediction
        order = random.sample(range(len(labels)), len(labels))
        shuffled = calibration_report(probs[order], labels[order], n_bins)
        assert calibration_report(probs, labels, n_bins) == pytest.approx(
            shuffled, abs=1e-12)

    @settings(deadline=None, max_examples=150)
    @given(predictions(), st.integers(1, 40),
           st.sampled_from(['width', 'mass']))
    def test_curve_keeps_every_example_within_its_bin(
            self, prediction, n_bins, binning):
        probs, labels = prediction
        curve = reliability_curve(probs, labels, n_bins, binning)
        full = curve.counts > 0
        right = (curve.counts * curve.accuracy)[full].sum()
        assert curve.counts.sum() == len(labels)
        assert right == pytest.approx(top_label(probs, labels)[1].sum())
        assert (np.diff(curve.edges) >= 0).all()
        low, high = curve.edges[:-1][full], curve.edges[1:][full]
        assert (curve.confidence[full] > low - 1e-12).all()
        assert (curve.confidence[full] <= high + 1e-12).all()


@pytest.mark.parametrize('measure', MEASURES)
@pytest.mark.parametrize('probs,labels,message', [
    ([[2.0, -1.0]], [0], 'not probabilities; pass logits through softmax'),
    ([[0.9, 0.9]], [0], 'row sums from 1.8 to 1.8'),
    ([[0.5, np.nan]], [0], 'probs is NaN or infinite in row 0'),
    ([0.5, 0.5], [0, 1], r'probs of shape \(2,\)'),
    (np.zeros((0, 2)), np.zeros(0, int), 'at least one'),
    ([[0.5, 0.5]], [2], 'labels from 2 to 2, but 2 columns'),
    ([[0.5, 0.5]], [0, 1], r'labels of shape \(2,\)'),
])
def test_measures_reject_bad_input(measure, probs, labels, message):
    with pytest.raises(ValueError, match=message):
        measure(probs, labels)


@pytest.mark.parametrize('measure', MEASURES)
def test_measures_leave_their_input_alone_and_take_float32(measure):
    probs = softmax(noisy_logits(11)[0]).astype(np.float32)
    labels = noisy_logits(11)[1].astype(np.int32)
    kept = probs.copy(), labels.copy()
    first, again = measure(probs, labels), measure(probs, labels)
    np.testing.assert_equal(first, again)
    np.testing.assert_array_equal(probs, kept[0])
    np.testing.assert_array_equal(labels, kept[1])


@pytest.mark.parametrize('n_bins', [0, -1, 2.5, '15', None])
def test_bad_n_bins(n_bins):
    with pytest.raises(ValueError, match='n_bins=.* 15 is usual'):
        expected_calibration_error([[0.5, 0.5]], [0], n_bins)


def test_bad_binning():
    with pytest.raises(ValueError, match="'equal'.* choose from mass, width"):
        reliability_curve([[0.5, 0.5]], [0], binning='equal')


def test_import_is_light():
    code = ('import sys, calibration; print([m for m in '
            '("scipy", "chainer", "matplotlib") if m in sys.modules])')
    loaded = subprocess.run(
        [sys.executable, '-c', code], cwd=ROOT, check=True, text=True,
        capture_output=True).stdout
    assert loaded.strip() == '[]'
