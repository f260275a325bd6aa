"""Trained toy runs, as settings to evaluate."""
import compat  # noqa: F401  (before Chainer)

import pytest
import toys

import runs
from evaluation.setting import Setting

K = 7


@pytest.fixture(scope='session')
def made(tmp_path_factory):
    """Function (model, kind) -> the folder of a trained run."""
    trained = toys.trainer(tmp_path_factory.mktemp('evaluated'), 150)
    return lambda model='cnn', kind='words': trained(model, kind)


@pytest.fixture
def setting(made):
    """Function (model, kind, options) -> Setting of a toy run."""
    def build(model='cnn', kind='words', n_neighbors=K, **options):
        return Setting(runs.load_run(made(model, kind)),
                       {'n_neighbors': n_neighbors}, ood=['shuffled words'],
                       **options)

    return build
