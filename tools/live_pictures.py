#!/usr/bin/env python
"""Take the pictures of the live page that docs/serve.md shows.

    python tools/live_pictures.py results/stsa.binary_cnn docs

Serves the run by itself, at a port that is free.  Needs Playwright, the
packages of requirements-serve.txt and a Chromium on PATH or in the
environment variable DKNN_CHROMIUM.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import compat  # noqa: F401, I001  (before Chainer)

import argparse
import threading
import urllib.parse
from typing import NamedTuple

import saliency
from files import atomic
from runs import run_script
from tools import page_pictures

HOST = '127.0.0.1'
SHOWN = 20000  # milliseconds until a text is shown, at most
STARTED = 1500  # milliseconds until a browser that starts is at rest


class Picture(NamedTuple):
    """What is on a picture.

    Attributes:
        state (list): (name, value) of what the address holds.
        size ((int, int)): Width and height, in pixels.
        dark (bool): Whether the reader prefers dark pages.
        top (str): Selector of what stands at the top; None for the page's.
        chosen (str): Selector of a word whose menu is open, or None.
    """

    state: list
    size: tuple
    dark: bool = False
    top: str = None
    chosen: str = None


PICTURES = {
    'live.png': Picture([('split', 'test'), ('id', '193'), ('edit', '0.5')],
                        (1180, 1560)),
    'live_phone.png': Picture(
        [('text', 'a gripping movie , played with performances that are all '
          'understated and touching .')], (390, 844), top='#edit',
        chosen='[data-word="0.1"]'),
    'live_dark.png': Picture([('split', 'test'), ('id', '12')], (1180, 900),
                             dark=True),
}


def take(browser, address, picture):
    """Opens the page and takes its picture.

    Args:
        browser (Browser): Playwright's.
        address (str): Where the page is served.
        picture (Picture): What should be on it.

    Returns:
        bytes: A PNG.
    """
    tab, *_ = page_pictures.open_page(browser, address, picture.size,
                                      picture.dark)
    tab.wait_for_selector('article', timeout=SHOWN)
    tab.wait_for_timeout(STARTED)
    before = tab.title()
    tab.goto(f'{address}#{urllib.parse.urlencode(picture.state)}')
    tab.wait_for_function('before => document.title !== before', arg=before,
                          timeout=SHOWN)
    if picture.top:
        tab.locator(picture.top).evaluate(
            'e => e.scrollIntoView({block: "start"})')
    if picture.chosen:
        tab.click(picture.chosen)
        tab.wait_for_selector('#menu .similar', timeout=SHOWN)
    content = tab.screenshot()
    tab.close()
    return content


def build_parser():
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('run', help='a run folder')
    parser.add_argument('folder', type=pathlib.Path,
                        help='where ' + ', '.join(PICTURES) + ' go')
    return parser


def main(argv=None):
    args = build_parser().parse_args(argv)
    executable = page_pictures.find_browser()
    from playwright.sync_api import sync_playwright

    from live import app, desk, server
    answering = desk.Desk(saliency.load_explainer(args.run))
    answering.warm_up()
    listening = server.listen(HOST, 0)
    threading.Thread(target=server.serve, daemon=True, args=(
        app.make_app(answering), listening)).start()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable,
                                             args=page_pictures.FLAGS)
        for name, picture in PICTURES.items():
            atomic.write_bytes(args.folder / name, take(
                browser, server.address_of(HOST, listening), picture))
            print(f'wrote {args.folder / name}')
        browser.close()


if __name__ == '__main__':
    run_script(main)
