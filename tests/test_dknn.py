import functools
from fractions import Fraction

import numpy as np
import pytest
from scipy.stats import binom
from sklearn.neighbors import NearestNeighbors

import dknn
from dknn import DkNN
from neighbors import INDEXES, LSHIndex

pytestmark = pytest.mark.filterwarnings('error')


def layer(*values):
    """Activations of width 1."""
    return np.array(values, np.float32)[:, None]


def clusters(n, seed=0, n_class=3, spread=1.5):
    """Two layers of activations, and labels, of overlapping classes."""
    rng = np.random.RandomState(seed)
    labels = rng.randint(n_class, size=n)
    first = np.eye(n_class, 6)[labels] * 2 + spread * rng.randn(n, 6)
    second = first[:, :4] + .3 * rng.randn(n, 4)
    return [first.astype(np.float32), second.astype(np.float32)], labels


def fifths(**options):
    """k = 5; around 0, 100, .. 400 are 4, 3, 2, 1, 5 examples of label 0."""
    positions = np.repeat([0, 100, 200, 300, 400], 5) + np.tile(range(5), 5)
    labels = np.array([0] * 4 + [1] + [0] * 3 + [1] * 2 + [0] * 2 + [1] * 3
                      + [0] + [1] * 4 + [0] * 5)
    return DkNN(2, 5, **options).fit([layer(*positions)], labels)


# -------------------------------------------------------- worked by hand

def test_two_layers_by_hand():
    # Layer 0, x = 0.9: example 1 at distance .1, example 0 at .9
    # Layer 1, x = 0.4: example 0 at distance .4, example 2 at .6
    # Labels of 1, 0, 0, 2 are 1, 0, 0, 0: conformity 3/4 and 1/4
    model = DkNN(2, 2).fit(
        [layer(0, 1, 2, 10), layer(0, 10, 1, 20)], [0, 1, 0, 1])
    x = [layer(.9), layer(.4)]
    np.testing.assert_array_equal(model.kneighbors(x), [[[1, 0], [0, 2]]])
    found = model.search(x)
    np.testing.assert_array_equal(found.indices, [[[1, 0], [0, 2]]])
    np.testing.assert_allclose(found.distances, [[[.1, .9], [.4, .6]]],
                               rtol=1e-6)
    np.testing.assert_array_equal(model.votes(x), [[3, 1]])
    np.testing.assert_array_equal(model.conformity(x), [[3 / 4, 1 / 4]])


def test_layers():
    # As above; by itself, layer 0 votes 1 : 1 and layer 1 votes 2 : 0
    h = [layer(0, 1, 2, 10), layer(0, 10, 1, 20)]
    x = [layer(.9), layer(.4)]
    for layers, numbers, votes in [
            ('all', (0, 1), [3, 1]), ('last', (1,), [2, 0]),
            ([0], (0,), [1, 1]), ([-2], (0,), [1, 1]),
            ((-1, 0), (1, 0), [3, 1]), (np.array([1]), (1,), [2, 0])]:
        model = DkNN(2, 2, layers=layers).fit(h, [0, 1, 0, 1])
        assert model.layers_ == numbers
        np.testing.assert_array_equal(model.votes(x), [votes])
        assert model.kneighbors(x).shape == (1, len(numbers), 2)


def test_calibration_and_p_values_by_hand():
    model = fifths().calibrate([layer(0, 100, 200, 300)], [0, 0, 0, 0])
    np.testing.assert_allclose(model.calibration_, [.2, .4, .6, .8],
                               rtol=1e-15)
    result = model.predict([layer(400, 0, 300)])
    np.testing.assert_array_equal(result.conformity,
                                  [[1, 0], [4 / 5, 1 / 5], [1 / 5, 4 / 5]])
    # x = 400: 1 - c is 0 and 1; all four a_i are >= 0, none is >= 1
    # x = 0: 1 - c is .2 and .8; the tied a_i count, so four and one
    # x = 300: the labels change places
    np.testing.assert_array_equal(result.p_values,
                                  [[5 / 5, 1 / 5], [5 / 5, 2 / 5],
                                   [2 / 5, 5 / 5]])
    np.testing.assert_array_equal(result.label, [0, 0, 1])
    np.testing.assert_array_equal(result.credibility, [1, 1, 1])
    np.testing.assert_allclose(result.confidence, [.8, .6, .6], rtol=1e-15)
    np.testing.assert_array_equal(
        model.p_values([layer(400, 0, 300)]), result.p_values)


def test_credibility_of_the_unusual():
    # Every calibration example conforms fully (a_i = 0): nothing is trimmed,
    # so 1 - c = .4 is more than all of them
    model = fifths().calibrate([layer(400, 400, 400)], [0, 0, 0])
    result = model.predict([layer(100)])
    assert result.credibility == [1 / 4]
    np.testing.assert_array_equal(result.p_values, [[1 / 4, 1 / 4]])


def test_class_conditional_p_values_by_hand():
    # Label 0: a = .2, .8 (at 0 and 300); label 1: a = .4 (at 200)
    model = fifths(class_conditional=True).calibrate(
        [layer(0, 200, 300)], [0, 1, 0])
    np.testing.assert_allclose(model.calibration_, [.2, .4, .8], rtol=1e-15)
    # x = 100: 1 - c is .4 and .6; one of the two a_i, none of the one
    np.testing.assert_array_equal(model.p_values([layer(100)]),
                                  [[2 / 3, 1 / 2]])
    # No calibration example of label 1: nothing speaks against it
    model.calibrate([layer(0, 300)], [0, 0])
    np.testing.assert_array_equal(model.p_values([layer(100)]), [[2 / 3, 1]])


def test_ties_of_p_values_are_exact():
    # Every share of 30 neighbours once: 1 - c in floating point is not
    # always what 1 - c was elsewhere; fractions are
    rng = np.random.RandomState(0)
    model = DkNN(2, 30).fit([layer(*rng.randn(60))], rng.randint(2, size=60))
    queries = rng.randn(200) * 2
    given = rng.randint(2, size=200)
    model.calibrate([layer(*queries)], given)
    votes = model.votes([layer(*queries)])
    scores = [1 - Fraction(int(row[y]), 30)
              for row, y in zip(votes, given, strict=True)]
    expected = [[Fraction(1 + sum(a >= 1 - Fraction(int(v), 30)
                                  for a in scores), 201) for v in row]
                for row in votes]
    np.testing.assert_array_equal(model.p_values([layer(*queries)]),
                                  np.array(expected, np.float64))


@pytest.mark.parametrize('case', [
    # neighbours of x = 0 by position, their labels, the label predicted
    ([-1, 2], [1, 0], 1),           # nearer
    ([-2, 1], [1, 0], 0),
    ([-1, 1], [1, 0], 0),           # equally near: the lower label
    ([-3, -2, 1, 4], [2, 1, 1, 2], 1),      # sums 7 and 3
    ([.1, 2, -3, 4, 5], [0, 2, 1, 1, 2], 1),  # 0 is nearest, but not tied
])
def test_ties_of_the_label(case):
    positions, labels, expected = case
    model = DkNN(3, len(labels)).fit([layer(*positions)], labels)
    model.calibrate([layer(0)], [0])
    assert model.predict([layer(0)]).label == [expected]


def test_tied_distances_are_summed_in_one_order():
    # Label 1 has the distances .1, .2, .3 by layer, label 0 the reverse;
    # in binary (.1 + .2) + .3 > (.3 + .2) + .1
    values = np.array([.1, .2, .3])
    found = dknn.Neighbors(
        np.tile([1, 0], (3, 1))[None],
        np.stack([values, values[::-1]], axis=1)[None])
    model = DkNN(2, 2).fit([layer(0, 1)] * 3, [0, 1])
    model.search = lambda activations: found
    sums = model._distance_sums(None)
    assert sums[0, 0] == sums[0, 1]


def test_label_absent_from_the_neighbours():
    model = DkNN(4, 2).fit([layer(0, 1, 2, 50)], [0, 2, 0, 3])
    model.calibrate([layer(0, 1)], [0, 3])
    result = model.predict([layer(.1)])
    np.testing.assert_array_equal(result.conformity, [[.5, 0, .5, 0]])
    # a = 1/2 and 1: for a label without votes 1 - c = 1, one of two counts
    np.testing.assert_array_equal(result.p_values, [[1, 2 / 3, 1, 2 / 3]])
    assert result.label == [0]


def test_prediction_set():
    p_values = [[.05, .5, .051], [.01, .02, .05]]
    np.testing.assert_array_equal(
        DkNN.prediction_set(p_values, .05),
        [[False, True, True], [False, False, False]])
    for error in (0, 1, -.1, np.nan):
        with pytest.raises(ValueError, match=f'error={error}'):
            DkNN.prediction_set(p_values, error)


# -------------------------------------------------------------- properties

def test_votes_against_a_plain_count():
    h, labels = clusters(200)
    queries, _ = clusters(40, seed=1)
    model = DkNN(3, 15).fit(h, labels)
    for i, votes in enumerate(model.votes(queries)):
        expected = [0, 0, 0]
        for X, Q in zip(h, queries, strict=True):
            distance = ((X.astype(np.float64) - Q[i]) ** 2).sum(axis=1)
            for j in np.argsort(distance, kind='stable')[:15]:
                expected[labels[j]] += 1
        assert votes.tolist() == expected
    conformity = model.conformity(queries)
    assert conformity.dtype == np.float64
    np.testing.assert_allclose(conformity.sum(axis=1), 1, rtol=1e-15)


@pytest.mark.parametrize('name', sorted(INDEXES))
def test_every_index(name):
    h, labels = clusters(500)
    model = DkNN(3, 20, name).fit(h, labels).calibrate(*clusters(60, 1))
    queries, given = clusters(100, 2)
    result = model.predict(queries)
    assert (result.label == given).mean() > .7
    np.testing.assert_array_equal(model.votes(queries).sum(axis=1), 40)
    np.testing.assert_array_equal(model.conformity(queries),
                                  result.conformity)
    counted = [np.bincount(labels[row.ravel()], minlength=3)
               for row in model.kneighbors(queries)]
    np.testing.assert_array_equal(model.votes(queries), counted)


def test_other_indexes():
    h, labels = clusters(300)
    queries, _ = clusters(50, 1)
    expected = DkNN(3, 9).fit(h, labels).votes(queries)
    foreign = NearestNeighbors(algorithm='brute')
    for index in (foreign, lambda: NearestNeighbors(algorithm='kd_tree'),
                  functools.partial(LSHIndex, n_bits=62, n_tables=1)):
        model = DkNN(3, 9, index).fit(h, labels)
        assert model.indexes_[0] is not model.indexes_[1]
        np.testing.assert_array_equal(model.votes(queries), expected)
    assert not hasattr(foreign, 'n_samples_fit_')


def test_missing_neighbours_do_not_vote():
    class Short:
        def fit(self, X):
            return self

        def kneighbors(self, Q, k):
            return np.zeros((len(Q), k)), np.full((len(Q), k), -1)

    model = DkNN(2, 2, Short).fit([layer(0, 1)], [0, 1])
    with pytest.raises(ValueError, match='Short found fewer than 2'):
        model.votes([layer(0)])


@pytest.mark.parametrize('batch', [1, 7])
def test_batches_change_nothing(batch, monkeypatch):
    h, labels = clusters(120, n_class=2)
    queries, _ = clusters(50, 1, n_class=2)
    model = DkNN(2, 4).fit(h, labels).calibrate(*clusters(30, 2, n_class=2))
    expected = model.predict(queries) + model.search(queries)
    tied = model.votes(queries)
    assert (tied[:, 0] == tied[:, 1]).any()
    monkeypatch.setattr(dknn, 'BATCH', batch)
    for a, b in zip(expected, model.predict(queries) + model.search(queries),
                    strict=True):
        np.testing.assert_array_equal(a, b)
    for i in range(10):
        one = model.predict([h[i:i + 1] for h in queries])
        for a, b in zip(expected, one, strict=False):
            np.testing.assert_array_equal(a[i:i + 1], b)


def test_one_search_serves_all():
    h, labels = clusters(150)
    model = DkNN(3, 10).fit(h, labels).calibrate(*clusters(40, 1))
    queries, _ = clusters(30, 2)
    votes, result = model.votes(queries), model.predict(queries)
    np.testing.assert_array_equal(model.conformity_from_votes(votes),
                                  result.conformity)
    np.testing.assert_array_equal(model.p_values_from_votes(votes),
                                  result.p_values)
    assert model.predict([h[:0] for h in queries]).p_values.shape == (0, 3)


def misses(model, n_trials, n_calibration, error, label=None):
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
        model.calibrate([h[chosen] for h in pool], given[chosen])
        kept = model.prediction_set(
            model.p_values([h[new] for h in pool]), error)
        missed += not kept[0, given[new[0]]]
    return missed


@pytest.mark.parametrize('error', [.1, .3])
def test_sets_miss_the_truth_at_most_as_often_as_promised(error):
    model = DkNN(3, 10).fit(*clusters(100))
    # 19 calibration examples: without the +1s, .15 and more are missed
    missed = misses(model, 400, 19, error)
    assert missed <= binom.ppf(.999, 400, error)
    assert missed > 0


def test_class_conditional_sets_hold_for_every_label():
    model = DkNN(3, 10, class_conditional=True).fit(*clusters(100))
    for label in range(3):
        missed = misses(model, 150, 60, .2, label)
        assert missed <= binom.ppf(.999, 150, .2)


# ------------------------------------------------------------------ storage

@pytest.mark.parametrize('name', sorted(INDEXES))
def test_indexes_are_stored(name, tmp_path, monkeypatch):
    h, labels = clusters(200)
    queries, _ = clusters(20, 1)
    model = DkNN(3, 7, name, layers=[1]).fit(h, labels)
    model.save_indexes(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [f'layer1.{name}']
    monkeypatch.setattr(INDEXES[name], '_build', None)  # cannot be called
    loaded = DkNN(3, 7, name, layers=[1]).load_indexes(tmp_path, h, labels)
    np.testing.assert_array_equal(loaded.votes(queries), model.votes(queries))
    with pytest.raises(ValueError, match='call fit'):
        loaded.load_indexes(tmp_path, [x[:100] for x in h], labels[:100])


# ------------------------------------------------------------------- errors

@pytest.mark.parametrize('options, message', [
    ({'n_class': 1}, 'n_class=1'),
    ({'n_neighbors': 0}, 'n_neighbors=0'),
    ({'index': 'ball'}, "index='ball' is unknown; choose from exact, kdtree"),
    ({'layers': 'first'}, "layers='first'")])
def test_errors_of_options(options, message):
    with pytest.raises(ValueError, match=message):
        DkNN(**{'n_class': 2, **options})


@pytest.mark.parametrize('layers', [[2], [-3], [], [0, -2], [0, 0]])
def test_errors_of_layers(layers):
    with pytest.raises(ValueError, match='the network has 2 layers'):
        DkNN(2, 1, layers=layers).fit([layer(0, 1), layer(0, 1)], [0, 1])


@pytest.mark.parametrize('activations, labels, message', [
    ([layer(0, 1), layer(0, 1, 2)], [0, 1], 'same number of examples'),
    ([np.zeros(2)], [0, 1], r'shapes \[\(2,\)\]'),
    ([], [0, 1], r'shapes \[\]'),
    ([layer(0, 1)], [0], 'there must be 2 integers'),
    ([layer(0, 1)], [0., 1.], 'dtype float64'),
    ([layer(0, 1)], [0, 2], 'label 2 is outside of 0 to 1'),
    ([layer(0, 1)], [-1, 1], 'label -1 is outside'),
    ([layer(0, np.nan)], [0, 1], 'NaN'),
    ([layer(0)], [0], 'n_neighbors=2 but only 1 training examples; pass '
     '--neighbors 1 or less')])
def test_errors_of_training_examples(activations, labels, message):
    with pytest.raises(ValueError, match=message):
        DkNN(2, 2).fit(activations, labels)


def test_errors_of_queries():
    model = DkNN(2, 1).fit([layer(0, 1), layer(0, 1)], [0, 1])
    model.calibrate([layer(0), layer(1)], [0])
    for method in (model.search, model.kneighbors, model.votes,
                   model.conformity, model.p_values, model.predict):
        with pytest.raises(ValueError, match=r'1 layers, but fit\(\) was giv'):
            method([layer(0)])
        with pytest.raises(ValueError, match='queries have width 2'):
            method([layer(0), np.zeros((1, 2))])
        with pytest.raises(ValueError, match='NaN'):
            method([layer(0), layer(np.nan)])
    with pytest.raises(ValueError, match='no calibration examples'):
        model.calibrate([layer(), layer()], [])


def test_errors_of_order():
    model, h = DkNN(2, 1), [layer(0, 1)]
    for method in ('search', 'votes', 'p_values', 'predict'):
        with pytest.raises(RuntimeError, match=fr'fit\(\) before {method}'):
            getattr(model, method)(h)
    with pytest.raises(RuntimeError, match=r'fit\(\) before calibrate'):
        model.calibrate(h, [0, 1])
    model.fit(h, [0, 1]).conformity(h)
    for method in ('p_values', 'predict'):
        with pytest.raises(RuntimeError,
                           match=fr'call calibrate\(\) before {method}\(\)'):
            getattr(model, method)(h)
    # What was calibrated on another index does not count
    model.calibrate(h, [0, 1]).fit(h, [0, 1])
    with pytest.raises(RuntimeError, match='calibrate'):
        model.p_values(h)
