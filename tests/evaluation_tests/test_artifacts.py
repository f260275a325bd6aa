"""Artifacts of pairs: who relies on the words that give the label away."""
import compat  # noqa: F401  (before Chainer)

import types

import numpy as np
import pytest
import toys

import runs
import text_datasets
from evaluation import artifacts, clues
from evaluation.explanations import METHODS
from evaluation.setting import Setting
from metrics import bootstrap
from metrics.bootstrap import Estimate
from text_datasets import Example

TRAIN = [('nobody runs', 1), ('nobody sits', 1), ('he runs', 0),
         ('he sits', 0)]
# Words, label explained, scores; the largest absolute score is 2, .2, 4
EXPLAINED = [('nobody runs fast', 1, [2, -1, 0]), ('he sits', 0, [.1, .2]),
             ('nobody he', 0, [-4, 2])]
NEAR = np.array([[[0, 1], [0, 2]], [[2, 3], [2, 0]], [[0, 1], [1, 1]]])


def pair(hypothesis, label):
    return Example((('it', 'is'), tuple(hypothesis.split())), label)


@pytest.fixture
def by_hand(monkeypatch):
    """A setting: 'nobody' is the artifact of yes, 'he' that of no."""
    monkeypatch.setattr(clues, 'N_WORDS', 1)
    train = [pair(*each) for each in TRAIN]
    scores = [np.array(own, float) for *_, own in EXPLAINED]
    return types.SimpleNamespace(
        seed=0, run=types.SimpleNamespace(data=types.SimpleNamespace(
            label_names=('no', 'yes'), train=train)),
        train=types.SimpleNamespace(labels=np.array([y for _, y in TRAIN])),
        test=types.SimpleNamespace(layers=[np.arange(4)[:, None]]),
        # the first test text is not explained
        examples=[pair('he he', 0), *(pair(*each[:2]) for each in EXPLAINED)],
        explained=types.SimpleNamespace(
            rows=np.array([1, 2, 3]),
            targets=np.array([y for _, y, _ in EXPLAINED]),
            scores={'soft': scores}),
        dknn=types.SimpleNamespace(
            kneighbors=lambda layers: NEAR[layers[0][:, 0] - 1]))


def values(cells):
    return [cell.value if isinstance(cell, Estimate) else cell
            for cell in cells]


def test_words_by_hand(by_hand):
    table = artifacts.words(by_hand, clues.clues(by_hand.run.data))
    pmi = np.log(102 / 101)  # (2 + 100) / ((2 + 200) / 2)
    assert table.rows == [('no: he', [pytest.approx(pmi), 2, 1.]),
                          ('yes: nobody', [pytest.approx(pmi), 2, 1.])]


def test_weights_by_hand(by_hand, monkeypatch):
    # Scaled: nobody 1, runs -.5, fast 0; he .5, sits 1; nobody -1, he .5
    monkeypatch.setattr(artifacts, 'LEAST', 1)
    table = artifacts.weights(by_hand, clues.clues(by_hand.run.data))
    (method, cells), = table.rows
    # of the label: 1, .5, .5; of the other: -1; neither: -.5, 0, 1
    assert method == 'soft'
    assert values(cells)[:4] == pytest.approx([2 / 3, -1, 1 / 6, .5])
    # he (no) .5, nobody (no) -1, nobody (yes) 1, runs (yes) -.5, sits (no) 1;
    # PMI is high, low, high, 0, 0.  fast is in no training hypothesis.
    ranks = [[4.5, 1, 4.5, 2.5, 2.5], [3, 1, 4.5, 2, 4.5]]
    assert cells[4].value == pytest.approx(np.corrcoef(ranks)[0, 1])
    assert '3 artifacts of the label, 1 of other labels, 3 all other words' \
        in table.note


def test_words_that_are_rare_are_not_ranked(by_hand, monkeypatch):
    found = clues.clues(by_hand.run.data)
    (_, cells), = artifacts.weights(by_hand, found).rows
    assert cells[4] is None  # none is there three times
    # 'he' twice where no is explained: one item has no correlation
    by_hand.examples[1:] = [pair('he he', 0)] * 3
    by_hand.explained.scores['soft'] = [np.zeros(2)] * 3
    by_hand.explained.targets[:] = 0
    (_, cells), = artifacts.weights(by_hand, found).rows
    assert values(cells) == [0, None, None, None, None]


def test_neighbors_by_hand(by_hand):
    table = artifacts.neighbors(by_hand, clues.clues(by_hand.run.data))
    # The top words: nobody; sits, though 'he' is in the text; he, while
    # 'nobody' stands in a text that is predicted as no.
    # Behind the first: 0 1 0 2, three of four with nobody; behind the second
    # 2 3 2 0, three with he; behind the third 0 1 1 1, none.
    assert [(name, values(cells)) for name, cells in table.rows] == [
        ('no: he', [1, 0., .5, 1., 1, .75]),
        ('yes: nobody', [1, .75, .5, 1., 0, None]),
        ('all', [2, .375, .5, 1., 1, .75])]


def test_a_word_that_speaks_against_is_no_top_word(by_hand):
    by_hand.explained.scores['soft'] = [
        -abs(own) for own in by_hand.explained.scores['soft']]
    table = artifacts.neighbors(by_hand, clues.clues(by_hand.run.data))
    assert [cells[0] for _, cells in table.rows] == [0, 0]  # and no 'all'


def test_all_words_count_as_often_as_they_are_on_top():
    # Shares of the training pairs: 0.2 twice, 0.8 once, mean 0.4; of those
    # of the label 0.4, 0.4 and 1, mean 0.6
    (_, cells), = artifacts._together([
        artifacts._Behind(np.array([.5, .7]), np.array([.1]), .2, .4),
        artifacts._Behind(np.array([.9]), np.array([.3]), .8, 1.)], 0)
    assert values(cells) == pytest.approx([3, .7, .4, .6, 2, .2])


def test_where_only_the_premise_tells():
    """The premise begins with the label's word, all hypotheses are alike."""
    examples = [Example(((('good', 'bad')[i % 2],), ('it', 'is')), i % 2)
                for i in range(40)]
    labels = np.array([example.label for example in examples])
    setting = types.SimpleNamespace(
        run=types.SimpleNamespace(args={}, data=text_datasets.Dataset(
            'made', ('no', 'yes'), examples, examples, [], [], [], [], 0)),
        examples=examples, labels=labels, predicted=labels, baseline=labels,
        counts=bootstrap.resampled_counts(40),
        prediction=types.SimpleNamespace(label=1 - labels),
        soft=types.SimpleNamespace(label=labels))
    rows = dict(artifacts.hypothesis_only(setting).rows)
    # alone, one class is predicted: half is right, and these are easy
    assert [row[0].value for row in rows.values()] == [.5, .5, 1, 1, 0, 1]
    assert values(rows['linear, both texts']) == [1, .5, 1, 1]
    assert values(rows['DkNN']) == [0, -.5, 0, 0]


def test_scaled():
    assert artifacts.scaled(np.array([-4., 2])).tolist() == [-1, .5]
    assert artifacts.scaled(np.zeros(2)).tolist() == [0, 0]


# ------------------------------------------------------------ a trained run

@pytest.fixture(scope='module')
def run(tmp_path_factory):
    """'red' is in all hypotheses of same, 'blue' in all of other."""
    folder = tmp_path_factory.mktemp('pairs')
    return runs.load_run(toys.fit(
        folder, toys.write_pairs(folder / 'pairs.jsonl', 300), '--model',
        'bow', '--learning-rate', '0.02', '--epoch', '4', '--adversarial',
        '0'))


@pytest.fixture(scope='module')
def tables(run):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clues, 'N_WORDS', 1)
        return {table.name: dict(table.rows) for table in artifacts.measure(
            Setting(run, {'n_neighbors': 7}))}


def test_the_word_that_gives_the_label_away(tables):
    assert list(tables) == ['words', 'hypothesis_only', 'weights',
                            'neighbors']
    assert set(tables['words']) == {'same: red', 'other: blue'}
    for pmi, n_pairs, share in tables['words'].values():
        assert pmi > .1 and n_pairs > 50 and share == 1


def test_the_hypothesis_alone_is_enough(tables):
    found = tables['hypothesis_only']
    assert found['linear, hypothesis alone'][0].value == 1
    assert found['network'][0].value == 1
    accuracy, gap, easy, hard = found['majority class']
    assert accuracy.value < .7
    assert gap.value == pytest.approx(accuracy.value - 1)
    assert easy == accuracy  # all are easy
    assert hard is None


def test_every_method_names_it_but_the_random_one(tables):
    assert list(tables['weights']) == list(METHODS)
    for method, cells in tables['weights'].items():
        gap = cells[3]
        assert (gap.low > .2) == (method != 'random'), method


def test_its_neighbours_have_it(tables):
    n_pairs, share, training, of_label, *_ = tables['neighbors']['all']
    assert n_pairs > 10
    assert share.value > .9 > .6 > training > .4
    assert of_label == 1


@pytest.mark.parametrize('split', ['valid', 'test'])
def test_easy_and_hard_pairs_of_the_split_that_is_evaluated(run, split):
    """On labels turned around every pair is hard, and nobody is right."""
    setting = Setting(run, {'n_neighbors': 7}, limit=20, split=split)
    setting.labels = 1 - setting.labels
    rows = dict(artifacts.hypothesis_only(setting).rows)
    for name in 'linear, hypothesis alone', 'linear, both texts':
        assert rows[name][0].value == 0
    accuracy, _, easy, hard = rows['majority class']
    assert easy is None and hard == accuracy


def test_single_texts_have_no_hypothesis():
    single = types.SimpleNamespace(pair=False)
    assert artifacts.measure(types.SimpleNamespace(
        run=types.SimpleNamespace(data=single))) == []
