"""What is decided by the device, on a CPU and as if on a GPU."""
import compat  # noqa: F401  (before Chainer)

import threading

import chainer
import chainer.links as L
import fake_device
import numpy as np
import pytest
from chainer.backends import cuda

import parallel
from functions import devices


@pytest.mark.parametrize('x', [
    np.zeros(2), chainer.Variable(np.zeros(2)), L.Linear(2, 3).W,
    L.Linear(2, 3)])
def test_what_lies_on_a_cpu(x):
    assert devices.on_cpu(x)


@pytest.mark.gpu
def test_what_lies_on_a_gpu():
    import cupy
    link = L.Linear(2, 3)
    link.to_device('@cupy:0')
    for x in cupy.zeros(2), chainer.Variable(cupy.zeros(2)), link.W, link:
        assert not devices.on_cpu(x)
    assert isinstance(devices.to_numpy(link.W), np.ndarray)


def no_driver():
    raise RuntimeError('cudaErrorInsufficientDriver')


@pytest.mark.parametrize(('count', 'expected'), [
    (lambda: 2, (2, '')),
    (lambda: 0, (0, 'CuPy is installed, but there is no GPU')),
    (no_driver, (0, 'CuPy is installed, but there is no GPU or no driver for '
                    'it (cudaErrorInsufficientDriver)'))])
def test_why_there_is_no_gpu(count, expected):
    with fake_device.used() as xp:
        xp.cuda.runtime.getDeviceCount = count
        assert devices.count_gpus() == expected


def test_why_cupy_cannot_be_used(monkeypatch):
    monkeypatch.setattr(cuda, 'available', False)
    monkeypatch.setattr(cuda, '_resolution_error',
                        ImportError('no libcublasLt.so:\n  not found'),
                        raising=False)
    for spec, expected in [
            (None, 'CuPy is not installed (make setup GPU=cuda12)'),
            (1, 'CuPy cannot be imported (no libcublasLt.so: not found)')]:
        monkeypatch.setattr(devices.importlib.util, 'find_spec',
                            lambda name, spec=spec: spec)
        assert devices.count_gpus() == (0, expected)


def test_seeds_of_a_cpu():
    link = L.Linear(2, 3)
    drawn = []
    for value in (1, 1, 2):
        devices.seed(link, np.array([value, 7], np.uint32))
        drawn.append(np.random.rand())
    assert drawn[0] == drawn[1] != drawn[2]


def test_seeds_of_a_gpu():
    """CuPy's generator is seeded, too: with one number."""
    with fake_device.used() as xp:
        link = L.Linear(2, 3)
        link.to_device('@cupy:0')
        devices.seed(link, np.array([5, 7], np.uint32))
        with devices.seeded(link, 8):
            pass
        assert xp.seeds == [5, 8] and type(xp.seeds[0]) is int


def test_what_is_sent():
    index = np.arange(3)
    assert devices.send(index, chainer.Variable(np.zeros(2))) is index
    with fake_device.used() as xp:
        for x in xp.zeros(2), chainer.Variable(xp.zeros(2)):
            sent = devices.send(index, x)
            assert isinstance(sent, xp.ndarray)
            assert sent.get().tolist() == [0, 1, 2]
        back = devices.to_numpy(chainer.Variable(sent))
        assert isinstance(back, np.ndarray) and back.tolist() == [0, 1, 2]
        assert not devices.on_cpu(sent)


def test_parts_of_a_batch(monkeypatch):
    monkeypatch.setattr(parallel, 'n_workers', lambda: 2)
    x = np.zeros(2)
    assert devices.n_parts(x, 10 ** 6) == 2
    monkeypatch.setattr(devices, 'on_cpu', lambda x: False)
    # 16,384 tokens each
    assert [devices.n_parts(x, n) for n in (1, 16384, 16385)] == [1, 1, 2]


def test_batches_of_a_cpu(monkeypatch):
    monkeypatch.setattr(parallel, 'n_workers', lambda: 2)
    x = np.zeros(2)
    assert devices.tokens_per_batch(x, 5) == 5
    assert devices.n_workers(x) == 2
    meeting = threading.Barrier(2, timeout=20)
    # Each waits for the other
    assert sorted(devices.run_batches(lambda _: meeting.wait(), range(2),
                                      x)) == [0, 1]


def test_batches_of_a_gpu(monkeypatch):
    monkeypatch.setattr(parallel, 'n_workers', lambda: 2)
    monkeypatch.setattr(devices, 'on_cpu', lambda x: False)
    x = np.zeros(2)
    assert devices.tokens_per_batch(x, 5) == devices.TOKENS_ON_GPU == 16384
    assert devices.n_workers(x) == 1
    found = devices.run_batches(lambda i: (i, threading.get_ident()),
                                range(3), x)
    assert found == [(i, threading.get_ident()) for i in range(3)]


def test_to_numpy():
    x = np.arange(3.)
    assert devices.to_numpy(chainer.Variable(x)) is x


def test_seeded_for_a_while(monkeypatch):
    """NumPy goes on as if nothing had been drawn, after an error, too."""
    link = chainer.links.Linear(1, 1)
    np.random.seed(5)
    expected = np.random.rand(2)
    np.random.seed(5)
    with devices.seeded(link, 3):
        drawn = np.random.rand()
    assert np.random.rand() == expected[0]
    with pytest.raises(KeyError), devices.seeded(link, 3):
        raise KeyError
    assert np.random.rand() == expected[1]
    np.random.seed(3)
    assert drawn == np.random.rand()
