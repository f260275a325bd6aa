"""Words that a network holds to be alike: suggestions for another word."""
import compat  # noqa: F401  (before Chainer)

import numpy as np
from chainer.backends import cuda

from nlp_utils import SPECIAL_WORDS


class SimilarWords:
    """The nearest words by the cosine of a network's word vectors.

    Args:
        run (runs.Run): The run whose embedding and vocabulary are read.
    """

    def __init__(self, run):
        vectors = cuda.to_cpu(run.model.encoder.embed.W.array)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        self._vectors = vectors / np.maximum(lengths, 1e-12)
        self._ids = run.vocab
        self._words = {i: word for word, i in run.vocab.items()}

    def __call__(self, token, n=8):
        """The words that are nearest to a word.

        Args:
            token (str): As the model reads it.
            n (int): How many, at least 1.

        Returns:
            list of (str, float): Words and their cosines, the nearest first,
            of equals the more frequent; neither the word itself nor special
            ones.  Empty if the model does not know the word.
        """
        own = self._ids.get(token)
        if own is None or token in SPECIAL_WORDS:
            return []
        cosines = self._vectors @ self._vectors[own]
        cosines[[own, *SPECIAL_WORDS.values()]] = -np.inf
        order = np.argsort(-cosines, kind='stable')[:n]
        return [(self._words[i], round(float(cosines[i]), 4))
                for i in order.tolist() if cosines[i] > -np.inf]
