"""The MLP against plain NumPy."""
import compat  # noqa: F401  (before Chainer)

import chainer
import numpy as np

from links.mlp import MLP, numbered


def test_mlp_is_layer_on_layer():
    mlp = MLP(2, 3, 0.5)
    h = np.random.default_rng(0).standard_normal((4, 3)).astype(np.float32)
    with chainer.using_config('train', False):
        first, second = mlp(h)
    expected = np.maximum(h @ mlp[0].W.array.T + mlp[0].b.array, 0)
    np.testing.assert_allclose(first.array, expected, atol=1e-6)
    expected = np.maximum(expected @ mlp[1].W.array.T + mlp[1].b.array, 0)
    np.testing.assert_allclose(second.array, expected, atol=1e-6)


def test_dropout_in_front_of_every_layer():
    np.random.seed(0)
    mlp = MLP(2, 50, 0.5)
    h = np.ones((1, 50), np.float32)
    assert chainer.config.train
    first, second = (mlp(h) for _ in range(2))
    assert not np.allclose(first[0].array, second[0].array)


def test_numbered_names():
    assert numbered('mlp', MLP(2, 3, 0.5)) == ['mlp 1', 'mlp 2']
