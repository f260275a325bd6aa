"""A score is shown as one of 21 colours, level -10 to 10.

Red to blue for single texts, pink to green for pairs, as in Wallace et al.
(2018).
"""
from typing import NamedTuple

import numpy as np

N_LEVELS = 10  # on each side of 0
LEVELS = range(-N_LEVELS, N_LEVELS + 1)

# CSS class of each level, from n10 over z to p10, and a letter for it
CLASSES = [f'n{-level}' if level < 0 else f'p{level}' if level else 'z'
           for level in LEVELS]
LETTERS = 'abcdefghijklmnopqrstu'


class Palette(NamedTuple):
    """Colours of the levels.

    Attributes:
        colour_map (str): Matplotlib's, on a light page.
        dark_against (str): Colour of level -10 on a dark page.
        dark_support (str): Colour of level 10 on a dark page.
        against (str): What people call the first.
        support (str): What people call the second.
    """

    colour_map: str
    dark_against: str
    dark_support: str
    against: str
    support: str


PALETTES = {
    'single': Palette('RdBu', '#e8564f', '#3f8fe0', 'red', 'blue'),
    'pair': Palette('PiYG', '#e45aac', '#6cb33a', 'pink', 'green'),
}
DARK = '#2a2b30'  # level 0 on a dark page


def palette_kind(records):
    """Chooses the palette for records.

    Args:
        records (list of dict): Records (``saliency.records``).

    Returns:
        str: A key of ``PALETTES``: ``'pair'`` if any record has two texts.
    """
    pair = any(len(record['words']) == 2 for record in records)
    return 'pair' if pair else 'single'


def palette(kind='single', dark=False):
    """Gives the background and text colour of each level.

    Args:
        kind (str): A key of ``PALETTES``.
        dark (bool): Whether the page is dark: there, level 0 is darkest; on
            a light page it is lightest.

    Returns:
        list of (str, str): 21 pairs of ``'#rrggbb'``, level -10 (strongest
        against the prediction) first; the contrast of each pair is at least
        4.5 to 1 (WCAG AA).
    """
    import matplotlib
    from matplotlib.colors import to_hex, to_rgb
    chosen = PALETTES[kind]
    levels = np.array(LEVELS) / N_LEVELS
    # The outermost twentieth on each side of the map is left out: both ends
    # are so dark there that they look alike.
    colours = matplotlib.colormaps[chosen.colour_map](.5 + .45 * levels)[:, :3]
    if dark:
        share = np.abs(levels)[:, None]
        ends = np.where(levels[:, None] < 0, to_rgb(chosen.dark_against),
                        to_rgb(chosen.dark_support))
        colours = (1 - share) * np.array(to_rgb(DARK)) + share * ends
    return [(to_hex(colour), _ink(colour)) for colour in colours]


def score_levels(scores, scale):
    """Gives the levels of scores, ``rint(10 s / scale)`` cut to -10 .. 10.

    The only place where scores are rounded to levels, those between which
    the page's script switches with them; a half goes to the even level.

    Args:
        scores (array_like): Floats (L,).
        scale (float): The score that gets the full colour, at least 0.

    Returns:
        ndarray: int (L,); all 0 where ``scale`` is 0.
    """
    scores = np.asarray(scores, float)
    if scale <= 0:
        return np.zeros(len(scores), int)
    with np.errstate(over='ignore'):  # far beyond a tiny scale: cut below
        levels = np.rint(N_LEVELS * (scores / scale))
    return np.clip(levels, -N_LEVELS, N_LEVELS).astype(int)


def _linear(rgb):
    """Linear light of sRGB values in [0, 1]."""
    rgb = np.asarray(rgb, float)
    return np.where(rgb <= .04045, rgb / 12.92, ((rgb + .055) / 1.055) ** 2.4)


def _ink(rgb):
    """Black or white, whichever has the higher WCAG contrast on ``rgb``."""
    luminance = _linear(rgb) @ (.2126, .7152, .0722)
    # (Y + .05) / .05 > 1.05 / (Y + .05), solved for Y
    return '#000000' if luminance > .05 * 21 ** .5 - .05 else '#ffffff'
