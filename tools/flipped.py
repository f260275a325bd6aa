#!/usr/bin/env python
"""Are wrong training labels found? Flip some, train, and look for them.

    python tools/flipped.py --dataset stsa.binary --seed 0 1 2 \
        --flags '--model cnn --word_vectors $DKNN_DATA/glove...txt'

For each seed, a share of the labels of the training file is replaced by
another at random, a network is trained on them with train.py, and all indexed
examples are ranked by each of ``SCORES``.  Printed are the share of the
flipped ones among as many of the most suspicious as there are flips (so a
random order finds the flipped share), and the AUROC; means and, of several
seeds, standard deviations.  What is finished is not repeated.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import argparse
import os
import shlex
import subprocess

import numpy as np

import runs
import text_datasets
import train
from errors import UserError
from evaluation import linear
from evaluation.debugging import rank
from files.atomic import read_json, replacing_folder, write_json, write_jsonl
from metrics import detection
from metrics.confidence import log_odds, softmax
from metrics.ranks import expected_hits, hits_by_score
from runs import flags as run_flags
from runs.folder import RESULTS
from tools import jobs, pages

ROOT = pathlib.Path(__file__).resolve().parents[1]
FOLDS = 5
FLIPS = 'flips.json'


def flip(labels, n_class, share, seed):
    """Replaces some labels by others.

    Args:
        labels (list of int): n labels in [0, C).
        n_class (int): C >= 2.
        share (float): In (0, 1), how many.
        seed (int): Of which, and of the new ones.

    Returns:
        tuple: The labels int64 (n,), and the positions of those that are
        others now, ascending, int64.
    """
    rng = np.random.default_rng(seed)
    labels = np.array(labels)
    chosen = np.sort(rng.choice(len(labels), max(1, round(
        share * len(labels))), replace=False))
    labels[chosen] += rng.integers(1, n_class, len(chosen))
    labels[chosen] %= n_class
    return labels, chosen


def write_data(folder, name, share, seed):
    """Writes a data set with flipped training labels as a user's own.

    Args:
        folder (Path): To make: train, dev and test as JSONL of the texts'
            tokens with blanks between, and the positions of the flips.
            Validation and test examples keep their labels.
        name (str): Of the data set.
        share (float): How many labels of the training file.
        seed (int): Of the splits and the flips.
    """
    data = text_datasets.load_dataset(name, seed=seed)
    examples = [*data.train, *data.calib]
    labels, flips = flip([each.label for each in examples],
                         len(data.label_names), share, seed)
    splits = {'train': [each._replace(label=int(label)) for each, label in
                        zip(examples, labels, strict=True)],
              'dev': data.valid, 'test': data.test}
    with replacing_folder(folder) as made:
        for split, rows in splits.items():
            write_jsonl(made / f'{split}.jsonl', (
                {'label': data.label_names[row.label],
                 **_columns([' '.join(tokens) for tokens in row.texts])}
                for row in rows))
        write_json(made / FLIPS, flips.tolist())


def _columns(texts):
    names = ('text',) if len(texts) == 1 else ('text1', 'text2')
    return dict(zip(names, texts, strict=True))


def is_flipped(data, flips):
    """Which of the indexed examples have a flipped label.

    Args:
        data (text_datasets.Dataset): As it was trained on.
        flips (list of int): Positions in the training file.

    Returns:
        ndarray: bool (N,).

    Raises:
        UserError: If rows were dropped, so that positions mean others.
    """
    if data.dropped:
        raise UserError(f'{data.dropped} texts of {data.name} have no tokens '
                        'when they are read again; take another data set')
    n = len(data.train) + len(data.calib)
    indexed = np.delete(np.arange(n), data.calib_positions)
    return np.isin(indexed, flips)


# ------------------------------------------------------------------ suspicion

def confident_learning(probabilities, labels):
    """How far another class is ahead of the label, each above its usual.

    As in confident learning (Northcutt et al. 2021, arXiv 1911.00068), a
    class is measured by its mean probability among the examples that carry
    its label.

    Args:
        probabilities (ndarray): Floats (N, C).
        labels (ndarray): Integers (N,), all of which occur.

    Returns:
        ndarray: float64 (N,), high for a label that may be wrong.
    """
    usual = np.array([probabilities[labels == y, y].mean()
                      for y in range(probabilities.shape[1])])
    ahead = probabilities - usual
    rows = np.arange(len(labels))
    own = ahead[rows, labels]
    ahead[rows, labels] = -np.inf
    return ahead.max(axis=1) - own


def _cross_validated(run, found, train):
    """Confident learning with a linear model that never saw the example."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_predict

    vectors = linear.vectorizer(run.args.get('char_based', False)
                                ).fit_transform(run.data.train)
    return confident_learning(cross_val_predict(
        LogisticRegression(C=4, max_iter=1000), vectors, train.labels,
        cv=FOLDS, method='predict_proba'), train.labels)


# Name -> function (run, Suspects, training Activations) of floats (N,), the
# higher the more suspicious
SCORES = {
    'soft conformity': lambda run, found, train: -found.own_odds,
    'counted conformity': lambda run, found, train: -found.conformity,
    # as its log-odds, which rank as the loss does and do not saturate
    'training loss': lambda run, found, train: -log_odds(train.logits)[
        np.arange(len(train.labels)), train.labels],
    'confident learning, softmax': lambda run, found, train:
        confident_learning(softmax(train.logits), train.labels),
    'confident learning, linear': _cross_validated,
}


def measure(score, flipped):
    """How well a score finds what was flipped.

    Args:
        score (ndarray): Floats (N,), high where suspicious.
        flipped (ndarray): bool (N,).

    Returns:
        dict: ``found``, the share of the flipped among as many of the
        highest scores, ties as the mean over their orders; ``auroc``.
    """
    n = int(flipped.sum())
    _, seen, hits = hits_by_score(score, flipped.astype(float))
    return {'found': float(expected_hits(n, seen, hits) / n),
            'auroc': detection.auroc(score, flipped)}


# ----------------------------------------------------------------------- runs

def result(args, seed):
    """Flips, trains and measures, unless that was done.

    Args:
        args (argparse.Namespace): Of the command.
        seed (int): Of flips, splits and training.

    Returns:
        dict: Name of each score to what ``measure`` returned; ``random``.
    """
    words = [os.path.expandvars(word) for word in shlex.split(args.flags)]
    asked = {'dataset': args.dataset, 'flags': args.flags,
             'share': args.share, 'seed': seed}
    folder = pathlib.Path(args.out) / (
        f'{args.dataset}_{args.share:g}_seed{seed}')
    path = folder / 'flipped.json'
    if path.is_file():
        known = read_json(path)
        if known['asked'] != asked:
            raise UserError(f'{path} is of {known["asked"]}, not {asked}; '
                            'give another --out')
        return known['scores']
    data = folder / args.dataset
    if not (data / FLIPS).is_file():
        write_data(data, args.dataset, args.share, seed)
    words = ['--dataset', str(data), '--out', str(folder), '--seed',
             str(seed), *words]
    done = subprocess.run([sys.executable, str(ROOT / 'train.py'), *words],
                          check=False, env=jobs.environment())
    if done.returncode:
        raise UserError(f'train.py ended with exit code {done.returncode}')
    scores = scores_of(_run_of(words), read_json(data / FLIPS))
    write_json(path, {'asked': asked, 'scores': scores})
    return scores


def _run_of(words):
    """The run that train.py made with these flags."""
    args = train.build_parser().parse_args(words)
    return runs.load_run(runs.folder_of(args.out, args.dataset, args.model,
                                        args.char_based, args.name))


def scores_of(run, flips):
    """What ``result`` returns of a trained run."""
    train_split, calib = runs.stored_splits(run, ['train', 'calib'])
    found = rank(runs.fit_dknn(run, train_split, calib), train_split)
    flipped = is_flipped(run.data, flips)
    return {**{name: measure(score(run, found, train_split), flipped)
               for name, score in SCORES.items()},
            'random': {'found': float(flipped.mean()), 'auroc': .5}}


def spread(values):
    """``pages.spread`` in ASCII."""
    return pages.spread(values, between=' +- ')


def build_parser():
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    add = parser.add_argument
    add('--dataset', default='stsa.binary', help='a published data set '
        '(default: stsa.binary)', choices=sorted(text_datasets.DATASETS))
    add('--flags', default='--model cnn', metavar='FLAGS',
        help="of train.py, but for data set, seed and folder (default: "
             "'--model cnn')")
    add('--share', type=run_flags.number_below(1), default=.05, metavar='S',
        help='of the training labels (default: 0.05)')
    add('--seed', type=run_flags.seed, nargs='+', default=[0], metavar='N',
        help='one run each (default: 0)')
    add('--out', default=f'{RESULTS}/flipped', metavar='DIR',
        help=f'folder of data and runs (default: {RESULTS}/flipped)')
    return parser


def main(argv=None):
    args = build_parser().parse_args(argv)
    found = [result(args, seed) for seed in args.seed]
    print(f'{"":29}{"found":>16}{"AUROC":>16}')
    for name in found[0]:
        print(f'{name:29}' + ''.join(
            f'{spread([one[name][key] for one in found]):>16}'
            for key in ('found', 'auroc')))


if __name__ == '__main__':
    runs.run_script(main)
