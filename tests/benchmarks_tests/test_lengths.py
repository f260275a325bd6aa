"""Both ways of leaving words out give the same, and are timed alike."""
import compat  # noqa: F401  (before Chainer)

import numpy as np
import pytest

import nets
from benchmarks import lengths
from functions import left_out


@pytest.fixture
def counted(monkeypatch):
    """Calls of the plain way, one entry each."""
    calls = []
    plain = left_out.encode_variants

    def encode(*args):
        calls.append(args)
        return plain(*args)

    monkeypatch.setattr(left_out, 'encode_variants', encode)
    return calls


@pytest.mark.parametrize('model', lengths.MODELS)
def test_every_variant_is_the_plain_way(model, counted, monkeypatch):
    monkeypatch.setattr(lengths, 'VARIANTS', 40)
    classifier = nets.make_classifier(model, lengths.N_VOCAB, 2, n_units=6)
    plain = lengths.every_variant(classifier)
    xs = lengths.random_texts(5)
    fast = classifier.leave_one_out(xs)
    assert not counted
    slow = plain.leave_one_out(xs)
    assert counted
    for one, other in zip([fast[0], *fast[1]], [slow[0], *slow[1]],
                          strict=True):
        assert len(one) == 40
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize('length, n', [(5, 400), (320, 6), (1000, 4)])
def test_random_texts(length, n):
    """`n` texts of so many words, with ids of words, and <eos>."""
    xs = lengths.random_texts(length)
    assert len(xs) == n
    for ids in xs.sides[0]:
        assert ids.shape == (length + 1,) and ids.dtype == np.int32
        assert ids[-1] == 0
        assert 2 <= ids[:-1].min() and ids[:-1].max() < lengths.N_VOCAB


def test_milliseconds_by_hand(monkeypatch, seconds_from):
    """8 words in 4 texts of 2; medians of three, at once and one by one."""
    for name, value in [('MODELS', ('bow',)), ('LENGTHS', (2,)),
                        ('VARIANTS', 8), ('N_VOCAB', 30),
                        ('seconds_of', seconds_from(1, 2, 9, 4, 40, 6))]:
        monkeypatch.setattr(lengths, name, value)
    assert lengths.growth_with_length(3) == [
        {'model': 'bow', 'words': 2, 'way': 'at once', 'ms': 2000 / 8},
        {'model': 'bow', 'words': 2, 'way': 'every variant', 'ms': 6000 / 8}]
