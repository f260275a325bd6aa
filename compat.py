"""Lets Chainer 7.8.1 run on today's Python and NumPy.

Chainer's last release asks for three things that are gone: the table
``numpy.sctypes`` (NumPy 2), the module ``numpy.distutils.system_info``
(NumPy 2.3, Python 3.12) and the package ``pkg_resources`` (setuptools 82).
The last two are asked by its environment check only.  Each stand-in is put
in place where the real thing is missing, and nothing else is touched: except
that the check itself is left out where it has nothing to check, and that
modules which Chainer imports, but few programs use, are executed when they are
first used.  Each of the two would take a third of a second.

Where CuPy is installed, Chainer warns of two libraries that CuPy's wheels come
without: of cuDNN, for which CuPy 14 has no functions any more, and of NCCL,
which only ``--communicator pure_nccl`` needs.  Both warnings are silenced.

Whoever imports Chainer imports this module first.
"""
import importlib
import importlib.machinery
import importlib.util
import os
import sys
import types
import warnings

import numpy as np

CHECK = 'chainer._environment_check'
LATER = ('chainer.datasets', 'chainer.distributions', 'scipy.sparse',
         'scipy.special')


def _sctypes():
    """NumPy 1's table of scalar types by kind."""
    return {
        'int': [np.int8, np.int16, np.int32, np.int64],
        'uint': [np.uint8, np.uint16, np.uint32, np.uint64],
        'float': [np.float16, np.float32, np.float64, np.longdouble],
        'complex': [np.complex64, np.complex128, np.clongdouble],
        'others': [bool, object, bytes, str, np.void],
    }


def _system_info():
    """A ``numpy.distutils.system_info`` that knows of no BLAS.

    Chainer asks it only on macOS, to warn of an old Accelerate.
    """
    module = types.ModuleType('numpy.distutils.system_info')
    module.get_info = lambda name, notfound_action=0: {}
    return module


def _pkg_resources():
    """A ``pkg_resources`` in whose eyes no package is installed.

    Chainer asks it whether an installed CuPy or iDeep has the right version,
    and takes ``DistributionNotFound`` for "not installed".
    """
    module = types.ModuleType('pkg_resources')
    module.DistributionNotFound = type('DistributionNotFound', (Exception,),
                                       {})
    module.VersionConflict = type('VersionConflict', (Exception,), {})

    def require(*requirements):
        raise module.DistributionNotFound(*requirements)

    module.require = module.get_distribution = require
    return module


def _environment_check():
    """A ``chainer._environment_check`` that checks nothing."""
    module = types.ModuleType(CHECK)
    module.check = lambda: None
    return module


def _nothing_to_check():
    """Whether neither macOS's BLAS is used, nor CuPy or iDeep installed."""
    return sys.platform != 'darwin' and all(
        map(_is_missing, ('cupy', 'ideep4py')))


class Later:
    """Finds the modules of ``LATER``, which are executed at their first use.

    Until Python 3.11.9 that use must not be in two threads at once.
    """

    @staticmethod
    def find_spec(name, path=None, target=None):
        """As ``sys.meta_path`` asks for it."""
        if name not in LATER:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = importlib.util.LazyLoader(spec.loader)
        return spec


def _is_missing(name):
    return name not in sys.modules and importlib.util.find_spec(name) is None


def install():
    """Puts the stand-ins in place; returns the names of those that were put.

    Calling it again changes nothing.
    """
    put = []
    if not hasattr(np, 'sctypes'):
        np.sctypes = _sctypes()
        put.append('numpy.sctypes')
    if _is_missing('numpy.distutils'):
        parent = types.ModuleType('numpy.distutils')
        parent.system_info = _system_info()
        parent.__path__ = []
        sys.modules['numpy.distutils'] = parent
        sys.modules['numpy.distutils.system_info'] = parent.system_info
        put += ['numpy.distutils', 'numpy.distutils.system_info']
    if _is_missing('pkg_resources'):
        sys.modules['pkg_resources'] = _pkg_resources()
        put.append('pkg_resources')
    if 'chainer' not in sys.modules and _nothing_to_check() and (
            CHECK not in sys.modules):
        sys.modules[CHECK] = _environment_check()
        put.append(CHECK)
    if not _is_missing('cupy'):
        os.environ.setdefault('CHAINER_CUDNN', '0')
        warnings.filterwarnings(
            'ignore', r'\s*nccl library could not be loaded', UserWarning)
    if Later not in sys.meta_path:
        sys.meta_path.insert(0, Later)
    return put


install()
