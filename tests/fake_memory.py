"""Memory and rounding of ``fake_device``, as a test wants them."""
import types

import fake_device
import numpy as np

PLENTY = 8 << 30


def install(monkeypatch, free=PLENTY):
    """Gives the fake device memory; what is kept there takes none of it.

    Args:
        monkeypatch: pytest's.
        free (int): Bytes.

    Returns:
        SimpleNamespace: ``free``, and of CuPy's pool ``pooled`` (bytes that
        it holds and does not need), ``used``, ``limit`` (0: none); all may
        be changed.
    """
    memory = types.SimpleNamespace(free=free, pooled=0, used=0, limit=0)
    pool = types.SimpleNamespace(
        free_bytes=lambda: memory.pooled, used_bytes=lambda: memory.used,
        get_limit=lambda: memory.limit)
    monkeypatch.setattr(
        fake_device.Device, 'mem_info',
        property(lambda self: (memory.free, memory.free)), raising=False)
    monkeypatch.setattr(fake_device.Module, 'get_default_memory_pool',
                        lambda self: pool, raising=False)
    return memory


def round_otherwise(monkeypatch):
    """Products in the opposite order of sums, and exp off by one ulp.

    Factors, products and sums that are no normal numbers are 0.
    """
    exp = np.exp

    def flushed(x):
        return np.where(abs(x) < np.finfo(x.dtype).tiny, 0, x)

    def reversed_products(a, b):
        x, y = map(flushed, map(fake_device.plain, (a, b)))
        total = np.zeros((len(x), y.shape[1]), x.dtype)
        for i in reversed(range(0, len(y), 3)):  # three columns at a time
            total += flushed(x[:, i:i + 3] @ y[i:i + 3])
        return fake_device.wrapped(flushed(total))

    def rounded_up(module, x, out=None):
        found = np.nextafter(exp(fake_device.plain(x)), np.inf)
        if out is None:
            return fake_device.wrapped(found)
        out[...] = fake_device.wrapped(found)
        return out

    monkeypatch.setattr(fake_device.Array, '__matmul__', reversed_products)
    monkeypatch.setattr(fake_device.Module, 'exp', rounded_up, raising=False)
