"""DkNN and temperature of a run; indexes that are stored."""
import compat  # noqa: F401  (before Chainer)

import json

import chainer
import numpy as np
import pytest
import toys

import runs
from dknn import DkNN


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
