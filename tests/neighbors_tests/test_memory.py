"""Exact search and soft conformity within a bound on memory."""
import pathlib
import subprocess
import sys

import numpy as np
import pytest
from indexed import activations, flat

from dknn import DkNN
from errors import ArgumentError, UserError
from neighbors import ExactIndex, arrays, memory, reading

pytestmark = pytest.mark.filterwarnings('error')
ROOT = pathlib.Path(__file__).resolve().parents[2]


def stored(folder, X, name='x'):
    """An array in a file, and mapped from it."""
    path = folder / f'{name}.npy'
    np.save(path, X)
    return path, np.load(path, mmap_mode='r')


def bounded(spare=0):
    """Makes an index with the least memory for 900 by 60, and some more."""
    return lambda: ExactIndex(memory=memory.least(900, 60) + spare)


def layers(n, seed):
    """A layer that is sorted in memory, one that is not, one dead at all."""
    return [flat(n, seed=seed), activations(n, seed),
            np.ones((n, 60), np.float32)]


# ---------------------------------------------------------------- the answer

@pytest.mark.parametrize('spare', [0, 10 ** 5, 10 ** 9])
def test_the_answer_is_that_of_the_index_in_memory(spare, tmp_path,
                                                   monkeypatch):
    """Votes, neighbours and soft scores, to the last bit; what is tuned is as
    good but for steps not worth a change, which sums in other blocks may take.
    """
    monkeypatch.setattr(memory, 'QUERIES', 100)
    monkeypatch.setattr(memory, 'LEAST_QUERIES', 30)
    X, Q = layers(900, 0), layers(300, 5)
    for part in (X, Q):
        part[0][40:60] = part[0][60:80]  # ties
        part[1][7] *= 1e15               # far from everything
    labels = np.random.RandomState(0).randint(0, 3, 900)
    mapped = [stored(tmp_path, x, str(i))[1] for i, x in enumerate(X)]
    expected, found = (
        DkNN(3, 20, index).fit(part, labels).tune(Q, labels[:300]).calibrate(
            Q, labels[:300])
        for index, part in [('exact', X), (bounded(spare), mapped)])
    assert found.indexes_[1].plan_.keeps == (spare == 10 ** 9)
    assert isinstance(found.indexes_[1].X_, reading.FileRows)
    for one, other in zip(expected.search(Q), found.search(Q), strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(expected.votes(Q), found.votes(Q))
    likelihoods = [np.log(dknn.soft_conformity(Q)[
        np.arange(300), labels[:300]]).mean() for dknn in (expected, found)]
    assert likelihoods[0] == pytest.approx(likelihoods[1], abs=1e-4)
    for dknn in (expected, found):
        dknn.use_tuning([4., 2., 1.], [.5, 1., 0])
    np.testing.assert_array_equal(expected.soft_log_odds(Q),
                                  found.soft_log_odds(Q))
    for one, other in zip(expected.soft_gradients(Q, labels[:300]),
                          found.soft_gradients(Q, labels[:300]),
                          strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize('dtype', ['<f8', '>f4', '<f2', 'u1'])
def test_other_numbers_in_the_file(dtype, tmp_path):
    X = activations(900).astype(dtype)
    _, mapped = stored(tmp_path, X)
    found = bounded()().fit(mapped).kneighbors(activations(40, 3), 9)
    expected = ExactIndex().fit(X).kneighbors(activations(40, 3), 9)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


def test_what_is_no_whole_file_is_taken_as_it_is(tmp_path):
    X = activations(900)
    _, mapped = stored(tmp_path, X)
    for part in (X, mapped[1:], mapped[:, :30], np.asfortranarray(X)):
        index = bounded()().fit(part)
        assert not isinstance(index.X_, reading.FileRows)
        np.testing.assert_array_equal(
            index.neighbor_sets(part[:9], 5),
            ExactIndex().fit(part).neighbor_sets(part[:9], 5))


# -------------------------------------------------------- how often it reads

def test_examples_are_read_once_for_all_queries(tmp_path, monkeypatch):
    read = []
    rows_of = reading.FileRows._read

    def counted(self, start, n, out=None):
        read.append(n)
        return rows_of(self, start, n, out)

    monkeypatch.setattr(reading.FileRows, '_read', counted)
    monkeypatch.setattr(memory, 'LEAST_QUERIES', 600)
    _, mapped = stored(tmp_path, activations(900))
    dknn = DkNN(2, 5, bounded()).fit(
        [mapped], np.arange(900) % 2).use_tuning([30.], [1.])
    assert not dknn.indexes_[0].plan_.keeps
    Q = [activations(500, 3)]
    for ask in (dknn.votes, dknn.soft_log_odds):
        read.clear()
        ask(Q)
        blocks = [n for n in read if n > 1]  # alone: those left to float64
        assert sum(blocks) == 900 and len(read) - len(blocks) < 900


def test_one_block_is_read_ahead():
    """The next is loaded while one is in use, and no further one."""
    loaded = []
    used = reading.ahead(lambda i: loaded.append(i) or i, range(5))
    assert next(used) == 0
    for i in range(1, 5):
        assert next(used) == i
        assert loaded[-1] <= i + 1
    assert list(used) == [] and loaded == [0, 1, 2, 3, 4]


def test_what_fails_ahead_fails_where_it_is_used():
    def load(i):
        return 1 // (2 - i)

    used = reading.ahead(load, range(5))
    assert [next(used), next(used)] == [0, 1]
    with pytest.raises(ZeroDivisionError):
        next(used)


def test_rows_of_a_file_are_those_of_the_array(tmp_path):
    X = activations(50)
    _, mapped = stored(tmp_path, X)
    rows = reading.file_rows(mapped)
    for some in (slice(3, 9), slice(40, 99), slice(9, 9), slice(None, None, 7),
                 7, np.array([4, 4, 0, 49])):
        np.testing.assert_array_equal(rows[some], X[some])


# ------------------------------------------------------------- what is wrong

def test_a_truncated_file_is_named(tmp_path):
    path, mapped = stored(tmp_path, activations(900))
    index = bounded()().fit(mapped)
    with open(path, 'r+b') as stream:
        stream.truncate(path.stat().st_size - 4)
    with pytest.raises(UserError, match='x.npy is shorter than it was'):
        index.kneighbors(activations(3), 5)


@pytest.mark.parametrize('wrong', [np.nan, np.inf, 1e39])
def test_numbers_that_are_not_finite(wrong, tmp_path):
    X = activations(900).astype(np.float64)
    X[800, 3] = wrong
    _, mapped = stored(tmp_path, X)
    with pytest.raises(UserError, match='NaN, infinity or a number beyond'):
        bounded()().fit(mapped)


def test_too_little_memory_says_how_much_would_do():
    needed = memory.least(900, 60)
    with pytest.raises(ArgumentError, match=f'give {needed} bytes or more'):
        ExactIndex(memory=needed - 1).fit(activations(900))
    ExactIndex(memory=needed).fit(activations(900))


# ------------------------------------------------------------------ the plan

def test_more_memory_means_larger_blocks_until_all_is_kept():
    N, D = 550_000, 1200
    plans = [memory.plan(N, D, int(size)) for size in
             (memory.least(N, D), 2e8, 4e8, 1e9, 1e10, 2e10)]
    assert [plan.keeps for plan in plans] == [False] * 5 + [True]
    assert plans[0][1:] == (memory.LEAST_EXAMPLES, memory.LEAST_QUERIES)
    # The usual block has 2^22 numbers: 3,495 examples of 1,200
    assert plans[4][1:] == (arrays.BLOCK_CELLS // D, memory.QUERIES)
    for one, other in zip(plans, plans[1:], strict=False):
        assert one.block <= other.block and one.queries <= other.queries


PEAK = '''
import resource, sys, threading
import numpy as np
import parallel
from dknn import DkNN
from neighbors import ExactIndex

def peak():
    """Of resident memory, of this process alone (VmHWM), in bytes."""
    with open('/proc/self/status') as lines:
        found = dict(line.split(':') for line in lines)
    return {name: 1024 * int(found[name].split()[0])
            for name in ('VmHWM', 'VmData')}

folder, bound = sys.argv[1], int(sys.argv[2])
X = [np.load(f'{folder}/{i}.npy', mmap_mode='r') for i in range(2)]
labels = np.arange(len(X[0])) % 2
Q = [np.array(x[:300]) for x in X]
DkNN(2, 5).fit([q[:50] for q in Q], labels[:50]).votes(Q)  # loads BLAS
before = peak()
# What is reserved for a thread counts as data: its stack, and OpenBLAS's 32 MB
stack, reserved = 1 << 20, 33 << 20
threading.stack_size(stack)
resource.setrlimit(resource.RLIMIT_DATA, [
    before['VmData'] + bound + parallel.n_workers() * reserved] * 2)
dknn = DkNN(2, 75, lambda: ExactIndex(bound)).fit(X, labels)
dknn.votes(Q)
dknn.use_tuning([9., 9.], [1., 1.]).soft_log_odds(Q)
print(peak()['VmHWM'] - before['VmHWM'])
'''


@pytest.mark.skipif(not sys.platform.startswith('linux'), reason='/proc')
def test_peak_memory_of_a_process(tmp_path):
    """Resident memory, mapped pages with it; anonymous memory is limited."""
    for i in range(2):
        stored(tmp_path, activations(40_000, i, width=300), str(i))
    bound = memory.least(40_000, 300) + 4_000_000
    assert bound < 40_000 * 300 * 4 * 2  # less than the files
    done = subprocess.run(
        [sys.executable, '-c', PEAK, str(tmp_path), str(bound)], cwd=ROOT,
        capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < bound
