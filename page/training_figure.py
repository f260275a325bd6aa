"""Figure of a training, epoch by epoch."""
from page.drawing import COLOURS, DASHES, write_figure

PARTS = {'main': 'training', 'validation/main': 'validation'}


def write_training_figure(path, log, name):
    """Writes how a value changes from epoch to epoch.

    Args:
        path (str or Path): Ends in .png, .svg or .pdf.
        log (list of dict): An entry an epoch, as Chainer's LogReport has it:
            ``epoch``, ``main/loss``, ``validation/main/loss``, ...
        name (str): ``'loss'`` or ``'accuracy'``.

    Raises:
        UserError: The path has another ending.
    """
    epochs = [entry['epoch'] for entry in log]

    def draw(figure):
        axes = figure.subplots()
        for (key, label), colour, dashes in zip(PARTS.items(), COLOURS,
                                                DASHES, strict=False):
            axes.plot(epochs, [entry[f'{key}/{name}'] for entry in log],
                      marker='o', ms=3, lw=1.4, ls=dashes, color=colour,
                      label=label)
        axes.set(xlabel='epoch', ylabel=name)
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.legend()
        figure.set_layout_engine('constrained')

    write_figure(path, draw, (4.2, 2.6))
