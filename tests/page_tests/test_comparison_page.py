"""The page of the texts on which runs differ, parsed."""
import base64
import hashlib

import pytest
from comparing import TEXTS, about, row, text
from page_records import embedded, parse

from errors import UserError
from page import comparison
from page.colours import CLASSES

EVIL = '</p></style></script><script>alert(1)</script>'


def text_of(element):
    return ' '.join(' '.join(element.itertext()).split())


def rendered(texts=TEXTS, **keys):
    return parse(comparison.render_page(about(**keys), texts))


def test_what_a_text_shows():
    article = rendered().find('.//article[@id="t5"]')
    assert text_of(article.find('div')) == (
        '#5 gold positive difference 0.900 labels differ')
    _, first, second = article.findall('.//table[@class="said"]//tr')
    assert text_of(first) == (
        'A cnn positive ✓ right 0.750 positive negative ✗ wrong 0.750')
    assert text_of(second) == (
        'B bow negative ✗ wrong 0.250 empty positive ✓ right 0.750')
    rows = article.findall('.//tr[@data-m]')
    assert [text_of(own.find('th')) for own in rows] == [
        'A cnn positive', 'B bow negative']
    assert [[cell.get('data-v') for cell in own.findall('td')]
            for own in rows] == [['+0', '+8', '-2'], ['+1', '-1', '+0.5']]


def test_one_scale_for_each_run():
    """99th percentile of A's 12 values 0 0 0 1 1 1 2 2 2 3 8 and one 0: at
    .99 * 11 = 10.89 between 3 and 8, so 7.45; fine is 8, above it."""
    tree = rendered()
    levels = [[CLASSES.index(cell.get('class')) - 10
               for cell in own.findall('td')]
              for own in tree.findall('.//article[@id="t5"]//tr[@data-m]')]
    assert levels[0] == [0, 10, -3]  # -2 / 7.45 = -.27
    assert levels[1] != levels[0] and max(map(abs, levels[1])) < 10


def test_a_word_that_one_run_does_not_know():
    changed = {**TEXTS[0], 'records': [
        TEXTS[0]['records'][0],
        row('B bow', ['a', 'fine', 'film'], [1, -1, .5], 0,
            [True, False, True])]}
    tree = rendered([changed])
    unknown = [[' u' in cell.get('class') for cell in own.findall('td')]
               for own in tree.findall('.//tr[@data-m]')]
    assert unknown == [[False] * 3, [False, True, False]]


def test_the_premise_is_there_once():
    record = row('A cnn', ['x'], [1], 1)
    pair = {**record, 'words': [['a', 'man'], ['he', 'runs']],
            'known': [[True, True], [True, True]]}
    records = [{**pair, 'methods': {name: {'target': 1, 'scores': [
        None, [1, -1]]}}} for name in ('A cnn', 'B bow')]
    article = rendered([{**TEXTS[0], 'records': records}]).find('.//article')
    assert [text_of(own) for own in article.findall('.//tr[@data-m]')] == [
        'premise a man', 'A cnn positive he runs', 'B bow positive he runs']


def test_rows_of_the_users_own_table():
    first, *others = TEXTS
    own = {**first['records'][0], 'source': {'row': 9, 'id': EVIL}}
    tree = rendered([{**first, 'records': [own, first['records'][1]]},
                     *others])
    heads = [text_of(article.find('div'))
             for article in tree.findall('.//article')]
    assert heads[0] == (f'#5 row 9, id {EVIL} gold positive difference 0.900 '
                        'labels differ')
    assert 'row' not in ''.join(heads[1:])
    facts = embedded(tree)['facts']
    assert facts[0]['text'] == f'a fine film {EVIL}'  # searched
    assert facts[2]['text'] == 'So so'


def test_choices_say_how_many():
    def choices(tree):
        return [text_of(option) for option in tree.findall(
            './/select[@name="who"]/option')]

    assert choices(rendered()) == [
        'any (5)', 'both right (1)', 'only A cnn (1)', 'only B bow (2)',
        'none right (1)']
    three = [text(1, ['a'], 1, labels, .5, [1], [2], [3]) for labels in [
        (1, 1, 1), (1, 1, 0), (0, 1, 1), (0, 0, 1), (0, 0, 0)]]
    assert choices(rendered(three, n=3)) == [
        'any (5)', 'all right (1)', 'only A cnn (0)', 'only B bow (0)',
        'only C rnn (1)', 'several, not all (2)', 'none right (1)']


def test_the_head():
    header = rendered(method='conformity').find('.//header')
    said = text_of(header)
    assert '5 of 1,234 test texts' in said
    assert 'DkNN predicts different labels for 3 of them all' in said
    assert [text_of(own) for own in header.findall('.//tbody/tr')] == [
        'A cnn 0.500 0.250 results/A cnn',
        'B bow 0.500 0.250 +0.1 [−0.1, +0.3] 3 2 0.500 results/B bow']


@pytest.mark.parametrize('n, told', [(2, False), (3, False), (4, True)])
def test_who_is_explained_is_told_where_not_all_are(n, told):
    runs = [{**about(2)['runs'][1], 'name': f'run {i}'} for i in range(n)]
    texts = [text(1, ['a'], 1, [1] * n, .5, [1], [2])]
    said = text_of(rendered(texts, runs=runs).find('.//header'))
    assert ('Of these runs two explanations are shown' in said) == told


def test_hostile_texts_are_escaped():
    words = [EVIL, 'x\x00\x1b']
    hostile = text(0, words, 1, (1, 0), .9, [1, 2], [2, 1])
    hostile['records'] = [
        {**record, 'label_names': [EVIL, EVIL + '2'],
         'methods': {EVIL: next(iter(record['methods'].values()))}}
        for record in hostile['records'][:1]]
    runs = about()['runs']
    runs[0].update(name=EVIL, folder=EVIL)
    tree = rendered([hostile], title=EVIL, runs=runs,
                    label_names=[EVIL, EVIL + '2'])
    assert len(tree.findall('.//script')) == 2  # data, and the page's own
    cells = tree.findall('.//tr[@data-m]/td')
    assert [cell.text for cell in cells] == [EVIL, 'x\ufffd\ufffd']
    assert tree.find('.//h1').text == EVIL
    assert EVIL in text_of(tree.find('.//table[@class="said"]'))
    assert embedded(tree)['facts'][0]['text'] == EVIL + ' x\x00\x1b'


def test_the_policy_allows_its_own_only():
    tree = rendered()
    policy = tree.find('.//meta[@http-equiv]').get('content')
    rules = dict(rule.split(' ', 1) for rule in policy.split('; '))

    def digest(path):
        content = tree.findall(path)[-1].text.encode()
        return base64.b64encode(hashlib.sha256(content).digest()).decode()

    assert rules == {
        'default-src': "'none'", 'base-uri': "'none'",
        'form-action': "'none'",
        'style-src': f"'sha256-{digest('.//style')}'",
        'script-src': f"'sha256-{digest('.//script')}'"}


def test_no_text_is_refused(tmp_path):
    with pytest.raises(UserError, match='no record to show'):
        comparison.write_page(tmp_path / 'page.html', about(), [])
    assert not list(tmp_path.iterdir())
