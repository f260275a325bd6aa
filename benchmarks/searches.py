"""Exact neighbours by several searches over the same activations.

N indexed examples and B queries of D numbers, k neighbours.  A search is
prepared by a function of the indexed examples, float32 (N, D); what that
returns is called with queries, float32 (B, D), and k.
"""
import statistics
from typing import NamedTuple

import faiss
import numpy as np
from sklearn.neighbors import KDTree

import runs
from benchmarks.timing import seconds_of
from neighbors import INDEXES

K = 75
MANY = 100_000
SIZES = 1000, 5000, 20_000, 100_000, 500_000
KS = 1, 10, 75, 300, 1000
N_OF_KS = 20_000  # examples where k grows
EXPLAINED = 300  # test texts that are searched without each word
QUERIES = 500
# The kd-tree answers one query at a time, so it gets few of them
KDTREE_LARGEST, KDTREE_QUERIES = 5000, 50


def ours_search(X):
    """This project's exact index."""
    return INDEXES['exact']().fit(X).neighbor_sets


def faiss_search(X):
    """The flat index of faiss."""
    index = faiss.IndexFlatL2(X.shape[1])
    index.add(X)
    return index.search


def kdtree_search(X):
    """One vector at a time, as in the released code."""
    tree = KDTree(X)
    return lambda Q, k: [tree.query(q[None], k) for q in Q]


def sgemm_search(X):
    """The matrix product alone; a search that needs it takes no less."""
    return lambda Q, k: [Q[i:i + 256] @ X.T for i in range(0, len(Q), 256)]


SEARCHES = {'exact (this project)': ours_search, 'faiss flat': faiss_search,
            'sgemm alone': sgemm_search}


class Layers(NamedTuple):
    """Activations of a run; each list holds one float32 array a layer.

    Attributes:
        indexed (list of ndarray): Of the n training texts, (n, D_l).
        texts (list of ndarray): Of the test texts, (B, D_l).
        variants (list of ndarray): Of the first ``EXPLAINED`` test texts
            without each word, (M, D_l).
        labels (ndarray): Int32 (n,), of the training texts.
    """

    indexed: list
    texts: list
    variants: list
    labels: np.ndarray


def real_layers(folder, data_dir=None):
    """Activations of a trained run, in memory.

    Args:
        folder (str or Path): A run folder.
        data_dir (str): As for ``runs.load_run``.

    Returns:
        Layers: Of that run.
    """
    run = runs.load_run(folder, data_dir)
    train, test = (runs.stored_activations(run, split)
                   for split in ('train', 'test'))
    explained = test.xs.select(slice(EXPLAINED))
    return Layers([np.ascontiguousarray(h) for h in train.layers],
                  [np.ascontiguousarray(h) for h in test.layers],
                  run.model.leave_one_out(explained)[1], train.labels)


def mixed(layer, labels, n, seed):
    """Activations that resemble a layer's own: mixes of two of one label.

    Args:
        layer (ndarray): Float32 (N, D).
        labels (ndarray): Integers (N,).
        n (int): How many to make.
        seed (int): Of the choice of pairs and of their shares.

    Returns:
        ndarray: Float32 (n, D).
    """
    rng = np.random.default_rng(seed)
    order = np.argsort(labels, kind='stable')
    counts = np.bincount(labels)
    i = rng.integers(0, len(layer), n)
    place = (rng.random(n) * counts[labels[i]]).astype(int)
    j = order[(np.cumsum(counts) - counts)[labels[i]] + place]
    share = rng.random((n, 1), dtype=np.float32)
    return share * layer[i] + (1 - share) * layer[j]


def mixed_pairs(layers, n, n_queries):
    """Examples and queries of each layer, mixed from a run's own.

    Args:
        layers (Layers): Of a run.
        n (int): Indexed examples.
        n_queries (int): Queries.

    Yields:
        tuple: Float32 (n, D_l) and float32 (n_queries, D_l), a layer each.
    """
    for layer in layers.indexed:
        yield (mixed(layer, layers.labels, n, seed=1),
               mixed(layer, layers.labels, n_queries, seed=2))


def seconds_of_searches(pairs, searches, k, repeats):
    """Seconds of several searches over all layers, in alternation.

    Args:
        pairs (iterable of tuple): Indexed examples and queries of each layer.
        searches (dict): Name to function, as ``SEARCHES``.
        k (int): Neighbours.
        repeats (int): How often each search is run.

    Returns:
        dict: Name to the median of the repeats' sums over the layers.
        Preparing a search is not counted.
    """
    totals = {name: np.zeros(repeats) for name in searches}
    for X, Q in pairs:
        ready = {name: make(X) for name, make in searches.items()}
        for i in range(repeats):
            for name, search in ready.items():
                totals[name][i] += seconds_of(search, Q, k)
    return {name: statistics.median(total) for name, total in totals.items()}


def exact_rows(layers, repeats):
    """Exact neighbours in all layers, ours beside faiss's flat index.

    Args:
        layers (Layers): Of a run with at least ``K`` training texts.
        repeats (int): How often each is run.

    Returns:
        list of dict: Rows as those of ``sides.stage_rows``.
    """
    rows = []
    for stage, pairs, target in [
            ('exact neighbours of test texts',
             zip(layers.indexed, layers.texts, strict=True), 1),
            ('the same of texts without a word',
             zip(layers.indexed, layers.variants, strict=True), 1),
            (f'the same among {MANY:,} examples',
             mixed_pairs(layers, MANY, 1000), .5)]:
        found = seconds_of_searches(
            pairs, {'ours': ours_search, 'theirs': faiss_search}, K, repeats)
        rows.append({'stage': stage, 'peer': 'faiss flat', **found,
                     'ratio': found['ours'] / found['theirs'],
                     'target': target})
    return rows


def growth_with_examples(layers, largest, repeats):
    """Milliseconds a query by the number of indexed examples.

    Args:
        layers (Layers): Of a run.
        largest (int): Sizes beyond it are left out.
        repeats (int): How often each search is run.

    Returns:
        list of dict: ``n``, ``search``, and ``ms`` over all layers.
    """
    return [{'n': n, **row} for n in SIZES if n <= largest
            for row in _milliseconds(layers, n, K, repeats)]


def growth_with_neighbors(layers, repeats):
    """Milliseconds a query by the number of neighbours.

    Args:
        layers (Layers): Of a run.
        repeats (int): How often each search is run.

    Returns:
        list of dict: ``k``, ``search``, and ``ms`` over all layers.
    """
    return [{'k': k, **row} for k in KS
            for row in _milliseconds(layers, N_OF_KS, k, repeats)]


def _milliseconds(layers, n, k, repeats):
    """Rows of one size: ``search`` and ``ms``."""
    seconds = seconds_of_searches(mixed_pairs(layers, n, QUERIES), SEARCHES,
                                  k, repeats)
    rows = [{'search': name, 'ms': 1000 * value / QUERIES}
            for name, value in seconds.items()]
    if n <= KDTREE_LARGEST:
        few = ((X, Q[:KDTREE_QUERIES])
               for X, Q in mixed_pairs(layers, n, QUERIES))
        value, = seconds_of_searches(few, {'': kdtree_search}, k, 1).values()
        rows.append({'search': 'kd-tree, one at a time',
                     'ms': 1000 * value / KDTREE_QUERIES})
    print(f'  {n:,} examples, {k} neighbours: {rows}', flush=True)
    return rows
