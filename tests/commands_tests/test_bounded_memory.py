"""The scripts with --memory: the same results, within the bound."""
import compat  # noqa: F401  (before Chainer)

import importlib
import json
import re
import shutil
import subprocess
import sys

import pytest
import toys

LIMITED = '''
import compat
import importlib, resource, sys
import runs
from neighbors import memory
from runs.memory import resident

script, bound, *flags = sys.argv[1:]
memory.KEPT_CELL = 1 << 40  # nothing is small enough to be kept

def status(name):
    with open('/proc/self/status') as lines:
        return 1024 * int(dict(line.split(':') for line in lines)[
            name].split()[0])

plan = runs.plan_search

def plan_and_limit(run, dknn_options, memory, **options):
    """From now on, anonymous memory is what the bound leaves."""
    found = plan(run, dknn_options, memory, **options)
    most = status('VmData') + memory - resident()
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    return found

runs.plan_search = plan_and_limit
main = importlib.import_module(script).main
runs.run_script(lambda: main([*flags, '--memory', bound]))
print('peak', status('VmHWM'))
'''


def limited(script, bound, *flags):
    return subprocess.run(
        [sys.executable, '-W', 'ignore', '-c', LIMITED, script, bound,
         *map(str, flags)], cwd=toys.ROOT, capture_output=True, text=True,
        check=False)


def results(folder):
    """What a script wrote, without how long it took."""
    found = {}
    for path in sorted(folder.rglob('*.json*')):
        text = re.sub(r'"seconds": [\d.e-]+', '', path.read_text())
        found[str(path.relative_to(folder))] = text
    return found


needs_proc = pytest.mark.skipif(not sys.platform.startswith('linux'),
                                reason='/proc')


def least_bound(folder, *flags):
    """What a script refuses 64M for, and a little more, in megabytes."""
    few = limited('run_dknn', '64M', '--model-setup', folder, *flags)
    return 16 + int(re.search(r'give (\d+)M or more', few.stderr)[1])


def predictions(folder):
    lines = (folder / 'predictions.jsonl').read_text().splitlines()
    return [json.loads(line) for line in lines]


@needs_proc
def test_float32_sums_within_the_bound(made, tmp_path):
    flags = ['-k', '9', '--out', tmp_path / 'few', '--index-options',
             'sum_bits=32']
    bound = least_bound(made, *flags)
    done = limited('run_dknn', f'{bound}M', '--model-setup', made, *flags)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split('peak ')[1]) <= bound << 20
    done = toys.command('run_dknn.py', '--model-setup', made, '-k', '9',
                        '--out', tmp_path / 'usual')
    assert done.returncode == 0, done.stderr
    few, usual = (predictions(tmp_path / name) for name in ('few', 'usual'))
    assert len(few) == len(usual) > 0
    for one, other in zip(few, usual, strict=True):
        assert one['dknn'] == other['dknn']
        assert one['soft']['conformity'] == pytest.approx(
            other['soft']['conformity'], abs=1e-5)


def test_other_bits_are_refused(made):
    done = toys.command('run_dknn.py', '--model-setup', made,
                        '--index-options', 'sum_bits=16')
    assert (done.returncode, done.stdout) == (2, '')
    assert done.stderr.endswith(
        'error: --index-options sum_bits 16 is no width of numbers; take 64 '
        'or 32\n')


@needs_proc
@pytest.mark.parametrize('script, flags', [
    ('run_dknn', []), ('interpret', ['--limit', '3']),
    ('evaluate', ['--only', 'accuracy'])])
def test_the_same_results_within_the_bound(made, tmp_path, script, flags):
    expected, folder = tmp_path / 'a' / made.name, tmp_path / 'b' / made.name
    for copy in (expected, folder):
        shutil.copytree(made, copy)
        shutil.copy(made.parent / 'toy.csv' if (
            made.parent / 'toy.csv').exists() else toys.write_csv(
                tmp_path / 'toy.csv', toys.sentences()), copy.parent)
    flags = ['--data-dir', tmp_path / 'a', '-k', '9', *flags]
    importlib.import_module(script).main(
        ['--model-setup', str(expected), *map(str, flags)])
    few = limited(script, '64M', '--model-setup', folder, *flags)
    assert few.returncode == 2
    least = re.search(r'--memory 64M is too little .*give (\d+)M or more',
                      few.stderr)
    assert least, few.stderr
    bound = int(least[1]) + 16
    done = limited(script, f'{bound}M', '--model-setup', folder, *flags)
    assert done.returncode == 0, done.stderr
    said = done.stderr
    assert said.startswith(f'memory: {bound}M, of which')
    assert 'read in blocks of' in said and 'disk: 1M of activations' in said
    assert int(done.stdout.split('peak ')[1]) <= bound << 20
    assert results(folder) == results(expected)
    assert json.loads((folder / 'args.json').read_text())


def test_parts_that_hold_whole_layers_are_refused(made):
    done = toys.command('evaluate.py', '--model-setup', made, '--memory',
                        '4G', '--only', 'audit', 'accuracy')
    assert (done.returncode, done.stdout) == (2, '')
    assert ('--memory bounds no part audit; name with --only those that it '
            'bounds: accuracy, overconfidence, artifacts') in done.stderr


def test_another_index_is_refused(made):
    done = toys.command('run_dknn.py', '--model-setup', made, '--memory',
                        '4G', '--index', 'kdtree')
    assert (done.returncode, done.stdout) == (2, '')
    assert ('--memory bounds no search with --index kdtree, which copies all '
            'activations') in done.stderr
