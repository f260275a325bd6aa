"""Who a process is; one process needs no MPI, several refuse without it."""
import compat  # noqa: F401  (before Chainer)

import sys
from types import SimpleNamespace

import pytest

import runs
from errors import ArgumentError, MissingPackage, UserError
from runs import predictors
from runs.processes import SIZES, SLURM, Processes, processes


@pytest.fixture(autouse=True)
def anew(monkeypatch):
    """It is asked once a process; here it is asked again."""
    for name in (*SIZES, SLURM):
        monkeypatch.delenv(name, raising=False)
    processes.cache_clear()
    yield
    processes.cache_clear()


def test_one_process_is_the_root_of_itself():
    one = Processes()
    assert (one.rank, one.size, one.is_root) == (0, 1, True)
    assert one.bcast('a') == 'a'
    assert one.gather('a') == one.allgather('a') == ['a']
    assert one.alltoall(['a']) == ['a']
    assert one.on_root(lambda: 'a') == 'a'
    with pytest.raises(UserError, match='this'):
        one.on_root(fails)
    one.barrier()
    with one.root_first():
        pass


def fails():
    raise UserError('this')


class Comm:
    """What rank 0 of two says to the other, and what that was told."""

    def __init__(self, said=None):
        self.said, self.told, self.code = said, [], None

    def bcast(self, value):
        self.told.append(value)
        return value if self.said is None else self.said

    def Abort(self, code):
        self.code = code


def test_what_the_root_finds_is_for_all():
    root = Processes(0, 2, Comm())
    assert root.on_root(lambda: 'a') == 'a'
    with pytest.raises(UserError, match='this') as raised:
        root.on_root(fails)
    assert root.comm.told == [('a', None), (None, raised.value)]
    other = Processes(1, 2, Comm(('a', None)))
    assert other.on_root(fails) == 'a'  # it is not called
    with pytest.raises(UserError, match='this'):
        Processes(1, 2, Comm(root.comm.told[1])).on_root(fails)


@pytest.mark.parametrize('rank, said', [
    (0, 'it failed'), (1, 'process 1 of 2: it failed')])
def test_who_fails_says_so_and_ends_all(rank, said, monkeypatch, capsys,
                                        tmp_path):
    """Where standard error of the others is closed to notes, too."""
    monkeypatch.setattr('runs.processes.TURN', 0)
    process = Processes(rank, 2, Comm())
    with (tmp_path / 'said').open('w') as stream:
        monkeypatch.setattr(sys, '__stderr__', stream)
        with pytest.raises(SystemExit):  # where Abort returns, as here
            process.abort('it failed', 2)
    assert process.comm.code == 2
    assert (tmp_path / 'said').read_text() + capsys.readouterr().err == (
        f'{said}\n')


def test_one_process_ends_itself(capsys):
    with pytest.raises(SystemExit) as stopped:
        Processes().abort('no more', 3)
    assert stopped.value.code == 3
    assert capsys.readouterr() == ('', 'no more\n')


@pytest.mark.parametrize('name, size', [
    *((name, size) for name in SIZES for size in ('', '1')), (SLURM, '2')])
def test_one_process_where_there_is_no_mpi4py(name, size, monkeypatch):
    monkeypatch.setenv(name, size)
    monkeypatch.setitem(sys.modules, 'mpi4py', None)
    assert processes().size == 1


@pytest.mark.parametrize('name', SIZES)
def test_several_cannot_run_without_mpi4py(name, monkeypatch):
    """They would all write the same files."""
    monkeypatch.setenv(name, '3')
    monkeypatch.setitem(sys.modules, 'mpi4py', None)
    with pytest.raises(MissingPackage, match='in 3 processes needs mpi4py'):
        processes()


@pytest.mark.parametrize('options, said', [
    ({'index': 'lsh'}, "index='lsh' works in one process"),
    ({'memory': 1 << 30}, 'memory=1073741824 works in one process')])
def test_what_several_processes_cannot_do(options, said, run_folder,
                                          monkeypatch):
    run = runs.load_run(run_folder)
    splits = runs.stored_splits(run, ['train', 'calib'])
    monkeypatch.setattr(predictors, 'processes',
                        lambda: Processes(0, 2, Comm()))
    with pytest.raises(ArgumentError, match=said):
        runs.fit_dknn(run, *splits, **options)


def test_the_rank_that_mpi_says(monkeypatch):
    """However many the launcher speaks of."""
    world = SimpleNamespace(rank=1, size=3)
    monkeypatch.setitem(sys.modules, 'mpi4py', SimpleNamespace(
        MPI=SimpleNamespace(COMM_WORLD=world)))
    assert processes().comm is None  # nobody started it
    processes.cache_clear()
    monkeypatch.setenv('PMI_SIZE', '3')
    found = processes()
    assert (found.rank, found.size, found.comm) == (1, 3, world)
    assert not found.is_root
