"""What a GPU multiplies gives the answers of the CPU; here with none."""
import copy

import brute_force
import fake_device
import numpy as np
import pytest
from indexed import activations, assert_exact, flat, hostile
from soft_examples import examples

from dknn import DkNN
from errors import ArgumentError
from neighbors import ExactIndex, arrays, devices, labelled, memory, scan
from neighbors.layers import LayerIndexes
from neighbors.soft import SoftLayers, log_odds

pytestmark = pytest.mark.filterwarnings('error')
places = pytest.mark.parametrize('gpu', ['kept', 'sent'], indirect=True)


def assert_where(index, gpu):
    """That the examples are where there is room for them."""
    kept = gpu.has_room(0, None)
    products = index.products_
    assert isinstance(products.examples.centred, fake_device.Array) == kept
    assert products.is_kept == kept


# -------------------------------------------------------------- the neighbours

@places
@pytest.mark.parametrize('kind', [
    'plain', 'offset', 'duplicates', 'half zeros', 'one long', 'far queries',
    'constant columns', 'one wide column', 'huge', 'tiny', 'denormal'])
def test_neighbors_are_those_of_the_full_search(kind, gpu):
    for seed, n, width, k in [(0, 40, 1, 3), (1, 700, 5, 30)]:
        X, Q = (values.astype(np.float32)
                for values in hostile(kind, n, width, seed))
        assert_exact(ExactIndex(device=gpu).fit(X), Q, k)


@places
@pytest.mark.parametrize('block', [40 * 60, arrays.BLOCK_CELLS])
def test_ties_and_dead_columns_in_any_blocks(block, gpu, monkeypatch):
    monkeypatch.setattr(arrays, 'BLOCK_CELLS', block)
    gpu.cells = 40 * 300  # several products a block
    X = activations(500)
    X[100:160] = X[40:100]
    index = ExactIndex(device=gpu).fit(X)
    assert_where(index, gpu)
    assert_exact(index, np.concatenate([X[30:60], activations(70, 2)]), 20)


@places
@pytest.mark.parametrize('X', [
    np.ones((1, 3)), np.ones((7, 3)), np.arange(12.).reshape(6, 2),
    np.repeat([[1., 2.], [4., 4.]], 5, axis=0)],
    ids=['one example', 'all the same', 'a few', 'two places'])
def test_as_many_neighbors_as_there_are(X, gpu):
    index = ExactIndex(device=gpu).fit(X)
    for k in {1, len(X)}:
        assert_exact(index, np.concatenate([X[:3], 5 + X[:1]]), k)
    assert index.neighbor_sets(X[:0], 1).shape == (0, 1)


@places
def test_what_a_cpu_would_sort_keeps_its_order(gpu):
    X, Q = flat(3000), flat(130, seed=1)
    assert ExactIndex().fit(X).products_.examples.is_sorted
    index = ExactIndex(device=gpu).fit(X)
    assert_where(index, gpu)
    assert_exact(index, Q, 75)


def test_the_gpu_only_proposes(gpu, monkeypatch):
    """Its products alone give other neighbours than the right ones."""
    rng = np.random.RandomState(0)
    q = rng.randn(1, 300).astype(np.float32)
    step = rng.randn(900, 300)
    X = (q + 5 * step / np.linalg.norm(step, axis=1, keepdims=True)
         ).astype(np.float32)
    index = ExactIndex(device=gpu).fit(X)
    assert_exact(index, q, 75)
    monkeypatch.setattr(scan.ErrorBound, 'error', lambda self, norm, *_:
                        np.zeros(len(norm)))
    assert (index.neighbor_sets(q, 75)
            != brute_force.neighbors(X, q, 75)[1]).any()


@pytest.mark.parametrize('spare', [0, 10 ** 9])
@places
def test_beside_a_bound_on_memory(gpu, spare, tmp_path):
    np.save(tmp_path / 'x.npy', activations(900))
    X = np.load(tmp_path / 'x.npy', mmap_mode='r')
    bound = memory.least(900, 60) + spare
    index = ExactIndex(memory=bound, device=gpu).fit(X)
    assert_where(index, gpu)
    Q = activations(200, 1)
    for one, two in zip(brute_force.neighbors(np.array(X), Q, 20),
                        index.kneighbors(Q, 20), strict=True):
        np.testing.assert_array_equal(one, two)


# ------------------------------------------------------------ soft conformity

def soft_layers(X, labels, s, w, device=None, n_class=3):
    indexes = LayerIndexes('exact', 'all', device=device).fit(X)
    return SoftLayers(indexes, labels, n_class, 3, s, w)


@places
@pytest.mark.parametrize('far', [1, 1e6])
@pytest.mark.parametrize('s', [.3, 2, 30])
def test_soft_scores_are_those_of_the_cpu(far, s, gpu, monkeypatch):
    monkeypatch.setattr(labelled, 'BLOCK', 64)
    X, labels = examples(150)
    X = [*X, np.ones((150, 4), np.float32)]  # a dead layer
    Q = [q * np.float32(far) for q in examples(70, seed=1)[0]]
    Q.append(np.zeros((70, 4), np.float32))
    s, w = [s, s / 2, 1.], [.8, .5, 1.]
    expected, found = (soft_layers(X, labels, s, w, device)
                       for device in (None, gpu))
    np.testing.assert_array_equal(found.scores(Q), expected.scores(Q))
    distances = np.ones((70, 3, 2))
    np.testing.assert_array_equal(found.shares(Q, distances),
                                  expected.shares(Q, distances))
    for place in (0, 1):  # not rounded
        own, other = (layers._sums[place].class_means(Q[place][:50], s[place])
                      for layers in (expected, found))
        for one, two in zip(own, other, strict=True):
            np.testing.assert_allclose(one, two, rtol=1e-9, atol=1e-9)


@places
def test_soft_scores_are_right(gpu):
    X, labels = examples()
    Q, _ = examples(30, seed=1)
    s, w = [1.5, .7], [.8, .5]
    found = log_odds(soft_layers(X, labels, s, w, gpu).scores(Q))
    truth = brute_force.log_odds(brute_force.soft_scores(
        X, labels, Q, s, w, 3))
    assert (abs(found - truth) <= np.maximum(1e-6, 1e-8 * abs(truth))).all()


@places
def test_a_class_without_examples_and_one_example(gpu):
    for X in [np.ones((1, 3))], [activations(40, 0, 3)]:
        labels = np.zeros(len(X[0]), np.int64)
        Q = [np.concatenate([X[0][:1], activations(9, 2, 3) * 1e3])]
        expected, found = (soft_layers(X, labels, [1.], [1.], device
                                       ).scores(Q) for device in (None, gpu))
        np.testing.assert_array_equal(found, expected)


@places
def test_the_sums_themselves_differ_within_their_bound(gpu):
    """So that equal figures are those of the grid, not of equal sums."""
    X, labels = examples(1100)
    Q, _ = examples(50, seed=1)
    one, two = (soft_layers(X, labels, [2., 1.], [1., 1.], device)._sums[0]
                .log_sums(Q[0], [4.]) for device in (None, gpu))
    off = abs(one.values - two.values).max(axis=2)
    np.testing.assert_array_equal(one.bound, two.bound)
    assert (off > 0).any() and (off <= 2 * one.bound).all()


# ------------------------------------------------------------- the whole DkNN

@places
def test_dknn(gpu):
    X, labels = examples(300)
    Q, targets = examples(100, seed=1)
    expected, found = (
        DkNN(3, 20, device=device).fit(X, labels).use_tuning([2., 1.], [1, 1])
        .calibrate(Q, targets) for device in (None, gpu))
    for index in found.indexes_:
        assert_where(index, gpu)
    np.testing.assert_array_equal(expected.votes(Q), found.votes(Q))
    for soft in (False, True):
        for one, two in zip(expected.predict(Q, soft), found.predict(Q, soft),
                            strict=True):
            np.testing.assert_array_equal(one, two)
    for dknn in (expected, found):
        dknn.tune([q[:40] for q in Q], targets[:40])
    np.testing.assert_allclose(expected.bandwidths_, found.bandwidths_)
    np.testing.assert_allclose(expected.weights_, found.weights_, rtol=1e-3)


def test_other_indexes_do_without_it(free):
    class Refused:
        cuda = None

    X, labels = examples(100)
    DkNN(3, 5, 'kdtree', device=Refused()).fit(X, labels)
    with pytest.raises(ArgumentError, match='is no array module'):
        DkNN(3, 5, device=0)


def test_an_index_with_a_gpu_is_copied_for_every_layer(free):
    X, labels = examples(100)
    index = ExactIndex(device=fake_device.Module())
    dknn = DkNN(3, 5, index).fit(X, labels)
    assert [one.device for one in dknn.indexes_] == 2 * [index.device]
    assert copy.deepcopy(index).device is index.device


# ----------------------------------------------------------------- a real one

@pytest.fixture(params=['kept', 'sent'])
def cupy(request):
    """CuPy, with a GPU that is kept from having room, or not."""
    import cupy
    made = devices.Gpu(cupy)
    if request.param == 'sent':
        made._left = 1 << 60
    return made


@pytest.mark.gpu
@pytest.mark.parametrize('kind', ['plain', 'duplicates', 'far queries',
                                  'constant columns', 'denormal', 'huge'])
def test_neighbors_on_a_real_gpu(kind, cupy):
    for seed, n, width, k in [(0, 40, 1, 3), (2, 20_000, 120, 75)]:
        X, Q = (values.astype(np.float32)
                for values in hostile(kind, n, width, seed))
        assert_exact(ExactIndex(device=cupy).fit(X), Q, k)


@pytest.mark.gpu
def test_dknn_on_a_real_gpu(cupy):
    X, labels = examples(20_000)
    Q, targets = examples(2000, seed=1)
    expected, found = (
        DkNN(3, 75, device=device).fit(X, labels)
        .use_tuning([2., 1.], [1, 1]) for device in (None, cupy))
    np.testing.assert_array_equal(expected.votes(Q), found.votes(Q))
    np.testing.assert_array_equal(expected.soft_log_odds(Q),
                                  found.soft_log_odds(Q))
    for one, two in zip(expected.soft_gradients(Q, targets),
                        found.soft_gradients(Q, targets), strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-9, atol=1e-9)
