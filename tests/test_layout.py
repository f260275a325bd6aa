"""The layout of the project: who imports whom, how long files are."""
import ast
import collections
import itertools
import os
import pathlib
import re
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[1]
COMMANDS = ('train', 'run_dknn', 'calibration', 'interpret', 'evaluate',
            'compare', 'serve')
# A module or folder at the top level -> those of ours that it imports: every
# one of them, no other.  Each row imports from rows above it only.
LIBRARY = {
    'compat': '',
    'errors': '',
    'parallel': '',
    'terminal': '',
    'nlp_utils': 'errors',
    'files': 'errors nlp_utils parallel',
    'metrics': '',
    'functions': 'compat parallel',
    'neighbors': 'errors parallel',
    'links': 'compat errors functions nlp_utils',
    'text_datasets': 'errors files',
    'dknn': 'neighbors',
    'nets': 'compat errors functions links',
    'runs': 'compat dknn errors files functions metrics neighbors nets '
            'nlp_utils parallel terminal text_datasets',
    'saliency': 'compat dknn errors files metrics nlp_utils runs terminal '
                'text_datasets',
    'evaluation': 'compat dknn errors files functions metrics neighbors runs '
                  'saliency nlp_utils terminal text_datasets',
    'comparison': 'errors evaluation files metrics runs saliency',
    'page': 'errors files saliency',
    'visualize': 'files page saliency',
    'interactive': 'compat errors nlp_utils page runs saliency terminal',
    'live': 'errors files interactive nlp_utils page saliency',
}
# Modules that run where Chainer is not installed.
WITHOUT_CHAINER = ('dknn', 'neighbors', 'metrics', 'page', 'visualize',
                   'files', 'nlp_utils', 'text_datasets', 'saliency.records',
                   'saliency.methods', 'saliency.attribution',
                   'saliency.coalitions',
                   'saliency.outputs', 'saliency.parts', 'saliency.schema',
                   'saliency.variants', 'saliency.plain', 'saliency.rows',
                   'interactive.answers',
                   'errors', 'parallel', 'terminal')
HEAVY = ('matplotlib', 'sklearn', 'nltk', 'faiss', 'nearpy', 'jinja2',
         'pymilvus', 'flask', 'waitress')
LONGEST_FILE, LONGEST_FUNCTION = 350, 40
FOLDERS = {path.parent.name for path in ROOT.glob('*/__init__.py')}
LONE_FILES = {path.stem for path in ROOT.glob('*.py')}
SOURCES = {path: path.read_text(encoding='utf-8')
           for name in sorted(FOLDERS | {'tests', 'tools', 'benchmarks'})
           for path in sorted((ROOT / name).rglob('*.py'))}
SOURCES.update((path, path.read_text(encoding='utf-8'))
               for path in sorted(ROOT.glob('*.py')))
TREES = {path: ast.parse(source) for path, source in SOURCES.items()}


def module_name(path):
    """``runs/folder.py`` is ``runs.folder``, ``runs/__init__.py`` ``runs``."""
    parts = list(path.relative_to(ROOT).with_suffix('').parts)
    return '.'.join(parts[:-1] if parts[-1] == '__init__' else parts)


OURS = {module_name(path): path for path in TREES
        if path.relative_to(ROOT).parts[0] in FOLDERS or path.parent == ROOT}


def imported(path):
    """(line, module) of every import in a file; submodules as such."""
    for node in ast.walk(TREES[path]):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f'{path} imports relatively'
            for alias in node.names:
                full = f'{node.module}.{alias.name}'
                yield node.lineno, full if full in OURS else node.module


def own_imports(name):
    return {target for _, target in imported(OURS[name]) if target in OURS}


def top(name):
    return name.partition('.')[0]


def reachable(name):
    """All modules, ours and others, that importing one of ours may import.

    Importing ``a.b`` runs ``a/__init__.py`` first.
    """
    seen, left = set(), [name]
    while left:
        new = left.pop()
        if new in seen:
            continue
        seen.add(new)
        if new in OURS:
            left += [target for _, target in imported(OURS[new])]
            left += [top(new)]
    return seen


# ----------------------------------------------------------- who imports whom

def test_every_file_is_in_the_table():
    assert FOLDERS | LONE_FILES == LIBRARY.keys() | set(COMMANDS)
    assert not FOLDERS & LONE_FILES  # dknn.py beside dknn/


@pytest.mark.parametrize('row', sorted(LIBRARY))
def test_the_table_is_what_is_imported(row):
    found = {top(target) for name in OURS if top(name) == row
             for target in own_imports(name)} - {row}
    assert found == set(LIBRARY[row].split())


def test_imports_go_down():
    rows = list(LIBRARY)
    for row, targets in LIBRARY.items():
        for target in targets.split():
            assert rows.index(target) < rows.index(row), f'{row}: {target}'


def test_no_circle_of_modules():
    """Also within a folder; its ``__init__`` counts as a module."""
    done, path = set(), []

    def visit(name):
        assert name not in path, ' -> '.join([*path, name])
        if name not in done:
            path.append(name)
            for target in sorted(own_imports(name)):
                visit(target)
            path.pop()
            done.add(name)

    for name in sorted(OURS):
        visit(name)


def test_nothing_imports_a_command():
    for name in OURS:
        assert not own_imports(name) & set(COMMANDS), name


@pytest.mark.parametrize('path', sorted(TREES), ids=lambda p: str(
    p.relative_to(ROOT)))
def test_compat_comes_before_chainer(path):
    lines = {}
    for line, target in imported(path):
        lines.setdefault(top(target), line)
    assert 'cupy' not in lines or path not in OURS.values()  # model.xp
    assert 'chainer' not in lines or lines['compat'] < lines['chainer']


@pytest.mark.parametrize('name', WITHOUT_CHAINER)
def test_libraries_without_chainer(name):
    modules = [other for other in OURS
               if other == name or other.startswith(f'{name}.')]
    assert modules
    for module in modules:
        assert not {top(target) for target in reachable(module)} & {
            'chainer', 'compat', 'cupy'}


def python(code, *arguments):
    return subprocess.run(
        [sys.executable, '-W', 'ignore', '-c', code, *arguments], cwd=ROOT,
        capture_output=True, text=True, check=False)


def test_libraries_import_where_chainer_does_not():
    done = python('import sys; sys.modules["chainer"] = None\n'
                  f'import calibration, {", ".join(WITHOUT_CHAINER)}')
    assert done.returncode == 0, done.stderr


# ---------------------------------------------------------------- the commands

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


@pytest.mark.parametrize('script', COMMANDS)
def test_help_imports_nothing_heavy(script):
    done = python(HELP, f'{script}.py')
    assert done.returncode == 0, done.stderr
    assert done.stderr.strip() == '[]'
    assert done.stdout.startswith(f'usage: {script}.py')
    assert any(flag in done.stdout
               for flag in ('--model-setup', '--dataset', 'RUN'))


@pytest.mark.parametrize('script', COMMANDS)
def test_scripts_parse_nothing_when_imported(script):
    """Importing one reads no flags, prints nothing, writes nothing."""
    before = sorted(os.listdir(ROOT))
    done = python(f'import sys; sys.argv = ["x", "--nonsense"]\n'
                  f'import {script}')
    assert (done.returncode, done.stdout, done.stderr) == (0, '', '')
    assert sorted(os.listdir(ROOT)) == before


# ------------------------------------------------------------- size and style

def test_no_file_is_long_without_a_reason():
    """A longer file says why at its head: ``Longer than other files: ...``"""
    for path, source in SOURCES.items():
        reason = 'Longer than other files:' in (
            ast.get_docstring(TREES[path]) or '')
        assert reason or source.count('\n') <= LONGEST_FILE, path


def test_no_function_is_long():
    """Docstrings do not count: they may say as much as there is to say."""
    for path, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                lines = node.end_lineno - node.lineno + 1
                first = node.body[0]
                if ast.get_docstring(node) is not None:
                    lines -= first.end_lineno - first.lineno + 1
                assert lines <= LONGEST_FUNCTION, f'{path}: {node.name}'


# Section of a docstring -> what its entries look like; a line that is indented
# further continues an entry.
ENTRIES = {
    'Args:': r'    \w+(, \w+)* \(.+\): \S',
    'Attributes:': r'    \w+(, \w+)* \(.+\): \S',
    'Raises:': r'    \w+: \S',
}
VALUE = r'    \S.*: ?'  # the first line of Returns: and Yields:


def docstrings():
    """(where, text) of every docstring of ours."""
    for name, path in OURS.items():
        for node in ast.walk(TREES[path]):
            if isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.Module)):
                text = ast.get_docstring(node)
                if text:
                    yield f'{name}.{getattr(node, "name", "")}', text


def sections(text):
    """(heading, its lines) of a docstring."""
    for part in re.split(r'\n(?=\w+:\n)', text)[1:]:
        heading, *lines = part.split('\n')
        inside = list(itertools.takewhile(
            lambda line: not line or line.startswith(' '), lines))
        yield heading, [line for line in inside if line]


def test_one_dialect_of_docstrings():
    """Google's sections, as in Chainer; every entry has a type."""
    seen = collections.Counter()
    for where, text in docstrings():
        for heading, lines in sections(text):
            seen[heading] += 1
            if heading in ENTRIES:
                for line in lines:
                    assert line.startswith('        ') or re.match(
                        ENTRIES[heading], line), f'{where}: {line}'
            elif heading in ('Returns:', 'Yields:'):
                assert re.match(VALUE, lines[0]), f'{where}: {lines[0]}'
        assert not re.search(r':\w+:`|:param|^\s*-----', text), where
    assert min(seen[heading] for heading in [*ENTRIES, 'Returns:']) > 30


def test_public_functions_say_what_they_take():
    """A docstring with ``Args:`` names every argument."""
    for path in OURS.values():
        for node in ast.walk(TREES[path]):
            text = isinstance(node, ast.FunctionDef) and ast.get_docstring(
                node)
            if text and 'Args:\n' in text:
                names = {a.arg for a in node.args.args
                         + node.args.kwonlyargs} - {'self', 'cls'}
                told = set(re.findall(r'\w+', ' '.join(re.findall(
                    r'\n    ([\w, ]+) \(', text))))
                assert names <= told, f'{path}: {node.name}'


def test_tests_named_in_the_documents_exist():
    """Each ``tests/file.py::Class::test``, so that none goes stale."""
    pattern = re.compile(r'`(tests/[\w/]+\.py)((?:::\w+)+)`')
    named = {found for page in (ROOT / 'docs').glob('*.md')
             for found in pattern.findall(page.read_text(encoding='utf-8'))}
    assert named
    for file, path in named:
        body = TREES[ROOT / file].body
        for part in path.split('::')[1:]:
            found = [node for node in body
                     if getattr(node, 'name', None) == part]
            assert found, f'{file}{path}'
            body = found[0].body


def test_files_named_in_the_documents_exist():
    """Each ``folder/file.py`` and ``file.py`` of README.md and docs."""
    pages = [ROOT / 'README.md', *(ROOT / 'docs').glob('*.md')]
    for page in pages:
        text = page.read_text(encoding='utf-8').replace(
            '`interpretations.py`', '')  # of the released code
        for file in re.findall(r'`((?:\w+/)*\w+\.(?:py|js|css))\b', text):
            inside = [path for path in TREES if path.name == file]
            assert (ROOT / file).exists() or inside, f'{page.name}: {file}'


def test_no_package_index_is_named_by_its_host():
    host = re.compile(r'pypi\.(org|python)|pythonhosted|anaconda\.(org|com)')
    for path in [*SOURCES, *ROOT.glob('*.md'), *(ROOT / 'docs').glob('*.md'),
                 ROOT / 'Makefile', *ROOT.glob('requirements*.txt')]:
        if path != pathlib.Path(__file__):
            assert not host.search(path.read_text('utf-8')), path


def test_test_files_have_names_of_their_own():
    """pytest imports them by these."""
    names = [path.name for path in TREES if path.name.startswith('test_')]
    assert len(names) == len(set(names))
