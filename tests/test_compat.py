"""The stand-ins: where something is missing, and nothing else.

Each check runs in a fresh interpreter, for this one has imported Chainer.
"""
import importlib.util
import json
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[1]

# Hides packages as if they were not installed.
HIDE = '''
import importlib.machinery, sys

class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name.startswith(HIDDEN):
            return None
        return importlib.machinery.PathFinder.find_spec(name, path, target)

def hide(*names):
    global HIDDEN
    HIDDEN = names
    sys.meta_path = [finder for finder in sys.meta_path if finder is not
                     importlib.machinery.PathFinder] + [Finder]

def offer(name, **content):
    import types
    parent, _, child = name.rpartition('.')
    sys.modules[name] = types.ModuleType(name)
    vars(sys.modules[name]).update(content, __path__=[])
'''
# What importing compat changes, as JSON.
CHANGES = '''
import importlib, importlib.util, json, sys, types, warnings
import numpy
numpy_before, modules_before = dict(vars(numpy)), dict(sys.modules)
filters_before = list(warnings.filters)
import compat
numpy_after, modules_after = dict(vars(numpy)), dict(sys.modules)
again = compat.install()
print(json.dumps({
    'numpy': [name for name in numpy_after
              if numpy_after[name] is not numpy_before.get(name)],
    'lost': [name for name in numpy_before if name not in numpy_after]
            + [name for name in modules_before
               if modules_after.get(name) is not modules_before[name]],
    'modules': sorted(set(modules_after) - set(modules_before)),
    'again': again, 'filters': warnings.filters == filters_before,
    'same': dict(vars(numpy)) == numpy_after
            and dict(sys.modules) == modules_after}))
'''
TRAIN = '''
import chainer
import numpy as np

model = chainer.links.Linear(2, 2, initialW=np.zeros((2, 2), np.float32))
optimizer = chainer.optimizers.SGD(lr=1.).setup(model)
x = np.array([[1, 2]], np.float32)
optimizer.update(lambda: chainer.functions.softmax_cross_entropy(
    model(x), np.array([1], np.int32)))
print(model.W.array.tolist())
'''
ALL = ['numpy.distutils', 'numpy.distutils.system_info', 'pkg_resources']
CHECK = 'chainer._environment_check'


def python(code):
    done = subprocess.run(
        [sys.executable, '-c', code], cwd=ROOT, capture_output=True,
        text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_nothing_else_is_touched():
    """As things are in this Python, whatever is missing in it."""
    found = python(CHANGES)
    assert set(found['numpy']) <= {'sctypes'}
    assert set(found['modules']) <= {'compat', CHECK, *ALL}
    without_cupy = importlib.util.find_spec('cupy') is None
    assert not found['lost'] and found['filters'] == without_cupy
    assert found['again'] == [] and found['same']


def test_each_stand_in_where_everything_is_missing():
    found = python(
        HIDE + 'import numpy; vars(numpy).pop("sctypes", None)\n'
        'hide("numpy.distutils", "pkg_resources", "cupy", "ideep4py")\n'
        + CHANGES)
    assert found['numpy'] == ['sctypes']
    assert found['modules'] == sorted([
        'compat', *ALL, *([CHECK] if sys.platform != 'darwin' else [])])
    assert not found['lost']
    assert found['again'] == [] and found['same']


def test_what_exists_stays():
    """Real ones under these names are neither replaced nor imported."""
    found = python(
        HIDE + 'import numpy; numpy.sctypes = {"int": ["mine"]}\n'
        + ''.join(f'offer("{name}", mine=True)\n' for name in ALL)
        + f'offer("{CHECK}", mine=True)\n' + CHANGES
        + 'assert numpy.sctypes == {"int": ["mine"]}\n'
        + f'assert all(sys.modules[name].mine for name in {[*ALL, CHECK]})\n'
        'print(json.dumps(found := [compat.install(), []]))')
    assert found == [[], []]


@pytest.mark.parametrize('hidden', [(), ('numpy.distutils',),
                                    ('pkg_resources',),
                                    ('numpy.distutils', 'pkg_resources')])
def test_chainer_trains_a_step(hidden):
    # z = 0, so p = 1/2 each; dNLL/dW = (p - onehot) x = [[.5, 1], [-.5, -1]]
    stated = python(HIDE + (f'hide(*{hidden})\n' if hidden else '')
                    + 'import compat\n' + TRAIN)
    assert stated == [[-.5, -1], [.5, 1]]


def test_what_the_stand_ins_say():
    found = python(
        HIDE + 'hide("numpy.distutils", "pkg_resources")\n'
        'import json, numpy as np\n'
        'vars(np).pop("sctypes", None)\n'
        'import compat, pkg_resources\n'
        'from numpy.distutils import system_info\n'
        'from numpy.distutils.system_info import get_info\n'
        'asked = []\n'
        'for ask in (pkg_resources.require, pkg_resources.get_distribution):\n'
        '    try:\n'
        '        ask("cupy-cuda12x>=7.8")\n'
        '    except pkg_resources.DistributionNotFound as error:\n'
        '        asked.append(str(error))\n'
        'kinds = {kind: "".join(sorted({np.dtype(t).kind for t in types}))\n'
        '         for kind, types in np.sctypes.items()}\n'
        'sizes = {kind: [np.dtype(t).itemsize for t in types]\n'
        '         for kind, types in np.sctypes.items()}\n'
        'print(json.dumps([asked, get_info("blas_opt"),\n'
        '                  system_info.get_info is get_info, kinds, '
        'sizes["int"]]))')
    # NumPy 1.26: others are bool, object, bytes, str, void
    assert found == [['cupy-cuda12x>=7.8'] * 2, {}, True, {
        'int': 'i', 'uint': 'u', 'float': 'f', 'complex': 'c',
        'others': 'OSUVb'}, [1, 2, 4, 8]]


@pytest.mark.parametrize('package', ['cupy', 'ideep4py'])
def test_what_there_is_to_check_is_checked(package):
    """Chainer asks which version of these packages is installed."""
    stated = python(HIDE + f'offer("{package}")\n'
                    'import compat, json\n'
                    f'print(json.dumps("{CHECK}" in sys.modules))')
    assert stated is False


@pytest.mark.parametrize(('there', 'silenced'), [
    ('offer', ['0', 1]), ('hide', [None, 0])])
def test_warnings_of_what_cupy_does_without(there, silenced):
    """Only where it is installed."""
    assert silenced == python(
        HIDE + f'{there}("cupy")\n'
        'import json, os, warnings\n'
        'os.environ.pop("CHAINER_CUDNN", None)\n'
        'import compat\n'
        'print(json.dumps([os.environ.get("CHAINER_CUDNN"), sum(\n'
        '    "nccl" in str(given[1]) for given in warnings.filters)]))')


def test_chainer_asks_no_slow_module():
    """Where it has nothing to check."""
    stated = python(
        HIDE + 'hide("cupy", "ideep4py")\n'
        'import compat, chainer, json\n'
        'print(json.dumps([name for name in ("pkg_resources",\n'
        '    "numpy.distutils.system_info") if hasattr(\n'
        '    sys.modules.get(name), "__file__")]))')
    assert stated == [] or sys.platform == 'darwin'


LATER = ['chainer.datasets', 'chainer.distributions', 'scipy.sparse',
         'scipy.special']
WAITING = f'''
def waiting():
    return [name for name in {LATER}
            if type(sys.modules[name]).__name__ == '_LazyModule']
'''


def test_what_few_use_waits():
    stated = python(HIDE + 'hide("cupy", "ideep4py")\n' + WAITING
                    + 'import compat, chainer, json, sys\n'
                    'print(json.dumps([waiting(), "scipy.linalg" in '
                    'sys.modules]))')
    assert stated == [LATER, False]


@pytest.mark.parametrize('name, use, expected', [
    # erf(0.5), to four decimals
    ('scipy.special', 'F.erf(np.float32([.5])).array.round(4)[0]', .5205),
    ('scipy.special', '__import__("scipy.stats").stats.norm.cdf(0)', .5),
    ('scipy.sparse', 'F.sparse_matmul(chainer.utils.to_coo(np.float32([[2]])'
     '), np.float32([[3]])).array[0, 0]', 6),
    ('scipy.sparse', '__import__("scipy.sparse.linalg").sparse.eye(2).sum()',
     2),
    ('chainer.datasets', 'len(chainer.datasets.TupleDataset([1, 2], [3, 4]))',
     2),
    ('chainer.distributions', 'chainer.distributions.Normal(loc=np.float32('
     '[1]), scale=np.float32([2])).mean.array[0]', 1)])
def test_what_waits_is_there_when_it_is_used(name, use, expected):
    stated = python(
        WAITING + 'import compat, chainer, json, sys, numpy as np\n'
        'import chainer.functions as F\n'
        f'print(json.dumps([float({use}), "{name}" in waiting()]))')
    assert stated == [pytest.approx(expected, abs=1e-4), False]
