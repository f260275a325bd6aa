"""The page of the texts on which runs differ, in a browser."""
import pytest
from browsing import EVIL, paper, reload_until, shown
from comparing import TEXTS, about

from page import comparison

pytestmark = pytest.mark.browser


@pytest.fixture(scope='module')
def address(tmp_path_factory):
    """Opened by the fixture ``page``."""
    path = tmp_path_factory.mktemp('page') / 'compare.html'
    comparison.write_page(path, about(), TEXTS)
    return path.as_uri()


@pytest.mark.parametrize('who, expected', [
    ('', '53917'), ('all', '1'), ('0', '5'), ('1', '39'), ('none', '7')])
def test_who_is_right(page, who, expected):
    assert shown(page) == [f't{i}' for i in '53917']
    page.select_option('[name=who]', who)
    assert shown(page) == [f't{i}' for i in expected]
    assert page.inner_text('#count') == (
        f'{len(expected)} of 5 texts' if who else '5 texts')
    page.click('button[type=reset]')
    page.wait_for_function(
        '() => !document.querySelector("article[hidden]")')


def test_search_and_sort(page):
    page.fill('[name=q]', 'FILM')
    assert shown(page) == ['t5', 't7']
    page.fill('[name=q]', EVIL)
    assert shown(page) == ['t3']
    page.select_option('[name=who]', 'all')
    assert shown(page) == [] and page.is_visible('#none')
    page.select_option('[name=who]', '')
    page.fill('[name=q]', '')
    page.select_option('[name=sort]', 'position')
    assert shown(page) == ['t1', 't3', 't5', 't7', 't9']
    page.select_option('[name=sort]', '')
    assert shown(page) == [f't{i}' for i in '53917']


def test_scales(page):
    """So first is each run's: 1 of 7.45; of its own row it is 1 of 2."""
    cell = page.locator('#t9 tr[data-m="A cnn"] td').first
    assert cell.get_attribute('class') == 'p1'
    assert 'each run' in page.inner_text('#scale-note')
    page.select_option('[name=scale]', 'row')
    assert cell.get_attribute('class') == 'p5'
    assert 'each row' in page.inner_text('#scale-note')
    page.select_option('[name=scale]', 'run')
    assert cell.get_attribute('class') == 'p1'


def test_values_by_pointer_and_keys(page):
    page.hover('#t5 tr[data-m="A cnn"] td >> nth=2')
    assert page.inner_text('#tip') == 'film · A cnn positive −2'
    page.click('#t5 tr[data-m="A cnn"] td >> nth=1')
    page.keyboard.press('ArrowDown')
    assert page.inner_text('#tip') == 'fine · B bow negative −1'
    page.keyboard.press('ArrowRight')
    assert page.inner_text('#tip') == 'film · B bow negative +0.5'
    page.keyboard.press('Escape')
    assert page.is_hidden('#tip')


def test_dark(page):
    """As chosen by hand, and remembered."""
    light = paper(page)
    page.click('#theme')
    dark = paper(page)
    assert page.get_attribute('#theme', 'aria-pressed') == 'true'
    assert light != dark
    reload_until(page, dark)
    page.evaluate('localStorage.clear()')
    reload_until(page, light)


def test_narrow(page):
    """What is wide scrolls in its own box; the page does not."""
    page.set_viewport_size({'width': 360, 'height': 700})
    assert page.evaluate('document.documentElement.scrollWidth') <= 360
    page.set_viewport_size({'width': 1280, 'height': 720})


def test_without_script(browser, address):
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto(address)
    assert tab.locator('article').count() == 5
    assert tab.is_hidden('#controls') and tab.is_visible('#t5')
    context.close()
