"""Explanations against human rationales."""
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from measured import marked_scores, orders
from sklearn.metrics import average_precision_score, f1_score

from metrics.agreement import (
    SpanMatch,
    expected_average_precision,
    iou_f1,
    iou_match,
    spearman,
    token_f1,
    top_hit,
)
from metrics.ranks import ranking


def over_orders(measure, scores, mask):
    """Mean of a measure of (distinct scores, mask) over orders of ties."""
    found = []
    for order in orders(scores):
        distinct = np.empty(len(scores))
        distinct[order] = np.arange(len(scores))[::-1]
        found.append(measure(distinct, mask))
    return np.mean(found)


def plain_f1(scores, mask):
    return f1_score(mask, scores >= np.sort(scores)[::-1][mask.sum() - 1])


def plain_hit(scores, mask):
    return mask[np.argmax(scores)]


def plain_precision(scores, mask):
    return average_precision_score(mask, scores)


@pytest.mark.parametrize('measure,plain', [
    (top_hit, plain_hit), (token_f1, plain_f1),
    (expected_average_precision, plain_precision)])
@pytest.mark.parametrize('scores', [
    [3, 1, 1, 1, 0], [0, 1, 1, 1, 1], [5] * 5, [1, 2, 3, 4, 5],
    [2, 1, 2, 1, 2], [-.5, .5, .5, -.5, -1]])
@pytest.mark.parametrize('mask', [
    [1, 0, 1, 0, 0], [0, 0, 0, 1, 0], [1] * 5, [1, 1, 0, 1, 1]])
def test_expectation_over_orders_of_tied_words(measure, plain, scores, mask):
    assert measure(scores, mask) == pytest.approx(
        over_orders(plain, scores, np.array(mask)), rel=1e-12)


class TestByHand:

    SCORES = [.5, .9, .5, .5, -1]
    MASK = [True, False, True, False, True]

    def test_top_hit(self):
        assert top_hit(self.SCORES, self.MASK) == 0
        assert top_hit([.5, .1, .5, .5, -1], self.MASK) == pytest.approx(2 / 3)

    def test_token_f1(self):
        # three words: .9 is no hit; two of the tied three, 2/3 each: 4/3
        assert token_f1(self.SCORES, self.MASK) == pytest.approx(4 / 9)

    def test_average_precision(self):
        # The tied three on ranks 2 to 4, two of them hits: hits on 2, 3 or
        # 2, 4 or 3, 4; the last hit on 5.
        expected = np.mean([1 / 2 + 2 / 3, 1 / 2 + 2 / 4, 1 / 3 + 2 / 4])
        assert expected_average_precision(
            self.SCORES, self.MASK) == pytest.approx((expected + 3 / 5) / 3)

    def test_spearman(self):
        assert spearman([.1, .2, .3], [-1, 1, .5]) == pytest.approx(1 / 2)
        assert np.isnan(spearman([0, 0, 0], [-1, 1, .5]))
        assert np.isnan(spearman([.1, .2, .3], [1, 1, 1]))

    def test_one_word(self):
        for measure in (top_hit, token_f1, expected_average_precision,
                        iou_f1):
            assert measure([.3], [True]) == 1


def loop_match(top, mask, threshold):
    """From the definition, by sets of positions, as a plain loop."""
    def spans(words):
        found = []
        for word in sorted(words):
            if found and word - 1 in found[-1]:
                found[-1].add(word)
            else:
                found.append({word})
        return found

    human, predicted = spans(np.flatnonzero(mask)), spans(top)
    matched = sum(any(len(a & b) / len(a | b) >= threshold for b in human)
                  for a in predicted)
    return matched, len(predicted), len(human)


class TestSpans:

    @pytest.mark.parametrize('top,human,expected', [
        ([1, 2, 3], [1, 2, 3], (1, 1, 1)),
        ([1, 2, 3], [2, 3, 4], (1, 1, 1)),  # 2 of 4
        ([0, 1, 2], [2, 3, 4], (0, 1, 1)),  # 1 of 5
        ([0, 2, 4], [2, 3, 4], (0, 3, 1)),  # 1 of 3 twice
        ([0, 1, 5], [0, 4, 5], (2, 2, 2)),  # 1 of 2 twice
        ([0, 2, 3], [0, 1, 4], (1, 2, 2)),  # 1 of 2, nothing
        ([0, 1, 2, 5], [0, 1, 2, 3], (1, 2, 1)),  # 3 of 4, nothing
        ([5], [5], (1, 1, 1)),
        ([0, 1, 2, 3, 4, 5], [0, 1, 2, 3, 4, 5], (1, 1, 1)),
    ])
    def test_by_hand(self, top, human, expected):
        scores, mask = np.zeros(6), np.zeros(6, bool)
        scores[top], mask[human] = 1, True
        assert iou_match(scores, mask) == expected
        matched, predicted, spans = expected
        precision, recall = matched / predicted, matched / spans
        assert iou_f1(scores, mask) == pytest.approx(
            2 * precision * recall / (precision + recall) if matched else 0)

    @settings(deadline=None, max_examples=200)
    @given(marked_scores(), st.sampled_from([.5, .6, .75, 1]),
           st.integers(0, 3))
    def test_against_sets(self, marked, threshold, seed):
        scores, mask = marked
        found = iou_match(scores, mask, threshold, seed)
        top = ranking(scores, seed)[:mask.sum()]
        assert found == loop_match(top, mask, threshold)
        assert found.matched <= min(found.predicted, found.human)
        assert 0 <= iou_f1(scores, mask, threshold, seed) <= 1

    def test_tied_words_make_no_span_by_their_position(self):
        mask = np.arange(60) < 30
        assert iou_match(mask, mask) == SpanMatch(1, 1, 1)
        matched, predicted, _ = iou_match(np.zeros(60), mask)
        assert matched == 0 and predicted > 5
        assert iou_match(np.zeros(60), mask, seed=1).predicted > 5

    @pytest.mark.parametrize('threshold', [.4, 1.1, np.nan, None, '1'])
    def test_bad_threshold(self, threshold):
        for measure in (iou_match, iou_f1):
            with pytest.raises(ValueError, match='threshold=.* 0.5 is usual'):
                measure([1, 2], [1, 0], threshold)


@pytest.mark.parametrize('measure', [
    top_hit, expected_average_precision, token_f1, iou_match, iou_f1])
class TestAll:

    @pytest.mark.parametrize('scores,mask,message', [
        ([1, 2], [0, 0], 'mask has none of 2 words, .* leave this text out'),
        ([1, 2], [1], r'mask of shape \(1,\).* 2 scores'),
        ([1, 2], [.5, 1], 'mask .* True or False'),
        ([1, np.nan], [0, 1], 'score is NaN or infinite in row 1'),
        ([], [], 'at least one'),
        ([[1, 2]], [1, 0], r'score of shape \(1, 2\)'),
    ])
    def test_bad_input(self, measure, scores, mask, message):
        with pytest.raises(ValueError, match=message):
            measure(scores, mask)

    @settings(deadline=None, max_examples=60)
    @given(marked_scores(12))
    def test_only_the_order_matters(self, measure, marked):
        scores, mask = marked
        kept = scores.copy(), mask.copy()
        value = measure(scores, mask)
        assert measure((np.exp(scores) * 8).tolist(), mask > 0) == value
        np.testing.assert_array_equal(scores, kept[0])
        np.testing.assert_array_equal(mask, kept[1])
