"""This project's side of the comparison with torch_peer.py.

Trains one epoch, builds the index, predicts the test split and explains its
first texts by conformity; prints one JSON object of seconds.
"""
import compat  # noqa: F401  (before Chainer)

import argparse
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


def explain(model, neighbors, texts):
    """Conformity of every variant of every text; their number."""
    n_variants = 0
    for rows in explainers.batches(texts):
        _, layers = model.leave_one_out(runs.select(texts, rows))
        neighbors.conformity(layers)
        n_variants += len(layers[0])
    return n_variants


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
    seconds = {}

    def timed(name, work):
        start = time.perf_counter()
        value = work()
        seconds[name] = time.perf_counter() - start
        return value

    def run(texts):
        return runs.forward(model, texts)[1]

    timed('train_epoch', lambda: train_epoch(
        model, optimizer, train, labels, args.batchsize))
    neighbors = timed('build', lambda: dknn.DkNN(n_class).fit(
        run(train), labels))
    timed('test', lambda: neighbors.conformity(run(test)))
    n_variants = timed('explain', lambda: explain(
        model, neighbors, test[:args.explain]))
    print(json.dumps({**seconds, 'n_variants': n_variants,
                      'chainer': chainer.__version__}))


if __name__ == '__main__':
    main()
