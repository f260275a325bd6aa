"""This project's side of the comparison with torch_peer.py.

Trains one epoch, builds the index, predicts the test split and explains its
first texts by conformity; prints one JSON object of seconds.
"""
import compat  # noqa: F401  (before Chainer)

import argparse
import collections
import json
import time

import chainer
import numpy as np

import dknn
import explainers
import nets
import optimizers
import runs


def train_epoch(model, optimizer, texts, labels, size):
    order = np.random.permutation(len(texts))
    for begin in range(0, len(texts), size):
        rows = order[begin:begin + size]
        optimizer.update(model, [texts[i] for i in rows], labels[rows])


class Clock:
    """Adds up seconds by name."""

    def __init__(self):
        self.seconds = collections.Counter()

    def __call__(self, name, work):
        start = time.perf_counter()
        value = work()
        self.seconds[name] += time.perf_counter() - start
        return value


def explain(model, neighbors, texts, clock):
    """Conformity of every variant of every text; their number."""
    n_variants = 0
    for rows in explainers.batches(texts):
        batch = runs.select(texts, rows)
        layers = clock('explain, network',
                       lambda: model.leave_one_out(batch)[1])  # noqa: B023
        clock('explain, neighbours',
              lambda: neighbors.conformity(layers))  # noqa: B023
        n_variants += len(layers[0])
    return n_variants


def multiply(layers, n_queries):
    """The products of a search alone, with the columns that vary."""
    for X in layers:
        X = np.ascontiguousarray(X[:, np.ptp(X, axis=0) > 0])
        Q = np.resize(X, (n_queries, X.shape[1]))
        for begin in range(0, n_queries, 1024):
            Q[begin:begin + 1024] @ X.T


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('data', help='texts that bench.py wrote, .npz')
    parser.add_argument('--model', choices=sorted(nets.ENCODERS),
                        required=True)
    parser.add_argument('--explain', type=int, default=300)
    parser.add_argument('--batchsize', type=int, default=128)
    args = parser.parse_args()
    np.random.seed(0)
    data = np.load(args.data)
    train, test = (np.split(data[f'{s}_ids'],
                            np.cumsum(data[f'{s}_lengths'])[:-1])
                   for s in ('train', 'test'))
    labels = data['train_labels']
    n_class = int(labels.max()) + 1
    model = nets.make_classifier(args.model, int(data['n_vocab']), n_class)
    optimizer = optimizers.Adam().setup(model)
    clock = Clock()

    def run(texts):
        return runs.forward(model, texts)[1]

    clock('train_epoch', lambda: train_epoch(
        model, optimizer, train, labels, args.batchsize))
    layers = clock('build, network', lambda: run(train))
    neighbors = clock('build, index',
                      lambda: dknn.DkNN(n_class).fit(layers, labels))
    found = clock('test, network', lambda: run(test))
    clock('test, neighbours', lambda: neighbors.conformity(found))
    n_variants = explain(model, neighbors, test[:args.explain], clock)
    clock('explain, products alone', lambda: multiply(layers, n_variants))
    clock('test, products alone', lambda: multiply(layers, len(test)))
    parts = dict(clock.seconds)
    print(json.dumps({
        'train_epoch': parts.pop('train_epoch'),
        'build': parts['build, network'] + parts['build, index'],
        'test': parts['test, network'] + parts['test, neighbours'],
        'explain': parts['explain, network'] + parts['explain, neighbours'],
        'parts': parts, 'n_variants': n_variants,
        'chainer': chainer.__version__}))


if __name__ == '__main__':
    main()
