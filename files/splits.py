"""Which examples of a training file are held out.

Nothing here knows what an example is: the result is positions in the file.
"""
import reprlib

import numpy as np

from errors import ArgumentError, UserError
from files.rows import DatasetError

SEEDS = 1 << 32


def split(groups, published=(), seed=0, calib_size=1000,
          calib_positions=None):
    """Divides the examples of a training file among the splits.

    What is not given is taken from a random order of clusters: the examples
    of a group, or single ones.

    Args:
        groups (list): Group of each of the file's examples: a str, or None
            for an example that is a group by itself.
        published (container of str): Those of ``test`` and ``valid`` that
            have a file of their own; nothing is held out for them.
        seed (int): Of the random order.
        calib_size (int): Calibration examples, at most a fifth of what the
            test leaves.
        calib_positions (list of int or None): Take exactly these as the
            calibration examples.

    Returns:
        dict: ``calib``, ``train``, and each of ``test`` and ``valid`` that is
        not published -> list of int, the positions.  Together they are all
        positions, each once.  Only given calibration positions are not
        sorted.

    Raises:
        UserError: If seed, calibration size or positions make no sense.
    """
    n = len(groups)
    _check_seed(seed)
    _check_size(calib_size)
    if calib_positions is not None:
        _check_positions(calib_positions, n)
    clusters = _clusters(groups, seed, set(calib_positions or ()))
    positions = {}
    if 'test' not in published:
        positions['test'], clusters = _take(clusters, max(1, n // 10))
        n -= len(positions['test'])
    if calib_positions is None:
        positions['calib'], clusters = _take(clusters,
                                             min(calib_size, n // 5))
    else:
        positions['calib'] = [int(i) for i in calib_positions]
    if 'valid' not in published:
        positions['valid'], clusters = _take(clusters, max(1, n // 10))
    positions['train'] = sorted(i for cluster in clusters for i in cluster)
    return positions


def check_sizes(positions, name, calib_size):
    """Checks that no split is empty that should not be.

    Args:
        positions (dict): Split -> its positions, as ``split`` gives them.
        name (str): The data set, for the message.
        calib_size (int): How many calibration examples are to be drawn.

    Raises:
        DatasetError: If one is.
    """
    sizes = {split: len(places) for split, places in positions.items()}
    if not all(size or split == 'calib' and not calib_size
               for split, size in sizes.items()):
        told = ', '.join(f'{split} {size}' for split, size in sizes.items())
        raise DatasetError(
            f'{name} has {sum(sizes.values())} examples, too few to hold out '
            f'some and train with the rest ({told}; calib is a fifth at '
            'most): bring six, or three with `calib_size` 0, or more where '
            'many belong to one group', 'calib_size')


def _clusters(groups, seed, excluded):
    """Lists of positions, in an order that exclusions do not change."""
    clusters = {}
    for i, group in enumerate(groups):
        if i not in excluded:
            key = i if group is None else ('group', group)
            clusters.setdefault(key, []).append(i)
    rank = np.random.RandomState(seed).permutation(len(groups))
    return sorted(clusters.values(), key=lambda cluster: rank[cluster[0]])


def _take(clusters, size):
    """Positions of clusters, ``size`` at most, and the other clusters."""
    taken, left = [], []
    for cluster in clusters:
        fits = len(taken) + len(cluster) <= size
        if fits:
            taken += cluster
        else:
            left.append(cluster)
    return sorted(taken), left


def _check_size(size):
    if size < 0:
        raise ArgumentError(
            'calib_size', size,
            'is no number of calibration examples; take 0 or more')


def _check_seed(seed):
    if not isinstance(seed, (int, np.integer)) or not 0 <= seed < SEEDS:
        raise ArgumentError('seed', seed, 'is no seed; take a whole number '
                            f'from 0 to {SEEDS - 1:,}')


def _check_positions(positions, n):
    whole = {i for i in positions if isinstance(i, (int, np.integer))}
    if len(whole) < len(positions) or not all(0 <= i < n for i in whole):
        raise UserError(
            f'{len(positions)} calibration positions, '
            f'{reprlib.repr(list(positions))}, are not different whole '
            f'numbers below {n:,}, the number of training examples; they '
            'belong to other data')
