"""The peer: the same models, DkNN and leave-one-out in PyTorch and faiss.

Plain batched code as a user would write it today.  Run by bench.py with a
Python that has torch, faiss-cpu and numpy; reads the encoded texts that
bench.py wrote and prints one JSON object of seconds.  It imports nothing of
this project.
"""
import argparse
import json
import time

import faiss
import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence

UNITS, LAYERS, DROPOUT, NEIGHBORS = 300, 3, 0.4, 75


class CNN(nn.Module):
    """Convolutions with max over time, then an MLP."""

    def __init__(self, n_vocab, n_class):
        super().__init__()
        self.embed = nn.Embedding(n_vocab + 1, UNITS, padding_idx=n_vocab)
        self.convs = nn.ModuleList(
            nn.Conv1d(UNITS, UNITS // 3, k, padding=k - 1, bias=False)
            for k in (3, 4, 5))
        self.mlp = nn.ModuleList(nn.Linear(UNITS, UNITS)
                                 for _ in range(LAYERS))
        self.output = nn.Linear(UNITS, n_class)

    def forward(self, x, lengths):
        e = F.dropout(self.embed(x), DROPOUT, self.training).transpose(1, 2)
        h = F.relu(torch.cat([conv(e).amax(2) for conv in self.convs], 1))
        layers = [h]
        h = F.dropout(h, DROPOUT, self.training)
        for linear in self.mlp:
            h = F.relu(linear(F.dropout(h, DROPOUT, self.training)))
            layers.append(h)
        return self.output(F.dropout(h, 0.1, self.training)), layers


class LSTM(nn.Module):
    """One stack of LSTM layers, or two that read in opposite directions."""

    def __init__(self, n_vocab, n_class, directions=1):
        super().__init__()
        self.embed = nn.Embedding(n_vocab + 1, UNITS, padding_idx=n_vocab)
        self.stacks = nn.ModuleList(
            nn.LSTM(UNITS, UNITS, LAYERS, batch_first=True, dropout=DROPOUT)
            for _ in range(directions))
        self.output = nn.Linear(UNITS * directions, n_class)

    def forward(self, x, lengths):
        hidden = []
        for i, stack in enumerate(self.stacks):
            read = reverse_texts(x, lengths) if i else x
            e = F.dropout(self.embed(read), DROPOUT, self.training)
            packed = pack_padded_sequence(e, lengths, batch_first=True,
                                          enforce_sorted=False)
            hidden.append(stack(packed)[1][0])
        layers = list(torch.cat(hidden, 2))
        return (self.output(F.dropout(layers[-1], 0.1, self.training)),
                layers)


def reverse_texts(x, lengths):
    """The first entries of each row, as many as its length, back to front."""
    place = torch.arange(x.shape[1]).expand_as(x)
    back = lengths[:, None] - 1 - place
    return x.gather(1, torch.where(back >= 0, back, place))


MODELS = {'cnn': CNN, 'rnn': LSTM,
          'bilstm': lambda *sizes: LSTM(*sizes, directions=2)}


def batches(texts, n_vocab, size):
    """Padded ids, int64 (B, longest), and lengths, int64 (B,), of batches."""
    for begin in range(0, len(texts), size):
        part = texts[begin:begin + size]
        lengths = torch.tensor([len(text) for text in part])
        x = torch.full((len(part), int(lengths.max())), n_vocab)
        for row, text in zip(x, part, strict=True):
            row[:len(text)] = torch.from_numpy(text.astype(np.int64))
        yield x, lengths


def train_epoch(model, optimizer, texts, labels, n_vocab, size):
    """One sweep over the training texts, in batches of a size."""
    model.train()
    order = np.random.permutation(len(texts))
    texts = [texts[i] for i in order]
    targets = torch.from_numpy(labels[order]).split(size)
    for (x, lengths), y in zip(batches(texts, n_vocab, size), targets,
                               strict=True):
        loss = F.cross_entropy(model(x, lengths)[0], y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


@torch.no_grad()
def activations(model, texts, n_vocab, size):
    """Activations of all texts, a list of float32 arrays (n, D_l)."""
    model.eval()
    parts = [[h.numpy() for h in model(x, lengths)[1]]
             for x, lengths in batches(texts, n_vocab, size)]
    return [np.ascontiguousarray(np.concatenate(h))
            for h in zip(*parts, strict=True)]


def build(layers):
    """One flat index a layer."""
    indexes = []
    for h in layers:
        indexes.append(faiss.IndexFlatL2(h.shape[1]))
        indexes[-1].add(h)
    return indexes


def conformity(indexes, layers, labels, n_class):
    """Share of the neighbours of each label, float64 (n, C)."""
    found = [labels[index.search(h, NEIGHBORS)[1]]
             for index, h in zip(indexes, layers, strict=True)]
    return np.mean([[(y == c).mean(1) for c in range(n_class)]
                    for y in found], axis=0).T


def build_parser():
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('data', help='texts that bench.py wrote, .npz')
    parser.add_argument('--model', choices=sorted(MODELS), required=True)
    parser.add_argument('--explain', type=int, default=300)
    parser.add_argument('--batchsize', type=int, default=128)
    return parser


def read_texts(data, split):
    """The texts of a split, a list of int32 arrays."""
    return np.split(data[f'{split}_ids'],
                    np.cumsum(data[f'{split}_lengths'])[:-1])


def measure(args, data):
    """Seconds of each stage, and the number of texts without a word."""
    train, test = read_texts(data, 'train'), read_texts(data, 'test')
    labels = data['train_labels'].astype(np.int64)
    n_vocab, n_class = int(data['n_vocab']), int(labels.max()) + 1
    model = MODELS[args.model](n_vocab, n_class)
    optimizer = torch.optim.Adam(model.parameters())
    seconds = {}

    def timed(name, work):
        start = time.perf_counter()
        value = work()
        seconds[name] = time.perf_counter() - start
        return value

    def run(texts):
        return activations(model, texts, n_vocab, args.batchsize)

    timed('train_epoch', lambda: train_epoch(
        model, optimizer, train, labels, n_vocab, args.batchsize))
    indexes = timed('build', lambda: build(run(train)))
    timed('test', lambda: conformity(indexes, run(test), labels, n_class))
    variants = [np.delete(text, i) for text in test[:args.explain]
                for i in range(len(text) - 1)]
    timed('explain', lambda: conformity(indexes, run(variants), labels,
                                        n_class))
    return seconds, len(variants)


def main(argv=None):
    args = build_parser().parse_args(argv)
    torch.manual_seed(0)
    np.random.seed(0)
    with np.load(args.data) as arrays:
        seconds, n_variants = measure(args, dict(arrays))
    print(json.dumps({**seconds, 'n_variants': n_variants,
                      'torch': torch.__version__}))


if __name__ == '__main__':
    main()
