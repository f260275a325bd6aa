"""The endpoints of the live page: answers, refusals, protection."""
import compat  # noqa: F401  (before Chainer)

import html.parser
import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from asking import ORIGIN

from files.atomic import write_jsonl
from live.asked import FAST_METHODS
from saliency import records

TEXT = {'words': ['a good film , with a zyx plot'],
        'pair': ['the film a red plot', 'the blue film'],
        'characters': ['good plot']}
KINDS = pytest.mark.parametrize('kind', TEXT)
HOSTILE = '<script>alert(1)</script> "><img src=x onerror=1> </style> \x1b'


def as_asked(kind):
    return tuple(TEXT[kind]) if kind == 'pair' else TEXT[kind][0]


@KINDS
def test_an_answer_is_the_record_of_the_python_interface(ask, explainer,
                                                         kind):
    methods = ['soft', 'conformity', 'gradient']
    status, found = ask({'texts': TEXT[kind], 'methods': methods,
                         'nearest': 2}, kind)
    assert status == 200 and found['changes'] is None
    assert found['records'] == explainer(kind).explain(
        [as_asked(kind)], methods, nearest=2).to_dict()


def test_an_example_of_a_split_has_its_label(ask, explainer):
    example = explainer().run.data.valid[3]
    status, found = ask({'split': 'valid', 'id': 3})
    record, = found['records']
    assert (status, record['split'], record['id']) == (200, 'valid', 3)
    assert record['gold'] == example.label
    assert record['words'] == [list(example.texts[0])]


@KINDS
def test_before_and_after(ask, explainer, kind, tmp_path):
    """A word is left out, another replaced by two; both count in the words of
    the text before.  Votes before - left + came are those after."""
    side = len(TEXT[kind]) - 1
    status, found = ask({'texts': TEXT[kind], 'edits': [
        {'text': side, 'word': 1}, {'text': side, 'word': 2,
                                    'to': 'Bad Plot'}]}, kind)
    assert status == 200
    before, after = found['records']
    words = before['words'][side]
    new = list('Bad Plot') if kind == 'characters' else ['Bad', 'Plot']
    assert after['words'][side] == [words[0], *new, *words[3:]]
    assert after['words'][:side] == before['words'][:side]
    for old, layer, later in zip(before['neighbors'], found['changes'],
                                 after['neighbors'], strict=True):
        assert (np.array(old['votes']) - layer['left_votes']
                + layer['came_votes']).tolist() == later['votes']
        assert len(layer['nearest_came']) == min(5, len(layer['came']))
        assert {near['index'] for near in layer['nearest_left']} <= {
            *layer['left']}
        assert all(near['source'] == explainer(kind).run.data.source_of(
            'train', near['index'])['source']
            for near in layer['nearest_came'])
        distances = [near['distance'] for near in layer['nearest_came']]
        assert distances == sorted(distances)
    # a file of both is one that interpret.py --redraw reads
    write_jsonl(tmp_path / 'x.jsonl', [before, after])
    assert len(records.read_records(tmp_path / 'x.jsonl')) == 2


def test_leaving_out_is_what_leave_one_out_measures(ask):
    """The score of a word is by how much the value falls without it."""
    _, found = ask({'texts': TEXT['words'], 'methods': ['confidence'],
                    'edits': [{'text': 0, 'word': 1}]})
    before, after = found['records']
    label = before['softmax']['label']
    fall = (before['softmax']['probabilities'][label]
            - after['softmax']['probabilities'][label])
    score = before['methods']['confidence']['scores'][0][1]
    assert abs(fall - score) < 2e-5


def test_similar_words_by_brute_force(ask, explainer):
    run = explainer().run
    vectors = run.model.encoder.embed.W.array.astype(float)
    names = {i: word for word, i in run.vocab.items()}
    own = vectors[run.vocab['good']]
    cosines = {names[i]: v @ own / np.linalg.norm(v) / np.linalg.norm(own)
               for i, v in enumerate(vectors) if i > 1 and names[i] != 'good'}
    expected = sorted(cosines, key=cosines.get, reverse=True)[:4]
    status, found = ask({'word': 'Good', 'n': 4}, where='/api/similar')
    assert [entry['word'] for entry in found['words']] == expected
    assert abs(found['words'][0]['cosine'] - cosines[expected[0]]) < 1e-4
    for word in ('zyx', '<unk>', '<eos>', ''):
        assert ask({'word': word}, where='/api/similar')[1] == {'words': []}


LONG = 'good ' * 100_000
SLIPS = {
    'no field': ({}, 'must have either texts, or split and id'),
    'both': ({'texts': ['a'], 'split': 'test', 'id': 0}, 'either texts, or'),
    'texts and id': ({'texts': ['a'], 'id': 0}, 'either texts, or'),
    'split alone': ({'split': 'test'}, 'either texts, or split and id'),
    'blank': ({'texts': [' \n']}, 'is empty'),
    'two texts': ({'texts': ['a', 'b']}, 'reads 1 text at a time, got 2'),
    'no text': ({'texts': []}, 'reads 1 text at a time, got 0'),
    'number': ({'texts': [3]}, 'texts[0]: expected str, got int'),
    'unknown field': ({'texts': ['a'], 'x': 1}, 'unknown field x'),
    'split': ({'split': 'train', 'id': 0}, "invalid enum value 'train'"),
    'beyond': ({'split': 'test', 'id': 10 ** 6}, 'there is no text 1000000'),
    'negative': ({'split': 'test', 'id': -1}, 'expected int >= 0'),
    'method': ({'texts': ['a'], 'methods': ['x']}, "'x' is unknown; choose"),
    'many methods': ({'texts': ['a'], 'methods': ['soft'] * 99}, 'length <='),
    'nearest': ({'texts': ['a'], 'nearest': 0}, 'expected int >= 1'),
    'width': ({'texts': ['a'], 'width': 10 ** 9}, 'expected int <= 200'),
    'word': ({'texts': ['a b'], 'edits': [{'text': 0, 'word': 2}]},
             'there is no word 2 in text 0'),
    'side': ({'texts': ['a b'], 'edits': [{'text': 1, 'word': 0}]},
             'there is no word 0 in text 1'),
    'all words': ({'texts': ['a'], 'edits': [{'text': 0, 'word': 0}]},
                  'no word would be left'),
    'blank word': ({'texts': ['a'],
                    'edits': [{'text': 0, 'word': 0, 'to': ' '}]}, 'is empty'),
    'characters': ({'texts': [LONG]}, 'has 500,000 characters, but this page '
                   'takes 20,000 at most; use interpret.py'),
    'one word': ({'texts': ['a' * 1001]}, 'has 1,001 characters without '
                 'white space, but this page takes 1,000'),
    'words': ({'texts': ['a ' * 301]}, 'has 301 words, but this page takes '
              '300 at most'),
    'new words': ({'texts': ['a'], 'edits': [
        {'text': 0, 'word': 0, 'to': 'b ' * 301}]}, 'has 301 words'),
    'surrogate': ({'texts': ['\ud800']}, 'is no valid JSON'),
}


@pytest.mark.parametrize('slip', SLIPS)
def test_slips_are_one_sentence(ask, slip):
    question, sentence = SLIPS[slip]
    status, found = ask(question)
    assert status == 400 and list(found) == ['error']
    assert sentence in found['error'] and '\n' not in found['error']


@pytest.mark.parametrize('body', [
    b'', b'{', b'[]', b'null', b'{"texts": ["' + b'[' * 100000, b'\xff\xfe',
    b'[' * 100000, b'{"texts": [NaN]}'])
def test_what_is_no_question(app, body):
    response = app().test_client().post(
        '/api/explain', base_url=ORIGIN, data=body,
        content_type='application/json')
    assert response.status_code == 400 and 'error' in response.get_json()


@pytest.mark.parametrize('kind', [None, 'text/plain', 'multipart/form-data',
                                  'application/x-www-form-urlencoded'])
def test_what_a_form_of_another_site_can_send_is_refused(app, kind):
    response = app().test_client().post(
        '/api/explain', base_url=ORIGIN, data=b'{"texts": ["good"]}',
        content_type=kind)
    assert response.status_code == 400
    assert 'application/json' in response.get_json()['error']


def test_a_large_body_is_refused_unread(app):
    response = app().test_client().post(
        '/api/explain', base_url=ORIGIN, data=b' ' * (2 ** 20 + 1),
        content_type='application/json')
    assert response.status_code == 413
    assert 'larger than 1,048,576 bytes' in response.get_json()['error']


@pytest.mark.parametrize('host, status', [
    ('127.0.0.1:8000', 200), ('localhost', 200), ('LOCALHOST:1', 200),
    ('[::1]:8000', 200), ('192.168.0.7:8000', 200), ('box.example', 200),
    ('evil.example', 403), ('127.0.0.1.evil.example', 403), ('', 403),
    ('localhost.evil.example', 403), ('evil.example:8000', 403),
    ('127.0.0.1@evil.example', 403), ('localhost:8000:9', 403),
    ('[localhost]', 403), ('box.example.', 403), ('2130706433', 403)])
def test_hosts(app, host, status):
    """A page of another site reaches this server by a name of its own."""
    client = app().test_client()
    for path in ('/', '/api/run'):
        assert client.get(path, headers={'Host': host}).status_code == status


@pytest.mark.parametrize('origin, status', [
    (ORIGIN, 200), ('http://evil.example', 403), ('null', 403),
    ('http://127.0.0.1:9', 403)])
def test_other_sites_may_not_ask(ask, origin, status):
    assert ask({'texts': ['good']}, Origin=origin)[0] == status


@pytest.mark.parametrize('path', ['/', '/api/run', '/nonsense',
                                  '/../serve.py'])
def test_every_answer_is_protected(app, path):
    response = app().test_client().get(path, base_url=ORIGIN)
    policy = response.headers['Content-Security-Policy']
    assert policy.startswith("default-src 'none'; ")
    assert "frame-ancestors 'none'" in policy and 'unsafe' not in policy
    assert response.headers['X-Content-Type-Options'] == 'nosniff'
    assert response.headers['Cache-Control'] == 'no-store'
    assert not [name for name, _ in response.headers
                if name.startswith('Access-Control')]
    if path not in ('/', '/api/run'):
        assert response.status_code == 404 and response.get_json()['error']


def test_other_methods_and_errors(app, explainer, monkeypatch):
    client = app().test_client()
    for done in (client.get('/api/explain', base_url=ORIGIN),
                 client.options('/api/explain', base_url=ORIGIN)):
        assert 'Access-Control-Allow-Origin' not in done.headers
    assert client.put('/', base_url=ORIGIN).status_code == 405
    monkeypatch.setattr(type(explainer()), 'explain_question',
                        lambda *_: 1 / 0)
    done = client.post('/api/explain', base_url=ORIGIN,
                       json={'texts': ['fresh words here']})
    assert done.status_code == 500
    assert done.get_json() == {'error': 'something went wrong here; the '
                               'terminal of serve.py says what'}


class Tags(html.parser.HTMLParser):
    """The tags and attributes of a piece of HTML, and its text."""

    def __init__(self, source):
        super().__init__()
        self.tags, self.attributes, self.open, self.text = set(), set(), [], ''
        self.feed(source)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def test_hostile_texts_are_escaped(ask):
    """They make no element, no attribute, and close none."""
    status, found = ask({'texts': [HOSTILE], 'html': True, 'edits': [
        {'text': 0, 'word': 0, 'to': '<b onclick=1>x</b>'}]})
    parsed = Tags(found['html'])
    assert status == 200 and not parsed.open
    assert not parsed.tags & {'script', 'img', 'style', 'a'}
    assert not {name for name in parsed.attributes if name.startswith('on')
                or name in ('src', 'style', 'href')}
    assert 'alert' in parsed.text and '\x1b' not in found['html']
    assert found['records'][0]['words'][0][0] == '<'


def test_threads_get_the_answers_of_one(app, explainer):
    """Eight clients; then all their questions, asked anew of one."""
    questions = [{'texts': [f'good film {"bad " * (i % 5)}zyx{i}'],
                  'methods': list(FAST_METHODS), 'html': True,
                  'edits': [{'text': 0, 'word': i % 2}]} for i in range(16)]

    def answer(question):
        return app().test_client().post('/api/explain', base_url=ORIGIN,
                                        json=question).get_json()

    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(answer, questions))
    from live.app import make_app
    from live.desk import Desk
    fresh = make_app(Desk(explainer())).test_client()
    serial = [fresh.post('/api/explain', base_url=ORIGIN,
                         json=question).get_json() for question in questions]
    assert [json.dumps(found) for found in together] == [
        json.dumps(found) for found in serial]
    assert all('records' in found for found in together)


def test_more_questions_than_can_wait_are_told_so(explainer, monkeypatch):
    """Eight wait for a lock that is held; the ninth is refused at once."""
    pytest.importorskip('flask')
    from threading import Event

    from live import asked, desk
    own, go, here = desk.Desk(explainer()), Event(), []

    def waiting(*_):
        here.append(1)
        assert go.wait(60)
        return {}

    monkeypatch.setattr(own, '_record', waiting)
    question = asked.Asked(texts=['good'])
    with ThreadPoolExecutor(8) as pool:
        first = [pool.submit(own.explain, question) for _ in range(8)]
        while len(here) < 8:
            pass
        with pytest.raises(desk.Busy, match='8 questions are waiting'):
            own.explain(question)
        go.set()
    assert [found.result()['records'] for found in first] == [[{}]] * 8
    assert own.explain(question)['records'] == [{}]
