"""Shares of the examples answer, together, as one index over all does.

Each process is a thread here (``standing_in``).  What must be the same is
compared byte for byte.
"""
import functools

import brute_force
import numpy as np
import pytest
from indexed import activations, assert_exact, flat, hostile
from soft_examples import examples
from standing_in import together

from dknn import DkNN
from errors import UserError
from neighbors import ExactIndex, grid, labelled, memory, shards
from neighbors.sums import only

SIZES = pytest.mark.parametrize('size', [1, 2, 3, 4, 5])
# Where the shares of three processes end: one has most; one none; all but
# one none
CUTS = [0, .1, .8, 1], [0, .5, .5, 1], [0, 0, 1, 1]


def as_bytes(found):
    return [np.ascontiguousarray(part).tobytes() for part in found]


def all_same(size, work, expected):
    """Each process gets these arrays, to the last bit."""
    for found in together(size, work):
        assert as_bytes(found) == as_bytes(expected)


def indexed(X):
    return lambda process: shards.ShardedIndex(process).fit(X)


def cut(monkeypatch, cuts):
    monkeypatch.setattr(shards, 'share', lambda n, process: slice(
        *(int(n * cuts[process.rank + i]) for i in (0, 1))))


# --------------------------------------------------------------- neighbours

def test_worked_by_hand():
    X = np.array([[0, 0], [3, 4], [0, 5], [0, 0], [-3, -4]], np.float32)

    def search(process):
        index = indexed(X)(process)
        return (*index.kneighbors([[0, 0]], 4), index.rows_)

    one, two = together(2, search)
    assert (one[2], two[2]) == (slice(0, 2), slice(2, 5))
    # 0 and 3 are at 0; 1, 2 and 4 are tied at 5, in both shares
    for distances, indices, _ in (one, two):
        np.testing.assert_array_equal(distances, [[0, 0, 5, 5]])
        np.testing.assert_array_equal(indices, [[0, 3, 1, 2]])


@SIZES
@pytest.mark.parametrize('kind', [
    'plain', 'offset', 'duplicates', 'half zeros', 'one long', 'far queries',
    'constant columns', 'huge', 'denormal'])
def test_hostile_numbers(size, kind):
    for seed, n, width, k in [(0, 6, 1, 4), (1, 700, 5, 30),
                              (2, 1300, 120, 75)]:
        X, Q = (values.astype(np.float32)
                for values in hostile(kind, n, width, seed))
        together(size, lambda process: assert_exact(  # noqa: B023
            indexed(X)(process), Q, k))  # noqa: B023


@pytest.mark.parametrize('cuts', CUTS)
def test_uneven_shares(cuts, monkeypatch):
    cut(monkeypatch, cuts)
    rng = np.random.RandomState(0)
    for X, k in [(rng.randint(0, 3, (60, 2)).astype(np.float32), 50),
                 (flat(900), 75), (activations(500), 500)]:
        Q = X[:40] + np.float32(.5)
        index = ExactIndex().fit(X)
        all_same(3, lambda process: (
            *indexed(X)(process).kneighbors(Q, k),  # noqa: B023
            indexed(X)(process).neighbor_sets(Q, k)),  # noqa: B023
            [*index.kneighbors(Q, k), index.neighbor_sets(Q, k)])


@SIZES
def test_the_mean_is_that_of_one_process(size, monkeypatch):
    monkeypatch.setattr(memory, 'BLOCK_EXAMPLES', 64)
    X = activations(1000)
    index = ExactIndex().fit(X)

    def statistics(process):
        found = indexed(X)(process)
        return found.centre_, found.columns_

    all_same(size, statistics, [index.centre_, index.columns_])
    # It is the mean, of the columns that vary
    np.testing.assert_allclose(index.centre_, X.mean(axis=0), rtol=1e-5)
    np.testing.assert_array_equal(index.columns_, np.arange(15, 60))
    # Sums that cancel are what their order leaves
    rng = np.random.RandomState(0)
    X = rng.randn(500, 60) * 10 ** rng.uniform(0, 17, (500, 60))
    X = np.concatenate([X, -X]).astype(np.float32)
    index = ExactIndex().fit(X)
    all_same(size, statistics, [index.centre_, index.columns_])


def test_a_process_holds_and_sends_its_share():
    """Of 1000 examples 250 each; of 40 queries 2 x 40 answers of 9, at 16
    bytes, and 100 for what is asked."""
    X, Q = activations(1000), activations(40, 1)

    def searched(process):
        index = indexed(X)(process)
        assert len(index._index.X_) == 250
        process.sent.clear()
        index.kneighbors(Q, 9)
        return process.sent

    for asked, merged in together(4, searched):
        answers = [part for _, parts in asked for part in parts]
        assert sum(part.nbytes for part in answers) == 40 * 9 * 16
        assert sum(part.nbytes for part in merged) == 10 * 9 * 16


def test_no_queries_and_wrong_ones():
    def search(process):
        index = indexed(activations(50))(process)
        assert index.kneighbors(np.empty((0, 60)), 3)[1].shape == (0, 3)
        with pytest.raises(UserError, match='exceeds the 50 training'):
            index.kneighbors(activations(1), 51)
        with pytest.raises(UserError, match='queries have width 2'):
            index.kneighbors(np.zeros((1, 2)), 3)

    together(3, search)
    for X in (np.zeros(3, np.float32), np.empty((0, 2), np.float32)):
        with pytest.raises(UserError, match='X has'):
            together(2, indexed(X))


def test_a_share_that_is_not_finite_ends_all():
    X = activations(50)
    X[-1, 0] = np.nan
    with pytest.raises(UserError, match='X holds NaN'):
        together(2, indexed(X))


@pytest.mark.parametrize('ask', [
    lambda index, Q: index.kneighbors(Q, 3),
    lambda index, Q: index.kernel_sums(np.zeros(50, int), 2).log_sums(
        Q, [1.])])
def test_other_questions_are_found_out(ask):
    def search(process):
        Q = activations(5, seed=1)
        Q[4, 59] += process.rank == 1
        ask(indexed(activations(50))(process), Q)

    with pytest.raises(UserError, match=r'processes \d and \d of 3 have oth'):
        together(3, search)


# -------------------------------------------------------------- kernel sums

def figures(X, labels, Q, given, n_class, index):
    """All that DkNN says of queries."""
    dknn = DkNN(n_class, 15, index).fit(X, labels).use_tuning(
        [.7, 3.], [1, 2.5]).calibrate(Q, given)
    found = dknn.search(Q)
    counted, smooth = dknn.predict(Q), dknn.predict(Q, soft=True)
    return (*found, *counted, *(part for part in smooth if part is not None),
            dknn.soft_log_odds(Q), dknn.soft_shares(Q, found))


@SIZES
def test_dknn_says_the_same(size):
    """Also of a label without training examples, the fourth."""
    X, labels = examples(1500)
    Q, given = examples(300, seed=1)
    expected = figures(X, labels, Q, given, 4, 'exact')
    all_same(size, lambda process: figures(
        X, labels, Q, given, 4,
        functools.partial(shards.ShardedIndex, process)), expected)


@pytest.mark.parametrize('cuts', CUTS)
def test_dknn_says_the_same_with_uneven_shares(cuts, monkeypatch):
    cut(monkeypatch, cuts)
    test_dknn_says_the_same(3)


def far_clusters(seed):
    """Products lose what neighbours differ by."""
    X, labels = examples(300, widths=(30,), seed=seed)
    X[0][::2] += 2000
    return X, labels


def scores(index, labels, Q, noise):
    sums = index.kernel_sums(labels, 4)
    near = only(sums.log_sums(Q, [9.]))
    values = near.values + .9 * near.bound[:, None] * np.random.RandomState(
        noise).uniform(-1, 1, near.values.shape)
    found = grid.settled(
        [(values, near.bound)],
        lambda rows: (sums.log_sums_apart(Q[rows], 9.).values, None),
        sums.run)
    return values, found


@SIZES
def test_the_second_look_decides(size):
    """In place of other machines' products, errors within the bound."""
    (X,), labels = far_clusters(0)
    (Q,), _ = far_clusters(1)
    near, expected = scores(ExactIndex().fit(X), labels, Q, 0)
    found = together(size, lambda process: scores(indexed(X)(process),
                                                  labels, Q, 1))
    for others, answer in found:
        assert answer.tobytes() == expected.tobytes()
        assert (grid.on_grid(others) != grid.on_grid(near)).any()


@SIZES
def test_sums_apart_are_the_same(size):
    (X,), labels = examples(2500, widths=(30,))
    (Q,), _ = examples(20, widths=(30,), seed=1)
    sums = ExactIndex().fit(X).kernel_sums(labels, 4)
    expected = sums.log_sums_apart(Q, .5)
    all_same(size, lambda process: indexed(X)(process).kernel_sums(
        labels, 4).log_sums_apart(Q, .5)[:2], expected[:2])


@SIZES
def test_sums_stay_within_the_bound(size, monkeypatch):
    monkeypatch.setattr(labelled, 'BLOCK', 64)
    X, labels = examples(1000, widths=(30,))
    Q, _ = examples(50, widths=(30,), seed=1)
    bound = ExactIndex().fit(X[0]).kernel_sums(labels, 3).log_sums(
        Q[0], [1.]).bound

    def check(process):
        sums = indexed(X[0])(process).kernel_sums(labels, 3)
        for s in (.2, 1., 5.):
            truth = brute_force.soft_scores(X, labels, Q, [s], [1], 3)
            found = only(sums.log_sums(Q[0], [s * s]))
            total = found.values + found.offset[:, None]
            assert (abs(total - truth) <= found.bound[:, None]).all()
        assert (sums.log_sums(Q[0], [1.]).bound >= bound).all()

    together(size, check)


@SIZES
def test_gradients_agree(size):
    X, labels = examples(400)
    Q, given = examples(60, seed=1)

    def gradients(index):
        return DkNN(4, 15, index).fit(X, labels).use_tuning(
            [.7, 3.], [1, 2.5]).soft_gradients(Q, given)

    expected = gradients('exact')
    for found in together(size, lambda process: gradients(
            functools.partial(shards.ShardedIndex, process))):
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-9)
