"""The bounds are true: no nearest neighbour is ruled out by any of them."""
import compat  # noqa: F401  (before Chainer)

import numpy as np
import pytest

from benchmarks import bounds

K = 5


def made_up(kind, seed):
    """Centred examples (120, D), texts (8, D), variants (24, D), text (24,).
    """
    rng = np.random.default_rng(seed)
    width = {'wide': 80}.get(kind, 10)
    X = rng.standard_normal((120, width))
    if kind == 'one direction':
        X[:, 0] *= 30
    if kind == 'clusters':
        X += 20 * rng.integers(0, 4, 120)[:, None]
    if kind == 'repeated':
        X = X[rng.integers(0, 9, 120)]
    whole = X[:8] + .1 * rng.standard_normal((8, width))
    text = np.repeat(np.arange(8), 3)
    Q = whole[text] + .1 * rng.standard_normal((24, width))
    if kind == 'repeated':  # distances of exactly 0, and many ties
        whole, Q = X[:8], X[text]
    centre = X.mean(axis=0)
    return X - centre, whole - centre, Q - centre, text


KINDS = 'plain', 'one direction', 'clusters', 'wide', 'repeated'


def left_by(name, X, whole, Q, text):
    kth = bounds.kth_distances(X, Q, K)
    return {
        'stretches': lambda: bounds.stretches(X, Q, kth, group=6),
        '3 directions': lambda: bounds.along_directions(X, Q, kth, 3),
        'all directions': lambda: bounds.along_directions(X, Q, kth, 64),
        'clusters': lambda: bounds.clusters(X, Q, kth, n=9),
        'whole text': lambda: bounds.around_whole_text(X, Q, whole, text, K),
    }[name]()


BOUNDS = ('stretches', '3 directions', 'all directions', 'clusters',
          'whole text')


@pytest.mark.parametrize('kind', KINDS)
@pytest.mark.parametrize('name', BOUNDS)
def test_no_true_neighbour_is_ruled_out(name, kind):
    """Brute force, ties with the k-th included."""
    for seed in range(3):
        X, whole, Q, text = made_up(kind, seed)
        left = left_by(name, X, whole, Q, text)
        assert left.shape == (24, 120) and left.dtype == bool
        d = np.sqrt(((Q[:, None] - X) ** 2).sum(axis=2))
        nearest = d <= np.sort(d, axis=1)[:, [K - 1]]
        assert left[nearest].all()
        assert left.mean() >= nearest.mean() >= K / 120


@pytest.mark.parametrize('name, kind', [
    ('stretches', 'one direction'), ('3 directions', 'one direction'),
    ('all directions', 'plain'), ('clusters', 'clusters'),
    ('whole text', 'clusters')])
def test_a_bound_rules_out_much_where_it_can(name, kind):
    assert left_by(name, *made_up(kind, 0)).mean() < .45


def test_all_directions_leave_the_nearest_only():
    X, whole, Q, text = made_up('plain', 0)
    left = left_by('all directions', X, whole, Q, text)
    assert (left.sum(axis=1) == K).all()


def test_a_group_reads_one_stretch_by_hand():
    """Examples at -4, ..., 4; queries at -3, 3 and 1, with reach 1."""
    X = np.arange(-4., 5)[:, None]
    Q, kth = np.array([[-3.], [3.], [1.]]), np.array([1., 1, 1])
    alone = bounds.stretches(X, Q, kth, group=1)
    np.testing.assert_array_equal(alone.sum(axis=1), [3, 3, 3])
    together = bounds.stretches(X, Q, kth, group=3)
    assert together.all()  # from -4 to 4
    left = bounds.stretches(X, Q, kth, group=2)
    # The direction may point either way: 1 is with 3 or with -3.
    assert sorted(left.sum(axis=1)) in ([3, 5, 5], [3, 7, 7])


def test_shares_of_a_layer():
    X, whole, Q, text = made_up('one direction', 0)
    shares = bounds.shares_of_layer(X + 7, whole + 7, Q + 7, text, K)
    variances = np.sort(np.linalg.eigvalsh(X.T @ X))
    assert shares[0] == pytest.approx(variances[-1] / variances.sum())
    kth = bounds.kth_distances(X, Q, K)
    assert shares[1:] == pytest.approx([left.mean() for left in (
        bounds.stretches(X, Q, kth), bounds.along_directions(X, Q, kth, 8),
        bounds.along_directions(X, Q, kth, 64), bounds.clusters(X, Q, kth),
        bounds.around_whole_text(X, Q, whole, text, K))])


def test_the_table_of_a_run(made, capsys):
    bounds.main(['--run', str(made), '--texts', '6'])
    lines = [line for line in capsys.readouterr().out.splitlines()
             if line.startswith('|')]
    head, rule, *rows = [[cell.strip() for cell in line[1:-1].split('|')]
                         for line in lines]
    assert head == list(bounds.HEAD) and set(rule) == {'---'}
    assert [row[0] for row in rows] == ['0', '1', '2']
    for row in rows:
        assert len(row) == len(head)
        assert all(0 < int(cell) <= 100 for cell in row[1:])
