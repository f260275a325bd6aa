"""The blockwise Adam equals Chainer's."""
import compat  # noqa: F401  (before Chainer)

import chainer
import chainer.links as L
import numpy as np
import pytest

from functions import adam


def parameters(make, shape, options):
    np.random.seed(0)
    link = L.Linear(*shape[::-1])
    optimizer = make(**options).setup(link)
    rng = np.random.default_rng(1)
    for _ in range(100):
        link.W.grad = rng.standard_normal(link.W.shape).astype(np.float32)
        link.b.grad = rng.standard_normal(link.b.shape).astype(np.float32)
        optimizer.update()
    return link.W.array, link.b.array


# Smaller than a block, of several blocks and a rest, and other variants.
@pytest.mark.parametrize(('shape', 'options'), [
    ((3, 5), {}), ((130, 257), {}), ((130, 257), {'alpha': 0.1, 'eps': 0.01}),
    ((3, 5), {'amsgrad': True}), ((3, 5), {'weight_decay_rate': 0.1})])
def test_equals_chainers_after_100_steps(shape, options):
    ours = parameters(adam.Adam, shape, options)
    expected = parameters(chainer.optimizers.Adam, shape, options)
    for a, b in zip(ours, expected, strict=True):
        np.testing.assert_array_equal(a, b)


def test_no_gradient_no_step():
    link = L.Linear(2, 3)
    before = link.W.array.copy()
    optimizer = adam.Adam().setup(link)
    link.cleargrads()
    optimizer.update()
    np.testing.assert_array_equal(link.W.array, before)
