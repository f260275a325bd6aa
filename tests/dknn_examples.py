"""Small activations for the tests of ``DkNN``."""
import numpy as np


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
