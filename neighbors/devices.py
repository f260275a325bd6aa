"""Where examples and queries are multiplied: a CPU, or a GPU through CuPy.

``Host`` and ``Gpu`` have the same attributes and methods.  What is sent is an
array of ``xp`` from then on, what is got one of NumPy's.
"""
import contextlib
import os
import threading

import numpy as np

from errors import ArgumentError
from neighbors import arrays

MOST_CELLS = 1 << 26  # entries of a product on a GPU, at most
# Bytes of an entry: a product and what is made of it, float64 at the most
CELL = 32
PRODUCTS = 8          # part of the free memory that one may take: 1 / 8
KEPT = 2              # ... and all kept examples: 1 / 2
# Variables that must not be set, and what they do
REFUSED = {
    'CUPY_TF32': 'rounds the factors of products',
    'CUBLAS_EMULATE_SINGLE_PRECISION': 'puts others in place of products',
    'CUBLAS_EMULATE_DOUBLE_PRECISION': 'puts others in place of products',
    'CUPY_CUDA_PER_THREAD_DEFAULT_STREAM':
        "lets one thread read what another's has not yet sent"}
PROBE = 256           # rows and columns of the product that is looked at
_turn = threading.Lock()


class Host:
    """The CPU: arrays are where they are wanted, and threads share them.

    Attributes:
        xp (module): Of its arrays.
        is_gpu (bool): Whether it is a GPU.
    """

    xp = np
    is_gpu = False

    @property
    def cells(self):
        """Entries of the largest product, an int."""
        return arrays.CELLS

    def turn(self):
        """A context to multiply in."""
        return contextlib.nullcontext()

    def send(self, array):
        """An array as one of ``xp``; itself where it is one already.

        Args:
            array (ndarray): Of NumPy or of ``xp``.
        """
        return array

    def get(self, array):
        """An array of ``xp`` as one of NumPy's."""
        return array

    def empty(self, shape):
        """A float32 array of ``xp`` whose values are not set."""
        return np.empty(shape, np.float32)

    def put(self, kept, rows, array):
        """Writes into some rows of an array of ``xp``.

        Args:
            kept (ndarray): (N, d).
            rows (slice): n of them.
            array (ndarray): (n, d), of NumPy.
        """
        kept[rows] = array

    def smallest(self, values, k):
        """The k smallest entries of each row, in any order.

        Args:
            values (ndarray): Of ``xp``, (B, n), n >= k.
            k (int): How many.

        Returns:
            ndarray: (B, k), of ``xp``.
        """
        return np.partition(values, k - 1, axis=1)[:, :k]

    def has_room(self, size, in_memory):
        """Whether examples can be kept here.

        Args:
            size (int): Bytes that they take.
            in_memory (bool): Whether the CPU's memory is to hold them.

        Returns:
            bool: What was planned for the CPU; whether a GPU has room.
        """
        return in_memory


class Gpu(Host):
    """A GPU: that which is current where this is made.

    One thread after another multiplies on it: several at once would each
    need the memory of a product, and be no faster.  Any thread may send and
    get: all use one stream, which does one thing after another.

    Half of the memory that is free when this is made is for examples that
    are kept, an eighth for a product; the rest is left to the network.

    The bounds on errors of products (``scan.ErrorBound`` and
    ``kernels.AllExamples``) hold in whatever order they are added up, with
    or without fused operations, but not for factors that are rounded first:
    TF32, or what else is taken in place of float32 and float64, is refused,
    by the variables of ``REFUSED`` and by a product that shows it.

    Args:
        xp (module): CuPy, or what has the same functions.

    Attributes:
        number (int): Of the GPU.
        cells (int): Entries of the largest product.

    Raises:
        ArgumentError: It has too little free memory, a variable of
            ``REFUSED`` is set, or it rounds the factors of products.
    """

    is_gpu = True
    cells = None

    def __init__(self, xp):
        self.xp = xp
        self.number = int(xp.cuda.Device().id)
        free = self._free()
        least = arrays.CELLS * CELL * PRODUCTS
        if free < least:
            raise ArgumentError(
                'device', self.number, f'has {free >> 20} MB of free memory, '
                f'but a search takes {least >> 20} MB; end what else uses '
                'it, or search on the CPU')
        self.cells = min(MOST_CELLS, free // PRODUCTS // CELL)
        self._left = free - free // KEPT
        self._check_settings()
        self._check_products()

    def __deepcopy__(self, memo):
        return self  # there is one GPU, whoever uses it

    @contextlib.contextmanager
    def turn(self):
        with _turn, self._current():
            yield

    def send(self, array):
        with self._current():
            return self.xp.asarray(array)

    def get(self, array):
        with self._current():
            return array.get()

    def empty(self, shape):
        with self._current():
            return self.xp.empty(shape, np.float32)

    def put(self, kept, rows, array):
        with self._current():
            kept[rows] = self.send(array)

    def smallest(self, values, k):
        # CuPy's partition is not taken: the threads of its kernel read what
        # others have written without waiting for them (no __syncwarp)
        return self.xp.sort(values, axis=1)[:, :k]

    def has_room(self, size, in_memory):
        return self._free() - size >= self._left

    def _current(self):
        """Makes it the GPU of this thread, which has one of its own."""
        return self.xp.cuda.Device(self.number)

    def _free(self):
        """Bytes that arrays could still take."""
        with self._current():
            pool = self.xp.get_default_memory_pool()
            free = self.xp.cuda.Device().mem_info[0] + pool.free_bytes()
            limit = pool.get_limit()  # 0: none
            if limit:
                free = min(free, max(0, limit - pool.used_bytes()))
            return free

    def _check_settings(self):
        for name, effect in REFUSED.items():
            if os.environ.get(name, '0') not in ('', '0'):
                raise ArgumentError(
                    'device', self.number, f'is no place for an exact search '
                    f'with {name}={os.environ[name]}, which {effect}; unset '
                    'it, or search on the CPU')

    def _check_products(self):
        """Refuses products of rounded factors."""
        for dtype in (np.float32, np.float64):
            x = np.full((PROBE, PROBE), 1 + np.finfo(dtype).eps, dtype)
            with self.turn():
                found = self.get(self.send(x)
                                 @ self.send(np.eye(PROBE, dtype=dtype)))
            if (found != x).any():
                raise ArgumentError(
                    'device', self.number, 'rounds the factors of products '
                    f'in {np.dtype(dtype)} (TF32?), but an exact search '
                    'needs them as they are; switch that off, or search on '
                    'the CPU')


HOST = Host()


def device_of(given):
    """Where to multiply.

    Args:
        given (module or Host): CuPy, for the GPU that is current; a ``Host``
            or ``Gpu``; None for the CPU.

    Returns:
        Host: It.

    Raises:
        ArgumentError: It is none of them; or as ``Gpu``.
    """
    if given is None or given is np:
        return HOST
    if isinstance(given, Host):
        return given
    if not hasattr(given, 'cuda'):
        raise ArgumentError('device', given, 'is no array module for GPUs; '
                            'give cupy, or leave it out for the CPU')
    return Gpu(given)
