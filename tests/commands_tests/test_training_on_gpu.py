"""train.py --gpu 0 on a fake GPU: steps, averages, snapshots, and the end."""
import compat  # noqa: F401  (before Chainer)

import json

import chainer
import fake_device
import numpy as np
import pytest
import toys

FLAGS = '--learning-rate', '0.01', '--batchsize', '32'
GPU = '--gpu', '0'


@pytest.fixture
def on_gpu():
    """``--gpu 0`` names the fake device."""
    with fake_device.used():
        yield
        chainer.get_device('@numpy').use()


def parameters(folder):
    with np.load(folder / 'best_model.npz') as stored:
        return dict(stored)


def logged(folder):
    """What the log says of each epoch, but for the time that it took."""
    return [{name: value for name, value in entry.items()
             if name != 'elapsed_time'}
            for entry in json.loads((folder / 'log').read_text())]


@pytest.mark.parametrize('model', ['cnn', 'rnn'])
def test_it_trains_as_on_a_cpu(model, toy, tmp_path, on_gpu):
    found = [toys.fit(tmp_path / name, toy, '--model', model, '--epoch', '2',
                      *FLAGS, *gpu)
             for name, gpu in [('cpu', ()), ('gpu', GPU)]]
    for one, two in zip(*map(logged, found), strict=True):
        assert one == pytest.approx(two, rel=1e-3)
    expected, trained = map(parameters, found)
    assert expected.keys() == trained.keys()
    for name, value in expected.items():
        np.testing.assert_allclose(trained[name], value, atol=1e-3)


def test_it_goes_on_as_if_never_stopped(toy, tmp_path, on_gpu):
    whole, _, parts = (
        toys.fit(tmp_path / name, toy, '--epoch', *epochs, *FLAGS, *GPU)
        for name, *epochs in [('whole', '3'), ('parts', '2'),
                              ('parts', '3', '--resume')])
    assert logged(whole) == logged(parts)
    expected, found = map(parameters, (whole, parts))
    for name, value in expected.items():
        np.testing.assert_array_equal(found[name], value)
