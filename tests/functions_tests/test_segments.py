"""Sums and maxima of segments by plain loops, on a CPU and on a device that
is none."""
import compat  # noqa: F401  (before Chainer)

import contextlib

import fake_device
import numpy as np
import pytest

from functions import segments

SHAPES = [[1], [5], [1, 1, 1], [3, 1, 4, 1, 5, 9, 2, 6], [2, 64, 33],
          [1, 7, 8]]


@pytest.fixture(params=['CPU', 'device'])
def send(request):
    with contextlib.ExitStack() as stack:
        if request.param == 'CPU':
            yield np.asarray
        else:
            yield stack.enter_context(fake_device.used()).asarray


def get(x):
    return x if isinstance(x, np.ndarray) else x.get()


def made(lengths):
    """Rows with ties, and the rows of each segment."""
    x = np.random.default_rng(0).integers(-4, 4, (sum(lengths), 3)) / 8.
    return x, np.split(x, np.cumsum(lengths)[:-1])


@pytest.mark.parametrize('lengths', SHAPES)
def test_each_segment_by_itself(send, lengths):
    x, parts = made(lengths)
    for function, expected in [
            (segments.sums, [part.sum(axis=0) for part in parts]),
            (segments.maxima, [part.max(axis=0) for part in parts]),
            (segments.first_maxima, [
                part.argmax(axis=0) + begin for part, begin in zip(
                    parts, np.cumsum(lengths) - lengths, strict=True)])]:
        # Eighths: sums are exact in any order
        np.testing.assert_array_equal(
            get(function(send(x), np.array(lengths))), expected)


@pytest.mark.parametrize('lengths', SHAPES)
def test_running_maxima(send, lengths):
    x, parts = made(lengths)
    so_far, from_here = segments.running_maxima(send(x), np.array(lengths))
    np.testing.assert_array_equal(get(so_far), [
        part[:i + 1].max(axis=0) for part in parts for i in range(len(part))])
    np.testing.assert_array_equal(get(from_here), [
        part[i:].max(axis=0) for part in parts for i in range(len(part))])


def test_infinite_and_missing_values_stay_in_their_segment(send):
    x = np.array([[1.], [np.inf], [2.], [np.nan], [3.]])
    lengths = np.array([2, 1, 1, 1])
    for function in segments.sums, segments.maxima:
        np.testing.assert_array_equal(
            get(function(send(x), lengths))[:, 0], [np.inf, 2, np.nan, 3])


def test_repeat_by_hand(send):
    x = send(np.array([[1.], [2.], [3.]]))
    assert get(segments.repeat(x, np.array([2, 0, 1])))[:, 0].tolist() == [
        1, 1, 3]


def test_offsets_by_hand():
    assert segments.offsets(np.array([2, 1, 3])).tolist() == [0, 2, 3]


def test_sums_of_rows_by_hand(send):
    # 1 + 4 go to place 3, 2 + 8 + 16 to place 0, nothing to 1 and 2
    x = send(np.array([[1.], [2.], [4.], [8.], [16.]], np.float32))
    found = get(segments.sums_of_rows(x, np.array([3, 0, 3, 0, 0]), 4))
    assert found[:, 0].tolist() == [26, 0, 0, 5]
    assert found.dtype == np.float32


def test_long_sums_are_accurate_on_a_device():
    """Pairs lose less than one number after another does."""
    x = np.full((100_000, 1), .1, np.float32)
    exact = x.astype(float).sum()
    with fake_device.used() as xp:
        found, = segments.sums(xp.asarray(x), np.array([len(x)])).get()
    assert abs(found - exact) < 1e-6 * exact
    one_by_one = np.cumsum(x[:, 0])[-1]
    assert abs(one_by_one - exact) > 1e-5 * exact
