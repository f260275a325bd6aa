"""DkNN and temperature of a run; indexes that are stored."""
import compat  # noqa: F401  (before Chainer)

import json

import chainer
import numpy as np
import pytest
import toys

import runs
from dknn import DkNN
from runs import predictors


def fitted(run, index):
    train, calib = (runs.stored_activations(run, split)
                    for split in ('train', 'calib'))
    return runs.fit_dknn(run, train, calib, n_neighbors=9, index=index)


@pytest.mark.parametrize('index', ['lsh', 'hnsw', 'ivf'])
def test_stored_indexes(run_folder, index, monkeypatch):
    """A second start reads the index; another model builds it again."""
    run = runs.load_run(run_folder)
    layers = runs.stored_activations(run, 'test').layers
    first = fitted(run, index).predict(layers)
    before = toys.listing(run_folder)
    with monkeypatch.context() as patch:
        patch.setattr(DkNN, 'fit', None)
        second = fitted(run, index).predict(layers)
    for one, other in zip(first, second, strict=True):
        assert (one == other).all()
    assert toys.listing(run_folder) == before
    run.model.output.b.array[:] += 1
    chainer.serializers.save_npz(run_folder / 'best_model.npz', run.model)
    fitted(runs.load_run(run_folder), index)
    changed = {name for name, _, _ in toys.listing(run_folder) - before}
    assert f'activations/index_{index}/key' in changed


@pytest.mark.parametrize('index', ['lsh', 'hnsw', 'ivf'])
@pytest.mark.parametrize('damage', [
    lambda content: b'', lambda content: content[:len(content) // 2],
    lambda content: b'garbage'])
def test_a_damaged_index_is_built_anew(run_folder, index, damage, capsys):
    run = runs.load_run(run_folder)
    layers = runs.stored_activations(run, 'test').layers
    first = fitted(run, index).predict(layers)
    folder = run_folder / 'activations' / f'index_{index}'
    path = sorted(folder.glob('layer*'))[0]
    whole = path.read_bytes()
    path.write_bytes(damage(whole))
    capsys.readouterr()
    second = fitted(run, index).predict(layers)
    assert capsys.readouterr().err.startswith(
        f'{folder}: {path.name} is damaged; built again\n')
    for one, other in zip(first, second, strict=True):
        assert (one == other).all()
    assert len(sorted(folder.glob('layer*'))[0].read_bytes()) == len(whole)


def tuned(run, index='exact', **options):
    train, calib = (runs.stored_activations(run, split)
                    for split in ('train', 'calib'))
    dknn = runs.fit_dknn(run, train, calib, index=index,
                         **{'n_neighbors': 9, **options})
    return dknn.bandwidths_, dknn.weights_


@pytest.mark.parametrize('index', ['exact', 'lsh'])
def test_stored_tuning(run_folder, index, monkeypatch):
    """Chosen once, on the validation split; with another model again."""
    run = runs.load_run(run_folder)
    first = tuned(run, index)
    train, valid = (runs.stored_activations(run, split)
                    for split in ('train', 'valid'))
    by_hand = DkNN(2, 9, index).fit(train.layers, train.labels).tune(
        valid.layers, valid.labels)
    assert first == (by_hand.bandwidths_, by_hand.weights_)
    with monkeypatch.context() as patch:
        patch.setattr(DkNN, 'tune', None)
        assert tuned(run, index) == first
        if index == 'exact':  # which takes all examples, whatever k
            assert tuned(run, index, n_neighbors=3) == first
    file = run_folder / 'activations' / f'tuning_{index}' / 'tuning.json'
    before = file.read_bytes()
    tuned(run, index, layers='last')
    assert file.read_bytes() != before
    tuned(run, index)
    assert file.read_bytes() == before
    run.model.output.b.array[:] += 1
    chainer.serializers.save_npz(run_folder / 'best_model.npz', run.model)
    key = file.with_name('key').read_bytes()
    tuned(runs.load_run(run_folder), index)
    assert file.with_name('key').read_bytes() != key


def test_a_damaged_tuning_is_made_again(run_folder, capsys):
    run = runs.load_run(run_folder)
    first = tuned(run)
    file = run_folder / 'activations' / 'tuning_exact' / 'tuning.json'
    file.write_bytes(file.read_bytes()[:-9])
    capsys.readouterr()
    assert tuned(run) == first
    assert capsys.readouterr().err == (
        f'{file.parent}: tuning.json is damaged; chosen again\n')


@pytest.mark.parametrize('index', ['exact', 'lsh'])
@pytest.mark.parametrize('conditional', [False, True])
def test_stored_calibration(run_folder, index, conditional, monkeypatch):
    """Computed once; what is taken back says the same as the method."""
    run = runs.load_run(run_folder)
    train, valid, calib, test = (runs.stored_activations(run, split)
                                 for split in ('train', 'valid', 'calib',
                                               'test'))
    by_hand = DkNN(2, 9, index, class_conditional=conditional).fit(
        train.layers, train.labels).tune(valid.layers, valid.labels).calibrate(
            calib.layers, calib.labels)
    runs.fit_dknn(run, train, calib, 9, index)  # not conditional: stored
    with monkeypatch.context() as patch:
        patch.setattr(DkNN, 'calibrate', None)
        found = runs.fit_dknn(run, train, calib, 9, index,
                              class_conditional=conditional)
    assert (found.calibration_ == by_hand.calibration_).all()
    for soft in (False, True):
        for one, other in zip(found.predict(test.layers, soft=soft),
                              by_hand.predict(test.layers, soft=soft),
                              strict=True):
            assert np.array_equal(one, other)
    # Tuned again: the log-odds are others
    for dknn in (found, by_hand):
        dknn.use_tuning([1.5] * 3, [1, 2, 3])
    assert (found.predict(test.layers, soft=True).p_values
            == by_hand.predict(test.layers, soft=True).p_values).all()


@pytest.mark.parametrize('change', [
    {'n_neighbors': 5}, {'layers': 'last'}, {'index': 'lsh'}])
def test_another_search_is_calibrated_anew(run_folder, change):
    run = runs.load_run(run_folder)
    train, valid, calib = (runs.stored_activations(run, split)
                           for split in ('train', 'valid', 'calib'))
    runs.fit_dknn(run, train, calib, 9)
    options = {'n_neighbors': 9, **change}
    by_hand = DkNN(2, **options).fit(train.layers, train.labels).tune(
        valid.layers, valid.labels).calibrate(calib.layers, calib.labels)
    found = runs.fit_dknn(run, train, calib, **options)
    assert (found.calibration_ == by_hand.calibration_).all()
    assert (found.calibration_log_odds_ == by_hand.calibration_log_odds_).all()


def test_a_damaged_calibration_is_made_again(run_folder, capsys):
    run = runs.load_run(run_folder)
    first = fitted(run, 'exact').calibration_
    file = run_folder / 'activations/calibration_exact/calibration.json'
    file.write_bytes(file.read_bytes().replace(b'1', b'2'))
    capsys.readouterr()
    assert (fitted(run, 'exact').calibration_ == first).all()
    assert capsys.readouterr().err == (
        f'{file.parent}: calibration.json is damaged; computed again\n')


def test_temperature_is_fitted_once(run_folder, monkeypatch):
    """``temperature.json`` says it again wherever it does not."""
    run = runs.load_run(run_folder)
    calib = runs.stored_activations(run, 'calib')
    first = runs.store_temperature(run, calib)
    path = run_folder / 'temperature.json'
    whole, before = path.read_bytes(), toys.listing(run_folder)
    with monkeypatch.context() as patch:
        patch.setattr(predictors.confidence, 'fit_temperature', None)
        assert runs.store_temperature(run, calib) == first
        assert toys.listing(run_folder) == before
        for content in (b'', b'{}', b'[' * 99999, whole.replace(b'1', b'2')):
            path.write_bytes(content)
            assert runs.store_temperature(run, calib) == first
            assert path.read_bytes() == whole
        path.unlink()
        assert runs.store_temperature(run, calib) == first
        assert path.read_bytes() == whole
    run.model.output.b.array[:] += [0, 1]
    chainer.serializers.save_npz(run_folder / 'best_model.npz', run.model)
    run = runs.load_run(run_folder)
    assert runs.store_temperature(
        run, runs.stored_activations(run, 'calib')) != first


def test_temperature_file(run_folder):
    run = runs.load_run(run_folder)
    calib = runs.stored_activations(run, 'calib')
    temperature = runs.store_temperature(run, calib)
    stored = json.loads((run_folder / 'temperature.json').read_text())
    assert stored['temperature'] == temperature > 0
    assert stored['n'] == len(run.data.calib)
    assert stored['nll_after'] <= stored['nll_before']
    # softmax(z / T) by hand, float64
    z = np.array(calib.logits, np.float64) / temperature
    nll = np.log(np.exp(z).sum(axis=1)) - z[np.arange(len(z)), calib.labels]
    assert stored['nll_after'] == pytest.approx(nll.mean(), rel=1e-6)
