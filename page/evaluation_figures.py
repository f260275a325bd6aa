"""Figures of an evaluation: estimates with intervals, and masking curves."""
from page.drawing import COLOURS, DASHES, write_figure


def write_estimates_figure(path, panels, with_zero=False):
    """Writes figures with their intervals, a row each, panels side by side.

    Args:
        path (str or Path): Ends in .png, .svg or .pdf.
        panels (list of (str, list)): Name of the axis, and for each row its
            name and (value, low, high), floats, or None to draw nothing; the
            rows of all panels have the same names, the first row is at the
            top.
        with_zero (bool): Whether every axis reaches its 0, as those of gaps
            do; it is marked wherever it is.

    Raises:
        ValueError: There is no panel, or a panel without rows.
        UserError: The path has another ending.
    """
    if not panels or not all(rows for _, rows in panels):
        raise ValueError('there is nothing to draw; give at least one panel '
                         'with a row')
    names = [name for name, _ in panels[0][1]]

    def draw(figure):
        axes = figure.subplots(1, len(panels), squeeze=False, sharey=True)[0]
        places = range(len(names))
        for axis, (title, rows) in zip(axes, panels, strict=True):
            for place, (_, estimate) in zip(places, rows, strict=True):
                if estimate is None:
                    continue
                value, low, high = estimate
                axis.plot([low, high], [place, place], color=COLOURS[0],
                          lw=1.4, solid_capstyle='butt')
                axis.plot([value], [place], 'o', ms=4, color=COLOURS[0])
            low, high = axis.get_xlim()
            if with_zero or low < 0 < high:
                axis.axvline(0, color='#888888', lw=.8)
            axis.set(xlabel=title)
            axis.grid(axis='x', color='#e5e5e5', lw=.6)
            axis.set_axisbelow(True)
        axes[0].set_yticks(list(places), names)
        axes[0].invert_yaxis()
        figure.set_layout_engine('constrained')

    write_figure(path, draw, (1.2 + 2.6 * len(panels),
                              .7 + .19 * len(names)))


def write_masking_figure(path, panels, ylabel):
    """Writes what a judge says while words go, panels side by side.

    Args:
        path (str or Path): Ends in .png, .svg or .pdf.
        panels (list of (str, list)): Title, and for each curve its name and
            floats (K,), K at least 2, at equally spaced shares of the words
            from 0 to 1.
        ylabel (str): What the values are.

    Raises:
        ValueError: There is no panel.
        UserError: The path has another ending.
    """
    if not panels:
        raise ValueError('there is nothing to draw; give at least one panel')

    def draw(figure):
        axes = figure.subplots(1, len(panels), squeeze=False, sharey=True)[0]
        for axis, (title, curves) in zip(axes, panels, strict=True):
            for i, (name, values) in enumerate(curves):
                shares = [100 * step / (len(values) - 1)
                          for step in range(len(values))]
                axis.plot(shares, values, lw=1.4, label=name,
                          color=COLOURS[i % len(COLOURS)],
                          ls=DASHES[i % len(DASHES)])
            axis.set(title=title, xlabel='words left out, %', xlim=(0, 100))
        axes[0].set_ylabel(ylabel)
        axes[-1].legend(loc='center left', bbox_to_anchor=(1, .5))
        figure.set_layout_engine('constrained')

    write_figure(path, draw, (1.8 + 2.6 * len(panels), 2.6))
