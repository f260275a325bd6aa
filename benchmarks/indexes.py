#!/usr/bin/env python
"""Exact and approximate indexes of one layer: time, size, recall, memory.

    python benchmarks/indexes.py --examples 20000 --width 300

Makes activations as benchmarks/scale.py does, a layer N x D on disk, then
builds and asks each index in a process of its own: votes of 1,000 queries,
the share of 75 neighbours that exact might have found.  Prints a table and
writes it into docs/scale.md.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import argparse
import json
import tempfile

import numpy as np

import runs
from benchmarks import scale, timing
from benchmarks.timing import Clock, peak_memory
from dknn import DkNN
from neighbors.choice import Case
from runs import flags
from tools import pages

MARKS = 'indexes'
K = 75
FARTHEST = 'farthest.npy'  # distance of the K-th neighbour of each query
EXACT = 'exact'
# What is measured: title -> index and, from D, its options
KINDS = {
    EXACT: (EXACT, lambda width: {}),
    'ivf': ('ivf', lambda width: {}),
    'ivf+pq': ('ivf', lambda width: {'pq': Case(1, (width,), 1, 0).pq}),
    'hnsw': ('hnsw', lambda width: {}),
    # As fast as 0.99 of the neighbours allow, with --decay 1
    'ivf, fewer probes': ('ivf', lambda width: {
        'pca': 64, 'n_probes': 80, 'n_ranked': 2 * K}),
    'hnsw, fewer ranked': ('hnsw', lambda width: {
        'ef_search': 110, 'n_ranked': 110}),
}
COLUMNS = ('index', 'build, s', 'file, MB', 'ms a query', 'ms / exact',
           'recall of 75', 'peak memory, MB')


def measured(folder, kind, n_queries):
    """Figures of one index; that of ``exact`` comes first.

    Args:
        folder (Path): Of ``scale.made_layers``, one layer, whose last
            ``n_queries`` examples are the queries and not indexed.
        kind (str): A key of ``KINDS``.
        n_queries (int): B, fewer than the examples.

    Returns:
        dict: ``build`` and ``votes``, seconds; ``file`` and ``peak``, bytes;
        ``recall``, in [0, 1].
    """
    (h,), labels = scale.mapped(folder)
    n = len(h) - n_queries
    X, Q = h[:n], np.array(h[n:])
    index, options = KINDS[kind]
    dknn = DkNN(int(labels.max()) + 1, K, index,
                index_options=options(h.shape[1]))
    clock = Clock()
    clock('build', dknn.fit, [X], labels[:n])
    clock('votes', dknn.votes, [Q])
    peak = peak_memory()
    distances = dknn.search([Q]).distances[:, 0]
    if kind == EXACT:
        np.save(folder / FARTHEST, distances[:, -1])
    true = np.load(folder / FARTHEST)
    return {**clock.seconds, 'file': stored_bytes(dknn), 'peak': peak,
            'recall': float((distances <= true[:, None]).mean())}


def stored_bytes(dknn):
    """Bytes of the file of an index, 0 where none is stored."""
    index, = dknn.indexes_
    if not index.worth_storing:
        return 0
    with tempfile.TemporaryDirectory() as name:
        dknn.save_indexes(name)
        return sum(path.stat().st_size
                   for path in pathlib.Path(name).iterdir())


def row_of(kind, found, exact, n_queries):
    """Cells of the table, as text.

    Args:
        kind (str): A key of ``KINDS``.
        found (dict): What ``measured`` returned for it.
        exact (dict): Likewise for ``EXACT``.
        n_queries (int): B.

    Returns:
        list of str: In the order of ``COLUMNS``.
    """
    return [kind, f'{found["build"]:.1f}', f'{found["file"] / 1e6:.1f}',
            f'{1000 * found["votes"] / n_queries:.3f}',
            f'{found["votes"] / exact["votes"]:.2f}',
            f'{found["recall"]:.3f}', f'{found["peak"] / 1e6:.0f}']


def in_a_process(folder, kind, n_queries):
    """What ``measured`` returns, of a process that does nothing else."""
    return timing.in_a_process(__file__, '--measure', folder, '--kinds', kind,
                               '--queries', n_queries)


def build_parser():
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    add = parser.add_argument
    add('--examples', type=flags.whole_number(K), default=20_000, metavar='N',
        help='indexed examples (default: 20,000)')
    add('--width', type=flags.positive, default=300, metavar='D',
        help='numbers of each (default: 300)')
    add('--classes', type=flags.whole_number(2), default=14,
        help='(default: 14)')
    add('--queries', type=flags.positive, default=1000,
        help='(default: 1,000)')
    add('--decay', type=flags.number_below(4), default=.5, metavar='POWER',
        help='how fast the spread of the examples falls from one direction '
             'to the next: 0.5 as at the input side of a network (default), '
             '1 as above')
    add('--kinds', nargs='+', choices=KINDS, default=list(KINDS),
        help='indexes beside exact (default: all)')
    add('--folder', type=pathlib.Path, help='where there is space (default: '
        'the system\'s temporary folder)')
    add('--docs', type=pathlib.Path, default=scale.ROOT / 'docs',
        help='where scale.md is (default: docs)')
    add('--measure', type=pathlib.Path, metavar='FOLDER',
        help='print the figures of one kind on activations made before, as '
             'JSON')
    return parser


def main(argv=None):
    args = build_parser().parse_args(argv)
    if args.measure:
        kind, = args.kinds
        print(json.dumps(measured(args.measure, kind, args.queries)))
        return
    found = {}
    with tempfile.TemporaryDirectory(dir=args.folder) as name:
        folder = pathlib.Path(name)
        scale.made_layers(folder, args.examples + args.queries, 1, args.width,
                          args.classes, decay=args.decay)
        for kind in dict.fromkeys([EXACT, *args.kinds]):
            found[kind] = in_a_process(folder, kind, args.queries)
    text = (f'{args.examples:,} x {args.width:,}, decay {args.decay:g}, '
            f'{args.queries:,} queries:\n\n' + pages.table(COLUMNS, [
                row_of(kind, figures, found[EXACT], args.queries)
                for kind, figures in found.items()]))
    print(text)
    pages.write_between(args.docs / scale.PAGE, f'\n{text}\n', MARKS)


if __name__ == '__main__':
    runs.run_script(main)
