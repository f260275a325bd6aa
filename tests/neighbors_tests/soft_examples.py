"""Labelled activations for the tests of soft conformity."""
import numpy as np

from dknn import DkNN

BANDWIDTHS, WEIGHTS = [2., 1.], [.8, .5]  # of two layers


def layer(*values):
    return np.array(values, np.float32)[:, None]


def examples(N=300, n_class=3, widths=(20, 7), seed=0):
    rng = np.random.RandomState(seed)
    labels = np.concatenate([np.arange(n_class),
                             rng.randint(n_class, size=N - n_class)])
    return [(rng.randn(N, D) + .7 * np.eye(n_class, D)[labels]).astype(
        np.float32) for D in widths], labels


def fitted(layers, labels, bits, bound=None, device=None, k=20):
    dknn = DkNN(3, k, memory=bound, device=device,
                index_options={'sum_bits': bits})
    return dknn.fit(layers, labels)
