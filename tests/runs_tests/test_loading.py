"""A run folder that was moved, damaged, or made by the released code."""
import compat  # noqa: F401  (before Chainer)

import json
import pathlib
import random
import shutil

import chainer
import fake_device
import numpy as np
import pytest
import toys

import nets
import runs
from errors import ArgumentError, UserError

# Another machine's, as the released code wrote them.
ELSEWHERE = '/home/someone/deep-knn/result'


def logits_of(run_folder):
    run = runs.load_run(run_folder)
    xs, _ = runs.encode_examples(run.data.test, run.vocab)
    return run.model.logits(xs).array


def test_a_folder_can_be_moved_with_its_data(run_folder, tmp_path,
                                             monkeypatch):
    before = logits_of(run_folder)
    (tmp_path / 'far').mkdir()
    moved = shutil.move(run_folder.parents[1], tmp_path / 'far' / 'away')
    monkeypatch.chdir(tmp_path / 'far')
    for setup in (moved / 'results' / 'toy_cnn',
                  moved / 'results' / 'toy_cnn' / 'args.json',
                  pathlib.Path('away/results/toy_cnn')):
        assert (logits_of(setup) == before).all()
    text = (moved / 'results' / 'toy_cnn' / 'args.json').read_text()
    assert str(tmp_path) not in text


def test_a_folder_can_be_moved_without_its_data(run_folder, tmp_path):
    before = logits_of(run_folder)
    moved = shutil.move(run_folder, tmp_path / 'run')
    with pytest.raises(ValueError, match='`data_dir`'):
        runs.load_run(moved)
    run = runs.load_run(moved, data_dir=run_folder.parents[1])
    xs, _ = runs.encode_examples(run.data.test, run.vocab)
    assert (run.model.logits(xs).array == before).all()


@pytest.mark.parametrize('name', ['args.json', 'vocab.json', 'calib.json',
                                  'best_model.npz'])
def test_missing_files(run_folder, name):
    (run_folder / name).unlink()
    with pytest.raises(ValueError, match=name):
        runs.load_run(run_folder)


@pytest.mark.parametrize('name', ['args.json', 'vocab.json', 'calib.json'])
@pytest.mark.parametrize('content', ['', '{"dataset": ', '\x00\x01'])
def test_broken_json(run_folder, name, content):
    (run_folder / name).write_text(content)
    with pytest.raises(UserError, match=f'{name} is no valid JSON|{name}: '
                       'expected array, got object'):
        runs.load_run(run_folder)


def test_bytes_that_are_no_text(run_folder):
    (run_folder / 'args.json').write_bytes(b'\xff\xfe{}')
    with pytest.raises(ValueError, match='args.json is no valid JSON'):
        runs.load_run(run_folder)


def test_a_field_that_is_not_read_is_no_text(run_folder):
    path = run_folder / 'args.json'
    path.write_bytes(path.read_bytes().replace(b'"datetime": "2',
                                               b'"datetime": "\xec'))
    with pytest.raises(UserError, match='args.json is no valid JSON'):
        runs.load_run(run_folder)


def change(run_folder, **settings):
    path = run_folder / 'args.json'
    path.write_text(json.dumps(json.loads(path.read_text()) | settings))


@pytest.mark.parametrize('settings', [
    {'unit': 15}, {'layer': 3}, {'model': 'rnn'}, {'embed_units': 5}])
def test_a_checkpoint_of_another_network(run_folder, settings):
    change(run_folder, **settings)
    with pytest.raises(ValueError, match='best_model.npz does not fit'):
        runs.load_run(run_folder)


def test_a_checkpoint_of_another_vocabulary(run_folder):
    vocab = json.loads((run_folder / 'vocab.json').read_text())
    vocab['new'] = len(vocab)
    (run_folder / 'vocab.json').write_text(json.dumps(vocab))
    with pytest.raises(ValueError, match='best_model.npz does not fit'):
        runs.load_run(run_folder)


# NumPy does not close a file that is no zip archive.
@pytest.mark.filterwarnings('ignore::pytest.PytestUnraisableExceptionWarning')
def test_truncated_checkpoints(run_folder):
    path = run_folder / 'best_model.npz'
    content = path.read_bytes()
    for size in (0, 10, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:size])
        with pytest.raises(ValueError, match='best_model.npz'):
            runs.load_run(run_folder)


def test_a_checkpoint_of_a_larger_network(run_folder):
    change(run_folder, layer=1)
    with pytest.raises(ValueError, match='best_model.npz does not fit'):
        runs.load_run(run_folder)


@pytest.mark.parametrize('name, content', [
    ('args.json', []), ('args.json', None), ('args.json', {}),
    ('args.json', {'dataset': 'TREC', 'model': 'cnn', 'unit': 'x'}),
    ('calib.json', None), ('calib.json', {}), ('calib.json', [[1]]),
    ('vocab.json', []), ('vocab.json', {'<eos>': 5, '<unk>': 6}),
    ('vocab.json', {'<eos>': '0', '<unk>': '1'})])
def test_valid_json_that_is_something_else(run_folder, name, content):
    (run_folder / name).write_text(json.dumps(content))
    with pytest.raises(ValueError, match=name):
        runs.load_run(run_folder)


@pytest.mark.parametrize('positions', [[0, 0], [-1], [10 ** 6], [.5]])
def test_positions_of_other_data(run_folder, positions):
    (run_folder / 'calib.json').write_text(json.dumps(positions))
    with pytest.raises(UserError, match='calibration positions|calib.json: '
                       r'\[0\]: expected int'):
        runs.load_run(run_folder)


@pytest.mark.parametrize('gpu', [0, 7])
def test_no_gpu(run_folder, gpu, monkeypatch):
    monkeypatch.setattr(runs.loading.devices, 'count_gpus',
                        lambda: (0, 'there is none'))
    with pytest.raises(ArgumentError, match=(
            f'gpu={gpu} cannot be used: there is none; leave it out to run')):
        runs.load_run(run_folder, gpu=gpu)


def test_no_such_gpu(run_folder):
    with fake_device.used() as xp:
        assert isinstance(runs.load_run(
            run_folder, gpu=0).model.output.W.array, xp.ndarray)
        xp.cuda.runtime.getDeviceCount = lambda: 2
        with pytest.raises(ArgumentError, match=(
                'gpu=2 cannot be used: there are 2 GPUs, counted from 0')):
            runs.load_run(run_folder, gpu=2)


def test_a_run_of_the_released_code(tmp_path):
    """Absolute paths of another machine, no seed, no label names."""
    rows = list(toys.sentences(120))
    data = tmp_path / 'data'
    data.mkdir()
    for split, part in [('train', rows[:80]), ('dev', rows[80:100]),
                        ('test', rows[100:])]:
        (data / f'stsa.binary.{split}').write_text(''.join(
            f'{int(label == "positive")} {text}\n' for label, text in part))
    vocab = {'<eos>': 0, '<unk>': 1, 'good': 2, 'bad': 3, 'film': 4}
    positions = random.Random(1).sample(range(80), 10)
    folder = tmp_path / 'stsa.binary_cnn'
    folder.mkdir()
    (folder / 'vocab.json').write_text(json.dumps(vocab))
    (folder / 'calib.json').write_text(json.dumps(positions))
    (folder / 'args.json').write_text(json.dumps({
        'gpu': 0, 'batchsize': 64, 'epoch': 25, 'unit': 9, 'layer': 1,
        'dropout': 0.4, 'out': ELSEWHERE, 'dataset': 'stsa.binary',
        'model': 'cnn', 'char_based': False, 'word_vectors': None,
        'n_class': 2, 'datetime': '2018-09-01 10:00:00.000000',
        'model_path': f'{ELSEWHERE}/best_model.npz',
        'vocab_path': f'{ELSEWHERE}/vocab.json'}))
    model = nets.make_classifier('cnn', 5, 2, n_units=9, n_layers=1)
    chainer.serializers.save_npz(folder / 'best_model.npz', model)
    run = runs.load_run(folder / 'args.json', data)
    assert run.data.label_names == ('negative', 'positive')
    assert run.data.calib_positions == positions
    split = [' '.join(e.texts[0]) for e in run.data.calib]
    assert split == [rows[i][1] for i in positions]
    assert len(run.data.train) == 70 and len(run.data.valid) == 20
    xs, _ = runs.encode_examples(run.data.test, run.vocab)
    assert (run.model.logits(xs).array == model.logits(xs).array).all()
    train, calib, test = (runs.stored_activations(run, split)
                          for split in ('train', 'calib', 'test'))
    dknn = runs.fit_dknn(run, train, calib, n_neighbors=5)
    prediction = dknn.predict(test.layers)
    assert len(prediction.label) == 20


# ------------------------------------------------------- what has changed

def swapped(text):
    """The same rows in the opposite order."""
    head, *rows = text.splitlines(keepends=True)
    return ''.join([head, *rows[::-1]])


@pytest.mark.parametrize('changed', [
    swapped, lambda text: text.replace('positive,', 'x,').replace(
        'negative,', 'positive,').replace('x,', 'negative,'),
    lambda text: text.replace(' film', ' plot', 1)])
def test_other_data_are_refused(run_folder, changed):
    path = run_folder.parents[1] / 'toy.csv'
    path.write_text(changed(path.read_text()))
    with pytest.raises(UserError, match='was trained on other examples than'):
        runs.load_run(run_folder)


@pytest.mark.parametrize('settings', [
    {'seed': 1}, {'char_based': True}, {'calib_size': 10}])
def test_edited_settings_are_refused(run_folder, settings):
    """The network fits, but its examples are others."""
    if 'calib_size' in settings:  # calib.json, not it, says how many
        path = run_folder / 'calib.json'
        path.write_text(json.dumps(json.loads(path.read_text())[:10]))
    change(run_folder, **settings)
    with pytest.raises(UserError, match='was trained on other examples than'):
        runs.load_run(run_folder)


def test_edited_calibration_positions_are_refused(run_folder):
    path = run_folder / 'calib.json'
    positions = json.loads(path.read_text())
    path.write_text(json.dumps(positions[1:] + positions[:1]))
    with pytest.raises(UserError, match='calib.json, have changed'):
        runs.load_run(run_folder)


# ------------------------------------------------- fields of another type

WRONG = ['', 'a', [], {}, None, True, -1, 1.5, 10 ** 7, 10 ** 9, 2 ** 70,
         [[[]]], {'a': 1}]


@pytest.mark.parametrize('field', ['dataset', 'model', 'unit', 'layer',
                                   'dropout', 'char_based', 'seed',
                                   'calib_size', 'embed_units',
                                   'label_names', 'data_fingerprint'])
def test_every_field_of_a_wrong_type(run_folder, field):
    """A sentence, or the run as it was: nothing else, and no memory taken."""
    for value in WRONG:
        change(run_folder, **{field: value})
        try:
            assert runs.load_run(run_folder).data.train
        except UserError as error:
            assert '\n' not in str(error) and str(run_folder) in str(error)


def test_a_field_that_is_missing(run_folder):
    path = run_folder / 'args.json'
    settings = json.loads(path.read_text())
    for name in ('dataset', 'model', 'unit', 'layer', 'dropout'):
        path.write_text(json.dumps({key: value for key, value in
                                    settings.items() if key != name}))
        with pytest.raises(UserError, match=f'missing required field {name}'):
            runs.load_run(run_folder)


@pytest.mark.parametrize('name', ['args.json', 'vocab.json', 'calib.json'])
@pytest.mark.parametrize('end', ['', ']' * 100_000])
def test_json_that_is_deeply_nested(run_folder, name, end):
    (run_folder / name).write_text('[' * 100_000 + end)
    with pytest.raises(UserError, match=name):
        runs.load_run(run_folder)


@pytest.mark.parametrize('value', ['[1]', '{}', 'null', '1.5', '-1', '"1"',
                                   '1e400', 'NaN'])
def test_a_vocabulary_with_an_odd_id(run_folder, value):
    (run_folder / 'vocab.json').write_text(
        '{"<eos>": 0, "<unk>": 1, "good": %s}' % value)
    with pytest.raises(UserError, match='vocab.json'):
        runs.load_run(run_folder)


def test_parameters_with_pickles_are_refused(run_folder):
    """An array of objects would run what its pickle says."""
    path = run_folder / 'best_model.npz'
    with np.load(path) as arrays:
        stored = dict(arrays)
    stored['output/b'] = np.array([Boom(), Boom()], dtype=object)
    np.savez(path, **stored)
    with pytest.raises(UserError, match='allow_pickle'):
        runs.load_run(run_folder)


class Boom:
    def __reduce__(self):
        return exec, ('raise SystemExit("code from a run folder was run")',)


def test_a_checkpoint_of_another_seed(run_folder, tmp_path):
    other = toys.fit(tmp_path / 'other', run_folder.parents[1] / 'toy.csv',
                     '--seed', '1')
    shutil.copy(other / 'best_model.npz', run_folder)
    with pytest.raises(ValueError, match='best_model.npz does not fit .*: it '
                       'was trained with other settings'):
        runs.load_run(run_folder)


def test_a_vocabulary_in_which_words_are_exchanged(run_folder):
    path = run_folder / 'vocab.json'
    vocab = json.loads(path.read_text())
    *_, one, other = vocab
    vocab[one], vocab[other] = vocab[other], vocab[one]
    path.write_text(json.dumps(vocab))
    with pytest.raises(ValueError, match='or another vocabulary'):
        runs.load_run(run_folder)


def test_a_checkpoint_without_a_key(run_folder):
    before = logits_of(run_folder)
    toys.forget(run_folder)
    assert (logits_of(run_folder) == before).all()
