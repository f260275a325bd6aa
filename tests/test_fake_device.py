"""The fake device refuses what a GPU refuses, and what would be slow there."""
import compat  # noqa: F401  (before Chainer)

import chainer
import chainer.functions as F
import chainer.links as L
import fake_device
import numpy as np
import pytest

from functions.adam import Adam

HOST = np.arange(3.)
ROWS = np.array([2, 0])


@pytest.fixture
def xp():
    with fake_device.used() as xp:
        yield xp


FORGOTTEN = {
    'np.asarray': lambda xp, x: np.asarray(x),
    'np.array': lambda xp, x: np.array([x, x]),
    'ufunc': lambda xp, x: np.exp(x),
    'reduceat': lambda xp, x: np.add.reduceat(x, [0]),
    'function': lambda xp, x: np.concatenate([x]),
    'xp of NumPy': lambda xp, x: xp.exp(HOST),
    'xp of a list': lambda xp, x: xp.concatenate([x, HOST]),
    'x + NumPy': lambda xp, x: x + HOST,
    'NumPy + x': lambda xp, x: HOST + x,
    'NumPy @ x': lambda xp, x: HOST @ x,
    'x += NumPy': lambda xp, x: x.__iadd__(HOST),
    'NumPy += x': lambda xp, x: HOST.copy().__iadd__(x),
    'x == NumPy': lambda xp, x: x == HOST,
    'index': lambda xp, x: x[ROWS],
    'index in a tuple': lambda xp, x: x[None, ROWS],
    'index that is a list': lambda xp, x: x[[2, 0]],
    'mask': lambda xp, x: x[HOST > 1],
    'take': lambda xp, x: x.take(ROWS),
    'assigned': lambda xp, x: x.__setitem__(slice(None), HOST),
    'assigned to NumPy': lambda xp, x: HOST.copy().__setitem__(
        slice(None), x),
    'assigned by index': lambda xp, x: x.__setitem__(ROWS, 0),
    'keyword': lambda xp, x: xp.maximum(x, x, out=HOST.copy()),
    "Chainer's index": lambda xp, x: F.get_item(x, ROWS),
    "Chainer's sum": lambda xp, x: chainer.Variable(x) + HOST,
}


@pytest.mark.parametrize('name', FORGOTTEN)
def test_forgotten_transfers(xp, name):
    with pytest.raises((TypeError, ValueError)):
        FORGOTTEN[name](xp, xp.asarray(HOST))


@pytest.mark.parametrize('name', ['reduceat', 'accumulate', 'at'])
def test_ufuncs_have_no_methods(xp, name):
    assert not hasattr(xp.maximum, name)
    with pytest.raises(AttributeError, match='the device has no apply_along'):
        xp.apply_along_axis  # noqa: B018


def test_what_is_sent_comes_back(xp):
    x = xp.asarray(HOST)
    found = 2 * x[xp.asarray(ROWS)] - np.float64(1)
    assert isinstance(found, xp.ndarray)
    assert found.get().tolist() == [3, -1]
    x[1:] += 1
    assert x.get().tolist() == [0, 2, 3] and HOST.tolist() == [0, 1, 2]
    assert isinstance(x.sum(), xp.ndarray) and float(x.sum()) == 5
    assert chainer.backends.cuda.to_cpu(x).tolist() == [0, 2, 3]


def test_chainers_functions_and_adam_run(xp):
    """Three steps of a small network, beside the same on the CPU."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((4, 3)).astype(np.float32)
    y = np.array([0, 2, 1, 1], np.int32)
    losses = []
    for name in '@numpy', '@cupy:0':
        np.random.seed(0)
        device = chainer.get_device(name)
        link = L.Linear(3, 3)
        link.to_device(device)
        assert isinstance(link.W.array, xp.ndarray) == (name != '@numpy')
        optimizer = Adam(alpha=.1).setup(link)
        for _ in range(3):
            z = F.dropout(link(device.send(x)), .5)
            z = F.concat([F.relu(z), -z], axis=0)
            loss = F.softmax_cross_entropy(z, device.send(np.append(y, y)))
            link.cleargrads()
            loss.backward()
            optimizer.update()
            losses.append(float(loss.array))
    assert losses[0] > losses[2]
    np.testing.assert_allclose(losses[3:], losses[:3], rtol=1e-6)


class Take(chainer.FunctionNode):
    """A function of one's own, which forgets to send its rows, or not."""

    def __init__(self, send):
        super().__init__()
        self.send = send

    def forward(self, inputs):
        assert isinstance(inputs[0], fake_device.Array)
        return inputs[0].take(self.send(ROWS), axis=0),


def test_a_forgotten_transfer_in_a_function_of_ones_own(xp):
    x = xp.asarray(HOST)
    y, = Take(xp.asarray).apply((x,))
    assert y.array.get().tolist() == [2, 0]
    with pytest.raises(TypeError, match=r"an array \(2,\) of NumPy's was not "
                                        'sent to the device'):
        Take(np.asarray).apply((x,))


def test_elementwise_kernel(xp):
    # Rows 1 2 | 3 4 with the factors 10 | 20, and 100 on top of what is there
    step = xp.ElementwiseKernel(
        'T x, raw T factor, int64 width', 'T y, raw T z',
        'at = i * 2 - i % width; z[at] = x; y = y + x * factor[i % width]',
        'step', loop_prep='ptrdiff_t at')
    x = xp.asarray([[1., 2.], [3., 4.]])
    y, z = xp.full((2, 2), 100.), xp.zeros((2, 4))
    step(x, xp.asarray([10., 20.]), 2, y, z)
    assert y.get().tolist() == [[110, 140], [130, 180]]
    # at = 0, 1, 4, 5: the left half of each row
    assert z.get().tolist() == [[1, 2, 0, 0], [3, 4, 0, 0]]


def test_it_is_gone_afterwards():
    with fake_device.used() as xp:
        assert chainer.get_device('@cupy:0').xp is xp
    assert not isinstance(chainer.backends.cuda.cupy, fake_device.Module)
    assert fake_device.Array not in chainer.get_array_types()
