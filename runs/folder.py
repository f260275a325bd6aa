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
import pathlib
import shutil

import nlp_utils
import text_datasets
from errors import UserError
from files.atomic import read_json

ARGS, VOCAB, CALIB, MODEL = ('args.json', 'vocab.json', 'calib.json',
                             'best_model.npz')
SNAPSHOT, ACTIVATIONS, TEMPERATURE = ('snapshot', 'activations',
                                      'temperature.json')
OUTPUTS = (ARGS, VOCAB, CALIB, MODEL, SNAPSHOT, ACTIVATIONS, TEMPERATURE,
           'log', 'loss.png', 'accuracy.png', 'calibration.json',
           'reliability.png', 'reliability.pdf', 'credibility.png',
           'credibility.pdf', 'coverage.png', 'coverage.pdf', 'dknn.json',
           'predictions.jsonl', 'interpretations.html',
           'interpretations.jsonl')
RESULTS = 'results'
SPLITS = 'train', 'valid', 'calib', 'test'
# What args.json must hold; the released code's runs have no more than this.
SETTINGS = {'dataset': str, 'model': str, 'unit': int, 'layer': int,
            'dropout': (int, float)}


def folder_of(out, dataset, model, char_based=False):
    """The run folder for these settings, such as ``results/TREC_cnn``.

    Args:
        out (str): Folder of all runs.
        dataset (str): Name or path of the data set.
        model (str): Name of the encoder.
        char_based (bool): Whether characters are the tokens.

    Returns:
        pathlib.Path: The folder, which need not exist.
    """
    name = dataset
    if dataset not in text_datasets.DATASETS:
        name = pathlib.Path(dataset).name.split('.')[0]
    return pathlib.Path(out) / (
        f'{name}_{model}' + ('_char' if char_based else ''))


def clear(folder):
    """Removes what an earlier run wrote in a folder, and nothing else."""
    for name in OUTPUTS:
        path = pathlib.Path(folder) / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def find_folder(model_setup=None):
    """The run folder that a user means.

    Args:
        model_setup (str): An ``args.json``, its folder, or None for the
            newest run under ``results/``.

    Returns:
        pathlib.Path: A folder with all files of a run.

    Raises:
        UserError: If there is none.
    """
    if model_setup is None:
        return _newest_folder()
    path = pathlib.Path(model_setup)
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


def _newest_folder():
    setups = sorted(pathlib.Path(RESULTS).glob('*/' + ARGS),
                    key=lambda path: path.stat().st_mtime)
    setups = [s for s in setups if (s.parent / MODEL).exists()]
    if not setups:
        raise UserError(
            f'no trained run under {RESULTS}/; train one with '
            'python train.py --dataset vader.movie --model cnn, or name '
            'one with `model_setup`')
    return setups[-1].parent


def read_setup(folder):
    """Settings, vocabulary and calibration positions of a run folder.

    Args:
        folder (pathlib.Path): A folder of ``find_folder``.

    Returns:
        tuple: ``args`` (dict), ``vocab`` (dict of word to id) and the
        positions of the calibration examples (list of int).

    Raises:
        UserError: If a file is not JSON, or holds something else.
    """
    args, vocab, positions = (read_json(folder / name)
                              for name in (ARGS, VOCAB, CALIB))
    wrong = [name for name, kind in SETTINGS.items()
             if not isinstance(args, dict)
             or not isinstance(args.get(name), kind)]
    if wrong:
        raise UserError(f'{folder / ARGS} holds no usable {wrong[0]!r}; '
                        'it is not what train.py wrote')
    if not _is_vocabulary(vocab):
        raise UserError(f'{folder / VOCAB} does not give its words the ids '
                        'from 0; it is not what train.py wrote')
    if not isinstance(positions, list) or not all(
            isinstance(i, int) for i in positions):
        raise UserError(f'{folder / CALIB} is no list of calibration '
                        'positions; it is not what train.py wrote')
    return args, vocab, positions


def _is_vocabulary(vocab):
    return (isinstance(vocab, dict)
            and not nlp_utils.SPECIAL_WORDS.items() - vocab.items()
            and set(vocab.values()) == set(range(len(vocab))))
