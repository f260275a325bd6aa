"""The figure of a training: a point an epoch, training and validation."""
from drawn_figures import drawn

from page.training_figure import write_training_figure

LOG = [{'epoch': epoch, 'main/loss': loss, 'validation/main/loss': valid,
        'main/accuracy': .5, 'validation/main/accuracy': .25}
       for epoch, loss, valid in [(1, .75, .5), (2, .5, .25), (3, .25, .3)]]


def test_a_point_an_epoch(monkeypatch):
    axes = drawn(monkeypatch, write_training_figure, LOG, 'loss').axes[0]
    training, validation = axes.lines
    assert training.get_xydata().tolist() == [[1, .75], [2, .5], [3, .25]]
    assert validation.get_xydata().tolist() == [[1, .5], [2, .25], [3, .3]]
    assert [line.get_label() for line in axes.lines] == ['training',
                                                         'validation']
    assert axes.get_ylabel() == 'loss'
    axes = drawn(monkeypatch, write_training_figure, LOG[:1],
                 'accuracy').axes[0]
    assert axes.lines[0].get_xydata().tolist() == [[1, .5]]
