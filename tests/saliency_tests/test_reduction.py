"""Input reduction of trained runs, step by step."""
import compat  # noqa: F401  (before Chainer)

import pytest
from explained import (
    EVERY,
    by_hand,
    examples,
    questions,
    side_of,
    without,
)

import runs
from saliency.methods import METHODS


@EVERY
def test_input_reduction_keeps_the_prediction(explainer, model, kind):
    explain = explainer(model, kind)
    some = examples(kind)
    for name in ('conformity', 'gradient'):
        predictor = METHODS[name].explains
        for i, record in enumerate(explain.records(questions(some), [name],
                                                   reduce=name)):
            xs, _ = runs.encode_examples(some[i:i + 1], explain.run.vocab)
            check_reduction(explain, xs, side_of(kind), predictor,
                            record['reduction'], record['methods'][name])


def check_reduction(explain, xs, side, predictor, reduction, entry):
    assert reduction['text'] == side
    removed = reduction['removed']
    n_words = len(xs.sides[side][0]) - 1
    assert len(set(removed)) == len(removed) < n_words
    assert set(removed) <= set(range(n_words))
    label = explain.batch(xs).targets['softmax'][0]
    for step in range(len(removed) + 1):
        batch = explain.batch(without(xs, 0, removed[:step], side))
        assert batch.targets[predictor][0] == entry['target']
        values = by_hand(explain, batch.xs)
        y = batch.targets['dknn'][0]
        assert reduction['confidence'][step] == pytest.approx(
            values['confidence'][label], abs=2e-5)
        assert reduction['credibility'][step] == pytest.approx(
            values['credibility'][y], abs=2e-5)
    assert step + 1 == len(reduction['confidence'])
    assert step + 1 == len(reduction['credibility'])
    if removed:  # the least important word went first
        scores = entry['scores'][side]
        assert scores[removed[0]] <= min(scores) + 2e-5
