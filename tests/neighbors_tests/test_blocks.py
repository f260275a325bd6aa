"""Examples that are sorted along their main direction."""
import numpy as np
import pytest
from indexed import activations, assert_exact, flat

from neighbors import ExactIndex, arrays, blocks, exact, scan

pytestmark = pytest.mark.filterwarnings('error')


def scanned(monkeypatch):
    """Counts the examples that an index multiplies with each query."""
    cells = []
    see = scan.Scan.see

    def counted(self, indices, block, norms):
        cells.append(len(self.radius) * len(indices))
        see(self, indices, block, norms)

    monkeypatch.setattr(scan.Scan, 'see', counted)
    return cells


def test_sorted_examples_leave_out_what_is_far(monkeypatch):
    monkeypatch.setattr(blocks, 'FIRST', 100)
    monkeypatch.setattr(exact, 'GROUP_QUERIES', (64, 64))
    X, Q, k = flat(4000), flat(500, seed=1), 20
    index = ExactIndex().fit(X)
    u = index.direction_.astype(np.float64)
    centred = X.astype(np.float64) - X.mean(axis=0, dtype=np.float64)
    np.testing.assert_allclose(
        abs(u @ np.linalg.svd(centred, full_matrices=False)[2][0]), 1,
        rtol=1e-3)
    cells = scanned(monkeypatch)
    assert_exact(index, Q, k)
    # kneighbors and neighbor_sets; a group spans an eighth of the queries
    assert sum(cells) < 2 * len(Q) * len(X) * .5


def test_examples_that_spread_evenly_are_not_sorted(monkeypatch):
    X, Q = activations(800), activations(50, seed=2)
    index = ExactIndex().fit(X)
    assert len(index.direction_) == 0
    cells = scanned(monkeypatch)
    assert_exact(index, Q, 9)
    assert sum(cells) == 2 * len(Q) * len(X)


@pytest.mark.parametrize('first', [1, 7, 5000])
@pytest.mark.parametrize('k', [1, 30, 1200])
@pytest.mark.parametrize('noise', [.5, .002])  # .002: distance is |p - p'|
def test_sorted_examples_at_their_ends(first, k, noise, monkeypatch):
    """Queries beyond either end, in a gap, on an example; ties."""
    monkeypatch.setattr(blocks, 'FIRST', first)
    monkeypatch.setattr(exact, 'GROUP_QUERIES', (1, 1))
    X = flat(1200, noise=noise)
    X[300:360] = X[200:260]
    axis = np.random.RandomState(9).randn(60)
    steps = np.array([-1e4, -40, 0, 17, 40, 1e4])[:, None]
    Q = np.concatenate([X[[5, 200, 300]], X.mean(axis=0) + steps * axis,
                        flat(20, seed=4, noise=noise)]).astype(np.float32)
    index = ExactIndex().fit(X)
    assert len(index.direction_) == 60
    assert_exact(index, Q, k)


def test_a_neighbour_at_the_very_end_of_the_stretch(monkeypatch):
    """As far along the direction as the others are across it."""
    monkeypatch.setattr(blocks, 'FIRST', 1)
    monkeypatch.setattr(exact, 'GROUP_QUERIES', (1, 1))
    rng = np.random.RandomState(0)
    X = np.zeros((600, 60))
    X[:200, 0] = rng.uniform(-.01, .01, 200)
    across = rng.randn(200, 59)
    X[:200, 1:] = 5 * across / np.linalg.norm(across, axis=1, keepdims=True)
    X[200:, 0] = 4.999 * np.sign(rng.randn(400)) * rng.uniform(1, 9, 400)
    X[200:202, 0] = 4.999, -4.999
    index = ExactIndex().fit(X)
    assert abs(index.direction_[0]) > .99
    q = np.zeros((1, 60), np.float32)
    assert set(index.neighbor_sets(q, 2)[0]) == {200, 201}
    assert_exact(index, q, 2)


def test_many_examples_are_sorted_along_a_weaker_direction(monkeypatch):
    X, Q = activations(900), activations(30, seed=2)
    assert not ExactIndex().fit(X).products_.is_sorted
    monkeypatch.setattr(blocks, 'SHARES', ((900, 1), (np.inf, .1)))
    index = ExactIndex().fit(X)
    assert index.products_.is_sorted
    assert_exact(index, Q, 9)
    assert index._group_size(1000) == 256
    monkeypatch.setattr(arrays, 'CELLS', 100 * len(X))
    assert index._group_size(1000) == 100
    monkeypatch.setattr(arrays, 'CELLS', len(X))
    assert index._group_size(1000) == 64


def test_products_with_the_direction_are_within_their_slack():
    X, Q = flat(800), flat(50, seed=3)
    index = ExactIndex().fit(X)
    products = index.products_
    z, x = products.scaled(Q)[0], products.examples.centred
    gap = abs((z @ index.direction_).astype(np.float64)[:, None]
              - products.examples.positions)
    exact_gap = np.linalg.norm(
        Q.astype(np.float64)[:, None] - X[products.examples.order], axis=2)
    norm = np.linalg.norm(z.astype(np.float64), axis=1)
    longest = np.linalg.norm(x.astype(np.float64), axis=1).max()
    slack = (2 * x.shape[1] + 32) * 2. ** -24 * (norm + longest)
    np.testing.assert_allclose(products.bound.slack(norm), slack, rtol=1e-6)
    assert (gap <= exact_gap + slack[:, None]).all()


def test_any_direction_gives_the_same_neighbours():
    """It saves work only: here it is the one of least variance."""
    X, Q = flat(900), flat(40, seed=2)
    index = ExactIndex().fit(X)
    u = np.linalg.svd(X - X.mean(axis=0), full_matrices=False)[2][-1]
    index.direction_ = u.astype(np.float32)
    index._open()
    assert_exact(index, Q, 15)
