"""Leave-one-out by the length of the text: at once, or variant by variant."""
import compat  # noqa: F401  (before Chainer)

import statistics
import types

import numpy as np

import nets
from benchmarks.timing import seconds_of
from nlp_utils import EOS, Texts

MODELS = 'cnn', 'rnn', 'bow'
LENGTHS = 5, 20, 80, 320  # words
N_VOCAB = 5000
VARIANTS = 2000  # as many texts as have about so many words in sum


def every_variant(classifier):
    """A copy that encodes each variant from its first word.

    It takes the way of ``Encoder.without_words``, which the encoders
    override with faster ones.

    Args:
        classifier (nets.TextClassifier): Any; it stays as it is.

    Returns:
        nets.TextClassifier: With the same parameters.
    """
    plain = classifier.copy()
    plain.encoder.without_words = types.MethodType(
        nets.Encoder.without_words, plain.encoder)
    return plain


def random_texts(length):
    """About ``VARIANTS`` words in texts of one length.

    Args:
        length (int): Words of each text.

    Returns:
        Texts: Ids int32 (length + 1,), at least four texts.
    """
    words = np.random.randint(
        2, N_VOCAB, (max(4, VARIANTS // length), length), np.int32)
    return Texts([np.append(ids, np.int32(EOS)) for ids in words])


def growth_with_length(repeats):
    """Milliseconds a variant by the words of a text.

    Args:
        repeats (int): How often each way is timed.

    Returns:
        list of dict: ``model``, ``words``, ``way``, and the median ``ms``.
    """
    rows = []
    for model in MODELS:
        np.random.seed(0)
        classifier = nets.make_classifier(model, N_VOCAB, 2)
        ways = {'at once': classifier,
                'every variant': every_variant(classifier)}
        for length in LENGTHS:
            xs = random_texts(length)
            for way, network in ways.items():
                seconds = statistics.median(
                    seconds_of(network.leave_one_out, xs)
                    for _ in range(repeats))
                rows.append({'model': model, 'words': length, 'way': way,
                             'ms': 1000 * seconds / (len(xs) * length)})
    return rows
