"""What all figures share: one style, and files of the same bytes every time.

A figure is written as PNG, SVG or PDF, whole or not at all.
"""
import io
from pathlib import Path

from errors import UserError
from files import atomic

# Okabe and Ito's colours, told apart with any kind of colour vision
COLOURS = ('#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9')
DASHES = ('-', '--', '-.', ':')

# Suffix -> what keeps savefig from writing the time of day into the file
FORMATS = {'.png': {}, '.svg': {'Date': None}, '.pdf': {'CreationDate': None}}
STYLE = {
    'font.family': 'DejaVu Sans', 'font.size': 8, 'axes.spines.top': False,
    'axes.spines.right': False, 'axes.titlesize': 9, 'legend.frameon': False,
    'pdf.fonttype': 42, 'svg.fonttype': 'none', 'svg.hashsalt': 'figure',
    'text.parse_math': False, 'text.usetex': False,
}


def write_figure(path, draw, size):
    """Draws a figure and writes it to a file.

    Args:
        path (str or Path): Ends in .png, .svg or .pdf.
        draw (callable): Function (matplotlib Figure), called in ``STYLE``;
            it draws on the figure.
        size ((float, float)): Width and height in inches.

    Raises:
        UserError: The path has another ending.
    """
    import matplotlib
    from matplotlib.figure import Figure  # not pyplot: no display, no state
    kind = Path(path).suffix.lower()
    if kind not in FORMATS:
        raise UserError(f'{str(path)!r} ends in {kind!r}; figures are '
                        f'written as {", ".join(FORMATS)}')
    buffer = io.BytesIO()
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=size, dpi=200)
        draw(figure)
        figure.savefig(buffer, format=kind[1:], metadata=FORMATS[kind])
    atomic.write_bytes(path, buffer.getvalue())
