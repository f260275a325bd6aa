"""A packed batch for the tests of functions, and the check of gradients."""
import compat  # noqa: F401  (before Chainer)

import numpy as np
from chainer import gradient_check

LENGTHS = np.array([4, 1, 7, 2])


def split(x):
    """The rows of each text."""
    return np.split(x, np.cumsum(LENGTHS)[:-1])


def check_gradient(function, *inputs, gy_shape, rng):
    """Compare a gradient with finite differences, in float64."""
    gradient_check.check_backward(
        function, inputs, rng.standard_normal(gy_shape), atol=1e-6,
        rtol=1e-5, eps=1e-6, dtype=np.float64)
