"""Chainer's trainer for a text classifier: order, averaging, end, reports."""
import compat  # noqa: F401  (before Chainer)

import copy
import sys

import chainer
import numpy as np
from chainer import training
from chainer.training import extensions

import nlp_utils
from functions import devices
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
    """

    def __init__(self, iterator, optimizer, adversarial):
        super().__init__(iterator, optimizer, converter=convert,
                         device=optimizer.target.device)
        self._adversarial = adversarial

    def update_core(self):
        """Makes a step."""
        optimizer = self.get_optimizer('main')
        batch = self.converter(self.get_iterator('main').next(),
                               self.input_device)
        optimizer.target.cleargrads()
        optimizer.target.backward(*batch, self._adversarial)
        optimizer.update()


class WithoutEscapes:
    """A stream that keeps PrintReport's terminal codes off a file."""

    def __init__(self, stream):
        self.stream = stream

    def write(self, text):
        if not self.stream.isatty():
            text = text.replace('\033[J', '')
        self.stream.write(text)

    def flush(self):
        self.stream.flush()


@chainer.dataset.converter()
def convert(batch, device):
    """A mini-batch as the models take it; labels go to the device."""
    xs, ys = nlp_utils.convert_batch(batch)
    return xs, device.send(ys)


def make_iterator(examples, vocab, batchsize, train):
    """An iterator over encoded examples.

    Args:
        examples (list of text_datasets.Example): At least one.
        vocab (dict): Word to id.
        batchsize (int): Most examples of a mini-batch.
        train (bool): Whether it goes on for ever, in a new order each time.

    Returns:
        chainer.iterators.SerialIterator: The iterator.
    """
    encoded = [nlp_utils.encode_example(e, vocab) for e in examples]
    # Chainer would fill a larger batch with the same examples again.
    return chainer.iterators.SerialIterator(
        encoded, min(batchsize, len(encoded)), repeat=train, shuffle=train)


def seed_epoch(model, seed, epoch):
    """Seeds the order and dropout of one epoch: a resumed run then goes on as
    if it had never stopped."""
    devices.seed(model,
                 np.random.SeedSequence((seed, epoch)).generate_state(4))


def build_trainer(model, data, vocab, options, seed, place):
    """A trainer that stores a run.

    Args:
        model (chainer.Chain): A new network, on its device.
        data (text_datasets.Dataset): Trained on and validated with.
        vocab (dict): Word to id.
        options (Hyperparameters): How it is trained.
        seed (int): Of order and dropout.
        place (runs.training.Place): Where it is stored.

    Returns:
        chainer.training.Trainer: The trainer; it ends by itself.
    """
    average = Average(model, options.average)
    optimizer = Adam(alpha=options.learning_rate)
    optimizer.setup(model)
    updater = Updater(
        make_iterator(data.train, vocab, options.batchsize, train=True),
        optimizer, options.adversarial)
    trainer = training.Trainer(
        updater, Patience(options.epoch, options.patience), out=place.out)
    trainer.extend(average, name=AVERAGE)
    trainer.extend(extensions.Evaluator(
        make_iterator(data.valid, vocab, VALIDATION_BATCH, train=False),
        average.averaged, converter=convert, device=model.device))
    trainer.extend(extensions.LogReport(), name=LOG)
    trainer.extend(extensions.PrintReport(
        ['epoch', 'main/loss', 'validation/main/loss', 'main/accuracy',
         BEST, 'elapsed_time'], out=WithoutEscapes(sys.stdout)))
    if sys.stdout.isatty():
        trainer.extend(extensions.ProgressBar(
            (options.epoch, 'epoch'), update_interval=10))

    def reseed(trainer):
        seed_epoch(model, seed, trainer.updater.epoch)

    trainer.extend(reseed, name='reseed', trigger=(1, 'epoch'),
                   priority=run_training.SEED)
    run_training.extend(trainer, average.averaged, place, BEST)
    return trainer
