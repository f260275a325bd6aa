"""Figures of calibration: reliability, histograms, accuracy and coverage.

They take curves and values as ``metrics`` computes them.
"""
from collections.abc import Mapping

import numpy as np

from page.drawing import COLOURS, DASHES, write_figure


def write_reliability_figure(path, panels):
    """Writes reliability diagrams side by side, the counts of the bins below.

    A bar is the accuracy of a bin, the line connects its mean confidence and
    accuracy; it lies on the diagonal where the classifier is calibrated (Guo
    et al. 2017, section 2).

    Args:
        path (str or Path): Ends in .png, .svg or .pdf.
        panels (iterable of (str, ReliabilityCurve)): Title and curve of each
            diagram, at least one.  A curve has the arrays ``edges``
            (n_bins + 1,), ``counts``, ``confidence`` and ``accuracy``
            (n_bins,), NaN where a bin is empty.

    Raises:
        ValueError: There is no panel.
        UserError: The path has another ending.
    """
    panels = _at_least_one(panels, 'panel')

    def draw(figure):
        axes = figure.subplots(2, len(panels), squeeze=False, sharex=True,
                               sharey='row', height_ratios=(3, 1))
        for (title, curve), (upper, lower) in zip(panels, axes.T,
                                                  strict=True):
            left, step = curve.edges[:-1], np.diff(curve.edges)
            filled = curve.counts > 0
            upper.bar(left, np.where(filled, curve.accuracy, 0), step,
                      align='edge', color=COLOURS[5], edgecolor='white')
            upper.plot([0, 1], [0, 1], ':', color='#777777', lw=1)
            upper.plot(curve.confidence[filled], curve.accuracy[filled],
                       'o-', ms=3, lw=1, color=COLOURS[1])
            upper.set(title=title, xlim=(0, 1), ylim=(0, 1))
            lower.bar(left, curve.counts, step, align='edge',
                      color='#b5b5b5', edgecolor='white')
            lower.set_xlabel('confidence')
        axes[0, 0].set_ylabel('accuracy')
        axes[1, 0].set_ylabel('texts')
        figure.set_layout_engine('constrained')

    write_figure(path, draw, (.5 + 2.6 * len(panels), 3.4))


def write_histogram_figure(path, groups, xlabel, n_bins=20):
    """Writes the shares of values of several groups, outlined over each other.

    Args:
        path (str or Path): Ends in .png, .svg or .pdf.
        groups (dict or iterable of (str, array_like)): Name and values,
            floats (n,), of each group, at least one.  The bars of a group
            sum to 1, so that a small group is seen beside a large one.
        xlabel (str): What the values are.
        n_bins (int): Bars of a group, from 0, or the least value below it,
            to 1, or the greatest above it.

    Raises:
        ValueError: There is no group.
        UserError: The path has another ending.
    """
    groups = [(name, np.asarray(values, float))
              for name, values in _at_least_one(groups, 'group')]
    every = np.concatenate([values for _, values in groups])
    low, high = min(every.min(initial=0), 0), max(every.max(initial=0), 1)

    def draw(figure):
        axes = figure.subplots()
        for i, (name, values) in enumerate(groups):
            counts, edges = np.histogram(values, n_bins, (low, high))
            axes.stairs(counts / max(len(values), 1), edges, fill=True,
                        alpha=.22, color=COLOURS[i % len(COLOURS)])
            axes.stairs(counts / max(len(values), 1), edges, lw=1.4,
                        label=_legend_label(f'{name} (n = {len(values):,})'),
                        **_line_style(i))
        axes.set(xlabel=xlabel, ylabel='share of the group', xlim=(low, high))
        axes.legend()
        figure.set_layout_engine('constrained')

    write_figure(path, draw, (4.2, 2.6))


def write_accuracy_coverage_figure(path, curves):
    """Writes the accuracy on the texts answered against their share.

    Args:
        path (str or Path): Ends in .png, .svg or .pdf.
        curves (iterable of (str, array_like, array_like)): Name, coverage
            (K,) and accuracy (K,), floats in [0, 1], of each curve, at least
            one.

    Raises:
        ValueError: There is no curve.
        UserError: The path has another ending.
    """
    curves = _at_least_one(curves, 'curve')

    def draw(figure):
        axes = figure.subplots()
        for i, (name, coverage, accuracy) in enumerate(curves):
            axes.plot(coverage, accuracy, lw=1.5, label=_legend_label(name),
                      **_line_style(i))
        axes.set(xlabel='coverage (share of texts answered)',
                 ylabel='accuracy on these', xlim=(0, 1))
        axes.legend()
        figure.set_layout_engine('constrained')

    write_figure(path, draw, (4.2, 2.8))


def _at_least_one(items, name):
    items = list(items.items() if isinstance(items, Mapping) else items)
    if not items:
        raise ValueError(f'there is no {name} to draw; give at least one')
    return items


def _line_style(i):
    """Colour and dashes of the i-th line."""
    return {'color': COLOURS[i % len(COLOURS)], 'ls': DASHES[i % len(DASHES)]}


def _legend_label(name):
    """Matplotlib drops labels that begin with an underscore from legends."""
    return ' ' + name if name.startswith('_') else name
