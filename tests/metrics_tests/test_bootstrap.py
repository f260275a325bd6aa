"""Bootstrap intervals."""
import itertools
import tracemalloc

import numpy as np
import pytest
from scipy import stats

from metrics.bootstrap import (
    Estimate,
    difference_estimate,
    mean_estimate,
    resampled_counts,
    statistic_estimate,
)
from metrics.detection import auroc


def interval_of_all_draws(statistic, *columns):
    """The exact percentiles: every one of the n^n draws, equally likely."""
    columns = np.array(columns)
    n = columns.shape[1]
    figures = [statistic(*columns[:, list(rows)])
               for rows in itertools.product(range(n), repeat=n)]
    return np.percentile(figures, [2.5, 97.5])


class TestCounts:

    def test_each_row_draws_n_of_n(self):
        counts = resampled_counts(57, 200)
        assert counts.shape == (200, 57) and counts.dtype == np.int16
        assert (counts.sum(axis=1) == 57).all() and counts.min() == 0
        assert resampled_counts(30).shape == (1000, 30)

    def test_moments_of_the_multinomial_distribution(self):
        n, n_draws = 5, 40_000
        counts = resampled_counts(n, n_draws, seed=1)
        # mean n/n, variance n (1/n)(1 - 1/n), covariance -n / n^2
        expected = np.eye(n) - 1 / n
        np.testing.assert_allclose(counts.mean(axis=0), 1, atol=.02)
        np.testing.assert_allclose(np.cov(counts.T), expected, atol=.03)
        # (0, 2), (1, 1), (2, 0) with 1/4, 1/2, 1/4
        share = np.bincount(resampled_counts(2, n_draws)[:, 0]) / n_draws
        np.testing.assert_allclose(share, [.25, .5, .25], atol=.01)

    def test_seed(self):
        first = resampled_counts(20, 10, seed=3)
        np.random.random(5)
        np.testing.assert_array_equal(first, resampled_counts(20, 10, seed=3))
        assert (first != resampled_counts(20, 10, seed=4)).any()
        assert (first[0] != first[1]).any()

    def test_a_single_example(self):
        np.testing.assert_array_equal(resampled_counts(1, 3), [[1]] * 3)

    @pytest.mark.parametrize('arguments,message', [
        ((0,), 'n=0, .* from 1'), ((2.5,), 'n=2.5'), (('3',), "n='3'"),
        ((5, 0), 'n_draws=0, .* 1000 are usual'), ((5, None), 'n_draws=None'),
        ((5, 5, -1), 'seed=-1, .* from 0'), ((5, 5, .5), 'seed=0.5')])
    def test_bad_arguments(self, arguments, message):
        with pytest.raises(ValueError, match=message):
            resampled_counts(*arguments)


class TestMean:

    def test_by_hand(self):
        # rows hold (1, 1), (3, 3), (1, 3): means 1, 3, 2; percentile 2.5 lies
        # 5 % of the way from the least to the next
        counts = np.array([[2, 0], [0, 2], [1, 1]])
        assert mean_estimate([1, 3], counts) == pytest.approx(
            (2, 1.05, 2.95))

    def test_against_every_draw_there_is(self):
        values = [0., 1., 5., -2.]
        found = mean_estimate(values, resampled_counts(4, 20_000))
        assert found.value == 1
        np.testing.assert_allclose(
            found[1:], interval_of_all_draws(np.mean, values), atol=.13)

    def test_against_scipy(self):
        values = np.random.default_rng(0).exponential(size=300)
        found = mean_estimate(values, resampled_counts(300, 5000))
        other = stats.bootstrap(
            (values,), np.mean, n_resamples=5000, method='percentile',
            rng=np.random.default_rng(1)).confidence_interval
        assert found.value == values.mean()
        np.testing.assert_allclose(found[1:], other, atol=.01)

    def test_the_interval_holds_the_truth_95_times_in_100(self):
        rng = np.random.default_rng(2)
        held = [low <= 0 <= high for _, low, high in (
            mean_estimate(rng.normal(size=60), resampled_counts(60, 200, i))
            for i in range(400))]
        assert .91 < np.mean(held) < .98  # standard deviation 0.011

    def test_a_single_or_a_constant_value(self):
        assert mean_estimate([7.1], resampled_counts(1)) == (7.1, 7.1, 7.1)
        constant = mean_estimate([.1] * 1821, resampled_counts(1821, 50))
        np.testing.assert_allclose(constant, .1, rtol=1e-12)

    def test_bools_are_shares(self):
        right = np.arange(40) < 30
        found = mean_estimate(right, resampled_counts(40))
        assert found == mean_estimate(right.astype(float),
                                      resampled_counts(40))
        # binomial: deviation sqrt(.75 * .25 / 40) = 0.068
        assert found.value == .75 and found.high - found.low == pytest.approx(
            2 * 1.96 * .068, abs=.04)

    def test_part_of_the_examples_keeps_the_draws(self):
        values = np.random.default_rng(3).normal(size=80)
        kept = np.arange(80) % 3 > 0
        counts = resampled_counts(80, 300)
        means = [np.repeat(values[kept], row[kept]).mean() for row in counts]
        assert mean_estimate(values[kept], counts[:, kept]) == pytest.approx(
            (values[kept].mean(), *np.percentile(means, [2.5, 97.5])))

    def test_many_examples_take_no_float_copy_of_the_counts(self):
        counts = resampled_counts(20_000, 100)
        tracemalloc.start()
        mean_estimate(np.ones(20_000), counts)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < counts.nbytes  # a copy has four times as many


class TestDifference:

    def test_a_constant_gain_is_certain(self):
        a = np.random.default_rng(4).normal(size=90)
        found = difference_estimate(a + .5, a, resampled_counts(90))
        np.testing.assert_allclose(found, .5, rtol=1e-12)

    def test_is_the_mean_of_the_differences(self):
        a, b = np.random.default_rng(5).normal(size=(2, 90))
        counts = resampled_counts(90)
        found = difference_estimate(a, b, counts)
        assert found == mean_estimate(a - b, counts)
        assert found == pytest.approx(statistic_estimate(
            lambda a, b: a.mean() - b.mean(), counts, a, b))
        other = difference_estimate(b, a, counts)
        assert other == pytest.approx((-found.value, -found.high, -found.low))

    def test_two_kinds_of_right(self):
        found = difference_estimate([True, True, False], [True, False, False],
                                    resampled_counts(3))
        assert found.value == pytest.approx(1 / 3)


class TestStatistic:

    def test_mean_is_the_mean(self):
        values = np.random.default_rng(6).normal(size=70)
        counts = resampled_counts(70, 200)
        found = statistic_estimate(np.mean, counts, values)
        assert found == pytest.approx(mean_estimate(values, counts))
        assert isinstance(found, Estimate)
        assert all(isinstance(figure, float) for figure in found)

    def test_against_every_draw_there_is(self):
        a, b = [0., 1., 5., -2.], [1., 1., 3., 0.]
        def statistic(a, b):
            return np.max(a - b)
        found = statistic_estimate(statistic, resampled_counts(4), a, b)
        np.testing.assert_allclose(
            found[1:], interval_of_all_draws(statistic, a, b))

    def test_auroc_leaves_out_draws_of_one_class(self):
        score, positive = np.array([3, 2, 1]), np.array([True, False, True])
        counts = np.array([[1, 1, 1], [3, 0, 0], [0, 1, 2], [2, 1, 0]])
        # 1/2, undefined, 0, 1: percentiles 2.5 % and 97.5 % of (0, 1/2, 1)
        assert statistic_estimate(
            auroc, counts, score, positive) == pytest.approx(
                (.5, .025, .975))

    def test_nan_is_left_out_as_well(self):
        def statistic(a):
            return np.nan if (a == a[0]).all() else a.max()
        assert statistic_estimate(
            statistic, [[2, 0], [1, 1]], [1, 2]) == (2, 2, 2)

    def test_columns_keep_dtype_and_further_axes(self):
        def statistic(rows, names):
            assert rows.shape == (3, 2) and names.dtype.kind == 'U'
            return rows[names == 'b', 1].sum()
        assert statistic_estimate(
            statistic, [[1, 1, 1], [0, 3, 0]], [[1, 2], [3, 4], [5, 6]],
            ['a', 'b', 'c']) == pytest.approx((4, 4.2, 11.8))

    @pytest.mark.parametrize('statistic,counts,columns,message', [
        (np.mean, [[1, 1]], [[1, 2, 3]], 'counts of shape'),
        (np.mean, [[1, 1]], [], 'columns of shapes'),
        (np.mean, [[1]], [3], r'columns of shapes \[\(\)\]'),
        (np.corrcoef, [[1, 1]], [[1, 2], [1, 2, 3]], r'\(2,\), \(3,\)'),
        (lambda a: np.nan, [[1, 1]], [[1, 2]], 'is nan for all 2 examples'),
        (lambda a: np.nan if a[0] < a[1] else 1, [[2, 0]], [[1, 2]],
         'is nan .* defined for 1 of 1 draws'),
        (auroc, [[2, 0], [0, 2]], [[1, 2], [0, 1]],
         'defined for 0 of 2 draws'),
        (auroc, [[1, 1]], [[1, 2], [1, 1]], '2 of 2 examples are positive'),
    ])
    def test_bad_input(self, statistic, counts, columns, message):
        with pytest.raises(ValueError, match=message):
            statistic_estimate(statistic, counts, *columns)

    def test_a_bug_of_the_statistic_is_not_hidden(self):
        with pytest.raises(TypeError):
            statistic_estimate(lambda a: a + None, [[1, 1]], [1, 2])
        with pytest.raises(KeyError):  # in a draw
            statistic_estimate(lambda a: {2: 0}[len(set(a))], [[2, 0]],
                               [1, 2])


@pytest.mark.parametrize('values,counts,message', [
    ([1, np.nan], [[1, 1]], 'is NaN or infinite in row 1'),
    ([1, np.inf], [[1, 1]], 'is NaN or infinite in row 1'),
    ([], np.zeros((3, 0), int), 'at least one'),
    ([[1, 2]], [[1, 1]], r'of shape \(1, 2\)'),
    ([1, 2], [1, 1], r'counts of shape \(2,\).* resampled_counts\(2\)'),
    ([1, 2], [[1, 1, 1]], r'counts of shape \(1, 3\)'),
    ([1, 2], np.zeros((0, 2), int), r'counts of shape \(0, 2\)'),
    ([1, 2], [[.5, .5]], 'dtype float64'),
    ([1, 2], [[1, 1], [0, 0]], 'row sums from 0'),
    ([1, 2], [[3, -1]], 'counts from -1'),
])
@pytest.mark.parametrize('estimate', [
    mean_estimate, lambda a, counts: difference_estimate(a, a, counts)])
def test_bad_input(estimate, values, counts, message):
    with pytest.raises(ValueError, match=message):
        estimate(values, counts)


def test_differences_are_of_the_same_examples():
    with pytest.raises(ValueError, match='a has 2 values and b 1'):
        difference_estimate([1, 2], [1], [[1, 1]])
