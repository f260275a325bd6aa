"""The figures of calibration: what is drawn, taken apart again."""
from drawn_figures import CURVE, drawn

from page.calibration_figures import (
    write_accuracy_coverage_figure,
    write_histogram_figure,
    write_reliability_figure,
)


def test_reliability_shows_the_bins(monkeypatch):
    figure = drawn(monkeypatch, write_reliability_figure, [('a', CURVE)])
    upper, lower = figure.axes
    assert [bar.get_height() for bar in upper.patches] == [0, .75]
    assert [bar.get_height() for bar in lower.patches] == [0, 8]
    assert upper.lines[1].get_xydata().tolist() == [[.9, .75]]
    assert upper.get_title() == 'a'


def test_histogram_shares(monkeypatch):
    groups = {'right': [.9, .8, .1, 1.], 'none': []}
    axes = drawn(monkeypatch, write_histogram_figure, groups, 'x', 2).axes[0]
    shares = [stair.get_data().values.tolist() for stair in axes.patches]
    # one of four in [0, .5), three in [.5, 1]; filled and outlined
    assert shares == [[.25, .75]] * 2 + [[0, 0]] * 2


def test_coverage_curve(monkeypatch):
    axes = drawn(monkeypatch, write_accuracy_coverage_figure,
                 [('a', [.5, 1], [.9, .8])]).axes[0]
    assert axes.lines[0].get_xydata().tolist() == [[.5, .9], [1, .8]]
