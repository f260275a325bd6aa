"""Who a process is; one process needs no MPI."""
import sys
from types import SimpleNamespace

import pytest

from runs.processes import SIZES, Processes, processes


@pytest.fixture(autouse=True)
def anew(monkeypatch):
    """It is asked once a process; here it is asked again."""
    for name in SIZES:
        monkeypatch.delenv(name, raising=False)
    processes.cache_clear()
    yield
    processes.cache_clear()


def test_one_process_is_the_root_of_itself():
    one = Processes()
    assert (one.rank, one.size, one.is_root) == (0, 1, True)
    assert one.bcast('a') == 'a'
    assert one.gather('a') == one.allgather('a') == ['a']
    one.barrier()
    with one.root_first():
        pass


def test_one_process_ends_itself(capsys):
    with pytest.raises(SystemExit) as stopped:
        Processes().abort('no more', 3)
    assert stopped.value.code == 3
    assert capsys.readouterr() == ('', 'no more\n')


@pytest.mark.parametrize('name', SIZES)
@pytest.mark.parametrize('size', ['', '1', '2'])
def test_one_process_where_there_is_no_mpi4py(name, size, monkeypatch):
    monkeypatch.setenv(name, size)
    monkeypatch.setitem(sys.modules, 'mpi4py', None)
    assert processes().size == 1


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
