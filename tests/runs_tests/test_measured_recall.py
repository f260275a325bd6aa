"""Recall is measured once for an index and its options, and said."""
import compat  # noqa: F401  (before Chainer)

import json

import numpy as np
import pytest

import runs
from dknn import DkNN
from runs import recall


def fitted(run, index, options=None, n_neighbors=9):
    train, calib = runs.stored_splits(run, ['train', 'calib'])
    return runs.fit_dknn(run, train, calib, n_neighbors, index,
                         index_options=options)


@pytest.mark.parametrize('index', ['lsh', 'hnsw', 'ivf'])
def test_measured_once(run_folder, index, monkeypatch, capsys):
    run = runs.load_run(run_folder)
    dknn = fitted(run, index)
    n = len(run.data.valid)
    said = capsys.readouterr().err
    assert said == (f'index {index}: recall of 9 neighbours '
                    f'{np.mean(dknn.recall_):.3f} ({n} texts of the '
                    'validation split against exact)\n')
    assert len(dknn.recall_) == len(dknn.layers_)
    by_hand = DkNN(2, 9, index).fit(*runs.stored_activations(
        run, 'train')[2:4]).measure_recall(
            runs.stored_activations(run, 'valid').layers)
    assert dknn.recall_ == by_hand.recall_
    with monkeypatch.context() as patch:
        patch.setattr(DkNN, 'measure_recall', None)
        assert fitted(run, index).recall_ == dknn.recall_
        assert capsys.readouterr().err == said
        with pytest.raises(TypeError):  # of another k it is another
            fitted(run, index, n_neighbors=8)
    assert fitted(run, 'exact').recall_ is None
    assert capsys.readouterr().err == ''


def test_options_of_a_search_count(run_folder):
    run = runs.load_run(run_folder)
    few, all_ = {'n_probes': 1, 'n_lists': 9}, {'n_probes': 9, 'n_lists': 9}
    assert np.mean(fitted(run, 'ivf', few).recall_) < 1
    assert fitted(run, 'ivf', all_).recall_ == (1, 1, 1)
    stored = json.loads((run_folder / 'activations/recall_ivf/recall.json'
                         ).read_text())
    assert stored == {'recall': [1, 1, 1], 'n': len(run.data.valid),
                      'n_neighbors': 9, 'layers': [0, 1, 2], 'options': all_}


def test_the_sample_is_spread_over_the_split(run_folder, monkeypatch):
    """Of n texts 4: those at 0, n / 4, n / 2 and 3 n / 4."""
    asked = []
    monkeypatch.setattr(recall, 'TEXTS', 4)
    measure = DkNN.measure_recall
    monkeypatch.setattr(DkNN, 'measure_recall', lambda self, layers: (
        asked.append(layers[0]), measure(self, layers))[1])
    run = runs.load_run(run_folder)
    fitted(run, 'lsh')
    valid = runs.stored_activations(run, 'valid')
    n = len(valid.labels)
    np.testing.assert_array_equal(
        asked[0], valid.layers[0][[0, n // 4, n // 2, 3 * n // 4]])


def test_given_activations_are_measured_but_nothing_is_stored(
        run_folder, capsys):
    run = runs.load_run(run_folder)
    fitted(run, 'exact')
    runs.stored_activations(run, 'test')
    folder = run_folder / 'activations'
    before = sorted(folder.iterdir())
    dknn = fitted(runs.load_given(folder), 'ivf')
    assert len(dknn.recall_) == 3
    assert capsys.readouterr().err.startswith('index ivf: recall of 9 neigh')
    assert sorted(folder.iterdir()) == before
