"""What DkNN says to the usual slips of who calls it, in one sentence."""
import numpy as np
import pytest

from dknn import DkNN
from errors import UserError

N, WIDTHS = 40, (3, 5)
RNG = np.random.default_rng(0)
LAYERS = [RNG.normal(size=(N, width)).astype(np.float32) for width in WIDTHS]
LABELS = np.arange(N) % 2
VERBS = {
    'search': lambda dknn, h: dknn.search(h),
    'votes': lambda dknn, h: dknn.votes(h),
    'predict': lambda dknn, h: dknn.predict(h),
    'soft': lambda dknn, h: dknn.predict(h, soft=True),
    'calibrate': lambda dknn, h: dknn.calibrate(h, LABELS),
    'tune': lambda dknn, h: dknn.tune(h, LABELS),
    'gradients': lambda dknn, h: dknn.soft_gradients(h, LABELS),
    'shares': lambda dknn, h: dknn.soft_shares(h, dknn.search(LAYERS)),
}


@pytest.fixture
def fitted():
    return DkNN(2, 3).fit(LAYERS, LABELS).tune(LAYERS, LABELS).calibrate(
        LAYERS, LABELS)


def one_sentence(said, *parts):
    assert len(said) < 250 and '\n' not in said
    for part in parts:
        assert part in said


@pytest.mark.parametrize('verb', VERBS)
def test_one_array_for_all_layers(verb, fitted):
    """5,000 rows: their shapes are not listed."""
    with pytest.raises(UserError) as raised:
        VERBS[verb](fitted, np.zeros((5000, 3), np.float32))
    one_sentence(str(raised.value), 'one array of shape (5000, 3)',
                 'a list of arrays, one a layer; give [array]')


def test_one_array_for_all_layers_to_fit():
    with pytest.raises(UserError, match=r'\(5000, 3\).*give \[array\]'):
        DkNN(2, 3).fit(np.zeros((5000, 3)), np.zeros(5000, int))


def test_rows_in_the_place_of_layers(fitted):
    """A list of rows: some shapes are listed, and how many more there are."""
    with pytest.raises(UserError) as raised:
        fitted.predict(list(np.zeros((5000, 3))))
    one_sentence(str(raised.value), '[(3,), (3,)', '4,992 more')


def test_layers_on_top_of_each_other_are_layers(fitted):
    same = DkNN(2, 3).fit(np.stack([LAYERS[0]] * 2), LABELS)
    assert same.layers_ == (0, 1)


@pytest.mark.parametrize('verb', VERBS)
@pytest.mark.parametrize('bad', [np.nan, np.inf, 1e300])
def test_a_row_that_is_not_finite(verb, bad, fitted):
    """Of 40 rows the one with the number 17 (and a later one), in layer 1."""
    layers = [h.astype(np.float64) for h in LAYERS]
    layers[1][17, 4] = layers[1][30, 0] = bad
    with pytest.raises(UserError) as raised:
        VERBS[verb](fitted, layers)
    one_sentence(str(raised.value), 'layer 1 ', 'in row 17, counted from 0')


@pytest.mark.parametrize('index', ['exact', 'kdtree', 'lsh'])
def test_a_training_row_that_is_not_finite(index):
    layers = [h.copy() for h in LAYERS]
    layers[0][39, 2] = np.nan
    with pytest.raises(UserError, match='layer 0 holds NaN.* in row 39,'):
        DkNN(2, 3, index=index).fit(layers, LABELS)


def test_a_row_far_behind_the_first_batch(fitted):
    """Row 6,000 is searched in the second batch of 4,096."""
    layers = [np.zeros((7000, width), np.float32) for width in WIDTHS]
    layers[1][6000, 0] = np.nan
    with pytest.raises(UserError, match='layer 1 .* in row 6,000,'):
        fitted.search(layers)


@pytest.mark.parametrize('labels', [
    np.array(['negative', 'positive'] * 20), ['negative', 'positive'] * 20,
    np.array(['negative', 'positive'] * 20, object)])
def test_labels_by_name(labels):
    with pytest.raises(UserError) as raised:
        DkNN(2, 3).fit(LAYERS, labels)
    one_sentence(str(raised.value), "like 'negative'", 'from 0 to 1',
                 'numpy.unique(labels, return_inverse=True)')
    _, numbers = np.unique(labels, return_inverse=True)  # the way out
    assert DkNN(2, 3).fit(LAYERS, numbers).labels_[:3].tolist() == [0, 1, 0]


def test_prediction_set_of_a_prediction(fitted):
    """{y : p_y > e}: of p-values .1 and .6, only the second at e = .2."""
    for soft in (False, True):
        prediction = fitted.predict(LAYERS, soft=soft)
        found = prediction.prediction_set(.2)
        np.testing.assert_array_equal(found, prediction.p_values > .2)
        np.testing.assert_array_equal(
            found, fitted.prediction_set(prediction.p_values, .2))
    made = prediction._replace(p_values=np.array([[.1, .6], [.2, .2]]))
    assert made.prediction_set(.2).tolist() == [[False, True], [False, False]]
    with pytest.raises(UserError, match='error=1 must lie between'):
        made.prediction_set(1)
