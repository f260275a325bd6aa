"""LSTM layers over packed texts.

The equations are those of ``chainer.functions.n_step_lstm``.  Here the gates
stand in the order input, forget, output, cell: the three sigmoids side by
side.  All texts take a step together: a product, and what ``lstm_steps`` does
with it.
"""
import compat  # noqa: F401  (before Chainer)

import chainer
import chainer.functions as F
import numpy as np
from chainer import function_node

from functions import devices, lstm_steps, packing, segments

# Where an NStepLSTM keeps the gates input, forget, output, cell among its
# weights.  (Chainer's documentation has the last two the other way round.)
NSTEP_GATES = 0, 1, 3, 2


def n_reading(lengths):
    """How many texts are still being read at each step.

    Args:
        lengths (ndarray): Integers (B,), the steps that each text takes.

    Returns:
        ndarray: Integers (longest,): number of lengths above 0, above 1, ...
    """
    steps = np.arange(lengths.max(initial=0))
    return len(lengths) - np.searchsorted(np.sort(lengths), steps,
                                          side='right')


class TimeMajor:
    """Order of packed tokens in which a recurrent layer reads them.

    First the first tokens of all texts, the longest text first, then the
    second tokens of those that have one, and so on.

    Args:
        lengths (ndarray): Integers (B,).
        reverse (bool): Read each text from its last token to its first.

    Attributes:
        rows (ndarray): Integers (T,), the packed row of the token read at
            each place.
        sizes (list): Number of texts still being read at each step.
        last (ndarray): Integers (B,), the place of each text's last step, in
            the texts' own order.
    """

    def __init__(self, lengths, reverse=False):
        order = np.argsort(-lengths, kind='stable')
        first = segments.offsets(lengths)[order]
        step = 1
        if reverse:
            first = first + lengths[order] - 1
            step = -1
        sizes = n_reading(lengths)
        self.sizes = sizes.tolist()
        self.rows = np.concatenate(
            [first[:size] + step * t for t, size in enumerate(self.sizes)])
        begin = segments.offsets(sizes)
        self.last = np.empty(len(lengths), np.intp)
        self.last[order] = begin[lengths[order] - 1] + np.arange(len(lengths))


def layer_states(gates, sizes, wh):
    """States of one LSTM layer from the products with its input.

    Args:
        gates (ndarray): Floats (T, 4n) in time-major order, ``wx x + b`` of
            ``halved`` weights; overwritten with the values of the gates.
        sizes (list): Number of texts at each step, never growing.
        wh (ndarray): Floats (4n, n), ``halved``.

    Returns:
        tuple: Hidden states, cell states and the tanh of these, ndarrays
        (T, n).
    """
    xp = chainer.backend.get_array_module(gates)
    wh = xp.ascontiguousarray(wh.T)
    hs = xp.empty((len(gates), len(wh)), gates.dtype)
    cs, tanh_cs = xp.empty_like(hs), xp.empty_like(hs)
    product = c = previous = None
    for rows in _steps(sizes):
        g = gates[rows]
        if previous is not None:
            product = hs[previous][:len(g)] @ wh
            c = cs[previous][:len(g)]
        lstm_steps.forward(g, product, c, cs[rows], tanh_cs[rows], hs[rows])
        previous = rows
    return hs, cs, tanh_cs


def halved(w):
    """Weights with those of the sigmoids halved, as ``lstm_steps`` wants.

    Args:
        w (ndarray): Floats (4n, ...).

    Returns:
        ndarray: A copy, (4n, ...).
    """
    half = w.copy()
    half[:3 * len(w) // 4] *= 0.5
    return half


def _steps(sizes):
    """Slice of the rows of each step, in time-major order."""
    ends = np.cumsum(sizes).tolist()
    return [slice(end - size, end)
            for end, size in zip(ends, sizes, strict=True)]


class _LSTM(function_node.FunctionNode):

    def __init__(self, sizes):
        super().__init__()
        self.sizes = sizes

    def forward(self, inputs):
        x, wx, wh, b = inputs
        gates = x @ halved(wx).T  # (T, 4n)
        gates += halved(b)
        hs, cs, tanh_cs = layer_states(gates, self.sizes, halved(wh))
        if chainer.config.enable_backprop:
            self.retain_inputs((0, 1, 2))
            self.states = gates, hs, cs, tanh_cs
        return hs,

    def backward(self, indexes, grad_outputs):
        x, wx, wh = (v.array for v in self.get_retained_inputs())
        _, hs, _, _ = self.states
        ga = self._backward_gates(grad_outputs[0].array, wh)
        # Each row from the second step on, and the row of the same text one
        # step earlier, whose hidden state the gates took in.
        sizes = np.array(self.sizes)
        later = np.arange(sizes[0], len(hs))
        earlier = later - np.repeat(sizes[:-1], sizes[1:])
        gwh = ga[sizes[0]:].T @ hs[devices.send(earlier, hs)]
        grads = ga @ wx, ga.T @ x, gwh, ga.sum(axis=0)
        return tuple(chainer.as_variable(g) for g in grads)

    def _backward_gates(self, ghs, wh):
        """Gradient at the inputs of the four gates, (T, 4n)."""
        xp = chainer.backend.get_array_module(ghs)
        gates, _, cs, tanh_cs = self.states
        ga = xp.empty_like(gates)
        steps = _steps(self.sizes)
        # What flows back from the step after; it reads the first texts only.
        gh_after = xp.zeros((self.sizes[0], ghs.shape[1]), ghs.dtype)
        gc_after = xp.zeros_like(gh_after)
        for t in reversed(range(len(steps))):
            rows, size = steps[t], self.sizes[t]
            c_before = cs[steps[t - 1]][:size] if t else None
            lstm_steps.backward(gates[rows], tanh_cs[rows], c_before,
                                ghs[rows], gh_after[:size], ga[rows],
                                gc_after[:size])
            if t:
                xp.matmul(ga[rows], wh, out=gh_after[:size])
        return ga


def lstm_layer(x, sizes, wx, wh, b):
    """One LSTM layer over tokens in ``TimeMajor`` order.

    Args:
        x (Variable): Floats (T, d), in time-major order.
        sizes (list): Number of texts at each step, never growing.
        wx (Variable): Floats (4n, d).
        wh (Variable): Floats (4n, n).
        b (Variable): Floats (4n,), the sum of both biases.

    Returns:
        Variable: Floats (T, n), the hidden state after each token.
    """
    return _LSTM(sizes).apply((x, wx, wh, b))[0]


def layer_weights(stack):
    """Weights of each layer of a stack, as ``lstm_layer`` takes them.

    Args:
        stack (NStepLSTM): Chainer's link, of layers n wide.

    Returns:
        list: Tuples of Variables wx (4n, width of the layer's input), wh
        (4n, n) and b (4n,).
    """
    layers = []
    for ws, bs in zip(stack.ws, stack.bs, strict=True):
        wx, wh, bx, bh = (
            F.concat([params[begin + gate] for gate in NSTEP_GATES], axis=0)
            for params in (ws, bs) for begin in (0, 4))
        layers.append((wx, wh, bx + bh))
    return layers


def last_states(stack, x, lengths, reverse=False):
    """Last hidden state of each layer of a stack.

    Args:
        stack (NStepLSTM): Chainer's link, of layers n wide.
        x (Variable): Floats (T, d), packed.
        lengths (ndarray): Integers (B,).
        reverse (bool): Read each text from its last token to its first.

    Returns:
        list: Variables (B, n), one of each layer, the lowest first.
    """
    order = TimeMajor(lengths, reverse)
    h = packing.take_rows(x, order.rows)
    states = []
    for i, weights in enumerate(layer_weights(stack)):
        if i:
            h = F.dropout(h, stack.dropout)
        h = lstm_layer(h, order.sizes, *weights)
        states.append(packing.take_rows(h, order.last))
    return states
