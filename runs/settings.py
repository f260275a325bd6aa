"""What ``args.json`` says of a run, and whether two of them say the same."""
import compat  # noqa: F401  (before Chainer)

import datetime
import os
import pathlib
import platform

import chainer
import numpy as np

import text_datasets
from errors import UserError
from files.atomic import read_json
from files.columns import Columns
from runs import folder as run_folder

# Flags of train.py that say nothing of what is trained
NOT_SETTINGS = ('resume', 'overwrite', 'name', 'data_dir', 'out',
                'communicator')
# What follows from other settings and from the contents of files
CONSEQUENCES = ('n_class', 'label_names', 'pair', 'n_vocab', 'embed_units',
                'data_fingerprint', 'model_path', 'vocab_path')


def columns_of(args):
    """The columns that flags, or ``args.json``, name.

    Args:
        args (dict): The ones or the other.

    Returns:
        Columns: Those of a user's own files.
    """
    return Columns(*map(args.get, Columns._fields))


def settings(args, options, data, vocab, vectors, folder, n_processes):
    """What ``args.json`` says of a run; every path relative to it.

    Args:
        args (argparse.Namespace): Flags of train.py.
        options (Hyperparameters): How the network is trained.
        data (text_datasets.Dataset): On what.
        vocab (dict): Word to id.
        vectors (WordVectors or None): Those that it starts from.
        folder (pathlib.Path): The run folder.
        n_processes (int): How many train together.

    Returns:
        dict: JSON-ready.  Columns are in it where they were chosen.
    """
    own = {name: value for name, value in vars(args).items()
           if name not in NOT_SETTINGS and not (
               name in Columns._fields and value is None)}
    own.update(options._asdict())
    if args.dataset not in text_datasets.DATASETS:
        own['dataset'] = os.path.relpath(args.dataset, folder)
    if args.word_vectors:
        own['word_vectors'] = pathlib.Path(args.word_vectors).name
    own.update(
        n_class=len(data.label_names), label_names=list(data.label_names),
        pair=data.pair, n_vocab=len(vocab),
        embed_units=vectors.vectors.shape[1] if vectors else None,
        processes=n_processes,
        data_fingerprint=text_datasets.fingerprint(data),
        model_path=run_folder.MODEL, vocab_path=run_folder.VOCAB,
        datetime=datetime.datetime.now().isoformat(timespec='seconds'),
        versions={'python': platform.python_version(),
                  'numpy': np.__version__, 'chainer': chainer.__version__})
    return own


def first_difference(now, then, free):
    """The first setting in which two runs differ.

    Args:
        now, then (dict): What ``settings`` returned, and an ``args.json``;
            only what the first has is compared, and columns.
        free (container of str): Settings that may differ.

    Returns:
        str: Its name, None if there is none.
    """
    return next((name for name in dict.fromkeys([*now, *Columns._fields])
                 if name not in free and now.get(name) != then.get(name)),
                None)


def check_replaced(folder, now):
    """Refuses to replace a run of other settings.

    Changed contents of a data file are no other settings.

    Args:
        folder (pathlib.Path): A run folder, which need not exist.
        now (dict): What ``settings`` returned.

    Raises:
        UserError: If it holds such a run.
    """
    if not (folder / run_folder.ARGS).is_file():
        return
    then = read_json(folder / run_folder.ARGS)
    if not isinstance(then, dict):
        return
    name = first_difference(now, then, (*run_folder.CIRCUMSTANCES,
                                         *CONSEQUENCES))
    if name is not None:
        raise UserError(
            f'{folder} holds a run whose --{name.replace("_", "-")} is '
            f'{then.get(name)!r}, not {now.get(name)!r}; replace it with '
            '--overwrite, or keep both with --name')


def check_resumed(folder, now):
    """Refuses to go on with other settings than those of the snapshot.

    Args:
        folder (pathlib.Path): A run folder, which need not exist.
        now (dict): What ``settings`` returned.

    Raises:
        UserError: If it holds none, or one of other settings.
    """
    if not (folder / run_folder.SNAPSHOT).is_file():
        raise UserError(f'--resume: {folder} has no {run_folder.SNAPSHOT}; '
                        'leave --resume out to train from the start')
    then = read_json(folder / run_folder.ARGS)
    if not isinstance(then, dict):
        raise UserError(f'{folder / run_folder.ARGS} is not what train.py '
                        'wrote; leave --resume out to train from the start')
    name = first_difference(now, then, (*run_folder.CIRCUMSTANCES,
                                         *run_folder.LENGTH))
    if name is not None:
        raise UserError(
            f'--resume: {name} is {now.get(name)!r}, but the snapshot in '
            f'{folder} has {then.get(name)!r}; give the same settings, or '
            'leave --resume out to train from the start')
