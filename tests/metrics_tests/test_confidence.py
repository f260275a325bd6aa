"""Temperature, softmax, NLL and Brier score."""
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from measured import noisy_logits, reference_nll
from scipy.optimize import minimize
from scipy.special import log_softmax
from sklearn.metrics import brier_score_loss, log_loss

from metrics.confidence import (
    brier_score,
    fit_temperature,
    negative_log_likelihood,
    softmax,
)


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
