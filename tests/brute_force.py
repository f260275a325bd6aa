"""Neighbours and votes by full search in float64: the truth for tests."""
import numpy as np


def neighbors(X, Q, k):
    """The k nearest of the rows of X, ordered by (distance, index).

    Args:
        X (array_like): Numbers (N, D).
        Q (array_like): Numbers (B, D).
        k (int): 1 <= k <= N.

    Returns:
        tuple: Distances float64 (B, k) and indices int64 (B, k).
    """
    X, Q = np.asarray(X, np.float64), np.asarray(Q, np.float64)
    distances = np.empty((len(Q), k))
    indices = np.empty((len(Q), k), np.int64)
    for i, q in enumerate(Q):
        d = np.sqrt(((X - q) ** 2).sum(axis=1))
        indices[i] = np.lexsort((np.arange(len(X)), d))[:k]
        distances[i] = d[indices[i]]
    return distances, indices


def votes(layers, labels, queries, k, n_class):
    """How many of the neighbours, over all layers, have each label.

    Args:
        layers (list): L arrays (N, D_l), training examples.
        labels (array_like): Integers (N,) in [0, C).
        queries (list): L arrays (B, D_l).
        k (int): Neighbours a layer.
        n_class (int): C.

    Returns:
        ndarray: int64 (B, C).
    """
    counts = np.zeros((len(queries[0]), n_class), np.int64)
    for X, Q in zip(layers, queries, strict=True):
        for i, row in enumerate(neighbors(X, Q, k)[1]):
            for j in row:
                counts[i, labels[j]] += 1
    return counts


def soft_scores(layers, labels, queries, bandwidths, weights, n_class):
    """log q(x, y) + a constant of x, by differences in long double.

    Args:
        layers (list): L arrays (N, D_l), training examples.
        labels (array_like): Integers (N,) in [0, C), all of which occur.
        queries (list): L arrays (B, D_l).
        bandwidths (list): L numbers.
        weights (list): L numbers.
        n_class (int): C.

    Returns:
        ndarray: long double (B, C).
    """
    labels = np.asarray(labels)
    scores = np.zeros((len(queries[0]), n_class), np.longdouble)
    for X, Q, s, w in zip(layers, queries, bandwidths, weights, strict=True):
        X = np.asarray(X, np.float32).astype(np.longdouble)
        for i, q in enumerate(np.asarray(Q)):
            e = ((X - q) ** 2).sum(axis=1) / (-2 * np.longdouble(s) ** 2)
            for y in range(n_class):
                part = e[labels == y]
                scores[i, y] += w * (
                    part.max() + np.log(np.exp(part - part.max()).sum()))
    return scores


def log_odds(scores):
    """log q - log(1 - q) of ``soft_scores``, long double (B, C)."""
    found = np.empty_like(scores)
    for y in range(scores.shape[1]):
        rest = np.delete(scores, y, axis=1)
        top = rest.max(axis=1, keepdims=True)
        found[:, y] = scores[:, y] - (
            top[:, 0] + np.log(np.exp(rest - top).sum(axis=1)))
    return found
