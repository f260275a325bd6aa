"""A real browser for tests of pages, driven by Playwright.

Looks for a Chromium on PATH, or in the environment variable DKNN_CHROMIUM.
"""
import contextlib
import os
import shutil

import pytest

FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
         '--disable-background-networking', '--disable-component-update',
         '--disable-sync']
NAMES = ('chromium', 'chromium-browser', 'google-chrome')


@contextlib.contextmanager
def launched():
    """A Chromium; skips the test where there is none."""
    sync_api = pytest.importorskip('playwright.sync_api')
    found = [os.environ.get('DKNN_CHROMIUM'), *map(shutil.which, NAMES)]
    executable = next(filter(None, found), None)
    if executable is None:
        pytest.skip('no Chromium on PATH nor in DKNN_CHROMIUM')
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable,
                                             args=FLAGS)
        yield browser
        browser.close()
