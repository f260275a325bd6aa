"""A small trained run, activations like a run's, and made-up seconds."""
import compat  # noqa: F401  (before Chainer)

import itertools

import numpy as np
import pytest
import toys

from benchmarks import searches


@pytest.fixture(scope='session')
def made(tmp_path_factory):
    """A trained run beside its data."""
    folder = tmp_path_factory.mktemp('benchmarks')
    data = toys.write_csv(folder / 'toy.csv', toys.sentences())
    return toys.fit(folder / 'results', data)


@pytest.fixture
def layers():
    """Two layers, of widths 3 and 5, of 60 training and 9 test texts."""
    rng = np.random.default_rng(0)

    def two(n):
        return [rng.standard_normal((n, width)).astype(np.float32)
                for width in (3, 5)]

    return searches.Layers(two(60), two(9), two(14),
                           rng.integers(0, 3, 60).astype(np.int32))


@pytest.fixture
def seconds_from():
    """Function: a function in place of ``seconds_of`` that does the work and
    says that it took these seconds, one after another, over and over."""
    def make(*seconds):
        left = itertools.cycle(seconds)

        def seconds_of(work, *args):
            work(*args)
            return next(left)

        return seconds_of

    return make
