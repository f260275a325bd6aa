"""Folders of activations made by any framework (docs/activations.md).

=========================  =================================================
``activations.json``       version, label names, layer names
``SPLIT/layer_0.npy``, ..  a matrix a layer, input side first
``SPLIT/labels.npy``       a label an example
``SPLIT/logits.npy``       perhaps: what softmax takes
``SPLIT/texts.jsonl``      perhaps: a text an example
``test_without/``          perhaps: the layers, perhaps the logits, of the
                           test texts with a part left out, ``counts.npy``,
                           perhaps ``positions.npy``
=========================  =================================================

A run folder's ``activations/`` is one of them.
"""
import pathlib
import re
from typing import Annotated, Literal, NamedTuple

import msgspec
import numpy as np

from errors import UserError
from files import arrays, texts, typed
from files.atomic import write_json
from files.rows import CONTROL, listed, shortened
from files.texts import SEE
from files.variants import Variants, read_variants

VERSION = 1
DESCRIPTION = 'activations.json'
LOGITS, LABELS, TEXTS = 'logits.npy', 'labels.npy', 'texts.jsonl'
NEEDED, TUNING = ('train', 'calib', 'test'), 'valid'
WITHOUT = 'test_without'
Name = Annotated[str, msgspec.Meta(min_length=1)]


class Description(msgspec.Struct, forbid_unknown_fields=True):
    """What ``activations.json`` holds.

    Attributes:
        version (int): 1.
        label_names (list of str): In the order of the labels.
        layer_names (list of str): Input side first.
        dataset (str): Name of the data; that of the folder if left out.
        model (str): Name of the model.
    """

    version: Literal[1]
    label_names: list[Name] | None = None
    layer_names: list[Name] | None = None
    dataset: Name | None = None
    model: Name = 'activations'


class Split(NamedTuple):
    """The n examples of a split.

    Attributes:
        layers (list of ndarray): Float32 (n, D_l) each.
        logits (ndarray): Float32 (n, C), or None.
        labels (ndarray): Int32 (n,) in [0, C).
        texts (list of tuple): One or two texts each, tuples of tokens; an
            empty tuple each where there are none.
    """

    layers: list
    logits: np.ndarray
    labels: np.ndarray
    texts: list


class Given(NamedTuple):
    """All that such a folder holds.

    Attributes:
        dataset (str): Name of the data.
        model (str): Name of the model.
        label_names (list of str): C names.
        layer_names (list of str): L names.
        splits (dict): Name to Split: train, calib, test, perhaps valid.
        variants (Variants): Or None.
    """

    dataset: str
    model: str
    label_names: list
    layer_names: list
    splits: dict
    variants: Variants


def write_description(folder, label_names, layer_names, dataset, model):
    """Writes ``activations.json``.

    Args:
        folder (Path): That of the splits' folders.
        label_names (sequence of str): In the order of the labels.
        layer_names (sequence of str): Input side first.
        dataset (str): Name of the data.
        model (str): Name of the model.
    """
    write_json(folder / DESCRIPTION, {
        'version': VERSION, 'label_names': list(label_names),
        'layer_names': list(layer_names), 'dataset': dataset,
        'model': model})


def read_folder(folder):
    """Reads and checks a folder of activations; layers stay on disk.

    Args:
        folder (str or Path): The folder.

    Returns:
        Given: Its contents.

    Raises:
        UserError: If anything is not as docs/activations.md says; the message
            names the file.
    """
    folder = pathlib.Path(folder)
    description = _description(folder)
    names = _split_names(folder)
    parts = [folder / name for name in [*names, WITHOUT]
             if (folder / name).is_dir()]
    files = _layer_files(parts[0])
    layer_names = description.layer_names or [
        path.removesuffix('.npy') for path in files]
    if len(layer_names) != len(files):
        raise UserError(f'{folder / DESCRIPTION} names {len(layer_names)} '
                        f'layers, but {parts[0]} has {len(files)}; name '
                        'each')
    has_logits = _in_all_or_none(parts, LOGITS)
    has_texts = _in_all_or_none(parts[:len(names)], TEXTS)
    matrices = _matrices(parts, [*files, *[LOGITS] * has_logits])
    logits = {name: found.pop() if has_logits else None
              for name, found in matrices.items()}
    labels, label_names = _labels(folder, description, names, logits['train'])
    splits = {}
    for name in names:
        n = len(matrices[name][0])
        _same_number(folder / name / LABELS, len(labels[name]), n)
        splits[name] = Split(
            matrices[name], logits[name], labels[name],
            _texts(folder / name / TEXTS, n) if has_texts else [()] * n)
    variants = None
    if WITHOUT in matrices:
        variants = read_variants(folder / WITHOUT, matrices[WITHOUT],
                                 logits[WITHOUT], splits['test'].texts)
    _check_sides(folder, splits)
    return Given(description.dataset or folder.resolve().name,
                 description.model, label_names, layer_names, splits,
                 variants)


# -------------------------------------------------------- what there is

def _description(folder):
    path = folder / DESCRIPTION
    if folder.is_dir() and not path.is_file():
        raise UserError(f'{folder} has no {DESCRIPTION}, but holds '
                        f'{_content(folder)}; write one that says at least '
                        f'{{"version": {VERSION}}}: {SEE}')
    found = typed.read(path, Description, SEE)
    for field in ('label_names', 'layer_names'):
        _check_names(path, field, getattr(found, field))
    return found


def _check_names(path, what, names):
    """Names can be told apart, and printed."""
    if names is None:
        return
    if len(set(names)) < len(names) or any(map(CONTROL.search, names)):
        raise UserError(f'{path}: {what} has a name twice, or one with '
                        f'control characters: {listed(names)}; mend them')


def _split_names(folder):
    names = list(NEEDED)
    if (folder / TUNING).is_dir():
        names.insert(1, TUNING)
    for name in names:
        if not (folder / name).is_dir():
            raise UserError(f'{folder} has no folder {name}, but holds '
                            f'{_content(folder)}; {SEE}')
    return names


def _content(folder):
    return listed(sorted(path.name for path in folder.iterdir())) or 'nothing'


def _layer_files(part):
    """``layer_0.npy``, ``layer_1.npy``, ..., none of them missing."""
    found = {path.name for path in part.iterdir()
             if re.fullmatch(r'layers?_?\d*\.npy', path.name)}
    wanted = [f'layer_{i}.npy' for i in range(max(1, len(found)))]
    if found != set(wanted):
        raise UserError(
            f'{part} has {listed(sorted(found)) or "no layer"}, but there '
            f'must be one file a layer, from layer_0.npy on: {SEE}')
    return wanted


def _in_all_or_none(parts, file):
    """Whether all folders have a file; not some of them only."""
    having = [part for part in parts if (part / file).is_file()]
    if having and len(having) < len(parts):
        lacking = next(part for part in parts if part not in having)
        raise UserError(f'{having[0]} has {file}, but {lacking} has none; '
                        'give it in every folder or in none')
    return bool(having)


# -------------------------------------------------------------- its content

def _matrices(parts, files):
    """Name of each folder to its matrices, of the same widths in all."""
    found = {}
    for part in parts:
        if part != parts[0] and (own := _layer_files(part)) != [
                file for file in files if file != LOGITS]:
            raise UserError(f'{part} has {len(own)} layer(s), but '
                            f'{parts[0]} has others: {listed(files)}; save '
                            'the same layers of every split')
        found[part.name] = [arrays.read_numbers(part / file)
                            for file in files]
        for file, first, own in zip(files, found[parts[0].name],
                                    found[part.name], strict=True):
            if own.shape[1] != first.shape[1]:
                raise UserError(
                    f'{part / file} has rows of {own.shape[1]:,} numbers, '
                    f'but {parts[0] / file} of {first.shape[1]:,}; save the '
                    'same layers of every split')
            _same_number(part / file, len(own), len(found[part.name][0]))
    return found


def _same_number(path, n, wanted):
    if n != wanted:
        raise UserError(f'{path} has {n:,} examples, but layer_0.npy beside '
                        f'it has {wanted:,}; save both of the same examples, '
                        'in the same order')


def _labels(folder, description, names, logits):
    """Labels int32 (n,) of each split, and the names of all."""
    raw = {name: arrays.read_labels(folder / name / LABELS)
           for name in names}
    known = description.label_names
    if known is None:
        known = _names_of(raw['train'], logits)
        _check_names(folder / 'train' / LABELS, 'labels', known)
    if len(known) < 2:
        raise UserError(f'{folder} has the label(s) {listed(known)}, but '
                        'there must be two at least; label_names in '
                        f'{DESCRIPTION} may name more')
    if logits is not None and logits.shape[1] != len(known):
        raise UserError(
            f'{folder / "train" / LOGITS} has {logits.shape[1]} columns, but '
            f'there are {len(known)} labels: {listed(known)}; save one '
            'column a label, in their order')
    return {name: _numbered(folder / name / LABELS, values, known)
            for name, values in raw.items()}, known


def _names_of(train, logits):
    """Names that follow from the training labels."""
    if train.dtype.kind == 'U':
        return np.unique(train).tolist()
    n = int(train.max()) + 1 if logits is None else logits.shape[1]
    # A label so high is an error of its own
    return [str(i) for i in range(min(n, len(train) + 1))]


def _numbered(path, values, known):
    """Labels as positions among the known ones, int32 (n,)."""
    if values.dtype.kind == 'U':
        numbers = {name: i for i, name in enumerate(known)}
        found = np.array([numbers.get(name, -1) for name in values.tolist()])
    else:
        found = np.where((0 <= values) & (values < len(known)), values, -1)
    if (found < 0).any():
        row = int((found < 0).argmax())
        raise UserError(
            f'{path} has {shortened(values[row].item())} in row {row:,}, '
            f'which is no label; they are 0 to {len(known) - 1}, or by name '
            f'{listed(known)}')
    return found.astype(np.int32)


def _texts(path, n):
    found = texts.read_texts(path)
    _same_number(path, len(found), n)
    return found


def _check_sides(folder, splits):
    """All examples have as many texts."""
    first = len(splits['train'].texts[0])
    for name, split in splits.items():
        for i, sides in enumerate(split.texts):
            if len(sides) != first:
                raise UserError(
                    f'{folder / name / TEXTS}:{i + 1} has {len(sides)} '
                    f'text(s), but the first of {folder / "train" / TEXTS} '
                    f'has {first}; all must have as many')
