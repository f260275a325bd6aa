"""Levels of scores, and the colours of the levels."""
import pytest

from page import colours


def test_score_levels():
    # 10 * (.5, -.25, .04, 1, -2) / .5 = 10, -5, .8, 20, -40
    levels = colours.score_levels([.5, -.25, .04, 1, -2], .5)
    assert levels.tolist() == [10, -5, 1, 10, -10]
    assert colours.score_levels([0., 0.], 0.).tolist() == [0, 0]
    # the smallest double has a level, too, and no overflow
    assert colours.score_levels([5e-324], 5e-324).tolist() == [10]
    assert colours.score_levels([-1e308, 1], 5e-324).tolist() == [-10, 10]


def test_halves_go_to_the_even_level():
    # 10 s / 4 = 2.5 s
    levels = colours.score_levels([1, -1, .6, 3, .2, -.2], 4)
    assert levels.tolist() == [2, -2, 2, 8, 0, 0]


def test_every_level_has_a_class_and_a_letter():
    assert len(colours.CLASSES) == len(set(colours.LETTERS)) == 21
    assert [colours.CLASSES[i] for i in (0, 10, 20)] == ['n10', 'z', 'p10']


def luminance(colour):
    channels = [int(colour[i:i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= .04045 else ((c + .055) / 1.055) ** 2.4
              for c in channels]
    return .2126 * linear[0] + .7152 * linear[1] + .0722 * linear[2]


@pytest.mark.parametrize('dark', [False, True])
@pytest.mark.parametrize('kind', ['single', 'pair'])
def test_palette_contrast(kind, dark):
    pairs = colours.palette(kind, dark)
    assert len(pairs) == 21
    for back, ink in pairs:
        low, high = sorted((luminance(back), luminance(ink)))
        assert (high + .05) / (low + .05) >= 4.5
    lights = [luminance(back) for back, _ in pairs]
    extreme = min if dark else max  # no effect is nearest to the paper
    assert extreme(lights) == lights[10]


def test_palette_sides():
    against, support = colours.palette()[0][0], colours.palette()[-1][0]
    assert int(against[1:3], 16) > int(against[5:7], 16)  # more red than blue
    assert int(support[1:3], 16) < int(support[5:7], 16)
