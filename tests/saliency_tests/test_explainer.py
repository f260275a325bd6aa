"""Explanations of trained runs, checked by removing each word by hand."""
import compat  # noqa: F401  (before Chainer)

import argparse
import functools

import chainer
import numpy as np
import pytest
import toys

import dknn
import explainers
import nets
import nlp_utils
import runs
import saliency
from text_datasets import Example

MODELS = sorted(nets.ENCODERS)
KINDS = 'words', 'characters', 'pair'
ALL = [(model, kind) for model in MODELS for kind in KINDS]
EVERY = pytest.mark.parametrize('model, kind', ALL)
EVERY_MODEL = pytest.mark.parametrize('model', MODELS)
FLAGS = argparse.Namespace(neighbors=7, index='exact', layers='all',
                           class_conditional=False)
TEMPERATURE = 2.5
DROPS = list(explainers.LEAVE_ONE_OUT)
# One of one word, one of words that are not known, one that repeats itself.
TEXTS = {'words': ['a good film with some bad scene', 'lovely',
                   'zyx wvu zyx', 'the plot the plot the awful story'],
         'characters': ['a bad plot', 'z', '%% %', 'the the'],
         'pair': ['the blue film', 'red', 'zyx wvu zyx', 'the the plot']}
PREMISES = ['the film a red plot', 'blue', 'some scene', 'qqq qqq']
# No three tokens twice: a maximum over time has no gradient at a tie.
UNLIKE = ['some plot', 'a bad film', 'lovely']


@pytest.fixture(scope='session')
def made(tmp_path_factory):
    """Function (model, kind) -> its trained Run, trained when asked for."""
    folder = tmp_path_factory.mktemp('explained')
    toys.write_csv(folder / 'toy.csv', toys.sentences(120))
    toys.write_pairs(folder / 'pairs.jsonl', 120)

    @functools.cache
    def run(model, kind):
        file = 'pairs.jsonl' if kind == 'pair' else 'toy.csv'
        flags = ['--char-based'] if kind == 'characters' else []
        return runs.load_run(toys.fit(
            folder / f'{model}_{kind}', folder / file, '--model', model,
            '--learning-rate', '0.02', *flags))

    return run


@pytest.fixture
def explainer(made):
    """Function (model, kind, options) -> Explainer."""
    def build(model, kind, **options):
        run = made(model, kind)
        return explainers.Explainer(run, runs.fit_dknn(run, FLAGS),
                                    TEMPERATURE, **options)

    return build


def examples(kind, texts=None, premises=PREMISES):
    """Examples of the user's own."""
    texts = texts or TEXTS[kind]

    def tokens(text):
        return nlp_utils.tokenize(text, char_based=kind == 'characters')

    if kind == 'pair':
        return [Example((tokens(p), tokens(h)), -1)
                for p, h in zip(premises, texts, strict=False)]
    return [Example((tokens(text),), -1) for text in texts]


def batch_of(explainer, some):
    return explainer.batch(runs.encode(some, explainer.run.vocab)[0])


def alone(explainer, xs, i):
    """Example i of xs as a batch of its own."""
    return explainer.batch(runs.select(xs, [i]))


def side_of(kind):
    return 1 if kind == 'pair' else 0


# ------------------------------------------------------------------ by hand

@functools.cache
def training(folder):
    """Layers in float64 and labels of a run's training examples."""
    _, layers, labels = runs.activations(runs.load_run(folder), 'train')
    return [np.array(h, np.float64) for h in layers], labels


def by_hand(explainer, xs):
    """Every leave-one-out signal of one example, the slow way: {name: (C,)}.

    The network runs on this example only; neighbours by float64 distances.
    """
    z, layers = explainer.run.model.logits_and_activations(xs)
    z = z[0].astype(np.float64)
    stored, labels = training(explainer.run.folder)
    counts = np.zeros(len(z))
    for h, train in zip(layers, stored, strict=True):
        distances = np.linalg.norm(train - h[0].astype(np.float64), axis=1)
        for j in np.argsort(distances, kind='stable')[:FLAGS.neighbors]:
            counts[labels[j]] += 1
    conformity = counts / (FLAGS.neighbors * len(layers))
    a = explainer.neighbors.calibration_
    return {
        'conformity': conformity,
        'credibility': np.array([(np.sum(a >= 1 - c - 1e-9) + 1)
                                 / (len(a) + 1) for c in conformity]),
        'confidence': np.exp(z) / np.exp(z).sum(),
        'calibrated': np.exp(z / TEMPERATURE) / np.exp(
            z / TEMPERATURE).sum()}


def without(xs, i, word, side):
    """Example i of xs without one word of one of its texts."""
    texts = [[s[i].copy()] for s in explainers.sides_of(xs)]
    texts[side] = [np.delete(texts[side][0], word)]
    return tuple(texts) if isinstance(xs, tuple) else texts[0]


def check_drops(explainer, xs, side, scores):
    """All scores of one side are those of removing each word by hand."""
    seen = {name: [] for name in DROPS}
    for i in range(runs.n_examples(xs)):
        whole = by_hand(explainer, runs.select(xs, [i]))
        n_words = len(explainers.sides_of(xs)[side][i]) - 1
        variants = [by_hand(explainer, without(xs, i, w, side))
                    for w in range(n_words)]
        for name in DROPS:
            predictor = explainers.LEAVE_ONE_OUT[name][0]
            y = alone(explainer, xs, i).targets[predictor][0]
            expected = [whole[name][y] - v[name][y] for v in variants]
            found = scores[name][0][side][i]
            assert len(found) == n_words
            np.testing.assert_allclose(found, expected, atol=3e-6, err_msg=(
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
    count(explain.neighbors, 'votes')
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
    records = list(explain.records(explain.run.data.test,
                                   ['conformity', 'credibility']))
    pairs = np.concatenate([np.transpose([
        record['methods'][name]['scores'][0]
        for name in ('conformity', 'credibility')]) for record in records])
    conformity, credibility = pairs.T
    assert (credibility[conformity == 0] == 0).all()
    assert (credibility[conformity > 0] >= 0).all()
    assert (credibility[conformity < 0] <= 0).all()
    assert (credibility != 0).any()


# ---------------------------------------------------------------- gradients

def in_float64(model):
    """A copy of a model whose parameters are float64."""
    model = model.copy('copy')
    for parameter in model.params():
        parameter.array = parameter.array.astype(np.float64)
    return model


@EVERY
def test_gradient_is_a_finite_difference_of_the_nll(explainer, model, kind):
    """Shrinking word i by h lowers log p by h s_i."""
    explain = explainer(model, kind, premise=True)
    batch = batch_of(explain, examples(kind, UNLIKE))
    scores = explain.scores(batch, ['gradient'])['gradient'][0]
    labels, step = batch.targets['softmax'], 1e-5
    with chainer.using_config('dtype', np.float64):
        exact = in_float64(explain.run.model)
        at = [e.astype(np.float64) for e, _ in exact.embeddings(batch.xs)]
        for side, texts in enumerate(explainers.sides_of(batch.xs)):
            begins = np.cumsum([0, *map(len, texts)])
            for i, tokens in enumerate(texts):
                assert len(scores[side][i]) == len(tokens) - 1
                for word in range(len(tokens) - 1):
                    nll = []
                    for factor in (1 + step, 1 - step):
                        moved = [e.copy() for e in at]
                        moved[side][begins[i] + word] *= factor
                        nll.append(exact.nll(batch.xs, labels, moved)[i])
                    assert scores[side][i][word] == pytest.approx(
                        -(nll[0] - nll[1]) / (2 * step), rel=1e-3, abs=1e-5)
        assert max(abs(s).max() for s in scores[-1]) > 1e-3


@EVERY
def test_integrated_gradients_add_up(explainer, model, kind):
    explain = explainer(model, kind, premise=True, steps=20)
    batch = batch_of(explain, examples(kind))
    scores, more = explain.scores(
        batch, ['integrated_gradients'])['integrated_gradients']
    explain.steps = 1
    coarse = explain.scores(batch, ['integrated_gradients'])[
        'integrated_gradients'][1]['gap']
    assert abs(more['gap']).max() < .02 + abs(coarse).max() / 10
    # Without <eos> at the end, the scores make up the rest of the fall.
    model_nll, labels = explain.run.model.nll, batch.targets['softmax']
    at = [e for e, _ in explain.run.model.embeddings(batch.xs)]
    fall = (model_nll(batch.xs, labels, [np.zeros_like(e) for e in at])
            - model_nll(batch.xs, labels))
    ends = fall + more['gap'] - sum(
        np.array([part.sum() for part in side]) for side in scores)
    lengths = [[len(t) for t in side]
               for side in explainers.sides_of(batch.xs)]
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


# --------------------------------------------------------- batches, lengths

@EVERY
def test_a_batch_is_as_one_at_a_time(explainer, model, kind):
    explain = explainer(model, kind, premise=True, steps=3, draws=2)
    some = examples(kind) + explain.run.data.test[:1]
    options = {'n_nearest': 3,
               'reduce': 'confidence' if kind == 'words' else None}
    together = list(explain.records(some, explainers.METHODS, **options))
    assert len(together) == len(some)
    for i, (record, example) in enumerate(zip(together, some, strict=True)):
        single, = explain.records([example], explainers.METHODS, **options)
        assert (record.pop('id'), single.pop('id')) == (i, 0)
        assert_close(record, single)


def assert_close(one, other):
    """Nested lists and dicts are equal, floats to one in the last digit."""
    assert type(one) is type(other)
    if isinstance(one, dict):
        assert list(one) == list(other)
        for key in one:
            assert_close(one[key], other[key])
    elif isinstance(one, list):
        assert len(one) == len(other)
        for a, b in zip(one, other, strict=True):
            assert_close(a, b)
    elif isinstance(one, float):
        assert one == pytest.approx(other, abs=2.1e-5)
    else:
        assert one == other


@EVERY
def test_every_word_has_a_score_and_eos_has_none(explainer, model, kind):
    explain = explainer(model, kind, premise=True, steps=2, draws=2)
    some = examples(kind)
    for example, record in zip(
            some, explain.records(some, explainers.METHODS), strict=True):
        n_words = [len(text) for text in example.texts]
        assert [len(known) for known in record['known']] == n_words
        assert list(record['methods']) == explainers.METHODS
        for entry in record['methods'].values():
            assert [len(s) for s in entry['scores']] == n_words
            assert np.isfinite(np.concatenate(entry['scores'])).all()


@EVERY_MODEL
def test_unknown_words_only(explainer, model):
    explain = explainer(model, 'words')
    record, = explain.records(examples('words', ['zyx wvu zyx']), DROPS)
    assert record['known'] == [[False] * 3]
    confidence = record['methods']['confidence']['scores'][0]
    if model == 'bow':  # the same vector each time, whatever the word
        assert confidence[0] == confidence[1] == confidence[2]


@pytest.mark.parametrize('model, kind, n_words', [
    ('bow', 'words', 2000), ('cnn', 'words', 2000), ('cnn', 'pair', 2000),
    ('rnn', 'words', 2000), ('bilstm', 'words', 500)])
def test_a_long_text(explainer, model, kind, n_words):
    explain = explainer(model, kind, steps=1, draws=1)
    text = ' '.join(toys.FILLERS * (n_words // 10))
    some = examples(kind, [text, 'good'], ['a red film', 'plot'])
    long, short = explain.records(some, explainers.METHODS)
    for entry in long['methods'].values():
        assert len(entry['scores'][-1]) == n_words
        assert np.isfinite(entry['scores'][-1]).all()
    alone, = explain.records(some[1:], explainers.METHODS)
    assert_close(short['methods'], alone['methods'])
    xs, _ = runs.encode(some[:1], explain.run.vocab)
    y = long['softmax']['label']
    for word in (0, n_words // 3, n_words - 1):
        drop = (by_hand(explain, xs)['confidence'][y] - by_hand(
            explain, without(xs, 0, word, side_of(kind)))['confidence'][y])
        assert long['methods']['confidence']['scores'][-1][
            word] == pytest.approx(drop, abs=1e-5)


# -------------------------------------------------------------------- pairs

@EVERY_MODEL
def test_the_premise_is_fixed_unless_asked_for(explainer, model):
    some = examples('pair')
    methods = explainers.METHODS
    plain, both = (
        list(explainer(model, 'pair', premise=premise, steps=2,
                       draws=2).records(some, methods))
        for premise in (False, True))
    for one, two, example in zip(plain, both, some, strict=True):
        for name in methods:
            entry, full = one['methods'][name], two['methods'][name]
            assert entry['scores'][0] is None
            assert entry['scores'][1] == full['scores'][1]
            assert len(full['scores'][0]) == len(example.texts[0])


# --------------------------------------------------------- what is explained

@pytest.fixture
def at_odds(made):
    """An explainer whose neighbours carry the wrong labels."""
    run = made('cnn', 'words')
    _, layers, labels = runs.activations(run, 'train')
    model = dknn.DkNN(2, n_neighbors=7).fit(layers, 1 - labels)
    _, layers, labels = runs.activations(run, 'calib')
    return explainers.Explainer(run, model.calibrate(layers, labels),
                                TEMPERATURE)


def test_each_method_explains_its_own_prediction(at_odds):
    records = [record for record in at_odds.records(
        at_odds.run.data.test, explainers.METHODS)
        if record['dknn']['label'] != record['softmax']['label']]
    assert len(records) > 5
    for record in records:
        for name, entry in record['methods'].items():
            predictor = ('dknn' if name in ('conformity', 'credibility')
                         else 'softmax')
            assert entry['target'] == record[predictor]['label']


def test_drops_are_of_the_target(at_odds):
    """Two classes: the conformity of one falls as that of the other rises."""
    batch = batch_of(at_odds, examples('words'))
    for name in ('conformity', 'confidence'):
        predictor = explainers.LEAVE_ONE_OUT[name][0]
        swapped = batch._replace(targets={
            **batch.targets, predictor: 1 - batch.targets[predictor]})
        one, other = (np.concatenate(at_odds.scores(b, [name])[name][0][0])
                      for b in (batch, swapped))
        assert abs(one).max() > 1e-4
        np.testing.assert_allclose(one, -other, atol=1e-7)


@pytest.mark.parametrize('name', list(explainers.OTHERS)[:3])
def test_gradients_are_of_the_softmax_prediction(at_odds, name):
    """What the neighbours say plays no part."""
    batch = batch_of(at_odds, examples('words'))
    flipped = {**batch.targets, 'dknn': 1 - batch.targets['dknn']}
    found, same, other = (
        np.concatenate(at_odds.scores(b, [name])[name][0][0])
        for b in (batch, batch._replace(targets=flipped),
                  batch._replace(targets={
                      'softmax': 1 - batch.targets['softmax']})))
    np.testing.assert_array_equal(found, same)
    assert abs(found - other).max() > 1e-3


# ------------------------------------------------------------------ records

def test_records_agree_with_the_neighbours(explainer):
    explain = explainer('rnn', 'words')
    some = explain.run.data.test[:5]
    xs, _ = runs.encode(some, explain.run.vocab)
    stored, labels = training(explain.run.folder)
    for i, record in enumerate(explain.records(some, ['random'],
                                               n_nearest=3)):
        layers = explain.run.model.activations(runs.select(xs, [i]))
        total = np.zeros(2)
        for part, h, train in zip(record['neighbors'], layers, stored,
                                  strict=True):
            distances = np.linalg.norm(train - h.astype(np.float64), axis=1)
            order = np.argsort(distances, kind='stable')
            votes = np.bincount(labels[order[:7]], minlength=2)
            assert part['votes'] == votes.tolist()
            total += votes
            near = part['nearest']
            assert [n['index'] for n in near] == order[:3].tolist()
            assert [n['label'] for n in near] == labels[order[:3]].tolist()
            np.testing.assert_allclose([n['distance'] for n in near],
                                       distances[order[:3]], atol=1e-5)
            assert [n['texts'] for n in near] == [
                [' '.join(explain.run.data.train[j].texts[0])]
                for j in order[:3]]
        np.testing.assert_allclose(record['dknn']['conformity'],
                                   total / total.sum(), atol=1e-5)


def test_stored_outputs_give_the_same_records(explainer):
    explain = explainer('cnn', 'words')
    logits, layers, _ = runs.activations(explain.run, 'test')
    some = explain.run.data.test
    for one, other in zip(
            explain.records(some, DROPS),
            explain.records(some, DROPS, outputs=(logits, layers)),
            strict=True):
        assert_close(one, other)


def test_keep_is_asked_before_any_word_is_scored(explainer, monkeypatch):
    explain = explainer('cnn', 'words')
    some = explain.run.data.test
    scored = []
    original = explain.scores
    monkeypatch.setattr(explain, 'scores', lambda batch, methods: (
        scored.append(runs.n_examples(batch.xs)),
        original(batch, methods))[1])
    kept = list(explain.records(some, DROPS, keep=lambda r: r['id'] % 5 == 2))
    assert [record['id'] for record in kept] == list(range(2, len(some), 5))
    assert sum(scored) == len(kept)
    golds = []
    none = list(explain.records(some, DROPS, keep=lambda r: golds.append(
        r['gold'])))
    assert none == [] and golds == [example.label for example in some]


# ---------------------------------------------------------- input reduction

@EVERY
def test_input_reduction_keeps_the_prediction(explainer, model, kind):
    explain = explainer(model, kind)
    some = examples(kind)
    for name in ('conformity', 'gradient'):
        predictor = explainers.LEAVE_ONE_OUT.get(name, ['softmax'])[0]
        for i, record in enumerate(explain.records(some, [name],
                                                   reduce=name)):
            xs, _ = runs.encode(some[i:i + 1], explain.run.vocab)
            check_reduction(explain, xs, side_of(kind), predictor,
                            record['reduction'], record['methods'][name])


def check_reduction(explain, xs, side, predictor, reduction, entry):
    assert reduction['text'] == side
    removed = reduction['removed']
    n_words = len(explainers.sides_of(xs)[side][0]) - 1
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


# ------------------------------------------------------------ small helpers

def test_variants_by_hand():
    xs = [np.array([5, 6, 0]), np.array([0]), np.array([7, 0])]
    found, counts = explainers.variants(xs, 0)
    assert [v.tolist() for v in found] == [[6, 0], [5, 0], [0]]
    assert counts.tolist() == [2, 0, 1]
    others = [np.array([i, 0]) for i in (1, 2, 3)]
    (fixed, changed), _ = explainers.variants((others, xs), 1)
    assert [v.tolist() for v in fixed] == [[1, 0], [1, 0], [3, 0]]
    assert [v.tolist() for v in changed] == [[6, 0], [5, 0], [0]]
    (changed, fixed), counts = explainers.variants((others, xs), 0)
    assert [v.tolist() for v in changed] == [[0], [0], [0]]
    assert [len(v) for v in fixed] == [3, 1, 2]
    assert counts.tolist() == [1, 1, 1]


@EVERY
def test_the_plain_way_is_the_fast_one(explainer, model, kind):
    """What runs on a GPU: every variant through the ordinary network."""
    explain = explainer(model, kind)
    xs = batch_of(explain, examples(kind)).xs
    for side in range(side_of(kind) + 1):
        plain, counts = explainers.variants(xs, side)
        assert counts.sum() == runs.n_examples(plain)
        logits, layers = runs.forward(explain.run.model, plain)
        found = explain._without_words(xs, side)
        np.testing.assert_allclose(found[0], logits, atol=1e-5)
        for one, other in zip(found[1], layers, strict=True):
            np.testing.assert_allclose(one, other, atol=1e-5)


@pytest.mark.parametrize('lengths, limit, expected', [
    ([3, 3, 3], 6, [[0, 1], [2]]), ([9, 1, 1], 5, [[0], [1, 2]]),
    ([1, 1, 9], 5, [[0, 1], [2]]), ([4], 4, [[0]])])
def test_batches_by_hand(lengths, limit, expected):
    xs = [np.zeros(n, int) for n in lengths]
    assert [b.tolist() for b in explainers.batches(xs, limit)] == expected
    halves = [np.zeros(0, int) for _ in lengths]
    assert [b.tolist() for b in explainers.batches(
        (halves, xs), limit)] == expected


def test_batches_change_nothing(explainer, monkeypatch):
    explain = explainer('bilstm', 'words')
    some = explain.run.data.test
    whole = list(explain.records(some, DROPS))
    monkeypatch.setattr(explainers.batches, '__defaults__', (6,))
    for one, other in zip(whole, explain.records(some, DROPS), strict=True):
        assert_close(one, other)


def test_rounded():
    assert explainers.rounded(np.float32([1 / 3, 2e-6])) == [.33333, 0.]
    assert explainers.rounded(1) == 1. and isinstance(
        explainers.rounded(np.float32(1)), float)


def test_random_scores_do_not_depend_on_the_model(explainer):
    found = [list(explainer(model, 'words', seed=3).records(
        examples('words'), ['random'])) for model in ('cnn', 'bow')]
    for one, other in zip(*found, strict=True):
        scores = one['methods']['random']['scores']
        assert scores == other['methods']['random']['scores']
    run = explainer('cnn', 'words').run
    xs, _ = runs.encode(examples('words'), run.vocab)
    expected = saliency.random_scores(xs, seed=3)[3]
    np.testing.assert_allclose(scores[0], expected, atol=1e-5)


@pytest.mark.parametrize('kind', ['words', 'pair'])
def test_removed_tells_which_neighbours_change(explainer, kind):
    explain = explainer('cnn', kind)
    some = examples(kind)
    xs, _ = runs.encode(some, explain.run.vocab)
    side = side_of(kind)
    told = 0
    for i, record in enumerate(explain.records(some, ['conformity'])):
        scores = record['methods']['conformity']['scores'][side]
        if max(scores) <= 0:
            assert 'removed' not in record
            continue
        told += 1
        removed = record['removed']
        assert (removed['text'], removed['word']) == (side,
                                                      int(np.argmax(scores)))
        before, after = (
            explain.neighbors.kneighbors(
                explain.run.model.activations(texts))[0]
            for texts in (runs.select(xs, [i]),
                          without(xs, i, removed['word'], side)))
        labels = explain.neighbors.labels_
        for layer, was, now in zip(removed['layers'], before, after,
                                   strict=True):
            assert layer['left'] == sorted(set(was) - set(now))
            assert layer['came'] == sorted(set(now) - set(was))
            for name in ('left', 'came'):
                assert layer[f'{name}_votes'] == [
                    sum(labels[j] == y for j in layer[name])
                    for y in range(explain.neighbors.n_class)]
    assert told
