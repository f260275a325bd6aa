"""One step of an LSTM layer, forwards and backwards, on any device.

The gates of a text stand side by side, input, forget, output, cell, each n
wide.  The inputs of the three sigmoids come halved, for with sigmoid(z) =
tanh(z / 2) / 2 + 1 / 2 a single tanh then serves all four gates.

On a CPU a step is a few calls of NumPy in place, on a GPU one kernel.  The
kernels' statements are both C and Python, so that a test runs them where
there is no GPU: assignments without types, and no division of integers.
"""
import compat  # noqa: F401  (before Chainer)

import functools

import chainer
import numpy as np

# What cupy.ElementwiseKernel takes.  i counts the entries of arrays (B, n);
# `at` is where the text's and the unit's input gate stands in (B, 4n).
FORWARD = dict(
    in_params='raw T product, T c_before, int64 width',
    out_params='raw T gates, T c, T tanh_c, T h',
    operation='''
        at = i * 4 - i % width * 3;
        in_gate = (tanh(gates[at] + product[at]) + 1) / 2;
        at = at + width;
        forget_gate = (tanh(gates[at] + product[at]) + 1) / 2;
        at = at + width;
        out_gate = (tanh(gates[at] + product[at]) + 1) / 2;
        at = at + width;
        cell = tanh(gates[at] + product[at]);
        gates[at] = cell;
        gates[at - width] = out_gate;
        gates[at - width * 2] = forget_gate;
        gates[at - width * 3] = in_gate;
        c = forget_gate * c_before + in_gate * cell;
        tanh_c = tanh(c);
        h = out_gate * tanh_c''',
    name='lstm_step_forward',
    loop_prep='ptrdiff_t at; T in_gate, forget_gate, out_gate, cell')
BACKWARD = dict(
    in_params='raw T gates, T tanh_c, T c_before, T gh, T gh_after, '
              'int64 width',
    out_params='raw T ga, T gc',
    operation='''
        at = i * 4 - i % width * 3;
        in_gate = gates[at];
        forget_gate = gates[at + width];
        out_gate = gates[at + width * 2];
        cell = gates[at + width * 3];
        g = gh + gh_after;
        g_cell = g * out_gate * (1 - tanh_c * tanh_c) + gc;
        ga[at] = g_cell * cell * (in_gate * (1 - in_gate));
        at = at + width;
        ga[at] = g_cell * c_before * (forget_gate * (1 - forget_gate));
        at = at + width;
        ga[at] = g * tanh_c * (out_gate * (1 - out_gate));
        at = at + width;
        ga[at] = g_cell * in_gate * (1 - cell * cell);
        gc = g_cell * forget_gate''',
    name='lstm_step_backward',
    loop_prep='ptrdiff_t at; '
              'T in_gate, forget_gate, out_gate, cell, g, g_cell')


@functools.cache
def kernel(xp, name):
    """One of the kernels above.

    Args:
        xp (module): CuPy.
        name (str): ``'FORWARD'`` or ``'BACKWARD'``.

    Returns:
        ElementwiseKernel: Compiled when it is first called.
    """
    return xp.ElementwiseKernel(**globals()[name])


def forward(gates, product, c_before, c, tanh_c, h):
    """One step through a layer, for the B texts that it reads.

    Args:
        gates (ndarray): Floats (B, 4n), what the layer's input gives to the
            gates; overwritten with the gates' values.
        product (ndarray): Floats (B, 4n), what the hidden states before give
            to them; None at the first step.
        c_before (ndarray): Floats (B, n), the cell states before; None at the
            first step.
        c (ndarray): Floats (B, n), filled with the cell states; may be
            ``c_before``.
        tanh_c (ndarray): Floats (B, n), filled with their tanh; may be h.
        h (ndarray): Floats (B, n), filled with the hidden states.
    """
    xp = chainer.backend.get_array_module(gates)
    if xp is np:
        _forward_in_place(gates, product, c_before, c, tanh_c, h)
        return
    if product is None:
        product, c_before = xp.zeros_like(gates), xp.zeros_like(c)
    kernel(xp, 'FORWARD')(product, c_before, c.shape[1], gates, c, tanh_c, h)


def _forward_in_place(gates, product, c_before, c, tanh_c, h):
    n = c.shape[1]
    if product is not None:
        gates += product
    np.tanh(gates, out=gates)
    sigmoids = gates[:, :3 * n]
    sigmoids *= 0.5
    sigmoids += 0.5
    i, f, o, a = (gates[:, j * n:(j + 1) * n] for j in range(4))
    if c_before is None:
        np.multiply(i, a, out=c)
    else:
        np.multiply(f, c_before, out=c)
        c += i * a
    np.tanh(c, out=tanh_c)
    np.multiply(o, tanh_c, out=h)


def backward(gates, tanh_c, c_before, gh, gh_after, ga, gc):
    """One step back through a layer, for the B texts that it reads.

    Args:
        gates (ndarray): Floats (B, 4n), values of the gates.
        tanh_c (ndarray): Floats (B, n), tanh of the cell states.
        c_before (ndarray): Floats (B, n), the cell states one step earlier;
            None at the first step.
        gh (ndarray): Floats (B, n), gradient at the hidden states.
        gh_after (ndarray): Floats (B, n), the same from the step after.
        ga (ndarray): Floats (B, 4n), filled with the gradient at the inputs
            of the gates.
        gc (ndarray): Floats (B, n), gradient at the cell states from the step
            after; overwritten with that one step earlier.
    """
    xp = chainer.backend.get_array_module(gates)
    if xp is np:
        _backward_in_place(gates, tanh_c, c_before, gh, gh_after, ga, gc)
        return
    if c_before is None:
        c_before = xp.zeros_like(gc)
    kernel(xp, 'BACKWARD')(gates, tanh_c, c_before, gh, gh_after,
                           gc.shape[1], ga, gc)


def _backward_in_place(gates, tanh_c, c_before, gh, gh_after, ga, gc):
    n = gc.shape[1]
    i, f, o, a = (gates[:, j * n:(j + 1) * n] for j in range(4))
    gh = gh + gh_after
    gc += gh * o * (1 - tanh_c * tanh_c)
    np.multiply(gc, a, out=ga[:, :n])
    if c_before is None:
        ga[:, n:2 * n] = 0
    else:
        np.multiply(gc, c_before, out=ga[:, n:2 * n])
    np.multiply(gh, tanh_c, out=ga[:, 2 * n:3 * n])
    sigmoids = gates[:, :3 * n]
    ga[:, :3 * n] *= sigmoids * (1 - sigmoids)
    np.multiply(gc * i, 1 - a * a, out=ga[:, 3 * n:])
    gc *= f
