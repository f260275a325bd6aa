"""Figures: what is drawn, taken apart again."""
import os
import re
import subprocess
import sys
import types

import numpy as np
import pytest
from test_visualize import make_pair, make_record

import figures
import visualize


def drawn(monkeypatch, draw, *args):
    """The matplotlib figure that a function of ours would save."""
    from matplotlib.figure import Figure
    kept = []

    def keep(path, paint, size):
        kept.append(Figure(figsize=size))
        paint(kept[0])

    monkeypatch.setattr(figures, '_save', keep)
    draw('unused.png', *args)
    return kept[0]


CURVE = types.SimpleNamespace(
    edges=np.array([0, .5, 1]), counts=np.array([0, 8]),
    confidence=np.array([np.nan, .9]), accuracy=np.array([np.nan, .75]),
    ece=.15)

FIGURES = {
    'saliency': lambda path: figures.draw_saliency(
        path, [make_record(['$x_1$', '_a', '<b>&'])]),
    'pair': lambda path: figures.draw_saliency(path, [make_pair()]),
    'reliability': lambda path: figures.draw_reliability(
        path, [('_before $x_1$', CURVE), ('after', CURVE)]),
    'histogram': lambda path: figures.draw_histogram(
        path, {'_right $x_1$': [.9, .8], 'wrong': []}, 'credibility $x_1$'),
    'coverage': lambda path: figures.draw_accuracy_coverage(
        path, [('_credibility $x_1$', [.1, 1], [1, .8])]),
}


@pytest.mark.parametrize('name', sorted(FIGURES))
def test_figure_files(name, tmp_path):
    starts = {'.png': b'\x89PNG', '.svg': b'<?xml', '.pdf': b'%PDF'}
    for suffix, start in starts.items():
        path = tmp_path / f'figure{suffix}'
        FIGURES[name](path)
        content = path.read_bytes()
        assert content.startswith(start)
        FIGURES[name](path)
        assert path.read_bytes() == content  # no time of day in it
    assert b'/Type3' not in content
    assert b'/CIDFontType2' in content  # TrueType, type 42
    text = (tmp_path / 'figure.svg').read_text('utf-8')
    # as text in an element, not in a comment beside a formula
    assert name == 'pair' or '$x_1$' in re.sub('<!--.*?-->', '', text)
    assert len(os.listdir(tmp_path)) == 3


def test_figures_need_no_pyplot(tmp_path):
    code = ('import sys, figures; figures.draw_histogram(sys.argv[1], '
            "{'a': [1.]}, 'x'); assert 'matplotlib.pyplot' not in sys.modules")
    subprocess.run([sys.executable, '-c', code, tmp_path / 'a.png'],
                   check=True, cwd=os.path.dirname(figures.__file__))


def test_figures_refuse(tmp_path):
    with pytest.raises(ValueError, match=r"'.gif'.*\.png, \.svg, \.pdf"):
        FIGURES['coverage'](tmp_path / 'figure.gif')
    for draw in (figures.draw_reliability,
                 figures.draw_accuracy_coverage):
        with pytest.raises(ValueError, match='at least one'):
            draw(tmp_path / 'figure.png', [])
    assert os.listdir(tmp_path) == []


def test_saliency_colours(monkeypatch):
    figure = drawn(monkeypatch, figures.draw_saliency, [make_record()])
    from matplotlib.colors import to_hex
    fills = [to_hex(box.get_facecolor()[0])
             for box in figure.axes[0].collections]
    colours = [back for back, _ in visualize.palette()]
    # a 0, fine +10, film -5; then the 21 boxes of the legend
    assert fills == [colours[10], colours[20], colours[5], *colours]


def test_saliency_wraps_within_the_width(monkeypatch):
    record = make_record(['word'] * 60, np.arange(60))
    axes = drawn(monkeypatch, figures.draw_saliency, [record]).axes[0]
    boxes = [box.get_paths()[0].get_extents() for box in axes.collections]
    assert max(box.x1 for box in boxes) <= axes.get_xlim()[1]
    assert max(box.y1 for box in boxes) <= axes.get_ylim()[0]
    words = [t for t in axes.texts if t.get_text() == 'word']
    assert len(words) == 60
    assert len({t.get_position()[1] for t in words}) > 3
    for text, box in zip(words, boxes, strict=False):  # each in its own box
        assert box.x0 < text.get_position()[0] < box.x1
        assert box.y0 < text.get_position()[1] < box.y1


def test_long_labels_fit_the_heading(monkeypatch):
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    record = make_record(label_names=['a label of many words', 'b' * 40])
    figure = drawn(monkeypatch, figures.draw_saliency, [record])
    canvas = FigureCanvasAgg(figure)
    heading = figure.axes[0].texts[0]
    assert heading.get_text().startswith('gold bbbb')
    extent = heading.get_window_extent(canvas.get_renderer())
    assert extent.x1 <= figure.bbox.x1


def test_reliability_shows_the_bins(monkeypatch):
    figure = drawn(monkeypatch, figures.draw_reliability, [('a', CURVE)])
    upper, lower = figure.axes
    assert [bar.get_height() for bar in upper.patches] == [0, .75]
    assert [bar.get_height() for bar in lower.patches] == [0, 8]
    assert upper.lines[1].get_xydata().tolist() == [[.9, .75]]
    assert upper.texts[0].get_text() == 'ECE 15.0 %'


def test_histogram_shares(monkeypatch):
    groups = {'right': [.9, .8, .1, 1.], 'none': []}
    axes = drawn(monkeypatch, figures.draw_histogram, groups, 'x', 2).axes[0]
    shares = [stair.get_data().values.tolist() for stair in axes.patches]
    # one of four in [0, .5), three in [.5, 1]; filled and outlined
    assert shares == [[.25, .75]] * 2 + [[0, 0]] * 2


def test_coverage_curve(monkeypatch):
    axes = drawn(monkeypatch, figures.draw_accuracy_coverage,
                 [('a', [.5, 1], [.9, .8])]).axes[0]
    assert axes.lines[0].get_xydata().tolist() == [[.5, .9], [1, .8]]
