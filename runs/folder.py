"""The run folder, and what the scripts share.

``train.py`` makes a run folder; every later script reads it with
:func:`load_run`, the only place that does.  The folder holds (paths inside
are relative to it, so it can be moved)

=================  =====================================================
``args.json``      settings, label names, versions
``vocab.json``     word -> id
``calib.json``     positions of the calibration examples in the training data
``best_model.npz`` parameters with the best validation accuracy
``activations/``   every layer of every split, once some script needed it
=================  =====================================================

and what the scripts wrote: ``OUTPUTS`` names it all.
"""
import compat  # noqa: F401  (before Chainer)

import argparse
import contextlib
import hashlib
import json
import os
import pathlib
import pickle
import shutil
import sys
import tempfile
import zipfile
import zlib
from typing import NamedTuple

import chainer
import numpy as np
import tqdm

import calibration
import dknn
import neighbors
import nets
import nlp_utils
import parallel
import text_datasets

ARGS, VOCAB, CALIB, MODEL = ('args.json', 'vocab.json', 'calib.json',
                             'best_model.npz')
SNAPSHOT, ACTIVATIONS = 'snapshot', 'activations'
OUTPUTS = (ARGS, VOCAB, CALIB, MODEL, SNAPSHOT, ACTIVATIONS, 'log',
           'loss.png', 'accuracy.png', 'temperature.json', 'calibration.json',
           'reliability.png', 'reliability.pdf', 'credibility.png',
           'credibility.pdf', 'coverage.png', 'coverage.pdf', 'dknn.json',
           'predictions.jsonl', 'interpretations.html',
           'interpretations.jsonl', 'evaluation.json')
RESULTS = 'results'
TOKENS_ON_GPU = 16384  # of a batch; nets.Encoder has that of a CPU
CHEAP_INDEXES = 'exact',  # built again faster than read
# Raise them where activations, indexes are computed otherwise.
ACTIVATIONS_VERSION = INDEX_VERSION = 1
# What NumPy, joblib and faiss raise for a file that is cut or overwritten
DAMAGED = (OSError, ValueError, RuntimeError, EOFError, LookupError,
           zipfile.BadZipFile, zlib.error, pickle.UnpicklingError)
SPLITS = 'train', 'valid', 'calib', 'test'
# What args.json must hold, in the released code's runs, too.
SETTINGS = {'dataset': str, 'model': str, 'unit': int, 'layer': int,
            'dropout': (int, float)}


class Run(NamedTuple):
    """A trained run, ready to use.

    Attributes:
        folder: pathlib.Path.
        args: dict, the contents of ``args.json``.
        vocab: dict, word -> id.
        data: text_datasets.Dataset.
        model: nets.TextClassifier or nets.SNLIClassifier, on its device.
    """
    folder: pathlib.Path
    args: dict
    vocab: dict
    data: text_datasets.Dataset
    model: chainer.Chain


def run_script(main):
    """Call a script's `main` and leave the process with its exit code.

    What the user can mend (``ValueError``, ``OSError``) becomes one sentence
    on standard error and exit code 2, Ctrl-C exit code 130.
    """
    try:
        main()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except (ValueError, OSError) as error:
        print(f'{pathlib.Path(sys.argv[0]).name}: error: {error}',
              file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print('interrupted', file=sys.stderr)
        sys.exit(130)


@contextlib.contextmanager
def replacing(path):
    """A temporary path beside `path` that replaces it when all went well."""
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f'.{path.name}.',
                                    suffix=path.suffix, dir=path.parent)
    os.close(handle)
    try:
        yield pathlib.Path(name)
        os.chmod(name, 0o666 & ~_umask())
        os.replace(name, path)
    finally:
        pathlib.Path(name).unlink(missing_ok=True)


@contextlib.contextmanager
def replacing_folder(folder):
    """A temporary folder that replaces `folder` when all went well."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = pathlib.Path(tempfile.mkdtemp(prefix=f'.{folder.name}.',
                                              dir=folder.parent))
    try:
        yield temporary
        if folder.exists():
            shutil.rmtree(folder)
        os.chmod(temporary, 0o777 & ~_umask())
        temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


def write_json(path, value):
    """Write one JSON document, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(
            json.dumps(value, indent=2, ensure_ascii=False) + '\n',
            encoding='utf-8')


def write_jsonl(path, records):
    """Write records, one JSON object a line, whole or not at all."""
    with replacing(path) as temporary:
        with temporary.open('w', encoding='utf-8') as f:
            for record in records:
                f.write(json.dumps(record, ensure_ascii=False,
                                   separators=(',', ':')) + '\n')


def progress_bar(total, desc, unit):
    """A progress bar on a terminal, silent elsewhere or without `desc`."""
    return tqdm.tqdm(total=total, desc=desc, unit=unit, leave=False,
                     disable=None if desc else True)


def folder_of(out, dataset, model, char_based=False):
    """The run folder for these settings, ``results/stsa.binary_cnn``."""
    name = dataset
    if dataset not in text_datasets.DATASETS:
        name = pathlib.Path(dataset).name.split('.')[0]
    return pathlib.Path(out) / (
        f'{name}_{model}' + ('_char' if char_based else ''))


def clear(folder):
    """Remove what an earlier run wrote in `folder`, and nothing else."""
    for name in OUTPUTS:
        path = pathlib.Path(folder) / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def positive(text):
    """argparse type: an integer of at least 1."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f'must be at least 1, got {value}')
    return value


def layer_choice(text):
    """argparse type: ``all``, ``last`` or layer numbers, ``0,2``."""
    if text in ('all', 'last'):
        return text
    try:
        return [int(part) for part in text.split(',')]
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"expected 'all', 'last' or numbers from 0 like 0,2, "
            f'got {text!r}') from None


def add_run_flags(parser):
    """The flags of every script that reads a run folder."""
    parser.add_argument(
        '--model-setup', metavar='PATH',
        help='args.json of a run, or its folder (default: the newest run '
             f'under {RESULTS}/)')
    parser.add_argument('--gpu', '-g', type=int, default=-1,
                        help='GPU number, -1 for the CPU (default: -1)')
    parser.add_argument('--data-dir', metavar='DIR',
                        help='folder with the published data files '
                             '(default: $DKNN_DATA)')


def add_dknn_flags(parser):
    """The flags of every script that asks for neighbours."""
    parser.add_argument('--index', choices=sorted(neighbors.INDEXES),
                        default='exact',
                        help='how neighbours are found (default: exact)')
    parser.add_argument('--lsh', action='store_const', const='lsh',
                        dest='index', help='the same as --index lsh')
    parser.add_argument('--neighbors', '-k', type=positive, default=75,
                        metavar='K', help='neighbours a layer (default: 75)')
    parser.add_argument('--layers', type=layer_choice, default='all',
                        help="'all' (default), 'last' or numbers from 0, "
                             'input side first, like 0,2')
    parser.add_argument('--class-conditional', action='store_true',
                        help='p-values against the calibration examples of '
                             'the same label only (Mondrian)')


def find_setup(model_setup=None):
    """The run folder a user means.

    Args:
        model_setup: ``args.json``, its folder, or None for the newest run
            under ``results/``.

    Raises:
        ValueError: where there is none.
    """
    if model_setup is None:
        setups = sorted(pathlib.Path(RESULTS).glob('*/' + ARGS),
                        key=lambda path: path.stat().st_mtime)
        setups = [s for s in setups if (s.parent / MODEL).exists()]
        if not setups:
            raise ValueError(
                f'no trained run under {RESULTS}/; train one with '
                'python train.py --dataset vader.movie --model cnn, or name '
                'one with --model-setup')
        return setups[-1].parent
    path = pathlib.Path(model_setup)
    if not path.exists():
        raise ValueError(f'{path} is no trained run: it does not exist; '
                         'name the args.json of one, or its folder')
    folder = path if path.is_dir() else path.parent
    for name in (path.name if path.suffix == '.json' else ARGS, VOCAB, CALIB,
                 MODEL):
        if not (folder / name).is_file():
            raise ValueError(f'{folder} is no trained run: it has no {name}; '
                             'train one with python train.py')
    return folder


def read_json(path):
    """Contents of a JSON file; ValueError naming it where it is broken."""
    try:
        return json.loads(pathlib.Path(path).read_text(encoding='utf-8'))
    except ValueError as error:
        raise ValueError(f'{path} is no valid JSON: {error}') from None


def load_run(model_setup=None, data_dir=None, gpu=-1):
    """Everything a trained run consists of.

    Run folders of the released code load as well.

    Args:
        model_setup: see :func:`find_setup`.
        data_dir: folder with the published data files.
        gpu (int): GPU number, or -1.

    Returns:
        Run

    Raises:
        ValueError: for a folder that is incomplete or does not fit together.
    """
    folder = find_setup(model_setup)
    args, vocab, positions = read_setup(folder)
    data = text_datasets.load_dataset(
        _dataset_path(folder, args['dataset'], data_dir), data_dir,
        char_based=args.get('char_based', False), seed=args.get('seed', 0),
        calib_size=args.get('calib_size', 1000),
        calib_positions=positions)
    names = args.get('label_names', list(data.label_names))
    if names != list(data.label_names):
        raise ValueError(
            f'{folder} was trained on the labels {names}, but '
            f'{data.name} now has {list(data.label_names)}; train again')
    model = nets.make_classifier(
        args['model'], len(vocab), len(data.label_names),
        n_units=args['unit'], n_layers=args['layer'],
        dropout=args['dropout'], pair=data.pair,
        embed_units=args.get('embed_units'))
    _load_parameters(folder, model)
    to_device(model, gpu)
    return Run(folder, args, vocab, data, model)


def read_setup(folder):
    """Settings, vocabulary and calibration positions of a run folder.

    Returns:
        dict, dict word -> id, list of int.

    Raises:
        ValueError: for a file that is no JSON, or holds something else.
    """
    args, vocab, positions = (read_json(folder / name)
                              for name in (ARGS, VOCAB, CALIB))
    wrong = [name for name, kind in SETTINGS.items()
             if not isinstance(args, dict)
             or not isinstance(args.get(name), kind)]
    if wrong:
        raise ValueError(f'{folder / ARGS} holds no usable {wrong[0]!r}; '
                         'it is not what train.py wrote')
    if (not isinstance(vocab, dict)
            or nlp_utils.SPECIAL_WORDS.items() - vocab.items()
            or set(vocab.values()) != set(range(len(vocab)))):
        raise ValueError(f'{folder / VOCAB} does not give its words the ids '
                         'from 0; it is not what train.py wrote')
    if not isinstance(positions, list) or not all(
            isinstance(i, int) for i in positions):
        raise ValueError(f'{folder / CALIB} is no list of calibration '
                         'positions; it is not what train.py wrote')
    return args, vocab, positions


def _load_parameters(folder, model):
    try:
        with np.load(folder / MODEL) as arrays:
            unused = set(arrays.files) - {
                name.lstrip('/') for name, _ in model.namedparams()}
            if unused:
                raise ValueError(f'it has {sorted(unused)[0]}, too')
            chainer.serializers.NpzDeserializer(arrays).load(model)
    except Exception as error:  # broken zip, missing or misshapen parameter
        raise ValueError(f'{folder / MODEL} does not fit {folder / ARGS}: '
                         f'{error}') from error


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
    raise ValueError(
        f'the data this run was trained on is gone: {places[-1]} does not '
        'exist; name the folder that holds it now with --data-dir')


def to_device(model, gpu):
    """Move a model to GPU number `gpu`, or leave it on the CPU for -1."""
    name = f'@cupy:{gpu}' if gpu >= 0 else '@numpy'
    try:
        device = chainer.get_device(name)
        device.use()
    except RuntimeError as error:
        reason = str(error).partition('\n')[0]
        raise ValueError(f'--gpu {gpu} cannot be used: {reason}; leave it '
                         'out to run on the CPU') from error
    model.to_device(device)
    return device


def batches(xs, tokens):
    """Cut texts into batches of similar length and bounded size.

    Args:
        xs: list of int arrays, or a tuple of two such lists.
        tokens (int): a batch holds at most that many tokens, or one example.

    Yields:
        int array: positions of the examples in a batch.
    """
    sides = xs if isinstance(xs, tuple) else (xs,)
    lengths = np.sum([[len(x) for x in side] for side in sides], axis=0)
    order = np.argsort(lengths, kind='stable')
    # Not lengths in total, but the number of texts times the longest.
    begin = 0
    while begin < len(order):
        sizes = lengths[order[begin:begin + tokens]]
        fits = np.arange(1, len(sizes) + 1) * sizes <= tokens
        end = begin + max(1, int(fits.sum()))
        yield order[begin:end]
        begin = end


def select(xs, positions):
    """The examples at these positions, in the shape of `xs`."""
    if isinstance(xs, tuple):
        return tuple([side[i] for i in positions] for side in xs)
    return [xs[i] for i in positions]


def n_examples(xs):
    """Number of examples in a list, or in a tuple of two lists."""
    return len(xs[0]) if isinstance(xs, tuple) else len(xs)


def encode(examples, vocab):
    """Examples -> (xs, labels int32 (n,)), xs as the models take them."""
    return nlp_utils.convert_batch(
        [nlp_utils.encode_example(example, vocab) for example in examples])


def forward(model, xs, desc=None, out=None):
    """Logits and every layer's activations of any number of texts.

    Args:
        model: a classifier of nets.
        xs: list of int32 arrays, or a tuple of two such lists.
        desc (str): name for a progress bar; left out, there is none.
        out: function (name, shape) -> float32 array to write into, for what
            does not fit into memory; left out, arrays in memory.

    Returns:
        ndarray (n, C), list of ndarray (n, D_l), all float32.
    """
    out = out or (lambda name, shape: np.empty(shape, np.float32))
    n = n_examples(xs)
    if not n:
        raise ValueError('there is no text to run the model on')
    on_cpu = model.xp is np
    first, *others = batches(
        xs, model.encoder.tokens_per_batch if on_cpu else TOKENS_ON_GPU)
    with progress_bar(n, desc, 'text') as bar:
        def parts_of(rows):
            logits, layers = model.logits_and_activations(select(xs, rows))
            bar.update(len(rows))
            return [logits, *layers]

        parts = parts_of(first)
        arrays = [out(name, (n, part.shape[1])) for name, part in
                  zip(_array_names(parts[1:]), parts, strict=True)]
        _fill(arrays, first, parts)
        if on_cpu:
            parallel.run(lambda rows: _fill(arrays, rows, parts_of(rows)),
                         others)
        else:
            for rows in others:
                _fill(arrays, rows, parts_of(rows))
    return arrays[0], arrays[1:]


def _fill(arrays, rows, parts):
    for array, part in zip(arrays, parts, strict=True):
        array[rows] = part


def _array_names(layers):
    return ['logits'] + [f'layer_{i}' for i in range(len(layers))]


def activations(run, split):
    """Stored logits and activations of a split, computed where missing.

    They are recomputed when the model, the vocabulary or the data changed.

    Args:
        run (Run): a trained run.
        split (str): one of ``SPLITS``.

    Returns:
        logits (n, C), list of (n, D_l), labels (n,): float32 arrays mapped
        from disk, int32 labels.
    """
    xs, labels = encode(getattr(run.data, split), run.vocab)
    folder = run.folder / ACTIVATIONS / split
    key = _activation_key(run, xs, labels)
    if not (folder / 'key').is_file() or (folder / 'key').read_text() != key:
        _store_activations(run, split, xs, folder, key)
    names = _array_names(run.model.layer_names)
    logits, *layers = (np.load(folder / f'{name}.npy', mmap_mode='r')
                       for name in names)
    return logits, layers, labels


def _store_activations(run, split, xs, folder, key):
    with replacing_folder(folder) as temporary:
        def on_disk(name, shape):
            return np.lib.format.open_memmap(
                temporary / f'{name}.npy', 'w+', np.float32, shape)

        forward(run.model, xs, desc=f'activations of {split}', out=on_disk)
        (temporary / 'key').write_text(key)


def _activation_key(run, xs, labels):
    """A digest of all that a split's activations depend on."""
    digest = hashlib.sha256((run.folder / MODEL).read_bytes())
    digest.update(f'{ACTIVATIONS_VERSION}'.encode())
    for side in xs if isinstance(xs, tuple) else (xs,):
        digest.update(np.concatenate(side).tobytes())
        digest.update(np.array([len(x) for x in side]).tobytes())
    digest.update(labels.tobytes())
    return digest.hexdigest()


def fit_dknn(run, args):
    """DkNN fitted on the training split, calibrated on the calibration one.

    Args:
        run (Run): a trained run.
        args: the flags of :func:`add_dknn_flags`.

    Returns:
        dknn.DkNN
    """
    _, layers, labels = activations(run, 'train')
    model = dknn.DkNN(
        len(run.data.label_names), n_neighbors=args.neighbors,
        index=args.index, layers=args.layers,
        class_conditional=args.class_conditional)
    _fit_or_load(model, run.folder / ACTIVATIONS, layers, labels, args)
    _, layers, labels = activations(run, 'calib')
    return model.calibrate(layers, labels)


def _fit_or_load(model, folder, layers, labels, args):
    """Fit, or take the stored index; one that costs time is stored.

    It belongs to the stored training activations: where those changed, it
    is built again.
    """
    if args.index in CHEAP_INDEXES:
        model.fit(layers, labels)
        return
    key = (f'{(folder / "train" / "key").read_text()} {args.layers} '
           f'{INDEX_VERSION}')
    stored = folder / f'index_{args.index}'
    if (stored / 'key').is_file() and (stored / 'key').read_text() == key:
        try:
            model.load_indexes(stored, layers, labels)
            return
        except DAMAGED as error:
            print(f'{stored} is damaged ({type(error).__name__}) and built '
                  'anew', file=sys.stderr)
    model.fit(layers, labels)
    with replacing_folder(stored) as temporary:
        model.save_indexes(temporary)
        (temporary / 'key').write_text(key)


def fit_run_temperature(run):
    """The temperature fitted on a run's calibration split.

    Also written to ``temperature.json``, with the split's NLL before and
    after.

    Args:
        run (Run): a trained run.

    Returns:
        float: T > 0.
    """
    logits, _, labels = activations(run, 'calib')
    temperature = calibration.fit_temperature(logits, labels)
    before, after = (calibration.negative_log_likelihood(
        calibration.softmax(logits, t), labels) for t in (1.0, temperature))
    write_json(run.folder / 'temperature.json', {
        'temperature': temperature, 'n': len(labels), 'split': 'calib',
        'nll_before': before, 'nll_after': after})
    return temperature
