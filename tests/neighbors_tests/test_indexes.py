"""What is particular to one index or another."""
import functools
import os
import sys

import numpy as np
import pytest
from indexed import activations, assert_exact, exact_searches

from errors import ArgumentError, MissingPackage
from neighbors import INDEXES, IVFIndex, KDTreeIndex, LSHIndex

pytestmark = pytest.mark.filterwarnings('error')


def test_kdtree_asks_the_exact_search_only_for_ties(monkeypatch):
    asked = exact_searches(monkeypatch, KDTreeIndex)
    X = activations(500)
    index = INDEXES['kdtree']().fit(X)
    index.kneighbors(X[:50], 5)
    assert not asked
    X = np.concatenate([X, np.repeat(X[:1], 30, axis=0)])  # 31 equal ones
    assert_exact(index.fit(X), X[:50], 5)
    assert asked == [1, 1]


def test_lsh_buckets_without_neighbours():
    # With 62 bits hardly anything shares a bucket
    X, Q = activations(300), activations(20, seed=2)
    assert_exact(LSHIndex(n_bits=62, n_tables=1).fit(X), Q, 10)


def test_lsh_agrees_with_nearpy():
    hashes = pytest.importorskip('nearpy.hashes')
    X, Q = activations(300), activations(20, seed=2)
    index = LSHIndex(n_bits=5, n_tables=3, seed=11).fit(X)
    mean = X.mean(axis=0, dtype=np.float64)
    shares = np.zeros((20, 300), bool)
    for table in range(3):
        hashing = hashes.RandomBinaryProjections('', 5, rand_seed=11 + table)
        hashing.reset(60)
        bucket, = np.array([hashing.hash_vector(x - mean) for x in X]).T
        asked, = np.array([hashing.hash_vector(q - mean) for q in Q]).T
        shares |= asked[:, None] == bucket
    for row, candidates in zip(shares, index._candidates(Q, 10), strict=True):
        np.testing.assert_array_equal(candidates[candidates >= 0],
                                      np.flatnonzero(row))


def test_seeds_choose_the_approximation():
    X, Q = activations(2000), activations(50, seed=2)
    for make in (LSHIndex, functools.partial(IVFIndex, n_probes=2)):
        first, same, other = (
            make(seed=seed).fit(X)._candidates(Q, 20) for seed in (0, 0, 1))
        np.testing.assert_array_equal(first, same)
        assert first.shape != other.shape or (first != other).any()


@pytest.mark.parametrize('options, message', [
    ({'n_bits': 0}, 'n_bits=0 is not possible; lsh takes 1 to 62 bits'),
    ({'n_bits': 63}, 'n_bits=63 is not possible; lsh takes 1 to 62 bits'),
    ({'n_tables': 0}, 'n_tables=0 is too small; lsh takes 1 table or more')])
def test_lsh_options(options, message):
    with pytest.raises(ArgumentError, match=message):
        LSHIndex(**options)


@pytest.mark.parametrize('case', [
    ('lsh', 'nearpy.hashes', 'NearPy==1.0.0'), ('hnsw', 'faiss', 'faiss-cpu'),
    ('ivf', 'faiss', 'faiss-cpu')])
def test_missing_packages_are_named(case, monkeypatch):
    name, module, package = case
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingPackage, match=f'pip install {package}'):
        INDEXES[name]().fit(activations(10))


@pytest.mark.skipif(not os.path.exists('/dev/full'), reason='no /dev/full')
@pytest.mark.parametrize('name', ['hnsw', 'ivf', 'lsh'])
def test_a_full_disk_is_an_error_of_the_system(name, capfd):
    index = INDEXES[name]().fit(np.random.RandomState(0).rand(300, 8))
    with pytest.raises(OSError, match='No space left'):
        index.save('/dev/full')
    assert capfd.readouterr().err == ''
