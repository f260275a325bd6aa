"""This project's side of the comparison with torch_peer.py.

Trains one epoch, builds the index, predicts the test split and explains its
first texts by conformity; prints one JSON object of seconds.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import compat  # noqa: F401  (before Chainer)

import argparse
import json

import chainer
import numpy as np

import nets
import runs
from benchmarks.timing import Clock
from dknn import DkNN
from functions.adam import Adam
from nlp_utils import Texts
from saliency.batches import consecutive_batches


def build_parser():
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('data', help='texts that bench.py wrote, .npz')
    parser.add_argument('--model', choices=sorted(nets.ENCODERS),
                        required=True)
    parser.add_argument('--explain', type=int, default=300)
    parser.add_argument('--batchsize', type=int, default=128)
    return parser


def read_texts(data, split):
    """The texts of a split, as Texts."""
    return Texts(np.split(data[f'{split}_ids'],
                          np.cumsum(data[f'{split}_lengths'])[:-1]))


def train_epoch(model, optimizer, texts, labels, size):
    """One sweep over the training texts, in batches of a size."""
    order = np.random.permutation(len(texts))
    for begin in range(0, len(texts), size):
        rows = order[begin:begin + size]
        optimizer.update(model, texts.select(rows), labels[rows])


def layers_of(model, texts):
    """Activations of all texts, a list of layers."""
    return runs.forward(model, texts)[1]


def explain(model, dknn, texts, clock):
    """Conformity of each text without each of its words.

    Args:
        model (nets.TextClassifier): The network.
        dknn (DkNN): Fitted.
        texts (Texts): Single texts.
        clock (Clock): Counts the seconds of network and neighbours.

    Returns:
        int: Number of variants.
    """
    n_variants = 0
    for rows in consecutive_batches(texts.n_tokens()):
        _, layers = clock('explain, network', model.leave_one_out,
                          texts.select(rows))
        clock('explain, neighbours', dknn.conformity, layers)
        n_variants += len(layers[0])
    return n_variants


def multiply(layers, n_queries):
    """The products of a search alone, with the columns that vary."""
    for X in layers:
        X = np.ascontiguousarray(X[:, np.ptp(X, axis=0) > 0])
        Q = np.resize(X, (n_queries, X.shape[1]))
        for begin in range(0, n_queries, 1024):
            Q[begin:begin + 1024] @ X.T


def measure(args, data):
    """Times everything once.

    Args:
        args (Namespace): What ``build_parser`` parsed.
        data (dict): The arrays of ``sides.write_texts``.

    Returns:
        tuple: Counter of seconds by part, and the number of variants.
    """
    train, test = read_texts(data, 'train'), read_texts(data, 'test')
    labels = data['train_labels']
    n_class = int(labels.max()) + 1
    model = nets.make_classifier(args.model, int(data['n_vocab']), n_class)
    optimizer = Adam().setup(model)
    clock = Clock()
    clock('train_epoch', train_epoch, model, optimizer, train, labels,
          args.batchsize)
    layers = clock('build, network', layers_of, model, train)
    dknn = clock('build, index', DkNN(n_class).fit, layers, labels)
    found = clock('test, network', layers_of, model, test)
    clock('test, neighbours', dknn.conformity, found)
    n_variants = explain(model, dknn, test.select(slice(args.explain)), clock)
    clock('explain, products alone', multiply, layers, n_variants)
    clock('test, products alone', multiply, layers, len(test))
    return clock.seconds, n_variants


def main(argv=None):
    args = build_parser().parse_args(argv)
    np.random.seed(0)
    with np.load(args.data) as arrays:
        parts, n_variants = measure(args, dict(arrays))
    print(json.dumps({
        'train_epoch': parts.pop('train_epoch'),
        'build': parts['build, network'] + parts['build, index'],
        'test': parts['test, network'] + parts['test, neighbours'],
        'explain': parts['explain, network'] + parts['explain, neighbours'],
        'parts': parts, 'n_variants': n_variants,
        'chainer': chainer.__version__}))


if __name__ == '__main__':
    main()
