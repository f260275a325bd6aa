"""The same networks and batches on a CPU and on another device."""
import compat  # noqa: F401  (before Chainer)

import numpy as np

import nets
from functions import devices
from functions.adam import Adam
from nlp_utils import Texts

N_VOCAB = 30
ALL = [(model, pair) for model in sorted(nets.ENCODERS)
       for pair in (False, True)]
LABELS = np.array([0, 1, 2, 0, 1], np.int32)


def classifier(name, pair, device):
    """A small network whose weights are large enough to matter."""
    np.random.seed(1)
    model = nets.make_classifier(name, N_VOCAB, 3, n_units=6, n_layers=2,
                                 pair=pair, embed_units=5)
    for parameter in model.params():
        parameter.array *= 2
    model.to_device(device)
    return model


def examples(pair):
    """Five examples: words that occur often, one text of nothing but <eos>."""
    rng = np.random.default_rng(2)
    sides = [[np.append(rng.integers(1, 9, n), 0).astype(np.int32)
              for n in rng.permutation([4, 0, 11, 7, 2])] for _ in range(2)]
    return Texts(*sides) if pair else Texts(sides[0])


def measured(model, pair):
    """Name to array: what a trained network is asked for."""
    xs = examples(pair)
    logits, layers = model.logits_and_activations(xs)
    found = {'logits': logits, 'predict': model.predict(xs),
             **{f'layer {i}': h for i, h in enumerate(layers)}}
    for side in range(1 + pair):
        z, hs = model.leave_one_out(xs, side)
        found.update({f'left out {side} {i}': h
                      for i, h in enumerate([z, *hs])})
    found['word gradients'] = np.concatenate(model.word_gradients(xs))
    for name, arrays in [
            ('gradients at', model.embedding_gradients(xs, LABELS)),
            ('through layers', model.gradients_through_layers(
                xs, lambda layers: [2 * h for h in layers]))]:
        found.update({f'{name} {i}': g for i, g in enumerate(arrays)})
    return found


def trained(model, device, pair):
    """Name to array: losses, gradients and parameters of three steps of Adam,
    with dropout, the last one adversarial."""
    found = {}
    optimizer = Adam(alpha=1e-2).setup(model)
    devices.seed(model, np.array([3], np.uint32))
    for step in range(3):
        model.cleargrads()
        model.backward(examples(pair), device.send(LABELS),
                       adversarial=.5 if step == 2 else 0)
        for name, parameter in sorted(model.namedparams()):
            found[f'gradient {step} {name}'] = copied(parameter.grad)
        optimizer.update()
        for name, parameter in sorted(model.namedparams()):
            found[f'parameter {step} {name}'] = copied(parameter.array)
    return found


def copied(array):
    return array.copy() if isinstance(array, np.ndarray) else array.get()


def assert_close(found, expected, tolerance):
    """That arrays are the same but for a part of their norm."""
    assert found.keys() == expected.keys()
    for name, wanted in expected.items():
        assert found[name].shape == wanted.shape, name
        assert found[name].dtype == wanted.dtype, name
        error = np.linalg.norm(found[name] - wanted)
        assert error <= tolerance * np.linalg.norm(wanted), name
