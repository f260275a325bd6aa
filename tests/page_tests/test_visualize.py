"""The page: what is written, taken apart again."""
import base64
import hashlib
import os
import re

import numpy as np
import pytest
from page_records import cells, embedded, make_pair, make_record, parse

import visualize
from page.notebook import notebook_html
from page.scales import Scale, method_scales

HOSTILE = ['<script>alert(1)</script>', '&amp;', '"\'', '</script>', '<!--',
           '\u202egnp', 'a\u200bb', 'x\x00\x1by', '{{ 7 * 7 }}', '<eos>',
           '\ud800', '$x_1$', '<b', ']]>', '\U0001fffe']


def test_page_cells():
    record = make_record(known=[[True, True, False]])
    tree = parse(visualize.render_page([record]))
    # 99th percentile of 0, 0, .25, .5: .4925; 2.5 / .4925 = 5.08
    assert cells(tree) == [('a', 'z', '+0'), ('fine', 'p10', '+0.5'),
                           ('film', 'n5 u', '-0.25')]


def test_page_is_strict_html_and_shows_words_as_typed():
    record = make_record(HOSTILE, [1.] * len(HOSTILE))
    tree = parse(visualize.render_page([record], title='<b>&'))
    shown = [word for word, _, _ in cells(tree)]
    lost = {'x\x00\x1by': 'x\ufffd\ufffdy', '\ud800': '\ufffd',
            '\U0001fffe': '\ufffd'}
    assert shown == [lost.get(word, word) for word in HOSTILE]
    assert tree.find('.//title').text == '<b>&'
    assert len(tree.findall('.//script')) == 2


def test_page_escapes_labels_methods_and_neighbours():
    evil = '</script><script>alert(1)</script>'
    record = make_record(label_names=[evil, evil + '2'], dataset=evil,
                         model=evil, split=evil, id=evil, methods={
                             evil: {'target': 0, 'scores': [[1, 2, 3]]}})
    record['neighbors'] = [{'layer': evil, 'votes': [1, 2], 'nearest': [
        {'index': 3, 'label': 1, 'distance': .5, 'texts': [evil]}]}]
    tree = parse(visualize.render_page([record]))
    assert len(tree.findall('.//script')) == 2
    assert embedded(tree)['training'] == [[evil]]
    assert embedded(tree)['facts'][0]['layers'][0]['layer'] == evil


def test_closing_eos_is_not_shown():
    record = make_record(['fine', '<eos>'], [.5, 9.])
    tree = parse(visualize.render_page([record]))
    assert cells(tree) == [('fine', 'p10', '+0.5')]
    assert record['words'] == [['fine', '<eos>']]  # the input stays


def test_pair_shows_the_unscored_premise():
    tree = parse(visualize.render_page([make_pair()]))
    assert cells(tree) == [
        ('a', None, None), ('man', 'u', None), ('sleeps', None, None),
        ('he', 'p5', '+1'), ('runs', 'n10', '-2')]
    lead = ''.join(tree.find('.//p[@class="lead"]').itertext())
    assert 'green words support' in lead


def test_each_neighbour_text_is_stored_once():
    near = {'index': 5, 'label': 1, 'distance': .123456, 'texts': ['a b']}
    layers = [{'layer': 'last', 'votes': [3, 72], 'nearest': [near, near]}]
    records = [make_record(id=i, neighbors=layers) for i in range(3)]
    data = embedded(parse(visualize.render_page(records)))
    assert data['training'] == [['a b']]
    assert data['facts'][2]['layers'] == [{
        'layer': 'last', 'votes': [3, 72],
        'nearest': [[5, 1, .1235, 0], [5, 1, .1235, 0]]}]


def test_accuracy_and_links():
    records = [make_record(id=7, gold=gold) for gold in (1, 1, 0, None)]
    tree = parse(visualize.render_page(records))
    # DkNN says 0 and softmax 1: right for one and two of the three with gold
    facts = dict(zip([d.text for d in tree.findall('.//header//dt')],
                     [d.text for d in tree.findall('.//header//dd')],
                     strict=True))
    assert facts['DkNN accuracy'] == '33.3 %'
    assert facts['Softmax accuracy'] == '66.7 %'
    assert [a.get('id') for a in tree.findall('.//article')] == [
        't7', 't7-2', 't7-3', 't7-4']


def test_scale_of_a_method_is_the_99th_percentile():
    scores = list(range(-100, 0))
    record = make_record(['w'] * 100, scores)
    scales = method_scales([record])
    # |scores| and one 0: 0 .. 100, whose 99th percentile is 99
    assert scales == {'conformity': Scale(pytest.approx(99), 0)}


def test_page_without_what_may_be_absent():
    record = make_record(gold=None, dknn=None, methods={}, ignored=object())
    record['softmax']['calibrated_confidence'] = None
    del record['split']
    tree = parse(visualize.render_page(iter([record])))
    assert [word for word, _, _ in cells(tree)] == ['a', 'fine', 'film']
    empty = make_record([], [])
    assert cells(parse(visualize.render_page([empty]))) == []


def test_page_takes_numpy_numbers():
    record = make_record(scores=np.float32([0, .5, -.25]), gold=np.int64(1))
    record['dknn']['credibility'] = np.float32(.5)
    facts = embedded(parse(visualize.render_page([record])))['facts'][0]
    assert (facts['gold'], facts['credibility']) == (1, .5)


@pytest.mark.parametrize('record, message', [
    (make_record(scores=[1, 2]), r"'conformity' has \[2\] scores for \[3\]"),
    (make_record(scores=[1, 2, np.nan]), 'not finite'),
    (make_record(scores=[1, 2, np.inf]), 'not finite'),
    (make_record(known=[[True]]), 'true or false'),
    (make_record(methods={'m': {'scores': []}}), "'m' has"),
])
def test_records_that_do_not_fit(record, message):
    with pytest.raises(ValueError, match=message):
        visualize.render_page([record])


def test_no_records_and_mixed_labels():
    with pytest.raises(ValueError, match='at least one'):
        visualize.render_page([])
    with pytest.raises(ValueError, match='each data set by itself'):
        visualize.render_page([make_record(),
                               make_record(label_names=['a', 'b'])])


def test_write_is_all_or_nothing(tmp_path, monkeypatch):
    path = tmp_path / 'page.html'
    visualize.write_page(path, [make_record()])
    before = path.read_bytes()
    assert os.listdir(tmp_path) == ['page.html']

    def fail(*args):
        raise OSError('disk full')

    monkeypatch.setattr(os, 'replace', fail)
    with pytest.raises(OSError, match='disk full'):
        visualize.write_page(path, [make_record(['other'], [1])])
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ['page.html']


def test_the_policy_allows_this_style_and_script_only():
    """The digests are of the very text between the tags, in UTF-8."""
    text = visualize.render_page([make_record(HOSTILE, [1.] * len(HOSTILE))])
    policy = parse(text).find('.//meta[@http-equiv]').get('content')
    rules = dict(rule.split(' ', 1) for rule in policy.split('; '))
    assert rules.pop('default-src') == "'none'"
    assert rules.pop('base-uri') == rules.pop('form-action') == "'none'"
    for tag in ('style', 'script'):
        content, = re.findall(f'<{tag}>(.*?)</{tag}>', text, re.DOTALL)
        digest = hashlib.sha256(content.encode()).digest()
        assert rules.pop(f'{tag}-src') == (
            f"'sha256-{base64.b64encode(digest).decode()}'")
    assert not rules
    assert not re.search(r'<[^>]* (style|on\w+)=', text)


# ---------------------------------------------------------------- soft DkNN

SOFT = {'label': 1, 'conformity': [.3, .7], 'p_values': [.2, .8],
        'credibility': .8, 'confidence': .8, 'prediction_set': [0, 1],
        'error': .05}


def soft_record():
    near = {'index': 3, 'label': 1, 'distance': .5, 'texts': ['fine'],
            'share': .125}
    return make_record(
        soft=SOFT,
        methods={'conformity': {'target': 0, 'scores': [[0., 0., 0.]]},
                 'soft': {'target': 1, 'scores': [[0., .5, -.25]]}},
        neighbors=[{'layer': 'last', 'votes': [1, 2], 'weight': .5,
                    'nearest': [near]}])


def test_soft_prediction_and_evidence():
    tree = parse(visualize.render_page([soft_record()]))
    rows = [''.join(row.itertext())
            for row in tree.findall('.//article//dl/*')]
    assert any('soft DkNN' in row and 'positive' in row and '0.700' in row
               for row in rows)
    fact, = embedded(tree)['facts']
    assert fact['layers'] == [{'layer': 'last', 'votes': [1, 2],
                               'nearest': [[3, 1, .5, 0, .125]],
                               'weight': .5}]
    assert fact['classes'][3:] == [[.3, .7], [.2, .8]]
    help_text = ' '.join(''.join(tree.find(
        './/details[@class="help"]').itertext()).split())
    assert 'Unlike conformity, which counts the nearest training texts' in (
        help_text)


def test_a_row_that_nothing_changes_says_so():
    def marked(record):
        tree = parse(visualize.render_page([record]))
        return {row.get('data-m'): 'no change' in ''.join(
            row.find('th').itertext())
                for row in tree.findall('.//article//tr')}

    assert marked(soft_record()) == {'conformity': True, 'soft': False}
    assert marked(make_record()) == {'conformity': False}


def test_without_soft_nothing_is_said_of_it():
    page = visualize.render_page([make_record()])
    assert 'soft DkNN' not in page.split('<main')[1].split('<script')[0]
    assert 'Two predictors' in page


def test_rows_of_the_users_own_table():
    """Beside the text and beside its neighbours, escaped."""
    near = {'index': 3, 'label': 1, 'distance': .5, 'texts': ['a film']}
    rows = [{'row': 9}, {'row': 10, 'id': '</script><b>'}]
    layer = {'layer': 'last', 'votes': [0, 3], 'nearest': [
        near, {**near, 'source': rows[0], 'share': .25},
        {**near, 'source': rows[1]}]}
    own, other = (make_record(neighbors=[layer], **more)
                  for more in ({'source': rows[1]}, {}))
    tree = parse(visualize.render_page([own, other]))
    heads = [''.join(article.find('.//div[@class="head"]').itertext())
             for article in tree.findall('.//article')]
    assert 'row 10, id </script><b>' in heads[0] and 'row' not in heads[1]
    facts = embedded(tree)['facts']
    assert facts[0]['text'] == facts[1]['text'] + ' </script><b>'  # searched
    assert tree.find('.//input[@name="q"]').get('placeholder') == 'words, id'
    shown = facts[0]['layers'][0]['nearest']
    assert shown == [[3, 1, .5, 0], [3, 1, .5, 0, .25, 'row 9'],
                     [3, 1, .5, 0, None, 'row 10, id </script><b>']]
    html = parse(
        f'<!DOCTYPE html><title>x</title>{notebook_html([own])}')
    items = [''.join(item.itertext()) for item in html.findall('.//li')]
    assert [item.rpartition('training text ')[2] for item in items] == [
        '3', '3, row 9', '3, row 10, id </script><b>']
