"""What judges are asked, and what they say."""
import compat  # noqa: F401  (before Chainer)

from unittest import mock

import numpy as np

from evaluation import masking
from metrics.confidence import log_odds, softmax


def test_equal_sets_are_one():
    masked = masking.Masked(np.array([3, 2]))
    places = [masked.add(0, [0]), masked.add(0, np.array([1, 2])),
              masked.add(1, []), masked.add(0, [0]), masked.add(1, [0, 1])]
    assert places == [0, 1, 2, 0, 3]
    assert len(masked) == 4


def test_judges_read_the_texts_without_the_words(setting):
    own = setting('bow')
    xs = own.test.xs.select([4, 5])
    masked = masking.Masked(xs.lengths() - 1)
    sets = [(0, [1]), (1, [0, 2]), (0, []), (1, np.arange(len(
        xs.sides[0][1]) - 1))]
    for i, removed in sets:
        masked.add(i, removed)
    targets = np.array([1, 0])
    judges = [masking.JUDGES[name]
              for name in ('softmax', 'conformity', 'soft conformity')]
    with mock.patch.object(masking, 'PIECE', 3):
        found = masked.ask(own, xs, targets, judges)
    for place, (i, removed) in enumerate(sets):
        ids = np.delete(xs.sides[0][i], removed)
        z, layers = own.run.model.logits_and_activations([ids])
        y = targets[i]
        odds = own.dknn.soft_log_odds(layers)[0, y]
        share = own.dknn.conformity(layers)[0, y]
        np.testing.assert_allclose(found[0][:, place], [
            softmax(z)[0, y], log_odds(z)[0, y]], rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(found[1][:, place], [share, share])
        np.testing.assert_allclose(found[2][:, place], [
            own.dknn.soft_conformity(layers)[0, y], odds], rtol=1e-3,
            atol=1e-4)


def test_of_a_pair_the_premise_stays(setting):
    own = setting('bow', 'pair')
    xs = own.test.xs.select([0])
    masked = masking.Masked(xs.lengths() - 1)
    masked.add(0, [0])
    (share, _), = masked.ask(own, xs, np.array([0]),
                             [masking.JUDGES['softmax']])
    z, _ = own.run.model.logits_and_activations(
        ([xs.sides[0][0]], [xs.sides[1][0][1:]]))
    np.testing.assert_allclose(share, softmax(z)[:, 0], rtol=1e-4)
