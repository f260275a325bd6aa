"""The figure of explained texts: words in coloured boxes.

First everything is placed, in points, which gives the height of the figure;
then it is painted.
"""
import itertools
from typing import NamedTuple

from page.colours import CLASSES, palette, palette_kind
from page.drawing import STYLE, write_figure
from page.rows import clean, coloured_texts
from page.scales import method_scales
from saliency.records import check_records, without_eos

# In points
ROW = 13.5  # height of a row of boxes
INDENT = 66  # where the boxes begin, right of the method's name
GAP = 1.2  # between two boxes
LEADING = 4  # between two lines of a text
TYPE = 8  # size of the type
STEP = 7  # width of a box of the legend
EDGE = 4  # left and right of everything
GREY = '#555555'


def write_saliency_figure(path, records, width=6.3):
    """Writes a figure of texts: for each method a row of coloured words.

    Colours as on the page: a method has one scale for all texts
    (``page.scales``), and the legend says what has the full colour.  A dotted
    line marks words that the model does not know.

    Args:
        path (str or Path): Ends in .png, .svg or .pdf.
        records (iterable of dict): Records (``saliency.records``), at least
            one.
        width (float): Inches; the height follows from the texts.

    Raises:
        UserError: The path has another ending, or the records are such that
            ``visualize.render_page`` refuses them.
    """
    records = [without_eos(record) for record in records]
    check_records(records)
    layout = _Layout(width * 72 - 2 * EDGE)
    scales = method_scales(records)
    for record in records:
        layout.add_record(record, scales)
    layout.add_legend(scales)
    fills = dict(zip(CLASSES, palette(palette_kind(records)), strict=True))

    def draw(figure):
        axes = figure.add_axes((0, 0, 1, 1), ylim=(layout.y, 0),
                               xlim=(-EDGE, width * 72 - EDGE))
        axes.axis('off')
        for item in layout.items:
            item.paint(axes, fills)

    write_figure(path, draw, (width, layout.y / 72))


class _Text(NamedTuple):
    """A text beginning (or centred) at x, in the row that begins at y."""

    x: float
    y: float
    text: str
    options: dict

    def paint(self, axes, fills):
        axes.text(self.x, self.y + ROW / 2, self.text,
                  va='center_baseline', **self.options)


class _Box(NamedTuple):
    """A word on the colour of its CSS class, underlined if unknown."""

    x: float
    y: float
    width: float  # with the gap to the next box
    css: str
    word: str

    def paint(self, axes, fills):
        fill, ink = fills.get(self.css.split(' ')[0], ('none', '#000000'))
        axes.fill_between([self.x, self.x + self.width - GAP], self.y + .6,
                          self.y + ROW - .6, color=fill, lw=0)
        word = _Text(self.x + (self.width - GAP) / 2, self.y, self.word,
                     {'color': ink, 'ha': 'center'})
        word.paint(axes, fills)
        if self.css.endswith('u'):
            axes.plot([self.x + 3, self.x + self.width - 4],
                      [self.y + 11.6] * 2, ':', color=ink, lw=.8)


class _Layout:
    """Places texts and boxes from top to bottom.

    Attributes:
        items (list): ``_Text`` and ``_Box``, in the order of painting.
        y (float): Where the next row begins; at last the height.
    """

    def __init__(self, width):
        from matplotlib.backends.backend_agg import RendererAgg
        from matplotlib.font_manager import FontProperties
        self.width, self.y, self.items = width, 4., []
        self._fonts = {weight: FontProperties(family=STYLE['font.family'],
                                              size=TYPE, weight=weight)
                       for weight in ('normal', 'bold')}
        self._renderer = RendererAgg(8, 8, 72)  # only measures

    def add_record(self, record, scales):
        heading = _heading(record)
        needed = 1.03 * self._measure(heading, 'bold')  # 3 % for rounding
        self._text(0, heading, weight='bold',
                   size=TYPE * min(1, self.width / max(needed, 1)))
        self.y += ROW + 2
        for text in coloured_texts(record, scales):
            self._add_rows(text)
        self.y += 8

    def add_legend(self, scales):
        text = 'against the prediction'
        self._text(INDENT, text, color=GREY)
        x = INDENT + self._measure(text) + 8
        for css in CLASSES:
            self._box(x, STEP + GAP, css, '')
            x += STEP
        self._text(x + 7, 'supports it', color=GREY)
        self.y += ROW
        said = [f'{method.replace("_", " ")} {scale.full:.2g}'
                for method, scale in scales.items()]
        said = [clean(f'full colour: {said[0]}'), *map(clean, said[1:])]
        widths = [self._measure(f'{part},  ') for part in said]
        for line in _fitting_lines(widths, self.width - INDENT):
            self._text(INDENT, ',  '.join(said[line]), color=GREY)
            self.y += ROW
        self.y += 4

    def _add_rows(self, text):
        """The rows of a text, cut into lines that fit the width."""
        words = [clean(word) for word in text.words]
        widths = [self._measure(word) + 7 for word in words]
        for line in _fitting_lines(widths, self.width - INDENT):
            starts = [INDENT + used for used in itertools.accumulate(
                widths[line], initial=0)]
            for row in text.rows:
                self._text(0, row.name.replace('_', ' '), color=GREY)
                for box in zip(starts, widths[line], row.css[line],
                               words[line], strict=False):
                    self._box(*box)
                self.y += ROW
            self.y += LEADING

    def _text(self, x, text, **options):
        self.items.append(_Text(x, self.y, text, options))

    def _box(self, x, width, css, word):
        self.items.append(_Box(x, self.y, width, css, word))

    def _measure(self, text, weight='normal'):
        """Width of a text in points."""
        return self._renderer.get_text_width_height_descent(
            text, self._fonts[weight], ismath=False)[0]


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


def _fitting_lines(widths, width):
    """Slices of consecutive boxes that fit a line; at least one in each."""
    start, used = 0, 0
    for i, w in enumerate(widths):
        if used + w > width and i > start:
            yield slice(start, i)
            start, used = i, 0
        used += w
    if widths:
        yield slice(start, len(widths))
