"""Activations of float16: what is rounded, and what is refused."""
import functools
import re

import brute_force
import numpy as np
import pytest
from indexed import activations

from dknn import DkNN
from errors import UserError
from neighbors import INDEXES, arrays, reading
from neighbors.shards import ShardedIndex
from runs.processes import Processes


def test_rounding_by_hand():
    """From 2048 to 4096 float16 has every second number, ties to even."""
    values = np.float32([[2049, 2051, 2050, -1 / 3], [65519, 1e-9, -65504, 0]])
    found = arrays.as_float16(values, 'X')
    assert found.dtype == np.float16
    # 1/3 is 0.0101010101|01... in binary: 1.0101010101 x 2^-2 = 1365 / 4096
    np.testing.assert_array_equal(found, [
        [2048, 2052, 2050, -1365 / 4096], [65504, 0, -65504, 0]])
    assert arrays.as_float16(found, 'X') is found


@pytest.mark.parametrize('value', [65520, -65520, 1e6, 3e38])
def test_beyond_its_range(value):
    """65,520 lies half way to 65,536, which there is not."""
    values = np.zeros((7, 3), np.float32)
    values[4, 1] = value
    number = re.escape(f'{value:.6g}')
    with pytest.raises(UserError, match=f'mlp holds {number} in row 4, '
                       'counted from 0, but .* is 65,504; take `dtype` fl'
                       ) as caught:
        arrays.as_float16(values, 'mlp')
    assert caught.value.arguments == ('dtype',)


def test_what_is_not_finite_is_another_matter():
    values = np.float32([[np.inf, np.nan, -np.inf]])
    np.testing.assert_array_equal(arrays.as_float16(values, 'X'), values)


def halves():
    """Layers of 300 texts, the first stored as float16, and their labels."""
    X = activations(300)
    layers = [X[:, :20], X[:, 20:]]
    return layers, [layers[0].astype(np.float16), layers[1]], (
        np.arange(300) % 3)


@pytest.mark.parametrize('index', ['exact', 'kdtree', 'lsh', 'hnsw', 'ivf'])
def test_a_training_text_is_at_distance_0_from_itself(index):
    layers, stored, labels = halves()
    dknn = DkNN(3, 5, index).fit(stored, labels)
    found = dknn.search(layers)
    assert (found.distances[:, 0, 0] == 0).all()
    unrounded = np.abs(layers[0] - stored[0].astype(np.float32)).max()
    assert unrounded > 0
    own = np.arange(300)
    assert (found.indices[:, :, 0] == own[:, None]).mean() > .99


def test_exact_over_the_rounded():
    layers, stored, labels = halves()
    queries = [h + np.float32(.01) for h in layers]
    found = DkNN(3, 9).fit(stored, labels).search(queries)
    for layer, (X, Q) in enumerate(zip(stored, queries, strict=True)):
        if layer == 0:
            Q = Q.astype(np.float16)
        distances, indices = brute_force.neighbors(
            X.astype(np.float64), Q.astype(np.float64), 9)
        np.testing.assert_array_equal(found.indices[:, layer], indices)
        np.testing.assert_allclose(found.distances[:, layer], distances,
                                   rtol=1e-14)


@pytest.mark.parametrize('memory', [None, 1 << 27])
def test_mapped_halves_are_as_floats_of_the_same_values(tmp_path, memory):
    """In blocks or whole: everything that DkNN says, to the last bit."""
    layers, stored, labels = halves()
    np.save(tmp_path / '0.npy', stored[0])
    mapped = [np.load(tmp_path / '0.npy', mmap_mode='r'), stored[1]]
    floats = [stored[0].astype(np.float32), stored[1]]
    found = []
    for train, asked in ((mapped, layers),
                         (floats, [floats[0], layers[1]])):
        dknn = DkNN(3, 9, memory=memory).fit(train, labels)
        dknn.tune(asked, labels).calibrate(asked, labels)
        found.append([dknn.votes(asked), *dknn.predict(asked)[:-1],
                      *dknn.predict(asked, soft=True)[:-1],
                      *dknn.soft_gradients(asked, labels),
                      dknn.soft_shares(asked, dknn.search(asked))])
    for one, other in zip(*found, strict=True):
        np.testing.assert_array_equal(one, other)


def test_queries_beyond_its_range_are_refused():
    layers, stored, labels = halves()
    dknn = DkNN(3, 9).fit(stored, labels)
    layers[0][7, 3] = 1e5
    with pytest.raises(UserError, match='layer 0 holds 100000 in row 7'):
        dknn.votes(layers)
    layers[0][7, 3] = np.nan
    with pytest.raises(UserError, match='layer 0 holds NaN'):
        dknn.votes(layers)
    DkNN(3, 9, layers='last').fit(stored, labels).votes(layers)


def test_shares_of_processes():
    """``ShardedIndex`` reads them whole, as floats."""
    layers, stored, labels = halves()
    one, shared = (
        DkNN(3, 9, index).fit(stored, labels).search(layers) for index in (
            'exact', functools.partial(ShardedIndex, Processes())))
    for a, b in zip(one, shared, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize('index', ['exact', 'kdtree', 'lsh', 'hnsw', 'ivf'])
def test_indexes_of_mapped_halves(tmp_path, index):
    """Nobody keeps them as floats; the answers are those of floats."""
    X, Q = activations(300).astype(np.float16), activations(9, seed=2)
    np.save(tmp_path / 'X.npy', X)
    mapped = INDEXES[index]().fit(np.load(tmp_path / 'X.npy', mmap_mode='r'))
    assert isinstance(mapped.X_, reading.MappedHalves)
    expected = INDEXES[index]().fit(X.astype(np.float32)).kneighbors(Q, 7)
    if mapped.worth_storing:
        mapped.save(tmp_path / 'index')
        mapped = INDEXES[index]().load(tmp_path / 'index', mapped.X_.array)
    for one, other in zip(mapped.kneighbors(Q, 7), expected, strict=True):
        np.testing.assert_array_equal(one, other)


def test_mapped_halves_are_read_as_asked(tmp_path):
    X = activations(30).astype(np.float16)
    np.save(tmp_path / 'X.npy', X)
    found = reading.float32_rows(np.load(tmp_path / 'X.npy', mmap_mode='r'))
    assert (found.shape, found.ndim, len(found)) == (X.shape, 2, 30)
    for rows in (3, slice(2, 9), slice(None, None, 7), np.array([[4, 1]])):
        assert found[rows].dtype == np.float32
        np.testing.assert_array_equal(found[rows], X[rows])
    assert np.asarray(found).dtype == np.float32
    assert np.asarray(found, np.float64).dtype == np.float64
    assert reading.float32_rows(X) is X  # in memory already


def test_mapped_halves_that_are_not_finite(tmp_path):
    X = activations(30).astype(np.float16)
    X[7, 2] = np.inf
    np.save(tmp_path / 'X.npy', X)
    with pytest.raises(UserError, match='X holds NaN, infinity .* row 7'):
        INDEXES['ivf']().fit(np.load(tmp_path / 'X.npy', mmap_mode='r'))
