"""Activations of another framework in the place of a run.

Such a run has no network.  What parameters and vocabulary are needed for is
left out by the scripts.
"""
import compat  # noqa: F401  (before Chainer)

import pathlib
from typing import NamedTuple

import chainer
import numpy as np

import text_datasets
from errors import UserError
from files import activations, atomic
from runs.activations import Activations
from runs.loading import Run, load_run, to_device
from runs.notes import note

TUNING_STEP = 2  # every second calibration example tunes, without valid
# Flags that ask for a network
NEED_A_NETWORK = ('model_setup', 'judge', 'ensemble', 'ood', 'rationales',
                  'dtype')


class Layers(NamedTuple):
    """What stands for the network: the names of its layers.

    Attributes:
        layer_names (list of str): Input side first.
        xp (module): As of a network: CuPy for a search on a GPU.
    """

    layer_names: list
    xp: object = np


class Given(NamedTuple):
    """What was given in place of a network.

    Attributes:
        splits (dict): Name to Activations without ``xs``.
        variants (files.activations.Variants): The test texts, each without
            one part after another; or None.
    """

    splits: dict
    variants: object


def load_given(folder, gpu=-1):
    """Activations of another framework, as a run.

    Without a validation split every second calibration example, from the
    first on, is validation: it tunes soft conformity and calibrates nothing,
    so that p-values stay valid.

    Args:
        folder (str or Path): As docs/activations.md describes it.
        gpu (int): Number of the GPU to search on, -1 for the CPU.

    Returns:
        Run: Without vocabulary and digest; its data set's examples have no
        texts where the folder has none.

    Raises:
        UserError: If a file is missing or not as described, or there is no
            such GPU.
    """
    xp = to_device(chainer.Chain(), gpu).xp
    folder = pathlib.Path(folder)
    found = activations.read_folder(folder)
    atomic.remove_leftovers(folder)
    examples = {name: [text_datasets.Example(*example) for example in zip(
        split.texts, split.labels.tolist(), strict=True)]
        for name, split in found.splits.items()}
    splits = {name: Activations(None, split.logits, split.layers,
                                split.labels)
              for name, split in found.splits.items()}
    if activations.TUNING not in splits:
        _split_calibration(folder, splits, examples)
    data = text_datasets.Dataset(
        found.dataset, tuple(found.label_names), **examples,
        calib_positions=[], valid_positions=[], dropped=0)
    return Run(folder, {'dataset': found.dataset, 'model': found.model}, {},
               data, Layers(found.layer_names, xp), None,
               Given(splits, found.variants))


def _split_calibration(folder, splits, examples):
    """Makes half of calib valid."""
    calib, own = splits['calib'], examples['calib']
    if len(own) < TUNING_STEP:
        raise UserError(f'{folder} has no {activations.TUNING}, and too few '
                        f'examples in calib ({len(own)}) to tune on half of '
                        'them; give more')
    note(f'{folder} has no {activations.TUNING}: every second example of '
         'calib tunes soft conformity, the others calibrate')
    for place, name in enumerate((activations.TUNING, 'calib')):
        rows = slice(place, None, TUNING_STEP)
        splits[name], examples[name] = calib.select(rows), own[rows]


def load_named(args):
    """The run, or the activations, that a script's flags name.

    Args:
        args (argparse.Namespace): Of ``flags.add_run_flags`` and
            ``flags.add_activations_flags``.

    Returns:
        Run: It.

    Raises:
        UserError: If there is none, or flags beside ``--activations`` ask for
            a network.
    """
    if args.activations is None:
        return load_run(args.model_setup, args.data_dir, args.gpu,
                        args.dtype)
    for name in NEED_A_NETWORK:
        if getattr(args, name, None) is not None:
            flag = '--' + name.replace('_', '-')
            raise UserError(f'--activations has no network, but {flag} needs '
                            'one; leave one of them out')
    return load_given(args.activations, args.gpu)
