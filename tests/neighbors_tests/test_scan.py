"""The bound on the error of products in float32."""
import numpy as np
import pytest
from indexed import hostile

from neighbors import ExactIndex

pytestmark = pytest.mark.filterwarnings('error')


@pytest.mark.parametrize('kind', ['plain', 'offset', 'half zeros',
                                  'one wide column', 'constant columns'])
def test_error_of_the_products_is_within_its_bound(kind):
    X, Q = (values.astype(np.float32)
            for values in hostile(kind, 600, 200, 3))
    index = ExactIndex().fit(X)
    order, block, norms = index.products_.examples.block(slice(0, len(X)))
    z = index.products_.scaled(Q)[0]
    a = np.empty((len(Q), len(X)), np.float32)
    a[:, order] = norms - 2 * z @ block.T
    exact = np.array([((X.astype(np.float64) - q) ** 2).sum(axis=1)
                      for q in Q.astype(np.float64)])
    t = index.products_.scaled(Q)[2]
    np.testing.assert_array_equal(t, np.delete(
        (Q.astype(np.float64) - X[0]) ** 2, index.columns_, axis=1).sum(
            axis=1))
    q = np.square(z.astype(np.float64)).sum(axis=1)
    offset = 208 * (2. ** -124 + t * 2. ** -52)
    bound = index.products_.bound.error(np.sqrt(q), offset, a.max(axis=1))
    error = abs(a + (q + t)[:, None] - exact).max(axis=1)
    assert (error <= bound).all()
    if kind == 'plain':  # nor is it out of all proportion
        assert (error > bound / 500).all()
