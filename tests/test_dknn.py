"""Deep k-nearest neighbours: worked by hand, and what is refused."""
from fractions import Fraction

import numpy as np
import pytest
from dknn_examples import clusters, layer

from dknn import DkNN, Neighbors
from errors import ArgumentError, UserError
from neighbors import votes

pytestmark = pytest.mark.filterwarnings('error')


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
    dknn = DkNN(2, 2).fit(
        [layer(0, 1, 2, 10), layer(0, 10, 1, 20)], [0, 1, 0, 1])
    x = [layer(.9), layer(.4)]
    np.testing.assert_array_equal(dknn.kneighbors(x), [[[1, 0], [0, 2]]])
    found = dknn.search(x)
    np.testing.assert_array_equal(found.indices, [[[1, 0], [0, 2]]])
    np.testing.assert_allclose(found.distances, [[[.1, .9], [.4, .6]]],
                               rtol=1e-6)
    np.testing.assert_array_equal(dknn.votes(x), [[3, 1]])
    np.testing.assert_array_equal(dknn.conformity(x), [[3 / 4, 1 / 4]])


def test_layers():
    # As above; by itself, layer 0 votes 1 : 1 and layer 1 votes 2 : 0
    h = [layer(0, 1, 2, 10), layer(0, 10, 1, 20)]
    x = [layer(.9), layer(.4)]
    for chosen, numbers, counts in [
            ('all', (0, 1), [3, 1]), ('last', (1,), [2, 0]),
            ([0], (0,), [1, 1]), ([-2], (0,), [1, 1]),
            ((-1, 0), (1, 0), [3, 1]), (np.array([1]), (1,), [2, 0])]:
        dknn = DkNN(2, 2, layers=chosen).fit(h, [0, 1, 0, 1])
        assert dknn.layers_ == numbers
        np.testing.assert_array_equal(dknn.votes(x), [counts])
        assert dknn.kneighbors(x).shape == (1, len(numbers), 2)


def test_calibration_and_p_values_by_hand():
    dknn = fifths().calibrate([layer(0, 100, 200, 300)], [0, 0, 0, 0])
    np.testing.assert_allclose(dknn.calibration_, [.2, .4, .6, .8],
                               rtol=1e-15)
    result = dknn.predict([layer(400, 0, 300)])
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
        dknn.p_values([layer(400, 0, 300)]), result.p_values)


def test_credibility_of_the_unusual():
    # Every calibration example conforms fully (a_i = 0): nothing is trimmed,
    # so 1 - c = .4 is more than all of them
    dknn = fifths().calibrate([layer(400, 400, 400)], [0, 0, 0])
    result = dknn.predict([layer(100)])
    assert result.credibility == [1 / 4]
    np.testing.assert_array_equal(result.p_values, [[1 / 4, 1 / 4]])


def test_class_conditional_p_values_by_hand():
    # Label 0: a = .2, .8 (at 0 and 300); label 1: a = .4 (at 200)
    dknn = fifths(class_conditional=True).calibrate(
        [layer(0, 200, 300)], [0, 1, 0])
    np.testing.assert_allclose(dknn.calibration_, [.2, .4, .8], rtol=1e-15)
    # x = 100: 1 - c is .4 and .6; one of the two a_i, none of the one
    np.testing.assert_array_equal(dknn.p_values([layer(100)]),
                                  [[2 / 3, 1 / 2]])
    # No calibration example of label 1: nothing speaks against it
    dknn.calibrate([layer(0, 300)], [0, 0])
    np.testing.assert_array_equal(dknn.p_values([layer(100)]), [[2 / 3, 1]])


def test_ties_of_p_values_are_exact():
    # Every share of 30 neighbours once: 1 - c in floating point is not
    # always what 1 - c was elsewhere; fractions are
    rng = np.random.RandomState(0)
    dknn = DkNN(2, 30).fit([layer(*rng.randn(60))], rng.randint(2, size=60))
    queries = rng.randn(200) * 2
    given = rng.randint(2, size=200)
    dknn.calibrate([layer(*queries)], given)
    counts = dknn.votes([layer(*queries)])
    scores = [1 - Fraction(int(row[y]), 30)
              for row, y in zip(counts, given, strict=True)]
    expected = [[Fraction(1 + sum(a >= 1 - Fraction(int(v), 30)
                                  for a in scores), 201) for v in row]
                for row in counts]
    np.testing.assert_array_equal(dknn.p_values([layer(*queries)]),
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
    dknn = DkNN(3, len(labels)).fit([layer(*positions)], labels)
    dknn.calibrate([layer(0)], [0])
    assert dknn.predict([layer(0)]).label == [expected]


def test_tied_distances_are_summed_in_one_order():
    # Label 1 has the distances .1, .2, .3 by layer, label 0 the reverse;
    # in binary (.1 + .2) + .3 > (.3 + .2) + .1
    values = np.array([.1, .2, .3])
    found = Neighbors(
        np.tile([1, 0], (3, 1))[None],
        np.stack([values, values[::-1]], axis=1)[None])
    sums = votes.distance_sums(found, np.array([0, 1]), 2)
    assert sums[0, 0] == sums[0, 1]
    dknn = DkNN(2, 2).fit([layer(0, 1)] * 3, [0, 1])
    dknn.calibrate([layer(0)] * 3, [0])
    assert dknn.predict_from_neighbors(found).label == [0]


def test_label_absent_from_the_neighbours():
    dknn = DkNN(4, 2).fit([layer(0, 1, 2, 50)], [0, 2, 0, 3])
    dknn.calibrate([layer(0, 1)], [0, 3])
    result = dknn.predict([layer(.1)])
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


# ------------------------------------------------------------------- errors

@pytest.mark.parametrize('options, message', [
    ({'n_class': 1}, 'n_class=1 is too small; take 2 or more'),
    ({'n_neighbors': 0}, 'n_neighbors=0 is too small; take 1 or more'),
    ({'index': 'ball'}, "index='ball' is unknown; choose from exact, kdtree"),
    ({'layers': 'first'}, "layers='first'")])
def test_errors_of_options(options, message):
    with pytest.raises(ArgumentError, match=message) as raised:
        DkNN(**{'n_class': 2, **options})
    assert raised.value.name in options


@pytest.mark.parametrize('numbers', [[2], [-3], [], [0, -2], [0, 0]])
def test_errors_of_layers(numbers):
    with pytest.raises(ArgumentError, match='the network has 2 layers') as (
            raised):
        DkNN(2, 1, layers=numbers).fit([layer(0, 1), layer(0, 1)], [0, 1])
    assert (raised.value.name, raised.value.value) == ('layers', numbers)


@pytest.mark.parametrize('activations, labels, message', [
    ([layer(0, 1), layer(0, 1, 2)], [0, 1], 'same number of examples'),
    ([np.zeros(2)], [0, 1], r'shapes \[\(2,\)\]'),
    ([], [0, 1], r'shapes \[\]'),
    ([layer(0, 1)], [0], 'there must be 2 integers'),
    ([layer(0, 1)], [0., 1.], 'dtype float64'),
    ([layer(0, 1)], [0, 2], 'label 2 is outside of 0 to 1'),
    ([layer(0, 1)], [-1, 1], 'label -1 is outside'),
    ([layer(0, np.nan)], [0, 1], 'NaN'),
    ([layer(0)], [0], 'n_neighbors=2 exceeds the 1 training examples; take 1 '
     'or fewer')])
def test_errors_of_training_examples(activations, labels, message):
    with pytest.raises(UserError, match=message):
        DkNN(2, 2).fit(activations, labels)


def test_errors_of_queries():
    dknn = DkNN(2, 1).fit([layer(0, 1), layer(0, 1)], [0, 1])
    dknn.calibrate([layer(0), layer(1)], [0])
    for method in (dknn.search, dknn.kneighbors, dknn.votes,
                   dknn.conformity, dknn.p_values, dknn.predict):
        with pytest.raises(ValueError, match=r'1 layers, but fit\(\) was giv'):
            method([layer(0)])
        with pytest.raises(ValueError, match='queries have width 2'):
            method([layer(0), np.zeros((1, 2))])
        with pytest.raises(ValueError, match='NaN'):
            method([layer(0), layer(np.nan)])
    with pytest.raises(ValueError, match='no calibration examples'):
        dknn.calibrate([layer(), layer()], [])


def test_errors_of_order():
    dknn, h = DkNN(2, 1), [layer(0, 1)]
    for method in ('search', 'votes', 'p_values', 'predict'):
        with pytest.raises(RuntimeError, match=fr'fit\(\) before {method}'):
            getattr(dknn, method)(h)
    with pytest.raises(RuntimeError, match=r'fit\(\) before calibrate'):
        dknn.calibrate(h, [0, 1])
    dknn.fit(h, [0, 1]).conformity(h)
    for method in ('p_values', 'predict'):
        with pytest.raises(RuntimeError,
                           match=fr'call calibrate\(\) before {method}\(\)'):
            getattr(dknn, method)(h)
    # What was calibrated on another index does not count
    dknn.calibrate(h, [0, 1]).fit(h, [0, 1])
    with pytest.raises(RuntimeError, match='calibrate'):
        dknn.p_values(h)


@pytest.mark.parametrize('change, message', [
    (lambda i, d: (i[:, :1], d[:, :1]), r'must be \(examples, 2, 3\)'),
    (lambda i, d: (i, d[:, :, :2]), r'\(5, 2, 3\) and \(5, 2, 2\), but'),
    (lambda i, d: (i[0], d[0]), r'must be \(examples, 2, 3\)'),
    (lambda i, d: (i + 50, d), 'must be integers from 0 to 49'),
    (lambda i, d: (i - 50, d), 'must be integers from 0 to 49'),
    (lambda i, d: (i * 1., d), 'must be integers from 0 to 49')])
def test_errors_of_neighbors_found_before(change, message):
    dknn = DkNN(3, 3).fit(*clusters(50)).calibrate(*clusters(9, 1))
    found = dknn.search(clusters(5, 2)[0])
    with pytest.raises(UserError, match=message):
        dknn.predict_from_neighbors(Neighbors(*change(*found)))
