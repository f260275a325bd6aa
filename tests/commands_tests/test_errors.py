"""What train.py, run_dknn.py and calibration.py refuse, in one sentence."""
import compat  # noqa: F401  (before Chainer)

import json
import pathlib
import shutil
import sys

import pytest
import toys

import calibration
import run_dknn
import runs
import train
from functions import devices

MAINS = {'train': train.main, 'run_dknn': run_dknn.main,
         'calibration': calibration.main}


def write_vectors(path):
    path.write_text('good 1 2 3\nfilm 1 2\nplot 1 2 3\n')
    return path


def bad_train(data, tmp_path):
    """Name -> (flags of train.py, what the sentence says)."""
    (tmp_path / 'empty.csv').touch()
    (tmp_path / 'blank.csv').write_text('label,text\n')
    (tmp_path / 'one.csv').write_text('label,text\na,x y\na,y z\n')
    (tmp_path / 'binary.jsonl').write_bytes(b'\xff\xfe\x00{')
    (tmp_path / 'v.txt').touch()
    good = ['--dataset', data / 'toy.csv']
    return {
        'unknown data set': (['--dataset', 'sst'], 'stsa.binary'),
        'missing file': (['--dataset', tmp_path / 'no.csv'], 'no.csv'),
        'missing published file': (
            ['--dataset', 'mpqa', '--data-dir', tmp_path], 'mpqa.all'),
        'empty file': (['--dataset', tmp_path / 'empty.csv'], 'empty.csv'),
        'no rows': (['--dataset', tmp_path / 'blank.csv'], 'blank.csv'),
        'one label': (['--dataset', tmp_path / 'one.csv'], 'at least two'),
        'no text': (['--dataset', tmp_path / 'binary.jsonl'], 'UTF-8'),
        'vectors of two widths': (
            [*good, '--word_vectors', write_vectors(tmp_path / 'w.txt')],
            'w.txt:2'),
        'no vectors': ([*good, '--word_vectors', tmp_path / 'v.txt'],
                       'no word vectors'),
        'no vector file': ([*good, '--word_vectors', tmp_path / 'x'], 'x'),
        'too narrow': ([*good, '--unit', '2'],
                       '--unit 2 is too small for the cnn; take 3'),
        'dropout': ([*good, '--dropout', '1'], 'dropout'),
        'gpu': ([*good, '--gpu', '0'], '--gpu 0 cannot be used'),
        'unknown model': ([*good, '--model', 'bert'], "'bert'"),
        'no epochs': ([*good, '--epoch', '0'], 'at least 1'),
        'resume nothing': ([*good, '--resume'], 'no snapshot'),
    }


BAD_TRAIN = sorted(bad_train(pathlib.Path(), pathlib.Path('/tmp')))


def fails(script, flags, message, capsys, monkeypatch):
    """As the command does: a sentence, exit code 2; no traceback."""
    monkeypatch.setattr(sys, 'argv', [f'/somewhere/{script}.py'])
    with pytest.raises(SystemExit) as stopped:
        runs.run_script(lambda: MAINS[script](list(map(str, flags))))
    assert stopped.value.code == 2
    said = capsys.readouterr().err
    assert 'Traceback' not in said
    # argparse puts the usage before its sentence
    assert said.startswith((f'{script}.py: error: ', f'usage: {script}.py'))
    last = said.rstrip('\n').splitlines()[-1]
    assert last.startswith(f'{script}.py: error: ') and message in last
    assert said.startswith('usage') or said == last + '\n'


@pytest.mark.parametrize('name', BAD_TRAIN)
def test_train_refuses(name, data, tmp_path, capsys, monkeypatch):
    if name == 'gpu' and devices.count_gpus()[0]:
        pytest.skip('has a GPU')
    monkeypatch.setattr('files.downloads.urllib.request.urlopen', offline)
    flags, message = bad_train(data, tmp_path)[name]
    before = toys.listing(tmp_path)
    fails('train', [*flags, '--out', tmp_path / 'out'], message, capsys,
          monkeypatch)
    assert toys.listing(tmp_path) == before
    assert not (tmp_path / 'out').exists()


def offline(*args, **keys):
    raise OSError('no network in the tests')


BAD_RUN = {
    'no neighbours': (['--neighbors', '0'], 'at least 1'),
    'too many neighbours': (
        ['-k', '127'], '--neighbors 127 exceeds the 126 training examples'),
    'layers': (['--layers', '0,3'], 'from 0 to 2'),
    'a layer twice': (['--layers', '0,0'], 'different numbers'),
    'layer name': (['--layers', 'first'], 'like 0,2'),
    'index': (['--index', 'annoy'], "'annoy'"),
    'no database': (['--index', 'milvus'], 'milvus needs --milvus-uri'),
    'a database for another index': (
        ['--milvus-uri', 'x.db'], '--index exact does not take --milvus-uri'),
    'gpu': (['--gpu', '0'], '--gpu 0 cannot be used'),
    'no number': (['-k', 'ten'], "'ten'"),
    'no run': (['--model-setup', 'nowhere/args.json'], 'no trained run'),
}


@pytest.mark.parametrize('script', ['run_dknn', 'calibration'])
@pytest.mark.parametrize('name', sorted(BAD_RUN))
def test_a_trained_run_with_bad_flags(script, name, made, capsys,
                                      monkeypatch):
    if name == 'gpu' and devices.count_gpus()[0]:
        pytest.skip('has a GPU')
    flags, message = BAD_RUN[name]
    run = runs.load_run(made)
    runs.store_temperature(run, runs.stored_activations(run, 'calib'))
    before = toys.listing(made)
    fails(script, ['--model-setup', made, *flags], message, capsys,
          monkeypatch)
    # the temperature is fitted before the neighbours: the same file again
    assert {(path, size) for path, size, _ in toys.listing(made)} == {
        (path, size) for path, size, _ in before}


@pytest.mark.parametrize('script', ['run_dknn', 'calibration'])
@pytest.mark.parametrize('name, content', [
    ('args.json', '{"dataset": '), ('vocab.json', ''),
    ('best_model.npz', 'PK nonsense')])
def test_a_broken_run(script, name, content, made, tmp_path, capsys,
                      monkeypatch):
    folder = shutil.copytree(made, tmp_path / 'run')
    data = made / json.loads((made / 'args.json').read_text())['dataset']
    (folder / name).write_text(content)
    before = toys.listing(folder)
    fails(script, ['--model-setup', folder, '--data-dir', data.parent], name,
          capsys, monkeypatch)
    assert toys.listing(folder) == before


def test_no_run_at_all(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    fails('run_dknn', [], 'python train.py --dataset', capsys, monkeypatch)


@pytest.mark.parametrize('script', sorted(MAINS))
def test_errors_of_commands(script, tmp_path):
    """The same in a process of its own, and Python's own exit code."""
    flags = (['--dataset', 'nothing'] if script == 'train'
             else ['--model-setup', 'nothing'])
    done = toys.command(f'{script}.py', *flags, cwd=tmp_path)
    assert done.returncode == 2 and done.stdout == ''
    assert done.stderr.startswith(f'{script}.py: error: ')
    assert done.stderr.count('\n') == 1
    assert not list(tmp_path.iterdir())
