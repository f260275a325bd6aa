"""Numbers on a grid, so that they depend on nothing but their query.

The grid: multiples of 2^-21 up to 128, numbers of 28 bits beyond.
"""
import math

import numpy as np

import parallel


def on_grid(values):
    """The nearest points of the grid.

    Args:
        values (ndarray): float64, finite.

    Returns:
        ndarray: float64 of the same shape.
    """
    step = _step(values)
    return np.rint(values / step) * step


def _step(values):
    return np.ldexp(1., np.maximum(np.frexp(values)[1], 7) - 28)


def is_open(values, bounds):
    """Whether numbers that near could be rounded to another point.

    Args:
        values (ndarray): float64 (B, ...).
        bounds (ndarray): float64 (B,), how far from them.

    Returns:
        ndarray: bool (B,), whether any of a row could.
    """
    values = values.reshape(len(values), math.prod(values.shape[1:]))
    step = _step(values)
    parts = values / step
    gap = np.abs(parts - np.floor(parts) - .5) * step
    return (gap <= bounds[:, None]).any(axis=1)


def settled(near, apart, run=parallel.run):
    """Figures on the grid that depend on their query alone.

    Args:
        near (list of tuple): Of pieces of the B queries, one after another:
            float64 figures (b, ...) and bounds (b,) on their errors.
        apart (callable): From rows to the same; slow, each row by itself.
        run (callable): How pieces of rows are run, as of ``LayerSums``.

    Returns:
        ndarray: float64 (B, ...).
    """
    starts = np.cumsum([0] + [len(bounds) for _, bounds in near])

    def settle(number):
        values, bounds = near[number]
        figures = on_grid(values)
        # apart's own error is no larger than 4 times that of near
        left = np.flatnonzero(is_open(values, 5 * bounds) & (bounds > 0))
        if len(left):
            figures[left] = on_grid(apart(starts[number] + left)[0])
        return figures

    return np.concatenate(run(settle, range(len(near))))
