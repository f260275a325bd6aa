#!/usr/bin/env python
"""Open a page of interpret.py in Chromium: how long it takes, and a picture.

    python tools/page_pictures.py interpretations.html docs/page.png

Prints the size of the page, the seconds until it is loaded, and the seconds
of processor time that its main thread took.  Needs Playwright and a Chromium
on PATH or in the environment variable DKNN_CHROMIUM.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import argparse
import os
import shutil
import time

from errors import UserError
from files import atomic
from runs import run_script
from runs.flags import positive

NAMES = ('chromium', 'chromium-browser', 'google-chrome')
FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-background-networking']


def find_browser():
    """Looks for a Chromium.

    Returns:
        str: Its path.

    Raises:
        UserError: There is none.
    """
    found = [os.environ.get('DKNN_CHROMIUM'), *map(shutil.which, NAMES)]
    path = next(filter(None, found), None)
    if path is None:
        raise UserError('there is no Chromium on PATH; install one, or name '
                        'it in the environment variable DKNN_CHROMIUM')
    return path


def open_page(browser, address, size, dark=False):
    """Opens a page in a tab of its own, and waits until it is laid out.

    Args:
        browser (Browser): Playwright's.
        address (str): Of the page, perhaps with a fragment.
        size ((int, int)): Width and height of the tab, in pixels.
        dark (bool): Whether the reader prefers dark pages.

    Returns:
        (Page, float, float): The tab, seconds until it was loaded, seconds
        of processor time of its main thread.
    """
    tab = browser.new_page(viewport=dict(zip(('width', 'height'), size,
                                             strict=True)),
                           color_scheme='dark' if dark else 'light')
    session = tab.context.new_cdp_session(tab)
    session.send('Performance.enable', {'timeDomain': 'threadTicks'})
    start = time.perf_counter()
    tab.goto(address)
    seconds = time.perf_counter() - start
    metrics = {entry['name']: entry['value'] for entry in
               session.send('Performance.getMetrics')['metrics']}
    return tab, seconds, metrics['TaskDuration']


def build_parser():
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    add = parser.add_argument
    add('page', type=pathlib.Path, help='an interpretations.html')
    add('picture', nargs='?', type=pathlib.Path, metavar='FILE.png',
        help='where to write a picture of its top')
    add('--state', default='', metavar='FILTERS',
        help="what stands behind the '#' of its address, such as "
             'disagree=1')
    add('--at', metavar='SELECTOR', help='scroll to this element first')
    add('--width', type=positive, default=1180, help='pixels (default: 1180)')
    add('--height', type=positive, default=1010,
        help='pixels (default: 1010)')
    add('--dark', action='store_true', help='as for a reader who prefers it')
    return parser


def main(argv=None):
    args = build_parser().parse_args(argv)
    if not args.page.is_file():
        raise UserError(f'there is no page {args.page}')
    from playwright.sync_api import sync_playwright
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(),
                                             args=FLAGS)
        tab, seconds, busy = open_page(
            browser, f'{args.page.resolve().as_uri()}#{args.state}',
            (args.width, args.height), args.dark)
        print(f'{args.page.stat().st_size / 1e6:.1f} MB, loaded in '
              f'{seconds:.2f} s, {busy:.2f} s of processor time')
        if args.picture:
            if args.at:
                tab.locator(args.at).first.evaluate(
                    'e => e.scrollIntoView({block: "start"})')
            tab.wait_for_timeout(500)  # heights above are known only then
            atomic.write_bytes(args.picture, tab.screenshot())
        browser.close()


if __name__ == '__main__':
    run_script(main)
