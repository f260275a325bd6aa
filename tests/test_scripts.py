"""train, run_dknn and calibration, as functions and as commands."""
import compat  # noqa: F401  (before Chainer)

import json
import pathlib
import shutil
import sys

import chainer
import numpy as np
import pytest
import toys

import calibration
import nets
import run_dknn
import runs
import train

FAST = '--learning-rate', '0.01', '--dropout', '0.1', '--epoch', '4'
MAINS = {'train': train.main, 'run_dknn': run_dknn.main,
         'calibration': calibration.main}
# n_test = 200 // 10, n_calibration = 180 // 5, validation 180 // 10
SIZES = {'n_train': 126, 'n_calibration': 36, 'n_test': 20}


@pytest.fixture(scope='session')
def data(tmp_path_factory):
    """A folder with single sentences and pairs."""
    folder = tmp_path_factory.mktemp('data')
    toys.write_csv(folder / 'toy.csv', toys.sentences())
    toys.write_pairs(folder / 'pairs.jsonl')
    return folder


@pytest.fixture(scope='session')
def made(data, tmp_path_factory):
    """A trained CNN whose activations are all stored."""
    folder = toys.fit(tmp_path_factory.mktemp('made'), data / 'toy.csv',
                      *FAST)
    run_dknn.main(['--model-setup', str(folder)])
    calibration.main(['--model-setup', str(folder)])
    return folder


def read(folder):
    """dknn.json and the lines of predictions.jsonl."""
    lines = (folder / 'predictions.jsonl').read_text('utf-8').splitlines()
    return (json.loads((folder / 'dknn.json').read_text('utf-8')),
            [json.loads(line) for line in lines])


def check(folder, n_class=2):
    """What was written agrees with itself; returns dknn.json."""
    result, records = read(folder)
    assert len(records) == result['n_test']
    right = {'softmax': 0, 'dknn': 0}
    for i, record in enumerate(records):
        assert record['id'] == i and len(record['label_names']) == n_class
        softmax, dknn = record['softmax'], record['dknn']
        for predictor in right:
            right[predictor] += record[predictor]['label'] == record['label']
        # six decimals are kept
        assert sum(softmax['probabilities']) == pytest.approx(1, abs=2e-6)
        assert sum(dknn['conformity']) == pytest.approx(1, abs=2e-6)
        assert softmax['probabilities'][softmax['label']] == max(
            softmax['probabilities'])
        assert dknn['conformity'][dknn['label']] == max(dknn['conformity'])
        p_values = dknn['p_values']
        assert len(p_values) == n_class and 0 < min(p_values)
        assert dknn['credibility'] == p_values[dknn['label']]
        assert dknn['confidence'] == pytest.approx(
            1 - sorted(p_values)[-2], abs=2e-6)
        assert dknn['prediction_set'] == [
            y for y in range(n_class) if p_values[y] > dknn['error']]
        shares = np.array(dknn['conformity']) * result['n_neighbors'] * len(
            result['layers'])
        np.testing.assert_allclose(shares, shares.round(), atol=.01)
    for predictor, count in right.items():
        assert result[f'{predictor}_accuracy'] == pytest.approx(
            count / len(records))
    assert result['agreement'] == pytest.approx(np.mean(
        [r['softmax']['label'] == r['dknn']['label'] for r in records]))
    assert result['seconds'] > 0
    return result


def p_values_by_hand(folder, layers, k, conditional):
    """Conformity and p-values by brute force in float64."""
    run = runs.load_run(folder)
    parts = {split: runs.activations(run, split)
             for split in ('train', 'calib', 'test')}
    n_class, found = len(run.data.label_names), {}
    for split in ('calib', 'test'):
        shares = np.zeros((len(parts[split][2]), n_class))
        for layer in layers:
            train_h, h = (np.array(parts[part][1][layer], np.float64)
                          for part in ('train', split))
            for i, row in enumerate(h):
                distances = np.square(train_h - row).sum(axis=1)
                near = np.argsort(distances, kind='stable')[:k]
                for j in near:
                    shares[i, parts['train'][2][j]] += 1
        found[split] = shares / (k * len(layers))
    calib_y = parts['calib'][2]
    a = 1 - found['calib'][np.arange(len(calib_y)), calib_y]
    p = np.empty_like(found['test'])
    for y in range(n_class):
        own = a[calib_y == y] if conditional else a
        for i, share in enumerate(found['test'][:, y]):
            p[i, y] = (np.sum(own >= 1 - share - 1e-9) + 1) / (len(own) + 1)
    return found['test'], p


# -------------------------------------------------------------------- works

@pytest.mark.parametrize('model', sorted(nets.ENCODERS))
@pytest.mark.parametrize('kind', ['words', 'characters', 'pair'])
def test_train_then_dknn(data, tmp_path, model, kind, capsys):
    file = data / ('pairs.jsonl' if kind == 'pair' else 'toy.csv')
    flags = ['--char-based'] if kind == 'characters' else []
    folder = toys.fit(tmp_path, file, '--model', model, *flags)
    assert folder.name == f'{file.stem}_{model}' + (
        '_char' if kind == 'characters' else '')
    # the command that train.py names
    setup = capsys.readouterr().out.split('--model-setup ')[1].strip()
    run_dknn.main(['--model-setup', setup])
    result = check(folder)
    assert {name: result[name] for name in SIZES} == SIZES
    assert len(result['layers']) == len(
        runs.load_run(folder).model.layer_names)
    if kind == 'pair':
        _, records = read(folder)
        assert [len(r['texts']) for r in records] == [2] * 20
        assert records[0]['label_names'] == ['other', 'same']


def test_a_strong_signal_is_learned(made):
    result = check(made)
    assert result['softmax_accuracy'] >= .9
    assert result['dknn_accuracy'] >= .9
    assert result['credibility'] > .2


@pytest.mark.parametrize('index', sorted(runs.neighbors.INDEXES))
def test_every_index(made, index):
    flags = ['--lsh'] if index == 'lsh' else ['--index', index]
    run_dknn.main(['--model-setup', str(made), '-k', '10', *flags])
    result = check(made)
    assert (result['index'], result['n_neighbors']) == (index, 10)
    if index in ('exact', 'kdtree'):
        expected, _ = p_values_by_hand(made, range(3), 10, False)
        stated = [r['dknn']['conformity'] for r in read(made)[1]]
        np.testing.assert_allclose(stated, expected, atol=1e-6)


@pytest.mark.parametrize('layers, numbers', [
    ('all', [0, 1, 2]), ('last', [2]), ('0,1', [0, 1]), ('-1', [2])])
@pytest.mark.parametrize('conditional', [False, True])
def test_layers_and_class_conditional(made, layers, numbers, conditional):
    run_dknn.main(['--model-setup', str(made), '--neighbors', '7',
                   f'--layers={layers}',
                   *(['--class-conditional'] if conditional else [])])
    result = check(made)
    names = ['convolution', 'mlp 1', 'mlp 2']
    assert result['layers'] == [names[i] for i in numbers]
    assert result['class_conditional'] is conditional
    conformity, p_values = p_values_by_hand(made, numbers, 7, conditional)
    _, records = read(made)
    for record, c, p in zip(records, conformity, p_values, strict=True):
        np.testing.assert_allclose(record['dknn']['conformity'], c, atol=1e-6)
        np.testing.assert_allclose(record['dknn']['p_values'], p, atol=1e-6)


def test_limit_and_split(made):
    run_dknn.main(['--model-setup', str(made)])
    whole = read(made)[1]
    run_dknn.main(['--model-setup', str(made), '--limit', '3'])
    assert check(made)['n_test'] == 3
    assert read(made)[1] == whole[:3]
    run_dknn.main(['--model-setup', str(made), '--limit', '999'])
    assert read(made)[1] == whole
    run_dknn.main(['--model-setup', str(made), '--split', 'valid'])
    assert check(made)['n_test'] == 18
    run_dknn.main(['--model-setup', str(made)])


def test_prediction_sets(made):
    """Coverage and size of {y : p_y > 1 - level}, counted again."""
    run_dknn.main(['--model-setup', str(made)])
    result, records = read(made)
    for row in result['prediction_sets']:
        sets = [{y for y, p in enumerate(r['dknn']['p_values'])
                 if p > 1 - row['level'] + 1e-7} for r in records]
        assert row['mean_size'] == pytest.approx(np.mean(
            [len(chosen) for chosen in sets]))
        assert row['coverage'] == pytest.approx(np.mean(
            [r['label'] in chosen
             for chosen, r in zip(sets, records, strict=True)]))


def test_calibration_writes_what_it_names(made, capsys):
    calibration.main(['--model-setup', str(made), '--bins', '5'])
    said = capsys.readouterr().out.split('wrote ')[1]
    names = said.split(' in ')[0].split(', ')
    assert set(names) == {
        'temperature.json', 'calibration.json'} | {
        f'{stem}.{suffix}' for stem in ('reliability', 'credibility',
                                        'coverage')
        for suffix in ('png', 'pdf')}
    assert all((made / name).stat().st_size > 50 for name in names)
    stored = json.loads((made / 'calibration.json').read_text())
    assert stored['bins'] == 5
    run = runs.load_run(made)
    logits, _, labels = runs.activations(run, 'test')
    probs = np.exp(np.array(logits, np.float64))
    probs /= probs.sum(axis=1, keepdims=True)
    nll = -np.log(probs[np.arange(20), labels]).mean()
    assert stored['reports']['softmax']['nll'] == pytest.approx(nll, rel=1e-5)
    temperature = json.loads((made / 'temperature.json').read_text())
    assert stored['temperature'] == temperature['temperature']


def test_as_commands(data, tmp_path):
    """In another folder, with the newest run found."""
    done = toys.command('train.py', '--dataset', data / 'pairs.jsonl',
                        '--model', 'bow', *toys.SMALL, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, '')
    folder = tmp_path / 'results' / 'pairs_bow'
    for script, name in [('run_dknn.py', 'dknn.json'),
                         ('calibration.py', 'calibration.json')]:
        done = toys.command(script, cwd=tmp_path)
        assert (done.returncode, done.stderr) == (0, '')
        assert name in done.stdout and 'pairs_bow' in done.stdout
        assert (folder / name).is_file()
    check(folder)


def test_results_name_no_place(data, made):
    run_dknn.main(['--model-setup', str(made)])
    for name in ('dknn.json', 'predictions.jsonl', 'temperature.json'):
        assert str(data) not in (made / name).read_text()
        assert str(made) not in (made / name).read_text()


def test_texts_of_unknown_words_only(tmp_path):
    folder = tmp_path / 'data'
    folder.mkdir()
    toys.write_csv(folder / 'train.csv', toys.sentences(120))
    toys.write_csv(folder / 'test.csv', [
        ('positive', 'zyx wvu'), ('negative', '???'), ('negative', 'dull')])
    made = toys.fit(tmp_path / 'out', folder)
    run_dknn.main(['--model-setup', str(made), '-k', '5'])
    assert check(made)['n_test'] == 3


# ---------------------------------------------------------------- bad input

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
        'too narrow': ([*good, '--unit', '2'], 'at least 3'),
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
    if name == 'gpu' and chainer.backends.cuda.available:
        pytest.skip('has a GPU')
    monkeypatch.setattr('downloads.urllib.request.urlopen', offline)
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
        ['-k', '127'], 'n_neighbors=127 but only 126 training examples'),
    'layers': (['--layers', '0,3'], 'from 0 to 2'),
    'a layer twice': (['--layers', '0,0'], 'different numbers'),
    'layer name': (['--layers', 'first'], 'like 0,2'),
    'index': (['--index', 'annoy'], "'annoy'"),
    'gpu': (['--gpu', '0'], '--gpu 0 cannot be used'),
    'no number': (['-k', 'ten'], "'ten'"),
    'no run': (['--model-setup', 'nowhere/args.json'], 'no trained run'),
}


@pytest.mark.parametrize('script', ['run_dknn', 'calibration'])
@pytest.mark.parametrize('name', sorted(BAD_RUN))
def test_a_trained_run_with_bad_flags(script, name, made, capsys,
                                      monkeypatch):
    if name == 'gpu' and chainer.backends.cuda.available:
        pytest.skip('has a GPU')
    flags, message = BAD_RUN[name]
    runs.fit_run_temperature(runs.load_run(made))
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


# ---------------------------------------------------------------- real data

def test_the_stanford_sentiment_treebank(data_dir, tmp_path, capsys):
    """6,920 training sentences less the 1,000 for the calibration."""
    train.main(['--dataset', 'stsa.binary', '--data-dir', str(data_dir),
                '--epoch', '1', '--unit', '30', '--out', str(tmp_path)])
    said = capsys.readouterr().out
    assert ('stsa.binary: train 5,920, valid 872, calib 1,000, test 1,821'
            in said)
    assert '2 labels: negative, positive' in said
    run_dknn.main(['--data-dir', str(data_dir), '--model-setup',
                   str(tmp_path / 'stsa.binary_cnn')])
    result = check(tmp_path / 'stsa.binary_cnn')
    assert [result[name] for name in SIZES] == [5920, 1000, 1821]
