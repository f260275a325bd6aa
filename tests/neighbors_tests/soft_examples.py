"""Labelled activations for the tests of soft conformity."""
import numpy as np


def layer(*values):
    return np.array(values, np.float32)[:, None]


def examples(N=300, n_class=3, widths=(20, 7), seed=0):
    rng = np.random.RandomState(seed)
    labels = np.concatenate([np.arange(n_class),
                             rng.randint(n_class, size=N - n_class)])
    return [(rng.randn(N, D) + .7 * np.eye(n_class, D)[labels]).astype(
        np.float32) for D in widths], labels
