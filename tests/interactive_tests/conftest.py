"""Explainers of small runs, loaded once."""
import compat  # noqa: F401  (before Chainer)

import functools

import pytest
import toys
from loading import K

import saliency


@pytest.fixture(scope='session')
def trained(tmp_path_factory):
    """Function (kind) -> the folder of a small run of words or of pairs."""
    make = toys.trainer(tmp_path_factory.mktemp('asked'), 120)
    return lambda kind: make({'words': 'cnn', 'pair': 'bow'}[kind], kind)


@pytest.fixture(scope='session')
def loaded(trained):
    """Function (kind, premise) -> its TextExplainer."""
    @functools.cache
    def load(kind='words', premise=False):
        return saliency.load_explainer(trained(kind), n_neighbors=K,
                                       premise=premise)

    return load
