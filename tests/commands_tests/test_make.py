"""The Makefile, with a Python that writes down what it is asked to do."""
import os
import pathlib
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
STUB = '''#!/bin/sh
echo "$*" >> calls
case "$*" in
    *-m\\ venv*) mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
    *--requirement-that-fails*) exit 1 ;;
esac
'''

pytestmark = pytest.mark.skipif(not shutil.which('make'),
                                reason='there is no make')


@pytest.fixture
def clone(tmp_path):
    """A copy of what `make` reads, and a stand-in for Python."""
    for name in ('Makefile', 'requirements.txt', 'requirements-dev.txt',
                 'requirements-serve.txt', 'requirements-gpu.txt'):
        shutil.copy(ROOT / name, tmp_path)
    stub = tmp_path / 'python-stub'
    stub.write_text(STUB)
    stub.chmod(0o755)
    return tmp_path


def make(clone, *words, **environment):
    """Run make; what it called Python with, and the finished process."""
    (clone / 'calls').write_text('')
    done = subprocess.run(
        ['make', f'PYTHON={clone}/python-stub', *words], cwd=clone,
        capture_output=True, text=True, check=False,
        env={'PATH': os.environ['PATH'], 'HOME': str(clone),
             **environment})
    calls = (clone / 'calls').read_text().splitlines()
    return [call for call in calls if not call.startswith('-c')], done


def place(calls, *parts):
    """Which call holds all these parts; exactly one does."""
    found, = [i for i, call in enumerate(calls)
              if all(part in call for part in parts)]
    return found


def test_each_target_sets_everything_up_itself(clone):
    calls, done = make(clone, 'test')
    assert done.returncode == 0, done.stderr
    order = [place(calls, 'venv'), place(calls, 'setuptools<', ' wheel'),
             place(calls, '--no-build-isolation', 'requirements.txt',
                   'requirements-dev.txt'), place(calls, 'pytest')]
    assert order == sorted(order)
    calls, _ = make(clone, 'test')
    assert [call.split()[:2] for call in calls] == [['-m', 'pytest']]


def test_changed_requirements_are_installed(clone):
    make(clone, 'setup')
    assert make(clone, 'setup')[0] == []
    later = (clone / '.venv' / '.done').stat().st_mtime + 10
    os.utime(clone / 'requirements-dev.txt', (later, later))
    assert 'requirements-dev.txt' in ' '.join(make(clone, 'setup')[0])


def test_cupy_is_installed_beside_the_rest(clone):
    calls, done = make(clone, 'setup', 'GPU=cuda13')
    assert done.returncode == 0, done.stderr
    assert place(calls, 'requirements-dev.txt') < place(
        calls, 'requirements-gpu.txt')
    wanted = clone / '.venv' / 'requirements-gpu.txt'
    assert 'cupy-cuda13x[ctk]>=14,<15' in wanted.read_text().splitlines()
    assert make(clone, 'setup', 'GPU=cuda13')[0] == []
    assert make(clone, 'setup')[0] == []  # it stays
    # Another one takes its place, without the rest
    calls, _ = make(clone, 'setup', 'GPU=cuda12')
    assert place(calls, 'uninstall') < place(calls, 'requirements-gpu.txt')
    assert len(calls) == 2
    assert 'cupy-cuda12x[ctk]>=14,<15' in wanted.read_text().splitlines()
    assert len(make(clone, 'setup', 'GPU=cuda13')[0]) == 2


def test_an_unknown_gpu_is_refused_before_anything_is_done(clone):
    for target in 'setup', 'test-gpu-names':
        calls, done = make(clone, target, 'GPU=rocm')
        assert done.returncode == 2 and calls == []
        assert ('error: GPU=rocm is unknown; take GPU=cuda12 or GPU=cuda13'
                in done.stderr)


def test_gpu_in_the_environment_means_something_else(clone):
    calls, done = make(clone, 'setup', GPU='0')
    assert done.returncode == 0, done.stderr
    assert not any('requirements-gpu' in call for call in calls)


def test_a_failed_installation_is_tried_again(clone):
    text = (clone / 'Makefile').read_text()
    (clone / 'Makefile').write_text(text.replace(
        '--no-build-isolation', '--requirement-that-fails'))
    _, done = make(clone, 'setup')
    assert done.returncode and not (clone / '.venv' / '.done').exists()
    (clone / 'Makefile').write_text(text)
    assert make(clone, 'setup')[1].returncode == 0


def test_demo_trains_first(clone):
    """Every script that it names is there; the data need no download page."""
    calls, done = make(clone, 'demo')
    assert done.returncode == 0, done.stderr
    scripts = [call.split()[0] for call in calls if '.py' in call]
    assert scripts[:2] == ['train.py', 'run_dknn.py']
    assert all((ROOT / script).is_file() for script in scripts)
    assert place(calls, 'train.py', '--dataset', 'vader.movie') < place(
        calls, 'run_dknn.py', 'results/vader.movie_cnn/args.json')


def test_help_names_the_targets(clone):
    calls, done = make(clone)
    assert calls == [] and done.returncode == 0
    for target in ('setup', 'demo', 'test', 'lint'):
        assert target in done.stdout


def test_another_python_is_refused(clone):
    done = subprocess.run(['make', 'PYTHON=false', 'setup'], cwd=clone,
                          capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert '3.10, 3.11, 3.12 or 3.13' in done.stderr
    assert not (clone / '.venv').exists()
