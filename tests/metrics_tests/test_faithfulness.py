"""Comprehensiveness, sufficiency, areas over masking, rank agreement."""
import fractions
import itertools
import math

import numpy as np
import pytest

from metrics.agreement import spearman
from metrics.faithfulness import (
    SHARES,
    TOPS,
    aopc,
    area_over_masking,
    kendall,
    n_words,
    normalised,
    rank_agreement,
    ranking,
)


class TestNWords:

    @pytest.mark.parametrize('share,length,expected', [
        (.01, 19, 1), (.05, 19, 1), (.1, 19, 2), (.2, 19, 4), (.5, 19, 10),
        (.01, 1, 1), (1, 1, 1), (1, 19, 19), (.5, 4, 2), (.5, 5, 3),
        (.07, 100, 7),  # 7.000000000000001 in float64
    ])
    def test_by_hand(self, share, length, expected):
        assert n_words(share, length) == expected

    def test_against_fractions(self):
        lengths = np.arange(1, 601)
        for percent in range(1, 101):
            share, exact = percent / 100, fractions.Fraction(percent, 100)
            expected = [math.ceil(exact * int(n)) for n in lengths]
            found = n_words(share, lengths)
            np.testing.assert_array_equal(found, expected)
            assert found.dtype == np.int64 and (found <= lengths).all()

    @pytest.mark.parametrize('share', [0, -.1, 1.1, 5, np.nan, '1', None])
    def test_bad_share(self, share):
        with pytest.raises(ValueError, match='share=.* divide a percentage'):
            n_words(share, 10)

    @pytest.mark.parametrize('length', [0, -1, 2.5, [3, 0], [], None])
    def test_bad_length(self, length):
        with pytest.raises(ValueError, match='length=.* without words out'):
            n_words(.5, length)


class TestAopc:

    def test_by_hand(self):
        # .9 - (.5 + .1) / 2 and .3 - (.3 + .5) / 2
        np.testing.assert_allclose(
            aopc([.9, .3], [[.5, .1], [.3, .5]]), [.6, -.1])
        np.testing.assert_allclose(aopc([.9, .3], [.5, .4]), [.4, -.1])

    @pytest.mark.parametrize('whole,perturbed,message', [
        ([.9], [[.5], [.1]], 'whole has 1 texts and perturbed 2'),
        ([.9, np.nan], [[.5], [.1]], 'whole is NaN or infinite in row 1'),
        ([.9, .8], [[.5], [np.inf]], 'perturbed is NaN or infinite in row 1'),
        ([[.9]], [[.5]], 'whole of shape'),
        ([.9], [[[.5]]], 'perturbed of shape'),
        ([], np.zeros((0, 2)), 'at least one'),
        ([.9], np.zeros((1, 0)), 'at least one'),
    ])
    def test_bad_input(self, whole, perturbed, message):
        with pytest.raises(ValueError, match=message):
            aopc(whole, perturbed)
        with pytest.raises(ValueError, match=message):
            normalised(whole, perturbed, whole, 'sufficiency')


class TestNormalised:

    # f(x) = .9, f(empty) = .5: null difference .4.  The fall is .1, all of
    # it, more than all of it, less than nothing.
    PERTURBED = [[.8, .5, .2, .95]]

    def test_comprehensiveness_by_hand(self):
        np.testing.assert_allclose(
            normalised([.9], self.PERTURBED, [.5], 'comprehensiveness'),
            [[.25, 1, 1, 0]])

    def test_sufficiency_by_hand(self):
        # S = .9, null .4: (.9 - .6) / .4 = .75
        np.testing.assert_allclose(
            normalised([.9], self.PERTURBED, [.5], 'sufficiency'),
            [[.75, 0, 0, 1]], atol=1e-15)

    @pytest.mark.parametrize('kind', ['comprehensiveness', 'sufficiency'])
    def test_against_the_papers_formulas(self, kind):
        whole, empty, perturbed = np.random.default_rng(0).random((3, 200))
        null = np.maximum(0, whole - empty)
        whole, empty, perturbed, null = [
            values[null > 0] for values in (whole, empty, perturbed, null)]
        fall = np.maximum(0, whole - perturbed)
        sufficiency = 1 - fall
        share = {'comprehensiveness': fall / null,
                 'sufficiency': (sufficiency - (1 - null)) / null}[kind]
        np.testing.assert_allclose(
            normalised(whole, perturbed, empty, kind), np.clip(share, 0, 1),
            atol=1e-12)

    @pytest.mark.parametrize('kind', ['comprehensiveness', 'sufficiency'])
    def test_texts_that_the_empty_one_beats_have_none(self, kind):
        found = normalised([.5, .4, .6], [[.1, .5], [.1, .5], [.1, .6]],
                           [.5, .6, .1], kind)
        np.testing.assert_array_equal(np.isnan(found), [[True] * 2] * 2
                                      + [[False] * 2])

    @pytest.mark.parametrize('kind', ['comprehensiveness', 'sufficiency'])
    def test_the_unit_cancels_out(self, kind):
        whole, empty, *perturbed = np.random.default_rng(1).random((5, 50))
        perturbed = np.stack(perturbed, axis=1)
        np.testing.assert_allclose(
            normalised(whole, perturbed, empty, kind),
            normalised(7 * whole - 3, 7 * perturbed - 3, 7 * empty - 3, kind),
            atol=1e-12)

    def test_tiny_null_differences_do_not_overflow(self):
        np.testing.assert_array_equal(
            normalised([1e-310], [-1e300], [0], 'comprehensiveness'), [1])

    def test_bad_kind_and_empty(self):
        with pytest.raises(ValueError, match="kind='NC' .* comprehensiveness, "
                           'sufficiency'):
            normalised([.9], [.5], [.1], 'NC')
        with pytest.raises(ValueError, match='whole has 1 .* empty 2'):
            normalised([.9], [.5], [.1, .2], 'sufficiency')


class TestAreaOverMasking:

    def test_by_hand(self):
        # heights .9, .5, .1 over two steps of 1/2: .35 + .15
        np.testing.assert_allclose(
            area_over_masking([[.9, .5, .1], [1, 1, 1]]), [.5, 1])
        np.testing.assert_allclose(area_over_masking([[4, 0]]), [2])

    def test_of_a_smooth_curve(self):
        share = np.linspace(0, 1, 101)
        assert area_over_masking([share ** 2]) == pytest.approx(1 / 3, 1e-4)

    @pytest.mark.parametrize('curve,message', [
        ([[1], [2]], 'both ends are needed'), ([1, 2], 'curve of shape'),
        ([[1, np.nan]], 'curve is NaN'), (np.zeros((0, 3)), 'at least one')])
    def test_bad_input(self, curve, message):
        with pytest.raises(ValueError, match=message):
            area_over_masking(curve)


class TestRankAgreement:

    def test_text_by_text(self):
        a = [[1, 2, 3], [1, 1], [5], [3, 1, 1, 2]]
        b = [[3, 1, 2], [1, 2], [5], [2, 1, 3, 1]]
        found = rank_agreement(a, b)
        # pairs: two disagree, one agrees; 1 - 6 (4 + 1 + 1) / (3 * 8)
        assert found.kendall[0] == pytest.approx(-1 / 3)
        assert found.spearman[0] == pytest.approx(-1 / 2)
        assert np.isnan([found.kendall[1:3], found.spearman[1:3]]).all()
        assert found.kendall[3] == kendall(a[3], b[3])
        assert found.spearman[3] == spearman(a[3], b[3])

    def test_no_texts(self):
        assert all(values.shape == (0,) for values in rank_agreement([], []))

    def test_bad_input(self):
        with pytest.raises(ValueError, match='of 1 and of 2 texts'):
            rank_agreement([[1, 2]], [[1, 2], [3]])
        with pytest.raises(ValueError, match='a has 2 values and b 3'):
            rank_agreement([[1, 2]], [[1, 2, 3]])


# --------------------------------------------- a model whose truth is known

WEIGHTS = np.array([.4, -1.2, 2., .1, .9])  # of a text of five words
ORDERS = np.array(list(itertools.permutations(range(5))))  # (120, 5)
MODELS = {
    'sum': lambda total: total,
    'sigmoid': lambda total: 1 / (1 + np.exp(-(total - .5))),
}


def without(order, n_removed):
    """The weights' sum without the first words of an order."""
    return WEIGHTS[order[n_removed:]].sum()


def values(model, orders, n_removed):
    """(f without, f of nothing but) the first words, (orders, K) each."""
    gone = np.array([[without(order, n) for n in n_removed]
                     for order in orders])
    return MODELS[model](gone), MODELS[model](WEIGHTS.sum() - gone)


@pytest.mark.parametrize('model', sorted(MODELS))
@pytest.mark.parametrize('sizes', [
    TOPS, tuple(n_words(share, 5) for share in SHARES), range(1, 6)])
class TestBagOfWords:

    def test_the_true_order_is_the_most_faithful_of_all(self, model, sizes):
        whole = np.full(120, MODELS[model](WEIGHTS.sum()))
        gone, alone = values(model, ORDERS, sizes)
        best = (ORDERS == ranking(WEIGHTS, 0)).all(axis=1)
        assert best.sum() == 1
        comprehensiveness, sufficiency = aopc(whole, gone), aopc(whole, alone)
        assert comprehensiveness[best] == comprehensiveness.max()
        assert sufficiency[best] == sufficiency.min()
        empty = np.full(120, MODELS[model](0))
        for kind, perturbed in (('comprehensiveness', gone),
                                ('sufficiency', alone)):
            share = normalised(whole, perturbed, empty, kind).mean(axis=1)
            assert share[best] == share.max()

    def test_random_order_takes_its_share_of_a_sum(self, model, sizes):
        gone, alone = values('sum', ORDERS, sizes)
        whole = np.full(120, WEIGHTS.sum())
        share = np.mean(sizes) / 5
        assert aopc(whole, gone).mean() == pytest.approx(
            share * WEIGHTS.sum())
        assert aopc(whole, alone).mean() == pytest.approx(
            (1 - share) * WEIGHTS.sum())


@pytest.mark.parametrize('model', sorted(MODELS))
def test_the_true_order_has_the_least_area_the_reverse_the_largest(model):
    areas = area_over_masking(values(model, ORDERS, range(6))[0])
    order = ranking(WEIGHTS, 0)
    best = (ORDERS == order).all(axis=1)
    worst = (ORDERS == order[::-1]).all(axis=1)
    assert areas.argmin() == best.argmax() and areas[~best].min() > areas[best]
    assert areas.argmax() == worst.argmax()
    if model == 'sum':  # a straight line from f(x) to 0 on average
        assert areas.mean() == pytest.approx(WEIGHTS.sum() / 2)


def test_random_rankings_are_the_mean_over_all_orders():
    """Constant scores stand for random order, whatever the texts."""
    drawn = [ranking(np.zeros(5), (0, i)) for i in range(2000)]
    gone = values('sum', drawn, TOPS)[0]
    falls = aopc(np.full(2000, WEIGHTS.sum()), gone)
    error = falls.std() / np.sqrt(2000)
    assert abs(falls.mean() - 2 / 5 * WEIGHTS.sum()) < 4 * error


def test_leave_one_out_of_a_sum_is_its_weights():
    whole = WEIGHTS.sum()
    scores = [whole - np.delete(WEIGHTS, i).sum() for i in range(5)]
    assert kendall(scores, WEIGHTS) == pytest.approx(1)
    assert kendall(np.negative(scores), WEIGHTS) == pytest.approx(-1)
