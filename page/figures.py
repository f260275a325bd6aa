"""The figures of a paper, as PNG, SVG or PDF, the same bytes every time.

``draw_saliency`` takes *records*, described at the head of ``visualize``; the
others take curves and values as ``calibration`` makes them.  Files are written
whole or not at all.
"""
import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from visualize import (
    CLASSES,
    clean,
    coloured_rows,
    load_records,
    palette,
    write_bytes,
)

# Okabe and Ito's colours, told apart with any kind of colour vision
COLOURS = ('#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9')
DASHES = ('-', '--', '-.', ':')

# suffix: what keeps savefig from writing the time of day into the file
FORMATS = {'.png': {}, '.svg': {'Date': None}, '.pdf': {'CreationDate': None}}
STYLE = {
    'font.family': 'DejaVu Sans', 'font.size': 8, 'axes.spines.top': False,
    'axes.spines.right': False, 'axes.titlesize': 9, 'legend.frameon': False,
    'pdf.fonttype': 42, 'svg.fonttype': 'none', 'svg.hashsalt': 'figure',
    'text.parse_math': False, 'text.usetex': False,
}


def _save(path, draw, size):
    """Calls ``draw`` on a new figure of ``size`` inches and writes that."""
    import matplotlib
    from matplotlib.figure import Figure  # not pyplot: no display, no state
    kind = Path(path).suffix.lower()
    if kind not in FORMATS:
        raise ValueError(f'{str(path)!r} ends in {kind!r}; figures are '
                         f'written as {", ".join(FORMATS)}')
    buffer = io.BytesIO()
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=size, dpi=200)
        draw(figure)
        figure.savefig(buffer, format=kind[1:], metadata=FORMATS[kind])
    write_bytes(path, buffer.getvalue())


def _label(name):
    """Matplotlib drops labels that begin with an underscore from legends."""
    return ' ' + name if name.startswith('_') else name


def _heading(record):
    """One line on gold label and predictions, as on the page."""
    names, said = record['label_names'], []
    if record.get('gold') is not None:
        said.append(f'gold {names[record["gold"]]}')
    for key, quantity, name in (('dknn', 'credibility', 'DkNN'),
                                ('softmax', 'confidence', 'softmax')):
        answer = record.get(key)
        if answer:
            value = answer.get(quantity)
            said.append(f'{name} {names[answer["label"]]}' + (
                '' if value is None else f' ({quantity} {value:.2f})'))
    return clean('  ·  '.join(said))


class _Sheet:
    """Words in coloured boxes, top down, in points; measures without axes.

    What is laid out once without axes gives the height of the figure.
    """

    row, indent, grey = 13.5, 66, '#555555'

    def __init__(self, width, colours, axes=None):
        from matplotlib.backends.backend_agg import RendererAgg
        from matplotlib.font_manager import FontProperties
        self.width, self.axes, self.y = width, axes, 4.
        self.fills = dict(zip(CLASSES, colours, strict=True))
        self.fonts = {weight: FontProperties(family=STYLE['font.family'],
                                             size=8, weight=weight)
                      for weight in ('normal', 'bold')}
        self.renderer = RendererAgg(8, 8, 72)

    def measure(self, text, weight='normal'):
        return self.renderer.get_text_width_height_descent(
            text, self.fonts[weight], ismath=False)[0]

    def write(self, x, text, **options):
        if self.axes is not None:
            self.axes.text(x, self.y + self.row / 2, text,
                           va='center_baseline', **options)

    def box(self, x, width, css, word=''):
        """A word on the colour of its class, underlined dotted if unknown."""
        if self.axes is None:
            return
        fill, ink = self.fills.get(css.split(' ')[0], ('none', '#000000'))
        self.axes.fill_between([x, x + width - 1.2], self.y + .6,
                               self.y + self.row - .6, color=fill, lw=0)
        self.write(x + (width - 1.2) / 2, word, color=ink, ha='center')
        if css.endswith('u'):
            self.axes.plot([x + 3, x + width - 4], [self.y + 11.6] * 2, ':',
                           color=ink, lw=.8)

    def words(self, rows):
        """Rows of the same words, cut into lines that fit the width."""
        widths = [self.measure(clean(word)) + 7 for word, _, _ in rows[0][1]]
        for line in _fill(widths, self.width - self.indent):
            starts = self.indent + np.cumsum([0, *widths[line]])
            for method, cells in rows:
                self.write(0, method.replace('_', ' '), color=self.grey)
                for x, width, (word, css, _) in zip(starts, widths[line],
                                                    cells[line],
                                                    strict=False):
                    self.box(x, width, css, clean(word))
                self.y += self.row
            self.y += 4

    def text(self, record):
        heading = _heading(record)
        width = 1.03 * self.measure(heading, 'bold')  # 3 % for rounding
        self.write(0, heading, weight='bold',
                   size=8 * min(1, self.width / max(width, 1)))
        self.y += self.row + 2
        for rows in coloured_rows(record):
            self.words(rows)
        self.y += 8

    def legend(self):
        text, step = 'against the prediction', 7
        self.write(self.indent, text, color=self.grey)
        x = self.indent + self.measure(text) + 8
        for css in CLASSES:
            self.box(x, step + 1.2, css)
            x += step
        self.write(x + 7, 'supports it', color=self.grey)
        self.y += self.row + 4


def _fill(widths, width):
    """Slices of consecutive boxes that fit a line; at least one in each."""
    start, used = 0, 0
    for i, w in enumerate(widths):
        if used + w > width and i > start:
            yield slice(start, i)
            start, used = i, 0
        used += w
    if widths:
        yield slice(start, len(widths))


def draw_saliency(path, records, width=6.3):
    """Texts for a paper: a row of words in coloured boxes for each method.

    Colours as on the page; the largest absolute score of a text and method
    has the full colour.

    Args:
        path: ends in .png, .svg or .pdf.
        records: iterable of dicts, see the head of ``visualize``.
        width (float): inches; the height follows from the texts.

    Raises:
        ValueError: unknown ending, or records that
            ``visualize.render_page`` refuses.
    """
    records = load_records(records)
    kind = 'pair' if any(len(r['words']) == 2 for r in records) else 'single'

    def lay_out(axes=None):
        sheet = _Sheet(width * 72 - 8, palette(kind), axes)
        for record in records:
            sheet.text(record)
        sheet.legend()
        return sheet.y

    def draw(figure):
        axes = figure.add_axes((0, 0, 1, 1), xlim=(-4, width * 72 - 4),
                               ylim=(height, 0))
        axes.axis('off')
        lay_out(axes)

    height = lay_out()
    _save(path, draw, (width, height / 72))


def draw_reliability(path, panels):
    """Reliability diagrams side by side, the counts of the bins below.

    A bar is the accuracy of a bin, the line its mean confidence: they meet
    where the classifier is calibrated (Guo et al. 2017, section 2).

    Args:
        path: ends in .png, .svg or .pdf.
        panels: list of (title, curve); a curve has the arrays ``edges``
            (n + 1,), ``counts``, ``confidence`` and ``accuracy`` (n,), NaN
            where a bin is empty, and may have a float ``ece``.
    """
    panels = _some(panels, 'panel')

    def draw(figure):
        axes = figure.subplots(2, len(panels), squeeze=False, sharex=True,
                               sharey='row', height_ratios=(3, 1))
        for (title, curve), (upper, lower) in zip(panels, axes.T,
                                                  strict=True):
            left, step = curve.edges[:-1], np.diff(curve.edges)
            filled = np.asarray(curve.counts) > 0
            upper.bar(left, np.where(filled, curve.accuracy, 0), step,
                      align='edge', color=COLOURS[5], edgecolor='white')
            upper.plot([0, 1], [0, 1], ':', color='#777777', lw=1)
            upper.plot(np.asarray(curve.confidence)[filled],
                       np.asarray(curve.accuracy)[filled], 'o-', ms=3, lw=1,
                       color=COLOURS[1])
            if getattr(curve, 'ece', None) is not None:
                upper.text(.04, .93, f'ECE {100 * curve.ece:.1f} %',
                           transform=upper.transAxes, va='top')
            upper.set(title=title, xlim=(0, 1), ylim=(0, 1))
            lower.bar(left, curve.counts, step, align='edge',
                      color='#b5b5b5', edgecolor='white')
            lower.set_xlabel('confidence')
        axes[0, 0].set_ylabel('accuracy')
        axes[1, 0].set_ylabel('texts')
        figure.set_layout_engine('constrained')

    _save(path, draw, (.5 + 2.6 * len(panels), 3.4))


def _some(items, name):
    items = list(items.items() if isinstance(items, Mapping) else items)
    if not items:
        raise ValueError(f'there is no {name} to draw; give at least one')
    return items


def draw_histogram(path, groups, xlabel, n_bins=20):
    """Shares of the values of several groups, outlined over each other.

    Args:
        path: ends in .png, .svg or .pdf.
        groups: {name: (n,) floats} or a list of pairs; each group's bars sum
            to 1, so that a small group is seen beside a large one.
        xlabel (str): what the values are.
    """
    groups = [(name, np.asarray(values, float))
              for name, values in _some(groups, 'group')]
    every = np.concatenate([values for _, values in groups])
    low, high = min(every.min(initial=0), 0), max(every.max(initial=0), 1)

    def draw(figure):
        axes = figure.subplots()
        for i, (name, values) in enumerate(groups):
            counts, edges = np.histogram(values, n_bins, (low, high))
            axes.stairs(counts / max(len(values), 1), edges, fill=True,
                        alpha=.22, color=COLOURS[i % len(COLOURS)])
            axes.stairs(counts / max(len(values), 1), edges, lw=1.4,
                        color=COLOURS[i % len(COLOURS)], ls=DASHES[i % 4],
                        label=_label(f'{name} (n = {len(values):,})'))
        axes.set(xlabel=xlabel, ylabel='share of the group', xlim=(low, high))
        axes.legend()
        figure.set_layout_engine('constrained')

    _save(path, draw, (4.2, 2.6))


def draw_accuracy_coverage(path, curves):
    """Accuracy on the texts kept, against the share of texts kept.

    Args:
        path: ends in .png, .svg or .pdf.
        curves: list of (name, coverage, accuracy), floats in [0, 1].
    """
    curves = _some(curves, 'curve')

    def draw(figure):
        axes = figure.subplots()
        for i, (name, coverage, accuracy) in enumerate(curves):
            axes.plot(coverage, accuracy, lw=1.5, label=_label(name),
                      color=COLOURS[i % len(COLOURS)], ls=DASHES[i % 4])
        axes.set(xlabel='coverage (share of texts answered)',
                 ylabel='accuracy on these', xlim=(0, 1))
        axes.legend()
        figure.set_layout_engine('constrained')

    _save(path, draw, (4.2, 2.8))
