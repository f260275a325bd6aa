"""The parts of an evaluation, on toy runs."""
import compat  # noqa: F401  (before Chainer)

import json
import os
import subprocess
import sys

import brute_force
import numpy as np
import pytest
import toys

from evaluation import (
    accuracy,
    agreement,
    explanations,
    faithfulness,
    outside,
    stability,
    tables,
    trust,
    uncertainty,
)
from metrics import ranks
from metrics.bootstrap import Estimate

DRAWN = """
import compat, nets
from evaluation import stability
model = nets.make_classifier('cnn', 9, 2, n_units=6, n_layers=2)
for name, p in sorted(stability._untrained(model, 3).namedparams()):
    print(name, p.array.sum())
"""


def rows_of(table):
    return {name: dict(zip(table.columns, cells, strict=True))
            for name, cells in table.rows}


@pytest.mark.parametrize('model, kind', [('cnn', 'words'), ('bow', 'pair')])
def test_tables_can_be_written(setting, model, kind):
    own = setting(model, kind, n_texts=6)
    for part in (accuracy, uncertainty, faithfulness):
        for table in part.measure(own):
            again = tables.from_json(json.loads(json.dumps(
                tables.as_json(table), allow_nan=False)))
            assert again.columns == list(table.columns)
            assert len({name for name, _ in table.rows}) == len(table.rows)
            for name, cells in table.rows:
                assert len(cells) == len(table.columns), (table.name, name)


def test_accuracy_of_each_predictor(setting):
    own = setting('bow')
    found = rows_of(accuracy.predictors(own))
    assert found['softmax']['accuracy'].value == pytest.approx(
        (own.test.logits.argmax(axis=1) == own.labels).mean())
    gap = found['DkNN']['minus softmax']
    assert gap.value == pytest.approx(
        (own.prediction.label == own.labels).mean()
        - (own.predicted == own.labels).mean())
    assert gap.low <= gap.value <= gap.high


def test_neighbours_by_k_are_those_of_dknn_with_that_k(setting):
    own = setting('bow')
    found = rows_of(accuracy.by_neighbors(own))
    stored = [np.array(h) for h in own.train.layers]
    for k in (1, 25):
        votes = brute_force.votes(stored, own.train.labels, own.test.layers,
                                  k, 2)
        share = votes.max(axis=1) / votes.sum(axis=1)
        row = found[f'k = {k}']
        assert row['mean conformity'].value == pytest.approx(share.mean())
        assert row['accuracy'].value == pytest.approx(
            (votes.argmax(axis=1) == own.labels).mean())


def test_shuffled_texts_have_the_same_words(setting):
    own = setting('cnn')
    shuffled = outside.ask(own, outside.SHUFFLED).xs.sides[0]
    moved = 0
    for one, other in zip(own.test.xs.sides[0], shuffled, strict=True):
        assert sorted(one.tolist()) == sorted(other.tolist())
        assert one[-1] == other[-1]
        moved += (one != other).any()
    assert moved > len(shuffled) / 2


def test_a_bag_of_words_cannot_tell_shuffled_texts(setting):
    own = setting('bow')
    table = uncertainty.out_of_domain(own, {
        'conformity': trust.SCORES['conformity'](own)}, {
        'conformity': trust.SCORES['conformity'](own)(own.asked)})[0]
    assert rows_of(table)['conformity'][outside.SHUFFLED] == pytest.approx(
        .5, abs=.02)


def test_sets_hold_the_truth_as_counted_by_hand(setting):
    own = setting('bow')
    row = rows_of(uncertainty.sets(own))['90%']
    p = own.prediction.p_values
    chosen = p > .1
    assert row['DkNN: coverage'].value == pytest.approx(
        chosen[np.arange(len(p)), own.labels].mean())
    assert row['size'] is not None


# ------------------------------------------------------------- faithfulness

def test_falls_are_those_of_texts_without_the_words(setting):
    """The mean fall of the judge's own score, word sets by hand."""
    own = setting('cnn', n_texts=5)
    explained = own.explained
    verdicts = faithfulness.verdicts(own, explained)
    judge, share, scale = verdicts['soft conformity']
    table = faithfulness.falls(own, explained, 'soft conformity', judge,
                               scale)
    xs, model = own.test.xs.select(explained.rows), own.run.model
    expected = []
    for i, ids in enumerate(xs.sides[0]):
        scores = explained.scores['soft'][i]
        top = int(np.argmax(scores))
        odds = [own.dknn.soft_log_odds(model.activations([t]))[
            0, explained.targets[i]] for t in (ids, np.delete(ids, top))]
        expected.append(odds[0] - odds[1])
    assert rows_of(table)['soft']['top 1'] == pytest.approx(
        np.mean(expected), rel=1e-3)
    assert rows_of(table)['logodds']['minus logodds'] is None


def test_the_method_that_measures_a_judge_has_the_best_first_word(setting):
    own = setting('bow', n_texts=12)
    verdicts = faithfulness.verdicts(own, own.explained)
    for name, method in [('softmax', 'logodds'), ('soft conformity', 'soft'),
                         ('conformity', 'conformity')]:
        judge, _, scale = verdicts[name]
        found = rows_of(faithfulness.falls(own, own.explained, name, judge,
                                           scale))
        best = max(row['top 1'] for row in found.values())
        assert found[method]['top 1'] == pytest.approx(best, abs=1e-4)


def test_curves_begin_with_the_text_and_end_without_words(setting):
    own = setting('cnn', n_texts=5)
    _, share, _ = faithfulness.verdicts(own, own.explained)['softmax']
    _, most, least = faithfulness.curves(own, own.explained, 'softmax', share)
    rows = np.arange(len(own.explained.rows))
    whole = own.probabilities[own.explained.rows][rows,
                                                  own.explained.targets]
    for table in (most, least):
        ends = {(round(cells[0], 5), round(cells[-1], 5))
                for _, cells in table.rows}
        assert len(ends) == 1
        assert ends.pop()[0] == pytest.approx(whole.mean(), abs=1e-4)


def test_an_independent_judge(setting, made):
    own = setting('cnn', n_texts=8)
    own.judge = setting('bow')
    explained = own.explained
    same = own.judge.predicted[explained.rows]
    np.testing.assert_array_equal(same, explained.targets)
    verdicts = faithfulness.verdicts(own, explained)
    assert list(verdicts) == ['softmax', 'conformity', 'soft conformity',
                              'independent']
    place = explained.places['soft'][0][0][0]  # text 0, no word removed
    z = own.judge.run.model.logits(own.judge.test.xs.select(
        explained.rows[:1])).array
    share = np.exp(z - z.max())
    share /= share.sum()
    assert verdicts['independent'][1][place] == pytest.approx(
        share[0, explained.targets[0]], rel=1e-4)


def test_rank_correlations_by_hand():
    """Ranks 1 2 3 against 3 2 1 and 1 2.5 2.5; the constant has none."""
    found = ranks.correlations(np.array(
        [[1., 2, 3], [9, 5, 1], [0, 4, 4], [7, 7, 7]]))
    np.testing.assert_allclose(found[0, :3], [1, -1, np.sqrt(3) / 2])
    assert np.isnan(found[3]).all()


def test_predictors_that_agree_about_no_text(setting, monkeypatch):
    own = setting('bow')
    own.asked.soft = own.soft._replace(label=1 - own.predicted)
    monkeypatch.setattr(agreement, 'word_values',
                        lambda _: {'lexicon': {'good': 1.}})
    assert not len(own.explained.rows)
    assert faithfulness.measure(own) == agreement.with_lexicons(own) == []


def test_ratings_are_those_of_the_split(setting):
    """Strength is the confidence itself; of one deviation is no figure."""
    own = setting('bow', split='valid')
    strength = own.probabilities.max(axis=1)
    own.run = own.run._replace(data=own.run.data._replace(ratings={
        'valid': [(-value, .5) for value in strength],
        'test': [(0., .5)] * len(strength)}))
    table, = agreement.with_ratings(own)
    found = rows_of(table)['softmax confidence']
    assert found['strength'].value == pytest.approx(1)
    assert found['disagreement'] is None


def test_sentences_of_the_same_reviews_are_not_out_of_domain(
        setting, monkeypatch):
    own = setting('bow')
    own.ood = None
    monkeypatch.setattr(outside.text_datasets, 'at_hand', lambda _: [
        'stsa.binary', 'rt-polarity', 'vader.movie', 'vader.nyt', 'custrev',
        'vader.amazon'])
    for dataset, others in [
            ('stsa.fine', ['vader.nyt', 'custrev', 'vader.amazon']),
            ('rt-polarity', ['vader.nyt', 'custrev', 'vader.amazon']),
            ('vader.amazon', ['stsa.binary', 'rt-polarity']),
            ('vader.movie', ['custrev']),
            ('custrev', ['stsa.binary', 'rt-polarity', 'vader.movie',
                         'vader.nyt'])]:
        own.run = own.run._replace(args={**own.run.args,
                                         'dataset': dataset})
        assert outside.names(own) == [outside.SHUFFLED, *others]


def test_random_parameters_have_nothing_of_the_trained(setting):
    own = setting('bow', n_texts=20)
    scorer = stability.randomised(own)
    for one, other in zip(scorer.run.model.params(), own.run.model.params(),
                          strict=True):
        assert one.array.size == 1 or not np.allclose(one.array, other.array)
    again = stability.randomised(own)
    for one, other in zip(scorer.run.model.params(), again.run.model.params(),
                          strict=True):
        np.testing.assert_array_equal(one.array, other.array)
    # nor does it depend on the order of names in a set
    drawn = {subprocess.run(
        [sys.executable, '-c', DRAWN], cwd=toys.ROOT, check=True,
        env={**os.environ, 'PYTHONHASHSEED': seed}, capture_output=True,
        text=True).stdout for seed in '01'}
    assert len(drawn) == 1
    table = rows_of(stability.between_runs(own, own.explained))
    assert abs(table['logodds']['random parameters'].value) < .5


def test_counts_of_words_that_go(setting):
    """Of 20 words: top 1, 2, 3; 1 1 2 4 10; the rest of these; tenths."""
    assert explanations._counts(20) == [
        0, 1, 2, 3, 4, 6, 8, 10, 12, 14, 16, 18, 19, 20]
    assert explanations._counts(1) == [0, 1]


def test_estimates_hold_their_value(setting):
    for table in (uncertainty.errors(setting('bow'), {
            'x': np.arange(len(setting('bow').labels))}),):
        for _, cells in table.rows:
            for cell in cells:
                if isinstance(cell, Estimate):
                    assert cell.low <= cell.value <= cell.high
