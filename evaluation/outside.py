"""Texts that are out of a run's domain."""
import numpy as np

import text_datasets
from errors import UserError
from evaluation import asked

SHUFFLED = 'shuffled words'
MOST_TEXTS = 500  # of a data set
# Sentences of the same reviews, a third to two thirds of them word for word
SAME_REVIEWS = {'rt-polarity': 'stsa', 'vader.movie': 'stsa',
                'vader.amazon': 'custrev'}


def names(setting):
    """What is compared with the test texts.

    Args:
        setting (Setting): What is evaluated.

    Returns:
        list of str: ``SHUFFLED`` and data sets: those asked for, or all at
        hand whose examples have as many texts and are no sentences of the
        same reviews, one of those that share files.
    """
    if setting.ood is not None:
        return setting.ood
    args, data = setting.run.args, setting.run.data
    sources = text_datasets.DATASETS
    by_files = {}
    for name in text_datasets.at_hand(setting.data_dir):
        if not _share_texts(name, args['dataset']) and (
                sources[name].pair == data.pair):
            by_files.setdefault(tuple(sources[name].files.items()), name)
    return [SHUFFLED, *by_files.values()]


def ask(setting, name):
    """What the network says of texts out of its domain.

    Args:
        setting (Setting): What is evaluated.
        name (str): One of ``names``.

    Returns:
        Asked: At most ``MOST_TEXTS`` texts.

    Raises:
        UserError: If they are not of the kind that the network reads.
    """
    if name == SHUFFLED:
        return asked.ask(setting.run, setting.dknn, _shuffled(setting))
    data = text_datasets.load_dataset(
        name, setting.data_dir, setting.run.args.get('char_based', False))
    if data.pair != setting.run.data.pair:
        raise UserError(f'--ood {name} has {1 + data.pair} text(s) an '
                        'example, but this run reads '
                        f'{1 + setting.run.data.pair}; choose another')
    return asked.ask(setting.run, setting.dknn, data.test[:MOST_TEXTS])


def _shuffled(setting):
    """The test texts, the words of each in a random order."""
    rng = np.random.default_rng(setting.seed)
    return [example._replace(texts=tuple(
        tuple(text[i] for i in rng.permutation(len(text)))
        for text in example.texts)) for example in setting.examples]


def _share_texts(one, other):
    """Whether data sets are of one family, or of the same reviews."""
    return _family(one) == _family(other) or (
        SAME_REVIEWS.get(one, _family(one))
        == SAME_REVIEWS.get(other, _family(other)))


def _family(name):
    """Data sets of one family share texts, or are fine and coarse labels."""
    return name.partition('.')[0]
