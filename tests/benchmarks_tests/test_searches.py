"""The searches find what they should; their seconds are added up rightly."""
import compat  # noqa: F401  (before Chainer)

import numpy as np
import pytest

import runs
from benchmarks import searches

K = 4


@pytest.fixture
def pairs(layers):
    return list(zip(layers.indexed, layers.texts, strict=True))


def brute_force(X, Q, k):
    squares = ((Q[:, None].astype(np.float64) - X) ** 2).sum(axis=2)
    return np.argsort(squares, axis=1)[:, :k]


# -------------------------------------------------------------- the searches

def test_ours_finds_the_set(pairs):
    for X, Q in pairs:
        np.testing.assert_array_equal(
            searches.ours_search(X)(Q, K),
            np.sort(brute_force(X, Q, K), axis=1))


def test_faiss_finds_the_order(pairs):
    for X, Q in pairs:
        np.testing.assert_array_equal(searches.faiss_search(X)(Q, K)[1],
                                      brute_force(X, Q, K))


def test_kdtree_is_asked_for_one_at_a_time(pairs):
    for X, Q in pairs:
        found = searches.kdtree_search(X)(Q, K)
        assert [indices.shape for _, indices in found] == [(1, K)] * len(Q)
        np.testing.assert_array_equal(
            np.concatenate([indices for _, indices in found]),
            brute_force(X, Q, K))


def test_the_product_is_of_all_pairs(layers):
    X = layers.indexed[0]
    Q = np.resize(X, (600, X.shape[1]))
    products = searches.sgemm_search(X)(Q, K)
    np.testing.assert_allclose(np.concatenate(products), Q @ X.T, rtol=1e-5)


# ------------------------------------------------------ activations to search

def test_real_layers_are_those_of_the_run(made, monkeypatch):
    monkeypatch.setattr(searches, 'EXPLAINED', 3)
    layers = searches.real_layers(made)
    run = runs.load_run(made)
    xs, _ = runs.encode_examples(run.data.test, run.vocab)
    first = xs.select(slice(3))
    train, labels = runs.encode_examples(run.data.train, run.vocab)
    for found, expected in [
            (layers.indexed, run.model.activations(train)),
            (layers.texts, run.model.activations(xs)),
            (layers.variants, run.model.leave_one_out(first)[1])]:
        for h, other in zip(found, expected, strict=True):
            np.testing.assert_allclose(h, other, rtol=1e-5, atol=1e-6)
    assert len(layers.variants[0]) == (first.lengths() - 1).sum()
    np.testing.assert_array_equal(layers.labels, labels)


def test_mixes_are_of_one_label():
    """Label 1 does not occur; the labels are far from each other."""
    rng = np.random.default_rng(1)
    labels = rng.choice([0, 2, 3], 40)
    layer = (100 * labels[:, None] + rng.random((40, 6))).astype(np.float32)
    mixes = searches.mixed(layer, labels, 500, seed=1)
    assert mixes.shape == (500, 6) and mixes.dtype == np.float32
    label = np.round(mixes.mean(axis=1) / 100).astype(int)
    inside = mixes - 100 * label[:, None]
    assert -1e-3 < inside.min() and inside.max() < 1 + 1e-3
    assert set(label) == {0, 2, 3}
    # A few are mixes of an example with itself.
    assert len(np.unique(mixes, axis=0)) > 450


def test_an_example_alone_in_its_label_is_mixed_with_itself():
    layer = np.arange(6, dtype=np.float32).reshape(3, 2)
    mixes = searches.mixed(layer, np.array([2, 0, 1]), 50, seed=0)
    nearest = np.abs(mixes[:, None] - layer).sum(axis=2)
    assert nearest.min(axis=1).max() < 1e-6
    assert set(nearest.argmin(axis=1)) == {0, 1, 2}


def test_queries_are_not_the_examples(layers):
    made = list(searches.mixed_pairs(layers, 30, 30))
    again = list(searches.mixed_pairs(layers, 30, 30))
    for (X, Q), (same, _), layer in zip(made, again, layers.indexed,
                                        strict=True):
        assert X.shape == (30, layer.shape[1])
        assert Q.shape == (30, layer.shape[1])
        assert not (Q[:, None] == X).all(axis=2).any()
        np.testing.assert_array_equal(X, same)


# ------------------------------------------------------------------- seconds

def test_searches_alternate_and_medians_are_of_sums(pairs, monkeypatch):
    calls = []

    def search(name):
        def prepare(X):
            calls.append(f'{name} prepared')
            return lambda Q, k: calls.append((name, len(Q), k))
        return prepare

    # layer 0: repeats a 1 b 2, a 3 b 4, a 5 b 6; layer 1: a 1 b 2, a 7 b 0,
    # a 2 b 9
    left = [1, 2, 3, 4, 5, 6, 1, 2, 7, 0, 2, 9]

    def seconds_of(work, *args):
        work(*args)
        return left.pop(0)

    monkeypatch.setattr(searches, 'seconds_of', seconds_of)
    found = searches.seconds_of_searches(
        pairs, {'a': search('a'), 'b': search('b')}, K, 3)
    assert found == {'a': 7, 'b': 4}  # of 2, 10, 7 and of 4, 4, 15
    one_layer = ['a prepared', 'b prepared', *[('a', 9, K), ('b', 9, K)] * 3]
    assert calls == one_layer * 2


def test_exact_rows(layers, monkeypatch):
    asked = []

    def seconds(pairs, searched, k, repeats):
        asked.append([(X.copy(), Q.copy()) for X, Q in pairs])
        assert searched == {'ours': searches.ours_search,
                            'theirs': searches.faiss_search}
        assert (k, repeats) == (searches.K, 2)
        return {'ours': len(asked), 'theirs': 8.}

    monkeypatch.setattr(searches, 'MANY', 1200)
    monkeypatch.setattr(searches, 'seconds_of_searches', seconds)
    rows = searches.exact_rows(layers, 2)
    assert [row['stage'] for row in rows] == [
        'exact neighbours of test texts', 'the same of texts without a word',
        'the same among 1,200 examples']
    assert [(row['ours'], row['theirs'], row['ratio'], row['target'])
            for row in rows] == [(1, 8, 1 / 8, 1), (2, 8, 2 / 8, 1),
                                 (3, 8, 3 / 8, .5)]
    for pairs, queries in zip(asked, (layers.texts, layers.variants),
                              strict=False):
        for i, (X, Q) in enumerate(pairs):
            np.testing.assert_array_equal(X, layers.indexed[i])
            np.testing.assert_array_equal(Q, queries[i])
    assert [(len(X), len(Q)) for X, Q in asked[2]] == [(1200, 1000)] * 2


def test_exact_rows_on_a_clock(layers, monkeypatch):
    monkeypatch.setattr(searches, 'MANY', 100)
    monkeypatch.setattr(searches, 'K', K)
    for row in searches.exact_rows(layers, 1):
        assert 0 < row['ours'] < 60 and 0 < row['theirs'] < 60
        assert row['ratio'] == row['ours'] / row['theirs']


def test_growth_with_examples(layers, monkeypatch, seconds_from):
    """Half a second a search in each of two layers, by hand."""
    for name, value in [('SIZES', (50, 200, 900)), ('QUERIES', 20),
                        ('KDTREE_LARGEST', 100), ('KDTREE_QUERIES', 5),
                        ('K', K), ('seconds_of', seconds_from(.5))]:
        monkeypatch.setattr(searches, name, value)
    rows = searches.growth_with_examples(layers, 200, 3)
    ms = {(row['n'], row['search']): row['ms'] for row in rows}
    # 2 layers * 0.5 s / 20 queries; the kd-tree's are 5, for small n only
    assert ms == {**{(n, name): 50. for n in (50, 200)
                     for name in searches.SEARCHES},
                  (50, 'kd-tree, one at a time'): 200.}


def test_growth_with_neighbors(layers, monkeypatch, seconds_from):
    for name, value in [('KS', (1, 7)), ('N_OF_KS', 80), ('QUERIES', 20),
                        ('KDTREE_LARGEST', 10),
                        ('seconds_of', seconds_from(.5))]:
        monkeypatch.setattr(searches, name, value)
    rows = searches.growth_with_neighbors(layers, 1)
    assert {(row['k'], row['search'], row['ms']) for row in rows} == {
        (k, name, 50.) for k in (1, 7) for name in searches.SEARCHES}
