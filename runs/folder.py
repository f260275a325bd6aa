"""What a run folder holds, and where it is.

``train.py`` makes a run folder and every later script reads it with
``runs.load_run``.  Paths inside are relative, so the folder can be moved.

=================  ========================================================
``args.json``      settings, label names, versions
``vocab.json``     word -> id
``calib.json``     positions of the calibration examples in the training data
``best_model.npz`` parameters with the best validation accuracy
``activations/``   every layer of every split, once a script needed it
=================  ========================================================

``OUTPUTS`` names these and all that the scripts write beside them.
"""
import hashlib
import json
import os
import pathlib
import shutil
from typing import Annotated, NamedTuple

import msgspec
from msgspec import Meta

import nlp_utils
import text_datasets
from errors import ArgumentError, UserError
from files import atomic, cached, typed
from files.rows import CONTROL
from runs.notes import note

ARGS, VOCAB, CALIB, MODEL = ('args.json', 'vocab.json', 'calib.json',
                             'best_model.npz')
SNAPSHOT, ACTIVATIONS, TEMPERATURE = ('snapshot', 'activations',
                                      'temperature.json')


def _figures(name):
    return [f'{name}{part}.{suffix}' for part in ('', '.part')
            for suffix in ('png', 'pdf')]


# What follows from the parameters, and is no use beside others
DERIVED = (TEMPERATURE, 'calibration.json',
           'reliability.png', 'reliability.pdf', 'credibility.png',
           'credibility.pdf', 'coverage.png', 'coverage.pdf', 'dknn.json',
           'predictions.jsonl', 'interpretations.html',
           'interpretations.jsonl', 'dknn.part.json',
           'predictions.part.jsonl', 'interpretations.part.html',
           'interpretations.part.jsonl', 'interpretations.own.html',
           'interpretations.own.jsonl', 'evaluation.json',
           'evaluation.part.json', *_figures('faithfulness'),
           *_figures('masking'), *_figures('detection'),
           'debugging.jsonl', 'debugging.html')
OUTPUTS = (ARGS, VOCAB, CALIB, MODEL, SNAPSHOT, ACTIVATIONS, 'log',
           'loss.png', 'accuracy.png', *DERIVED)
RESULTS = 'results'
LONGEST_NAME = 200  # bytes; temporary files beside it have longer ones
# Where and when a run is trained, and by how many processes
CIRCUMSTANCES = 'gpu', 'datetime', 'versions', 'processes'
# How long; a training that goes on may be longer
LENGTH = 'epoch', 'patience'
# Settings that may change without another model coming of them (but for
# rounding and noise): these, and names of files whose contents have a digest
FREE = (*CIRCUMSTANCES, *LENGTH, 'dataset', 'word_vectors')
DTYPES = 'float32', 'float16'  # of stored layers; the first is usual
SPLITS = 'train', 'valid', 'calib', 'test'
Id = Annotated[int, Meta(ge=0)]
HINT = 'it is not what train.py wrote'


def folder_of(out, dataset, model, char_based=False, name=None):
    """The run folder for these settings, such as ``results/TREC_cnn``.

    Args:
        out (str): Folder of all runs.
        dataset (str): Name or path of the data set.
        model (str): Name of the encoder.
        char_based (bool): Whether characters are the tokens.
        name (str): What the folder is called; None: by the others.

    Returns:
        pathlib.Path: The folder, which need not exist.

    Raises:
        ArgumentError: If the name cannot be that of a folder in ``out``, or
            is hidden.
    """
    if name is None:
        title = dataset
        if dataset not in text_datasets.DATASETS:
            title = pathlib.Path(dataset).name.split('.')[0]
        name = f'{title}_{model}' + ('_char' if char_based else '')
    elif (not name.strip() or name[0] in '.-' or CONTROL.search(name)
          or set('/\\') & set(name) or len(os.fsencode(name)) > LONGEST_NAME):
        raise ArgumentError(
            'name', name, 'is no name of a run; take one without slashes, '
            f'of at most {LONGEST_NAME} bytes, that does not begin with a '
            'dot')
    return pathlib.Path(out) / name


def cache_beside(folder):
    """Where the data of the runs beside a run folder are kept, once read.

    Args:
        folder (pathlib.Path): A run folder, which need not exist.

    Returns:
        files.cached.Cache: ``.cache`` in the folder above.
    """
    return cached.Cache(
        pathlib.Path(folder).absolute().parent / cached.NAME, note)


def setup_key(args, vocab):
    """Names what a model or snapshot belongs to.

    Args:
        args (dict): What ``args.json`` holds.
        vocab (dict): Word to id.

    Returns:
        str: The same for settings that differ in ``FREE`` only.
    """
    kept = {name: args[name] for name in args.keys() - set(FREE)}
    text = json.dumps([kept, vocab], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def clear(folder, names=OUTPUTS):
    """Removes what an earlier run wrote in a folder, and nothing else.

    Args:
        folder (pathlib.Path): The folder, which need not exist.
        names (tuple of str): Some of ``OUTPUTS``.
    """
    for name in names:
        path = pathlib.Path(folder) / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def find_folder(model_setup=None):
    """The run folder that a user means; removes what dead processes left.

    Args:
        model_setup (str): An ``args.json``, its folder, or None for the
            newest run under ``results/``.

    Returns:
        pathlib.Path: A folder with all files of a run.

    Raises:
        UserError: If there is none.
    """
    path = (_newest_setup() if model_setup is None
            else pathlib.Path(model_setup))
    remove_leftovers(path.parent if path.name == ARGS else path)
    if not path.exists():
        raise UserError(f'{path} is no trained run: it does not exist; '
                        'name the args.json of one, or its folder')
    if not path.is_dir() and path.name != ARGS:
        raise UserError(f'{path} is no trained run: name its {ARGS}, or the '
                        'folder that holds it')
    folder = path if path.is_dir() else path.parent
    for name in (ARGS, VOCAB, CALIB, MODEL):
        if not (folder / name).is_file():
            raise UserError(f'{folder} is no trained run: it has no {name}; '
                            'train one with python train.py')
    return folder


def _newest_setup():
    setups = sorted(pathlib.Path(RESULTS).glob('[!.]*/' + ARGS),
                    key=lambda path: path.stat().st_mtime)
    setups = [s for s in setups if (s.parent / MODEL).exists()]
    if not setups:
        raise UserError(
            f'no trained run under {RESULTS}/; train one with '
            'python train.py --dataset vader.movie --model cnn, or name '
            'one with `model_setup`', 'model_setup')
    return setups[-1]


def remove_leftovers(folder):
    """Removes what dead processes left beside a run folder and in it.

    Args:
        folder (pathlib.Path): The folder, which need not exist.
    """
    atomic.remove_leftovers(folder.parent, folder.name)
    for place in (folder, folder / ACTIVATIONS):
        atomic.remove_leftovers(place)


class Settings(msgspec.Struct):
    """What ``args.json`` must hold, and what it may.

    The released code's runs have the first five only.  Other fields are
    allowed, and not read.

    Attributes:
        dataset (str): Name, or path relative to the folder.
        model (str): Name of the encoder.
        unit (int): Width of the encoder.
        layer (int): Layers of the LSTM or MLP.
        dropout (float): Ratio, in [0, 1).
        char_based (bool): Whether characters are the tokens.
        seed (int): Of the splits.
        calib_size (int): Most calibration examples.
        embed_units (int): Width of the word vectors; None: that of the
            encoder.
        label_names (list of str): In the order of the labels.
        data_fingerprint (str): What ``text_datasets.fingerprint`` gave.
        text_column, label_column, id_column (list of str, str, str): As of
            ``files.columns.Columns``.
    """

    dataset: str
    model: str
    unit: Annotated[int, Meta(ge=1)]
    layer: Annotated[int, Meta(ge=1)]
    dropout: Annotated[float, Meta(ge=0, lt=1)]
    char_based: bool = False
    seed: Annotated[int, Meta(ge=0, lt=1 << 32)] = 0
    calib_size: Annotated[int, Meta(ge=0)] = 1000
    embed_units: Annotated[int, Meta(ge=1)] | None = None
    label_names: list[str] | None = None
    data_fingerprint: str | None = None
    text_column: list[str] | None = None
    label_column: str | None = None
    id_column: str | None = None


class Setup(NamedTuple):
    """The three JSON files of a run folder.

    Attributes:
        args (dict): All that ``args.json`` holds.
        settings (Settings): What of it is read.
        vocab (dict): Word to id.
        positions (list of int): Of the calibration examples.
    """

    args: dict
    settings: Settings
    vocab: dict
    positions: list


def read_setup(folder):
    """Settings, vocabulary and calibration positions of a run folder.

    Args:
        folder (pathlib.Path): A folder of ``find_folder``.

    Returns:
        Setup: Their contents.

    Raises:
        UserError: If a file is not JSON, or holds something else.
    """
    content = (folder / ARGS).read_bytes()
    settings = typed.decode(content, Settings, folder / ARGS, HINT)
    vocab = typed.read(folder / VOCAB, dict[str, Id], HINT)
    if (nlp_utils.SPECIAL_WORDS.items() - vocab.items()
            or set(vocab.values()) != set(range(len(vocab)))):
        raise UserError(f'{folder / VOCAB} does not give its words the ids '
                        f'from 0; {HINT}')
    positions = typed.read(folder / CALIB, list[Id], HINT)
    args = typed.decode(content, dict, folder / ARGS, HINT)
    return Setup(args, settings, vocab, positions)
