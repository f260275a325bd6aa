"""Pieces run several at a time, and leave no trace."""
import contextlib
import threading

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

import nets
import parallel


@pytest.mark.parametrize('limit', [1, 2])
@pytest.mark.parametrize('n', [0, 1, 2, 9])
def test_results_in_the_order_of_the_pieces(n, limit):
    with threadpool_limits(limit):
        assert parallel.run(lambda i: i * i, range(n)) == [
            i * i for i in range(n)]


def test_two_threads_at_the_same_time():
    meeting = threading.Barrier(2, timeout=20)
    with threadpool_limits(2):
        if parallel.n_workers() < 2:
            pytest.skip('BLAS has one thread here')
        # Each waits for the other
        parallel.run(lambda _: meeting.wait(), range(2))


def test_an_error_comes_through_and_threads_are_given_back():
    def work(i):
        if i == 3:
            raise ValueError('piece 3')

    with threadpool_limits(2):
        before = parallel._blas().info()
        with pytest.raises(ValueError, match='piece 3'):
            parallel.run(work, range(5))
        assert parallel._blas().info() == before
        assert not parallel._limiting.locked()


@pytest.fixture
def two_workers():
    # Not limited here: threadpoolctl lets a single thread set limits.
    if parallel.n_workers() < 2:
        pytest.skip('BLAS has one thread here')


def test_two_callers_at_the_same_time(two_workers):
    """Both get their results, and BLAS has as many threads as before."""
    a = np.arange(12.).reshape(3, 4)
    start = threading.Barrier(2, timeout=20)
    wrong = []

    def call(factor):
        for _ in range(300):
            start.wait()
            found = parallel.run(lambda i: (factor * i * a @ a.T).sum(),
                                 range(4))
            if found != [(factor * i * a @ a.T).sum() for i in range(4)]:
                wrong.append(found)

    before = parallel._blas().info()
    callers = [threading.Thread(target=call, args=(factor,))
               for factor in (1, 2)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert parallel._blas().info() == before
    assert not wrong


def test_the_second_caller_works_alone_meanwhile(two_workers):
    running, done = threading.Event(), threading.Event()
    both = threading.Barrier(2)  # neither thread takes both pieces

    def wait(_):
        both.wait(20)
        running.set()
        assert done.wait(20)
        return threading.get_ident()

    found = []
    first = threading.Thread(
        target=lambda: found.extend(parallel.run(wait, range(2))))
    first.start()
    assert running.wait(20)
    me = threading.get_ident()
    assert parallel.run(lambda _: threading.get_ident(), range(3)) == [me] * 3
    done.set()
    first.join()
    assert len(set(found)) == 2 and me not in found


@pytest.mark.parametrize('threads, pieces, each', [
    (2, 5, 1), (4, 2, 2), (16, 20, 2), (16, 2, 8)])
def test_threads_of_blas_are_shared_out(threads, pieces, each, monkeypatch):
    given = []

    class Blas:
        def info(self):
            return [{'num_threads': threads}]

        def limit(self, limits):
            given.append(limits)
            return contextlib.nullcontext()

    monkeypatch.setattr(parallel, '_blas', Blas)
    assert parallel.run(str, range(pieces)) == list(map(str, range(pieces)))
    assert given == [each]


def test_one_thread_of_blas_means_no_thread_of_ours():
    with threadpool_limits(1):
        found = parallel.run(lambda _: threading.get_ident(), range(3))
    assert set(found) == {threading.get_ident()}


def test_pieces_of_a_piece_run_one_after_another():
    def outer(i):
        me = threading.get_ident()
        return parallel.run(lambda j: (i, j, threading.get_ident() == me),
                            range(3))

    assert parallel.run(outer, range(4)) == [
        [(i, j, True) for j in range(3)] for i in range(4)]
    # and afterwards there are threads again
    with threadpool_limits(2):
        if parallel.n_workers() > 1:
            found = parallel.run(lambda _: threading.get_ident(), range(3))
            assert threading.get_ident() not in found


@pytest.mark.parametrize('model', sorted(nets.ENCODERS))
@pytest.mark.parametrize('pair', [False, True])
def test_threads_change_no_leave_one_out(model, pair, monkeypatch):
    rng = np.random.RandomState(0)
    np.random.seed(0)
    classifier = nets.make_classifier(model, 30, 3, n_units=12, n_layers=2,
                                      pair=pair)
    xs = [rng.randint(1, 30, size).astype(np.int32)
          for size in (2, 7, 4, 3, 11)]
    xs = (xs[::-1], xs) if pair else xs
    found = {}
    for workers in (1, 3):
        monkeypatch.setattr(parallel, 'n_workers', lambda n=workers: n)
        logits, layers = classifier.leave_one_out(xs)
        found[workers] = [logits, *layers]
    for a, b in zip(*found.values(), strict=True):
        assert a.shape == b.shape and len(a) == sum(
            len(x) - 1 for x in (xs[1] if pair else xs))
        np.testing.assert_allclose(a, b, atol=1e-6)


def test_one_thread():
    with threadpool_limits(2):
        before = parallel.n_threads()
        with parallel.one_thread():
            assert parallel.n_threads() == 1
            assert parallel.run(lambda i: i, range(4)) == [0, 1, 2, 3]
        assert parallel.n_threads() == before


def test_one_thread_in_a_piece_waits_for_nobody():
    def work(i):
        with parallel.one_thread():
            return i

    with threadpool_limits(2):
        assert parallel.run(work, range(4)) == [0, 1, 2, 3]
