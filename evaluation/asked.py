"""Texts, and what the predictors say of them, each asked once."""
import compat  # noqa: F401  (before Chainer)

import functools

from runs import encode_examples, forward


class Asked:
    """n texts, of which several scores want to know the same.

    Args:
        dknn (DkNN): Fitted, tuned and calibrated.
        examples (list of text_datasets.Example): The texts.
        xs (Texts): The same, encoded.
        logits (ndarray): Float32 (n, C), what the network says of them.
        layers (list of ndarray): Float32 (n, D_l) each, likewise.

    Attributes:
        examples (list of text_datasets.Example): As given.
        xs (Texts): As given.
        logits (ndarray): As given.
        layers (list of ndarray): As given.
    """

    def __init__(self, dknn, examples, xs, logits, layers):
        self._dknn, self.examples = dknn, examples
        self.xs, self.logits, self.layers = xs, logits, layers

    @functools.cached_property
    def label(self):
        """ndarray: Integers (n,), softmax's classes."""
        return self.logits.argmax(axis=1)

    @functools.cached_property
    def found(self):
        """Neighbors: Of each text."""
        return self._dknn.search(self.layers)

    @functools.cached_property
    def counted(self):
        """Prediction: By counted conformity."""
        return self._dknn.predict_from_neighbors(self.found)

    @functools.cached_property
    def soft(self):
        """Prediction: By soft conformity."""
        return self._dknn.predict(self.layers, soft=True)

    @functools.cached_property
    def soft_log_odds(self):
        """ndarray: float64 (n, C), of soft conformity."""
        return self._dknn.soft_log_odds(self.layers)


def ask(run, dknn, examples):
    """Asks a run about any texts.

    Args:
        run (runs.Run): A trained run.
        dknn (DkNN): As for ``Asked``.
        examples (list of text_datasets.Example): The texts.

    Returns:
        Asked: Of them.
    """
    xs, _ = encode_examples(examples, run.vocab)
    return Asked(dknn, examples, xs, *forward(run.model, xs))
