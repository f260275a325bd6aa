"""OpenBLAS is told of AVX-512 where AMD's processors have it, nowhere else."""
import blas

import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[1]
AVX512 = 'fpu avx2 avx512f avx512dq avx512cd avx512bw avx512vl avx512_bf16'
CPU_INFO = """processor\t: 0
vendor_id\t: {vendor}
flags\t\t: {flags}
bugs\t\t: a : b

processor\t: 1
vendor_id\t: another
"""


@pytest.mark.parametrize('vendor, flags, expected', [
    ('AuthenticAMD', AVX512, 'SkylakeX'),
    ('AuthenticAMD', AVX512.replace('avx512vl', ''), None),
    ('AuthenticAMD', 'fpu avx2', None),
    ('GenuineIntel', AVX512, None)])
def test_kernels(tmp_path, vendor, flags, expected):
    path = tmp_path / 'cpuinfo'
    path.write_text(CPU_INFO.format(vendor=vendor, flags=flags))
    cpu = blas.cpu_info(path)
    assert (cpu['vendor_id'], cpu['bugs']) == (vendor, 'a : b')
    found = blas.settings(cpu)
    assert found.get('OPENBLAS_CORETYPE') == expected
    assert found['OPENBLAS_THREAD_TIMEOUT'] == '22'


def test_no_file(tmp_path):
    assert blas.cpu_info(tmp_path / 'nowhere') == {}
    assert 'OPENBLAS_CORETYPE' not in blas.settings({})


PRINT = ('import sys, os; before = "numpy" in sys.modules\n'
         'import {module}\n'
         'print(before, "numpy" in sys.modules, '
         '*map(os.environ.get, {names!r}))')
NAMES = 'OPENBLAS_CORETYPE', 'OPENBLAS_THREAD_TIMEOUT'


def environment(module, **given):
    """What a fresh interpreter has after `import module`."""
    code = PRINT.format(module=module, names=NAMES)
    clean = {name: value for name, value in os.environ.items()
             if name not in NAMES}
    done = subprocess.run([sys.executable, '-W', 'ignore', '-c', code],
                          cwd=ROOT, env={**clean, **given}, text=True,
                          capture_output=True, check=True)
    return done.stdout.split()


@pytest.mark.parametrize('module, numpy', [
    ('blas', 'False'), ('compat', 'True'), ('dknn', 'True')])
def test_set_on_import(module, numpy):
    here = blas.settings(blas.cpu_info())
    expected = [str(here.get(name)) for name in NAMES]
    assert environment(module) == ['False', numpy, *expected]


def test_what_the_user_has_set_stays():
    assert environment('compat', OPENBLAS_CORETYPE='Haswell',
                       OPENBLAS_THREAD_TIMEOUT='26')[2:] == ['Haswell', '26']
