"""Logits and activations of a run's splits, stored in its folder."""
import compat  # noqa: F401  (before Chainer)

import hashlib
from typing import NamedTuple

import numpy as np

import nlp_utils
from errors import UserError
from files import activations, stored, texts
from files.resumable import ArraysInBlocks
from neighbors.arrays import as_float16
from runs.folder import ACTIVATIONS, DTYPES
from runs.notes import note
from runs.passes import array_names, forward
from runs.processes import processes

BLOCK = 8192  # texts whose activations are in memory before they are written
VERSION = 3  # to be raised where activations are computed in another way


class Activations(NamedTuple):
    """What a network says of n examples.

    Attributes:
        xs (nlp_utils.Texts): The examples' word ids; None of another
            framework's.
        logits (ndarray): Float32 (n, C); None where another framework's
            have none.
        layers (list of ndarray): Float32 (n, D_l) each, input side first;
            float16 where they were stored so (``Run.dtype``).
        labels (ndarray): Int32 (n,); -1 where there is none.
        key (str): Names all that the arrays depend on, as a digest; None
            for those of other texts than a whole split.
    """

    xs: nlp_utils.Texts
    logits: np.ndarray
    layers: list
    labels: np.ndarray
    key: str = None

    def select(self, positions):
        """The examples at these positions (a slice or ints), not stored."""
        return Activations(
            None if self.xs is None else self.xs.select(positions),
            None if self.logits is None else self.logits[positions],
            [h[positions] for h in self.layers], self.labels[positions])


def encode_examples(examples, vocab):
    """Word ids and labels of examples.

    Args:
        examples (list of text_datasets.Example): n examples, at least one.
        vocab (dict): Word to id.

    Returns:
        tuple: Texts, and labels as int32 (n,).
    """
    return nlp_utils.convert_batch(
        [nlp_utils.encode_example(example, vocab) for example in examples])


def activations_of(run, examples):
    """What a run's network says of any examples.

    Args:
        run (Run): A trained run.
        examples (list of text_datasets.Example): n examples; label -1 for
            none.

    Returns:
        Activations: In memory.
    """
    xs, labels = encode_examples(examples, run.vocab)
    return Activations(xs, *forward(run.model, xs), labels)


def stored_activations(run, split):
    """What a run's network says of a split; computed once, then stored.

    The arrays are stored in the run folder, and stored again when parameters,
    vocabulary or data changed, or when a file is not as it was written.  They
    are computed in blocks of ``BLOCK`` texts; what was interrupted goes on
    with the block where it stopped.  With labels and texts beside them they
    are what ``files.activations`` reads.

    Args:
        run (Run): A run; one that was given its activations has them.
        split (str): ``'train'``, ``'valid'``, ``'calib'`` or ``'test'``.

    Returns:
        Activations: Logits and layers mapped from disk.

    Raises:
        UserError: If the split has no examples, or a number is beyond
            ``run.dtype``.
    """
    if run.given is not None:
        return run.given.splits[split]
    examples = getattr(run.data, split)
    if not examples:
        raise UserError(f'{run.data.name} has no examples in the split '
                        f'{split}; train on more of them')
    xs, labels = encode_examples(examples, run.vocab)
    folder = run.folder / ACTIVATIONS / split
    key = _key(run, xs, labels)

    def make(temporary):
        arrays = ArraysInBlocks(temporary, key, len(xs))
        if arrays.problem:
            note(f'{temporary}: {arrays.problem}; begun anew')
        elif arrays.rows:
            note(f'{folder}: going on at text {arrays.rows:,} of {len(xs):,}')
        for logits, layers in _blocks(run, xs, split, arrays.rows):
            arrays.append(dict(zip(array_names(len(layers)),
                                   [logits, *layers], strict=True)))
        _describe(run, examples, labels, temporary)

    try:  # the others read what rank 0 has checked, or made
        problem = processes().on_root(
            lambda: stored.ensure(folder, key, make, goes_on=True))
    except stored.NotWritable as error:
        note(f'{error}; its arrays are computed, but not stored')
        blocks = [[logits, *layers]
                  for logits, layers in _blocks(run, xs, split)]
        logits, *layers = map(np.concatenate, zip(*blocks, strict=True))
        return Activations(xs, logits, layers, labels, key)
    if problem:
        note(f'{folder}: {problem}; computed again')
    logits, *layers = (
        np.load(folder / f'{name}.npy', mmap_mode='r')
        for name in array_names(len(run.model.layer_names)))
    return Activations(xs, logits, layers, labels, key)


def stored_splits(run, splits):
    """``stored_activations`` of several splits, each encoded once.

    Args:
        run (Run): A trained run.
        splits (list of str): Names of splits, perhaps one of them twice.

    Returns:
        list of Activations: One for each name.
    """
    found = {split: stored_activations(run, split)
             for split in dict.fromkeys(splits)}
    return [found[split] for split in splits]


def _blocks(run, xs, split, start=0):
    """Logits and layers of each ``BLOCK`` texts, from the text ``start``."""
    for first in range(start, len(xs), BLOCK):
        logits, layers = forward(run.model,
                                 xs.select(slice(first, first + BLOCK)),
                                 desc=f'activations of {split}')
        if run.dtype != DTYPES[0]:
            layers = [as_float16(h, f'{name} of {split} from text {first:,} '
                                 'on') for name, h in zip(
                                     run.model.layer_names, layers,
                                     strict=True)]
        yield logits, layers


def _describe(run, examples, labels, folder):
    """Writes what else another program must know of a split's arrays."""
    np.save(folder / activations.LABELS, labels)
    texts.write_texts(folder / activations.TEXTS,
                      (example.texts for example in examples))
    activations.write_description(
        folder.parent, run.data.label_names, run.model.layer_names,
        run.args['dataset'], run.args['model'])


def _key(run, xs, labels):
    """A digest of all that a split's activations depend on."""
    # As before there was a choice, where it is float32
    stored_as = '' if run.dtype == DTYPES[0] else f' {run.dtype}'
    digest = hashlib.sha256(f'{VERSION} {run.digest}{stored_as}'.encode())
    for side, ids in enumerate(xs.sides):
        digest.update(np.concatenate(ids).tobytes())
        digest.update(xs.lengths(side).tobytes())
    digest.update(labels.tobytes())
    return digest.hexdigest()
