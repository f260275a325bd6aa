"""Everything that a trained run consists of, from its folder."""
import compat  # noqa: F401  (before Chainer)

import hashlib
import io
import os
import pathlib
import pickle
import zipfile
import zlib
from typing import NamedTuple

import chainer
import numpy as np

import nets
import text_datasets
from errors import ArgumentError, UserError
from runs import folder as run_folder

# What NumPy, joblib and faiss raise for a file that is cut or overwritten
DAMAGED = (OSError, ValueError, RuntimeError, EOFError, LookupError,
           TypeError, zipfile.BadZipFile, zlib.error, pickle.UnpicklingError)


class Run(NamedTuple):
    """A trained run, ready to use.

    Attributes:
        folder (pathlib.Path): Where it lies.
        args (dict): Contents of ``args.json``.
        vocab (dict): Word to id.
        data (text_datasets.Dataset): The data it was trained on.
        model (nets.TextClassifier): The network, on its device; a
            ``SNLIClassifier`` for pairs.
        digest (object): A ``hashlib`` sha256 of the parameters' file, as it
            was when the parameters were read; to be copied, not updated.
    """

    folder: pathlib.Path
    args: dict
    vocab: dict
    data: text_datasets.Dataset
    model: chainer.Chain
    digest: object


def load_run(model_setup=None, data_dir=None, gpu=-1):
    """Everything that a trained run consists of.

    Run folders of the released code load as well.

    Args:
        model_setup (str): As for ``runs.find_folder``.
        data_dir (str): Folder with the published data files, or with the
            user's own file if that was moved.
        gpu (int): Number of the GPU to put the network on, -1 for the CPU.

    Returns:
        Run: The run.

    Raises:
        UserError: If the folder is incomplete or does not fit together, or
            there is no such GPU.
    """
    folder = run_folder.find_folder(model_setup)
    args, vocab, positions = run_folder.read_setup(folder)
    data = text_datasets.load_dataset(
        _dataset_path(folder, args['dataset'], data_dir), data_dir,
        char_based=args.get('char_based', False), seed=args.get('seed', 0),
        calib_size=args.get('calib_size', 1000),
        calib_positions=positions)
    names = args.get('label_names', list(data.label_names))
    if names != list(data.label_names):
        raise UserError(
            f'{folder} was trained on the labels {names}, but '
            f'{data.name} now has {list(data.label_names)}; train again')
    model = nets.make_classifier(
        args['model'], len(vocab), len(data.label_names),
        n_units=args['unit'], n_layers=args['layer'],
        dropout=args['dropout'], pair=data.pair,
        embed_units=args.get('embed_units'))
    digest = _load_parameters(folder, model)
    to_device(model, gpu)
    return Run(folder, args, vocab, data, model, digest)


def _load_parameters(folder, model):
    """Fills a network; the digest of the very bytes that it was filled from.
    """
    content = (folder / run_folder.MODEL).read_bytes()
    try:
        with np.load(io.BytesIO(content)) as arrays:
            unused = set(arrays.files) - {
                name.lstrip('/') for name, _ in model.namedparams()}
            if unused:
                raise ValueError(f'it has {sorted(unused)[0]}, too')
            chainer.serializers.NpzDeserializer(arrays).load(model)
    except DAMAGED as error:
        raise UserError(f'{folder / run_folder.MODEL} does not fit '
                        f'{folder / run_folder.ARGS}: {error}') from error
    return hashlib.sha256(content)


def _dataset_path(folder, dataset, data_dir):
    """A data set's name, or where a user's own file is now."""
    if dataset in text_datasets.DATASETS:
        return dataset
    places = [folder / dataset]
    if data_dir:
        places.insert(0, pathlib.Path(data_dir) / pathlib.Path(dataset).name)
    for place in places:
        if place.exists():
            return os.path.normpath(place)
    raise UserError(
        f'the data this run was trained on is gone: {places[-1]} does not '
        'exist; name the folder that holds it now with `data_dir`')


def to_device(model, gpu):
    """Moves a network to a GPU or the CPU, and makes that device current.

    Args:
        model (chainer.Chain): The network.
        gpu (int): Number of the GPU, -1 for the CPU.

    Returns:
        chainer.backend.Device: The device.

    Raises:
        ArgumentError: If there is no such GPU.
    """
    name = f'@cupy:{gpu}' if gpu >= 0 else '@numpy'
    try:
        device = chainer.get_device(name)
        device.use()
    except RuntimeError as error:
        reason = str(error).partition('\n')[0]
        raise ArgumentError(
            'gpu', gpu, f'cannot be used: {reason}; leave it out to run on '
            'the CPU') from error
    model.to_device(device)
    return device
