"""The page in a real browser."""
import browsers
import pytest
from browsing import RECORDS

import visualize


@pytest.fixture(scope='module')
def browser():
    with browsers.launched() as browser:
        yield browser


@pytest.fixture(scope='module')
def address(tmp_path_factory):
    path = tmp_path_factory.mktemp('page') / 'page.html'
    visualize.write_page(path, RECORDS)
    return path.as_uri()


@pytest.fixture(scope='module')
def tab(browser):
    """One tab for all; errors and requests that leave it are listed."""
    tab = browser.new_page()
    tab.set_default_timeout(15000)
    tab.wrong = []
    tab.on('console', lambda message: tab.wrong.append(message.text))
    tab.on('pageerror', lambda error: tab.wrong.append(str(error)))
    tab.on('dialog', lambda dialog: tab.wrong.append(dialog.message))
    tab.on('request', lambda request: request.url.startswith('file:')
           or tab.wrong.append(request.url))
    return tab


@pytest.fixture
def page(tab, address):
    """The page opened anew; the test fails if anything went wrong in it."""
    tab.goto('about:blank')
    tab.goto(address)
    yield tab
    wrong, tab.wrong[:] = list(tab.wrong), []
    assert [w for w in wrong if w != 'about:blank'] == []
