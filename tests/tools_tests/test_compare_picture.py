"""The picture of the page of what runs differ on."""
import os
import shutil

import pytest

from errors import UserError
from tools import compare_picture

PAGE = ('<body style="margin: 0">' + ''.join(
    f'<article id="t{i}" style="height: {100 * i}px">{i}</article>'
    for i in range(1, 5)))


def size(picture):
    """Width and height, from a PNG's header."""
    return tuple(int.from_bytes(picture[i:i + 4], 'big') for i in (16, 20))


@pytest.mark.browser
@pytest.mark.parametrize('flags, height', [
    ([], 300), (['--texts', '1', '4'], 500)])
def test_some_texts_are_shown(tmp_path, flags, height):
    pytest.importorskip('playwright')
    if not any(map(shutil.which, compare_picture.NAMES)) and (
            'DKNN_CHROMIUM' not in os.environ):
        pytest.skip('no Chromium on PATH nor in DKNN_CHROMIUM')
    page, picture = tmp_path / 'compare.html', tmp_path / 'compare.png'
    page.write_text(PAGE, 'utf-8')
    compare_picture.main([str(page), str(picture), *flags])
    assert size(picture.read_bytes()) == (
        compare_picture.WIDTH, height - compare_picture.MARGIN)


def test_without_a_page(tmp_path):
    with pytest.raises(UserError, match='run python compare.py first'):
        compare_picture.main([str(tmp_path / 'x.html'), 'y.png'])


def test_without_a_browser(monkeypatch):
    monkeypatch.setenv('PATH', '')
    monkeypatch.delenv('DKNN_CHROMIUM', raising=False)
    with pytest.raises(UserError, match='name one in DKNN_CHROMIUM'):
        compare_picture.find_chromium()
