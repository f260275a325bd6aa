"""Tables as text, LaTeX, Markdown and JSON."""
import json

from evaluation import tables
from metrics.bootstrap import Estimate

TABLE = tables.Table('toy', 'a_b & c', ['x', 'share'], [
    ('one', [1234, Estimate(.25, .125, .5)]),
    ('50 %_two', [None, 'a < b'])], 'a note')


def test_text():
    assert tables.as_text(TABLE) == (
        'a_b & c\n'
        '                x                 share\n'
        '  one       1,234  0.250 [0.125, 0.500]\n'
        '  50 %_two      -                 a < b\n'
        '  (a note)')


def test_latex():
    lines = tables.as_latex(TABLE).splitlines()
    assert lines[:4] == ['% a_b & c', '% a note', r'\begin{tabular}{lrr}',
                         r'\toprule']
    assert lines[4] == r' & x & share \\'
    assert lines[6] == (r'one & 1,234 & $0.250$ {\scriptsize '
                        r'$[0.125, 0.500]$} \\')
    assert lines[7] == r'50 \%\_two & - & a \textless{} b \\'


def test_markdown():
    assert tables.as_markdown(TABLE).splitlines()[2] == (
        '| one | 1,234 | 0.250 [0.125, 0.500] |')


def test_json_and_back():
    value = json.loads(json.dumps(tables.as_json(TABLE)))
    assert value['rows'][0]['cells'] == [
        1234, {'value': .25, 'low': .125, 'high': .5}]
    assert tables.from_json(value) == TABLE
