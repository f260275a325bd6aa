"""The run folder: written whole, movable, read in one place."""
import compat  # noqa: F401  (before Chainer)

import argparse
import json
import os
import pathlib
import random
import shutil

import chainer
import numpy as np
import pytest
import toys
from hypothesis import given, settings
from hypothesis import strategies as st

import nets
import runs

# Another machine's, as the released code wrote them.
ELSEWHERE = '/home/someone/deep-knn/result'


@pytest.fixture(scope='session')
def made(tmp_path_factory):
    """A trained run beside its data, never changed."""
    folder = tmp_path_factory.mktemp('runs')
    data = toys.write_csv(folder / 'toy.csv', toys.sentences())
    return toys.fit(folder / 'results', data)


@pytest.fixture
def run_folder(made, tmp_path):
    """A copy of a trained run and of its data, to be changed."""
    shutil.copytree(made.parents[1], tmp_path / 'copy')
    return tmp_path / 'copy' / 'results' / made.name


def dknn_flags(*flags):
    parser = argparse.ArgumentParser()
    runs.add_dknn_flags(parser)
    return parser.parse_args(flags)


def logits_of(run_folder):
    run = runs.load_run(run_folder)
    xs, _ = runs.encode(run.data.test, run.vocab)
    return run.model.logits(xs).array


# ------------------------------------------------------------- whole or not

@pytest.mark.parametrize('before', [None, 'old'])
def test_replacing_is_all_or_nothing(tmp_path, before):
    path = tmp_path / 'file.json'
    if before:
        path.write_text(before)
    names = os.listdir(tmp_path)
    for error in (OSError, KeyboardInterrupt):
        with pytest.raises(error), runs.replacing(path) as temporary:
            temporary.write_text('half')
            raise error
        assert os.listdir(tmp_path) == names
        assert before is None or path.read_text() == before
    with runs.replacing(path) as temporary:
        temporary.write_text('new')
        assert not before or path.read_text() == before
    assert path.read_text() == 'new'
    assert os.listdir(tmp_path) == ['file.json']


def test_records_that_break_off_leave_the_old_file(tmp_path):
    path = tmp_path / 'new' / 'a.jsonl'  # the folder is made

    def records():
        yield {'text': 'naïve\n"x"'}
        raise ValueError('no more')

    runs.write_jsonl(path, [{'text': 'old'}])
    with pytest.raises(ValueError, match='no more'):
        runs.write_jsonl(path, records())
    assert path.read_text() == '{"text":"old"}\n'
    with pytest.raises(TypeError):
        runs.write_json(path, {'array': np.zeros(1)})
    assert path.read_text() == '{"text":"old"}\n'
    assert os.listdir(path.parent) == ['a.jsonl']


def test_written_files_have_the_usual_permissions(tmp_path):
    (tmp_path / 'plain').write_text('')
    runs.write_json(tmp_path / 'ours', [])
    assert (tmp_path / 'ours').stat().st_mode == (
        tmp_path / 'plain').stat().st_mode


def test_replacing_folder_is_all_or_nothing(tmp_path):
    folder = tmp_path / 'stored'
    for content in ('one', 'two'):
        with runs.replacing_folder(folder) as temporary:
            (temporary / content).write_text(content)
    with pytest.raises(KeyboardInterrupt):
        with runs.replacing_folder(folder) as temporary:
            (temporary / 'three').write_text('')
            raise KeyboardInterrupt
    assert os.listdir(folder) == ['two']  # nothing left of the first
    assert os.listdir(tmp_path) == ['stored']


def test_clear_removes_what_a_run_wrote_only(run_folder):
    runs.activations(runs.load_run(run_folder), 'test')
    (run_folder / 'notes.txt').write_text('mine')
    runs.clear(run_folder)
    assert os.listdir(run_folder) == ['notes.txt']
    runs.clear(run_folder / 'absent')


# ------------------------------------------------------------------ batches

lengths = st.lists(st.integers(1, 60), max_size=80)


@settings(max_examples=60, deadline=None)
@given(lengths, st.integers(1, 200), st.booleans())
def test_batches_are_a_bounded_partition(lengths, tokens, pair):
    xs = [np.zeros(n, np.int32) for n in lengths]
    if pair:
        xs = xs, xs[::-1]
        lengths = [a + b for a, b in zip(lengths, lengths[::-1],
                                         strict=True)]
    batches = [batch.tolist() for batch in runs.batches(xs, tokens)]
    assert sorted(i for batch in batches for i in batch) == list(
        range(len(lengths)))
    for batch in batches:  # as if padded to the longest
        assert len(batch) == 1 or len(batch) * max(
            lengths[i] for i in batch) <= tokens


def test_batches_are_full():
    xs = [np.zeros(n, np.int32) for n in (5, 1, 4, 1, 9)]
    # by length 1 1 4 5 9: 2 x 1 and 3 x 4 > 10; 2 x 5; 9
    assert [batch.tolist() for batch in runs.batches(xs, 10)] == [
        [1, 3], [2, 0], [4]]


@pytest.mark.parametrize('model', sorted(nets.ENCODERS))
@pytest.mark.parametrize('pair', [False, True])
def test_one_text_at_a_time_is_the_same(model, pair, monkeypatch):
    pick = np.random.RandomState(0)
    net = nets.make_classifier(model, 30, 3, n_units=6, n_layers=2,
                               pair=pair)
    sides = [[pick.randint(0, 30, n).astype(np.int32)
              for n in pick.randint(1, 9, 25)] for _ in range(1 + pair)]
    xs = tuple(sides) if pair else sides[0]
    logits, layers = runs.forward(net, xs)
    for i in range(25):
        alone, alone_layers = runs.forward(net, runs.select(xs, [i]))
        for one, many in zip([alone, *alone_layers], [logits, *layers],
                             strict=True):
            np.testing.assert_allclose(one[0], many[i], rtol=1e-4, atol=1e-6)
    monkeypatch.setattr(type(net.encoder), 'tokens_per_batch', 20)
    small, _ = runs.forward(net, xs)
    np.testing.assert_allclose(small, logits, rtol=1e-4, atol=1e-6)


def test_forward_without_a_text():
    net = nets.make_classifier('bow', 3, 2, n_units=3)
    with pytest.raises(ValueError, match='no text'):
        runs.forward(net, [])


# --------------------------------------------------------------- load a run

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
    with pytest.raises(ValueError, match='--data-dir'):
        runs.load_run(moved)
    run = runs.load_run(moved, data_dir=run_folder.parents[1])
    xs, _ = runs.encode(run.data.test, run.vocab)
    assert (run.model.logits(xs).array == before).all()


def test_newest_run(run_folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=r'train\.py --dataset'):
        runs.find_setup()
    for i, name in enumerate(['b_old', 'c_new', 'a_older']):
        folder = shutil.copytree(run_folder, tmp_path / 'results' / name)
        os.utime(folder / 'args.json', (1000, 1000 + [5, 9, 2][i]))
    assert runs.find_setup().name == 'c_new'
    (tmp_path / 'results' / 'c_new' / 'best_model.npz').unlink()
    assert runs.find_setup().name == 'b_old'  # no longer trained


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
    with pytest.raises(ValueError, match=f'{name} is no valid JSON'):
        runs.load_run(run_folder)


def test_bytes_that_are_no_text(run_folder):
    (run_folder / 'args.json').write_bytes(b'\xff\xfe{}')
    with pytest.raises(ValueError, match='args.json is no valid JSON'):
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
    with pytest.raises(ValueError, match='calibration positions'):
        runs.load_run(run_folder)


@pytest.mark.skipif(chainer.backends.cuda.available, reason='has a GPU')
@pytest.mark.parametrize('gpu', [0, 7])
def test_no_such_gpu(run_folder, gpu):
    with pytest.raises(ValueError, match=f'--gpu {gpu} cannot be used'):
        runs.load_run(run_folder, gpu=gpu)


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
    xs, _ = runs.encode(run.data.test, run.vocab)
    assert (run.model.logits(xs).array == model.logits(xs).array).all()
    prediction = runs.fit_dknn(run, dknn_flags('-k', '5')).predict(
        runs.activations(run, 'test')[1])
    assert len(prediction.label) == 20


# --------------------------------------------------------- kept activations

def test_activations_are_the_models(run_folder):
    run = runs.load_run(run_folder)
    for split in runs.SPLITS:
        logits, layers, labels = runs.activations(run, split)
        examples = getattr(run.data, split)
        xs, ys = runs.encode(examples, run.vocab)
        expected, expected_layers = run.model.logits_and_activations(xs)
        assert labels.tolist() == [e.label for e in examples] == ys.tolist()
        for one, other in zip([logits, *layers],
                              [expected, *expected_layers], strict=True):
            assert one.dtype == np.float32
            np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)
    assert sorted(os.listdir(run_folder / 'activations')) == sorted(
        runs.SPLITS)


def test_activations_are_kept(run_folder, monkeypatch):
    runs.activations(runs.load_run(run_folder), 'train')
    before = toys.listing(run_folder)

    def fail(*args, **keys):
        raise AssertionError('computed again')

    monkeypatch.setattr(runs, 'forward', fail)
    logits, _, _ = runs.activations(runs.load_run(run_folder), 'train')
    assert logits.shape == (126, 2)
    assert toys.listing(run_folder) == before


def test_activations_follow_the_model(run_folder):
    old = np.array(runs.activations(runs.load_run(run_folder), 'test')[0])
    run = runs.load_run(run_folder)
    run.model.output.b.array[:] += [1, 2]
    chainer.serializers.save_npz(run_folder / 'best_model.npz', run.model)
    new, _, _ = runs.activations(runs.load_run(run_folder), 'test')
    np.testing.assert_allclose(new, old + [1, 2], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize('old, new', [
    (' film', ' plot'), ('negative,', 'positive,')])
def test_activations_follow_the_data(run_folder, old, new):
    def computed():
        run = runs.load_run(run_folder)
        logits, _, labels = runs.activations(run, 'train')
        xs, ys = runs.encode(run.data.train, run.vocab)
        expected, _ = runs.forward(run.model, xs)
        return np.array(logits), labels, expected, ys

    first = computed()
    path = run_folder.parents[1] / 'toy.csv'
    path.write_text(path.read_text().replace(old, new, 30))
    logits, labels, expected, ys = computed()
    assert (logits == expected).all() and (labels == ys).all()
    assert (logits != first[0]).any() or (labels != first[1]).any()


def test_activations_that_break_off(run_folder, monkeypatch):
    run = runs.load_run(run_folder)
    real = run.model.logits_and_activations
    calls = []

    def interrupted(xs):
        calls.append(xs)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(xs)

    monkeypatch.setattr(type(run.model.encoder), 'tokens_per_batch', 50)
    object.__setattr__(run.model, 'logits_and_activations', interrupted)
    with pytest.raises(KeyboardInterrupt):
        runs.activations(run, 'train')
    assert os.listdir(run_folder / 'activations') == []


@pytest.mark.parametrize('index', ['kdtree', 'lsh', 'hnsw', 'ivf'])
def test_stored_indexes(run_folder, index, monkeypatch):
    """A second start reads the index; another model builds it again."""
    run, flags = runs.load_run(run_folder), dknn_flags('--index', index,
                                                       '-k', '9')
    _, layers, _ = runs.activations(run, 'test')
    first = runs.fit_dknn(run, flags).predict(layers)
    before = toys.listing(run_folder)
    with monkeypatch.context() as patch:
        patch.setattr(runs.dknn.DkNN, 'fit', None)
        second = runs.fit_dknn(run, flags).predict(layers)
    for one, other in zip(first, second, strict=True):
        assert (one == other).all()
    assert toys.listing(run_folder) == before
    run.model.output.b.array[:] += 1
    chainer.serializers.save_npz(run_folder / 'best_model.npz', run.model)
    runs.fit_dknn(runs.load_run(run_folder), flags)
    changed = {name for name, _, _ in toys.listing(run_folder) - before}
    assert f'activations/index_{index}/key' in changed


@pytest.mark.parametrize('index', ['kdtree', 'lsh', 'hnsw', 'ivf'])
@pytest.mark.parametrize('damage', [
    lambda content: b'', lambda content: content[:len(content) // 2],
    lambda content: b'garbage'])
def test_a_damaged_index_is_built_anew(run_folder, index, damage, capsys):
    run, flags = runs.load_run(run_folder), dknn_flags('--index', index,
                                                       '-k', '9')
    _, layers, _ = runs.activations(run, 'test')
    first = runs.fit_dknn(run, flags).predict(layers)
    folder = run_folder / 'activations' / f'index_{index}'
    path = sorted(folder.glob('layer*'))[0]
    whole = path.read_bytes()
    path.write_bytes(damage(whole))
    capsys.readouterr()
    second = runs.fit_dknn(run, flags).predict(layers)
    assert f'{folder} is damaged' in capsys.readouterr().err
    for one, other in zip(first, second, strict=True):
        assert (one == other).all()
    assert len(sorted(folder.glob('layer*'))[0].read_bytes()) == len(whole)


def test_temperature_file(run_folder):
    run = runs.load_run(run_folder)
    temperature = runs.fit_run_temperature(run)
    stored = json.loads((run_folder / 'temperature.json').read_text())
    assert stored['temperature'] == temperature > 0
    assert stored['n'] == len(run.data.calib)
    assert stored['nll_after'] <= stored['nll_before']
    # softmax(z / T) by hand, float64
    logits, _, labels = runs.activations(run, 'calib')
    z = np.array(logits, np.float64) / temperature
    nll = np.log(np.exp(z).sum(axis=1)) - z[np.arange(len(z)), labels]
    assert stored['nll_after'] == pytest.approx(nll.mean(), rel=1e-6)


# -------------------------------------------------------------------- flags

@pytest.mark.parametrize('text, expected', [
    ('all', 'all'), ('last', 'last'), ('0', [0]), ('2,0', [2, 0]),
    ('-1', [-1])])
def test_layer_choice(text, expected):
    assert runs.layer_choice(text) == expected


@pytest.mark.parametrize('text', ['', 'first', '0,', '1.5', 'all,last'])
def test_layer_choice_refuses(text):
    with pytest.raises(argparse.ArgumentTypeError, match='like 0,2'):
        runs.layer_choice(text)


@pytest.mark.parametrize('dataset, char, name', [
    ('stsa.binary', False, 'stsa.binary_cnn'), ('TREC', True, 'TREC_cnn_char'),
    ('a/b/my.data.csv', False, 'my_cnn'), ('/a/folder/', False,
                                           'folder_cnn')])
def test_folder_names(dataset, char, name):
    assert runs.folder_of('out', dataset, 'cnn', char) == (
        pathlib.Path('out') / name)


def test_a_path_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(ValueError, match='typo is no trained run: it'):
        runs.find_setup(tmp_path / 'typo')
