"""The live page in a browser: typing, changing words, going back."""
import compat  # noqa: F401  (before Chainer)

import json
import urllib.parse

import pytest

from saliency import records

pytestmark = pytest.mark.browser
HOSTILE = '<img src=x onerror=alert(1)> </script><script>alert(2)</script>'
ODD = ('a good\0 \u202efilm\u202c \u05d8\u05d5\u05d1 \U0001f3ac\ufe0f '
       'e\u0301 \x1b[31m')


def said(tab, text):
    """Waits until the words shown are those of a text."""
    tab.wait_for_function(
        '''words => [...document.querySelectorAll("[data-word]")]
        .map(node => node.textContent).join(" ") === words''', arg=text)


def words_of(tab, article):
    row = tab.locator(f'#{article} tr[data-m="soft"] td')
    return row.all_inner_texts()


def test_answers_follow_what_is_typed(tab):
    page = tab()
    page.fill('textarea', '')
    page.locator('textarea').press_sequentially('this bad plot', delay=15)
    said(page, 'this bad plot')
    assert words_of(page, 'before') == ['this', 'bad', 'plot']
    assert page.locator('.layers li').count() > 0  # nearest training texts
    page.wait_for_url('**/#text=this+bad+plot')
    assert page.title().startswith('this bad plot (')
    page.fill('textarea', ' ')
    page.wait_for_selector('article', state='detached')
    page.go_back()
    said(page, 'a good film')


def test_old_answers_never_overwrite_newer_ones(tab):
    """The first of two answers is held until the second question is there."""
    page = tab()
    page.evaluate('''() => {
      const own = window.fetch;
      window.asked = 0;
      window.fetch = async (...all) => {
        window.asked += 1;
        if (window.asked === 1) await new Promise(go => { window.go = go; });
        return own(...all);
      };
      window.seen = [];
      new MutationObserver(() => window.seen.push(
        document.querySelector('article')?.innerText ?? ''))
        .observe(document.getElementById('texts'), {childList: true});
    }''')
    page.fill('textarea', 'awful')
    page.wait_for_function('() => window.asked === 1')
    page.fill('textarea', 'lovely scene')
    page.wait_for_timeout(300)
    page.evaluate('window.go()')
    said(page, 'lovely scene')
    seen = page.evaluate('window.seen')
    assert len(seen) == 1 and 'awful' not in seen[0]


def test_a_word_is_left_out_and_the_back_button_puts_it_back(tab):
    page = tab()
    page.click('[data-word="0.1"]')
    page.click('#menu .leave')
    page.wait_for_selector('#after')
    assert words_of(page, 'before') == ['a', 'good', 'film']
    assert words_of(page, 'after') == ['a', 'film']
    assert page.locator('.moved h3').count() == page.locator(
        '.moved section').count() > 1
    assert page.locator('.out').inner_text() == 'good'
    assert ', row ' in page.inner_text('.moved li >> nth=0')
    assert page.evaluate(
        'document.activeElement.dataset.word ?? "none"') in ('0.1', 'none')
    page.go_back()
    page.wait_for_selector('#after', state='detached')
    page.go_forward()
    page.wait_for_selector('#after')


def test_a_word_is_replaced_by_one_that_is_suggested_or_typed(tab):
    page = tab()
    page.click('[data-word="0.1"]')
    page.wait_for_selector('#menu .similar')
    near = page.locator('#menu .similar').first.inner_text()
    page.click('#menu .similar >> nth=0')
    page.wait_for_selector('#after')
    assert words_of(page, 'after') == ['a', near, 'film']
    page.click('[data-word="0.2"]')
    page.fill('#menu input', 'dull Plot')
    page.press('#menu input', 'Enter')
    page.wait_for_selector('.new >> nth=1')
    assert words_of(page, 'after') == ['a', near, 'dull', 'Plot']
    address = page.url
    other = tab(address[address.index('#'):])  # it can be sent
    assert words_of(other, 'after') == ['a', near, 'dull', 'Plot']
    page.click('text=Go on with the changed text')
    said(page, f'a {near} dull Plot')
    assert page.input_value('textarea') == f'a {near} dull Plot'


def test_examples_of_the_split(tab, explainer):
    data = explainer().run.data
    page = tab('')
    said(page, ' '.join(data.test[0].texts[0]))
    page.click('[data-step="1"]')
    said(page, ' '.join(data.test[1].texts[0]))
    assert page.input_value('[name=id]') == '1'
    page.click('[data-step="-1"]')
    page.click('[data-step="-1"]')  # before the first comes the last
    said(page, ' '.join(data.test[-1].texts[0]))
    page.fill('[name=id]', '2')
    page.press('[name=id]', 'Enter')
    said(page, ' '.join(data.test[2].texts[0]))
    assert 'gold' in page.inner_text('#before .head')


def test_hostile_texts_are_shown(tab):
    page = tab('#' + urllib.parse.urlencode(
        {'text': HOSTILE, 'edit': f'0.1:{HOSTILE}', 'method': '<script>'}))
    page.wait_for_selector('#after')
    assert page.locator('main :is(img, script)').count() == 0
    assert 'onerror' in page.inner_text('#edit')
    page.click('[data-word="0.0"]')
    page.wait_for_selector('#menu .leave')


@pytest.mark.parametrize('place', [
    '#split=nonsense&id=x', '#edit=9', '#text=good&method=magic',
    '#split=test&id=-3', '#%ff%fe', '#split=__proto__&id=0'])
def test_addresses_that_mean_nothing(tab, place):
    assert ' · answered in' in tab(place).inner_text('#said')


def test_refusals_are_said(tab):
    page = tab('#text=a+good+film')
    page.fill('textarea', 'a ' * 301)
    page.wait_for_selector('#said.failed')
    assert 'has 301 words' in page.inner_text('#said')
    page.wrong.clear()  # Chromium logs the status 400


def test_download_is_what_interpret_reads(tab, tmp_path):
    page = tab('#text=a+good+film&edit=0.1')
    with page.expect_download() as started:
        page.click('#download')
    started.value.save_as(tmp_path / 'own.jsonl')
    before, after = records.read_records(tmp_path / 'own.jsonl')
    assert before['words'] == [['a', 'good', 'film']]
    assert after['words'] == [['a', 'film']]


def test_keys_and_scale_are_those_of_the_page(tab):
    page = tab()
    page.locator('td[tabindex="0"]').focus()
    page.keyboard.press('ArrowRight')
    assert page.evaluate('document.activeElement.textContent') == 'good'
    assert 'soft' in page.inner_text('#tip')
    page.keyboard.press('s')
    assert page.is_visible('#scale-row') and 'scale=row' in page.url


@pytest.mark.parametrize('kind, place', [
    ('words', '#text=' + 'good+' * 40 + '&edit=0.1'),
    ('pair', '#premise=the+film&hypothesis=a+blue+plot&edit=1.0')])
def test_narrow_screens_do_not_scroll_sideways(tab, kind, place):
    page = tab(place, kind, viewport={'width': 390, 'height': 844})
    page.wait_for_selector('#after')
    assert page.evaluate('document.documentElement.scrollWidth') <= 390
    boxes = [page.locator(f'#{name}').bounding_box()
             for name in ('before', 'after')]
    assert boxes[1]['y'] >= boxes[0]['y'] + boxes[0]['height']  # below it


def test_a_slower_method_comes_in_a_second_answer(tab):
    page, asked = tab(), []
    page.on('request', lambda request: asked.append(
        json.loads(request.post_data)['methods']))
    page.click('.methods summary')
    page.check('[value=soft_shapley]')
    page.wait_for_selector('tr[data-m=soft_shapley]')
    fast = ['soft', 'conformity', 'logodds', 'gradient']
    assert sorted(asked[0]) == sorted(fast)
    assert asked[1] == [*asked[0], 'soft_shapley'] and len(asked) == 2
    assert page.url.count('method=') == 5


@pytest.mark.parametrize('kind, place, row, cell, key', [
    ('words', '#text=a+good+film', 'soft', 1, '0.1'),
    ('pair', '#premise=the+film&hypothesis=a+blue+plot', 'gradient', 2,
     '1.2')])
def test_a_coloured_word_is_chosen_too(tab, kind, place, row, cell, key):
    page = tab(place, kind)
    page.click(f'#before tr[data-m={row}] td >> nth={cell}')
    page.click('#menu .leave')
    page.wait_for_selector('#after')
    assert f'edit={key}' in urllib.parse.unquote(page.url)
    assert page.evaluate('document.activeElement.dataset.word') == key
    page.click(f'#after tr[data-m={row}] td >> nth=0')
    assert not page.is_visible('#menu')  # only words of the text before


def test_by_keyboard_alone(tab):
    page = tab('#text=to+be+replaced')
    focused = 'document.activeElement'

    def press(key, until):
        for _ in range(40):
            if page.evaluate(until):
                return
            page.keyboard.press(key)
        raise AssertionError(until)

    press('Tab', f'{focused}.tagName === "TEXTAREA"')
    page.keyboard.press('Control+a')
    page.keyboard.type('a good film')
    said(page, 'a good film')
    press('Tab', f'{focused}.dataset.word === "0.1"')
    page.keyboard.press('Enter')
    assert page.evaluate(f'{focused}.className') == 'leave'
    page.keyboard.press('Escape')  # back to where one was
    assert page.evaluate(f'{focused}.dataset.word') == '0.1'
    page.keyboard.press('Enter')
    page.keyboard.press('Enter')
    page.wait_for_selector('#after')
    assert words_of(page, 'after') == ['a', 'film']
    assert page.evaluate(f'{focused}.dataset.word') == '0.1'
    press('Tab', f'{focused}.closest("#before") !== null')
    page.keyboard.press('ArrowRight')
    page.keyboard.press('ArrowRight')
    page.keyboard.press('Enter')  # a coloured word: film
    page.keyboard.press('Enter')
    page.wait_for_function(
        '() => document.querySelectorAll(".out").length === 2')
    assert words_of(page, 'after') == ['a']


def test_two_tabs_do_not_mix(tab):
    first, second = tab('#text=a+good+film'), tab('#text=a+bad+plot')
    for i in range(3):
        first.fill('textarea', f'good film {"lovely " * i}')
        second.fill('textarea', f'bad plot {"awful " * i}')
    said(first, 'good film lovely lovely')
    said(second, 'bad plot awful awful')
    first.go_back()
    said(first, 'a good film')
    assert words_of(second, 'before') == ['bad', 'plot', 'awful', 'awful']


def test_dark_and_light(tab):
    page = tab(color_scheme='dark')
    paper = 'getComputedStyle(document.body).backgroundColor'
    assert page.evaluate(paper) == 'rgb(23, 24, 27)'
    assert page.evaluate('getComputedStyle(document.querySelector('
                         '"textarea")).color') == 'rgb(231, 231, 228)'
    page.click('#theme')
    page.reload()
    assert page.evaluate(paper) == 'rgb(251, 251, 249)'


def test_null_bytes_pictures_and_other_directions(tab, explainer):
    """What is shown is what the answer has, and the address brings it."""
    page = tab()
    page.fill('textarea', ODD)
    page.wait_for_selector('[data-word="0.7"]')
    page.wait_for_url('**/#text=a+good%00*')
    record = explainer().explain([ODD]).to_dict()[0]
    words = [word.translate(dict.fromkeys([0, 27], '\ufffd'))
             for word in record['words'][0]]
    row = page.locator('#before tr[data-m="soft"] td')
    assert row.all_text_contents() == words
    address = page.url
    other = tab(address[address.index('#'):])
    assert other.locator('#before tr[data-m="soft"] td'
                         ).all_text_contents() == words
    assert other.input_value('textarea') == ODD
