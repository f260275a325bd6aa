#!/usr/bin/env python
"""The index on several processes: what is sent, memory, time.

    python benchmarks/shards.py                  # 1 to 4 processes
    python benchmarks/shards.py --examples 200000 --processes 1 8

Starts itself under mpiexec for each number of processes and prints the table
of docs/cluster.md: one layer of made-up activations, mapped from a file.  The
seconds of work are those of a process's own processor time, without what it
waits for the others; they fall with the number of processes also where there
are fewer cores.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import argparse
import json
import os
import pickle
import subprocess
import tempfile
import time
from typing import NamedTuple

import numpy as np

from errors import UserError
from neighbors import arrays, shards, soft
from runs.flags import positive
from runs.processes import Processes, processes
from tools import pages

MACHINES = 64  # of the figures that are computed
MPIEXEC = 'mpiexec --allow-run-as-root --oversubscribe --bind-to none'
N_CLASS = 2
HEAD = ['processes', 'examples each', 'memory each, MB',
        'index, work each, s', 'neighbours, work each, s', 'all, s',
        'sums, work each, s', 'all, s', 'neighbours, bytes', 'sums, bytes']


class Counting(Processes):
    """All processes, with what this one receives and how long it waits.

    Attributes:
        received (int): Bytes from the others.
        waiting (float): Seconds of processor time in exchanges.
    """

    def __init__(self, team):
        super().__init__(team.rank, team.size, team.comm)
        self.received, self.waiting = 0, 0.

    def allgather(self, value):
        return self._counted(super().allgather, value)

    def alltoall(self, values):
        return self._counted(super().alltoall, values)

    def _counted(self, exchange, value):
        start = time.process_time()
        found = exchange(value)
        self.received += sum(len(pickle.dumps(part, 5))
                             for rank, part in enumerate(found)
                             if rank != self.rank)
        self.waiting += time.process_time() - start
        return found


class Cost(NamedTuple):
    """What a piece of work takes in a process.

    Attributes:
        work (float): Seconds of processor time, without exchanges.
        wall (float): Seconds.
        received (int): Bytes.
    """

    work: float
    wall: float
    received: int


def cost(team, work):
    """Does some work in all processes; its cost in this one.

    Args:
        team (Counting): The processes.
        work (callable): What to do, without arguments.

    Returns:
        tuple: Cost, and what the work returns.
    """
    team.barrier()
    team.received, team.waiting = 0, 0.
    cpu, wall = time.process_time(), time.perf_counter()
    found = work()
    return Cost(time.process_time() - cpu - team.waiting,
                time.perf_counter() - wall, team.received), found


def computed(k, n_class, n):
    """Bytes that a process receives for a query and a layer.

    Of its share of the queries the answers of the n - 1 others, then what
    they merged: 2 (n - 1) / n answers.  A neighbour is a distance and an
    index, a kernel sum a shift and a total, all of 8 bytes.

    Args:
        k (int): Neighbours.
        n_class (int): C.
        n (int): Number of processes.

    Returns:
        tuple: For neighbours and for kernel sums, floats; what names the
        arrays comes on top, some hundred bytes an exchange.
    """
    return tuple(2 * (n - 1) / n * 16 * entries for entries in (k, n_class))


def measure(team, path, n_queries, k):
    """What one layer costs in this process.

    Args:
        team (Counting): The processes.
        path (str): A file with float32 (N, D).
        n_queries (int): B.
        k (int): Neighbours.

    Returns:
        dict: ``memory`` in MB; Cost of ``index``, ``neighbors``, ``sums``.
    """
    before = memory('VmRSS')
    X = np.load(path, mmap_mode='r')
    labels = np.arange(len(X)) % N_CLASS
    Q = activations(n_queries, X.shape[1], seed=1)
    index, fitted = cost(team, lambda: shards.ShardedIndex(team).fit(X))
    neighbors, found = cost(team, lambda: fitted.kneighbors(Q, k))
    square = float(np.median(found[0][:, -1]) ** 2)
    sums, _ = cost(team, lambda: fitted.kernel_sums(
        labels, N_CLASS).in_pieces(Q, [square], soft.pieces(len(Q))))
    return {'memory': memory('VmHWM') - before, 'index': index,
            'neighbors': neighbors, 'sums': sums}


def memory(name):
    """A line of Linux's ``/proc/self/status``, in MB."""
    status = pathlib.Path('/proc/self/status').read_text()
    return int(status.partition(f'{name}:')[2].split()[0]) / 1024


def activations(n, width, seed=0):
    """As of a layer after ReLU: float32 (n, width) of few directions."""
    directions = np.random.RandomState(2).randn(8, width)
    rng = np.random.RandomState(seed)
    found = np.empty((n, width), np.float32)
    for rows in arrays.slices(n, 8192):
        size = rows.stop - rows.start
        found[rows] = rng.randn(size, 8) @ directions + rng.randn(size, width)
    return np.maximum(found, 0)


def row(n_examples, n_queries, found):
    """The cells of a number of processes.

    Args:
        n_examples (int): N.
        n_queries (int): B.
        found (list of dict): What ``measure`` returned in each process.

    Returns:
        list of str: A cell for each of ``HEAD``.
    """
    index, neighbors, sums = (
        [Cost(*part[name]) for part in found]
        for name in ('index', 'neighbors', 'sums'))

    def most(costs, what):
        return max(getattr(part, what) for part in costs)

    seconds = [most(index, 'work')] + [
        most(costs, what) for costs in (neighbors, sums)
        for what in ('work', 'wall')]
    return [str(len(found)), f'{n_examples // len(found):,}',
            f'{max(part["memory"] for part in found):.0f}',
            *(f'{value:.2f}' for value in seconds),
            *(f'{most(costs, "received") / n_queries:.0f}'
              for costs in (neighbors, sums))]


def start(n, args, path):
    """What ``measure`` returns in each of n processes."""
    words = [sys.executable, __file__, '--file', path, '--queries',
             str(args.queries), '-k', str(args.neighbors)]
    if n > 1:
        words = [*MPIEXEC.split(), '-n', str(n), *words]
    done = subprocess.run(words, capture_output=True, text=True, check=False,
                          env={**os.environ, 'PYTHONWARNINGS': 'ignore'})
    if done.returncode:
        raise UserError(f'{n} processes failed: {done.stderr.strip()}')
    return json.loads(done.stdout)


def build_parser():
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    add = parser.add_argument
    add('--examples', type=positive, default=20_000, metavar='N')
    add('--queries', type=positive, default=1000, metavar='B')
    add('--width', type=positive, default=300, metavar='D')
    add('--neighbors', '-k', type=positive, default=75, metavar='K')
    add('--processes', type=positive, nargs='+', default=[1, 2, 3, 4],
        metavar='N')
    add('--file', help=argparse.SUPPRESS)  # of one of the processes
    return parser


def main():
    args = build_parser().parse_args()
    if args.file:
        team = Counting(processes())
        found = team.gather(measure(team, args.file, args.queries,
                                    args.neighbors))
        if team.is_root:
            print(json.dumps(found))
        return
    print_table(args)


def print_table(args):
    """Measures with each number of processes, and prints."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'layer.npy')
        np.save(path, activations(args.examples, args.width))
        rows = [row(args.examples, args.queries, start(n, args, path))
                for n in args.processes]
    print(f'{args.examples:,} examples of width {args.width}, '
          f'{args.queries:,} queries, {args.neighbors} neighbours, {N_CLASS} '
          f'classes, one layer; {os.cpu_count()} cores. Bytes: received by a '
          'process for a query and layer.\n')
    print(pages.table(HEAD, rows))
    found, sums = computed(args.neighbors, N_CLASS, MACHINES)
    print(f'\nComputed, not measured, for {MACHINES} machines: '
          f'{args.examples / MACHINES:,.0f} examples each; {found:,.0f} and '
          f'{sums:,.0f} bytes for a query and layer, whatever the number of '
          'examples.')


if __name__ == '__main__':
    main()
