"""Adversarial training: the gradient of the sum of two losses."""
import compat  # noqa: F401  (before Chainer)

import numpy as np
import pytest

import nets

SIZE, STEP = .5, 1e-2
YS = np.array([0, 2, 1], np.int32)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def texts(rng):
    return [rng.integers(1, 9, n).astype(np.int32) for n in (4, 7, 5)]


@pytest.mark.parametrize('model', sorted(nets.ENCODERS))
@pytest.mark.parametrize('pair', [False, True])
def test_finite_differences(rng, monkeypatch, model, pair):
    """Of the NLL there, and at vectors moved along their own gradients.

    The gradient at the output's bias; without dropout, there is no noise.
    """
    monkeypatch.setattr(nets, 'OUTPUT_DROPOUT', 0)
    np.random.seed(0)  # not every one moves a text
    net = nets.make_classifier(model, 9, 3, n_units=12, n_layers=2, dropout=0,
                               pair=pair)
    if pair:
        net.mlp.dropout = 0
    xs = (texts(rng), texts(rng)) if pair else texts(rng)
    moved = []
    for (e, lengths), g in zip(net.embeddings(xs),
                               net.embedding_gradients(xs, YS), strict=True):
        parts = np.split(g, np.cumsum(lengths)[:-1])
        moved.append(e + SIZE * np.concatenate(
            [part / np.sqrt((part ** 2).sum()) for part in parts]))

    def loss():
        return (net.nll(xs, YS).mean(dtype=float)
                + net.nll(xs, YS, at=moved).mean(dtype=float))

    net.cleargrads()
    net.backward(xs, YS, SIZE)
    b = net.output.b
    for i in range(3):
        b.array[i] += STEP
        above = loss()
        b.array[i] -= 2 * STEP
        below = loss()
        b.array[i] += STEP
        assert b.grad[i] == pytest.approx((above - below) / (2 * STEP),
                                          abs=2e-4)


def test_without(rng):
    net = nets.make_classifier('cnn', 9, 3, n_units=12, n_layers=2, dropout=.5)
    xs, gradients = texts(rng), []
    for step in (lambda: net.backward(xs, YS), lambda: net(xs, YS).backward()):
        np.random.seed(0)
        net.cleargrads()
        step()
        gradients.append(net.encoder.embed.W.grad)
    assert (gradients[0] == gradients[1]).all()
