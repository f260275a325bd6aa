"""Several trainings at the same time: order, failure, number."""
import threading

import pytest

from tools import jobs


def test_results_are_in_order_whatever_ends_first():
    second_done = threading.Event()

    def work(number):
        if number == 2:
            second_done.set()
        else:
            assert second_done.wait(10)
        return 10 * number
    assert jobs.run(work, [(1,), (2,)], 2) == [10, 20]


def test_no_more_than_asked_for_run_at_once():
    running, most, lock = [], [], threading.Lock()

    def work(number):
        with lock:
            running.append(number)
            most.append(len(running))
        with lock:
            running.remove(number)
    jobs.run(work, [(i,) for i in range(50)], 1)
    assert max(most) == 1


def test_a_failure_is_raised_and_nothing_is_begun_after_it():
    begun = []

    def work(number):
        begun.append(number)
        if number == 1:
            raise ValueError('bad')
    with pytest.raises(ValueError, match='bad'):
        jobs.run(work, [(i,) for i in range(500)], 1)
    assert begun == [0, 1]


def test_a_process_keeps_to_one_core():
    assert jobs.environment()['OMP_NUM_THREADS'] == '1'
