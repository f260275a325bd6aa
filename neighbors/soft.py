"""Soft conformity: kernel sums of all searched layers, and figures of them.

q_l(x, y) is the share of class y in the kernel sums of layer l
(``neighbors.kernels``); over layers, q(x, y) is proportional to
prod_l q_l(x, y)^w_l with weights w_l >= 0.  Everything is computed from the
scores a(x, y) = log q(x, y) - max_y' log q(x, y'), so that neither q nor 1 - q
is ever rounded to 0 or 1 before its logarithm is taken.

Scores are given on a grid (``neighbors.grid``).  Half a step, at most 2^-22
(or 2^-28 of the score), is all that they differ from those of exact
arithmetic, but for the bound E below it.  A score that matrix products leave
within E of the middle between two steps is computed again, from its query
alone: no figure depends on the batch, its order, or the number of threads.
Only those of ``neighbors.float32_sums`` do, in their last digits.
"""
import numpy as np

import parallel
from errors import ArgumentError
from neighbors import arrays
from neighbors.found import FoundExamples
from neighbors.grid import settled
from neighbors.kernels import ROUNDING
from neighbors.layers import unordered
from neighbors.sums import only

QUERIES = 256   # queries of a piece of work, at most
LEAST_QUERIES = 32
LARGEST = 1e100  # of a bandwidth


class SoftLayers:
    """Kernel sums of the searched layers, with their bandwidths and weights.

    Args:
        indexes (LayerIndexes): Fitted.
        labels (ndarray): int64 (N,) in [0, C).
        n_class (int): C.
        k (int): Neighbours a layer, for indexes that do not compare a query
            with all examples.
        bandwidths (list of float): s_l > 0, one a searched layer.
        weights (list of float): w_l >= 0, likewise.

    Attributes:
        bandwidths (tuple of float): As given.
        weights (tuple of float): As given.

    Raises:
        ArgumentError: Bandwidths or weights are not as above.
    """

    def __init__(self, indexes, labels, n_class, k, bandwidths, weights):
        n_layers = len(indexes.layers_)
        self.bandwidths = _numbers('bandwidths', bandwidths, n_layers, 1e-100)
        self.weights = _numbers('weights', weights, n_layers, 0)
        self._layers = indexes.layers_
        self._indexes = indexes.indexes_
        self._k = k
        self._n_class = n_class
        self._squares = [s * s for s in self.bandwidths]
        self._sums = [layer_sums(indexes, place, labels, n_class, k)
                      if weight else None
                      for place, weight in enumerate(self.weights)]
        self._run = next((sums.run for sums in self._sums if sums is not None),
                         parallel.run)

    # ---------------------------------------------------------- what is asked

    def scores(self, activations):
        """a(x, y), from which the other figures are computed.

        Layers of weight 0 are not looked at.

        Args:
            activations (list): L arrays (B, D_l).

        Returns:
            ndarray: float64 (B, C), at most 0, on the grid; 0 for the class
            of the largest q.
        """
        used = self._used(activations)
        return self._scores_of(
            [_single_sums(sums, Q, square)
             for sums, Q, square, _ in used.values()], used,
            len(activations[0]))

    @property
    def shares_pass(self):
        """bool: Whether ``scores_and_sets`` saves products or reading."""
        return any(sums.shares_pass for sums in self._sums
                   if sums is not None)

    def scores_and_sets(self, activations):
        """``scores``, and the neighbours, from one pass where that is enough.

        Args:
            activations (list): L arrays (B, D_l).

        Returns:
            tuple: As of ``scores``, and a list of int64 (B, k), the indices
            of the neighbours in each searched layer, in any order.
        """
        found, sets = [], []
        used = self._used(activations)
        for index, layer in zip(self._indexes, self._layers, strict=True):
            sums, Q, square, _ = used.get(layer, (None,) * 4)
            if sums is not None and sums.shares_pass:
                near, logs = sums.with_neighbor_sets(Q, self._k, square)
                found.append([only(part) for part in logs.split(
                    [rows.stop - rows.start for rows in _one_at_least(Q)])])
            else:
                near = unordered(index, activations[layer], self._k)
                if sums is not None:
                    found.append(_single_sums(sums, Q, square))
            sets.append(near)
        return self._scores_of(found, used, len(activations[0])), sets

    def _used(self, activations):
        """Layer to sums, queries, s^2 and weight, if it has a say."""
        return {layer: (sums, arrays.as_queries(activations[layer],
                                                sums.width), square, weight)
                for sums, layer, square, weight in zip(
                    self._sums, self._layers, self._squares, self.weights,
                    strict=True) if sums is not None}

    def _scores_of(self, found, used, n_queries):
        """Scores (B, C), from LogSums of each piece of each layer."""
        weights = [weight for _, _, _, weight in used.values()]

        def apart(rows):
            return _combine([sums.log_sums_apart(Q[rows], square)
                             for sums, Q, square, _ in used.values()],
                            weights)

        if not used:
            return np.zeros((n_queries, self._n_class))
        return settled([_combine(parts, weights)
                        for parts in zip(*found, strict=True)], apart,
                       self._run)

    def shares(self, activations, distances):
        """The part that some training examples have in a layer's sums.

        Args:
            activations (list): L arrays (B, D_l).
            distances (ndarray): float64 (B, n_layers, k), of the examples.

        Returns:
            ndarray: float64 (B, n_layers, k) in [0, 1]; 0 in a layer of
            weight 0, which has no say.
        """
        found = np.zeros(distances.shape)
        for i, (sums, square) in enumerate(zip(self._sums, self._squares,
                                               strict=True)):
            if sums is None:
                continue
            Q = arrays.as_queries(activations[self._layers[i]], sums.width)
            totals = _totals(sums, Q, square)
            found[:, i] = np.exp(np.minimum(
                0, distances[:, i] ** 2 / (-2 * square) - totals[:, None]))
        return found

    def gradients(self, activations, targets):
        """Of log q(x, y) - log(1 - q(x, y)) by the activations of each layer.

        With c the gradient of the log-odds by the scores (1 for y, minus the
        share among the others for another class) and m_l(x, y') the mean of
        the examples of class y', weighted by their kernels, it is
        w_l / s_l^2 sum_y' c_y' m_l(x, y'): as the c add up to 0, h_l itself
        falls out.

        Args:
            activations (list): L arrays (B, D_l).
            targets (ndarray): Integers (B,) in [0, C), the class y of each.

        Returns:
            list: L arrays, float64 (B, D_l); 0 for layers that have no say.
        """
        used = [(sums, self._layers[i], self._squares[i], self.weights[i])
                for i, sums in enumerate(self._sums) if sums is not None]
        found = [np.zeros(np.shape(h)) for h in activations]

        def fill(rows):
            means, scores = [], np.zeros((rows.stop - rows.start,
                                          self._n_class))
            for sums, layer, square, weight in used:
                Q = arrays.as_queries(activations[layer][rows], sums.width)
                logs, mean = sums.class_means(Q, square)
                means.append(mean)
                scores += weight * logs
            c = _log_odds_gradient(scores, targets[rows])
            for (_, layer, square, weight), mean in zip(used, means,
                                                        strict=True):
                found[layer][rows] = weight / square * np.einsum(
                    'bc,bcd->bd', c, mean)

        self._run(fill, pieces(len(activations[0])))
        return found


def layer_sums(indexes, place, labels, n_class, k):
    """The kernel sums of one layer: over all examples if its index is exact.

    Args:
        indexes (LayerIndexes): Fitted.
        place (int): Which of the searched layers.
        labels (ndarray): int64 (N,) in [0, C).
        n_class (int): C.
        k (int): Neighbours that another index finds.

    Returns:
        AllExamples or FoundExamples: The sums.
    """
    index = indexes.indexes_[place]
    if getattr(index, 'compares_all', False):
        return index.kernel_sums(labels, n_class)
    return FoundExamples(index, labels, n_class, k, indexes.widths_[place])


def pieces(n):
    """Slices of n queries, several for all cores where there are enough.

    Args:
        n (int): Number of queries.

    Returns:
        list of slice: They depend on n alone.
    """
    share = -(-n // parallel.WORKERS)
    return list(arrays.slices(n, min(QUERIES, max(LEAST_QUERIES, share))))


def log_odds(scores):
    """log q - log(1 - q), each from the sums of the other classes.

    Args:
        scores (ndarray): float64 (B, C), of ``SoftLayers.scores``.

    Returns:
        ndarray: float64 (B, C), finite.
    """
    return np.stack([scores[:, y] - log_sum(np.delete(scores, y, axis=1))
                     for y in range(scores.shape[1])], axis=1)


def _log_odds_gradient(scores, targets):
    """Of the targets' log-odds by scores (B, C): float64 (B, C)."""
    rows = np.arange(len(scores))
    others = scores.copy()
    others[rows, targets] = -np.inf
    others -= others.max(axis=1, keepdims=True)
    shares = np.exp(others)
    shares /= -shares.sum(axis=1, keepdims=True)
    shares[rows, targets] = 1
    return shares


def conformity(scores):
    """q.

    Args:
        scores (ndarray): float64 (B, C), of ``SoftLayers.scores``.

    Returns:
        ndarray: float64 (B, C) in [0, 1], rows sum to 1.
    """
    shares = [np.exp(column) for column in _columns(scores)]
    return np.stack(shares, axis=1) / _sum(shares)[:, None]


def log_sum(values):
    """log(sum(exp)) of each row, class after class in one order.

    Args:
        values (ndarray): float64 (B, n), finite.

    Returns:
        ndarray: float64 (B,).
    """
    shift = values.max(axis=1)
    return shift + np.log(_sum([np.exp(column - shift)
                                for column in _columns(values)]))


def _columns(values):
    """Each column, contiguous: NumPy's loops may round others otherwise."""
    return np.ascontiguousarray(values.T)


def _sum(columns):
    total = columns[0].copy()
    for column in columns[1:]:
        total += column
    return total


def _combine(found, weights):
    """Scores (b, C) and their bounds (b,) from LogSums of each layer."""
    total = error = 0
    for sums, weight in zip(found, weights, strict=True):
        term = sums.values - sums.values.max(axis=1, keepdims=True)
        total = total + weight * term
        # A score is a difference of two values, hence the 2
        error = error + 2 * weight * sums.bound + (
            (2 + 2 * len(weights)) * ROUNDING * weight * -term.min(axis=1)
            * (sums.bound > 0))
    return total - total.max(axis=1, keepdims=True), error


def _totals(sums, Q, square):
    """The logarithm of a layer's sums over all classes, float64 (B,)."""
    def total(found):
        return log_sum(found.values) + found.offset, 2 * found.bound

    return settled(
        [total(found) for found in _single_sums(sums, Q, square)],
        lambda rows: total(sums.log_sums_apart(Q[rows], square)), sums.run)


def _single_sums(sums, Q, square):
    """LogSums (b, C) of each piece of the queries, one at least."""
    return [only(found) for found in sums.in_pieces(
        Q, [square], _one_at_least(Q))]


def _one_at_least(Q):
    return pieces(len(Q)) or [slice(0, 0)]


def _numbers(name, values, n, least):
    """n finite numbers as a tuple, if they are at least ``least``."""
    found = np.asarray(values, np.float64)
    if found.shape != (n,) or not (
            (found >= least) & (found <= LARGEST)).all():
        raise ArgumentError(
            name, values, f'must be {n} numbers from {least:g} to '
            f'{LARGEST:g}, one for each searched layer')
    return tuple(found.tolist())
