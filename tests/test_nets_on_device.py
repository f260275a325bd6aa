"""Every encoder on a device against the same on the CPU.

The device is none (``fake_device``), where everything can be checked but the
kernels' text and CuPy itself; marked ``gpu``, it is GPU 0.
"""
import compat  # noqa: F401  (before Chainer)

import chainer
import fake_device
import numpy as np
import pytest
from on_devices import (
    ALL,
    LABELS,
    assert_close,
    classifier,
    examples,
    measured,
    trained,
)

from functions import devices, packing
from functions.adam import Adam

CPU = chainer.get_device('@numpy')


@pytest.fixture
def device():
    with fake_device.used():
        yield chainer.get_device('@cupy:0')


@pytest.mark.parametrize(('name', 'pair'), ALL)
def test_what_a_network_is_asked_for(name, pair, device):
    expected, found = (measured(classifier(name, pair, where), pair)
                       for where in (CPU, device))
    assert_close(found, expected, 1e-5)


@pytest.mark.parametrize(('name', 'pair'), ALL)
def test_three_steps_of_training(name, pair, device):
    expected, found = (trained(classifier(name, pair, where), where, pair)
                       for where in (CPU, device))
    assert_close(found, expected, 1e-4)


@pytest.mark.parametrize(('name', 'pair'), ALL)
def test_parts_of_a_batch_are_the_whole(name, pair, device, monkeypatch):
    """All words left out, in parts of a few tokens as in one."""
    model, xs = classifier(name, pair, device), examples(pair)
    whole = model.leave_one_out(xs)
    asked = []
    run_batches = devices.run_batches
    monkeypatch.setattr(
        devices, 'run_batches',
        lambda work, batches, x: run_batches(
            work, asked.append(len(batches)) or batches, x))
    monkeypatch.setattr(devices, 'TOKENS_ON_GPU', 10)
    parts = model.leave_one_out(xs)
    assert asked[0] == 3  # of 29 tokens
    for a, b in zip([parts[0], *parts[1]], [whole[0], *whole[1]],
                    strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


@pytest.mark.parametrize('name', ['bilstm', 'bow', 'cnn', 'rnn'])
def test_a_forgotten_transfer_of_ids_or_rows(name, device, monkeypatch):
    """Without ``devices.send`` nothing runs."""
    model = classifier(name, False, device)
    monkeypatch.setattr(devices, 'send', lambda array, x: array)
    for call in (model.predict, model.leave_one_out, model.word_gradients):
        with pytest.raises(TypeError, match='was not sent to the device'):
            call(examples(False))


def test_nothing_is_fetched_within_a_pass(device, monkeypatch):
    """Results come back at the end: logits and each layer, once."""
    model = classifier('bilstm', False, device)
    fetched = []
    get = fake_device.Array.get
    monkeypatch.setattr(fake_device.Array, 'get', lambda x, *args: (
        fetched.append(x.shape) or get(x)))
    model.leave_one_out(examples(False))
    assert fetched == [(24, 3), (24, 12), (24, 12)]


@pytest.mark.parametrize('name', ['bilstm', 'bow', 'cnn', 'rnn'])
def test_what_is_sent_does_not_grow_with_texts(name, device, monkeypatch):
    """Longer texts, and more of them, take no more transfers."""
    model = classifier(name, False, device)
    sent = []
    asarray = fake_device.Module.asarray
    monkeypatch.setattr(
        fake_device.Module, 'asarray', lambda xp, x, dtype=None: (
            sent.append(x) or asarray(xp, x, dtype)))
    counts = []
    for lengths in [3, 4], [20, 30, 7, 40]:
        texts = [np.append(np.arange(1, n), 0).astype(np.int32) % 9
                 for n in lengths]
        for call in (model.predict, model.leave_one_out,
                     model.word_gradients):
            sent.clear()
            call(texts)
            counts.append(len(sent))
    assert counts[:3] == counts[3:] and min(counts) > 0


# ------------------------------------------------------------------ on a GPU

@pytest.fixture
def gpu():
    device = chainer.get_device('@cupy:0')
    device.use()
    return device


@pytest.mark.gpu
@pytest.mark.parametrize(('name', 'pair'), ALL)
def test_what_a_network_is_asked_for_on_a_gpu(name, pair, gpu):
    expected, found = (measured(classifier(name, pair, where), pair)
                       for where in (CPU, gpu))
    assert_close(found, expected, 1e-4)


@pytest.mark.gpu
@pytest.mark.parametrize(('name', 'pair'), ALL)
def test_training_without_dropout_on_a_gpu(name, pair, gpu, monkeypatch):
    """Dropout draws from a generator of its own there."""
    monkeypatch.setattr(chainer.functions, 'dropout', lambda x, *args: x)
    expected, found = (trained(classifier(name, pair, where), where, pair)
                       for where in (CPU, gpu))
    assert_close(found, expected, 1e-3)


@pytest.mark.gpu
@pytest.mark.parametrize(('name', 'pair'), ALL)
def test_the_same_seed_gives_the_same_losses_on_a_gpu(name, pair, gpu):
    def losses(seed):
        model = classifier(name, pair, gpu)
        optimizer = Adam(alpha=1e-2).setup(model)
        devices.seed(model, np.array([seed], np.uint32))
        found = []
        for _ in range(3):
            model.cleargrads()
            loss = model(examples(pair), gpu.send(LABELS))
            loss.backward()
            optimizer.update()
            found.append(float(loss.array))
        return found

    assert losses(1) == losses(1) != losses(2)


@pytest.mark.gpu
def test_an_embeddings_gradient_is_the_same_each_time_on_a_gpu(gpu):
    rng = np.random.default_rng(0)
    ids = rng.integers(0, 50, 5000)
    w = chainer.Variable(gpu.send(rng.standard_normal((50, 300)).astype('f')))
    gy = gpu.send(rng.standard_normal((5000, 300)).astype('f'))
    found = []
    for _ in range(2):
        w.cleargrad()
        e = packing.embed_id(ids, w)
        e.grad = gy
        e.backward()
        found.append(w.grad.get())
    np.testing.assert_array_equal(*found)
    expected = np.zeros((50, 300))
    np.add.at(expected, ids, gy.get().astype(float))
    np.testing.assert_allclose(found[0], expected, atol=1e-3)
