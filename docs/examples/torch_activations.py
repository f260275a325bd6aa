#!/usr/bin/env python
"""Activations of a PyTorch classifier, for run_dknn.py and evaluate.py.

    python docs/examples/torch_activations.py reviews.csv DIR
    python run_dknn.py --activations DIR

Trains a small text classifier (mean of word vectors, two layers) on a CSV with
the columns label and text, and writes its layers for four splits and for every
test text without each of its words, as docs/activations.md describes.  Needs
PyTorch and NumPy, and nothing of this project.
"""
import argparse
import collections
import csv
import json
import pathlib

import numpy as np
import torch
from torch import nn

SHARES = {'test': .1, 'calib': .15, 'valid': .1}  # the rest is training
UNKNOWN = 0


class Classifier(nn.Module):
    """Mean of word vectors, two hidden layers, logits."""

    def __init__(self, n_words, n_labels, width):
        super().__init__()
        self.embed = nn.EmbeddingBag(n_words, width, mode='mean')
        self.hidden = nn.ModuleList(nn.Linear(width, width) for _ in range(2))
        self.output = nn.Linear(width, n_labels)

    def forward(self, ids, offsets):
        """Logits (B, C) and layers, a list of (B, width), input side first."""
        layers = [self.embed(ids, offsets)]
        for linear in self.hidden:
            layers.append(torch.relu(linear(layers[-1])))
        return self.output(layers[-1]), layers


def read_csv(path):
    """(label, tokens) of every row."""
    with open(path, encoding='utf-8', newline='') as stream:
        return [(row['label'], row['text'].split())
                for row in csv.DictReader(stream)]


def split(rows, seed):
    """Name of each split to its rows, none of them in two."""
    order = np.random.default_rng(seed).permutation(len(rows))
    splits, start = {}, 0
    for name, share in SHARES.items():
        stop = start + int(share * len(rows))
        splits[name] = [rows[i] for i in order[start:stop]]
        start = stop
    return {'train': [rows[i] for i in order[start:]], **splits}


def vocabulary(rows):
    """Word -> id, of the words of the training texts."""
    counts = collections.Counter(word for _, text in rows for word in text)
    return {word: i for i, word in enumerate(sorted(counts), 1)}


def packed(texts, vocab):
    """The ids of all texts, and where each text begins."""
    ids = [vocab.get(word, UNKNOWN) for text in texts for word in text]
    lengths = [len(text) for text in texts]
    return (torch.tensor(ids, dtype=torch.int64),
            torch.tensor(np.cumsum([0, *lengths[:-1]]), dtype=torch.int64))


def fit(rows, vocab, label_names, args):
    """A trained Classifier."""
    torch.manual_seed(args.seed)
    model = Classifier(len(vocab) + 1, len(label_names), args.width)
    optimizer = torch.optim.Adam(model.parameters(), lr=.01)
    labels = torch.tensor([label_names.index(label) for label, _ in rows])
    for _ in range(args.epochs):
        for batch in torch.randperm(len(rows)).split(32):
            logits, _ = model(*packed([rows[i][1] for i in batch], vocab))
            loss = nn.functional.cross_entropy(logits, labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return model.eval()


def write_arrays(folder, model, texts, vocab, size=512):
    """Writes ``logits.npy`` and ``layer_0.npy``, ... of texts."""
    folder.mkdir(parents=True, exist_ok=True)
    found = []
    with torch.no_grad():
        for start in range(0, len(texts), size):
            logits, layers = model(*packed(texts[start:start + size], vocab))
            found.append([logits.numpy(), *(h.numpy() for h in layers)])
    logits, *layers = map(np.concatenate, zip(*found, strict=True))
    np.save(folder / 'logits.npy', logits)  # float32, C order
    for i, layer in enumerate(layers):
        np.save(folder / f'layer_{i}.npy', layer)


def write_split(folder, model, rows, vocab):
    """Writes the arrays, labels and texts of a split."""
    write_arrays(folder, model, [text for _, text in rows], vocab)
    np.save(folder / 'labels.npy', np.array([label for label, _ in rows]))
    with open(folder / 'texts.jsonl', 'w', encoding='utf-8') as stream:
        for _, text in rows:
            stream.write(json.dumps(text) + '\n')


def write_without(folder, model, rows, vocab):
    """The same of each text without its first word, its second, and so on."""
    variants = [[text[:i] + text[i + 1:] for i in range(len(text))]
                for _, text in rows]
    write_arrays(folder, model, sum(variants, []), vocab)
    np.save(folder / 'counts.npy', np.array([len(own) for own in variants]))
    np.save(folder / 'positions.npy', np.array(
        [i for _, text in rows for i in range(len(text))]))


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('file', help='a CSV with the columns label and text')
    parser.add_argument('out', help='the folder to write')
    parser.add_argument('--epochs', type=int, default=10)
    parser.add_argument('--width', type=int, default=32)
    parser.add_argument('--seed', type=int, default=0)
    args = parser.parse_args(argv)
    splits = split(read_csv(args.file), args.seed)
    label_names = sorted({label for label, _ in splits['train']})
    vocab = vocabulary(splits['train'])
    model = fit(splits['train'], vocab, label_names, args)
    out = pathlib.Path(args.out)
    for name, rows in splits.items():
        write_split(out / name, model, rows, vocab)
    write_without(out / 'test_without', model, splits['test'], vocab)
    (out / 'activations.json').write_text(json.dumps({
        'version': 1, 'label_names': label_names,
        'layer_names': ['mean', 'hidden 1', 'hidden 2'],
        'dataset': pathlib.Path(args.file).stem, 'model': 'torch'}))
    print(f'wrote {out}: ' + ', '.join(
        f'{name} {len(rows):,}' for name, rows in splits.items()))


if __name__ == '__main__':
    main()
