"""A small trained run, to look at or to change."""
import compat  # noqa: F401  (before Chainer)

import shutil

import pytest
import toys


@pytest.fixture(scope='session')
def made(tmp_path_factory):
    """A trained run beside its data, never changed."""
    folder = tmp_path_factory.mktemp('runs')
    data = toys.write_csv(folder / 'toy.csv', toys.sentences())
    return toys.fit(folder / 'results', data)


@pytest.fixture
def run_folder(made, tmp_path):
    """A copy of a trained run and of its data, to be changed."""
    shutil.copytree(made.parents[1], tmp_path / 'copy')
    return tmp_path / 'copy' / 'results' / made.name
