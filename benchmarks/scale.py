#!/usr/bin/env python
"""Search among activations larger than memory: time and peak memory.

    python benchmarks/scale.py --memory 1G --sizes 10000 100000

Makes activations like those after a ReLU, clustered by class, some columns
dead, N x 4 x 1,200 on disk; then asks, in a process of its own for each size,
for votes and soft conformity of 1,000 queries, and for both from one pass with
sum_bits=32, beside the matrix products (float32, and float64 as soft
conformity needs them with sum_bits=64) and one reading of the files.  Prints a
table and writes it into docs/scale.md.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import argparse
import json
import os
import tempfile

import numpy as np

import runs
from benchmarks import timing
from benchmarks.timing import Clock, peak_memory
from dknn import DkNN
from errors import UserError
from neighbors import memory as plans
from runs import flags
from runs.memory import in_megabytes, resident
from tools import pages

ROOT = pathlib.Path(__file__).resolve().parents[1]
PAGE = 'scale.md'
BLOCK = 4096     # examples that are made, multiplied or read at once
DEAD = 10        # one column in so many is always 0
SPREAD = .3      # of the classes' centres, in units of the noise
K = 75
COLUMNS = ('examples', 'on disk, GB', 'peak memory, GB', 'fit, s', 'votes, s',
           'soft, s', 'both, s', 'sgemm, s', 'dgemm, s', 'reading, s',
           'votes / sgemm', 'soft / dgemm', 'both / sgemm', 'difference')


def made_layers(folder, n, n_layers, width, n_class, seed=0, decay=None):
    """Writes activations, block by block, and their labels.

    Args:
        folder (Path): An existing folder; gets ``labels.npy``, ``0.npy``, ...
        n (int): Examples.
        n_layers (int): Layers.
        width (int): D of each.
        n_class (int): C.
        seed (int): Of everything drawn.
        decay (float): Deviation of the examples falls with the number of a
            direction to this power, from 0: 0.5 is like the input side of
            networks, 1 like the layers above; None: the same in all
            directions.
    """
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, n_class, n)
    np.save(folder / 'labels.npy', labels)
    for layer in range(n_layers):
        centres = SPREAD * rng.standard_normal((n_class, width), np.float32)
        mix = None if decay is None else mixing(rng, width, decay)
        with open(folder / f'{layer}.npy', 'wb') as stream:
            np.lib.format.write_array_header_1_0(stream, {
                'descr': '<f4', 'fortran_order': False, 'shape': (n, width)})
            for first in range(0, n, BLOCK):
                rows = labels[first:first + BLOCK]
                h = rng.standard_normal((len(rows), width), np.float32)
                h = h if mix is None else h @ mix
                h = np.maximum(h + centres[rows], 0)
                h[:, ::DEAD] = 0
                stream.write(h)


def mixing(rng, width, decay):
    """What makes noise fall off by direction, float32 (width, width).

    Args:
        rng (Generator): Of the directions.
        width (int): D.
        decay (float): As for ``made_layers``.

    Returns:
        ndarray: Noise times it has a variance of about 1 in every column.
    """
    weights = np.arange(1, width + 1) ** -float(decay)
    weights /= np.linalg.norm(weights)
    return (weights[:, None] * rng.standard_normal((width, width))).astype(
        np.float32)


def mapped(folder):
    """The layers of a folder, mapped, and the labels."""
    names = sorted(folder.glob('[0-9]*.npy'), key=lambda path: int(path.stem))
    return ([np.load(name, mmap_mode='r') for name in names],
            np.load(folder / 'labels.npy'))


def measured(folder, n_queries, memory):
    """Seconds of each stage, and the peak of resident memory.

    Args:
        folder (Path): Of ``made_layers``.
        n_queries (int): The first so many examples are moved a little.
        memory (int): Bytes for the whole process.

    Returns:
        dict: Name of a stage to seconds; ``peak``, bytes; ``difference``,
        the largest of soft log-odds with 32 and 64 bits.

    Raises:
        UserError: ``memory`` is too little.
    """
    layers, labels = mapped(folder)
    rng = np.random.default_rng(1)
    Q = [np.maximum(h[:n_queries] + rng.standard_normal(
        h[:n_queries].shape, np.float32) / 2, 0) for h in layers]
    clock = Clock()
    least = resident() + plans.least_of_all(
        len(labels), [h.shape[1] for h in layers])
    if memory < least:
        raise UserError(f'--memory {in_megabytes(memory)} is too little; '
                        f'give {in_megabytes(least)} or more')
    # About the distance of neighbours: d^2 = D in each layer
    width = layers[0].shape[1]
    tuning = ([(width / 8) ** .5] * len(layers),
              [1 / len(layers)] * len(layers))
    dknn, other = (DkNN(int(labels.max()) + 1, K, memory=memory - resident(),
                        index_options={'sum_bits': bits}) for bits in (64, 32))
    forget(folder)
    clock('fit', dknn.fit, layers, labels)
    forget(folder)
    votes = clock('votes', dknn.votes, Q)
    dknn.use_tuning(*tuning)
    forget(folder)
    odds = clock('soft', dknn.soft_log_odds, Q)
    del dknn
    other.fit(layers, labels).use_tuning(*tuning)
    forget(folder)
    found = clock('both', other.votes_and_log_odds, Q)
    if (found[0] != votes).any():
        raise AssertionError('votes depend on sum_bits')
    peak = peak_memory()
    clock('sgemm', products, layers, Q, np.float32)
    clock('dgemm', products, layers, Q, np.float64)
    forget(folder)
    clock('reading', read, folder)
    return {**clock.seconds, 'peak': peak,
            'difference': float(abs(found[1] - odds).max())}


def products(layers, queries, dtype):
    """As many products as a search needs, of one block again and again."""
    for h, q in zip(layers, queries, strict=True):
        block, q = np.array(h[:BLOCK], dtype), q.astype(dtype)
        for first in range(0, len(h), BLOCK):
            q @ block[:len(h) - first].T


def read(folder):
    """Reads every file once, from its start to its end."""
    for path in folder.glob('*.npy'):
        with open(path, 'rb', buffering=0) as stream:
            while stream.read(1 << 24):
                pass


def forget(folder):
    """Asks the system to drop what it keeps of the files in memory."""
    for path in folder.glob('*.npy'):
        with open(path, 'rb') as stream:
            os.fsync(stream.fileno())
            os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def row_of(n, size, found):
    """Cells of the table, as text.

    Args:
        n (int): Examples.
        size (int): Bytes on disk.
        found (dict): What ``measured`` returned.

    Returns:
        list of str: In the order of ``COLUMNS``.
    """
    seconds = [found[name] for name in ('fit', 'votes', 'soft', 'both',
                                        'sgemm', 'dgemm', 'reading')]
    ratios = [found[name] / (found[products] + found['reading'])
              for name, products in [('votes', 'sgemm'), ('soft', 'dgemm'),
                                     ('both', 'sgemm')]]
    return [f'{n:,}', f'{size / 2 ** 30:.2f}', f'{found["peak"] / 2**30:.2f}',
            *(f'{value:.1f}' for value in seconds),
            *(f'{value:.2f}' for value in ratios),
            f'{found["difference"]:.0e}']


def in_a_process(folder, args):
    """What ``measured`` returns, of a process that does nothing else."""
    return timing.in_a_process(
        __file__, '--measure', folder, '--queries', args.queries, '--memory',
        args.memory)


def build_parser():
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    add = parser.add_argument
    add('--sizes', type=flags.positive, nargs='+', default=[10_000, 100_000],
        metavar='N', help='numbers of examples (default: 10000 100000)')
    add('--layers', type=flags.positive, default=4, help='(default: 4)')
    add('--width', type=flags.positive, default=1200, help='(default: 1200)')
    add('--classes', type=flags.positive, default=14, help='(default: 14)')
    add('--queries', type=flags.positive, default=1000,
        help='(default: 1,000)')
    add('--memory', type=flags.size, default=flags.size('1G'),
        help='of the whole process (default: 1G)')
    add('--folder', type=pathlib.Path, help='where there is space (default: '
        'the system\'s temporary folder)')
    add('--docs', type=pathlib.Path, default=ROOT / 'docs',
        help='where scale.md is (default: docs)')
    add('--measure', type=pathlib.Path, metavar='FOLDER',
        help='print the figures of activations made before, as JSON')
    return parser


def main(argv=None):
    args = build_parser().parse_args(argv)
    if args.measure:
        print(json.dumps(measured(args.measure, args.queries, args.memory)))
        return
    rows = []
    for n in args.sizes:
        with tempfile.TemporaryDirectory(dir=args.folder) as name:
            folder = pathlib.Path(name)
            made_layers(folder, n, args.layers, args.width, args.classes)
            size = sum(path.stat().st_size for path in folder.iterdir())
            rows.append(row_of(n, size, in_a_process(folder, args)))
    text = pages.table(COLUMNS, rows)
    print(text)
    pages.write_between(args.docs / PAGE, f'\n{text}\n')


if __name__ == '__main__':
    runs.run_script(main)
