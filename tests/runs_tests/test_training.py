"""A run is whole or absent, whatever happens to its training."""
import compat  # noqa: F401  (before Chainer)

import errno
import os
import signal
import subprocess
import sys

import chainer
import numpy as np
import pytest
import toys

import runs
from errors import UserError
from files import locks
from runs import training
from runs.snapshots import read_npz, write_npz


def retrain(run_folder, *flags):
    """Trains again into the same folder, with whatever settings."""
    return toys.fit(run_folder.parent, run_folder.parents[1] / 'toy.csv',
                    *flags, *([] if '--resume' in flags else ['--overwrite']))


def names(folder):
    return sorted(path.name for path in folder.iterdir())


# ------------------------------------------------------- what fails early

@pytest.mark.parametrize('error', [
    OSError(errno.ENOSPC, 'No space left on device'), RuntimeError('a bug')])
@pytest.mark.parametrize('written', ['vocab.json', 'best_model.npz'])
def test_a_training_that_fails_leaves_the_old_run(run_folder, error, written,
                                                  monkeypatch):
    before = toys.listing(run_folder)
    real = os.replace

    def fail(old, new):
        if os.fspath(new).endswith(written):
            raise error
        return real(old, new)

    monkeypatch.setattr(os, 'replace', fail)
    with pytest.raises(type(error)):
        retrain(run_folder)
    assert toys.listing(run_folder) == before
    assert names(run_folder.parent) == [run_folder.name]


def test_a_full_disk_is_one_sentence(run_folder, monkeypatch, capsys):
    """Chainer's trainer does not print its traceback first."""
    def fail(*args, **keys):
        raise OSError(errno.ENOSPC, 'No space left on device')

    monkeypatch.setattr('runs.training.write_npz', fail)
    monkeypatch.setattr(sys, 'argv', ['train.py'])
    capsys.readouterr()
    with pytest.raises(SystemExit) as stopped:
        runs.run_script(lambda: retrain(run_folder))
    assert stopped.value.code == 2
    assert capsys.readouterr().err == (
        'train.py: error: no space left on device; free some space and run '
        'this again\n')


def test_parameters_that_are_not_finite(run_folder, monkeypatch):
    real = chainer.training.StandardUpdater.update

    def diverge(self):
        real(self)
        model = self.get_optimizer('main').target
        model.output.W.array[0, 0] = np.nan

    before = toys.listing(run_folder)
    monkeypatch.setattr(chainer.training.StandardUpdater, 'update', diverge)
    with pytest.raises(UserError, match='after epoch 1 the parameter /.* '
                       'is no longer finite; .* lower `learning_rate`'):
        retrain(run_folder)
    assert toys.listing(run_folder) == before


# -------------------------------------------------------- one in a place

SLOW = '''
import sys, time
import train, runs
from runs import trainer

real, batches = trainer.convert, []

def convert(batch, device):
    batches.append(len(batch))
    if len(batches) == int(sys.argv[1]):
        print('here', flush=True)
        time.sleep(60)
    return real(batch, device)

trainer.convert = convert
runs.run_script(lambda: train.main(sys.argv[2:]))
'''


def start(run_folder, at):
    """A training that waits in mini-batch `at`."""
    process = subprocess.Popen(
        [sys.executable, '-W', 'ignore', '-c', SLOW, str(at), '--dataset',
         str(run_folder.parents[1] / 'toy.csv'), '--out',
         str(run_folder.parent), *toys.SMALL, '--seed', '1', '--overwrite'],
        cwd=toys.ROOT, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    for line in process.stdout:
        if line.strip() == 'here':
            return process
    raise AssertionError(process.communicate())


# 126 training texts: 8 batches of 16 an epoch, then 1 of the validation.
@pytest.mark.skipif(os.name == 'nt', reason='POSIX signals and locks')
@pytest.mark.parametrize('at', [3, 13])
def test_killed_and_trained_again(run_folder, at):
    """Before its first model the old run stands, then the new one does."""
    old = (run_folder / 'best_model.npz').read_bytes()
    process = start(run_folder, at)
    with pytest.raises(UserError, match='another training writes'):
        retrain(run_folder)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    new = (run_folder / 'best_model.npz').read_bytes()
    assert (new == old) is (at == 3)
    left = set(names(run_folder.parent)) - {run_folder.name}
    assert f'.{run_folder.name}.lock' in left
    assert len(left) == (2 if at == 3 else 1)
    assert runs.load_run(run_folder).data.train
    assert names(run_folder.parent) == [run_folder.name]
    retrain(run_folder)
    assert names(run_folder.parent) == [run_folder.name]


@pytest.mark.parametrize('flags', [['--epoch', '3', '--resume'], []])
def test_a_training_removes_what_a_dead_one_left(run_folder, flags):
    (run_folder / 'activations').mkdir()
    left = [run_folder / '.snapshot.0123456789abcdef',
            run_folder / 'activations' / '.test.0123456789abcdef']
    for path in left:
        path.write_bytes(b'half')
    retrain(run_folder, *flags)
    assert not [path for path in left if path.exists()]


def test_a_folder_that_no_training_may_replace(run_folder, tmp_path):
    path = run_folder / 'args.json'
    with training.unchanged(run_folder):
        with pytest.raises(locks.Busy):
            with locks.held_path(path, exclusive=True, wait=False):
                raise AssertionError('must not be replaced')
        with training.unchanged(run_folder):
            pass
    with locks.held_path(path, exclusive=True, wait=False):
        pass
    for nothing in (tmp_path, tmp_path / 'gone', path):
        with training.unchanged(nothing):
            pass


def test_the_users_own_files_stay(run_folder):
    (run_folder / 'notes').mkdir()
    (run_folder / 'notes' / 'a.txt').write_text('mine')
    (run_folder / 'link').symlink_to('nowhere')
    (run_folder / 'dknn.json').write_text('{}')
    retrain(run_folder, '--seed', '1')
    assert (run_folder / 'notes' / 'a.txt').read_text() == 'mine'
    assert os.readlink(run_folder / 'link') == 'nowhere'
    assert not (run_folder / 'dknn.json').exists()


def test_results_belong_to_the_parameters(run_folder):
    run = runs.load_run(run_folder)
    with training.results_of(run):
        pass
    retrain(run_folder, '--seed', '1')
    with pytest.raises(UserError, match='trained again while'):
        with training.results_of(run):
            raise AssertionError('must not be written')


def test_better_parameters_remove_what_the_others_gave(run_folder):
    """Going on with a run makes its results those of other parameters."""
    for name in ('dknn.json', 'temperature.json', 'interpretations.html'):
        (run_folder / name).write_text('{}')
    before = (run_folder / 'best_model.npz').read_bytes()
    retrain(run_folder, '--resume', '--epoch', '8')
    assert (run_folder / 'best_model.npz').read_bytes() != before
    assert not {'dknn.json', 'temperature.json', 'interpretations.html'} & {
        path.name for path in run_folder.iterdir()}


def test_the_snapshot_of_another_run(run_folder):
    other = toys.fit(run_folder.parent / 'o',
                     run_folder.parents[1] / 'toy.csv', '--seed', '1')
    (run_folder / 'snapshot').write_bytes((other / 'snapshot').read_bytes())
    with pytest.raises(UserError, match='written with other settings'):
        retrain(run_folder, '--resume', '--epoch', '3')


def test_nobody_takes_the_place_while_results_are_written(run_folder):
    run = runs.load_run(run_folder)
    with training.results_of(run), pytest.raises(locks.Busy):
        with locks.held_path(run_folder / 'args.json', exclusive=True,
                             wait=False):
            raise AssertionError('must wait')


# ------------------------------------------------------ files of arrays

def test_a_snapshot_holds_no_pickle(run_folder):
    with np.load(run_folder / 'snapshot', allow_pickle=False) as arrays:
        found = {name: arrays[name] for name in arrays.files}
    assert {array.dtype.kind for array in found.values()} <= set('fiubU')


class Boom:
    def __reduce__(self):
        return exec, ('raise SystemExit("code from a run folder was run")',)


def parameters_with(run_folder, **arrays):
    with np.load(run_folder / 'snapshot') as stored:
        kept = {name: array for name, array in {**stored, **arrays}.items()
                if array is not None}
    np.savez(run_folder / 's.npz', **kept)
    return (run_folder / 's.npz').read_bytes()


@pytest.mark.parametrize('damage', [
    lambda folder, content: b'', lambda folder, content: content[:500],
    lambda folder, content: b'PK nonsense',
    lambda folder, content: content[:len(content) // 2] + bytes(
        [content[len(content) // 2] ^ 1]) + content[len(content) // 2 + 1:],
    lambda folder, content: parameters_with(
        folder, **{'updater/model:main/output/b': None}),
    lambda folder, content: parameters_with(
        folder, **{'updater/model:main/output/b': np.zeros(7)}),
    lambda folder, content: parameters_with(
        folder, **{'updater/iteration': np.array([Boom()], object)})])
def test_a_damaged_snapshot(run_folder, damage):
    path = run_folder / 'snapshot'
    path.write_bytes(damage(run_folder, path.read_bytes()))
    before = toys.listing(run_folder)
    with pytest.raises(UserError, match='snapshot cannot be used .*--resume'):
        retrain(run_folder, '--resume', '--epoch', '3')
    assert toys.listing(run_folder) == before


def test_nones_and_numbers_come_back(tmp_path):
    class Thing:
        def serialize(self, serializer):
            self.read = [serializer('none', None), serializer('one', 1),
                         serializer('text', 'é')]

    write_npz(tmp_path / 'x', Thing())
    arrays = read_npz((tmp_path / 'x').read_bytes())
    assert arrays['none'][()] is None and arrays['one'] == 1
    assert arrays['text'] == 'é' and len(arrays) == 3


def test_what_no_array_can_hold(tmp_path):
    class Thing:
        def serialize(self, serializer):
            serializer('x', np.array([{}], object))

    with pytest.raises(TypeError, match='x is'):
        write_npz(tmp_path / 'x', Thing())
    assert names(tmp_path) == []


def test_the_same_seed_gives_the_same_bytes(run_folder):
    """Whatever the order of sets in a process."""
    found = []
    for hash_seed in ('1', '2', '3'):
        done = toys.command(
            'train.py', '--dataset', run_folder.parents[1] / 'toy.csv',
            '--out', run_folder.parent / hash_seed, *toys.SMALL,
            env={**os.environ, 'PYTHONHASHSEED': hash_seed})
        assert done.returncode == 0, done.stderr
        folder = run_folder.parent / hash_seed / run_folder.name
        found.append([(folder / name).read_bytes() for name in (
            'best_model.npz', 'vocab.json', 'calib.json')])
    assert found[0] == found[1] == found[2]
