"""How a network is trained, unless flags say otherwise.

``DEFAULTS`` was chosen on validation splits; ``docs/training.md`` says what
was tried, and with which flags the code released with Wallace et al. (2018)
trained.
"""
from typing import NamedTuple

import numpy as np

LONG = 100  # tokens of a text, in the mean
ANY = None


class Hyperparameters(NamedTuple):
    """How a network is trained.

    Attributes:
        batchsize (int): Texts in a mini-batch, at least 1.
        epoch (int): Most sweeps over the training split, at least 1.
        patience (int): The training ends after so many sweeps without a
            better validation accuracy, at least 1.
        learning_rate (float): Adam's alpha, above 0.
        dropout (float): Ratio dropped in the encoder, in [0, 1).
        embed_dropout (float): Ratio dropped of the word vectors, in [0, 1);
            None: what ``nets.make_classifier`` makes of it.
        average (float): Decay of the mean of the parameters over all steps,
            in [0, 1); 0 takes the last ones.
        adversarial (float): How far the word vectors of a text are moved
            against the network, at least 0; see ``Classifier.backward``.
    """

    batchsize: int
    epoch: int
    patience: int
    learning_rate: float
    dropout: float
    embed_dropout: object
    average: float
    adversarial: float


# (Encoder, kind of text) -> what differs from the rows above that match, too
DEFAULTS = {
    (ANY, ANY): Hyperparameters(64, 20, 4, .003, .1, .2, .99, 0)._asdict(),
    ('bilstm', ANY): {'adversarial': 1},
    ('rnn', ANY): {'adversarial': 1},
    ('bow', 'words'): {'adversarial': 1},
    (ANY, 'characters'): {'embed_dropout': 0},
    (ANY, 'long'): {'batchsize': 16, 'patience': 8},
    (ANY, 'pair'): {'learning_rate': .001, 'embed_dropout': .1,
                    'adversarial': 0},
}


# Encoder -> what holds instead where word vectors are not pretrained: moved
# against them from the start, a network of LSTMs stays at chance
NOT_PRETRAINED = {'bilstm': {'adversarial': 0}, 'rnn': {'adversarial': 0}}


def kind_of(data, char_based):
    """The kind of text that a data set holds.

    Args:
        data (text_datasets.Dataset): The data set.
        char_based (bool): Whether its tokens are characters.

    Returns:
        str: ``'pair'``, ``'characters'``, ``'long'`` (at least ``LONG``
        tokens in the mean) or ``'words'``.
    """
    if data.pair:
        return 'pair'
    if char_based:
        return 'characters'
    mean = np.mean([len(example.texts[0]) for example in data.train])
    return 'long' if mean >= LONG else 'words'


def defaults(model, kind, pretrained=True):
    """How a kind of network is trained on a kind of text.

    Args:
        model (str): A key of ``nets.ENCODERS``.
        kind (str): As ``kind_of`` returns it.
        pretrained (bool): Whether there are word vectors to begin with.

    Returns:
        Hyperparameters: The last row of ``DEFAULTS`` that says something
        counts, and then ``NOT_PRETRAINED``.
    """
    found = {}
    for row, values in DEFAULTS.items():
        if all(ours in (ANY, theirs)
               for ours, theirs in zip(row, (model, kind), strict=True)):
            found.update(values)
    if not pretrained:
        found.update(NOT_PRETRAINED.get(model, {}))
    return Hyperparameters(**found)
