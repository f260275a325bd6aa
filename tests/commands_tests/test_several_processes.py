"""Commands under mpiexec write what one process writes, byte for byte."""
import compat  # noqa: F401  (before Chainer)

import os
import re
import shutil
import subprocess
import sys
import textwrap

import mpi
import pytest
import toys

pytestmark = mpi.needs_mpi
COMMANDS = {'run_dknn': ['-k', '9'], 'calibration': ['-k', '9'],
            'interpret': ['-k', '9', '--limit', '6'],
            'evaluate': ['-k', '9', '--only', 'debugging']}
WRITTEN = ('predictions.jsonl', 'calibration.json', 'debugging.jsonl',
           'interpretations.part.jsonl', 'temperature.json')


def start(n, *words):
    """Runs Python n times together, or once without mpiexec."""
    if n > 1:
        return mpi.start(n, *words)
    return subprocess.run(
        [sys.executable, *map(str, words)], cwd=toys.ROOT,
        capture_output=True, text=True, timeout=mpi.SECONDS, check=False,
        env={**os.environ, **mpi.ENVIRONMENT})


def copy(made, name):
    """A run folder without anything computed, beside its data."""
    folder = made.with_name(name)
    shutil.copytree(made, folder, ignore=shutil.ignore_patterns(
        'activations', '*.jsonl', '*.html', 'dknn.json', 'temp*'))
    return folder


def run_all(n, folder, commands=tuple(COMMANDS)):
    """What commands printed, but for seconds and folders."""
    printed = []
    for command in commands:
        flags = COMMANDS[command]
        done = start(n, f'{command}.py', '--model-setup', folder, *flags)
        assert (done.returncode, done.stderr) == (0, '')
        printed += done.stdout.replace(str(folder), '').splitlines()
    return [line for line in printed
            if not re.search(r'[.0-9]+ s(; wrote|$)', line)]


@pytest.fixture(scope='session')
def one(made):
    """The folder of one process, and what it printed."""
    folder = copy(made, 'one')
    return folder, run_all(1, folder)


def test_three_processes_predict_as_one(made, one):
    folder = copy(made, 'three')
    run_all(3, folder, ['run_dknn'])
    assert (folder / WRITTEN[0]).read_bytes() == (
        one[0] / WRITTEN[0]).read_bytes()


def test_float32_sums_are_for_one_process(made):
    done = mpi.start(2, 'run_dknn.py', '--model-setup', made,
                     '--index-options', 'sum_bits=32')
    assert done.returncode == 2
    assert ("--index-options {'sum_bits': 32} works in one process; leave it "
            'out, or start one process, without mpiexec') in done.stderr


@pytest.mark.slow
def test_bytes_of_one_process(made, one):
    folder = copy(made, 'two')
    assert not (folder / 'activations').exists()
    expected, printed = one
    assert run_all(2, folder) == printed  # by the root alone
    for name in WRITTEN:
        assert (folder / name).read_bytes() == (expected / name).read_bytes()
    for path in sorted((expected / 'activations').rglob('*.*')):
        other = folder / path.relative_to(expected)
        assert other.read_bytes() == path.read_bytes()


def broken(how):
    """A run_dknn.py of which process 1 does not come to its end."""
    return textwrap.dedent(f'''
        import compat, os, signal, sys
        import run_dknn, runs
        from dknn import DkNN
        from errors import UserError
        from runs.processes import processes

        predict = DkNN.predict_both

        def fail(*args, **options):
            if processes().rank == 1:
                {how}
            return predict(*args, **options)

        DkNN.predict_both = fail
        runs.run_script(run_dknn.main)
        ''')


@pytest.mark.parametrize('how, said', [
    ('os.kill(os.getpid(), signal.SIGKILL)', 'on signal 9'),
    ('raise UserError("no memory here")',
     'process 1 of 2: -c: error: no memory here'),
    ('raise KeyError("a bug")', 'KeyError: \'a bug\'')])
def test_one_that_fails_ends_all(how, said, made, one, tmp_path):
    folder = one[0]
    names = {path.name for path in folder.iterdir()}
    before = (folder / WRITTEN[0]).read_bytes()
    done = start(2, '-c', broken(how), '--model-setup', folder, '-k', 5)
    assert done.returncode != 0
    assert done.stderr.count(said) == 1 and done.stdout.count('DkNN') == 0
    # What was there is whole, and nothing is left behind
    assert {path.name for path in folder.iterdir()} == names
    assert (folder / WRITTEN[0]).read_bytes() == before


def test_what_all_refuse_is_said_once(one):
    done = start(2, 'run_dknn.py', '--model-setup', one[0], '-k', 1000)
    assert done.returncode == 2 and not done.stdout
    assert done.stderr.count('exceeds the 126 training examples') == 1
    assert done.stderr.count('error:') == 1
    done = start(2, 'run_dknn.py', '--model-setup', one[0], '-k', 'many')
    assert done.returncode == 2
    assert done.stderr.count('invalid whole number value') == 1
