"""Trained toy runs, as settings to evaluate."""
import compat  # noqa: F401  (before Chainer)

import functools

import pytest
import toys

import runs
from evaluation.setting import Setting

K = 7


@pytest.fixture(scope='session')
def made(tmp_path_factory):
    """Function (model, kind, seed) -> the folder of a trained run."""
    folder = tmp_path_factory.mktemp('evaluated')
    toys.write_csv(folder / 'toy.csv', toys.sentences(150))
    toys.write_pairs(folder / 'pairs.jsonl', 150)

    @functools.cache
    def run(model='cnn', kind='words'):
        file = 'pairs.jsonl' if kind == 'pair' else 'toy.csv'
        return toys.fit(folder / f'{model}_{kind}', folder / file, '--model',
                        model, '--learning-rate', '0.02', '--adversarial',
                        '0')

    return run


@pytest.fixture
def setting(made):
    """Function (model, kind, options) -> Setting of a toy run."""
    def build(model='cnn', kind='words', n_neighbors=K, **options):
        return Setting(runs.load_run(made(model, kind)),
                       {'n_neighbors': n_neighbors}, ood=['shuffled words'],
                       **options)

    return build
