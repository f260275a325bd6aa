"""The average of the parameters, and when a training ends."""
import compat  # noqa: F401  (before Chainer)

from types import SimpleNamespace

import chainer
import numpy as np
import pytest

from runs.trainer import BEST, LOG, Average, Patience


class Number(chainer.Chain):
    """A network of one number."""

    def __init__(self, value):
        super().__init__()
        with self.init_scope():
            self.w = chainer.Parameter(np.array([value], np.float32))


def after(iteration):
    return SimpleNamespace(updater=SimpleNamespace(iteration=iteration))


def test_average_by_hand():
    """With b = 1/4 it moves by 1, 10/11 and 10/12, then by 3/4."""
    model = Number(100.)
    average = Average(model, .25)
    found = []
    for t, value in [(1, 8.), (2, 19.), (3, 6.), (90, 2.)]:
        model.w.array[0] = value
        average(after(t))
        found.append(float(average.averaged.w.array[0]))
    # 8 + 10/11 * 11 = 18;  18 - 10/12 * 12 = 8;  8 - 3/4 * 6 = 3.5
    assert found == pytest.approx([8., 18., 8., 3.5], rel=1e-6)
    assert model.w.array[0] == 2  # not touched


def test_no_average():
    model = Number(1.)
    average = Average(model, 0)
    average(after(1))
    assert average.averaged is model


def trainer_of(accuracies):
    log = SimpleNamespace(log=[{BEST: value} for value in accuracies])
    return SimpleNamespace(
        updater=SimpleNamespace(epoch=len(accuracies)),
        get_extension={LOG: log}.__getitem__)


@pytest.mark.parametrize('accuracies, ends', [
    ([], False), ([.5], False), ([.5, .4], False), ([.5, .4, .5], True),
    ([.5, .4, .6, .6], False), ([.1, .2, .3, .4], False),
    ([.1, .2, .3, .4, .5], True)])
def test_patience_by_hand(accuracies, ends):
    """At most 5 epochs, 2 without a better one; as good is not better."""
    assert Patience(5, 2)(trainer_of(accuracies)) == ends
