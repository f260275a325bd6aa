"""Flipped labels: which, where they are found again, how they are sought."""
import compat  # noqa: F401  (before Chainer)

import json

import numpy as np
import pytest
import toys
from dknn_examples import clusters

import runs
import text_datasets
from errors import UserError
from tools import flipped


@pytest.mark.parametrize('n_class', [2, 5])
def test_flip(n_class):
    labels = np.arange(200) % n_class
    new, flips = flipped.flip(labels.tolist(), n_class, .05, seed=1)
    assert len(flips) == 10
    assert np.flatnonzero(new != labels).tolist() == flips.tolist()
    assert set(new) == set(range(n_class))
    again, _ = flipped.flip(labels, n_class, .05, seed=1)
    other, _ = flipped.flip(labels, n_class, .05, seed=2)
    assert (new == again).all() and (new != other).any()


def test_measure():
    """5 of 6 examples tie in pairs; 2 are flipped.

    The first two places hold the highest, which is flipped, and one of a
    tie of two, of which one is flipped: (1 + 1/2) / 2.  Of the 8 pairs of
    flipped and others the first wins 4, the second 3 and ties one.
    """
    found = flipped.measure(np.array([9., 5, 5, 1, 1, 0]),
                            np.array([1, 1, 0, 0, 0, 0], bool))
    assert found == {'found': .75, 'auroc': 7.5 / 8}


def test_confident_learning():
    """Usual: .8 for class 0 and .6 for class 1.

    The third is .4 of class 1 (.2 below its usual) and .6 of class 0 (.2
    below its own): 0, where the plain margin says .2.
    """
    p0 = np.array([.9, .7, .6, .2])
    labels = np.array([0, 0, 1, 1])
    np.testing.assert_allclose(flipped.confident_learning(
        np.stack([p0, 1 - p0], axis=1), labels),
        [(.1 - .6) - (.9 - .8), (.3 - .6) - (.7 - .8),
         (.6 - .8) - (.4 - .6), (.2 - .8) - (.8 - .6)], atol=1e-12)


@pytest.fixture
def published(monkeypatch, tmp_path):
    """A made-up file under the name of a published data set."""
    path = toys.write_csv(tmp_path / 'toy.csv', toys.sentences(200))
    load = text_datasets.load_dataset
    monkeypatch.setattr(
        text_datasets, 'load_dataset', lambda name, *args, **options: load(
            path if name == 'subj' else name, *args, **options))
    return 'subj'


def test_flips_are_found_again_among_the_indexed(published, tmp_path):
    """Written, read and split anew: a flipped text has the other label."""
    flipped.write_data(tmp_path / 'new', published, .2, seed=3)
    flips = json.loads((tmp_path / 'new' / flipped.FLIPS).read_text())
    true = {text: label for label, text in toys.sentences(200)}
    data = text_datasets.load_dataset(str(tmp_path / 'new'), seed=3,
                                      calib_size=20)
    before = text_datasets.load_dataset(published, seed=3)
    assert len(data.train) + 20 == len(before.train) + len(before.calib)
    assert (data.valid, data.test) == (before.valid, before.test)
    wrong = [data.label_names[e.label] != true[' '.join(e.texts[0])]
             for e in data.train]
    assert flipped.is_flipped(data, flips).tolist() == wrong
    assert 0 < sum(wrong) < len(flips)  # some are calibrated on


def test_dropped_texts_are_refused():
    with pytest.raises(UserError, match='1 texts of x have no tokens'):
        flipped.is_flipped(text_datasets.Dataset(
            'x', (), [], [], [], [], [], [], 1), [])


def test_the_command_does_what_is_left(published, tmp_path, monkeypatch,
                                       capsys):
    flags = ['--dataset', published, '--share', '0.1', '--out',
             str(tmp_path / 'out'), '--flags',
             '--model bow --unit 12 --epoch 4 --learning-rate 0.02 '
             '--adversarial 0', '--seed']
    monkeypatch.setattr(runs, 'fit_dknn', lambda run, *splits: fit_dknn(
        run, *splits, n_neighbors=7))
    flipped.main([*flags, '0'])
    shown = capsys.readouterr().out.splitlines()
    assert [line[:29].strip() for line in shown[-6:]] == [
        *flipped.SCORES, 'random']
    monkeypatch.setattr(flipped.subprocess, 'run', None)  # not again
    flipped.main([*flags, '0'])
    assert capsys.readouterr().out.splitlines()[-7:] == shown[-7:]
    with pytest.raises(UserError, match='give another --out'):
        flipped.main([*flags[:-2], '--model bow', '--seed', '0'])


fit_dknn = runs.fit_dknn


def test_spread():
    # deviation of 1, 2, 3: sqrt((1 + 0 + 1) / 2)
    assert flipped.spread([1., 2., 3.]) == '2.000 +- 1.000'
    assert flipped.spread([.25]) == '0.250'


def test_scores_are_high_for_what_is_wrong():
    """Clusters far apart, one example in ten mislabelled: all are found."""
    layers, labels = clusters(100, n_class=2, spread=.1)
    wrong = np.arange(100) % 10 == 0
    given = np.where(wrong, 1 - labels, labels)
    logits = np.stack([1 - labels, labels], axis=1) * 4.
    found = flipped.rank(flipped_dknn(layers, given), Given(
        logits, layers, given))
    train = Given(logits, layers, given)
    for name, score in flipped.SCORES.items():
        if name != 'confident learning, linear':
            assert flipped.measure(score(None, found, train),
                                   wrong)['found'] == 1, name


class Given:
    """As much of Activations as is asked for."""

    def __init__(self, logits, layers, labels):
        self.logits, self.layers, self.labels = logits, layers, labels


def flipped_dknn(layers, labels):
    from dknn import DkNN
    return DkNN(2, n_neighbors=5).fit(layers, labels).use_tuning(
        [1, 1], [1, 1])
