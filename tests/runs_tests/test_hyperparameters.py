"""Which defaults hold for which texts."""
import compat  # noqa: F401  (before Chainer)

import pytest

import nets
from runs import hyperparameters
from runs.hyperparameters import ANY, DEFAULTS, Hyperparameters
from text_datasets import Dataset, Example


def dataset(*lengths, n_texts=1):
    train = [Example((('a',) * length,) * n_texts, 0) for length in lengths]
    return Dataset('x', ('a', 'b'), train, [], [], [], [], [], 0)


@pytest.mark.parametrize('data, char_based, kind', [
    (dataset(3, 150), False, 'words'),    # 76.5 in the mean
    (dataset(50, 150), False, 'long'),    # 100
    (dataset(500), True, 'characters'),
    (dataset(500, n_texts=2), False, 'pair'),
    (dataset(5, n_texts=2), True, 'pair')])
def test_kinds_of_text(data, char_based, kind):
    assert hyperparameters.kind_of(data, char_based) == kind


def test_later_rows_count(monkeypatch):
    monkeypatch.setattr(hyperparameters, 'DEFAULTS', {
        (ANY, ANY): Hyperparameters(*range(1, 9))._asdict(),
        ('cnn', ANY): {'epoch': 20, 'patience': 30},
        (ANY, 'long'): {'patience': 300},
        ('cnn', 'pair'): {'batchsize': 10}})
    for model, kind, expected in [
            ('bow', 'words', (1, 2, 3)), ('cnn', 'words', (1, 20, 30)),
            ('cnn', 'long', (1, 20, 300)), ('bow', 'long', (1, 2, 300)),
            ('cnn', 'pair', (10, 20, 30))]:
        found = hyperparameters.defaults(model, kind)
        assert found == (*expected, 4, 5, 6, 7, 8)


def test_without_pretrained_vectors():
    """LSTMs are not moved against them; the others have the same as with."""
    for model in nets.ENCODERS:
        with_vectors = hyperparameters.defaults(model, 'words')
        without = hyperparameters.defaults(model, 'words', False)
        if model in ('bilstm', 'rnn'):
            assert (with_vectors.adversarial, without.adversarial) == (1, 0)
        assert without._replace(
            adversarial=with_vectors.adversarial) == with_vectors
    assert hyperparameters.defaults('bow', 'words', False) == (
        hyperparameters.defaults('bow', 'words'))


def test_the_table_names_what_there_is():
    assert next(iter(DEFAULTS)) == (ANY, ANY)
    for (model, kind), values in DEFAULTS.items():
        assert model in (ANY, *nets.ENCODERS)
        assert kind in (ANY, 'words', 'characters', 'long', 'pair')
        assert set(values) <= set(Hyperparameters._fields)
    for model in nets.ENCODERS:
        hyperparameters.defaults(model, 'pair')
