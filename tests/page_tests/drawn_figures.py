"""A reliability curve, and figures kept instead of written."""
import sys

import numpy as np

from metrics.reliability import ReliabilityCurve

CURVE = ReliabilityCurve(
    edges=np.array([0, .5, 1]), counts=np.array([0, 8]),
    confidence=np.array([np.nan, .9]), accuracy=np.array([np.nan, .75]))


def drawn(monkeypatch, write, *args):
    """The matplotlib figure that a function of ours would write."""
    from matplotlib.figure import Figure
    kept = []

    def keep(path, draw, size):
        kept.append(Figure(figsize=size))
        draw(kept[0])

    monkeypatch.setattr(sys.modules[write.__module__], 'write_figure', keep)
    write('unused.png', *args)
    return kept[0]
