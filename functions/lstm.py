"""LSTM layers over packed texts.

The equations are those of ``chainer.functions.n_step_lstm``.  Here the gates
stand in the order input, forget, output, cell: the three sigmoids side by
side.  With sigmoid(z) = tanh(z / 2) / 2 + 1 / 2 a single tanh serves all four,
once the sigmoids' inputs are halved.
"""
import compat  # noqa: F401  (before Chainer)

import chainer
import chainer.functions as F
import numpy as np
from chainer import function_node

from functions import devices, packing

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
        first = packing.offsets(lengths)[order]
        step = 1
        if reverse:
            first = first + lengths[order] - 1
            step = -1
        sizes = n_reading(lengths)
        self.sizes = sizes.tolist()
        self.rows = np.concatenate(
            [first[:size] + step * t for t, size in enumerate(self.sizes)])
        begin = packing.offsets(sizes)
        self.last = np.empty(len(lengths), np.intp)
        self.last[order] = begin[lengths[order] - 1] + np.arange(len(lengths))


def layer_states(gates, sizes, wh):
    """States of one LSTM layer from the products with its input.

    Args:
        gates (ndarray): Floats (T, 4n) in time-major order, ``wx x + b``;
            overwritten.
        sizes (list): Number of texts at each step, never growing.
        wh (ndarray): Floats (4n, n).

    Returns:
        tuple: Hidden and cell states, ndarrays (T, n).
    """
    n = wh.shape[1]
    gates[:, :3 * n] *= 0.5
    hs, cs, _ = _run_layer(gates, sizes, _halved(wh).T)
    return hs, cs


def _halved(w):
    """Weights (4n, ...) with those of the sigmoids halved."""
    half = w.copy()
    half[:3 * len(w) // 4] *= 0.5
    return half


def _steps(sizes):
    """Slice of the rows of each step, in time-major order."""
    ends = np.cumsum(sizes).tolist()
    return [slice(end - size, end)
            for end, size in zip(ends, sizes, strict=True)]


def _run_layer(gates, sizes, wh):
    """Turns inputs of the gates, (T, 4n), the sigmoids' halved, into the
    values of the gates, in place; hidden states, cell states and the tanh of
    these, (T, n) each."""
    wh = np.ascontiguousarray(wh)
    n = len(wh)
    hs = np.empty((len(gates), n), gates.dtype)
    cs, tanh_cs = np.empty_like(hs), np.empty_like(hs)
    previous = None
    for rows in _steps(sizes):
        g, c = gates[rows], cs[rows]
        size = len(g)
        if previous is not None:
            g += hs[previous][:size] @ wh
        np.tanh(g, out=g)
        sigmoids = g[:, :3 * n]
        sigmoids *= 0.5
        sigmoids += 0.5
        np.multiply(g[:, :n], g[:, 3 * n:], out=c)
        if previous is not None:
            c += g[:, n:2 * n] * cs[previous][:size]
        np.tanh(c, out=tanh_cs[rows])
        np.multiply(g[:, 2 * n:3 * n], tanh_cs[rows], out=hs[rows])
        previous = rows
    return hs, cs, tanh_cs


class _LSTM(function_node.FunctionNode):

    def __init__(self, sizes):
        super().__init__()
        self.sizes = sizes

    def forward(self, inputs):
        x, wx, wh, b = inputs
        gates = x @ _halved(wx).T  # (T, 4n)
        gates += _halved(b)
        hs, cs, tanh_cs = _run_layer(gates, self.sizes, _halved(wh).T)
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
        gwh = ga[sizes[0]:].T @ hs[earlier]
        grads = ga @ wx, ga.T @ x, gwh, ga.sum(axis=0)
        return tuple(chainer.as_variable(g) for g in grads)

    def _backward_gates(self, ghs, wh):
        """Gradient at the inputs of the four gates, (T, 4n)."""
        gates, _, cs, tanh_cs = self.states
        ga = np.empty_like(gates)
        steps = _steps(self.sizes)
        # What flows back from the step after, to the texts it still reads.
        gh_after = gc_after = ghs[:0]
        for t in reversed(range(len(steps))):
            rows = steps[t]
            gh = ghs[rows].copy()
            gh[:len(gh_after)] += gh_after
            c_before = cs[steps[t - 1]][:len(gh)] if t else None
            gc_after = _backward_step(gates[rows], tanh_cs[rows], c_before,
                                      gh, gc_after, ga[rows])
            gh_after = ga[rows] @ wh
        return ga


def _backward_step(g, tanh_c, c_before, gh, gc_after, ga):
    """One step back through a layer, for the B texts that it reads.

    Args:
        g (ndarray): Floats (B, 4n), values of the gates.
        tanh_c (ndarray): Floats (B, n), tanh of the cell states.
        c_before (ndarray): Floats (B, n), the cell states one step earlier;
            None at the first step.
        gh (ndarray): Floats (B, n), gradient at the hidden states.
        gc_after (ndarray): Floats (m, n), gradient at the cell states from
            the step after, of the first m texts.
        ga (ndarray): Floats (B, 4n), filled with the gradient at the inputs
            of the gates.

    Returns:
        ndarray: Floats (B, n), gradient at the cell states one step earlier.
    """
    n = gh.shape[1]
    i, f, o, a = (g[:, j * n:(j + 1) * n] for j in range(4))
    gc = gh * o * (1 - tanh_c * tanh_c)
    gc[:len(gc_after)] += gc_after
    np.multiply(gc, a, out=ga[:, :n])
    if c_before is None:
        ga[:, n:2 * n] = 0
    else:
        np.multiply(gc, c_before, out=ga[:, n:2 * n])
    np.multiply(gh, tanh_c, out=ga[:, 2 * n:3 * n])
    sigmoids = g[:, :3 * n]
    ga[:, :3 * n] *= sigmoids * (1 - sigmoids)
    np.multiply(gc * i, 1 - a * a, out=ga[:, 3 * n:])
    return gc * f


def lstm_layer(x, sizes, wx, wh, b):
    """One LSTM layer over tokens in ``TimeMajor`` order, on a CPU.

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
    if not devices.on_cpu(x):
        return _last_states_by_chainer(stack, x, lengths, reverse)
    order = TimeMajor(lengths, reverse)
    h = packing.take_rows(x, order.rows)
    states = []
    for i, weights in enumerate(layer_weights(stack)):
        if i:
            h = F.dropout(h, stack.dropout)
        h = lstm_layer(h, order.sizes, *weights)
        states.append(packing.take_rows(h, order.last))
    return states


def _last_states_by_chainer(stack, x, lengths, reverse):
    """The same by Chainer's own function."""
    xs = packing.unpack(x, lengths)
    if reverse:
        xs = [x[::-1] for x in xs]
    h, _, _ = stack(None, None, xs)  # (layers, B, n)
    return list(F.separate(h))
