"""Everything that a trained run consists of, from its folder."""
import compat  # noqa: F401  (before Chainer)

import hashlib
import os
import pathlib
from typing import NamedTuple

import chainer

import nets
import text_datasets
from errors import ArgumentError, UserError
from functions import devices
from runs import folder as run_folder
from runs.settings import columns_of
from runs.snapshots import DAMAGED, load_parameters, read_npz

MANY_VALUES = 10 ** 8  # 400 MB


class Run(NamedTuple):
    """A trained run, ready to use.

    Attributes:
        folder (pathlib.Path): Where it lies.
        args (dict): Contents of ``args.json``.
        vocab (dict): Word to id.
        data (text_datasets.Dataset): The data it was trained on.
        model (nets.TextClassifier): The network, on its device; a
            ``SNLIClassifier`` for pairs.
        digest (str): SHA256 of the parameters' file, as it was when they
            were read, in hexadecimal.
        given (runs.given.Given): Activations of another framework, where
            there is no network and the model has nothing but the names of
            its layers (``runs.given``); None of a trained run.
        dtype (str): Of the layers that are stored, one of
            ``runs.folder.DTYPES``; logits are float32.
    """

    folder: pathlib.Path
    args: dict
    vocab: dict
    data: text_datasets.Dataset
    model: chainer.Chain
    digest: str
    given: object = None
    dtype: str = 'float32'


def load_run(model_setup=None, data_dir=None, gpu=-1, dtype=None):
    """Everything that a trained run consists of.

    Run folders of the released code load as well.

    Args:
        model_setup (str): As for ``runs.find_folder``.
        data_dir (str): Folder with the published data files, or with the
            user's own file if that was moved.
        gpu (int): Number of the GPU to put the network on, -1 for the CPU.
        dtype (str): As of ``Run``; None for float32.

    Returns:
        Run: The run.

    Raises:
        UserError: If the folder is incomplete or does not fit together, or
            there is no such GPU.
    """
    if dtype not in (None, *run_folder.DTYPES):
        raise ArgumentError('dtype', dtype, 'is unknown; choose from '
                            + ', '.join(run_folder.DTYPES))
    folder = run_folder.find_folder(model_setup)
    args, settings, vocab, positions = run_folder.read_setup(folder)
    data = text_datasets.load_dataset(
        _dataset_path(folder, settings.dataset, data_dir), data_dir,
        char_based=settings.char_based, seed=settings.seed,
        calib_size=settings.calib_size, calib_positions=positions,
        cache=run_folder.cache_beside(folder),
        columns=columns_of(args))
    _check_data(folder, settings, data)
    content = (folder / run_folder.MODEL).read_bytes()
    model = _make_model(folder, settings, len(vocab), data, content,
                        run_folder.setup_key(args, vocab))
    to_device(model, gpu)
    return Run(folder, args, vocab, data, model,
               hashlib.sha256(content).hexdigest(),
               dtype=dtype or run_folder.DTYPES[0])


def _check_data(folder, settings, data):
    """The data are those that the run was trained on."""
    names = settings.label_names or list(data.label_names)
    if names != list(data.label_names):
        raise UserError(
            f'{folder} was trained on the labels {names}, but '
            f'{data.name} now has {list(data.label_names)}; train again')
    if settings.data_fingerprint not in (None,
                                         text_datasets.fingerprint(data)):
        raise UserError(
            f'{folder} was trained on other examples than {data.name} now '
            f'gives with seed {settings.seed}: its files, or '
            f'{run_folder.ARGS} or {run_folder.CALIB}, have changed; put '
            'them back, or train again')


def _make_model(folder, settings, n_vocab, data, content, key):
    """The network of some settings, filled from a file of parameters."""
    try:
        n_stored = sum(a.size for a in read_npz(content).values())
        # Ours have so many parameters at least; a large network that the file
        # cannot fill is not even made, for it may not fit into memory
        embed_units = settings.embed_units or settings.unit
        least = n_vocab * embed_units + settings.unit + (
            settings.layer - 1) * max(0, settings.unit - 2) ** 2
        if least > max(n_stored, MANY_VALUES):
            raise ValueError(
                f'{settings.layer} layers of {settings.unit} units and '
                f'{n_vocab} word vectors of {embed_units} are more than its '
                f'{n_stored} values')
        model = nets.make_classifier(
            settings.model, n_vocab, len(data.label_names),
            n_units=settings.unit, n_layers=settings.layer,
            dropout=settings.dropout, pair=data.pair,
            embed_units=settings.embed_units)
        load_parameters(content, model, key)
    except (*DAMAGED, MemoryError) as error:
        raise UserError(f'{folder / run_folder.MODEL} does not fit '
                        f'{folder / run_folder.ARGS}: {error}') from error
    return model


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
        'exist; name the folder that holds it now with `data_dir`',
        'data_dir')


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
    if gpu >= 0:
        n, reason = devices.count_gpus()
        if gpu >= n:
            reason = reason or f'there are {n} GPUs, counted from 0'
            raise ArgumentError('gpu', gpu, f'cannot be used: {reason}; leave '
                                'it out to run on the CPU')
    device = chainer.get_device(f'@cupy:{gpu}' if gpu >= 0 else '@numpy')
    device.use()
    model.to_device(device)
    return device
