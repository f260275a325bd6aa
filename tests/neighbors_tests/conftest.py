"""Databases that tests of ``milvus`` fill, and a GPU that is none."""
import subprocess
import sys

import fake_device
import fake_memory
import numpy as np
import pytest
from indexed import forget

from neighbors import devices, memory

SERVE = '''
import sys, time
from milvus_lite.adapter.grpc.server import start_server_in_thread
server, db, port = start_server_in_thread(data_dir=sys.argv[1],
                                          host='127.0.0.1', port=0)
print(port, flush=True)
sys.stdin.read()
server.stop(grace=0)
db.close()
'''


@pytest.fixture
def file(tmp_path):
    """A database of its own, closed in the end."""
    uri = str(tmp_path / 'shared.db')
    yield uri
    forget(uri)


@pytest.fixture
def server(tmp_path):
    """(address, process) of a server that is ended with its test."""
    with subprocess.Popen(
            [sys.executable, '-W', 'ignore', '-c', SERVE,
             str(tmp_path / 'served')], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True) as process:
        yield f'http://127.0.0.1:{process.stdout.readline().strip()}', process
        process.kill()


@pytest.fixture
def free(monkeypatch):
    """The memory of the fake device."""
    return fake_memory.install(monkeypatch)


@pytest.fixture
def gpu(request, free, monkeypatch):
    """A fake GPU that rounds otherwise, with or without room for examples."""
    fake_memory.round_otherwise(monkeypatch)
    made = devices.Gpu(fake_device.Module())
    if getattr(request, 'param', 'kept') == 'sent':
        free.free = 0
    return made


@pytest.fixture(params=['kept', 'read'])
def given(request, tmp_path):
    """From arrays to what is indexed: arrays, or files read in blocks."""
    def save(layers):
        if request.param == 'kept':
            return layers, None
        paths = [tmp_path / f'{i}.npy' for i in range(len(layers))]
        for path, h in zip(paths, layers, strict=True):
            np.save(path, h)
        layers = [np.load(path, mmap_mode='r') for path in paths]
        return layers, memory.least_of_all(len(layers[0]), [
            h.shape[1] for h in layers])
    return save
