"""Leave-one-out scores, checked by removing each word by hand."""
import compat  # noqa: F401  (before Chainer)

import numpy as np
import pytest
from explained import (
    DROPS,
    EVERY,
    EVERY_METHOD,
    EVERY_MODEL,
    TEMPERATURE,
    alone,
    batch_of,
    by_hand,
    examples,
    questions,
    side_of,
    without,
)

import runs
from dknn import DkNN
from saliency.explainer import Explainer
from saliency.methods import METHODS


def check_drops(explainer, xs, side, scores):
    """All scores of one side are those of removing each word by hand."""
    seen = {name: [] for name in DROPS}
    for i in range(len(xs)):
        whole = by_hand(explainer, xs.select([i]))
        n_words = len(xs.sides[side][i]) - 1
        variants = [by_hand(explainer, without(xs, i, w, side))
                    for w in range(n_words)]
        for name in DROPS:
            predictor = METHODS[name].explains
            y = alone(explainer, xs, i).targets[predictor][0]
            expected = [whole[name][y] - v[name][y] for v in variants]
            found = scores[name].sides[side][i]
            assert len(found) == n_words
            # Narrow kernels magnify the rounding of float32 activations
            tolerance = {'rtol': 1e-5, 'atol': 3e-4} if name == 'soft' else {
                'atol': 3e-6}
            np.testing.assert_allclose(found, expected, **tolerance, err_msg=(
                f'{name}, text {i}'))
            seen[name] += expected
    return seen


@EVERY
def test_leave_one_out_is_removing_the_word(explainer, model, kind):
    explain = explainer(model, kind, premise=True)
    batch = batch_of(explain, examples(kind))
    scores = explain.scores(batch, DROPS)
    assert list(scores) == DROPS
    for side in range(side_of(kind) + 1):
        seen = check_drops(explain, batch.xs, side, scores)
        if side == side_of(kind):  # removing a word does something
            assert max(map(abs, seen['confidence'])) > 1e-4
            assert len(set(seen['conformity'])) > 1


@EVERY
def test_one_pass_for_all_leave_one_out_methods(explainer, model, kind,
                                                monkeypatch):
    explain = explainer(model, kind)
    batch = batch_of(explain, examples(kind))
    calls = []

    def count(owner, name):
        original = getattr(owner, name)
        monkeypatch.setattr(owner, name, lambda *args: (
            calls.append(name), original(*args))[1])

    count(explain.run.model, 'leave_one_out')
    count(explain.run.model, 'logits_and_activations')
    count(explain.dknn, 'votes')
    explain.scores(batch, DROPS[:1])
    one, calls[:] = list(calls), []
    explain.scores(batch, DROPS)
    assert calls == one == ['leave_one_out', 'votes']
    calls.clear()
    explain.scores(batch, ['confidence', 'calibrated'])
    assert calls == ['leave_one_out']  # nobody asks for neighbours


@EVERY_MODEL
def test_credibility_follows_conformity(explainer, model):
    """A p-value is a nondecreasing function of the conformity."""
    explain = explainer(model, 'words')
    records = list(explain.records(questions(explain.run.data.test),
                                   ['conformity', 'credibility']))
    pairs = np.concatenate([np.transpose([
        record['methods'][name]['scores'][0]
        for name in ('conformity', 'credibility')]) for record in records])
    conformity, credibility = pairs.T
    assert (credibility[conformity == 0] == 0).all()
    assert (credibility[conformity > 0] >= 0).all()
    assert (credibility[conformity < 0] <= 0).all()
    assert (credibility != 0).any()


@EVERY_MODEL
def test_unknown_words_only(explainer, model):
    explain = explainer(model, 'words')
    record, = explain.records(questions(examples('words', ['zyx wvu zyx'])),
                              DROPS)
    assert record['known'] == [[False] * 3]
    for name in DROPS:  # <unk> <unk> <eos> is left, whichever word goes
        first, *others = record['methods'][name]['scores'][0]
        assert others == pytest.approx([first] * 2, abs=(
            0 if model == 'bow' else 1e-5))
    # and it is another text: <unk> three times has other logits
    assert any(record['methods']['confidence']['scores'][0])


@pytest.fixture
def at_odds(made):
    """An explainer whose neighbours carry the wrong labels."""
    run = made('cnn', 'words')
    train, calib = (runs.stored_activations(run, split)
                    for split in ('train', 'calib'))
    dknn = DkNN(2, n_neighbors=7).fit(train.layers, 1 - train.labels)
    dknn.use_tuning([1.] * len(train.layers), [1.] * len(train.layers))
    return Explainer(run, dknn.calibrate(calib.layers, calib.labels),
                     TEMPERATURE)


def test_each_method_explains_its_own_prediction(at_odds):
    records = [record for record in at_odds.records(
        questions(at_odds.run.data.test), EVERY_METHOD)
        if record['dknn']['label'] != record['softmax']['label']]
    assert len(records) > 5
    for record in records:
        for name, entry in record['methods'].items():
            predictor = {'conformity': 'dknn', 'credibility': 'dknn',
                         'soft': 'soft', 'soft_gradient': 'soft',
                         'soft_integrated': 'soft', 'soft_mean': 'soft',
                         'soft_shapley': 'soft',
                         }.get(name, 'softmax')
            assert entry['target'] == record[predictor]['label']


def test_drops_are_of_the_target(at_odds):
    """Two classes: the conformity of one falls as that of the other rises."""
    batch = batch_of(at_odds, examples('words'))
    for name in ('conformity', 'confidence'):
        predictor = METHODS[name].explains
        swapped = batch._replace(targets={
            **batch.targets, predictor: 1 - batch.targets[predictor]})
        one, other = (np.concatenate(at_odds.scores(b, [name])[name].sides[0])
                      for b in (batch, swapped))
        assert abs(one).max() > 1e-4
        np.testing.assert_allclose(one, -other, atol=1e-7)


@pytest.mark.parametrize('name', [
    'gradient', 'integrated_gradients', 'smoothgrad'])
def test_gradients_are_of_the_softmax_prediction(at_odds, name):
    """What the neighbours say plays no part."""
    batch = batch_of(at_odds, examples('words'))
    flipped = {**batch.targets, 'dknn': 1 - batch.targets['dknn']}
    found, same, other = (
        np.concatenate(at_odds.scores(b, [name])[name].sides[0])
        for b in (batch, batch._replace(targets=flipped),
                  batch._replace(targets={
                      'softmax': 1 - batch.targets['softmax']})))
    np.testing.assert_array_equal(found, same)
    assert abs(found - other).max() > 1e-3
