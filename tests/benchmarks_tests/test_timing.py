"""Seconds of pieces of work, with a clock that the test sets."""
import time

import pytest

from benchmarks import timing


@pytest.fixture
def work(monkeypatch):
    """Function (seconds, value): takes so long and returns the value."""
    now = [100.]
    monkeypatch.setattr(time, 'perf_counter', lambda: now[0])

    def work(seconds, value=None):
        now[0] += seconds
        return value

    return work


def test_seconds_of_one_call(work):
    assert timing.seconds_of(work, 2.5) == 2.5
    assert timing.seconds_of(work, 0.) == 0


def test_a_clock_adds_up_by_name(work):
    clock = timing.Clock()
    assert clock('a', work, 1., 'value') == 'value'
    clock('b', work, 5.)
    work(70.)  # not asked for
    clock('a', work, 2.)
    assert clock.seconds == {'a': 3, 'b': 5}
