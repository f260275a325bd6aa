"""Pictures of the live page."""
import compat  # noqa: F401  (before Chainer)

import os
import shutil

import pytest
import toys

from errors import UserError
from tools import live_pictures, page_pictures


@pytest.mark.slow
@pytest.mark.browser
def test_a_picture_each(tmp_path, monkeypatch, capsys):
    for package in ('flask', 'waitress', 'playwright'):
        pytest.importorskip(package)
    if not any(map(shutil.which, page_pictures.NAMES)) and (
            'DKNN_CHROMIUM' not in os.environ):
        pytest.skip('no Chromium on PATH nor in DKNN_CHROMIUM')
    run = toys.trainer(tmp_path, 400)('bow', 'words')
    capsys.readouterr()
    monkeypatch.setattr(live_pictures, 'PICTURES', {
        'a.png': live_pictures.Picture(
            [('text', 'a good film')], (390, 600), dark=True, top='#edit',
            chosen='[data-word="0.1"]'),
        'b.png': live_pictures.Picture(
            [('split', 'test'), ('id', '1'), ('edit', '0.0')], (700, 500))})
    live_pictures.main([str(run), str(tmp_path)])
    assert capsys.readouterr().out.count('wrote ') == 2
    for name, size in [('a.png', (390, 600)), ('b.png', (700, 500))]:
        picture = (tmp_path / name).read_bytes()
        assert tuple(int.from_bytes(picture[i:i + 4], 'big')
                     for i in (16, 20)) == size


def test_without_a_browser(monkeypatch):
    monkeypatch.setenv('PATH', '')
    monkeypatch.delenv('DKNN_CHROMIUM', raising=False)
    with pytest.raises(UserError, match='there is no Chromium'):
        live_pictures.main(['run', 'docs'])
