"""Settings for OpenBLAS, NumPy's and SciPy's matrix product.

OpenBLAS reads them when it is loaded, so this module is imported before
NumPy.  What the user has set stays.
"""
import os

# Name of OpenBLAS's AVX-512 kernels, and what a processor needs for them
AVX512_KERNELS = 'SkylakeX'
AVX512 = {'avx512f', 'avx512cd', 'avx512bw', 'avx512dq', 'avx512vl'}
# log2 of the cycles that an idle thread keeps its core busy; the search for
# neighbours runs threads of its own on the same cores.
THREAD_TIMEOUT = '22'


def cpu_info(path='/proc/cpuinfo'):
    """Fields of the first processor, a dict; empty where there is no file."""
    try:
        with open(path, encoding='utf-8', errors='replace') as f:
            processor = f.read().split('\n\n')[0]
    except OSError:
        return {}
    pairs = (line.split(':', 1) for line in processor.splitlines()
             if ':' in line)
    return {name.strip(): value.strip() for name, value in pairs}


def settings(cpu):
    """Environment variables for a processor, a dict.

    OpenBLAS up to 0.3.31 (NumPy 2.4) may take AMD's Zen 5 for a Haswell,
    without AVX-512, and then multiplies at half its speed
    (OpenMathLib/OpenBLAS#6033).  Intel's processors it knows.
    """
    found = {'OPENBLAS_THREAD_TIMEOUT': THREAD_TIMEOUT}
    if (cpu.get('vendor_id') == 'AuthenticAMD'
            and set(cpu.get('flags', '').split()) >= AVX512):
        found['OPENBLAS_CORETYPE'] = AVX512_KERNELS
    return found


for name, value in settings(cpu_info()).items():
    os.environ.setdefault(name, value)
