"""Who imports whom, what --help costs: the tier table kept true."""
import ast
import os
import pathlib
import re
import subprocess
import sys
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[1]
MODULES = {path.stem: ast.parse(path.read_text(encoding='utf-8'))
           for path in sorted(ROOT.glob('*.py'))}
# Library module -> those of ours that it may import.
TIERS = {
    'compat': set(), 'nlp_utils': set(), 'neighbors': {'exact'},
    'saliency': set(), 'visualize': set(), 'downloads': set(),
    'parallel': set(), 'exact': {'parallel'},
    'figures': {'visualize'},
    'data_files': {'nlp_utils', 'downloads'},
    'text_datasets': {'nlp_utils', 'downloads', 'data_files'},
    'functions': {'compat', 'parallel'},
    'leave_one_out': {'functions'},
    'nets': {'compat', 'functions', 'leave_one_out', 'parallel'},
    'optimizers': {'compat'},
    'dknn': {'neighbors'},
    'calibration': set(),
    'runs': {'compat', 'nets', 'text_datasets', 'nlp_utils', 'calibration',
             'dknn', 'neighbors', 'parallel'},
    'explainers': {'compat', 'runs', 'nets', 'dknn', 'calibration',
                   'saliency', 'nlp_utils'},
}
WITHOUT_CHAINER = ('dknn', 'neighbors', 'saliency', 'visualize', 'figures',
                   'nlp_utils', 'calibration', 'text_datasets')
HEAVY = 'matplotlib', 'sklearn', 'nltk', 'faiss', 'nearpy', 'jinja2'
SECONDS_FOR_HELP = 20  # about one, on an idle machine


def is_script(tree):
    """Whether a module has an ``if __name__ == '__main__'``."""
    return any(isinstance(node, ast.If) and '__main__' in ast.unparse(node)
               for node in tree.body)


SCRIPTS = sorted(name for name, tree in MODULES.items() if is_script(tree))


def imported(nodes):
    """(line, top-level name) of what these nodes import."""
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name.partition('.')[0]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, 'a relative import in a flat layout'
            yield node.lineno, node.module.partition('.')[0]


def everywhere(name):
    return list(imported(ast.walk(MODULES[name])))


def names(name):
    return {target for _, target in everywhere(name)}


def reachable(name):
    """All that importing a module of ours may import, through ours."""
    seen, left = set(), [name]
    while left:
        new = names(left.pop()) - seen
        seen |= new
        left += new & MODULES.keys()
    return seen


def test_every_module_is_in_the_table_or_a_script():
    assert TIERS.keys() | set(SCRIPTS) == MODULES.keys()
    assert {'train', 'run_dknn', 'interpret', 'calibration'} <= set(SCRIPTS)


@pytest.mark.parametrize('name', sorted(TIERS))
def test_tiers(name):
    """Module by module; of a script that others import, the module level."""
    nodes = (MODULES[name].body if name in SCRIPTS
             else ast.walk(MODULES[name]))
    ours = {target for _, target in imported(nodes)} & MODULES.keys()
    assert ours <= TIERS[name]


def test_calibration_as_a_script():
    ours = names('calibration') & MODULES.keys()
    assert ours <= {'compat', 'runs', 'figures'}


@pytest.mark.parametrize('name', sorted(set(MODULES) - set(TIERS)))
def test_scripts_do_not_import_each_other(name):
    """What they share stands in a module."""
    assert not names(name) & (set(SCRIPTS) - set(TIERS))


@pytest.mark.parametrize('name', sorted(MODULES))
def test_compat_comes_before_chainer(name):
    lines = {}
    for line, target in everywhere(name):
        lines.setdefault(target, line)
    assert 'cupy' not in lines  # model.xp, chainer.get_device
    assert 'chainer' not in lines or lines['compat'] < lines['chainer']


@pytest.mark.parametrize('name', WITHOUT_CHAINER)
def test_libraries_without_chainer(name):
    reached = set()
    for _, target in imported(MODULES[name].body):
        reached |= {target} | (
            reachable(target) if target in MODULES else set())
    assert not reached & {'chainer', 'compat', 'cupy'}


def python(code, *arguments):
    return subprocess.run(
        [sys.executable, '-W', 'ignore', '-c', code, *arguments], cwd=ROOT,
        capture_output=True, text=True, check=False)


def test_libraries_import_where_chainer_does_not():
    done = python('import sys; sys.modules["chainer"] = None\n'
                  f'import {", ".join(WITHOUT_CHAINER)}')
    assert done.returncode == 0, done.stderr


HELP = f'''
import runpy, sys
script = sys.argv[1]
sys.argv = [script, '--help']
try:
    runpy.run_path(script, run_name='__main__')
finally:
    print([name for name in {HEAVY!r} if name in sys.modules],
          file=sys.stderr)
'''


@pytest.mark.parametrize('script', SCRIPTS)
def test_help(script):
    start = time.perf_counter()
    done = python(HELP, f'{script}.py')
    seconds = time.perf_counter() - start
    assert done.returncode == 0, done.stderr
    assert done.stderr.strip() == '[]'
    assert done.stdout.startswith(f'usage: {script}.py')
    assert '--model-setup' in done.stdout or '--dataset' in done.stdout
    assert seconds < SECONDS_FOR_HELP


@pytest.mark.parametrize('script', SCRIPTS)
def test_scripts_parse_nothing_when_imported(script):
    """Importing one reads no flags, prints nothing, writes nothing."""
    before = sorted(os.listdir(ROOT))
    done = python(f'import sys; sys.argv = ["x", "--nonsense"]\n'
                  f'import {script}')
    assert (done.returncode, done.stdout, done.stderr) == (0, '', '')
    assert sorted(os.listdir(ROOT)) == before


def test_tests_named_in_the_documents_exist():
    """Each ``tests/file.py::Class::test``, so that none goes stale."""
    pattern = re.compile(r'`(tests/\w+\.py)((?:::\w+)+)`')
    named = {found for page in (ROOT / 'docs').glob('*.md')
             for found in pattern.findall(page.read_text(encoding='utf-8'))}
    assert named
    for file, path in named:
        body = ast.parse((ROOT / file).read_text(encoding='utf-8')).body
        for part in path.split('::')[1:]:
            found = [node for node in body
                     if getattr(node, 'name', None) == part]
            assert found, f'{file}{path}'
            body = found[0].body
