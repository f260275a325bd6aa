"""Every encoder, for one text and for a pair: the released parameter paths,
the golden arrays, gradients, batches."""
import compat  # noqa: F401  (before Chainer)

import chainer
import numpy as np
import pytest

import nets
from errors import ArgumentError
from nlp_utils import Texts

ALL = [(model, pair) for model in sorted(nets.ENCODERS)
       for pair in (False, True)]


def make(model, pair=False, seed=0, **sizes):
    np.random.seed(seed)
    sizes = {'n_vocab': 20, 'n_class': 3, 'n_units': 6, 'n_layers': 2,
             **sizes}
    return nets.make_classifier(model, pair=pair, **sizes)


def texts(pair=False, seed=0, n=5):
    rng = np.random.default_rng(seed)

    def some():
        return [rng.integers(0, 20, size).astype(np.int32)
                for size in rng.integers(1, 9, n)]

    return (some(), some()) if pair else some()


def one(xs, i):
    return Texts.of(xs).select([i])


def paths(model):
    return {name for name, _ in model.namedparams()}


def lstm_paths(prefix, n_layers):
    return {f'{prefix}/{layer}/{kind}{i}' for layer in range(n_layers)
            for kind in 'wb' for i in range(8)}


RELEASED = {
    'cnn': {'/encoder/embed/W', '/encoder/cnn_w3/W', '/encoder/cnn_w4/W',
            '/encoder/cnn_w5/W', '/encoder/mlp/0/W', '/encoder/mlp/0/b',
            '/encoder/mlp/1/W', '/encoder/mlp/1/b'},
    'rnn': {'/encoder/embed/W'} | lstm_paths('/encoder/encoder', 2),
    'bilstm': {'/encoder/embed/W'}
    | lstm_paths('/encoder/encoder_forward', 2)
    | lstm_paths('/encoder/encoder_backward', 2),
    'bow': {'/encoder/bow_encoder/embed/W', '/encoder/mlp_encoder/0/W',
            '/encoder/mlp_encoder/0/b', '/encoder/mlp_encoder/1/W',
            '/encoder/mlp_encoder/1/b'}}


@pytest.mark.parametrize(('model', 'pair'), ALL)
def test_parameter_paths_are_the_released_ones(model, pair):
    expected = RELEASED[model] | {'/output/W', '/output/b'}
    if pair:
        expected |= {f'/mlp/{i}/{p}' for i in range(3) for p in 'Wb'}
    assert paths(make(model, pair)) == expected


@pytest.mark.parametrize(('name', 'model', 'sizes'), [
    ('cnn', 'cnn', {'n_units': 30, 'n_layers': 3}),
    ('rnn', 'rnn', {'n_units': 20, 'n_layers': 2}),
    ('snli_rnn', 'rnn', {'n_units': 12, 'n_layers': 2, 'pair': True})])
def test_golden_arrays(golden, name, model, sizes):
    weights, expected = golden(name)
    classifier = make(model, n_vocab=60, **sizes)
    chainer.serializers.load_npz(weights, classifier)

    def numbered(key):
        count = sum(k.startswith(key) for k in expected)
        return [expected[f'{key}{i}'] for i in range(count)]

    xs = (numbered('premise_'), numbered('hypothesis_')) \
        if sizes.get('pair') else numbered('x_')
    np.testing.assert_allclose(
        classifier.logits(xs).array, expected['logits'], atol=1e-5)
    np.testing.assert_allclose(
        classifier.predict(xs), expected['probs'], atol=1e-5)
    layers = numbered('layer_')
    for h, layer in zip(classifier.activations(xs), layers, strict=True):
        np.testing.assert_allclose(h, layer, atol=1e-5)
    gradients = numbered('lossgrad_times_input_')
    if gradients:  # of the mean over the batch of 8; the sign is turned
        for s, g in zip(classifier.word_gradients(xs), gradients,
                        strict=True):
            np.testing.assert_allclose(-s, g, atol=1e-5)


@pytest.mark.parametrize(('model', 'pair'), ALL)
def test_contract(model, pair, tmp_path):
    classifier = make(model, pair)
    xs = texts(pair)
    logits, layers = classifier.logits_and_activations(xs)
    assert logits.shape == (5, 3)
    assert logits.dtype == np.float32
    assert len(layers) == len(classifier.layer_names)
    assert all(h.shape[0] == 5 and h.dtype == np.float32 for h in layers)
    np.testing.assert_allclose(classifier.predict(xs).sum(axis=1), 1,
                               atol=1e-6)
    chainer.serializers.save_npz(tmp_path / 'model.npz', classifier)
    again = make(model, pair, seed=1)
    assert not np.allclose(again.logits(xs).array, logits)
    chainer.serializers.load_npz(tmp_path / 'model.npz', again)
    np.testing.assert_array_equal(again.logits(xs).array, logits)


@pytest.mark.parametrize(('model', 'pair'), ALL)
def test_one_text_at_a_time(model, pair):
    classifier = make(model, pair)
    xs = texts(pair)
    logits, layers = classifier.logits_and_activations(xs)
    gradients = classifier.word_gradients(xs, reduce='no')
    for i in range(5):
        z, hs = classifier.logits_and_activations(one(xs, i))
        np.testing.assert_allclose(z[0], logits[i], atol=1e-5)
        for h, layer in zip(hs, layers, strict=True):
            np.testing.assert_allclose(h[0], layer[i], atol=1e-5)
        g, = classifier.word_gradients(one(xs, i), reduce='no')
        np.testing.assert_allclose(g, gradients[i], atol=1e-6)


@pytest.mark.parametrize(('model', 'pair'), ALL)
def test_gradients_through_layers(model, pair):
    """Of sum_l r_l . h_l^2 / 2, whose slope at h_l is r_l h_l."""
    classifier = make(model, pair)
    for parameter in classifier.params():
        parameter.array = parameter.array.astype(np.float64)
    rng = np.random.default_rng(0)
    with chainer.using_config('dtype', np.float64):
        xs = texts(pair)
        at = [e for e, _ in classifier.embeddings(xs)]
        r = [rng.standard_normal(h.shape)
             for h in classifier.layers_at(xs, at)]

        def value(at):
            return sum((weights * h * h).sum() / 2 for weights, h in zip(
                r, classifier.layers_at(xs, at), strict=True))

        def slopes(layers):
            return [weights * h for weights, h in zip(r, layers, strict=True)]

        found = classifier.gradients_through_layers(xs, slopes, at)
        for side, g in enumerate(found):
            direction = rng.standard_normal(g.shape)
            ends = []
            for step in (1e-6, -1e-6):
                moved = list(at)
                moved[side] = at[side] + step * direction
                ends.append(value(moved))
            np.testing.assert_allclose((g * direction).sum(),
                                       (ends[0] - ends[1]) / 2e-6,
                                       rtol=1e-5, atol=1e-7)
        r[:-1] = [0 * weights for weights in r[:-1]]
        last = classifier.gradients_through_layers(xs, slopes, at)
        assert abs(last[0] - found[0]).max() > 1e-6
        none = classifier.gradients_through_layers(
            xs, lambda layers: [0 * h for h in layers])
        assert not any(g.any() for g in none)


@pytest.mark.parametrize(('model', 'pair'), ALL)
def test_layers_at_the_word_vectors(model, pair):
    classifier, xs = make(model, pair), texts(pair)
    at = [e for e, _ in classifier.embeddings(xs)]
    for given in (None, at):
        for one, other in zip(classifier.layers_at(xs, given),
                              classifier.activations(xs), strict=True):
            np.testing.assert_allclose(one, other, atol=1e-5)


def test_reduce_mean_divides_by_the_batch():
    classifier = make('cnn')
    xs = texts()
    for mean, own in zip(classifier.word_gradients(xs),
                         classifier.word_gradients(xs, reduce='no'),
                         strict=True):
        np.testing.assert_allclose(mean * 5, own, rtol=1e-5, atol=1e-8)
    with pytest.raises(ArgumentError, match="reduce='sum' is unknown; choose"):
        classifier.word_gradients(xs, reduce='sum')


@pytest.mark.parametrize(('model', 'pair'), ALL)
def test_gradients_are_finite_differences(model, pair):
    classifier = make(model, pair)
    for parameter in classifier.params():
        parameter.array = parameter.array.astype(np.float64)
    with chainer.using_config('dtype', np.float64):
        xs = texts(pair)
        labels = [0, 1, 2, 0, 1]
        gradients = classifier.embedding_gradients(xs, labels)
        rng = np.random.default_rng(0)
        for side, ((e, _), g) in enumerate(
                zip(classifier.embeddings(xs), gradients, strict=True)):
            direction = rng.standard_normal(e.shape)
            step = 1e-6 * direction
            change = (nll(classifier, xs, labels, side, e + step)
                      - nll(classifier, xs, labels, side, e - step))
            np.testing.assert_allclose((g * direction).sum(), change / 2e-6,
                                       rtol=1e-5, atol=1e-7)


def nll(classifier, xs, labels, side, e):
    packed = [(chainer.Variable(x), lengths)
              for x, lengths in classifier.embeddings(xs)]
    packed[side] = chainer.Variable(e), packed[side][1]
    with chainer.using_config('train', False):
        z = classifier._output(classifier._layers_from_vectors(*packed)).array
    z = z - z.max(axis=1, keepdims=True)
    return (np.log(np.exp(z).sum(axis=1)) - z[range(5), labels]).sum()


def test_pair_layer_is_u_v_difference_product():
    single, pair = make('rnn'), make('rnn', pair=True)
    pair.encoder.copyparams(single.encoder)
    xs = texts(pair=True)
    single.encoder.copyparams(pair.encoder)
    u, v = (single.activations(side)[-1] for side in xs)
    np.testing.assert_allclose(
        pair.activations(xs)[0],
        np.concatenate([u, v, abs(u - v), u * v], axis=1), atol=1e-6)


def test_dropout_is_off_outside_training():
    classifier = make('rnn', dropout=0.9)
    xs = texts()
    assert chainer.config.train
    np.testing.assert_array_equal(classifier.predict(xs),
                                  classifier.predict(xs))
    first, second = (classifier.word_gradients(xs) for _ in range(2))
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)
    losses = {float(classifier(xs, np.zeros(5, np.int32)).array)
              for _ in range(4)}
    assert len(losses) > 1  # and on in training


@pytest.mark.parametrize(('change', 'message'), [
    ({'model': 'gru'}, "model='gru' is unknown; choose one of bilstm, bow"),
    ({'n_units': 2}, 'n_units=2 is too small for the cnn; take 3 or more'),
    ({'n_units': 0}, 'n_units=0 is too small; take 1 or more'),
    ({'embed_units': 0}, 'embed_units=0 is too small; take 1 or more'),
    ({'dropout': 1.0}, r'dropout=1.0 is not in \[0, 1\)')])
def test_errors(change, message):
    with pytest.raises(ArgumentError, match=message) as caught:
        make(**{'model': 'cnn', **change})
    (name, value), = change.items()
    assert (caught.value.name, caught.value.value) == (name, value)


@pytest.mark.parametrize(('model', 'pair'), ALL)
def test_texts_or_lists(model, pair):
    classifier = make(model, pair)
    xs = texts(pair)
    as_texts = Texts(*xs) if pair else Texts(xs)
    labels = np.array([0, 1, 2, 0, 1], np.int32)
    for call in (classifier.predict, classifier.activations,
                 classifier.word_gradients, classifier.embedding_gradients,
                 lambda xs: classifier.leave_one_out(xs, 0)[1],
                 lambda xs: classifier.nll(xs, labels)):
        for a, b in zip(call(xs), call(as_texts), strict=True):
            np.testing.assert_array_equal(a, b)
    with chainer.using_config('train', False):
        assert (classifier(xs, labels).array
                == classifier(as_texts, labels).array)
    with pytest.raises(ValueError, match=f'takes {1 + pair} lists of texts, '
                                         f'got {2 - pair}'):
        classifier.predict(texts(not pair))
