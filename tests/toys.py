"""Small made-up data for the tests of the scripts, and how to train on it."""
import compat  # noqa: F401  (before Chainer)

import csv
import functools
import itertools
import json
import pathlib
import random
import subprocess
import sys

import numpy as np

import train

ROOT = pathlib.Path(train.__file__).resolve().parent
WORDS = {'negative': ('bad', 'dull', 'awful', 'poor'),
         'positive': ('good', 'fine', 'great', 'lovely')}
FILLERS = ('film', 'plot', 'scene', 'actor', 'story', 'a', 'the', 'this',
           'with', 'some')
PAIRS = {'same': ('red', 'red'), 'other': ('red', 'blue')}
SMALL = ['--unit', '12', '--epoch', '2', '--batchsize', '16', '--layer', '2']


def sentences(n=200):
    """n different (label, text): one word in four decides the label."""
    pick = random.Random(0)
    frames = list(itertools.combinations(FILLERS, 3))
    done = set()
    while len(done) < n:
        label = ('negative', 'positive')[len(done) % 2]
        words = [*pick.choice(frames), pick.choice(WORDS[label])]
        pick.shuffle(words)
        text = ' '.join(words)
        if text not in done:
            done.add(text)
            yield label, text


def write_csv(path, rows):
    """A CSV file with the columns label and text."""
    with open(path, 'w', encoding='utf-8', newline='') as f:
        csv.writer(f).writerows([('label', 'text'), *rows])
    return path


def write_pairs(path, n=200):
    """A JSONL file of pairs: the colours are the same or not."""
    with open(path, 'w', encoding='utf-8') as f:
        for i, frame in zip(range(n), itertools.permutations(FILLERS, 3),
                            strict=False):
            label = ('same', 'other')[i % 2]
            premise, hypothesis = PAIRS[label]
            f.write(json.dumps({
                'label': label, 'premise': f'{" ".join(frame)} {premise}',
                'hypothesis': f'the {hypothesis} {frame[0]}'}) + '\n')
    return path


def fit(out, dataset, *flags):
    """Train on a data set in this process; returns the run folder."""
    before = visible(out)
    train.main(['--dataset', str(dataset), '--out', str(out), *SMALL,
                *map(str, flags)])
    folder, = visible(out) - before or before
    return folder


def trainer(folder, n):
    """Function (model, kind) -> the folder of a run on n toy texts, trained
    when it is first asked for; kinds are words, characters and pair."""
    write_csv(folder / 'toy.csv', sentences(n))
    write_pairs(folder / 'pairs.jsonl', n)

    @functools.cache
    def trained(model, kind):
        file = 'pairs.jsonl' if kind == 'pair' else 'toy.csv'
        flags = ['--char-based'] if kind == 'characters' else []
        return fit(folder / f'{model}_{kind}', folder / file, '--model',
                   model, '--learning-rate', '0.02', '--adversarial', '0',
                   *flags)

    return trained


def visible(folder):
    """What is in a folder, if it is there, hidden files left out."""
    return set(pathlib.Path(folder).glob('[!.]*'))


def command(*words, **options):
    """Run a script of ours as a user does; the finished process."""
    return subprocess.run(
        [sys.executable, str(ROOT / words[0]), *map(str, words[1:])],
        capture_output=True, text=True, **options)


def listing(folder):
    """Everything below a folder: path, size and time of change."""
    return {(str(path.relative_to(folder)), path.stat().st_size,
             path.stat().st_mtime_ns)
            for path in pathlib.Path(folder).rglob('*') if path.is_file()}


def parameters(path):
    """The arrays of an npz file by name."""
    with np.load(path, allow_pickle=True) as arrays:
        return dict(arrays)


def forget(folder):
    """Makes a run like those of the released code, which do not say what
    they were trained on, nor what their parameters belong to."""
    path = folder / 'args.json'
    settings = json.loads(path.read_text())
    del settings['data_fingerprint']
    path.write_text(json.dumps(settings))
    path = folder / 'best_model.npz'
    np.savez(path, **parameters(path))


def same(one, other):
    """Whether two dicts hold the same arrays, to the last bit."""
    return one.keys() == other.keys() and all(
        one[name].dtype == other[name].dtype
        and one[name].tobytes() == other[name].tobytes() for name in one)
