"""The picture of the page of what runs differ on."""
import os
import shutil

import pytest

from errors import UserError
from tools import compare_picture, page_pictures

PAGE = ('<body style="margin: 0">' + ''.join(
    f'<article id="t{i}" style="height: {100 * i}px">{i}</article>'
    for i in range(1, 5)))


def size(picture):
    """Width and height, from a PNG's header."""
    return tuple(int.from_bytes(picture[i:i + 4], 'big') for i in (16, 20))


@pytest.fixture
def chromium():
    pytest.importorskip('playwright')
    if not any(map(shutil.which, page_pictures.NAMES)) and (
            'DKNN_CHROMIUM' not in os.environ):
        pytest.skip('no Chromium on PATH nor in DKNN_CHROMIUM')


@pytest.mark.browser
@pytest.mark.parametrize('flags, width, height', [
    ([], compare_picture.WIDTH, 300),
    (['--texts', '1', '4', '--width', '390'], 390, 500)])
def test_some_texts_are_shown(chromium, tmp_path, flags, width, height):
    page, picture = tmp_path / 'compare.html', tmp_path / 'compare.png'
    page.write_text(PAGE, 'utf-8')
    compare_picture.main([str(page), str(picture), *flags])
    assert size(picture.read_bytes()) == (
        width, height - compare_picture.MARGIN)


@pytest.mark.browser
def test_dark(chromium, tmp_path):
    """A dark page is black where a light one is white."""
    page = tmp_path / 'compare.html'
    page.write_text('<style>:root {color-scheme: light dark}</style>' + PAGE,
                    'utf-8')
    light, dark = (compare_picture.picture_of(page, dark=dark)
                   for dark in (False, True))
    assert size(light) == size(dark) and light != dark


def test_without_a_page(tmp_path):
    with pytest.raises(UserError, match='run python compare.py first'):
        compare_picture.main([str(tmp_path / 'x.html'), 'y.png'])
