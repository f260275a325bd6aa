"""Chainer's trainer for a text classifier: order, averaging, end, reports."""
import compat  # noqa: F401  (before Chainer)

import copy
import sys

import chainer
import numpy as np
from chainer import training
from chainer.training import extensions

import nlp_utils
from functions.adam import Adam
from runs import training as run_training

BEST = 'validation/main/accuracy'
VALIDATION_BATCH = 1024
AVERAGE, LOG = 'Average', 'LogReport'  # names of extensions


class Average(training.Extension):
    """Averages a network's parameters over the last steps of its training.

    As in Kingma and Ba (2015), *Adam*, section 7.2, the average moves towards
    the parameters by 1 - b with each step; but in step t, from 1, by
    10 / (9 + t) where that is more, so that early on it is one of about the
    last tenth of all steps.

    Args:
        model (chainer.Chain): The network that is trained.
        decay (float): b in [0, 1); with 0 the average is the network itself.

    Attributes:
        averaged (chainer.Chain): A network of the averages.
    """

    trigger = 1, 'iteration'
    priority = training.PRIORITY_WRITER + 100  # before the evaluation

    def __init__(self, model, decay):
        self.decay = decay
        self.averaged = copy.deepcopy(model) if decay else model
        self._means = dict(self.averaged.namedparams())
        self._last = dict(model.namedparams())

    def __call__(self, trainer):
        if not self.decay:
            return
        rate = max(1 - self.decay, 10 / (9 + trainer.updater.iteration))
        for name, mean in self._means.items():
            mean.array += rate * (self._last[name].array - mean.array)

    def serialize(self, serializer):
        """Stores or restores the averages."""
        if self.decay:
            self.averaged.serialize(serializer)


class Patience:
    """A trigger that ends a training.

    It is decided from the log alone, so a resumed training ends where one
    that was never stopped does.

    Args:
        epoch (int): Most sweeps.
        patience (int): Sweeps without a better validation accuracy.
    """

    def __init__(self, epoch, patience):
        self._epoch, self._patience = epoch, patience

    def __call__(self, trainer):
        accuracies = [entry[BEST]
                      for entry in trainer.get_extension(LOG).log]
        since = len(accuracies) - 1 - np.argmax(accuracies or [0])
        return (trainer.updater.epoch >= self._epoch
                or since >= self._patience)

    def get_training_length(self):
        """The most there can be, for Chainer's progress bar."""
        return self._epoch, 'epoch'


class Updater(training.StandardUpdater):
    """Steps on the training loss and, if asked to, on the adversarial one.

    Args:
        iterator (chainer.dataset.Iterator): Gives encoded examples.
        optimizer (chainer.Optimizer): Of the network to train.
        adversarial (float): As for ``Classifier.backward``.
        team (runs.team.Team): Shares each mini-batch.
    """

    def __init__(self, iterator, optimizer, adversarial, team):
        super().__init__(iterator, optimizer, converter=convert,
                         device=optimizer.target.device)
        self._adversarial = adversarial
        self._team = team

    def update_core(self):
        """Makes a step."""
        optimizer = self.get_optimizer('main')
        model = optimizer.target
        model.cleargrads()
        self._team.backward(
            model, self.get_iterator('main').next(),
            lambda batch: model.backward(
                *self.converter(batch, self.input_device),
                self._adversarial))
        optimizer.update()


class Evaluator(extensions.Evaluator):
    """Chainer's evaluator, its mini-batches shared out.

    All report the mean over all mini-batches, in their order, so that it is
    that of one process.

    Args:
        iterator (chainer.dataset.Iterator): Gives encoded examples, once.
        model (chainer.Chain): On its device.
        team (runs.team.Team): Shares the mini-batches.
    """

    def __init__(self, iterator, model, team):
        super().__init__(iterator, model, converter=convert,
                         device=model.device)
        self._team = team

    def evaluate(self):
        """The means, by name."""
        iterator = self.get_iterator('main')
        iterator.reset()
        found = {}
        for i, batch in self._team.share(list(enumerate(iterator))):
            found[i] = self._evaluate_batch(batch)
        for part in self._team.processes.allgather(found):
            found.update(part)
        summary = chainer.DictSummary()
        for i in sorted(found):
            summary.add(found[i])
        return summary.compute_mean()

    def _evaluate_batch(self, batch):
        model, observed = self.get_target('main'), {}
        with (chainer.reporter.report_scope(observed),
              chainer.no_backprop_mode()):
            model(*self.converter(batch, self.device))
        return {name: chainer.backends.cuda.to_cpu(value)
                for name, value in observed.items()}


class WithoutEscapes:
    """A stream without PrintReport's terminal codes."""

    def __init__(self, stream):
        self.stream = stream

    def write(self, text):
        self.stream.write(text.replace('\033[J', ''))

    def flush(self):
        self.stream.flush()


@chainer.dataset.converter()
def convert(batch, device):
    """A mini-batch as the models take it; labels go to the device."""
    xs, ys = nlp_utils.convert_batch(batch)
    return xs, device.send(ys)


def make_iterator(examples, vocab, batchsize, train, order=None):
    """An iterator over encoded examples.

    Args:
        examples (list of text_datasets.Example): At least one.
        vocab (dict): Word to id.
        batchsize (int): Most examples of a mini-batch.
        train (bool): Whether it goes on for ever, in a new order each time.
        order (numpy.random.RandomState): Draws the orders; by default
            NumPy's own does.

    Returns:
        chainer.iterators.SerialIterator: The iterator.
    """
    encoded = [nlp_utils.encode_example(e, vocab) for e in examples]
    # Chainer would fill a larger batch with the same examples again.
    size = min(batchsize, len(encoded))
    if not train:
        return chainer.iterators.SerialIterator(encoded, size, repeat=False,
                                                shuffle=False)
    return chainer.iterators.SerialIterator(
        encoded, size,
        order_sampler=chainer.iterators.ShuffleOrderSampler(order))


def build_trainer(model, data, vocab, options, place, randomness, team):
    """A trainer that stores a run.

    Args:
        model (chainer.Chain): A new network, on its device.
        data (text_datasets.Dataset): Trained on and validated with.
        vocab (dict): Word to id.
        options (Hyperparameters): How it is trained.
        place (runs.training.Place): Where rank 0 stores it.
        randomness (runs.team.Randomness): Seeded for the first epoch.
        team (runs.team.Team): What it is trained by.

    Returns:
        chainer.training.Trainer: The trainer; it ends by itself.
    """
    average = Average(model, options.average)
    optimizer = Adam(alpha=options.learning_rate)
    optimizer.setup(model)
    updater = Updater(
        make_iterator(data.train, vocab, options.batchsize, train=True,
                      order=randomness.order),
        optimizer, options.adversarial, team)
    trainer = training.Trainer(
        updater, Patience(options.epoch, options.patience), out=place.out)
    trainer.extend(average, name=AVERAGE)
    trainer.extend(Evaluator(
        make_iterator(data.valid, vocab, VALIDATION_BATCH, train=False),
        average.averaged, team))
    is_root = team.processes.is_root
    # Without a name it writes no file
    trainer.extend(extensions.LogReport(log_name='log' if is_root else None),
                   name=LOG)

    def reseed(trainer):
        randomness.start(trainer.updater.epoch)

    trainer.extend(reseed, name='reseed', trigger=(1, 'epoch'),
                   priority=run_training.SEED)
    if is_root:
        _print(trainer, team.processes)
        run_training.extend(trainer, average.averaged, place, BEST)
    return trainer


def _print(trainer, processes):
    """Shows a training's progress."""
    # What mpiexec gives its processes looks like a terminal
    terminal = sys.stdout.isatty() and processes.size == 1
    trainer.extend(extensions.PrintReport(
        ['epoch', 'main/loss', 'validation/main/loss', 'main/accuracy',
         BEST, 'elapsed_time'],
        out=sys.stdout if terminal else WithoutEscapes(sys.stdout)))
    if terminal:
        trainer.extend(extensions.ProgressBar(update_interval=10))
