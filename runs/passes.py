"""Forward passes of any number of texts, in batches of bounded size."""
import compat  # noqa: F401  (before Chainer)

import numpy as np
import tqdm

from errors import UserError
from functions import devices, packing
from nlp_utils import Texts


def progress_bar(total, desc, unit):
    """A progress bar on a terminal; silent elsewhere, or without `desc`."""
    return tqdm.tqdm(total=total, desc=desc, unit=unit, leave=False,
                     disable=None if desc else True)


def array_names(n_layers):
    """Names under which what ``forward`` gives is stored: logits, layers."""
    return ['logits'] + [f'layer_{i}' for i in range(n_layers)]


def forward(model, xs, desc=None):
    """Logits and every layer's activations of any number of texts.

    Args:
        model (nets.TextClassifier): The network.
        xs (Texts): n texts or pairs, n at least 1; or what ``Texts.of``
            takes.
        desc (str): Name for a progress bar; without it there is none.

    Returns:
        tuple: Logits, float32 (n, C), and list of layers, float32 (n, D_l).

    Raises:
        UserError: If there is no text, or a logit is not finite.
    """
    texts = Texts.of(xs)
    n = len(texts)
    if not n:
        raise UserError('there is no text to run the model on')
    first, *others = packing.batches_by_length(texts.n_tokens(),
                                               model.tokens_per_batch)
    with progress_bar(n, desc, 'text') as bar:
        def compute(rows):
            logits, layers = model.logits_and_activations(texts.select(rows))
            bar.update(len(rows))
            return [logits, *layers]

        def fill(rows, parts):
            for array, part in zip(arrays, parts, strict=True):
                array[rows] = part

        parts = compute(first)  # tells how wide the layers are
        arrays = [np.empty((n, part.shape[1]), np.float32) for part in parts]
        fill(first, parts)
        devices.run_batches(lambda rows: fill(rows, compute(rows)), others,
                            model)
    if not np.isfinite(arrays[0]).all():
        raise UserError('the network gives logits that are not finite: its '
                        'training diverged; train again with a lower '
                        '`learning_rate`', 'learning_rate')
    return arrays[0], arrays[1:]
