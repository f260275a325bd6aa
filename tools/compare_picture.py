#!/usr/bin/env python
"""Take the picture of compare.html that README.md shows.

    python compare.py results/stsa.binary_cnn results/stsa.binary_bilstm
    python tools/compare_picture.py results/compare/compare.html \
        docs/compare.png --texts 397 1694 1604

Needs Playwright (requirements-dev.txt) and a Chromium, on PATH or in the
environment variable DKNN_CHROMIUM.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import argparse
import os
import shutil

from errors import UserError
from files.atomic import write_bytes
from runs.script import run_script

NAMES = 'chromium', 'chromium-browser', 'google-chrome'
FLAGS = '--no-sandbox', '--disable-gpu'
WIDTH, MARGIN = 1180, 6  # pixels
# Script that hides all texts but some
HIDE = '''ids => document.querySelectorAll("article").forEach((text, i) => {
    text.hidden = ids.length ? !ids.includes(text.id) : i >= %d;
})'''
SHOWN = 2  # texts, unless they are named


def build_parser():
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('page', help='a compare.html')
    parser.add_argument('picture', help='where it goes: a .png')
    parser.add_argument('--texts', nargs='+', type=int, metavar='I',
                        help=f'which texts (default: the first {SHOWN})')
    return parser


def find_chromium():
    """Path of a Chromium.

    Returns:
        str: An executable.

    Raises:
        UserError: If there is none.
    """
    found = [os.environ.get('DKNN_CHROMIUM'), *map(shutil.which, NAMES)]
    executable = next(filter(None, found), None)
    if executable is None:
        raise UserError('there is no Chromium on PATH; name one in '
                        'DKNN_CHROMIUM')
    return executable


def picture_of(page, ids=None):
    """The head of a page and some of its texts.

    Args:
        page (Path): A compare.html.
        ids (list of int): Of the texts; None for the first ones.

    Returns:
        bytes: A PNG.
    """
    from playwright.sync_api import sync_playwright
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find_chromium(), args=list(FLAGS))
        tab = browser.new_page(viewport={'width': WIDTH, 'height': 2000},
                               color_scheme='light')
        tab.goto(page.resolve().as_uri())
        tab.evaluate(HIDE % SHOWN, [f't{i}' for i in ids or ()])
        shown = tab.locator('article:visible').last.bounding_box()
        content = tab.screenshot(clip={
            'x': 0, 'y': 0, 'width': WIDTH,
            'height': shown['y'] + shown['height'] - MARGIN})
        browser.close()
    return content


def main(argv=None):
    args = build_parser().parse_args(argv)
    page = pathlib.Path(args.page)
    if not page.is_file():
        raise UserError(f'there is no {page}; run python compare.py first')
    write_bytes(args.picture, picture_of(page, args.texts))
    print(f'wrote {args.picture}')


if __name__ == '__main__':
    run_script(main)
