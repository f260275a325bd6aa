"""The figures of an evaluation: what is drawn, taken apart again."""
import pytest
from drawn_figures import drawn

from page.evaluation_figures import (
    write_estimates_figure,
    write_masking_figure,
)


def test_estimates_and_their_intervals(monkeypatch):
    figure = drawn(monkeypatch, write_estimates_figure, [
        ('share', [('one', (.5, .25, 1.)), ('two', (2., 1., 3.))]),
        ('gap', [('one', None), ('two', (1.5, 0., 2.))])])
    left, right = figure.axes
    assert [line.get_xydata().tolist() for line in left.lines] == [
        [[.25, 0], [1, 0]], [[.5, 0]], [[1, 1], [3, 1]], [[2, 1]]]
    assert [line.get_xydata().tolist() for line in right.lines] == [
        [[0, 1], [2, 1]], [[1.5, 1]], [[0, 0], [0, 1]]]  # and where 0 is
    assert [label.get_text() for label in left.get_yticklabels()] == [
        'one', 'two']
    assert left.yaxis_inverted() and left.get_xlabel() == 'share'


def test_gaps_reach_to_zero(monkeypatch):
    panels = [('gap', [('one', (.5, .25, 1.))])]
    (without,) = drawn(monkeypatch, write_estimates_figure, panels).axes
    assert len(without.lines) == 2 and without.get_xlim()[0] > 0
    (within,) = drawn(monkeypatch, write_estimates_figure, panels, True).axes
    assert len(within.lines) == 3 and within.get_xlim()[0] <= 0


def test_masking_curves(monkeypatch):
    figure = drawn(monkeypatch, write_masking_figure, [
        ('first', [('a', [1., .5, 0.])]), ('last', [('a', [1., 1., 0.])])],
        'probability')
    left, right = figure.axes
    assert left.lines[0].get_xydata().tolist() == [
        [0, 1], [50, .5], [100, 0]]
    assert right.get_title() == 'last'
    assert left.get_ylabel() == 'probability'


@pytest.mark.parametrize('write, arguments', [
    (write_estimates_figure, [[]]), (write_estimates_figure, [[('x', [])]]),
    (write_masking_figure, [[], 'y'])])
def test_nothing_to_draw(tmp_path, write, arguments):
    with pytest.raises(ValueError, match='nothing to draw'):
        write(tmp_path / 'x.png', *arguments)
