#!/usr/bin/env python
"""How many pairs do bounds on the distance leave to an exact search?

    python benchmarks/bounds.py --run results/stsa.binary_cnn

For the layers of a run and the test texts without each word: the share of
pairs (variant, training example) that a bound cannot tell to be further apart
than the k-th neighbour, in percent.  Written to compare bounds, slowly, in
float64.
"""
import argparse
import pathlib
import sys

import numpy as np
from sklearn.cluster import MiniBatchKMeans

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import compat  # noqa: E402, F401  (before Chainer)

import runs  # noqa: E402

K, CLUSTERS, GROUP = 75, 128, 256


def distances(A, B):
    squares = ((A ** 2).sum(axis=1)[:, None] + (B ** 2).sum(axis=1)
               - 2 * A @ B.T)
    return np.sqrt(np.maximum(squares, 0))


def along_directions(X, Q, kth, n):
    """Distance in the n main directions and of the lengths of the rest."""
    basis = np.linalg.svd(X, full_matrices=False)[2][:n].T
    x, q = X @ basis, Q @ basis
    rest = [np.sqrt(np.maximum(((A ** 2).sum(1) - (a ** 2).sum(1)), 0))
            for A, a in ((X, x), (Q, q))]
    bound = distances(q, x) ** 2 + (rest[1][:, None] - rest[0]) ** 2
    return (bound <= kth[:, None] ** 2).mean()


def stretches(X, Q, kth):
    """What a group of queries reads of the examples sorted along one
    direction, as exact.py does (with the k-th distance known at once)."""
    u = np.linalg.svd(X, full_matrices=False)[2][0]
    positions, p = np.sort(X @ u), Q @ u
    order, read = np.argsort(p), 0
    for rows in np.split(order, range(GROUP, len(order), GROUP)):
        ends = np.searchsorted(positions, [(p[rows] - kth[rows]).min(),
                                           (p[rows] + kth[rows]).max()])
        read += len(rows) * (ends[1] - ends[0])
    return read / len(Q) / len(X)


def clusters(X, Q, kth):
    """Clusters that the triangle inequality does not rule out."""
    found = MiniBatchKMeans(CLUSTERS, random_state=0, n_init=1).fit(X)
    centres, labels = found.cluster_centers_, found.labels_
    radius = np.zeros(CLUSTERS)
    np.maximum.at(radius, labels,
                  np.linalg.norm(X - centres[labels], axis=1))
    possible = distances(Q, centres) - radius <= kth[:, None]
    return (possible @ np.bincount(labels, minlength=CLUSTERS)
            ).mean() / len(X)


def around_whole_text(X, Q, base, text):
    """Examples too far from the whole text for this variant of it."""
    found = distances(base, X)
    reach = np.sort(found, axis=1)[:, K - 1][text] + 2 * np.linalg.norm(
        Q - base[text], axis=1)
    return np.mean([(found[t] <= r).mean()
                    for t, r in zip(text, reach, strict=True)])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('--run', default='results/stsa.binary_cnn')
    parser.add_argument('--texts', type=int, default=100)
    args = parser.parse_args()
    run = runs.load_run(args.run)
    xs = runs.encode(run.data.test[:args.texts], run.vocab)[0]
    text = np.repeat(np.arange(len(xs)), [len(x) - 1 for x in xs])
    print('| layer | variance in 1 direction | 1 direction, in groups '
          '| 8 directions | 64 directions | clusters | whole text |')
    print('|---|---|---|---|---|---|---|')
    for i, (X, base, Q) in enumerate(zip(
            runs.activations(run, 'train')[1],
            runs.activations(run, 'test')[1],
            run.model.leave_one_out(xs)[1], strict=True)):
        centre = X.mean(axis=0, dtype=np.float64)
        X, base, Q = X - centre, base[:args.texts] - centre, Q - centre
        kth = np.partition(distances(Q, X), K - 1, axis=1)[:, K - 1]
        values = np.linalg.svd(X, compute_uv=False) ** 2
        shares = [values[0] / values.sum(), stretches(X, Q, kth),
                  along_directions(X, Q, kth, 8),
                  along_directions(X, Q, kth, 64),
                  clusters(X, Q, kth), around_whole_text(X, Q, base, text)]
        print(f'| {i} | ' + ' | '.join(f'{100 * s:.0f}' for s in shares)
              + ' |')


if __name__ == '__main__':
    main()
