"""How interpret.py explains, and where it writes what."""
import compat  # noqa: F401  (before Chainer)

import json
import shutil

import numpy as np
import pytest
import toys
from interpreting import (
    DATA,
    FEW,
    OWN,
    PAGE,
    PART,
    QUICK,
    check_record,
    read,
)

import interpret
import nlp_utils
import runs
import visualize
from files import atomic
from saliency import attribution, parts
from saliency.methods import METHODS


def test_all_methods(explain):
    names = list(METHODS)[::-1]
    records = explain('--limit', 2, '--method', *names, *names[:2],
                      '--steps', 3, '--draws', 2)
    for record in records:
        check_record(record)
        assert list(record['methods']) == names


def test_steps_and_seed_arrive(explain, folders):
    def gap(steps):
        record, = explain('--limit', 1, '--method', 'integrated_gradients',
                          '--steps', steps)
        return abs(record['methods']['integrated_gradients']['gap'])

    assert gap(200) < gap(1)
    record, = explain('--limit', 1, '--method', 'random', '--seed', 4)
    run = runs.load_run(folders['words'])
    tokens = nlp_utils.encode(run.data.test[0].texts[0], run.vocab)
    np.testing.assert_allclose(
        record['methods']['random']['scores'][0],
        attribution.random_scores([tokens], seed=4)[0], atol=1e-5)


@pytest.mark.parametrize('released, name', [
    ('dknn', 'conformity'), ('softmax', 'confidence'), ('grad', 'gradient')])
def test_methods_by_their_released_names(explain, released, name):
    record, = explain('--limit', 1, '--interp_method', released)
    assert list(record['methods']) == [name]
    assert record == explain('--limit', 1, '--method', name)[0]


@pytest.mark.parametrize('method', ['confidence', 'conformity', 'random'])
def test_reduce(explain, method):
    records = explain('--reduce', method, '--method', method)
    for record in records:
        check_record(record)
        assert record['reduction']['method'] == method
    assert any(record['reduction']['removed'] for record in records)
    assert 'reduction' not in explain('--limit', 1)[0]


@pytest.mark.parametrize('name, start', [
    ('f.svg', b'<?xml'), ('f.pdf', b'%PDF'), ('f.png', b'\x89PNG')])
def test_figure(explain, tmp_path, capsys, name, start):
    explain('--limit', 2, *QUICK, '--figure', tmp_path / name)
    assert (tmp_path / name).read_bytes().startswith(start)
    assert f'wrote {tmp_path / name}' in capsys.readouterr().out


@pytest.mark.parametrize('kind', ['words', 'pair'])
def test_redraw_gives_the_same_page(explain, tmp_path, kind):
    explain('--reduce', 'confidence', kind=kind)
    out = tmp_path / 'out'
    page, data = ((out / name).read_bytes() for name in (PAGE, DATA))
    (out / PAGE).unlink()
    interpret.main(['--redraw', str(out / DATA)])
    assert (out / PAGE).read_bytes() == page
    interpret.main(['--redraw', str(out / DATA), '--out', str(tmp_path),
                    '--figure', str(tmp_path / 'f.svg')])
    assert (tmp_path / PAGE).read_bytes() == page
    assert (tmp_path / 'f.svg').stat().st_size > 100
    assert (out / DATA).read_bytes() == data
    assert not (tmp_path / DATA).exists()


def test_the_same_bytes_again(explain, tmp_path):
    found = []
    for _ in range(2):
        explain('--method', *METHODS, '--steps', 2,
                '--draws', 2)
        found.append([(tmp_path / 'out' / name).read_bytes()
                      for name in (PAGE, DATA)])
    assert found[0] == found[1]


def test_output_is_replaced_whole(explain, tmp_path):
    explain('--limit', 5)
    records = explain('--limit', 1)
    assert len(records) == 1
    page = (tmp_path / 'out' / PART[0]).read_text('utf-8')
    assert page.count('<!DOCTYPE html>') == page.count('</html>') == 1


@pytest.mark.parametrize('owner, name, kept', [
    (parts, 'method_part', OWN), (atomic.json, 'dumps', OWN),
    (visualize, 'render_page', OWN[:1])])
def test_a_failure_leaves_what_there_was(explain, tmp_path, monkeypatch,
                                         owner, name, kept):
    explain('--text', 'a film', '--text', 'plot')
    out = tmp_path / 'out'
    before = {name: (out / name).read_bytes() for name in kept}
    original, calls = getattr(owner, name), []

    def broken(*args, **options):
        calls.append(args)
        if len(calls) == 2 or name == 'render_page':
            raise RuntimeError('in the middle')
        return original(*args, **options)

    monkeypatch.setattr(owner, name, broken)
    with pytest.raises(RuntimeError, match='in the middle'):
        explain('--limit', 4, '--text', 'good', '--text', 'bad')
    assert {name: (out / name).read_bytes() for name in kept} == before
    assert {path.name for path in out.iterdir()} == set(OWN)


def test_output_goes_to_the_run_folder(folders, tmp_path):
    folder = shutil.copytree(folders['words'], tmp_path / 'run')
    data = folders['words'].parents[1]
    interpret.main(['--model-setup', str(folder / 'args.json'), *FEW,
                    '--data-dir', str(data), *QUICK])
    record, *_ = read(folder / DATA)
    assert (folder / PAGE).is_file()
    assert str(data) not in (folder / DATA).read_text('utf-8')
    assert str(tmp_path) not in (folder / PAGE).read_text('utf-8')
    temperature = json.loads((folder / 'temperature.json').read_text())
    assert record['softmax']['temperature'] == pytest.approx(
        temperature['temperature'], abs=1e-5)


def test_as_a_command(folders, tmp_path):
    """From another folder, with texts on standard input."""
    done = toys.command(
        'interpret.py', '--model-setup', folders['words'], *FEW, '--input',
        '-', '--out', 'out', cwd=tmp_path, input='Good film\nbad\n')
    assert (done.returncode, done.stderr) == (0, '')
    records = read(tmp_path / 'out' / OWN[1])
    assert [r['words'] for r in records] == [[['Good', 'film']], [['bad']]]
    done = toys.command('interpret.py', '--model-setup', folders['words'],
                        *FEW, '--text', '', cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, '')
    assert done.stderr.count('\n') == 1
    assert done.stderr.startswith('interpret.py: error: ')
