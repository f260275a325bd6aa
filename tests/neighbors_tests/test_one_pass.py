"""Votes and soft conformity in one pass give what two passes give."""
import numpy as np
import pytest
from indexed import flat
from soft_examples import BANDWIDTHS as S
from soft_examples import WEIGHTS as W
from soft_examples import examples, fitted

from dknn import DkNN
from neighbors import arrays, memory, reading

pytestmark = pytest.mark.filterwarnings('error')


def test_one_pass_gives_what_two_give(given, monkeypatch):
    monkeypatch.setattr(arrays, 'BLOCK_CELLS', 20 * 50)
    X, labels = examples()
    Q, targets = examples(150, seed=1)
    stored, bound = given(X)
    one, two = (fitted(stored, labels, bits, bound).use_tuning(S, W)
                .calibrate(Q, targets) for bits in (32, 64))
    votes, odds = one.votes_and_log_odds(Q)
    np.testing.assert_array_equal(votes, two.votes(Q))
    np.testing.assert_allclose(odds, two.soft_log_odds(Q), atol=1e-5)
    np.testing.assert_array_equal(one.calibration_votes_,
                                  two.calibration_votes_)
    np.testing.assert_allclose(one.calibration_log_odds_,
                               two.calibration_log_odds_, atol=1e-5)
    counted, soft_one = one.predict_both(Q)
    for found, true in zip(counted, two.predict(Q), strict=True):
        np.testing.assert_array_equal(found, true)
    np.testing.assert_allclose(
        soft_one.conformity, two.predict(Q, soft=True).conformity, atol=1e-5)


def test_both_predictions_are_those_of_two_calls():
    X, labels = examples()
    Q, targets = examples(40, seed=1)
    dknn = DkNN(3, 20).fit(X, labels).use_tuning(S, W).calibrate(Q, targets)
    for both, one in zip(dknn.predict_both(Q), [
            dknn.predict(Q), dknn.predict(Q, soft=True)], strict=True):
        for name, value, other in zip(one._fields, both, one, strict=True):
            np.testing.assert_array_equal(value, other, name)
    votes, odds = dknn.votes_and_log_odds(Q)
    np.testing.assert_array_equal(votes, dknn.votes(Q))
    np.testing.assert_array_equal(odds, dknn.soft_log_odds(Q))


def test_examples_are_read_once(tmp_path, monkeypatch):
    monkeypatch.setattr(arrays, 'BLOCK_CELLS', 20 * 50)
    X, labels = examples(widths=(20, 20))
    for i, h in enumerate(X):
        np.save(tmp_path / f'{i}.npy', h)
    stored = [np.load(tmp_path / f'{i}.npy', mmap_mode='r') for i in (0, 1)]
    bound = memory.least_of_all(len(labels), [h.shape[1] for h in X])
    n_read, read = [], reading.FileRows._read

    def counting(self, start, n, out=None):
        if out is None:  # not one row that is ranked in float64
            n_read.append(n)
        return read(self, start, n, out)

    monkeypatch.setattr(reading.FileRows, '_read', counting)
    Q, _ = examples(60, widths=(20, 20), seed=1)
    for bits, n_passes in [(32, 1), (64, 2)]:
        dknn = fitted(stored, labels, bits, bound).use_tuning(S, W)
        n_read.clear()
        dknn.votes_and_log_odds(Q)
        assert sum(n_read) == n_passes * len(X) * len(labels)


def test_layers_that_have_no_say(given):
    X, labels = examples()
    Q, targets = examples(40, seed=1)
    stored, bound = given(X)
    for weights in ([0, 1.], [1., 0], [0, 0]):
        one, two = (fitted(stored, labels, bits, bound).use_tuning(S, weights)
                    for bits in (32, 64))
        votes, odds = one.votes_and_log_odds(Q)
        np.testing.assert_array_equal(votes, two.votes(Q))
        np.testing.assert_allclose(odds, two.soft_log_odds(Q), atol=1e-5)


def test_a_layer_that_is_read_beside_one_of_constant_columns(tmp_path):
    X, labels = examples()
    X[1][:] = 1
    np.save(tmp_path / '0.npy', X[0])
    np.save(tmp_path / '1.npy', X[1])
    stored = [np.load(tmp_path / f'{i}.npy', mmap_mode='r') for i in (0, 1)]
    Q, _ = examples(40, seed=1)
    bound = memory.least_of_all(len(labels), [h.shape[1] for h in X])
    one, two = (fitted(stored, labels, bits, bound).use_tuning(S, W)
                for bits in (32, 64))
    votes, odds = one.votes_and_log_odds(Q)
    np.testing.assert_array_equal(votes, two.votes(Q))
    np.testing.assert_allclose(odds, two.soft_log_odds(Q), atol=1e-5)


def test_examples_that_are_searched_in_stretches():
    X, labels = [flat(3000)], np.arange(3000) % 3
    Q = [flat(100, seed=1)]
    one, two = (fitted(X, labels, bits).use_tuning([10.], [1.])
                for bits in (32, 64))
    assert one.indexes_[0].products_.is_sorted
    votes, odds = one.votes_and_log_odds(Q)
    np.testing.assert_array_equal(votes, two.votes(Q))
    np.testing.assert_allclose(odds, two.soft_log_odds(Q), atol=1e-4)


def test_no_query(given):
    X, labels = examples()
    stored, bound = given(X)
    dknn = fitted(stored, labels, 32, bound).use_tuning(S, W)
    votes, odds = dknn.votes_and_log_odds([h[:0] for h in X])
    assert votes.shape == odds.shape == (0, 3)
