"""A GPU that is none: arrays of a class of their own over NumPy's.

``fake_device.used()`` puts it where Chainer looks for CuPy, so that
``@cupy:0`` is a device on any computer.  Chainer's own functions then run
their code for a CPU; the project's get the arrays as CuPy would hand them
over.  What would be a silent or a slow transfer is a ``TypeError``: NumPy's
functions of such an array, its functions of NumPy's arrays, arithmetic and
indexing that mixes both.  Scalars go through, as in CuPy, and ``asarray``,
``array`` and ``get`` are the ways in and out.

It has only the names of ``NAMES`` and ``METHODS``, which
``make test-gpu-names`` looks up in CuPy, and its functions have no
``reduceat``, ``accumulate`` or ``at``.  Nor is there a ``partition``: that of
CuPy is not to be relied on (``neighbors.devices.Gpu.smallest``).
"""
import compat  # noqa: F401  (before Chainer)

import contextlib
import functools
import operator
import types
from unittest import mock

import chainer
import numpy as np
from chainer.backends import cuda
from chainer.optimizers.adam import AdamRule

# Functions of arrays, and what else one takes from the module
NAMES = frozenset('''
    abs absolute add all any arange argmax argmin argsort
    ascontiguousarray bincount broadcast_to clip concatenate copyto
    count_nonzero cumsum diff divide dot einsum empty empty_like equal exp
    expand_dims expm1 flatnonzero full full_like greater isfinite isinf isnan
    less lexsort log log1p logaddexp logical_and logical_not logical_or
    matmul max maximum mean min minimum moveaxis multiply negative nonzero
    ones ones_like outer power prod ravel repeat reshape rint roll
    searchsorted sign sort split sqrt square squeeze stack subtract sum
    swapaxes take take_along_axis tanh tensordot tile transpose unique where
    zeros zeros_like
    bool_ float16 float32 float64 floating int8 int32 int64 integer intp
    uint8 uint32 uint64 dtype finfo iinfo inf nan newaxis pi'''.split())
METHODS = frozenset('''
    all any argmax argmin argsort astype clip copy cumsum dot
    fill flatten max mean min nonzero prod ravel repeat reshape
    searchsorted sort squeeze sum swapaxes take trace transpose view
    item tolist tobytes'''.split())
ATTRIBUTES = frozenset('dtype flags itemsize nbytes ndim shape size '
                       'strides'.split())


def plain(x):
    """What a device computes with, as NumPy holds it.

    Raises:
        TypeError: If there is an array in it that was not sent.
    """
    if isinstance(x, np.ndarray) and x.ndim:
        raise TypeError(f"an array {x.shape} of NumPy's was not sent to the "
                        'device')
    return unwrapped(x)


def unwrapped(x):
    """The same with NumPy's arrays in place of the device's."""
    if isinstance(x, Array):
        return x._array
    if type(x) in (list, tuple):
        return type(x)(plain(value) for value in x)
    if isinstance(x, slice):
        return slice(*map(plain, (x.start, x.stop, x.step)))
    return x


def wrapped(x):
    """The same with the device's arrays, and module, in place of NumPy's."""
    if x is np:
        return cuda.cupy
    if isinstance(x, (np.ndarray, np.generic)):
        return Array(np.asarray(x))  # a scalar stays on the device, too
    if type(x) in (list, tuple):
        return type(x)(map(wrapped, x))
    return x


def on_device(function):
    """A function of NumPy's, for arrays of the device."""
    @functools.wraps(function, updated=())
    def call(*args, **keys):
        result = function(*map(plain, args),
                          **{key: plain(x) for key, x in keys.items()})
        return keys['out'] if keys.get('out') is not None else wrapped(result)
    return call


def index(key):
    """What CuPy takes between brackets: a list it would have to send."""
    for part in key if isinstance(key, tuple) else (key,):
        if isinstance(part, list):
            raise TypeError('an index that is a list was not sent')
    return plain(key)


class Array:
    """An array on the device."""

    __array_ufunc__ = None  # no operators and ufuncs of NumPy's
    __hash__ = None
    device = property(lambda self: Device(0))
    T = property(lambda self: Array(self._array.T))

    def __init__(self, array):
        self._array = array

    def __array__(self, *args, **keys):
        raise TypeError('an array of the device turns into none of '
                        "NumPy's by itself; use get()")

    def __array_function__(self, function, *args):
        raise TypeError(f"NumPy's {function.__name__} of an array that lies "
                        'on the device')

    def __getattr__(self, name):
        if name in ATTRIBUTES:
            return getattr(self._array, name)
        if name in METHODS:
            method = getattr(self._array, name)
            if name in ('item', 'tolist', 'tobytes'):
                return method
            return on_device(method)
        raise AttributeError(f'an array of the device has no {name}')

    def get(self, stream=None):
        """A copy on the CPU."""
        return self._array.copy()

    def set(self, array):
        """Takes the values of an array on the CPU."""
        self._array[...] = array

    def __getitem__(self, key):
        return wrapped(self._array[index(key)])

    def __setitem__(self, key, value):
        self._array[index(key)] = plain(value)

    def __iter__(self):
        return map(wrapped, self._array)

    def __repr__(self):
        return f'{self._array!r} on the device'


def _operators(name):
    function = getattr(operator, name)
    yield f'__{name}__', lambda a, b: wrapped(function(a._array, plain(b)))
    yield f'__r{name}__', lambda a, b: wrapped(function(plain(b), a._array))

    def in_place(a, b):
        np.copyto(a._array, function(a._array, plain(b)), casting='same_kind')
        return a

    yield f'__i{name}__', in_place


for _name in ('add sub mul truediv floordiv mod pow matmul lshift '
              'rshift').split():
    for _special, _method in _operators(_name):
        setattr(Array, _special, _method)
for _name, _function in [('and', operator.and_), ('or', operator.or_)]:
    setattr(Array, f'__{_name}__', on_device(_function))
for _name in 'eq ne lt le gt ge'.split():
    setattr(Array, f'__{_name}__', next(_operators(_name))[1])
for _function in len, bool, int, float:  # numbers go to the CPU by themselves
    setattr(Array, f'__{_function.__name__}__',
            lambda a, function=_function: function(a._array))
for _name in 'neg pos abs invert'.split():
    setattr(Array, f'__{_name}__', on_device(getattr(operator, _name)))


class Device:
    """``cupy.cuda.Device``: its number."""

    def __init__(self, device=None):
        self.id = int(device or 0)
        if self.id:
            raise RuntimeError(f'invalid device ordinal: {self.id}')

    def __eq__(self, other):
        return isinstance(other, Device) and self.id == other.id

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    def __int__(self):
        return self.id

    def use(self):
        pass

    synchronize = use


class ElementwiseKernel:
    """``cupy.ElementwiseKernel`` for statements that Python understands.

    That is, assignments of expressions with divisions of floats only.  As in
    CuPy ``i`` counts the elements, and names that begin with ``raw`` in the
    list of parameters are indexed in the order of memory.
    """

    def __init__(self, in_params, out_params, operation, name, **options):
        parameters = [[*parameter.split(), None][:3] if 'raw' in parameter
                      else [None, *parameter.split()]
                      for params in (in_params, out_params)
                      for parameter in params.split(',')]
        self.parameters = [(bool(raw), kind, name)
                           for raw, kind, name in parameters]
        self.n_in = len(in_params.split(','))
        self.code = '\n'.join(map(str.strip, operation.split(';')))

    def __call__(self, *args):
        assert len(args) == len(self.parameters)
        values, dtypes = {'tanh': np.tanh, 'exp': np.exp}, {}
        shapes = []
        for x, (raw, kind, name) in zip(args, self.parameters, strict=True):
            values[name] = plain(x)
            if isinstance(x, Array):
                assert dtypes.setdefault(kind, x.dtype) == x.dtype, name
                if raw:
                    assert x.flags.c_contiguous, name
                    values[name] = x._array.reshape(-1)
                else:
                    shapes.append(x.shape)
        shape = np.broadcast_shapes(*shapes)
        values['i'] = np.arange(int(np.prod(shape))).reshape(shape)
        exec(self.code, {'__builtins__': {}}, values)
        for x, (raw, _, name) in list(zip(
                args, self.parameters, strict=True))[self.n_in:]:
            if not raw:
                x._array[...] = values[name]


class Module:
    """The array module: what stands for ``cupy``."""

    __version__ = 'fake'
    ndarray = Array
    ElementwiseKernel = ElementwiseKernel

    def __init__(self):
        self.seeds = []  # what its generator was seeded with
        self.random = types.SimpleNamespace(seed=self.seeds.append)
        self.cuda = types.SimpleNamespace(
            Device=Device, runtime=types.SimpleNamespace(
                getDeviceCount=lambda: 1, CUDARuntimeError=RuntimeError))

    def __getattr__(self, name):
        if name not in NAMES:
            raise AttributeError(f'the device has no {name}; see NAMES')
        found = getattr(np, name)
        return found if isinstance(found, type) or not callable(
            found) else on_device(found)

    def array(self, x, dtype=None, copy=True):
        return Array(np.array(unwrapped(x), dtype))

    def asarray(self, x, dtype=None):
        if isinstance(x, Array) and dtype in (None, x.dtype):
            return x
        return self.array(x, dtype)

    def get_array_module(self, *args):
        return self if any(isinstance(x, Array) for x in args) else np

    def asnumpy(self, x):
        return x.get() if isinstance(x, Array) else np.asarray(x)


# ------------------------------------------------------ Chainer on this device

# Attributes of Chainer's functions that stay with the CPU
ON_CPU = {'indices', 'sections'}
_apply = chainer.FunctionNode.apply


def _computed_on_cpu(node, inputs):
    """``FunctionNode.apply`` that runs Chainer's own functions on a CPU."""
    arrays = [x.array if isinstance(x, chainer.Variable) else x
              for x in inputs]
    if type(node).__module__.startswith('chainer.') and any(
            isinstance(x, Array) for x in arrays):
        forward = node.forward

        def forward_on_cpu(arrays):
            given = {name: plain(value) for name, value in vars(node).items()
                     if name not in ON_CPU and name != 'forward'}
            vars(node).update(given)
            outputs = forward(plain(arrays))
            vars(node).update(
                {name: wrapped(value) for name, value in vars(node).items()
                 if name not in ON_CPU and not np.isscalar(value)})
            return wrapped(outputs)

        node.forward = forward_on_cpu
    return _apply(node, inputs)


def _adam_on_cpu(rule, param):
    """Chainer's own Adam in place of its kernel."""
    state, rule._state = rule._state, {
        key: plain(value) for key, value in rule._state.items()}
    try:
        AdamRule.update_core_cpu(rule, types.SimpleNamespace(
            data=plain(param.data), grad=plain(param.grad),
            dtype=param.dtype))
    finally:
        rule._state = state


@contextlib.contextmanager
def used():
    """While this lasts, ``@cupy:0`` is the fake device.

    Yields:
        Module: The array module.
    """
    xp, host = Module(), chainer.get_cpu_array_types()
    found = {'available': True, 'cudnn_enabled': False,
             '_cudnn_disabled_by_user': True, 'ndarray': Array, 'cupy': xp,
             'Device': Device, 'cuda': xp.cuda}
    with contextlib.ExitStack() as stack:
        for name, value in found.items():
            stack.enter_context(mock.patch.object(cuda, name, value,
                                                  create=True))
        for owner, name, value in [
                (cuda.GpuDevice, 'xp', xp),
                (cuda.GpuDevice, 'supported_array_types', (Array,)),
                (chainer, '_array_types', (*host, Array)),
                (chainer.FunctionNode, 'apply', _computed_on_cpu),
                (AdamRule, 'update_core_gpu', _adam_on_cpu)]:
            stack.enter_context(mock.patch.object(owner, name, value))
        yield xp
