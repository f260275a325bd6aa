"""The scripts as commands, one after another."""
import compat  # noqa: F401  (before Chainer)

import os
import subprocess
import sys

import pytest
import toys
from predicting import check


def test_as_commands(data, tmp_path):
    """In another folder, with the newest run found."""
    done = toys.command('train.py', '--dataset', data / 'pairs.jsonl',
                        '--model', 'bow', *toys.SMALL, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, '')
    folder = tmp_path / 'results' / 'pairs_bow'
    for script, name in [('run_dknn.py', 'dknn.json'),
                         ('calibration.py', 'calibration.json')]:
        done = toys.command(script, cwd=tmp_path)
        assert (done.returncode, done.stderr) == (0, '')
        assert name in done.stdout and 'pairs_bow' in done.stdout
        assert (folder / name).is_file()
    check(folder)


@pytest.mark.skipif(os.name == 'nt', reason='POSIX pipes')
@pytest.mark.parametrize('unbuffered', ['', '1'])
def test_a_reader_that_goes_away(made, unbuffered):
    """As in ``python run_dknn.py | head -0``: no complaint, exit code 141."""
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, toys.ROOT / 'run_dknn.py', '--model-setup', made],
        stdout=writer, stderr=subprocess.PIPE, text=True,
        env={**os.environ, 'PYTHONUNBUFFERED': unbuffered})
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, '')


@pytest.mark.parametrize('index, module, requirement', [
    ('lsh', 'nearpy', 'NearPy==1.0.0'), ('hnsw', 'faiss', 'faiss-cpu'),
    ('ivf', 'faiss', 'faiss-cpu')])
def test_an_optional_package_that_is_missing(made, tmp_path, index, module,
                                             requirement):
    (tmp_path / f'{module}.py').write_text('raise ImportError')
    done = toys.command(
        'run_dknn.py', '--model-setup', made, '--index', index,
        env={**os.environ, 'PYTHONPATH': str(tmp_path)})
    assert (done.returncode, done.stdout) == (2, '')
    assert done.stderr.count('\n') == 1
    assert done.stderr.startswith('run_dknn.py: error: ')
    assert done.stderr.endswith(f'pip install {requirement}\n')
