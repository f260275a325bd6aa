"""Reliability curves and calibration errors."""
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from measured import binary, loop_errors, noisy_logits, predictions
from sklearn.calibration import calibration_curve

from metrics.confidence import (
    brier_score,
    fit_temperature,
    negative_log_likelihood,
    softmax,
    top_label,
)
from metrics.reliability import (
    calibration_report,
    expected_calibration_error,
    maximum_calibration_error,
    reliability_curve,
)


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

    def test_top_label_of_predictions_by_another_rule(self):
        confidence, correct = top_label(
            [[.4, .4, .2], [.1, .2, .7]], [1, 2], predicted=[1, 1])
        np.testing.assert_array_equal(confidence, [.4, .2])
        np.testing.assert_array_equal(correct, [True, False])
        for wrong in ([0], [0, 3], [0, -1], [0., 1.]):
            with pytest.raises(ValueError, match='labels'):
                top_label([[1., 0., 0.]] * 2, [0, 0], wrong)

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
            'n': 300, 'n_impossible': 0,
        }

    def test_predictions_by_a_rule_of_their_own(self):
        # Ties: the lowest of equals is wrong twice, the own rule right once.
        probs = [[.5, .5], [.5, .5], [.25, .75]]
        labels, predicted = [1, 1, 1], [1, 0, 1]
        plain = calibration_report(probs, labels, n_bins=2)
        own = calibration_report(probs, labels, 2, predicted)
        assert (plain['accuracy'], own['accuracy']) == (1 / 3, 2 / 3)
        # bins (0, .5] and (.5, 1]: gaps |1/2 - 1/2| and |1 - 3/4|
        assert own['ece'] == pytest.approx(.25 / 3)
        assert own['mce'] == own['ece_mass'] * 3 == .25
        # plain: |0 - 1/2| and |1 - 3/4|
        assert plain['ece'] == pytest.approx(1.25 / 3)
        for name in ('nll', 'brier'):  # of all classes, not of the predicted
            assert own[name] == plain[name]

    def test_no_nll_where_a_label_is_held_impossible(self):
        report = calibration_report([[1., 0.], [.5, .5], [1., 0.]], [1, 0, 0])
        assert (report['nll'], report['n_impossible']) == (None, 1)
        # (1 + 1) + (1/4 + 1/4) + 0, over 3
        assert report['brier'] == pytest.approx(2.5 / 3)

    @settings(deadline=None, max_examples=150)
    @given(predictions(), st.integers(1, 40))
    def test_ranges_and_json(self, prediction, n_bins):
        probs, labels = prediction
        report = calibration_report(probs, labels, n_bins)
        assert json.loads(json.dumps(report, allow_nan=False)) == report
        impossible = sum(row[label] == 0 for row, label in zip(
            probs, labels, strict=True))
        assert report['n_impossible'] == impossible
        assert (report['nll'] is None) == (impossible > 0)
        assert impossible or 0 <= report['nll'] <= 708.4
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


@pytest.mark.parametrize('n_bins', [0, -1, 2.5, '15', None])
def test_bad_n_bins(n_bins):
    with pytest.raises(ValueError, match='n_bins=.* 15 is usual'):
        expected_calibration_error([[0.5, 0.5]], [0], n_bins)


def test_bad_binning():
    with pytest.raises(ValueError, match="'equal'.* choose from mass, width"):
        reliability_curve([[0.5, 0.5]], [0], binning='equal')
