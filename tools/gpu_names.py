#!/usr/bin/env python
"""Check what can be checked of the code for a GPU without one.

    make test-gpu-names [GPU=cuda13]
    python tools/gpu_names.py              where CuPy is installed

Names: all that the fake device of the tests has (``tests/fake_device.py``),
and all that the modules of Chainer behind our networks take from CuPy.
Kernels: ours, put together by CuPy, and Chainer's elementwise ones, compiled
by CUDA's own compiler for two architectures; that needs no driver.  Then the
sentence that ``--gpu 0`` ends with.  Exits with 1 if anything is missing.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'tests'))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import compat  # noqa: F401  (before Chainer)

import ast
import importlib
import os
import subprocess

import chainer
import cupy
import fake_device
import numpy as np
import on_devices
from cupy._core import _kernel
from cupy_backends.cuda.libs import nvrtc

from functions import devices, lstm_steps

ROOT = pathlib.Path(__file__).resolve().parents[1]
ARCHITECTURES = 'sm_75', 'sm_90'
# What surrounds Chainer's functions
CHAINERS = ('chainer.variable', 'chainer.backend', 'chainer.backends.cuda',
            'chainer.optimizers.adam', 'chainer.optimizer_hooks',
            'chainer.functions.evaluation.accuracy')
OURS_OF_ARRAYS = 'T device get set'.split()
OURS_OF_CUPY = (
    'ElementwiseKernel array asarray asnumpy cuda cuda.Device.mem_info '
    'cuda.MemoryPool.free_bytes cuda.MemoryPool.get_limit '
    'cuda.MemoryPool.used_bytes get_array_module get_default_memory_pool '
    'random').split()
CHAINERS_OF_ARRAYS = 'reduced_view scatter_add'.split()  # in what we apply
ABSENT = 'cudnn', 'cuda.cudnn'  # which Chainer asks for, and does without
FLOATS = 'TP'  # letters of Chainer's kernels that stand for floats

# What CuPy puts in front of each kernel
HEADERS = '''#include <cupy/complex.cuh>
#include <cupy/carray.cuh>
#include <cupy/atomics.cuh>
#include <cupy/math_constants.h>'''


def chainers_modules():
    """Names of Chainer's modules whose functions our networks apply."""
    found = set(CHAINERS)
    apply = chainer.FunctionNode.apply

    def noted(node, inputs):
        if type(node).__module__.startswith('chainer.functions'):
            found.add(type(node).__module__)
        return apply(node, inputs)

    chainer.FunctionNode.apply = noted
    try:
        cpu = chainer.get_device('@numpy')
        for name, pair in on_devices.ALL:
            model = on_devices.classifier(name, pair, cpu)
            on_devices.measured(model, pair)
            on_devices.trained(model, cpu, pair)
    finally:
        chainer.FunctionNode.apply = apply
    return sorted(found)


def source_of(module):
    """The syntax tree of an installed module."""
    path = importlib.import_module(module).__file__
    return ast.parse(pathlib.Path(path).read_text(encoding='utf-8'))


def names_in(tree):
    """What a module takes from ``xp``, ``cupy`` and ``cuda.cupy``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            parts = ast.unparse(node).split('.')
            if parts[0] == 'cuda':
                parts = parts[1:]
            if parts[0] in ('xp', 'cupy') and len(parts) > 1 and all(
                    part.isidentifier() for part in parts):
                yield '.'.join(parts[1:])


def has(owner, name):
    """Whether ``owner.name`` is there, with dots in the name."""
    for part in name.split('.'):
        if not hasattr(owner, part):
            return False
        owner = getattr(owner, part)
    return True


def missing_names():
    """What CuPy lacks; prints how many names were looked up."""
    modules = chainers_modules()
    chainers = {(name, module) for module in modules
                for name in names_in(source_of(module))
                if name not in ABSENT}
    wanted = [(cupy, name, 'ours')
              for name in sorted(fake_device.NAMES) + OURS_OF_CUPY]
    wanted += [(cupy.ndarray, name, 'ours') for name in sorted(
        fake_device.METHODS | fake_device.ATTRIBUTES) + OURS_OF_ARRAYS]
    print(f'names: {len(wanted)} of ours, {len(chainers)} in '
          f"{len(modules)} of Chainer's modules")
    wanted += [(cupy, *found) for found in sorted(chainers)]
    wanted += [(cupy.ndarray, name, 'chainer.functions')
               for name in CHAINERS_OF_ARRAYS]
    return [f'{module}: {owner.__name__}.{name}'
            for owner, name, module in wanted if not has(owner, name)]


def chainers_kernels(modules):
    """Arguments of each ``cuda.elementwise`` whose texts are constants."""
    for module in modules:
        for node in ast.walk(source_of(module)):
            if isinstance(node, ast.Call) and ast.unparse(
                    node.func) in ('cuda.elementwise', 'elementwise'):
                try:
                    yield [ast.literal_eval(x) for x in node.args], {
                        x.arg: ast.literal_eval(x.value)
                        for x in node.keywords}
                except ValueError:  # put together from parts
                    pass


def source_of_kernel(kernel, dtype, keys):
    """The CUDA source of an elementwise kernel over arrays (B, n)."""
    params = kernel.params[:-1]  # all but the indexer
    letters = {p.ctype: np.dtype(dtype if p.ctype in FLOATS else 'int32').type
               for p in params if p.dtype is None}
    kinds = []
    for p in params:
        of = p.dtype if p.dtype is not None else letters[p.ctype]
        is_array = p.raw or p.dtype is None
        kinds.append(_kernel._ArgInfo(
            1 if is_array else 3, cupy.ndarray if is_array else object,
            np.dtype(of).type, 2 if is_array else 0, True, True))
    kinds.append(_kernel._ArgInfo(2, object, None, 2, True, True))
    types = _kernel._TypeMap(tuple(sorted(letters.items())))
    return _kernel._get_elementwise_kernel_code(
        tuple(kinds), types, kernel.params, kernel.operation, kernel.name,
        kernel.preamble, keys.get('loop_prep', ''))


def compile_error(source, architecture):
    """What the compiler says against a kernel; '' if nothing."""
    site = pathlib.Path(cupy.__file__).parents[1]
    own = site / 'cupy' / '_core' / 'include'
    folders = [own, *own.glob('cupy/_cccl/*'),
               *site.glob('nvidia/*/include')]
    options = [f'-arch={architecture}', '-std=c++17',
               '-DCUPY_USE_32BIT_INDEXING',
               *(f'-I{folder}' for folder in folders)]
    program = nvrtc.createProgram(
        f'{HEADERS}\n{source}',
        'kernel.cu', (), ())
    try:
        nvrtc.compileProgram(program, options)
        return '' if nvrtc.getCUBIN(program) else 'no binary'
    except nvrtc.NVRTCError:
        return nvrtc.getProgramLog(program)
    finally:
        nvrtc.destroyProgram(program)


def kernel_errors():
    """What does not compile; prints how many kernels did."""
    ours = [(lstm_steps.kernel(cupy, name), getattr(lstm_steps, name))
            for name in ('FORWARD', 'BACKWARD')]
    chainers = [(cupy.ElementwiseKernel(*args, **keys), keys)
                for args, keys in chainers_kernels(chainers_modules())]
    errors = []
    for architecture in ARCHITECTURES:
        for dtype in 'float32', 'float64':
            for kernel, keys in ours + chainers:
                error = compile_error(
                    source_of_kernel(kernel, dtype, keys), architecture)
                if error:
                    errors.append(f'{kernel.name}, {dtype}, {architecture}: '
                                  f'{error}')
    print(f"kernels: {len(ours)} of ours and {len(chainers)} of Chainer's, "
          f'in float32 and float64, for {", ".join(ARCHITECTURES)}: given to '
          f'NVRTC {".".join(map(str, nvrtc.getVersion()))}')
    return errors


SCRIPT = '''
import compat, nets, runs
from runs.script import run_script
run_script(lambda: runs.to_device(nets.make_classifier('cnn', 9, 2), 0))
'''


def sentence_errors():
    """Whether ``--gpu 0`` fails as it should where there is no GPU."""
    n, reason = devices.count_gpus()
    if n:
        print(f'{n} GPUs: run pytest -m gpu as well')
        return []
    done = subprocess.run([sys.executable, '-c', SCRIPT], cwd=ROOT, text=True,
                          capture_output=True, check=False)
    print(f'--gpu 0: exit code {done.returncode}, {done.stderr.strip()}')
    fits = done.returncode == 2 and reason in done.stderr and (
        done.stderr.count('\n') == 1)
    return [] if fits else ['--gpu 0 does not end in one sentence']


def main():
    print(f'CuPy {cupy.__version__}, Chainer {chainer.__version__}')
    errors = missing_names() + kernel_errors() + sentence_errors()
    print(*errors, f'{len(errors)} errors', sep=os.linesep)
    sys.exit(bool(errors))


if __name__ == '__main__':
    main()
