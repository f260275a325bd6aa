"""The page's script in a browser: filters, tips, keys, colours."""
import pytest
from browsing import EVIL, paper, record, reload_until, shown

import visualize

pytestmark = pytest.mark.browser


@pytest.mark.parametrize('field, value, expected', [
    ('wrong', 'any', ['t1', 't2']), ('wrong', 'dknn', ['t1']),
    ('wrong', 'softmax', ['t1', 't2']), ('wrong', 'all', ['t1']),
    ('gold', '0', ['t1', 't2']), ('gold', '1', ['t0']),
    ('predicted', '0', ['t2']),
    ('methods', 'top', ['t1', 't2']),
    ('methods', 'opposed', ['t1']),
])
def test_filters(page, field, value, expected):
    page.select_option(f'[name={field}]', value)
    assert shown(page) == expected
    assert page.inner_text('#count') == f'{len(expected)} of 4 texts'
    page.click('button[type=reset]')
    page.wait_for_selector('#count >> text="4 texts"')
    assert shown(page) == ['t0', 't1', 't2', 't3']
    assert page.inner_text('#count') == '4 texts'


@pytest.mark.parametrize('field, value, expected', [
    ('wrong', 'soft', ['t0', 't2']), ('wrong', 'any', ['t0', 't1', 't2']),
    ('wrong', 'all', []), ('sort', 'soft_credibility', '1203'),
    ('sort', '-soft_credibility', '0213')])
def test_soft_dknn_counts_among_the_predictors(tab, tmp_path, field, value,
                                               expected):
    """Softmax and DkNN agree on every text, soft DkNN with them on t1."""
    records = [
        {**record(i, ['a', 'film'], gold, label, label, .5, .5,
                  conformity=[0, 1]),
         'soft': {'label': soft, 'conformity': [.5, .5],
                  'p_values': [.1, .2], 'credibility': credibility,
                  'confidence': .9, 'prediction_set': [], 'error': .05}}
        for i, (gold, label, soft, credibility) in enumerate([
            (1, 1, 0, .9), (1, 0, 1, .1), (0, 0, 1, .4)])]
    records.append(record(3, ['no', 'soft'], None, 1, 1, .5, .5,
                          conformity=[0, 1]))
    visualize.write_page(tmp_path / 'page.html', records)
    tab.goto((tmp_path / 'page.html').as_uri())
    tab.select_option(f'[name={field}]', value)
    assert shown(tab) == ([f't{i}' for i in expected] if field == 'sort'
                          else expected)
    tab.select_option(f'[name={field}]', '')
    tab.check('[name=disagree]')
    assert shown(tab) == ['t0', 't1', 't2']
    assert tab.locator('.tag').count() == 3


def test_disagree_credibility_and_both(page):
    page.check('[name=disagree]')
    assert shown(page) == ['t2', 't3']
    page.fill('[name=credibility]', '0.31')  # none given is not low
    assert shown(page) == ['t2']
    page.fill('[name=credibility]', '0.3')  # below, not at
    assert shown(page) == []
    assert page.is_visible('#none')
    page.uncheck('[name=disagree]')
    assert shown(page) == ['t1']
    assert page.inner_text('#credibility-value') == '< 0.3'


def test_search(page):
    page.fill('[name=q]', 'FILM')
    assert shown(page) == ['t0', 't2']
    page.fill('[name=q]', '<script>')
    assert shown(page) == ['t1']


@pytest.mark.parametrize('key, expected', [
    ('credibility', '1203'), ('-credibility', '0213'),  # none comes last
    ('confidence', '3120'), ('-length', '1023'), ('length', '3021')])
def test_sort(page, key, expected):
    page.select_option('[name=sort]', key)
    assert ''.join(shown(page)) == ''.join(f't{i}' for i in expected)
    page.select_option('[name=sort]', '')
    assert shown(page) == ['t0', 't1', 't2', 't3']


def test_state_is_in_the_address(page, address):
    page.select_option('[name=wrong]', 'any')
    page.fill('[name=q]', 'l')
    page.select_option('[name=sort]', '-confidence')
    assert shown(page) == ['t2', 't1']
    page.reload()
    assert shown(page) == ['t2', 't1']
    assert page.input_value('[name=q]') == 'l'
    page.evaluate("""location.hash =
        'wrong=nonsense&x=1&credibility=y&sort=constructor'""")
    page.wait_for_function('document.querySelector("[name=q]").value === ""')
    assert shown(page) == ['t0', 't1', 't2', 't3']


def test_value_on_hover(page):
    page.hover('#t2 td >> text=dull')
    # The predictors disagree here, so the row names the label it explains.
    assert page.inner_text('#tip') == 'dull · conformity positive −0.5'
    page.hover('h1')
    assert page.is_hidden('#tip')


def focused(page):
    return page.evaluate('document.activeElement.ariaLabel')


def test_value_by_keyboard(page):
    page.focus('#t0 h2 a')
    page.keyboard.press('Tab')
    assert focused(page) == 'a, conformity +0'
    page.keyboard.press('ArrowRight')
    assert page.inner_text('#tip') == 'fine · conformity +1'
    page.keyboard.press('ArrowDown')
    assert focused(page) == 'fine, gradient +2'
    page.keyboard.press('ArrowDown')  # no further row
    page.keyboard.press('End')
    assert focused(page) == 'film, gradient +1'
    page.keyboard.press('ArrowRight')  # no further word
    page.keyboard.press('ArrowUp')
    page.keyboard.press('Home')
    assert focused(page) == 'a, conformity +0'
    page.keyboard.press('Escape')
    assert page.is_hidden('#tip')
    page.keyboard.press('Tab')  # one stop a text: the next is its details
    assert page.evaluate('document.activeElement.tagName') == 'SUMMARY'
    page.focus('#t1 td')
    assert focused(page) == 'zyx, conformity +1, unknown word'


def test_arrows_go_on_in_the_next_line(page, tmp_path):
    words = [f'word{i}' for i in range(40)]
    visualize.write_page(tmp_path / 'long.html', [
        record(0, words, 1, 1, 1, .6, .9, a=range(40), b=range(40))])
    page.goto((tmp_path / 'long.html').as_uri())
    assert page.locator('table').count() > 2
    page.focus('td')
    for _ in range(39):
        page.keyboard.press('ArrowRight')
    assert focused(page) == 'word39, a +39'
    page.focus('td')
    for _ in range(2):  # row b, then row a of the next line
        page.keyboard.press('ArrowDown')
    first = page.inner_text('table >> nth=1 >> td >> nth=0')
    assert focused(page).startswith(f'{first}, a ')


def test_screen_readers_get_the_values(page):
    seen = page.locator('#t1 table').aria_snapshot()
    assert 'rowheader "conformity +4"' in seen
    assert 'gridcell "zyx +1 unknown word"' in seen
    assert 'gridcell "dull +4"' in seen


def test_words_as_typed(page):
    row = page.locator('#t1 tr').first.locator('td').all_text_contents()
    assert row == ['zyx', EVIL, '&', 'dull']


def test_details_are_built_when_opened(page):
    details = page.locator('#t1 details')
    assert EVIL not in details.text_content()
    details.locator('summary').click()
    page.wait_for_selector('#t1 section')
    assert details.locator('li').all_inner_texts() == [
        f'{EVIL} & 1 positive, distance 0.250, training text 41']
    assert details.locator('.count').inner_text() == '3 positive · 1 negative'
    assert details.locator('.labels tr').all_inner_texts() == [
        'label\tsoftmax probability\tconformity\tp-value',
        'negative\t0.300\t0.250\t0.100', 'positive\t0.700\t0.750\t0.200']
    details.locator('summary').click()
    details.locator('summary').click()
    page.wait_for_timeout(100)  # the event comes after the click
    assert details.locator('section').count() == 1


def test_scale_by_control_and_by_key(page):
    def classes():
        return page.evaluate('''[...document.querySelectorAll("#t0 td")]
            .map(cell => cell.className)''')

    def said():
        return page.inner_text('p.which >> nth=0')

    # conformity: |scores| and one 0 are 13 values, the last two 3 and 4, so
    # the 99th percentile is 3 + .88 = 3.88: 10 / 3.88 = 2.6, 5 / 3.88 = 1.3.
    # gradient the same: 3.88; 20 / 3.88 = 5.2
    every, own = (['z', 'p3', 'p1', 'z', 'p5', 'p3'],
                  ['z', 'p10', 'p5', 'z', 'p10', 'p5'])
    assert classes() == every
    assert 'one for each method on the whole page' in said()
    page.click('.help summary')  # the legend's long part is folded
    assert 'conformity 3.9, gradient 3.9' in page.inner_text(
        '.help p.which >> nth=1')
    page.select_option('[name=scale]', 'row')
    assert classes() == own
    assert 'one for each row' in said() and 'whole page' not in said()
    # 10 * 1 / 4 = 2.5, to even, as page.colours.score_levels rounds
    assert page.locator('#t1 td').first.get_attribute('class') == 'p2 u'
    page.focus('h2 a')
    page.keyboard.press('s')
    assert classes() == every
    page.keyboard.press('S')
    assert classes() == own and page.url.endswith('#scale=row')
    page.fill('[name=q]', '')
    page.type('[name=q]', 's')  # a letter, no key, where one types
    assert classes() == own


def test_the_largest_value_and_noise_stand_beside_a_row(page, tmp_path):
    """Four neighbors vote, so one of them is .25 of conformity."""
    def beside():
        return page.evaluate('''[...document.querySelectorAll("#t0 th")].map(
            th => [getComputedStyle(th, "::after").content, th.textContent,
                   th.nextElementSibling.className])''')

    visualize.write_page(tmp_path / 'page.html', [
        record(0, ['a', 'film'], 1, 1, 1, .6, .9, conformity=[-.25, .1],
               gradient=[.005, 0], confidence=[.02, 0], own=[.001, 0])])
    page.goto((tmp_path / 'page.html').as_uri())
    # full colour from 10 times the noise: levels -1, .5 to even, 2, 10
    noisy = [['"−0.25"', 'conformity within noise', 'n1'],
             ['"+0.005"', 'gradient within noise', 'z']]
    assert beside() == [*noisy, ['"+0.02"', 'confidence', 'p2'],
                        ['"+0.001"', 'own', 'p10']]
    page.keyboard.press('s')
    assert beside() == [*noisy, ['"+0.02"', 'confidence', 'p10'],
                        ['"+0.001"', 'own', 'p10']]


def test_dark(page):
    light = paper(page)
    page.click('#theme')
    dark = paper(page)
    assert dark != light
    assert page.get_attribute('#theme', 'aria-pressed') == 'true'
    page.click('#theme')
    assert paper(page) == light
    page.emulate_media(color_scheme='dark')
    assert paper(page) == light  # chosen by hand
    reload_until(page, light)  # and remembered
    page.evaluate('localStorage.clear()')
    reload_until(page, dark)
    page.emulate_media(color_scheme='light')


def test_permalink_shows_a_filtered_text(page):
    page.select_option('[name=gold]', '1')
    assert shown(page) == ['t0']
    page.evaluate('location.hash = "t2"')
    page.wait_for_function('document.getElementById("t2").checkVisibility()')
    assert shown(page) == ['t0', 't2']
    page.click('#t2 h2 a')
    assert page.url.endswith('#t2')


def test_right_and_wrong_in_words(page):
    says = page.locator('#t1 .predictions').inner_text()
    assert says.count('✗ wrong') == 2
    assert page.locator('#t2 .predictions').inner_text().count('✓ right') == 1
    assert 'right' not in page.locator('#t3 .predictions').inner_text()


def test_narrow_screen_does_not_scroll_sideways(browser, tmp_path):
    path = tmp_path / 'narrow.html'
    words = ['word'] * 60 + ['x' * 500]
    visualize.write_page(path, [
        record(0, words, 1, 1, 1, .6, .9, integrated_gradients=range(61))])
    page = browser.new_page(viewport={'width': 400, 'height': 800})
    page.goto(path.as_uri())
    assert page.evaluate('document.documentElement.scrollWidth') <= 400
    # the words do, within their own box
    assert page.evaluate('''() => {
        const words = document.querySelector('.words');
        words.scrollLeft = 50;
        return words.scrollLeft;
    }''') == 50
    page.close()
