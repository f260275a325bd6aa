"""Input reduction of many texts at once, and the scores on the way."""
import compat  # noqa: F401  (before Chainer)

import types

import numpy as np
import pytest
import toys

import runs
from evaluation import overconfidence
from evaluation.overconfidence import (
    chosen,
    courses,
    measure,
    reduce_at_random,
    reduce_by_confidence,
    told_apart,
)
from evaluation.setting import Setting
from metrics.confidence import softmax
from nlp_utils import EOS, Texts
from saliency.attribution import input_reduction

GOOD, FINE, BAD, FILLER = 2, 3, 4, 5
WEIGHTS = {GOOD: 3., FINE: 1., BAD: -2., FILLER: 0., EOS: 0.}


class SumOfWords:
    """Class 1 has the logit of all weights plus a bias, class 0 has 0."""

    tokens_per_batch = 100

    def __init__(self, bias=0.):
        self.bias = bias
        self.passes = []

    def logits_and_activations(self, xs):
        z = [self.bias + sum(WEIGHTS[i] for i in ids)
             for ids in Texts.of(xs).sides[-1]]
        return np.array([[0., v] for v in z], np.float32), []

    def leave_one_out(self, xs, side=-1):
        self.passes.append(len(xs))
        return self.logits_and_activations(
            [np.delete(ids, j) for ids in xs.sides[side]
             for j in range(len(ids) - 1)])


def texts(*all_ids):
    return Texts([np.array([*ids, EOS], np.int32) for ids in all_ids])


# z of class 1                                         positions that go
# 0: 3 + 1 - 2 = 2, without BAD 4, without FINE too 3                2 1
# 1: 1 - 2 = -1, so class 0 is explained; without FINE -2              0
# 2: 0 + 1: of class 1, without the filler 1                           0
# 3: a single word                                                     -
# 4: 3 + 0 + 0: the first of two equal words goes first              1 2
HAND = texts([GOOD, FINE, BAD], [FINE, BAD], [FILLER, FINE], [GOOD],
             [GOOD, FILLER, FILLER])
TARGETS = np.array([1, 0, 1, 1, 1])
GONE = [[2, 1], [0], [0], [], [1, 2]]


def test_by_hand():
    model = SumOfWords()
    assert reduce_by_confidence(model, HAND, TARGETS) == GONE
    # Texts of two words and more, then those that had three of them
    assert model.passes == [4, 2]


def test_it_stops_where_the_prediction_would_change():
    # 1 + 1 - 1.5 = 0.5; without either -0.5, which is class 0.  In the other
    # text 3 + 0 - 1.5 stays above 0 until GOOD is alone.
    model = SumOfWords(-1.5)
    assert reduce_by_confidence(
        model, texts([FINE, FINE], [FILLER, GOOD]), np.array([1, 1])) == [
            [], [0]]


def test_the_second_text_of_a_pair_is_reduced():
    pairs = Texts(texts([BAD], [GOOD, BAD]).sides[0],
                  texts([FINE, BAD], [GOOD, FINE]).sides[0])
    assert reduce_by_confidence(SumOfWords(), pairs, np.array([0, 1])) == [
        [0], [1]]


def test_texts_of_one_word_stay():
    alone = texts([GOOD], [BAD])
    assert reduce_by_confidence(SumOfWords(), alone, [1, 0]) == [[], []]
    assert reduce_at_random(SumOfWords(), alone, [1, 0]) == [[], []]


def test_random_words_go_as_long_as_the_prediction_stays():
    rng = np.random.default_rng(0)
    xs = texts(*(rng.integers(2, 6, size) for size in rng.integers(2, 9, 60)))
    model = SumOfWords(.5)

    def label(ids):
        return model.logits_and_activations([ids])[0].argmax()

    targets = [label(ids) for ids in xs.sides[0]]
    found = reduce_at_random(model, xs, targets, seed=3)
    assert found == reduce_at_random(model, xs, targets, seed=3)
    assert found != reduce_at_random(model, xs, targets, seed=4)
    stopped = 0
    for i, (ids, order) in enumerate(zip(xs.sides[0], found, strict=True)):
        planned = np.random.default_rng([3, i]).permutation(len(ids) - 1)
        assert order == planned[:len(order)].tolist()
        for j in range(1, len(order) + 1):
            assert label(np.delete(ids, order[:j])) == targets[i]
        if len(order) < len(ids) - 2:
            stopped += 1
            assert label(np.delete(
                ids, planned[:len(order) + 1])) != targets[i]
    assert 5 < stopped < 55


# ------------------------------------------------------------- trained runs

@pytest.fixture(scope='module', params=['text', 'pair'])
def setting(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == 'pair':
        data = toys.write_pairs(folder / 'pairs.jsonl', 200)
    else:
        data = toys.write_csv(folder / 'toy.csv', toys.sentences(200))
    run = runs.load_run(toys.fit(
        folder, data, '--model', 'bilstm', '--learning-rate', '0.02',
        '--adversarial', '0'))
    return Setting(run, {'n_neighbors': 7}, n_texts=12)


def test_as_one_text_at_a_time(setting):
    """The reduction of ``saliency``, with a full forward pass a variant."""
    model, xs, targets = setting.run.model, setting.test.xs, setting.predicted

    def probabilities(i, some):
        one = xs.select([i] * len(some)).replace(-1, some)
        return softmax(model.logits_and_activations(one)[0])

    found = reduce_by_confidence(model, xs, targets)
    assert sum(map(len, found)) > len(found)
    for i, ids in enumerate(xs.sides[-1]):
        steps = input_reduction(
            lambda ids, i=i: -probabilities(i, [
                np.delete(ids, j) for j in range(len(ids) - 1)])[
                    :, targets[i]],
            lambda some, i=i: probabilities(i, some).argmax(axis=1), ids)
        assert [step.removed for step in steps[1:]] == found[i]


def test_scores_on_the_way(setting):
    rows = chosen(setting)[:4]
    xs, targets = setting.test.xs.select(rows), setting.predicted[rows]
    removed = [list(range(n - 2)) for n in xs.lengths()]
    removed[0] = []
    found = courses(setting, xs, targets, {'made': removed})['made']
    for i, (order, y) in enumerate(zip(removed, targets, strict=True)):
        for column, share in [(0, 0), (5, .5), (7, .7), (10, 1)]:
            one = xs.select([i])
            one = one.replace(-1, [np.delete(
                one.sides[-1][0], order[:round(share * len(order))])])
            z, h = setting.run.model.logits_and_activations(one)
            hard = setting.dknn.predict(h)
            soft = setting.dknn.predict(h, soft=True)
            expected = {
                'confidence': softmax(z), 'confidence at T': softmax(
                    z, setting.temperature), 'conformity': hard.conformity,
                'credibility': hard.p_values, 'soft conformity':
                soft.conformity, 'soft credibility': soft.p_values}
            assert list(expected) == list(found)
            for name, values in expected.items():
                assert found[name][i, column] == pytest.approx(
                    values[0, y], abs=1e-5), name


def test_tables(setting):
    tables = {table.name: table for table in measure(setting)}
    assert list(tables) == ['words', 'scores', 'curve', 'curve_random']
    before, after, random = (cells for _, cells in tables['words'].rows)
    assert before[0].value > random[0].value >= after[0].value >= 1
    ends = {name: dict(tables[name].rows) for name in ('curve',
                                                       'curve_random')}
    for score, cells in tables['scores'].rows:
        whole, *others = cells
        for (reduced, fall, area), curve in zip(
                (others[:3], others[3:]), ends.values(), strict=True):
            assert curve[score][0] == pytest.approx(whole.value)
            assert curve[score][-1] == pytest.approx(reduced.value)
            assert fall.value == pytest.approx(whole.value - reduced.value)
            assert fall.low <= fall.value <= fall.high
            assert 0 <= area.low <= area.value <= area.high <= 1


def test_words_before_and_after():
    # 3 2 2 words become 1 2 1: means 7 / 3 and 4 / 3, two of three one word
    table = overconfidence.words(
        texts([2, 2, 2], [2, 2], [2, 2]), {'made': [[2, 0], [], [1]]},
        np.ones((1, 3), int))
    (_, (mean, median, one)), (name, cells) = table.rows
    assert (mean.value, median, one.value) == (pytest.approx(7 / 3), 2, 0)
    assert name == 'made'
    assert [cells[0].value, cells[1], cells[2].value] == pytest.approx(
        [4 / 3, 1, 2 / 3])


def test_told_apart():
    # Of four pairs (whole, reduced) the whole is higher in 3, one is tied.
    assert told_apart([.9, .5], [.5, .1]) == 3.5 / 4
    assert told_apart([.4, .4], [.4, .4]) == .5


# ------------------------------------------------------------------- chosen

def made_of(lengths, n_texts=1000, seed=0):
    xs = texts(*([GOOD] * length for length in lengths))
    return types.SimpleNamespace(test=types.SimpleNamespace(xs=xs),
                                 n_texts=n_texts, seed=seed)


def test_texts_are_drawn():
    lengths = [1, 2] * 300
    found = chosen(made_of(lengths))
    assert len(found) == 200 == len(set(found.tolist()))
    assert (np.diff(found) > 0).all() and (found % 2 == 1).all()
    assert len(chosen(made_of(lengths, 7))) == 7
    assert (chosen(made_of(lengths, 7)) != chosen(
        made_of(lengths, 7, 1))).any()


def test_fewer_long_texts():
    # 100 ** 3 / 3 tokens a text: 12 texts make 4,000,000
    assert len(chosen(made_of([100] * 50))) == 12
    assert len(chosen(made_of([1000] * 3))) == 1


def test_nothing_to_reduce():
    assert measure(made_of([1, 1])) == []
