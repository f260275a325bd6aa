"""Gradients of trained runs against finite differences and sums."""
import compat  # noqa: F401  (before Chainer)

import brute_force
import chainer
import numpy as np
import pytest
from explained import (
    EVERY,
    EVERY_MODEL,
    UNLIKE,
    batch_of,
    examples,
    training,
)

from metrics import confidence
from saliency import coalitions


def in_float64(model):
    """A copy of a model whose parameters are float64."""
    model = model.copy('copy')
    for parameter in model.params():
        parameter.array = parameter.array.astype(np.float64)
    return model


def slope_of_shrinking(value, at, side, place, step=1e-5):
    """d value / d (scale of one word vector), by a central difference."""
    ends = []
    for factor in (1 + step, 1 - step):
        moved = [e.copy() for e in at]
        moved[side][place] *= factor
        ends.append(value(moved))
    return (ends[0] - ends[1]) / (2 * step)


@EVERY
def test_gradient_is_a_finite_difference_of_the_nll(explainer, model, kind):
    """Shrinking word i by h lowers log p by h s_i."""
    explain = explainer(model, kind, premise=True)
    batch = batch_of(explain, examples(kind, UNLIKE))
    scores = explain.scores(batch, ['gradient'])['gradient'].sides
    labels = batch.targets['softmax']
    with chainer.using_config('dtype', np.float64):
        exact = in_float64(explain.run.model)
        at = [e.astype(np.float64) for e, _ in exact.embeddings(batch.xs)]
        for side, texts in enumerate(batch.xs.sides):
            begins = np.cumsum([0, *map(len, texts)])
            for i, tokens in enumerate(texts):
                assert len(scores[side][i]) == len(tokens) - 1
                for word in range(len(tokens) - 1):
                    slope = slope_of_shrinking(
                        lambda at, i=i: exact.nll(batch.xs, labels, at)[i],
                        at, side, begins[i] + word)
                    assert scores[side][i][word] == pytest.approx(
                        -slope, rel=1e-3, abs=1e-5)
        assert max(abs(s).max() for s in scores[-1]) > 1e-3


@EVERY
def test_integrated_gradients_add_up(explainer, model, kind):
    explain = explainer(model, kind, premise=True, steps=20)
    batch = batch_of(explain, examples(kind))
    scores, more = explain.scores(
        batch, ['integrated_gradients'])['integrated_gradients']
    explain.options['steps'] = 1
    coarse = explain.scores(batch, ['integrated_gradients'])[
        'integrated_gradients'].extra['gap']
    assert abs(more['gap']).max() < .02 + abs(coarse).max() / 10
    # Without <eos> at the end, the scores make up the rest of the fall.
    model_nll, labels = explain.run.model.nll, batch.targets['softmax']
    at = [e for e, _ in explain.run.model.embeddings(batch.xs)]
    fall = (model_nll(batch.xs, labels, [np.zeros_like(e) for e in at])
            - model_nll(batch.xs, labels))
    ends = fall + more['gap'] - sum(
        np.array([part.sum() for part in side]) for side in scores)
    lengths = [[len(t) for t in side]
               for side in batch.xs.sides]
    eos = integrated_eos(explain.run.model, batch.xs, labels, at, lengths)
    np.testing.assert_allclose(ends, eos, atol=2e-5)


def integrated_eos(model, xs, labels, at, lengths):
    """Integrated gradients of the <eos> of each text, 20 midpoints."""
    total = 0
    for alpha in (np.arange(20) + .5) / 20:
        grads = model.embedding_gradients(
            xs, labels, [(alpha * e).astype(e.dtype) for e in at])
        for e, g, n in zip(at, grads, lengths, strict=True):
            last = np.cumsum(n) - 1
            total = total - (e[last] * g[last]).sum(axis=1) / 20
    return total


@EVERY
def test_soft_gradient_is_a_finite_difference(explainer, model, kind):
    """Shrinking word i by h lowers the log-odds of soft conformity by h s_i.

    The truth is summed in long double over float64 layers.
    """
    explain = explainer(model, kind, premise=True)
    batch = batch_of(explain, examples(kind, UNLIKE))
    scores = explain.scores(batch, ['soft_gradient'])['soft_gradient'].sides
    labels = batch.targets['soft']
    dknn = explain.dknn
    stored, train_labels = training(explain.run.folder)

    def log_odds(exact, at, i):
        layers = [h[i:i + 1] for h in exact.layers_at(batch.xs, at)]
        return brute_force.log_odds(brute_force.soft_scores(
            stored, train_labels, layers, dknn.bandwidths_, dknn.weights_,
            dknn.n_class))[0, labels[i]]

    with chainer.using_config('dtype', np.float64):
        exact = in_float64(explain.run.model)
        at = [e.astype(np.float64) for e, _ in exact.embeddings(batch.xs)]
        for side, texts in enumerate(batch.xs.sides):
            begins = np.cumsum([0, *map(len, texts)])
            for i, tokens in enumerate(texts):
                word = len(tokens) // 3
                slope = slope_of_shrinking(
                    lambda at, i=i: log_odds(exact, at, i), at, side,
                    begins[i] + word)
                assert scores[side][i][word] == pytest.approx(
                    float(slope), rel=2e-3, abs=1e-4)
        assert max(abs(s).max() for s in scores[-1]) > 1e-2


@EVERY_MODEL
def test_integrated_soft_gradients_add_up(explainer, model):
    """More points close the gap, to a hundredth of the log-odds' change."""
    explain = explainer(model, 'words')
    batch = batch_of(explain, examples('words'))
    loss = explain.loss(batch, 'soft')
    at = [e for e, _ in loss.embeddings]
    change = loss.value([np.zeros_like(e) for e in at]) - loss.value(at)
    gaps = []
    for steps in (2, 400):
        explain.options['soft_steps'] = steps
        found = explain.scores(batch, ['soft_integrated'])['soft_integrated']
        gaps.append(abs(found.extra['gap']).max())
    assert gaps[1] < abs(change).max() / 100 and gaps[1] < gaps[0] / 2


def test_the_mean_of_soft_scores(explainer):
    """Each text's scores are divided by their largest absolute value."""
    explain = explainer('cnn', 'pair', premise=True)
    batch = batch_of(explain, examples('pair'))
    found = explain.scores(batch, ['soft_mean', 'soft_integrated', 'soft'])
    assert list(found) == ['soft_mean', 'soft_integrated', 'soft']
    for mean, one, other in zip(*(scores.sides for scores in found.values()),
                                strict=True):
        for a, b, c in zip(mean, one, other, strict=True):
            np.testing.assert_allclose(
                a, (b / abs(b).max() + c / abs(c).max()) / 2)
    alone = explain.scores(batch, ['soft_mean'])['soft_mean'].sides
    np.testing.assert_array_equal(alone[0][0], found['soft_mean'].sides[0][0])


@pytest.mark.parametrize('kind', ['words', 'pair'])
def test_shapley_scores_one_text_at_a_time(explainer, kind):
    """Each coalition by itself, each word left out of it by hand."""
    explain = explainer('bilstm', kind, premise=kind == 'pair')
    batch = batch_of(explain, examples(kind))
    found = explain.scores(batch, ['soft_shapley', 'shapley'])
    for side, texts in enumerate(batch.xs.sides):
        for i, tokens in enumerate(texts):
            total = {name: np.zeros(len(tokens) - 1) for name in found}
            times = np.zeros(len(tokens) - 1)
            for part in coalitions.drawn(tokens):
                ids = tokens[np.append(part.members, -1)]
                for place in np.flatnonzero(part.counted):
                    both = [values_of(explain, batch.xs.select([i]).replace(
                        side, [text])) for text in (
                            ids, np.delete(ids, place))]
                    word = part.members[place]
                    times[word] += 1
                    for name, key in [('soft_shapley', 'soft'),
                                      ('shapley', 'softmax')]:
                        y = batch.targets[key][i]
                        total[name][word] += both[0][key][y] - both[1][key][y]
            for name, scores in found.items():
                np.testing.assert_allclose(
                    scores.sides[side][i], total[name] / times, rtol=1e-4,
                    atol=2e-3)


def values_of(explain, xs):
    logits, layers = explain.run.model.logits_and_activations(xs)
    return {'softmax': confidence.log_odds(logits)[0],
            'soft': explain.dknn.soft_log_odds(layers)[0]}
