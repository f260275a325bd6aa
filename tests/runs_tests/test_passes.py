"""Batches of bounded size, and what depends on none of them."""
import compat  # noqa: F401  (before Chainer)

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nets
import runs
from functions.packing import batches_by_length
from nlp_utils import Texts

lengths = st.lists(st.integers(1, 60), max_size=80)


@settings(max_examples=60, deadline=None)
@given(lengths, st.integers(1, 200), st.booleans())
def test_batches_are_a_bounded_partition(lengths, tokens, pair):
    sides = [[np.zeros(n, np.int32) for n in lengths]]
    if pair:
        sides.append(sides[0][::-1])
        lengths = [a + b for a, b in zip(lengths, lengths[::-1],
                                         strict=True)]
    n_tokens = Texts(*sides).n_tokens()
    assert n_tokens.tolist() == lengths
    batches = [batch.tolist()
               for batch in batches_by_length(n_tokens, tokens)]
    assert sorted(i for batch in batches for i in batch) == list(
        range(len(lengths)))
    for batch in batches:  # as if padded to the longest
        assert len(batch) == 1 or len(batch) * max(
            lengths[i] for i in batch) <= tokens


def test_batches_are_full():
    lengths = np.array([5, 1, 4, 1, 9])
    # by length 1 1 4 5 9: 2 x 1 and 3 x 4 > 10; 2 x 5; 9
    assert [batch.tolist() for batch in batches_by_length(lengths, 10)] == [
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
        alone, alone_layers = runs.forward(net, Texts.of(xs).select([i]))
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
