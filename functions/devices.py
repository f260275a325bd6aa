"""Where arrays lie, and what follows from it for batches and threads.

The functions of this package take arrays of NumPy or of CuPy.  Word ids,
lengths and the indices made of them are NumPy's; ``send`` takes them to the
device, and ``to_numpy`` brings results back.
"""
import compat  # noqa: F401  (before Chainer)

import contextlib
import importlib.util

import chainer
import numpy as np
from chainer.backends import cuda

import parallel

TOKENS_ON_GPU = 16384  # in a batch


def count_gpus():
    """GPUs that can be used, and why there are none.

    Returns:
        tuple: Their number, int, and the reason if it is 0, a str of one
        line.
    """
    if not cuda.available:
        if importlib.util.find_spec('cupy') is None:
            return 0, 'CuPy is not installed (make setup GPU=cuda12)'
        reason = ' '.join(str(cuda._resolution_error).split())
        return 0, f'CuPy cannot be imported ({reason})'
    try:
        n = cuda.cupy.cuda.runtime.getDeviceCount()
    except RuntimeError as error:
        return 0, ('CuPy is installed, but there is no GPU or no driver for '
                   f'it ({error})')
    return n, '' if n else 'CuPy is installed, but there is no GPU'


def on_cpu(x):
    """Whether something lies in the memory of a CPU.

    Args:
        x (ndarray, Variable or Link): An array, what holds one, or a network.

    Returns:
        bool: Whether its arrays are NumPy's.
    """
    if isinstance(x, chainer.Link):
        return x.xp is np
    return chainer.backend.get_array_module(x) is np


def to_numpy(variable):
    """The array of a Variable, on a CPU.

    Args:
        variable (Variable): On any device, of any shape.

    Returns:
        ndarray: The array itself, or a copy if it is on a GPU.
    """
    return cuda.to_cpu(variable.array)


def send(array, x):
    """An array of the CPU, where something else lies.

    Args:
        array (ndarray): Of NumPy.
        x (ndarray or Variable): On any device.

    Returns:
        ndarray: The array itself on a CPU, a copy on the GPU of x.
    """
    xp = chainer.backend.get_array_module(x)
    return array if xp is np else xp.asarray(array)


def tokens_per_batch(x, tokens_on_cpu):
    """How many tokens a batch without a graph should hold.

    Args:
        x (ndarray, Variable or Link): The network, or a part of it.
        tokens_on_cpu (int): The best number on a CPU.

    Returns:
        int: That number on a CPU, ``TOKENS_ON_GPU`` on a GPU.
    """
    return tokens_on_cpu if on_cpu(x) else TOKENS_ON_GPU


def seed(x, value):
    """Seeds the generators that initial weights and dropout draw from.

    Args:
        x (Link): A network on the device that is used.
        value (ndarray): Unsigned 32-bit integers, at least one.
    """
    np.random.seed(value)
    if not on_cpu(x):  # CuPy takes one number
        x.xp.random.seed(int(value[0]))


@contextlib.contextmanager
def seeded(x, value):
    """Draws initial weights and dropout from a seed, for a while.

    Args:
        x (Link): A network on the device that is used.
        value (int): From 0 to 2^32 - 1.

    Yields:
        None: NumPy's generator is as before when the block ends; that of a
        GPU, which can only be seeded, is not.
    """
    state = np.random.get_state()
    np.random.seed(value)
    if not on_cpu(x):
        x.xp.random.seed(value)
    try:
        yield
    finally:
        np.random.set_state(state)


def n_workers(x):
    """How many batches are computed at the same time.

    Args:
        x (ndarray, Variable or Link): The network, or a part of it.

    Returns:
        int: At least 1; on a GPU, 1.
    """
    return parallel.n_workers() if on_cpu(x) else 1


def n_parts(x, n_tokens):
    """Into how many parts a batch is divided, each computed by itself.

    Args:
        x (ndarray, Variable or Link): The network, or a part of it.
        n_tokens (int): Tokens of the batch.

    Returns:
        int: As many as ``n_workers`` on a CPU; on a GPU so many that each has
        about ``TOKENS_ON_GPU`` at most.
    """
    return n_workers(x) if on_cpu(x) else -(-n_tokens // TOKENS_ON_GPU)


def run_batches(work, batches, x):
    """Results of some work on each batch.

    On a CPU all cores share the batches (see ``parallel.run``, also for
    what the work must not do); a GPU takes one after another.

    Args:
        work (callable): Function of one batch.
        batches (iterable): The batches.
        x (ndarray, Variable or Link): The network, or a part of it.

    Returns:
        list: ``[work(batch) for batch in batches]``.
    """
    if on_cpu(x):
        return parallel.run(work, batches)
    return [work(batch) for batch in batches]
