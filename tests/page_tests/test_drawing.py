"""Figures as files: formats, the same bytes again, what is refused."""
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from drawn_figures import CURVE
from page_records import make_pair, make_record

import page
from page import figures

FIGURES = {
    'saliency': lambda path: figures.write_saliency_figure(
        path, [make_record(['$x_1$', '_a', '<b>&'])]),
    'pair': lambda path: figures.write_saliency_figure(path, [make_pair()]),
    'reliability': lambda path: figures.write_reliability_figure(
        path, [('_before $x_1$', CURVE), ('after', CURVE)]),
    'histogram': lambda path: figures.write_histogram_figure(
        path, {'_right $x_1$': [.9, .8], 'wrong': []}, 'credibility $x_1$'),
    'coverage': lambda path: figures.write_accuracy_coverage_figure(
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
    code = ('import sys; from page.figures import *; '
            "write_histogram_figure(sys.argv[1], {'a': [1.]}, 'x'); "
            "assert 'matplotlib.pyplot' not in sys.modules")
    subprocess.run([sys.executable, '-c', code, tmp_path / 'a.png'],
                   check=True, cwd=Path(page.__file__).parents[1])


def test_figures_refuse(tmp_path):
    with pytest.raises(ValueError, match=r"'.gif'.*\.png, \.svg, \.pdf"):
        FIGURES['coverage'](tmp_path / 'figure.gif')
    for write in (figures.write_reliability_figure,
                  figures.write_accuracy_coverage_figure):
        with pytest.raises(ValueError, match='at least one'):
            write(tmp_path / 'figure.png', [])
    assert os.listdir(tmp_path) == []
