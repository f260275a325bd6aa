"""Choice of bandwidths and weights of soft conformity, by likelihood.

They minimise the mean negative log-likelihood -log q(x, y) of a validation
split.  Given the bandwidths it is convex in the weights (log q is linear in
them, less a log-sum-exp).  Bandwidths are taken from a grid of quarter
octaves of s^2, so that rounding does not move them.
"""
import numpy as np

from neighbors import arrays
from neighbors.soft import layer_sums, pieces

SCALE_NEIGHBOR = 50     # s^2 is in units of d^2 to this neighbour, the median
SCALE_QUERIES = 256     # of so many validation examples
MOST_EXAMPLES = 2000    # of the validation split that are looked at
# Exponents of 2 in s^2: 0.03 to 64 times the unit, then around the best
COARSE = np.arange(6., -6, -1)
FINE = np.array([-.75, -.5, -.25, 0, .25, .5, .75])
LARGEST_WEIGHT = 64.
WEIGHTS = 2. ** np.arange(-4, 7)  # tried for a layer by itself
SWEEPS = 4              # over the layers, given the others, at most
DIGITS = 6              # significant ones of bandwidths and weights
GAIN = 1e-5             # of the likelihood, less is not worth a change


def choose(indexes, labels, n_class, k, activations, targets):
    """Bandwidths and weights of the searched layers.

    Args:
        indexes (LayerIndexes): Fitted.
        labels (ndarray): int64 (N,) in [0, C), of the training examples.
        n_class (int): C.
        k (int): Neighbours a layer, where only those found are summed.
        activations (list): L arrays (n, D_l), n >= 1, the validation split;
            at most ``MOST_EXAMPLES``, evenly spread over it, are used.
        targets (ndarray): int64 (n,) in [0, C), its labels.

    Returns:
        tuple: Bandwidths and weights, lists of a float for each layer.
    """
    rows = arrays.every(len(targets), MOST_EXAMPLES)
    targets = targets[rows]
    layers = []
    for place, layer in enumerate(indexes.layers_):
        sums = layer_sums(indexes, place, labels, n_class, k)
        Q = arrays.as_queries(activations[layer][rows], sums.width)
        layers.append((sums, Q, _unit(indexes.indexes_[place], Q,
                                      len(labels))))
    tables = [_log_shares(layer, COARSE) for layer in layers]
    chosen, _ = _search(tables, targets)
    centres = [COARSE[i] for i in chosen]
    tables = [_log_shares(layer, centre + FINE)
              for layer, centre in zip(layers, centres, strict=True)]
    chosen, weights = _search(tables, targets)
    squares = [unit * 2 ** (centre + FINE[i]) for (_, _, unit), centre, i in
               zip(layers, centres, chosen, strict=True)]
    return _rounded(np.sqrt(squares)), _rounded(weights)


def nll_and_gradient(weights, shares, targets):
    """Mean of -log q, and its gradient by the weights.

    Args:
        weights (ndarray): float64 (L,).
        shares (ndarray): float64 (L, n, C), log q_l but for a term that the
            classes have in common.
        targets (ndarray): int64 (n,) in [0, C).

    Returns:
        tuple: A float, and float64 (L,).
    """
    rows = np.arange(len(targets))
    scores = np.tensordot(weights, shares, 1)  # (n, C)
    scores -= scores.max(axis=1, keepdims=True)
    q = np.exp(scores)
    total = q.sum(axis=1, keepdims=True)
    q /= total
    nll = np.log(total[:, 0]) - scores[rows, targets]
    gradient = (q * shares).sum(axis=2) - shares[:, rows, targets]
    return nll.mean(), gradient.mean(axis=1)


def fit_weights(shares, targets, start=None, tolerance=1e-12):
    """The weights of the least NLL, from 0 to ``LARGEST_WEIGHT``.

    Args:
        shares (ndarray): As for ``nll_and_gradient``.
        targets (ndarray): Likewise.
        start (ndarray): float64 (L,), where to begin; None: all 1 / L.
        tolerance (float): Relative, of the NLL.

    Returns:
        tuple: float64 (L,), and the NLL, a float.
    """
    from scipy.optimize import minimize  # slow to import

    L = len(shares)
    found = minimize(
        nll_and_gradient, np.full(L, 1 / L) if start is None else start,
        args=(shares, targets), jac=True, method='L-BFGS-B',
        bounds=[(0, LARGEST_WEIGHT)] * L,
        options={'ftol': tolerance, 'gtol': 1e-8, 'maxiter': 200})
    return found.x, float(found.fun)


def _search(tables, targets):
    """The best row of each layer's table (m, n, C), and the weights.

    Each layer by itself at first, then one step up or down at a time, given
    all others, as long as the likelihood gains.
    """
    chosen = [int(np.argmin([_nll_alone(row, targets) for row in table]))
              for table in tables]
    shares = np.stack([table[i] for table, i in zip(tables, chosen,
                                                    strict=True)])
    weights, best = fit_weights(shares, targets, None, GAIN / 10)
    for _ in range(SWEEPS):
        before = list(chosen)
        for layer, table in enumerate(tables):
            for i in {chosen[layer] - 1, chosen[layer] + 1} & set(
                    range(len(table))):
                trial = shares.copy()
                trial[layer] = table[i]
                found, nll = fit_weights(trial, targets, weights, GAIN / 10)
                if nll < best - GAIN:
                    chosen[layer], best = i, nll
                    shares, weights = trial, found
        if chosen == before:
            break
    return chosen, fit_weights(shares, targets, weights)[0]


def _nll_alone(shares, targets):
    """The least NLL of one layer (n, C) over a grid of its weight."""
    return min(nll_and_gradient(np.array([w]), shares[None], targets)[0]
               for w in WEIGHTS)


def _unit(index, Q, n_examples):
    """Median squared distance to the 50th neighbour; 1 where that is 0."""
    rows = arrays.every(len(Q), SCALE_QUERIES)
    k = min(SCALE_NEIGHBOR, n_examples)
    squares = np.square(index.kneighbors(Q[rows], k)[0][:, k - 1])
    positive = squares[squares > 0]
    return float(np.median(positive)) if len(positive) else 1.


def _log_shares(layer, exponents):
    """log q_l of the validation split by bandwidth, float64 (m, n, C)."""
    sums, Q, unit = layer
    squares = [unit * 2 ** exponent for exponent in exponents]
    parts = sums.in_pieces(Q, squares, pieces(len(Q)))
    found = np.concatenate([part.values for part in parts], axis=1)
    return found - found.max(axis=2, keepdims=True)


def _rounded(values):
    return [float(f'{value:.{DIGITS}g}') for value in values]
