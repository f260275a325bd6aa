"""Trained runs and their explainers."""
import compat  # noqa: F401  (before Chainer)

import functools

import pytest
import toys
from explained import TEMPERATURE, K

import runs
from saliency.explainer import Explainer


@pytest.fixture(scope='session')
def made(tmp_path_factory):
    """Function (model, kind) -> its trained Run, trained when asked for."""
    trained = toys.trainer(tmp_path_factory.mktemp('explained'), 120)

    @functools.cache
    def run(model, kind):
        return runs.load_run(trained(model, kind))

    return run


@pytest.fixture
def explainer(made):
    """Function (model, kind, options) -> Explainer."""
    def build(model, kind, premise=False, **options):
        run = made(model, kind)
        train, calib = (runs.stored_activations(run, split)
                        for split in ('train', 'calib'))
        dknn = runs.fit_dknn(run, train, calib, n_neighbors=K)
        return Explainer(run, dknn, TEMPERATURE, premise, options)

    return build
