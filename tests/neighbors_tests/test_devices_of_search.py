"""A GPU: which thread multiplies on it, what it has room for and refuses."""
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import fake_device
import numpy as np
import pytest
from indexed import activations
from soft_examples import examples

import parallel
from dknn import DkNN
from errors import ArgumentError
from neighbors import ExactIndex, devices

pytestmark = pytest.mark.filterwarnings('error')


def test_threads_take_turns(gpu, monkeypatch):
    """Any number may ask; one multiplies."""
    multiply, inside, most = fake_device.Array.__matmul__, [], []

    def slow(a, b):
        inside.append(threading.get_ident())
        most.append(len(inside))
        time.sleep(.002)
        inside.pop()
        return multiply(a, b)

    monkeypatch.setattr(fake_device.Array, '__matmul__', slow)
    X, labels = examples(300)
    dknn = DkNN(3, 5, device=gpu).fit(X, labels).use_tuning([2., 1.], [1, 1])
    Q = examples(20, seed=1)[0]
    with ThreadPoolExecutor(4) as pool:
        votes = list(pool.map(lambda _: dknn.votes(Q), range(4)))
        odds = list(pool.map(lambda _: dknn.soft_log_odds(Q), range(4)))
    assert len(most) >= 16 and set(most) == {1}
    for found in votes, odds:
        for other in found[1:]:
            np.testing.assert_array_equal(found[0], other)


@pytest.mark.parametrize('gpu', ['sent'], indirect=True)
def test_blocks_that_are_sent_are_multiplied_by_one_thread(gpu, monkeypatch):
    """CuPy makes a handle of cuBLAS for each thread that multiplies."""
    multiply, threads = fake_device.Array.__matmul__, []

    def noted(a, b):
        threads.append(threading.get_ident())
        return multiply(a, b)

    monkeypatch.setattr(fake_device.Array, '__matmul__', noted)
    monkeypatch.setattr(parallel, 'n_workers', lambda: 4)
    X, Q = activations(300), activations(300, 1)
    ExactIndex(device=gpu).fit(X).kneighbors(Q, 5)
    assert len(threads) == 4 and set(threads) == {threading.get_ident()}


def watched(monkeypatch):
    """A fake device of several GPUs, and a list: (what was called, the GPU
    that is current in its thread)."""
    current, seen = threading.local(), []

    def number():
        return current.__dict__.setdefault('id', 0)

    class Device(fake_device.Device):
        def __init__(self, device=None):
            self.id = number() if device is None else device

        def __enter__(self):
            self.before = number()
            current.id = self.id

        def __exit__(self, *error):
            current.id = self.before

    class Module(fake_device.Module):
        def __getattr__(self, name):
            seen.append((name, number()))
            return super().__getattr__(name)

        def asarray(self, x, dtype=None):
            seen.append(('asarray', number()))
            return super().asarray(x, dtype)

    def method(array, name):
        if name in fake_device.METHODS:
            seen.append((name, number()))
        return attribute(array, name)

    attribute = fake_device.Array.__getattr__
    monkeypatch.setattr(fake_device.Array, '__getattr__', method)
    xp = Module()
    xp.cuda.Device = Device
    return xp, seen


def test_every_thread_multiplies_on_the_gpu_of_the_search(free, monkeypatch):
    """A thread's own current GPU is another one."""
    xp, seen = watched(monkeypatch)
    with xp.cuda.Device(3):
        dknn = DkNN(3, 5, device=xp)
        X, labels = examples(300)
        dknn.fit(X, labels).use_tuning([2., 1.], [1, 1])
    assert {index.device.number for index in dknn.indexes_} == {3}
    Q = examples(20, seed=1)[0]
    with ThreadPoolExecutor(1) as pool:
        pool.submit(dknn.votes, Q).result()
        pool.submit(dknn.soft_gradients, Q, np.zeros(20, np.int64)).result()
        pool.submit(dknn.soft_log_odds, Q).result()
    assert {number for _, number in seen} == {3}


def test_what_has_room(free):
    """Half of what is free at first may be taken, by whomever."""
    free.free, free.pooled = 600 << 20, 424 << 20
    gpu = devices.Gpu(fake_device.Module())
    assert gpu.cells == (1 << 30) // 8 // 32
    assert gpu.has_room(512 << 20, None)
    assert not gpu.has_room((512 << 20) + 1, None)
    free.free -= 500 << 20  # 524 MB are left, 12 above the half
    assert gpu.has_room(12 << 20, None)
    assert not gpu.has_room(13 << 20, None)
    free.limit, free.used = 1 << 30, 512 << 20
    assert gpu.has_room(0, None) and not gpu.has_room(1, None)
    free.free, free.limit = 1 << 40, 0
    assert devices.Gpu(fake_device.Module()).cells == devices.MOST_CELLS


def test_too_little_memory(free):
    free.free = (512 << 20) - 1  # 2^21 entries of 32 bytes, eight times
    with pytest.raises(ArgumentError, match='^device=0 has 511 MB of free '
                       'memory, but a search takes 512 MB; '):
        ExactIndex(device=fake_device.Module())
    free.free += 1
    ExactIndex(device=fake_device.Module())


def rounded_factors(a, b, dtype, digits):
    """A product whose factors keep some binary digits only."""
    x, y = fake_device.plain(a), fake_device.plain(b)
    if x.dtype == dtype:
        x, y = (np.ldexp(np.rint(np.ldexp(part, digits)), -digits)
                for part in (x, y))
    return fake_device.wrapped(x @ y)


@pytest.mark.parametrize('dtype, digits', [
    (np.float32, 10), (np.float32, 22), (np.float64, 51)])
def test_rounded_factors_are_refused(dtype, digits, free, monkeypatch):
    monkeypatch.setattr(fake_device.Array, '__matmul__', lambda a, b:
                        rounded_factors(a, b, dtype, digits))
    with pytest.raises(ArgumentError, match='^device=0 rounds the factors of '
                       f'products in {np.dtype(dtype)} '):
        ExactIndex(device=fake_device.Module())


@pytest.mark.parametrize('name', devices.REFUSED)
def test_settings_that_are_refused(name, free, monkeypatch):
    monkeypatch.setenv(name, '1')
    with pytest.raises(ArgumentError, match=f'search with {name}=1, which'):
        ExactIndex(device=fake_device.Module())
    monkeypatch.setenv(name, '0')
    ExactIndex(device=fake_device.Module())
