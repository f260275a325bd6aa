#!/usr/bin/env python
"""Take the picture of compare.html that README.md shows.

    python compare.py results/stsa.binary_cnn results/stsa.binary_bilstm
    python tools/compare_picture.py results/compare/compare.html \
        docs/compare.png --texts 397 1694 1604
    python tools/compare_picture.py results/compare/compare.html \
        docs/compare_phone.png --texts 1694 --width 390
    python tools/compare_picture.py results/compare/compare.html \
        docs/compare_dark.png --texts 1694 1604 --dark

Needs Playwright (requirements-dev.txt) and a Chromium, on PATH or in the
environment variable DKNN_CHROMIUM.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import argparse

from errors import UserError
from files.atomic import write_bytes
from runs.flags import positive
from runs.script import run_script
from tools import page_pictures

WIDTH, HEIGHT, MARGIN = 1180, 4000, 6  # pixels
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
    parser.add_argument('--width', type=positive, default=WIDTH,
                        help=f'pixels (default: {WIDTH})')
    parser.add_argument('--dark', action='store_true',
                        help='as for a reader who prefers it')
    return parser


def picture_of(page, ids=None, width=WIDTH, dark=False):
    """The head of a page and some of its texts.

    Args:
        page (Path): A compare.html.
        ids (list of int): Of the texts; None for the first ones.
        width (int): Pixels.
        dark (bool): Whether the reader prefers dark pages.

    Returns:
        bytes: A PNG.
    """
    from playwright.sync_api import sync_playwright
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=page_pictures.find_browser(),
            args=page_pictures.FLAGS)
        tab, *_ = page_pictures.open_page(
            browser, page.resolve().as_uri(), (width, HEIGHT), dark)
        tab.evaluate(HIDE % SHOWN, [f't{i}' for i in ids or ()])
        shown = tab.locator('article:visible').last.bounding_box()
        content = tab.screenshot(clip={
            'x': 0, 'y': 0, 'width': width,
            'height': shown['y'] + shown['height'] - MARGIN})
        browser.close()
    return content


def main(argv=None):
    args = build_parser().parse_args(argv)
    page = pathlib.Path(args.page)
    if not page.is_file():
        raise UserError(f'there is no {page}; run python compare.py first')
    write_bytes(args.picture, picture_of(page, args.texts, args.width,
                                         args.dark))
    print(f'wrote {args.picture}')


if __name__ == '__main__':
    run_script(main)
