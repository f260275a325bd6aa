"""--gpu 0 is where the search multiplies, too; here on a fake one."""
import compat  # noqa: F401  (before Chainer)

import json

import chainer
import fake_device
import fake_memory
import given_folders
import pytest
from predicting import read

import calibration
import run_dknn
import runs
from errors import ArgumentError
from neighbors import devices
from runs.script import in_flags


@pytest.fixture
def memory(monkeypatch):
    """Of the fake device, which ``--gpu 0`` names."""
    with fake_device.used():
        yield fake_memory.install(monkeypatch)
        chainer.get_device('@numpy').use()


@pytest.fixture
def products(monkeypatch):
    """Grows by one with each product on the GPU."""
    found, turn = [], devices.Gpu.turn
    monkeypatch.setattr(devices.Gpu, 'turn',
                        lambda self: found.append(1) or turn(self))
    return found


@pytest.mark.parametrize('flags', [[], ['--memory', '8G'],
                                   ['--index', 'kdtree']])
def test_the_same_bytes_as_on_a_cpu(made, tmp_path, memory, products, flags):
    for name, gpu in [('cpu', []), ('gpu', ['--gpu', '0'])]:
        assert not products
        run_dknn.main(['--model-setup', str(made), '--out',
                       str(tmp_path / name), *flags, *gpu])
    assert bool(products) == ('kdtree' not in flags)
    (one, _), (two, _) = (read(tmp_path / name) for name in ('cpu', 'gpu'))
    del one['seconds'], two['seconds']
    assert one == two
    cpu, gpu = ((tmp_path / name / 'predictions.jsonl').read_bytes()
                for name in ('cpu', 'gpu'))
    assert cpu == gpu


def test_activations_of_another_framework(tmp_path, memory, products):
    folder = given_folders.write(tmp_path / 'given')
    said = []
    for name, gpu in [('cpu', '-1'), ('gpu', '0')]:
        assert not products
        run_dknn.main(['--activations', str(folder), '-k', '5', '--gpu', gpu,
                       '--out', str(tmp_path / name)])
        said.append([json.loads(line)['dknn'] for line in (
            tmp_path / name / 'predictions.jsonl').read_text().splitlines()])
    assert products and said[0] == said[1]


def test_too_little_memory_is_said_of_the_flag(made, memory):
    memory.free = 5 << 20
    for command in (run_dknn, calibration):
        with pytest.raises(ArgumentError) as caught:
            command.main(['--model-setup', str(made), '--gpu', '0'])
        assert in_flags(caught.value) == (
            '--gpu 0 has 5 MB of free memory, but a search takes 512 MB; end '
            'what else uses it, or search on the CPU')


def test_the_options_of_a_search_name_the_gpu(made, memory, capsys):
    """What is said of the memory does not speak of the CPU's products."""
    for gpu, about in [(-1, ['memory', '3 of 3 layers, 126 x 12', 'disk',
                             'time']), (0, ['memory', 'disk'])]:
        run = runs.load_run(made, gpu=gpu)
        planned = runs.plan_search(run, {'index': 'exact', 'layers': 'all'},
                                   8 << 30)
        assert planned['device'] is (None if gpu else run.model.xp)
        assert [line.split(':')[0] for line in
                capsys.readouterr().err.splitlines()] == about
