"""Soft conformity of DkNN: tuning, p-values, predictions, refusals."""
import brute_force
import numpy as np
import pytest
from dknn_examples import clusters, layer
from scipy.stats import binom

from dknn import DkNN
from errors import ArgumentError, UserError
from neighbors import INDEXES, bandwidths

pytestmark = pytest.mark.filterwarnings('error')


def tuned(**options):
    return DkNN(3, 15, **options).fit(*clusters(300)).tune(*clusters(90, 3))


def nll(q, labels):
    return -np.log(q[np.arange(len(labels)), labels]).mean()


# ------------------------------------------------------------ worked by hand

def test_prediction_by_hand():
    # exp(-d^2 / 2 s^2) with 2 s^2 = 1; examples 0 (label 0) and 1 (label 1):
    # log q_0 - log q_1 of x is (1 - x)^2 - x^2 = 1 - 2 x
    dknn = DkNN(2, 1).fit([layer(0, 1)], [0, 1])
    dknn.use_tuning([.5 ** .5], [1])
    # calibration: log-odds of the truth are 1, -1, 1, 3
    dknn.calibrate([layer(0, 0, 1, 2)], [0, 1, 1, 1])
    x = [layer(0, 2, .25)]
    odds = np.array([[1, -1], [-3, 3], [.5, -.5]])
    np.testing.assert_allclose(dknn.soft_log_odds(x), odds, atol=1e-6)
    result = dknn.predict(x, soft=True)
    np.testing.assert_allclose(result.conformity, 1 / (1 + np.exp(-odds)),
                               atol=1e-6)
    np.testing.assert_array_equal(dknn.soft_conformity(x), result.conformity)
    # p: of -1, 1, 1, 3 those at most 1, -1; -3, 3; .5, -.5; and one more
    np.testing.assert_array_equal(
        result.p_values, np.array([[4, 2], [1, 5], [2, 2]]) / 5)
    np.testing.assert_array_equal(result.label, [0, 1, 0])
    np.testing.assert_array_equal(result.credibility, [.8, 1, .4])
    np.testing.assert_allclose(result.confidence, [.6, .8, .6])
    assert result.votes is None
    np.testing.assert_array_equal(
        dknn.prediction_set(result.p_values, .3),
        [[True, True], [False, True], [True, True]])
    # The counts are what they were
    assert dknn.predict([layer(.1)]).votes.tolist() == [[1, 0]]


def test_class_conditional_by_hand():
    dknn = DkNN(2, 1, class_conditional=True).fit([layer(0, 1)], [0, 1])
    dknn.use_tuning([.5 ** .5], [1])
    dknn.calibrate([layer(0, 0, 1, 2)], [0, 1, 1, 1])
    # Label 0: 1; label 1: -1, 1, 3
    np.testing.assert_array_equal(
        dknn.predict([layer(0, .25)], soft=True).p_values,
        [[1, 2 / 4], [1 / 2, 2 / 4]])


def test_ties_go_to_the_lower_label():
    dknn = DkNN(2, 1).fit([layer(-1, 1)], [1, 0]).calibrate([layer(0)], [0])
    dknn.use_tuning([1], [1])
    result = dknn.predict([layer(0)], soft=True)
    assert result.label == [0] and (result.conformity == .5).all()
    assert (dknn.soft_log_odds([layer(0)]) == 0).all()


# ------------------------------------------------------------------- tuning

def test_against_the_truth():
    X, labels = clusters(300)
    Q, _ = clusters(40, 1)
    dknn = tuned()
    truth = brute_force.soft_scores(X, labels, Q, dknn.bandwidths_,
                                    dknn.weights_, 3)
    np.testing.assert_allclose(
        dknn.soft_log_odds(Q), brute_force.log_odds(truth).astype(float),
        rtol=1e-8, atol=1e-6)
    q = dknn.soft_conformity(Q)
    assert q.dtype == np.float64 and q.shape == (40, 3)
    np.testing.assert_allclose(q.sum(axis=1), 1, rtol=1e-14)


def test_same_answer_twice_and_stored():
    one, two = tuned(), tuned()
    assert one.bandwidths_ == two.bandwidths_
    assert one.weights_ == two.weights_
    assert all(isinstance(x, float) for x in one.bandwidths_ + one.weights_)
    Q, _ = clusters(50, 2)
    three = DkNN(3, 15).fit(*clusters(300)).use_tuning(
        list(one.bandwidths_), list(one.weights_))
    np.testing.assert_array_equal(one.soft_log_odds(Q),
                                  three.soft_log_odds(Q))


def test_tuning_beats_what_is_near_it():
    (valid, labels), dknn = clusters(400, 3), DkNN(3, 15).fit(*clusters(500))
    dknn.tune(valid, labels)
    s, w = np.array(dknn.bandwidths_), np.array(dknn.weights_)
    best = nll(dknn.soft_conformity(valid), labels)
    assert best < np.log(3)
    for factor in (.5, 2):
        for at in range(2):
            other = np.ones(2)
            other[at] = factor
            for changed in ((s * other, w), (s, w * other)):
                dknn.use_tuning(*changed)
                assert best <= nll(dknn.soft_conformity(valid), labels) + 1e-5


def test_a_large_validation_split_is_looked_at_here_and_there(monkeypatch):
    """Of 90 every third where 44 are the most: 0, 3, ..., 87."""
    monkeypatch.setattr(bandwidths, 'MOST_EXAMPLES', 44)
    layers, labels = clusters(90, 3)
    few = DkNN(3, 15).fit(*clusters(300)).tune(layers, labels)
    monkeypatch.undo()
    same = DkNN(3, 15).fit(*clusters(300)).tune(
        [h[::3] for h in layers], labels[::3])
    assert (few.bandwidths_, few.weights_) == (same.bandwidths_, same.weights_)


def test_a_layer_of_noise_has_no_weight():
    rng = np.random.RandomState(0)
    (X, labels), (valid, given) = clusters(500), clusters(300, 1)
    X[1], valid[1] = (rng.randn(len(h), 4).astype(np.float32)
                      for h in (X[1], valid[1]))
    dknn = DkNN(3, 5).fit(X, labels).tune(valid, given)
    assert dknn.weights_[0] > .3 and dknn.weights_[1] < .1


def test_bandwidth_of_known_scale():
    """Labels change every 1: a kernel much wider says nothing."""
    x = np.linspace(0, 30, 3000)
    labels = x.astype(int) % 2
    dknn = DkNN(2, 1).fit([layer(*x)], labels)
    dknn.tune([layer(*(x[5::10] + .001))], labels[5::10])
    assert dknn.bandwidths_[0] < .2
    assert nll(dknn.soft_conformity([layer(*x)]), labels) < .1


@pytest.mark.parametrize('case', ['one class', 'no distance', 'constant',
                                  'one example', 'absent class'])
def test_degenerate_validation(case):
    (X, labels), (valid, given) = clusters(30), clusters(20, 1)
    if case == 'one class':
        given[:] = 1
    elif case == 'no distance':
        valid, given = X, labels
        X = [np.repeat(h, 60, axis=0) for h in X]
        labels = np.repeat(labels, 60)
    elif case == 'constant':
        X[0][:], valid[0][:] = 1, 1
    elif case == 'one example':
        valid, given = [h[:1] for h in valid], given[:1]
    else:
        labels[labels == 2] = 0
    dknn = DkNN(3, 5).fit(X, labels).tune(valid, given)
    dknn.calibrate(valid, given)
    assert np.isfinite(dknn.soft_log_odds(valid)).all()
    assert np.isfinite(dknn.predict(valid, soft=True).conformity).all()


@pytest.mark.parametrize('name', sorted(INDEXES))
def test_every_index(name):
    dknn = tuned(index=name).calibrate(*clusters(60, 4))
    Q, given = clusters(200, 2)
    result = dknn.predict(Q, soft=True)
    assert (result.label == given).mean() > .7
    assert np.isfinite(dknn.soft_log_odds(Q)).all()
    backwards = dknn.soft_log_odds([h[::-1] for h in Q])
    np.testing.assert_array_equal(backwards[::-1], dknn.soft_log_odds(Q))
    shares = dknn.soft_shares(Q, dknn.search(Q))
    assert (shares >= 0).all() and (shares.sum(axis=2) <= 1 + 1e-5).all()


def test_layers_are_those_searched():
    X, labels = clusters(200)
    last = DkNN(3, 5, layers='last').fit(X, labels).use_tuning([1], [1])
    only = DkNN(3, 5).fit([X[1]], labels).use_tuning([1], [1])
    Q, _ = clusters(20, 1)
    np.testing.assert_array_equal(last.soft_log_odds(Q),
                                  only.soft_log_odds([Q[1]]))


# ----------------------------------------------------------------- validity

@pytest.mark.parametrize('conditional', [False, True])
def test_prediction_sets_cover(conditional):
    """Exchangeable calibration and test examples, tuned on others."""
    fitted = DkNN(3, 5, class_conditional=conditional).fit(*clusters(150))
    fitted.tune(*clusters(80, 1))
    h, labels = clusters(200 * 40, 2)
    error, n, hits = .2, 39, np.zeros(3)
    counts = np.zeros(3)
    for i in range(200):
        rows = np.arange(i * 40, i * 40 + 40)
        fitted.calibrate([x[rows[:n]] for x in h], labels[rows[:n]])
        p = fitted.predict([x[rows[n:]] for x in h], soft=True).p_values
        truth = labels[rows[n]]
        hits[truth] += fitted.prediction_set(p, error)[0, truth]
        counts[truth] += 1
    covered, total = (hits, counts) if conditional else (
        [hits.sum()], [counts.sum()])
    for hit, count in zip(covered, total, strict=True):
        assert hit >= binom.ppf(1e-4, int(count), 1 - error)


# ------------------------------------------------------------------- errors

def test_order_of_tune_and_calibrate():
    (calib, given), (Q, _) = clusters(60, 4), clusters(50, 2)
    one = tuned().calibrate(calib, given).predict(Q, soft=True)
    two = DkNN(3, 15).fit(*clusters(300)).calibrate(calib, given).tune(
        *clusters(90, 3)).predict(Q, soft=True)
    np.testing.assert_array_equal(one.p_values, two.p_values)


def test_errors_of_order():
    (h, labels), (calib, given) = clusters(50), clusters(20, 1)
    dknn = DkNN(3, 5)
    with pytest.raises(RuntimeError, match=r'call fit\(\) before tune\(\)'):
        dknn.tune(h, labels)
    with pytest.raises(RuntimeError, match=r'fit\(\) before use_tuning'):
        dknn.use_tuning([1], [1])
    dknn.fit(h, labels).calibrate(calib, given)
    for method in (dknn.soft_conformity, dknn.soft_log_odds,
                   lambda h: dknn.predict(h, soft=True),
                   lambda h: dknn.soft_shares(h, None)):
        with pytest.raises(RuntimeError, match=r'call tune\(\) before'):
            method(h)
    dknn.fit(h, labels).tune(calib, given).soft_conformity(h)
    with pytest.raises(RuntimeError, match=r'calibrate\(\) before predict'):
        dknn.predict(h, soft=True)
    with pytest.raises(RuntimeError, match=r'call tune\(\) before'):
        dknn.fit(h, labels).soft_conformity(h)  # forgets what it learned


def test_errors_of_values():
    dknn = DkNN(3, 5).fit(*clusters(50))
    for s, w in [([1], [1, 1]), ([1, 0], [1, 1]), ([1, 1], [1, -1])]:
        with pytest.raises(ArgumentError, match='must be 2 numbers'):
            dknn.use_tuning(s, w)
    valid, given = clusters(5, 1)
    with pytest.raises(UserError, match='no validation examples'):
        dknn.tune([h[:0] for h in valid], [])
    with pytest.raises(UserError, match='label 3 is outside'):
        dknn.tune(valid, given * 0 + 3)
    with pytest.raises(UserError, match='queries have width'):
        dknn.tune([h[:, :2] for h in valid], given)
    dknn.tune(valid, given)
    for wrong, message in [([valid[0]], '1 layers, but'),
                           ([h[:, :2] for h in valid], 'queries have width'),
                           ([h * np.nan for h in valid], 'NaN')]:
        with pytest.raises(UserError, match=message):
            dknn.use_tuning([1, 1], [1, 1]).soft_log_odds(wrong)


def test_no_example_has_no_figures():
    h, labels = clusters(50)
    dknn = DkNN(3, 5).fit(h, labels).tune(*clusters(5, 1)).calibrate(
        *clusters(5, 2))
    none = [layer[:0] for layer in h]
    assert dknn.soft_log_odds(none).shape == (0, 3)
    assert dknn.predict(none, soft=True).p_values.shape == (0, 3)
