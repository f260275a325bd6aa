"""Which words a prediction is due to: methods, the explainer, its records.

``saliency.load_explainer`` is the Python interface (docs/python.md).  It is
imported when it is asked for: this package stays free of Chainer and the page.
"""
import importlib

# Name -> module above this package that has it
_INTERFACE = {'load_explainer': 'interactive.explainer'}


def __getattr__(name):
    if name not in _INTERFACE:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    return getattr(importlib.import_module(_INTERFACE[name]), name)


def __dir__():
    return sorted([*globals(), *_INTERFACE])
