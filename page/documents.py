"""What every HTML page shares: where templates are, what a page may do."""
import base64
import hashlib
from pathlib import Path

import jinja2

from files.tables import dataset_title
from page import wording
from page.rows import clean
from saliency.records import source_words

TEMPLATES = Path(__file__).with_name('templates')


def environment():
    """Where templates are rendered: all that they are given is escaped.

    Returns:
        jinja2.Environment: Characters that HTML forbids become U+FFFD; a
        name that a template does not have is an error.
    """
    env = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True,
        trim_blocks=True, lstrip_blocks=True,
        undefined=jinja2.StrictUndefined, finalize=clean)
    env.filters['number'] = lambda value: (
        '–' if value is None else f'{value:.3f}')
    env.filters.update(percent=wording.percent, unusual=wording.unusual,
                       set_meaning=wording.set_meaning,
                       dataset_title=dataset_title,
                       source_words=source_words)
    env.policies['json.dumps_kwargs'] = {
        'separators': (',', ':'), 'allow_nan': False,
        'default': lambda scalar: scalar.item()}  # NumPy's numbers
    return env


def policy(more=(), /, **content):
    """A content security policy: what a page holds, and no network.

    Args:
        more (iterable of str): What is allowed besides.
        content (str): ``style``, ``script``: the text between these tags.

    Returns:
        str: All else is forbidden.
    """
    allowed = {name: 'sha256-' + base64.b64encode(
        hashlib.sha256(text.encode()).digest()).decode()
        for name, text in content.items()}
    return '; '.join([
        "default-src 'none'",
        *(f"{name}-src '{digest}'" for name, digest in allowed.items()),
        *more,
        "base-uri 'none'", "form-action 'none'"])
