"""Deep k-nearest neighbours: what holds for any data and any index."""
import functools

import brute_force
import numpy as np
import pytest
from dknn_examples import clusters, layer
from scipy.stats import binom
from sklearn.neighbors import NearestNeighbors

from dknn import DkNN, Neighbors
from neighbors import INDEXES, LSHIndex, layers

pytestmark = pytest.mark.filterwarnings('error')


# -------------------------------------------------------------- properties

def test_votes_against_a_plain_count():
    h, labels = clusters(200)
    queries, _ = clusters(40, seed=1)
    dknn = DkNN(3, 15).fit(h, labels)
    np.testing.assert_array_equal(
        dknn.votes(queries), brute_force.votes(h, labels, queries, 15, 3))
    conformity = dknn.conformity(queries)
    assert conformity.dtype == np.float64
    np.testing.assert_allclose(conformity.sum(axis=1), 1, rtol=1e-15)


@pytest.mark.parametrize('name', sorted(INDEXES))
def test_every_index(name):
    h, labels = clusters(500)
    dknn = DkNN(3, 20, name).fit(h, labels).calibrate(*clusters(60, 1))
    queries, given = clusters(100, 2)
    result = dknn.predict(queries)
    assert (result.label == given).mean() > .7
    np.testing.assert_array_equal(dknn.votes(queries).sum(axis=1), 40)
    np.testing.assert_array_equal(dknn.conformity(queries),
                                  result.conformity)
    counted = [np.bincount(labels[row.ravel()], minlength=3)
               for row in dknn.kneighbors(queries)]
    np.testing.assert_array_equal(dknn.votes(queries), counted)


def test_other_indexes():
    h, labels = clusters(300)
    queries, _ = clusters(50, 1)
    expected = DkNN(3, 9).fit(h, labels).votes(queries)
    foreign = NearestNeighbors(algorithm='brute')
    for index in (foreign, lambda: NearestNeighbors(algorithm='kd_tree'),
                  functools.partial(LSHIndex, n_bits=62, n_tables=1)):
        dknn = DkNN(3, 9, index).fit(h, labels)
        assert dknn.indexes_[0] is not dknn.indexes_[1]
        np.testing.assert_array_equal(dknn.votes(queries), expected)
    assert not hasattr(foreign, 'n_samples_fit_')


def test_missing_neighbours_do_not_vote():
    class Short:
        def fit(self, X):
            return self

        def kneighbors(self, Q, k):
            return np.zeros((len(Q), k)), np.full((len(Q), k), -1)

    dknn = DkNN(2, 2, Short).fit([layer(0, 1)], [0, 1])
    for method in (dknn.votes, dknn.search):
        with pytest.raises(ValueError, match='Short found fewer than 2'):
            method([layer(0)])


@pytest.mark.parametrize('batch', [1, 7])
def test_batches_change_nothing(batch, monkeypatch):
    h, labels = clusters(120, n_class=2)
    queries, _ = clusters(50, 1, n_class=2)
    dknn = DkNN(2, 4).fit(h, labels).calibrate(*clusters(30, 2, n_class=2))
    expected = dknn.predict(queries) + dknn.search(queries)
    tied = dknn.votes(queries)
    assert (tied[:, 0] == tied[:, 1]).any()
    monkeypatch.setattr(layers, 'BATCH', batch)
    for a, b in zip(expected, dknn.predict(queries) + dknn.search(queries),
                    strict=True):
        np.testing.assert_array_equal(a, b)
    for i in range(10):
        one = dknn.predict([h[i:i + 1] for h in queries])
        for a, b in zip(expected, one, strict=False):
            np.testing.assert_array_equal(a[i:i + 1], b)


def test_one_search_serves_all():
    h, labels = clusters(150)
    dknn = DkNN(3, 10).fit(h, labels).calibrate(*clusters(40, 1))
    queries, _ = clusters(30, 2)
    counts, result = dknn.votes(queries), dknn.predict(queries)
    np.testing.assert_array_equal(dknn.conformity_from_votes(counts),
                                  result.conformity)
    np.testing.assert_array_equal(dknn.p_values_from_votes(counts),
                                  result.p_values)
    assert result.votes.dtype == np.int64
    np.testing.assert_array_equal(result.votes, counts)
    assert result[-1] is result.votes  # the older fields keep their places
    assert dknn.predict([h[:0] for h in queries]).p_values.shape == (0, 3)


@pytest.mark.parametrize('name', ['exact', 'hnsw'])
def test_prediction_from_neighbors_found_before(name, monkeypatch):
    h, labels = clusters(120, n_class=2)
    queries, _ = clusters(200, 1, n_class=2)
    dknn = DkNN(2, 4, name).fit(h, labels)
    dknn.calibrate(*clusters(30, 2, n_class=2))
    expected, found = dknn.predict(queries), dknn.search(queries)
    counts = expected.votes
    tied = counts[:, 0] == counts[:, 1]
    assert 20 < tied.sum() < 180
    assert set(expected.label[tied]) == {0, 1}  # distances decide
    for index in dknn.indexes_:  # nothing is searched again
        monkeypatch.setattr(index, 'kneighbors', None)
        monkeypatch.setattr(index, 'neighbor_sets', None)
    for a, b in zip(expected, dknn.predict_from_neighbors(found),
                    strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)
    none = dknn.predict_from_neighbors(Neighbors(*(x[:0] for x in found)))
    assert none.p_values.shape == (0, 2)


def misses(dknn, n_trials, n_calibration, error, label=None):
    """Trials in which the set of one new example misses its label."""
    pool, given = clusters(4000, seed=5)
    rng = np.random.RandomState(6)
    missed = 0
    for _ in range(n_trials):
        chosen = rng.choice(len(given), n_calibration, replace=False)
        rest = np.setdiff1d(
            np.arange(len(given)) if label is None
            else np.flatnonzero(given == label), chosen)
        new = rng.choice(rest, 1)
        dknn.calibrate([h[chosen] for h in pool], given[chosen])
        kept = dknn.prediction_set(
            dknn.p_values([h[new] for h in pool]), error)
        missed += not kept[0, given[new[0]]]
    return missed


@pytest.mark.parametrize('error', [.1, .3])
def test_sets_miss_the_truth_at_most_as_often_as_promised(error):
    dknn = DkNN(3, 10).fit(*clusters(100))
    # 19 calibration examples: without the +1s, .15 and more are missed
    missed = misses(dknn, 400, 19, error)
    assert missed <= binom.ppf(.999, 400, error)
    assert missed > 0


def test_class_conditional_sets_hold_for_every_label():
    dknn = DkNN(3, 10, class_conditional=True).fit(*clusters(100))
    for label in range(3):
        missed = misses(dknn, 150, 60, .2, label)
        assert missed <= binom.ppf(.999, 150, .2)


# ------------------------------------------------------------------ storage

@pytest.mark.parametrize('name', sorted(INDEXES))
def test_indexes_are_stored(name, tmp_path, monkeypatch):
    h, labels = clusters(200)
    queries, _ = clusters(20, 1)
    dknn = DkNN(3, 7, name, layers=[1]).fit(h, labels)
    dknn.save_indexes(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [f'layer1.{name}']
    monkeypatch.setattr(INDEXES[name], '_build', None)  # cannot be called
    loaded = DkNN(3, 7, name, layers=[1]).load_indexes(tmp_path, h, labels)
    np.testing.assert_array_equal(loaded.votes(queries), dknn.votes(queries))
    with pytest.raises(ValueError, match='call fit'):
        loaded.load_indexes(tmp_path, [x[:100] for x in h], labels[:100])


def test_options_changed_after_fit_wait_for_the_next():
    h, labels = clusters(120)
    queries, _ = clusters(10, 1)
    dknn = DkNN(3, 9).fit(h, labels).calibrate(*clusters(30, 2))
    before = dknn.predict(queries)
    dknn.n_neighbors, dknn.layers = 4, 'last'
    for one, other in zip(before, dknn.predict(queries), strict=True):
        np.testing.assert_array_equal(one, other)
    dknn.fit(h, labels)
    np.testing.assert_array_equal(
        dknn.votes(queries),
        DkNN(3, 4, layers='last').fit(h, labels).votes(queries))
    with pytest.raises(RuntimeError, match='call calibrate'):
        dknn.p_values(queries)


def test_a_fit_that_fails_leaves_what_there_was():
    h, labels = clusters(120)
    dknn = DkNN(3, 9).fit(h, labels).calibrate(*clusters(30, 2))
    before = dknn.predict(h)
    with pytest.raises(ValueError, match='NaN'):
        dknn.fit([np.full_like(part, np.nan) for part in h], labels)
    for one, other in zip(before, dknn.predict(h), strict=True):
        np.testing.assert_array_equal(one, other)
