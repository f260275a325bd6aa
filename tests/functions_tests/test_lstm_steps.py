"""The kernels' statements, as Python reads them, against the CPU's steps."""
import compat  # noqa: F401  (before Chainer)

import fake_device
import numpy as np
import pytest

from functions import lstm_steps

B, N = 3, 4


def arrays(shapes):
    rng = np.random.default_rng(0)
    return [rng.standard_normal(shape) for shape in shapes]


def run(step, given, xp=None):
    """The arrays after a step, None where there was none."""
    if xp is None:
        given = [None if x is None else x.copy() for x in given]
        step(*given)
        return given
    sent = [None if x is None else xp.asarray(x) for x in given]
    step(*sent)
    return [None if x is None else x.get() for x in sent]


@pytest.mark.parametrize('first', [False, True])
def test_forward(first):
    gates, product, c_before, c, tanh_c, h = arrays(
        [(B, 4 * N)] * 2 + [(B, N)] * 4)
    z = gates + (0 if first else product)
    i, f, o = (1 / (1 + np.exp(-2 * z[:, j * N:(j + 1) * N]))
               for j in range(3))  # their inputs are halved
    a = np.tanh(z[:, 3 * N:])
    cell = i * a + (0 if first else f * c_before)
    if first:
        product = c_before = None
    given = [gates, product, c_before, c, tanh_c, h]
    with fake_device.used() as xp:
        for found in run(lstm_steps.forward, given), run(
                lstm_steps.forward, given, xp):
            for x, expected in [
                    (found[0], np.concatenate([i, f, o, a], axis=1)),
                    (found[3], cell), (found[4], np.tanh(cell)),
                    (found[5], o * np.tanh(cell))]:
                np.testing.assert_allclose(x, expected, atol=1e-14)


@pytest.mark.parametrize('first', [False, True])
def test_backward(first):
    """The device's against the CPU's, whose gradient test_lstm.py checks."""
    given = arrays([(B, 4 * N)] + [(B, N)] * 4 + [(B, 4 * N), (B, N)])
    if first:
        given[2] = None
    expected = run(lstm_steps.backward, given)
    with fake_device.used() as xp:
        found = run(lstm_steps.backward, given, xp)
    for at in (5, 6):  # ga, gc
        assert abs(expected[at] - given[at]).min() > 1e-6
        np.testing.assert_allclose(found[at], expected[at], atol=1e-14)


@pytest.mark.parametrize('name', ['FORWARD', 'BACKWARD'])
def test_statements_declare_what_they_use(name):
    """C needs a declaration of each name that is not a parameter."""
    parts = getattr(lstm_steps, name)
    declared = {word.strip() for line in parts['loop_prep'].split(';')
                for word in line.split(maxsplit=1)[1].split(',')}
    parameters = {text.split()[-1] for key in ('in_params', 'out_params')
                  for text in parts[key].split(',')}
    code = compile('\n'.join(
        map(str.strip, parts['operation'].split(';'))), name, 'exec')
    assert set(code.co_names) - {'tanh'} == declared | parameters | {'i'}
