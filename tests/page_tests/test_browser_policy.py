"""The page's content security policy, in a browser."""
import pytest
from browsing import RECORDS

import visualize

pytestmark = pytest.mark.browser
INJECTED = {
    'script': '<script>document.title = "owned"</script>',
    'script with our type': '<script type="module">document.title = "owned"'
                            '</script>',
    'handler': '<img src="x" onerror="document.title = \'owned\'">',
    'style': '<style>body {display: none}</style>',
    'style of an element': '<p id="styled" style="color: red">a</p>',
    'image': '<img src="https://example.org/x.png">',
    'other script': '<script src="https://example.org/x.js"></script>',
    'frame': '<iframe src="https://example.org/"></iframe>',
    'base': '<base href="https://example.org/">',
}


@pytest.mark.parametrize('name', sorted(INJECTED))
def test_what_is_injected_does_not_run(browser, tmp_path, name):
    text = visualize.render_page(RECORDS, title='mine')
    path = tmp_path / 'page.html'
    path.write_text(text.replace('<header', INJECTED[name] + '<header', 1),
                    'utf-8')
    tab, said, asked = browser.new_page(), [], []
    tab.on('console', lambda message: said.append(message.text))
    tab.on('request', lambda request: asked.append(request))
    tab.goto(path.as_uri())
    tab.wait_for_timeout(100)
    assert any('Content Security Policy' in text for text in said), said
    assert tab.title() == 'mine'
    assert tab.is_visible('h1')
    assert tab.evaluate('document.baseURI') == path.as_uri()
    # nothing leaves the browser: such requests are refused by the policy
    assert {request.failure for request in asked
            if not request.url.startswith('file:')} <= {'csp'}
    assert tab.url == path.as_uri()
    # the page's own script still does its work
    tab.fill('[name=q]', 'FILM')
    assert tab.inner_text('#count') == '2 of 4 texts'
    tab.close()


def test_no_form_can_be_sent(browser, tmp_path):
    path = tmp_path / 'page.html'
    path.write_text(visualize.render_page(RECORDS).replace(
        '<header', '<form id="sent" action="https://example.org/"></form>'
        '<header', 1), 'utf-8')
    tab, said, asked = browser.new_page(), [], []
    tab.on('console', lambda message: said.append(message.text))
    tab.on('request', lambda request: asked.append(request.url))
    tab.goto(path.as_uri())
    tab.evaluate('document.getElementById("sent").submit()')
    tab.wait_for_timeout(100)
    assert 'form-action' in said[0]
    assert asked == [tab.url] == [path.as_uri()]
    tab.close()


def test_heights_come_without_style_attributes(page):
    """Laid out only when they are scrolled to, so their height is told."""
    assert page.locator('[style]:not(#tip, .votes i)').count() == 0
    height = page.locator('#t0').evaluate(
        'e => getComputedStyle(e).containIntrinsicHeight')
    name = page.locator('#t0').get_attribute('class')
    assert height == f'auto {name.removeprefix("h")}px'
