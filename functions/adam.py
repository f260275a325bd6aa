"""Chainer's Adam without its temporaries, on a CPU.

A step of ``chainer.optimizers.Adam`` passes over each parameter's memory
about fifteen times.  This one does the same operations in the same order on
one block after another, each small enough for a cache, so the parameters
agree with Chainer's to the last bit.
"""
import compat  # noqa: F401  (before Chainer)

import chainer
import numpy as np
from chainer.optimizers.adam import AdamRule

BLOCK = 1 << 14  # numbers; six such blocks of float32 fit into a cache


class BlockwiseAdamRule(AdamRule):
    """Update rule of plain Adam (Kingma and Ba 2015, algorithm 1).

    AMSGrad, AdaBound and weight decay are left to Chainer's rule, and so are
    arrays that are not contiguous.
    """

    def update_core_cpu(self, param):
        if param.grad is None:
            return
        hp = self.hyperparam
        if hp.amsgrad or hp.adabound or hp.weight_decay_rate:
            super().update_core_cpu(param)
            return
        arrays = (param.data, param.grad, self.state['m'], self.state['v'])
        if not all(array.flags.c_contiguous for array in arrays):
            super().update_core_cpu(param)
            return
        flat = [array.reshape(-1) for array in arrays]
        scratch = np.empty((2, min(BLOCK, param.size)), param.dtype)
        for begin in range(0, param.size, BLOCK):
            blocks = [array[begin:begin + BLOCK] for array in flat]
            a, b = scratch[:, :len(blocks[0])]
            self._update_block(*blocks, a, b)

    def _update_block(self, p, grad, m, v, a, b):
        hp = self.hyperparam
        # m += (1 - beta1) * (grad - m)
        np.subtract(grad, m, out=a)
        a *= 1 - hp.beta1
        m += a
        # v += (1 - beta2) * (grad * grad - v)
        np.multiply(grad, grad, out=a)
        a -= v
        a *= 1 - hp.beta2
        v += a
        # p -= eta * alpha_t / (sqrt(v) + eps) * m
        np.sqrt(v, out=b)
        b += hp.eps
        np.divide(self.alpha_t, b, out=b)
        b *= m
        b *= -hp.eta
        p += b


class Adam(chainer.optimizers.Adam):
    """Adam for parameters on a CPU or a GPU.

    Args as for ``chainer.optimizers.Adam``.
    """

    def create_update_rule(self):
        return BlockwiseAdamRule(self.hyperparam)
