"""Records of trained runs: complete, whatever the batch."""
import compat  # noqa: F401  (before Chainer)

import brute_force
import numpy as np
import pytest
import toys
from explained import (
    DROPS,
    EVERY,
    EVERY_METHOD,
    EVERY_MODEL,
    K,
    assert_close,
    by_hand,
    examples,
    questions,
    side_of,
    training,
    without,
)

import runs
from errors import ArgumentError
from saliency import attribution, batches
from saliency import methods as method_table
from saliency.batches import consecutive_batches
from saliency.methods import METHODS


@EVERY
def test_a_batch_is_as_one_at_a_time(explainer, model, kind):
    explain = explainer(model, kind, premise=True, steps=3, draws=2)
    some = examples(kind) + explain.run.data.test[:1]
    options = {'n_nearest': 3,
               'reduce': 'confidence' if kind == 'words' else None}
    together = list(explain.records(questions(some), EVERY_METHOD, **options))
    assert len(together) == len(some)
    for i, (record, example) in enumerate(zip(together, some, strict=True)):
        single, = explain.records(questions([example]), EVERY_METHOD,
                                  **options)
        assert (record.pop('id'), single.pop('id')) == (i, 0)
        for one, other in zip(*(  # narrow kernels magnify rounding
                part['methods'].pop('soft')['scores']
                for part in (record, single)), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-5, atol=3e-4)
        assert_close(record, single)


@EVERY
def test_every_word_has_a_score_and_eos_has_none(explainer, model, kind):
    explain = explainer(model, kind, premise=True, steps=2, draws=2)
    some = examples(kind)
    for example, record in zip(
            some, explain.records(questions(some), EVERY_METHOD), strict=True):
        n_words = [len(text) for text in example.texts]
        assert [len(known) for known in record['known']] == n_words
        assert list(record['methods']) == EVERY_METHOD
        for entry in record['methods'].values():
            assert [len(s) for s in entry['scores']] == n_words
            assert np.isfinite(np.concatenate(entry['scores'])).all()


@pytest.mark.parametrize('model, kind, n_words', [
    ('bow', 'words', 2000), ('cnn', 'words', 2000), ('cnn', 'pair', 2000),
    ('rnn', 'words', 2000), ('bilstm', 'words', 500)])
def test_a_long_text(explainer, model, kind, n_words):
    explain = explainer(model, kind, steps=1, draws=1)
    text = ' '.join(toys.FILLERS * (n_words // 10))
    some = examples(kind, [text, 'good'], ['a red film', 'plot'])
    long, short = explain.records(questions(some), EVERY_METHOD)
    for entry in long['methods'].values():
        assert len(entry['scores'][-1]) == n_words
        assert np.isfinite(entry['scores'][-1]).all()
    alone, = explain.records(questions(some[1:]), EVERY_METHOD)
    assert_close(short['methods'], alone['methods'])
    xs, _ = runs.encode_examples(some[:1], explain.run.vocab)
    y = long['softmax']['label']
    for word in (0, n_words // 3, n_words - 1):
        drop = (by_hand(explain, xs)['confidence'][y] - by_hand(
            explain, without(xs, 0, word, side_of(kind)))['confidence'][y])
        assert long['methods']['confidence']['scores'][-1][
            word] == pytest.approx(drop, abs=1e-5)


@EVERY_MODEL
def test_the_premise_is_fixed_unless_asked_for(explainer, model):
    some = examples('pair')
    methods = EVERY_METHOD
    plain, both = (
        list(explainer(model, 'pair', premise=premise, steps=2,
                       draws=2).records(questions(some), methods))
        for premise in (False, True))
    for one, two, example in zip(plain, both, some, strict=True):
        for name in methods:
            entry, full = one['methods'][name], two['methods'][name]
            assert entry['scores'][0] is None
            assert entry['scores'][1] == full['scores'][1]
            assert len(full['scores'][0]) == len(example.texts[0])


def test_records_agree_with_the_neighbours(explainer):
    explain = explainer('rnn', 'words')
    some = explain.run.data.test[:5]
    xs, _ = runs.encode_examples(some, explain.run.vocab)
    stored, labels = training(explain.run.folder)
    layers = explain.run.model.activations(xs)
    distances, indices = zip(*(
        brute_force.neighbors(X, Q, K)
        for X, Q in zip(stored, layers, strict=True)), strict=True)
    for i, record in enumerate(explain.records(questions(some), ['random'],
                                               n_nearest=3)):
        total = np.zeros(2)
        for part, d, order in zip(record['neighbors'], distances, indices,
                                  strict=True):
            votes = np.bincount(labels[order[i]], minlength=2)
            assert part['votes'] == votes.tolist()
            total += votes
            near = part['nearest']
            nearest = order[i, :3]
            assert [n['index'] for n in near] == nearest.tolist()
            assert [n['label'] for n in near] == labels[nearest].tolist()
            np.testing.assert_allclose([n['distance'] for n in near],
                                       d[i, :3], atol=1e-5)
            assert [n['texts'] for n in near] == [
                [' '.join(explain.run.data.train[j].texts[0])]
                for j in nearest]
        np.testing.assert_allclose(record['dknn']['conformity'],
                                   total / total.sum(), atol=1e-5)


def test_stored_outputs_give_the_same_records(explainer):
    explain = explainer('cnn', 'words')
    stored = runs.stored_activations(explain.run, 'test')
    some = explain.run.data.test
    for one, other in zip(
            explain.records(questions(some), DROPS),
            explain.records(questions(some), DROPS, outputs=stored),
            strict=True):
        assert_close(one, other)


def test_keep_is_asked_before_any_word_is_scored(explainer, monkeypatch):
    explain = explainer('cnn', 'words')
    some = explain.run.data.test
    scored = []
    original = explain.scores
    monkeypatch.setattr(explain, 'scores', lambda batch, names: (
        scored.append(len(batch.xs)), original(batch, names))[1])
    kept = list(explain.records(questions(some), DROPS,
                                keep=lambda r: r['id'] % 5 == 2))
    assert [record['id'] for record in kept] == list(range(2, len(some), 5))
    assert sum(scored) == len(kept)
    golds = []
    none = list(explain.records(questions(some), DROPS,
                                keep=lambda r: golds.append(r['gold'])))
    assert none == [] and golds == [example.label for example in some]


@pytest.mark.parametrize('sizes, limit, expected', [
    ([3, 3, 3], 6, [(0, 2), (2, 3)]), ([9, 1, 1], 5, [(0, 1), (1, 3)]),
    ([1, 1, 9], 5, [(0, 2), (2, 3)]), ([4], 4, [(0, 1)]), ([], 4, [])])
def test_batches_by_hand(sizes, limit, expected):
    found = consecutive_batches(np.array(sizes, int), limit)
    assert [(batch.start, batch.stop) for batch in found] == expected


def test_batches_change_nothing(explainer, monkeypatch):
    explain = explainer('bilstm', 'words')
    some = explain.run.data.test
    whole = list(explain.records(questions(some), DROPS))
    monkeypatch.setattr(batches, 'TOKENS_PER_BATCH', 6)
    again = explain.records(questions(some), DROPS)
    for one, other in zip(whole, again, strict=True):
        assert_close(one, other)


def test_random_scores_do_not_depend_on_the_model(explainer):
    found = [list(explainer(model, 'words', seed=3).records(
        questions(examples('words')), ['random'])) for model in ('cnn', 'bow')]
    for one, other in zip(*found, strict=True):
        scores = one['methods']['random']['scores']
        assert scores == other['methods']['random']['scores']
    run = explainer('cnn', 'words').run
    xs, _ = runs.encode_examples(examples('words'), run.vocab)
    expected = attribution.random_scores(xs.sides[0], seed=3)[3]
    np.testing.assert_allclose(scores[0], expected, atol=1e-5)


@pytest.mark.parametrize('kind', ['words', 'pair'])
def test_removed_tells_which_neighbours_change(explainer, kind):
    explain = explainer('cnn', kind)
    some = examples(kind)
    xs, _ = runs.encode_examples(some, explain.run.vocab)
    side = side_of(kind)
    told = 0
    found = explain.records(questions(some), ['conformity'])
    for i, record in enumerate(found):
        scores = record['methods']['conformity']['scores'][side]
        if max(scores) <= 0:
            assert 'removed' not in record
            continue
        told += 1
        removed = record['removed']
        assert (removed['text'], removed['word']) == (side,
                                                      int(np.argmax(scores)))
        before, after = (
            explain.dknn.kneighbors(
                explain.run.model.activations(texts))[0]
            for texts in (xs.select([i]),
                          without(xs, i, removed['word'], side)))
        labels = explain.dknn.labels_
        for layer, was, now in zip(removed['layers'], before, after,
                                   strict=True):
            assert layer['left'] == sorted(set(was) - set(now))
            assert layer['came'] == sorted(set(now) - set(was))
            for name in ('left', 'came'):
                assert layer[f'{name}_votes'] == [
                    sum(labels[j] == y for j in layer[name])
                    for y in range(explain.dknn.n_class)]
    assert told


def test_options_that_no_method_has(explainer):
    with pytest.raises(ArgumentError, match="names 'stops', but the methods "
                       'have only steps, draws, seed'):
        explainer('cnn', 'words', stops=3)


def test_options_of_one_name_must_be_the_same(monkeypatch):
    other = method_table.SEED._replace(default=7)
    monkeypatch.setitem(METHODS, 'new', method_table.Direct(
        None, 'nothing', (other,)))
    with pytest.raises(ValueError, match="are called 'seed', but differ"):
        method_table.all_options()


def test_a_leave_one_out_method_has_options_and_votes(explainer,
                                                       monkeypatch):
    """By itself, too: its votes are asked for, its option arrives."""
    option = method_table.Option('power', 1, 1, 'of the share')

    def powers(explainer, logits, votes, power):
        return (votes / votes.sum(axis=1, keepdims=True)) ** power

    monkeypatch.setitem(METHODS, 'powers', method_table.LeaveOneOut(
        'softmax', powers, 'powers of shares', needs_votes=True,
        options=(option,)))
    some = questions(examples('words'))
    for power in (1, 3):
        record = list(explainer('cnn', 'words', power=power).records(
            some, ['powers']))[0]
        explain = explainer('cnn', 'words')
        xs, _ = runs.encode_examples(examples('words')[:1],
                                     explain.run.vocab)
        y = record['softmax']['label']
        whole = by_hand(explain, xs)['conformity'][y] ** power
        expected = [whole - by_hand(explain, without(xs, 0, word, 0))[
            'conformity'][y] ** power
            for word in range(len(xs.sides[0][0]) - 1)]
        np.testing.assert_allclose(record['methods']['powers']['scores'][0],
                                   expected, atol=1e-5)
