#!/usr/bin/env python
"""The index milvus beside exact and hnsw, on made-up activations.

    python benchmarks/databases.py                  # a file, embedded
    python benchmarks/databases.py --milvus-uri http://localhost:19530

Prints the table of docs/milvus.md: seconds to build each index, and to find
again what a database holds; milliseconds of a query alone and of one among
many; the share of the true neighbours that it finds.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import argparse
import statistics
import tempfile

import numpy as np

import runs
from benchmarks.timing import seconds_of
from neighbors import INDEXES
from runs.flags import positive
from tools import pages

K = 75
DIRECTIONS = 30  # in which examples differ, beside noise
REPEATS = 5
HEAD = ['index', 'build, s', 'again, s', 'a query alone, ms',
        'a query of many, ms', 'recall']


def build_parser():
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    add = parser.add_argument
    add('--examples', type=positive, default=6000, metavar='N',
        help='indexed examples (default: 6,000)')
    add('--width', type=positive, default=300, metavar='D',
        help='numbers of each (default: 300)')
    add('--queries', type=positive, default=1000, metavar='B',
        help='queries that are asked together (default: 1,000)')
    add('--milvus-uri', metavar='URI',
        help='a FILE.db or the address of a server, where this makes and '
             'drops a collection (default: a file that is removed again)')
    return parser


def made_up(n, width, seed):
    """Activations as of a layer after ReLU, float32 (n, width)."""
    directions = np.random.default_rng(0).normal(size=(DIRECTIONS, width))
    rng = np.random.default_rng(seed)
    h = rng.normal(size=(n, DIRECTIONS)) @ directions
    return np.maximum(h + rng.normal(size=h.shape), 0).astype(np.float32)


def row(name, options, X, Q, truth):
    """What is measured of one index.

    Args:
        name (str): In ``INDEXES``.
        options (dict): Of its class.
        X (ndarray): float32 (N, D).
        Q (ndarray): float32 (B, D).
        truth (ndarray): Integers (B, K), the true neighbours.

    Returns:
        list of str: The cells of ``HEAD``.
    """
    index = INDEXES[name](**options)
    built = seconds_of(index.fit, X)
    again = seconds_of(INDEXES[name](**options).fit, X)
    k = truth.shape[1]
    found = index.kneighbors(Q, k)[1]  # also starts what starts late
    alone = statistics.median(seconds_of(index.kneighbors, Q[i:i + 1], k)
                              for i in range(min(len(Q), 10 * REPEATS)))
    many = statistics.median(seconds_of(index.kneighbors, Q, k)
                             for _ in range(REPEATS)) / len(Q)
    recall = np.mean([np.isin(a, b).mean()
                      for a, b in zip(truth, found, strict=True)])
    if index.stores_labels:
        index.collection_.drop()
    return [name, f'{built:.2f}', f'{again:.2f}', f'{1000 * alone:.2f}',
            f'{1000 * many:.2f}', f'{recall:.3f}']


def measure(n, width, n_queries, uri):
    """The rows of the table, a list of lists of str."""
    X, Q = made_up(n, width, 1), made_up(n_queries, width, 2)
    truth = INDEXES['exact']().fit(X).kneighbors(Q, min(K, n))[1]
    return [row(name, options, X, Q, truth) for name, options in [
        ('exact', {}), ('hnsw', {}), ('milvus', {'uri': uri})]]


def main(argv=None):
    args = build_parser().parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        uri = args.milvus_uri or str(pathlib.Path(folder) / 'milvus.db')
        rows = measure(args.examples, args.width, args.queries, uri)
    print(f'{args.examples:,} x {args.width}, k = '
          f'{min(K, args.examples)}, {args.queries:,} queries\n')
    print(pages.table(HEAD, rows))


if __name__ == '__main__':
    runs.run_script(main)
