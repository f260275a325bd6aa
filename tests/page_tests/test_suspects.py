"""The page of training labels that neighbours contradict."""
import base64
import hashlib

import pytest
from page_records import parse

from page import suspects

EVIL = '</p><script>alert(1)</script>'


def make_records(n=3, texts=('fine film',), names=('negative', 'positive')):
    """n records, the neighbours of each the next ones."""
    return [{
        'rank': i + 1, 'index': 10 + i, 'texts': list(texts), 'label': 0,
        'said': i % 2, 'label_names': list(names), 'conformity': .25,
        'soft_log_odds': -1.5, 'votes': [1, 3],
        'nearest': [{'index': 10 + (i + 1) % n, 'label': 1, 'distance': .5}]}
        for i in range(n)]


def text_of(element):
    return ' '.join(''.join(element.itertext()).split())


def test_what_a_text_shows():
    tree = parse(suspects.render_page(make_records(), 'toy, cnn'))
    article = tree.findall('.//article')[1]
    assert text_of(article.find('div')) == (
        '#2 labelled negative neighbors say positive conformity 0.250 '
        'soft log-odds -1.500 1 negative, 3 positive neighbors')
    assert text_of(article.find('p')) == 'fine film'
    assert text_of(article.find('.//li')) == (
        'positive fine film rank 3, distance 0.500')
    # neighbours of another label, and what they say, are marked
    assert [b.get('class') for b in article.findall('.//b')] == [
        None, 'wrong', 'wrong']


def test_rows_of_the_users_own_table():
    records = make_records()
    records[0]['source'] = {'row': 12, 'id': EVIL}
    tree = parse(suspects.render_page(records, 'toy'))
    heads = [text_of(a.find('div')) for a in tree.findall('.//article')]
    assert heads[0].startswith(f'#1 row 12, id {EVIL} labelled')
    assert heads[1].startswith('#2 labelled')
    near = [text_of(item) for item in tree.findall('.//li')]
    assert any(f' row 12, id {EVIL}, rank 1, distance' in item
               for item in near)


def test_only_the_first_are_shown():
    n = suspects.SHOWN + 20
    tree = parse(suspects.render_page(make_records(n), 'toy'))
    assert len(tree.findall('.//article')) == suspects.SHOWN
    assert f'{suspects.SHOWN} of {n} training texts' in text_of(
        tree.find('.//header'))


def test_everything_is_escaped():
    records = make_records(texts=(EVIL, 'x\x00\x1b' + EVIL),
                           names=(EVIL, EVIL + '2'))
    tree = parse(suspects.render_page(records, EVIL))
    assert not tree.findall('.//script')
    shown = [text_of(p) for p in tree.find('.//article').findall('p')]
    assert shown == [EVIL, 'x\ufffd\ufffd' + EVIL]
    assert text_of(tree.find('.//li')).startswith(
        f'{EVIL}2 {EVIL} | x\ufffd\ufffd{EVIL}')


def test_the_policy_allows_this_style_only():
    tree = parse(suspects.render_page(make_records(), 'toy'))
    policy = tree.find('.//meta[@http-equiv]').get('content')
    rules = dict(rule.split(' ', 1) for rule in policy.split('; '))
    digest = hashlib.sha256(tree.find('.//style').text.encode()).digest()
    assert rules == {
        'default-src': "'none'", 'base-uri': "'none'",
        'form-action': "'none'",
        'style-src': f"'sha256-{base64.b64encode(digest).decode()}'"}


@pytest.mark.parametrize('n', [1, 3])
def test_write_page(tmp_path, n):
    path = tmp_path / 'debugging.html'
    suspects.write_page(path, iter(make_records(n)), 'toy')
    assert path.read_text('utf-8') == suspects.render_page(
        make_records(n), 'toy')
