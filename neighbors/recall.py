"""How many of the true neighbours an approximate index finds."""
from neighbors.exact import ExactIndex


def recall(index, Q, n_neighbors):
    """Share of the neighbours found that an exact search might have found.

    A found example counts if it is no farther than the k-th neighbour of
    ``exact``: of examples at the same distance none is better.

    Args:
        index (NeighborIndex): Fitted.
        Q (array_like): Numbers (B, D), B at least 1.
        n_neighbors (int): k, 1 <= k <= N.

    Returns:
        float: In [0, 1].
    """
    true = ExactIndex().fit(index.X_).kneighbors(Q, n_neighbors)[0]
    found = index.kneighbors(Q, n_neighbors)[0]
    return float((found <= true[:, -1:]).mean())
