"""Bars of all texts at a glance in a browser: each leaves only its texts."""
import pytest
from browsing import EVIL, record, shown

import visualize

pytestmark = pytest.mark.browser
NAMES = [f'no {EVIL}', EVIL]


@pytest.fixture
def bars(page, tmp_path):
    """Twelve texts, credibility i / 20; the word of each is hostile."""
    visualize.write_page(tmp_path / 'page.html', [
        record(i, [EVIL, 'x' * 90, 'film'], i % 2, 1, 1, i / 20, .9,
               soft=[1, .5, .1]) | {'label_names': NAMES,
                                    'dataset': f'../{EVIL}/my.csv'}
        for i in range(12)], title=None)
    page.goto((tmp_path / 'page.html').as_uri())
    return page


def chosen(page):
    return [line.inner_text() for line in page.locator('.chosen').all()
            if line.is_visible()]


def test_with_the_pointer_and_back(bars):
    assert chosen(bars) == []
    bars.click('[data-bar=usual-1] .hit')
    assert shown(bars) == ['t3', 't4']
    said = ('Only texts with a DkNN credibility above 0.1 to 0.2. '
            'Show all texts')
    assert chosen(bars) == [said] * 2  # beside the bars and the filters
    assert bars.inner_text('#count') == '2 of 12 texts'
    bars.select_option('[name=gold]', '1')  # both hold
    assert shown(bars) == ['t3']
    bars.reload()  # the state is in the address
    assert shown(bars) == ['t3'] and chosen(bars) == [said] * 2
    bars.click('#controls .chosen button')
    assert len(shown(bars)) == 6 and chosen(bars) == []
    bars.click('button[type=reset]')
    bars.wait_for_selector('#count >> text="12 texts"')


def test_with_the_keyboard_and_back(bars):
    bars.focus('.corpus summary')
    bars.keyboard.press('Tab')  # the first bar; one stop a chart
    bars.keyboard.press('ArrowRight')
    bars.keyboard.press('ArrowRight')
    bars.keyboard.press('Enter')
    assert shown(bars) == ['t5', 't6']
    bars.keyboard.press('ArrowLeft')
    bars.keyboard.press(' ')
    assert shown(bars) == ['t3', 't4']
    assert bars.get_attribute('[data-bar=usual-1]', 'aria-pressed') == 'true'
    bars.keyboard.press(' ')  # again: back
    assert len(shown(bars)) == 12
    bars.keyboard.press('Tab')
    assert bars.evaluate('document.activeElement.dataset.bar') == 'dknn-0'


def test_hostile_words_and_names_are_shown_as_they_are(bars):
    assert bars.title() == 'my, cnn: which words the predictions are due to'
    bars.click('.wordy summary')
    name = f'12 texts explained as {EVIL} with the word “{EVIL}”'
    bar = bars.get_by_role('button', name=name, exact=True)
    bar.click()
    assert chosen(bars)[0].startswith(f'Only {name[3:]}. ')
    assert len(shown(bars)) == 12
    assert bars.locator('script').count() == 2


def test_the_first_text_is_seen_at_once(browser, bars):
    """On a small desktop, with the charts above it: down to its words."""
    page = browser.new_page(viewport={'width': 1280, 'height': 800})
    page.goto(bars.url)
    assert page.is_visible('[data-bar=usual-1] .v')
    box = page.locator('article td').first.bounding_box()
    assert box['y'] + box['height'] < 800
    page.close()


def test_what_is_no_bar_shows_everything(bars):
    bars.evaluate('location.hash = "bar=constructor"')
    assert len(shown(bars)) == 12 and chosen(bars) == []


def test_few_texts_have_no_bars(page):
    assert page.locator('.corpus').count() == 0


@pytest.mark.parametrize('width, is_open', [(390, False), (1180, True)])
@pytest.mark.parametrize('scheme', ['light', 'dark'])
def test_narrow_and_dark(browser, bars, width, is_open, scheme):
    page = browser.new_page(viewport={'width': width, 'height': 800},
                            color_scheme=scheme)
    page.goto(bars.url)
    assert page.locator('.corpus').evaluate('e => e.open') == is_open
    page.locator('.corpus').evaluate('e => { e.open = true; }')
    page.locator('[data-bar=usual-1] .hit').click()
    assert page.evaluate('document.documentElement.scrollWidth') <= width
    # contrast of a word and of the chosen bar with the paper
    colours = page.evaluate('''[
        getComputedStyle(document.body).backgroundColor,
        getComputedStyle(document.querySelector('.word')).fill,
        getComputedStyle(document.querySelector('[aria-pressed=true] .v'))
            .fill].map(c => c.match(/[\\d.]+/g).slice(0, 3).map(Number))''')
    lights = [sum(w * (v / 255) ** 2.2 for w, v in zip(
        (.2126, .7152, .0722), c, strict=True)) for c in colours]
    assert (lights[0] > .5) == (scheme == 'light')
    for light in lights[1:]:
        low, high = sorted((lights[0], light))
        assert (high + .05) / (low + .05) > 4.5
    page.close()
