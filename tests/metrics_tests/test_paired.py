"""Paired accuracy and McNemar's test, against sums and draws by hand."""
import math

import numpy as np
import pytest

from metrics import bootstrap, paired


@pytest.mark.parametrize('only_a, only_b, expected', [
    (0, 0, 1.), (3, 3, 1.),
    # 2 (1/2)^5 = 1/16;  2 (1 + 6) / 2^6 = 14/64;  2 (1 + 10 + 45) / 2^10
    (5, 0, 1 / 16), (1, 5, 14 / 64), (8, 2, 112 / 1024)])
def test_mcnemar_by_hand(only_a, only_b, expected):
    assert paired.mcnemar(only_a, only_b) == pytest.approx(expected)
    assert paired.mcnemar(only_b, only_a) == pytest.approx(expected)


def test_mcnemar_is_the_tail_of_a_fair_coin():
    """Twice the smaller tail, at most 1, in whole numbers."""
    for a in range(12):
        for b in range(12):
            tail = sum(math.comb(a + b, i) for i in range(min(a, b) + 1))
            assert paired.mcnemar(a, b) == pytest.approx(
                min(1, 2 * tail / 2 ** (a + b)))


def test_who_is_right_by_hand():
    a = np.array([1, 1, 1, 0, 1, 0, 0, 1], bool)
    b = np.array([1, 0, 1, 1, 0, 0, 0, 0], bool)
    found = paired.compare(a, b, bootstrap.resampled_counts(8))
    assert found[1:5] == (2, 3, 1, 2)
    assert found.difference.value == pytest.approx(5 / 8 - 3 / 8)
    assert found.p_value == pytest.approx(2 * (1 + 4) / 2 ** 4)  # 3 to 1


def test_the_interval_is_that_of_draws_of_pairs():
    """Other draws, each made from rows in float64 one by one."""
    rng = np.random.default_rng(3)
    a = rng.random(300) < .8
    b = np.where(rng.random(300) < .85, a, ~a)
    found = paired.compare(a, b, bootstrap.resampled_counts(300, 4000))
    draws = []
    for _ in range(4000):
        rows = rng.integers(300, size=300)
        draws.append(a[rows].mean() - b[rows].mean())
    expected = np.percentile(draws, [2.5, 97.5])
    np.testing.assert_allclose(found.difference[1:], expected, atol=.005)
    # unpaired draws, whose interval is wider by far, are not it
    loose = [a[rng.integers(300, size=300)].mean()
             - b[rng.integers(300, size=300)].mean() for _ in range(4000)]
    low, high = np.percentile(loose, [2.5, 97.5])
    assert high - low > 1.3 * (expected[1] - expected[0])


def test_equal_ones_do_not_differ():
    right = np.array([True, False, True])
    found = paired.compare(right, right, bootstrap.resampled_counts(3))
    assert found == ((0., 0., 0.), 2, 0, 0, 1, 1.)
