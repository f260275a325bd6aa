"""A page is opened and its picture taken."""
import os
import shutil

import pytest

from errors import UserError
from tools import page_pictures


def test_without_a_page(tmp_path):
    with pytest.raises(UserError, match='there is no page'):
        page_pictures.main([str(tmp_path / 'none.html')])


def test_without_a_browser(monkeypatch):
    monkeypatch.delenv('DKNN_CHROMIUM', raising=False)
    monkeypatch.setenv('PATH', '')
    with pytest.raises(UserError, match='there is no Chromium'):
        page_pictures.find_browser()


@pytest.mark.browser
def test_a_picture_of_what_is_scrolled_to(tmp_path, capsys):
    sync_api = pytest.importorskip('playwright.sync_api')
    if not (os.environ.get('DKNN_CHROMIUM')
            or any(map(shutil.which, page_pictures.NAMES))):
        pytest.skip('no Chromium on PATH nor in DKNN_CHROMIUM')
    page, picture = tmp_path / 'page.html', tmp_path / 'page.png'
    page.write_text('<p style="height:2000px">a<p id="b" '
                    'style="height:900px;background:#00f">')
    page_pictures.main([str(page), str(picture), '--width', '300',
                        '--height', '200', '--at', '#b'])
    assert capsys.readouterr().out.startswith('0.0 MB, loaded in ')
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=page_pictures.find_browser(),
            args=page_pictures.FLAGS)
        tab = browser.new_page()
        tab.goto(picture.as_uri())
        found = tab.evaluate('''() => {
            const image = document.images[0], canvas =
                document.createElement('canvas').getContext('2d');
            canvas.drawImage(image, 0, 0);
            return [image.naturalWidth, image.naturalHeight,
                    ...canvas.getImageData(20, 20, 1, 1).data];
        }''')
        browser.close()
    assert found == [300, 200, 0, 0, 255, 255]
