"""Parameters and snapshots as npz files without pickles, the same bytes for
the same values.

Chainer's own writers keep the parameters in the order of a set, which differs
from process to process, and its snapshots hold pickled ``None``s, for which
its reader allows any pickle: reading one can run code.
"""
import compat  # noqa: F401  (before Chainer)

import io
import zipfile

import numpy as np
from chainer.serializers import DictionarySerializer, NpzDeserializer

from errors import UserError
from files.atomic import replacing

NONES = 'is_none'  # name of the array that lists what is None
# What Chainer and NumPy raise for arrays that are not those wanted
DAMAGED = OSError, ValueError, LookupError, TypeError


def write_npz(path, target, key=None):
    """Writes what can be serialized: a network, or a trainer.

    Args:
        path (str or Path): The file; written whole or not at all.
        target (object): With a method ``serialize``, as Chainer's.
        key (str): Names what it belongs to, and becomes the archive's
            comment; None for nothing.
    """
    serializer = DictionarySerializer()
    serializer.save(target)
    arrays, nones = {}, []
    for name in sorted(serializer.target):
        value = np.asarray(serializer.target[name])
        if value.dtype != object:
            arrays[name] = value
        elif value.ndim == 0 and value[()] is None:
            nones.append(name)
        else:
            raise TypeError(f'{name} is {value!r}, which no array can hold')
    if nones:
        arrays[NONES] = np.array(nones)
    with replacing(path) as temporary:
        with open(temporary, 'wb') as stream:
            np.savez(stream, **arrays)
        if key is not None:
            with zipfile.ZipFile(temporary, 'a') as archive:
                archive.comment = key.encode()


def read_npz(content):
    """Arrays of a file of ``write_npz``, or of one of Chainer's.

    Args:
        content (bytes): The file.

    Returns:
        dict: Name to ndarray; ``None`` is an object array of it.

    Raises:
        ValueError: If it holds pickles, like a snapshot of Chainer's own, or
            is damaged.
    """
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as stored:
            arrays = dict(stored)
    except Exception as error:  # a damaged file makes readers raise anything
        raise ValueError(f'{error or type(error).__name__}') from error
    for name in arrays.pop(NONES, np.empty(0, str)).tolist():
        arrays[name] = np.asarray(None)
    return arrays


def read_key(content):
    """What a file of ``write_npz`` belongs to.

    Args:
        content (bytes): The file.

    Returns:
        str: Its `key`; empty for none, as in files of the released code.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.comment.decode('latin-1')


def load_parameters(content, model, key):
    """Fills a network, no parameter more, none less.

    Args:
        content (bytes): A file of parameters.
        model (chainer.Chain): The network.
        key (str): As it was written, if it was written with one.

    Raises:
        ValueError: If the file holds others than the network has; other
            errors where it does not fit or is damaged.
    """
    arrays = read_npz(content)
    if read_key(content) not in ('', key):
        raise ValueError('it was trained with other settings, or another '
                         'vocabulary')
    unused = set(arrays) - {name.lstrip('/')
                            for name, _ in model.namedparams()}
    if unused:
        raise ValueError(f'it has {sorted(unused)[0]}, too')
    NpzDeserializer(arrays).load(model)


def load_snapshot(path, content, trainer, key):
    """Puts a trainer where it was when a snapshot was written.

    Args:
        path (Path): Where it was read from.
        content (bytes): A file of ``write_npz``.
        trainer (chainer.training.Trainer): A trainer like the one written.
        key (str): As it was written.

    Raises:
        UserError: If the file is damaged, or not of such a trainer.
    """
    try:
        arrays = read_npz(content)
        if read_key(content) != key:
            raise ValueError('it was written with other settings')
        NpzDeserializer(arrays).load(trainer)
    except DAMAGED as error:
        reason = str(error).partition('\n')[0] or type(error).__name__
        raise UserError(
            f'{path} cannot be used ({reason}); train again from the '
            'start, without --resume') from error
