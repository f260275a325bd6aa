"""Starts processes together, where there is MPI."""
import functools
import os
import shutil
import subprocess
import sys

import pytest
import toys

# As root, with fewer cores than processes, without ssh; each waits without
# keeping a core busy
ENVIRONMENT = {
    'OMPI_ALLOW_RUN_AS_ROOT': '1', 'OMPI_ALLOW_RUN_AS_ROOT_CONFIRM': '1',
    'OMPI_MCA_rmaps_base_oversubscribe': '1',
    'OMPI_MCA_hwloc_base_binding_policy': 'none',
    'OMPI_MCA_mpi_yield_when_idle': '1', 'OMPI_MCA_plm_rsh_agent': '',
    'OMPI_MCA_btl_vader_single_copy_mechanism': 'none',
    'PRTE_MCA_rmaps_default_mapping_policy': ':oversubscribe',
    'OPENBLAS_NUM_THREADS': '1', 'OMP_NUM_THREADS': '1',
    'NUMBA_NUM_THREADS': '1', 'PYTHONWARNINGS': 'ignore'}
SECONDS = 300  # at most


def start(n, *words, cwd=toys.ROOT):
    """Run n Pythons together in a folder; the finished mpiexec."""
    return subprocess.run(
        ['mpiexec', '-n', str(n), sys.executable, *map(str, words)],
        cwd=cwd, capture_output=True, text=True, timeout=SECONDS,
        env={**os.environ, **ENVIRONMENT, 'PYTHONPATH': str(toys.ROOT)})


@functools.cache
def why_not():
    """Why no processes can be started together; None where they can."""
    if not shutil.which('mpiexec'):
        return 'there is no mpiexec'
    done = subprocess.run([sys.executable, '-c', 'import mpi4py.MPI'],
                          capture_output=True, text=True, timeout=SECONDS)
    if done.returncode:
        return f'mpi4py: {done.stderr.strip().splitlines()[-1]}'
    return None


needs_mpi = pytest.mark.skipif(why_not() is not None, reason=str(why_not()))
