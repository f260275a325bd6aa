"""Slips of who asks in Python, and questions from several threads."""
import compat  # noqa: F401  (before Chainer)

import sys
from concurrent.futures import ThreadPoolExecutor

import chainer
import pytest

import saliency
from errors import ArgumentError, UserError

SLIPS = {
    'one text': ('words', lambda e: e.explain('a good film'),
                 "`texts` must be a list, got 'a good film'; give [text]"),
    'one pair as text': ('pair', lambda e: e.predict('a'),
                         'give [(premise, hypothesis)]'),
    'one pair': ('pair', lambda e: e.predict(('a film', 'a plot')),
                 "`texts`: number 0, counted from 0, is 'a film', but must "
                 'be a tuple of two strings'),
    'pair for single': ('words', lambda e: e.predict(['x', ('a', 'b')]),
                        "number 1, counted from 0, is ('a', 'b'), but must "
                        'be a string'),
    'three for a pair': ('pair', lambda e: e.predict([('a', 'b', 'c')]),
                         "is ('a', 'b', 'c'), but must be a tuple of two"),
    'number': ('words', lambda e: e.predict([3]), 'is 3, but must be a str'),
    'None': ('words', lambda e: e.predict(None), 'got None; give [text]'),
    'no text': ('words', lambda e: e.predict([]), '`texts` is empty'),
    'blank': ('words', lambda e: e.predict(['good', ' ']), 'is empty'),
    'surrogate': ('words', lambda e: e.predict(['a \ud800']), 'half of a'),
    'one method': ('words', lambda e: e.explain(['a'], methods='soft'),
                   "methods='soft' is one name; give a list: ['soft']"),
    'no method': ('words', lambda e: e.explain(['a'], methods=['magic']),
                  "methods='magic' is unknown; choose from conformity, "),
    'no reduction': ('words', lambda e: e.explain(['a'], reduce='magic'),
                     "'magic' is unknown"),
    'nearest': ('words', lambda e: e.neighbors(['a'], 0),
                'nearest=0 is too small; take 1'),
}


@pytest.mark.parametrize('slip', SLIPS)
def test_slips(slip, loaded):
    kind, ask, sentence = SLIPS[slip]
    with pytest.raises(UserError) as raised:
        ask(loaded(kind))
    assert sentence in str(raised.value)
    assert '\n' not in str(raised.value)


@pytest.mark.parametrize('options, sentence', [
    ({'premise': True}, '`premise`: this model reads single texts'),
    ({'options': {'step': 1}}, "names 'step', but the methods have only"),
    ({'index': 'magic'}, "index='magic' is unknown"),
    ({'n_neighbors': 10 ** 6}, 'n_neighbors=1000000 exceeds'),
    ({'layers': [9]}, 'the network has')])
def test_slips_of_loading(options, sentence, trained):
    with pytest.raises(UserError, match=sentence):
        saliency.load_explainer(trained('words'), **{'n_neighbors': 7,
                                                     **options})


WORDS = ('good', 'bad', 'film', 'plot', 'lovely', 'awful', 'zyx', 'the')
QUESTIONS = [' '.join(WORDS[(i * j + j) % 8] for j in range(2 + i % 9))
             for i in range(24)]


@pytest.mark.parametrize('index', ['exact', 'lsh', 'hnsw', 'kdtree'])
def test_threads_get_the_answers_of_one(index, trained):
    """Six threads that take turns as often as Python lets them."""
    explainer = saliency.load_explainer(trained('words'), index=index,
                                        n_neighbors=7)

    def ask(text):
        return (explainer.predict([text]).to_dict(),
                explainer.neighbors([text]).to_dict(),
                explainer.explain([text]).to_dict())

    serial = list(map(ask, QUESTIONS))
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(6) as pool:
            assert list(pool.map(ask, QUESTIONS)) == serial
    finally:
        sys.setswitchinterval(before)


def test_a_failed_question_does_not_block_the_next(loaded):
    with pytest.raises(UserError):
        loaded().predict([''])
    with ThreadPoolExecutor(1) as pool:
        assert len(pool.submit(loaded().predict, ['good']).result(60)) == 1


def test_a_thread_uses_the_device_of_the_run(loaded, monkeypatch):
    """A new thread's current GPU is the first, whatever the run's is."""
    explainer, used = loaded(), []
    original = chainer.using_device

    def using(device):
        used.append(device)
        return original(device)

    monkeypatch.setattr(chainer, 'using_device', using)
    with ThreadPoolExecutor(1) as pool:
        pool.submit(explainer.predict, ['good']).result()
    assert used and set(used) == {explainer.run.model.device}
    assert used[0] is explainer.run.model.device


@pytest.mark.parametrize('error', [.3, .05])
def test_error_of_the_prediction_sets(trained, error):
    """{y : p_y > error}."""
    explainer = saliency.load_explainer(trained('words'), n_neighbors=7,
                                        error=error)
    for record in explainer.predict(['good film', 'zyx']).to_dict():
        for part in (record['dknn'], record['soft']):
            assert part['error'] == error
            assert part['prediction_set'] == [
                y for y, p in enumerate(part['p_values']) if p > error]


@pytest.mark.parametrize('error', [0, 1, -1, float('nan')])
def test_an_error_is_a_probability(trained, error):
    with pytest.raises(ArgumentError, match='above 0 and below 1'):
        saliency.load_explainer(trained('words'), error=error)
