"""Inverted lists with codes, and what their files are built from."""
import brute_force
import numpy as np
import pytest
from indexed import activations

from errors import ArgumentError
from neighbors import HNSWIndex, IVFIndex, arrays, components, lists

pytestmark = pytest.mark.filterwarnings('error')


def found_share(index, Q, k):
    true = brute_force.neighbors(index.X_, Q, k)[1]
    return np.mean([np.isin(a, b).mean() for a, b in zip(
        true, index.kneighbors(Q, k)[1], strict=True)])


def test_codes_find_nearly_all_neighbours_and_are_small(tmp_path):
    X, Q = activations(2000), activations(40, seed=2)
    coded, whole = IVFIndex(pq=12).fit(X), IVFIndex().fit(X)
    assert found_share(coded, Q, 25) > .99
    assert found_share(whole, Q, 25) > .99
    for name, index in [('coded', coded), ('whole', whole)]:
        index.save(tmp_path / name)
    sizes = {path.name: path.stat().st_size for path in tmp_path.iterdir()}
    # 4 bytes a component of an example, or 12 in all; both have 8 for its
    # number, the centroids and the centroids of the codes, d x 256 numbers
    d = len(whole._components.matrix)
    assert 16 <= d < 60
    assert sizes['whole'] - sizes['coded'] == pytest.approx(
        2000 * (4 * d - 12) - 4 * 256 * len(coded._components.matrix),
        rel=.05)


@pytest.mark.parametrize('n', [1, 2, 39, 300])
def test_codes_of_few_examples(n):
    """With all of them ranked the answer is the exact one."""
    X, Q = activations(n), activations(5, seed=2)
    index = IVFIndex(pq=7, n_ranked=n, n_probes=n).fit(X)
    distances, indices = index.kneighbors(Q, min(n, 9))
    true = brute_force.neighbors(X, Q, min(n, 9))
    np.testing.assert_array_equal(distances, true[0])
    np.testing.assert_array_equal(indices, true[1])


@pytest.mark.parametrize('X', [
    np.ones((300, 5)), np.eye(300, 5), np.zeros((4, 1)),
    np.repeat(np.arange(3.), 100)[:, None] * [0, 1, 0, 0, 7]])
def test_examples_that_are_hard_to_code(X):
    """Distances are those of a full search, whatever of equals is found."""
    k = min(len(X), 60)
    for index in (IVFIndex(pq=64), IVFIndex(pq=3, n_lists=1000)):
        distances, indices = index.fit(X).kneighbors(X[:9], k)
        assert all(len(set(row)) == k for row in indices)
        np.testing.assert_array_equal(
            distances, brute_force.neighbors(X.astype(np.float32),
                                             X[:9].astype(np.float32), k)[0])


def test_codes_depend_neither_on_batch_nor_on_blocks(tmp_path, monkeypatch):
    X, Q = activations(900), activations(60, seed=2)
    index = IVFIndex(pq=7).fit(X)
    expected = index.kneighbors(Q, 20)
    index.save(tmp_path / 'stored')
    monkeypatch.setattr(arrays, 'BLOCK_CELLS', 60 * 64)
    for again in (IVFIndex(pq=7).load(tmp_path / 'stored', X),
                  IVFIndex(pq=7).fit(X)):
        for rows in (slice(0, 1), slice(7, 31), slice(60)):
            for one, other in zip(expected, again.kneighbors(Q[rows], 20),
                                  strict=True):
                np.testing.assert_array_equal(one[rows], other)


def test_what_is_read(monkeypatch):
    """Once all, in order; before that samples, wherever they lie.

    Of 2,000 examples in 5 lists it is 5 x 39 for k-means, and 400 for the
    components.
    """
    asked = []

    class Rows(np.ndarray):
        def __getitem__(self, rows):
            if self.shape == (2000, 60):
                asked.append(rows)
            return super().__getitem__(rows)

    monkeypatch.setattr(components, 'SAMPLE', 400)
    X = activations(2000).view(Rows)
    IVFIndex(n_lists=5).fit(X)
    samples = [rows for rows in asked if isinstance(rows, np.ndarray)]
    blocks = asked[1 + max(place for place, rows in enumerate(asked)
                           if isinstance(rows, np.ndarray)):]
    assert [len(sample) for sample in samples] == [400, 195]
    for sample in samples:
        assert (np.diff(sample) > 0).all() and sample.max() > 1900
    assert [row for rows in blocks for row in range(2000)[rows]] == list(
        range(2000))


def test_lists_searched_by_default():
    """6 sqrt(64) = 48 of 64 lists, and all where there are fewer."""
    assert lists.PROBES == 6
    X = activations(2500)
    assert IVFIndex(n_lists=64).fit(X)._index.nprobe == 48
    assert IVFIndex(n_lists=8).fit(X)._index.nprobe == 8
    assert IVFIndex(n_lists=64, n_probes=2).fit(X)._index.nprobe == 2


def test_number_of_lists():
    """4 sqrt(N), but 39 examples a list or more: 1,600 // 39 = 41."""
    assert [lists.usual_lists(n) for n in (1, 78, 1600, 10_000, 40_000)] == [
        1, 2, 41, 256, 800]


@pytest.mark.parametrize('make, option', [
    (IVFIndex, 'pq'), (IVFIndex, 'n_lists'), (IVFIndex, 'n_probes'),
    (IVFIndex, 'n_ranked'), (IVFIndex, 'pca'), (HNSWIndex, 'pca'),
    (HNSWIndex, 'n_ranked'), (HNSWIndex, 'ef_search'),
    (HNSWIndex, 'ef_construction'), (HNSWIndex, 'n_links')])
def test_options_that_are_too_small(make, option):
    with pytest.raises(ArgumentError, match=f'{option}=0 is too small'):
        make(**{option: 0})
