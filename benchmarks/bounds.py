#!/usr/bin/env python
"""How many pairs do bounds on the distance leave to an exact search?

    python benchmarks/bounds.py --run results/stsa.binary_cnn

For the layers of a run and the test texts without each word: the share of
pairs (variant, training example) that a bound cannot tell to be further apart
than the k-th neighbour, in percent.  Made to compare bounds: everything is in
float64, and slow.

N indexed examples ``X`` (N, D), M variants ``Q`` (M, D), and ``kth`` (M,), the
distance of each variant's k-th neighbour.  A bound returns bool (M, N), True
for the pairs that it leaves.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import argparse

import numpy as np
from scipy.spatial.distance import cdist
from sklearn.cluster import MiniBatchKMeans

import runs
from runs.flags import positive
from tools import pages

K, CLUSTERS, GROUP = 75, 128, 256
SLACK = 1e-9  # of the longest vector: far beyond rounding in float64
HEAD = ('layer', 'variance in 1 direction', '1 direction, in groups',
        '8 directions', '64 directions', 'clusters', 'whole text')


def kth_distances(X, Q, k):
    """Distance of the k-th neighbour, (M,), with room for rounding."""
    slack = SLACK * max(np.linalg.norm(A, axis=1).max() for A in (X, Q))
    return np.partition(cdist(Q, X), k - 1, axis=1)[:, k - 1] + slack


def main_directions(X, n):
    """The n main directions of centred examples, (D, n) or fewer."""
    return np.linalg.svd(X, full_matrices=False)[2][:n].T


def along_directions(X, Q, kth, n):
    """Distance in the n main directions, and of the lengths of the rest."""
    basis = main_directions(X, n)
    x, q = X @ basis, Q @ basis
    rest_x, rest_q = (np.linalg.norm(A - a @ basis.T, axis=1)
                      for A, a in ((X, x), (Q, q)))
    bound = cdist(q, x) ** 2 + (rest_q[:, None] - rest_x) ** 2
    return bound <= kth[:, None] ** 2


def stretches(X, Q, kth, group=GROUP):
    """What a group of queries reads of the examples sorted along one
    direction, as ``neighbors.exact`` does, but with ``kth`` known at once."""
    direction = main_directions(X, 1)[:, 0]
    x, q = X @ direction, Q @ direction
    left = np.empty((len(Q), len(X)), bool)
    order = np.argsort(q)
    for rows in np.split(order, range(group, len(order), group)):
        left[rows] = ((q[rows] - kth[rows]).min() <= x) & (
            x <= (q[rows] + kth[rows]).max())
    return left


def clusters(X, Q, kth, n=CLUSTERS):
    """Clusters that the triangle inequality does not rule out."""
    found = MiniBatchKMeans(min(n, len(X)), random_state=0, n_init=1).fit(X)
    centres, labels = found.cluster_centers_, found.labels_
    radius = np.zeros(len(centres))
    np.maximum.at(radius, labels,
                  np.linalg.norm(X - centres[labels], axis=1))
    return (cdist(Q, centres) - radius <= kth[:, None])[:, labels]


def around_whole_text(X, Q, whole, text, k):
    """Examples within reach of the whole text, whose distances are known.

    Args:
        X (ndarray): Examples, (N, D).
        Q (ndarray): Variants, (M, D).
        whole (ndarray): The texts that they are variants of, (n, D).
        text (ndarray): Integers (M,) in [0, n), of which each is a variant.
        k (int): Neighbours.

    Returns:
        ndarray: Bool (M, N).
    """
    # A variant's neighbours are within kth + step of it, hence within
    # kth + 2 step of the whole text.
    step = np.linalg.norm(Q - whole[text], axis=1)
    reach = kth_distances(X, whole, k)[text] + 2 * step
    return cdist(whole, X)[text] <= reach[:, None]


def shares_of_layer(X, whole, Q, text, k=K):
    """The row of a layer.

    Args:
        X (ndarray): Training texts, (N, D) with N >= k.
        whole (ndarray): Test texts, (n, D).
        Q (ndarray): Test texts without each word, (M, D).
        text (ndarray): Integers (M,), of which text each is a variant.
        k (int): Neighbours.

    Returns:
        list of float: In [0, 1]: the share of the variance in the main
        direction, then the share of pairs that each bound leaves, in the
        order of ``HEAD``.
    """
    centre = X.mean(axis=0, dtype=np.float64)
    X, whole, Q = X - centre, whole - centre, Q - centre
    kth = kth_distances(X, Q, k)
    values = np.linalg.svd(X, compute_uv=False) ** 2
    return [values[0] / values.sum(), *(left.mean() for left in (
        stretches(X, Q, kth), along_directions(X, Q, kth, 8),
        along_directions(X, Q, kth, 64), clusters(X, Q, kth),
        around_whole_text(X, Q, whole, text, k)))]


def build_parser():
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('--run', default='results/stsa.binary_cnn',
                        metavar='PATH', help='a trained run')
    parser.add_argument('--texts', type=positive, default=100, metavar='N',
                        help='test texts (default: 100)')
    return parser


def main(argv=None):
    args = build_parser().parse_args(argv)
    run = runs.load_run(args.run)
    train = runs.stored_activations(run, 'train')
    test = runs.stored_activations(run, 'test').select(slice(args.texts))
    _, variants = run.model.leave_one_out(test.xs)
    text = np.repeat(np.arange(len(test.xs)), test.xs.lengths() - 1)
    rows = []
    for X, whole, Q in zip(train.layers, test.layers, variants, strict=True):
        shares = shares_of_layer(X, whole, Q, text)
        rows.append([str(len(rows)),
                     *(f'{100 * share:.0f}' for share in shares)])
    print(pages.table(HEAD, rows))


if __name__ == '__main__':
    runs.run_script(main)
