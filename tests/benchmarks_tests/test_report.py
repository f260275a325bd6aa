"""Tables, plots and documents of made-up results."""
import compat  # noqa: F401  (before Chainer)

import json

import pytest
import toys
from matplotlib.figure import Figure

from benchmarks import report
from errors import UserError
from tools import pages

DOCS = toys.ROOT / 'docs'
PAGE = f'# A page\r\n\nText.\n\n{pages.BEGIN}\nold\n{pages.END}\n\nMore |text|'
RESULT = {
    'machine': '2 cores',
    'ratios': [{'stage': 'one', 'peer': 'faiss', 'ours': 1.234,
                'theirs': 2.5, 'ratio': .49361, 'target': 1}]}
COMMANDS = {
    'commands': [{'stage': 'a.py --help', 'seconds': .456, 'target': 1.5},
                 {'stage': 'b.py', 'seconds': 3, 'target': 12}],
    'peak_memory_mb': 212.6}
PARTS = {'parts': [{'model': model, 'part': part, 'seconds': seconds}
                   for model, part, seconds in [
                       ('cnn', 'build', 1), ('cnn', 'test', 2.345),
                       ('rnn', 'build', 3), ('rnn', 'test', 4)]]}
GROWTH = {
    'growth_n': [{'n': n, 'search': name, 'ms': n * factor}
                 for n in (10, 100) for name, factor in (('a', 1), ('b', 2))],
    'growth_k': [{'k': k, 'search': 'a', 'ms': 2. * k} for k in (1, 5)],
    'growth_length': [
        {'model': model, 'words': words, 'way': way, 'ms': words / 10}
        for model in ('cnn', 'bow') for words in (5, 20)
        for way in report.WAYS]}
RATIO_TABLE = '''\
| stage | peer | this project, s | peer, s | ratio | target |
|---|---|---|---|---|---|
| one | faiss | 1.23 | 2.50 | 0.494 | 1.00 |'''
COMMAND_TABLE = '''\
| command | seconds | target |
|---|---|---|
| `a.py --help` | 0.46 | 1.5 |
| `b.py` | 3.00 | 12 |
| peak memory of `run_dknn.py`, MB | 213 | 600 |'''
PART_TABLE = '''\
| where the time goes, s | cnn | rnn |
|---|---|---|
| build | 1.00 | 3.00 |
| test | 2.35 | 4.00 |'''


@pytest.fixture
def docs(tmp_path):
    (tmp_path / report.PAGE).write_bytes(PAGE.encode())
    return tmp_path


def between(docs):
    text = (docs / report.PAGE).read_bytes().decode()
    before, after = PAGE.split('\nold\n')
    assert text.startswith(before) and text.endswith(after)
    return text[len(before):-len(after)]


# -------------------------------------------------------------------- tables

def test_tables_by_hand():
    assert report.table({**RESULT, **COMMANDS, **PARTS}) == '\n\n'.join(
        [RATIO_TABLE, COMMAND_TABLE, PART_TABLE])


def test_what_was_not_measured_is_left_out():
    assert report.table(RESULT) == RATIO_TABLE
    assert report.table({**RESULT, 'ratios': [], **COMMANDS}) == COMMAND_TABLE


def test_each_kind_of_kernels_has_its_heading():
    text = report.tables({'SkylakeX': RESULT,
                          'Haswell': {**RESULT, 'machine': '4 cores'}})
    assert text == (
        f'### OpenBLAS kernels Haswell\n\n4 cores.\n\n{RATIO_TABLE}\n\n'
        f'### OpenBLAS kernels SkylakeX\n\n2 cores.\n\n{RATIO_TABLE}')


def test_the_page_shows_the_figures_beside_it():
    """docs/performance.md was written from docs/performance.json."""
    results = json.loads((DOCS / report.JSON).read_text('utf-8'))
    text = (DOCS / report.PAGE).read_text('utf-8')
    shown = text.partition(pages.BEGIN)[2].partition(pages.END)[0]
    assert shown.strip() == report.tables(results)


# --------------------------------------------------------------------- plots

def test_what_the_plots_show(monkeypatch):
    figures = []

    def write_figure(path, draw, size):
        assert path == 'a.png'
        figures.append(Figure(figsize=size))
        draw(figures[0])

    monkeypatch.setattr(report, 'write_figure', write_figure)
    report.plot({**RESULT, **GROWTH}, 'a.png')
    left, middle, right = [
        {line.get_label(): [list(line.get_xdata()), list(line.get_ydata())]
         for line in ax.lines} for ax in figures[0].axes]
    assert left == {'a': [[10, 100], [10, 100]], 'b': [[10, 100], [20, 200]]}
    assert middle == {'a': [[1, 5], [2, 10]]}
    assert right == {f'{model}, {way}': [[5, 20], [.5, 2]]
                     for model in ('cnn', 'bow') for way in report.WAYS}
    assert [ax.get_xlabel() for ax in figures[0].axes] == [
        'indexed examples', 'neighbours k', 'words in the text']
    assert [ax.get_ylabel() for ax in figures[0].axes] == [
        'ms a query', 'ms a query', 'ms a variant']
    assert {ax.get_xscale() for ax in figures[0].axes} == {'log'}


# ----------------------------------------------------------------- documents

def test_documents_are_written(docs):
    result = {**RESULT, **COMMANDS, **PARTS, **GROWTH}
    report.write_documents(docs, 'Zen', result)
    assert json.loads((docs / report.JSON).read_text('utf-8')) == {
        'Zen': result}
    assert between(docs) == f'\n\n{report.tables({"Zen": result})}\n\n'
    assert (docs / report.PLOTS).read_bytes().startswith(b'\x89PNG')
    assert {path.name for path in docs.iterdir()} == {
        report.JSON, report.PAGE, report.PLOTS}


def test_what_was_not_measured_stays(docs):
    """Of these kernels the plots' and commands' figures, of others all."""
    report.write_documents(docs, 'Zen', {**RESULT, **COMMANDS, **GROWTH})
    report.write_documents(docs, 'Haswell', {**RESULT, 'machine': 'other'})
    (docs / report.PLOTS).write_bytes(b'plots')
    changed = {**RESULT, 'machine': '8 cores', **PARTS}
    report.write_documents(docs, 'Zen', changed)
    results = json.loads((docs / report.JSON).read_text('utf-8'))
    assert results == {'Zen': {**COMMANDS, **GROWTH, **changed},
                       'Haswell': {**RESULT, 'machine': 'other'}}
    assert between(docs).strip() == report.tables(results)
    assert (docs / report.PLOTS).read_bytes() == b'plots'


@pytest.mark.parametrize('page', [None, 'no marks', pages.BEGIN])
def test_without_a_place_for_the_tables_nothing_is_written(tmp_path, page):
    if page is not None:
        (tmp_path / report.PAGE).write_text(page)
    before = toys.listing(tmp_path)
    with pytest.raises(UserError, match=report.PAGE):
        report.write_documents(tmp_path, 'Zen', {**RESULT, **GROWTH})
    assert toys.listing(tmp_path) == before


def test_a_failure_leaves_the_documents_as_they_were(docs, monkeypatch):
    report.write_documents(docs, 'Zen', {**RESULT, **GROWTH})
    before = toys.listing(docs)
    with pytest.raises(KeyError):
        report.write_documents(docs, 'Zen', {**RESULT, 'ratios': [{}]})
    with pytest.raises(TypeError):
        report.write_documents(docs, 'Zen', {**RESULT, 'machine': object()})
    assert toys.listing(docs) == before


def test_kernels_are_those_of_numpy(monkeypatch):
    libraries = [
        {'filepath': f'/site-packages/{package}.libs/lib.so',
         'internal_api': api, 'architecture': name} for package, api, name in
        [('faiss', 'openblas', 'Zen'), ('numpy', 'openmp', 'x'),
         ('numpy', 'openblas', 'Haswell'), ('scipy', 'openblas', 'Prescott')]]
    monkeypatch.setattr(report, 'threadpool_info', lambda: libraries)
    assert report.kernels() == 'Haswell'
    del libraries[2]
    assert report.kernels() == 'other'
