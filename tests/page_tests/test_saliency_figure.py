"""The figure of explained texts: what is drawn, taken apart again."""
import numpy as np
from drawn_figures import drawn
from page_records import make_record

from page.colours import palette
from page.saliency_figure import write_saliency_figure


def test_saliency_colours(monkeypatch):
    figure = drawn(monkeypatch, write_saliency_figure, [make_record()])
    from matplotlib.colors import to_hex
    fills = [to_hex(box.get_facecolor()[0])
             for box in figure.axes[0].collections]
    colours = [back for back, _ in palette()]
    # a 0, fine +10, film -5; then the 21 boxes of the legend
    assert fills == [colours[10], colours[20], colours[5], *colours]


def test_saliency_wraps_within_the_width(monkeypatch):
    record = make_record(['word'] * 60, np.arange(60))
    axes = drawn(monkeypatch, write_saliency_figure, [record]).axes[0]
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
    figure = drawn(monkeypatch, write_saliency_figure, [record])
    canvas = FigureCanvasAgg(figure)
    heading = figure.axes[0].texts[0]
    assert heading.get_text().startswith('gold bbbb')
    extent = heading.get_window_extent(canvas.get_renderer())
    assert extent.x1 <= figure.bbox.x1


def test_a_method_has_one_scale_for_all_texts(monkeypatch):
    """A word of a tenth of the full colour is pale, whatever its text."""
    records = [make_record(['great'], [1.]), make_record(['so'], [.1])]
    figure = drawn(monkeypatch, write_saliency_figure, records)
    from matplotlib.colors import to_hex
    great, so, *_ = [to_hex(box.get_facecolor()[0])
                     for box in figure.axes[0].collections]
    colours = [back for back, _ in palette()]
    assert (great, so) == (colours[20], colours[11])
    # the 99th percentile of 0, 0.1 and 1 is 0.1 + 0.98 * 0.9
    assert figure.axes[0].texts[-1].get_text() == (
        'full colour: conformity 0.98')
