"""The flags that several scripts share, and which argument each one sets."""
import argparse
import inspect
import os
import re

from errors import UserError
from neighbors import INDEXES
from neighbors.choice import AUTO
from runs.folder import DTYPES, RESULTS

# Argument of the library -> flag of the scripts, where messages name it
FLAGS = {
    'batchsize': '--batchsize', 'calib_size': '--calib-size',
    'data_dir': '--data-dir', 'error': '--error', 'dropout': '--dropout',
    'embed_dropout': '--embed-dropout', 'gpu': '--gpu',
    'device': '--gpu', 'dtype': '--dtype', 'ids': '--ids', 'index': '--index',
    'layers': '--layers', 'memory': '--memory',
    'model_setup': '--model-setup', 'name': '--name',
    'text_column': '--text-column', 'label_column': '--label-column',
    'id_column': '--id-column',
    'n_layers': '--layer', 'n_neighbors': '--neighbors',
    'n_units': '--unit', 'learning_rate': '--learning-rate', 'out': '--out',
    'premise': '--premise', 'uri': '--milvus-uri',
    'index_options': '--index-options',
    **{name: f'--index-options {name}' for name in (
        'n_bits', 'n_tables', 'n_links', 'ef_construction', 'ef_search',
        'n_lists', 'n_probes', 'pq', 'n_ranked', 'sum_bits')},
}
# Arguments of indexes that have flags of their own
TEXT_OPTIONS = 'uri', 'token', 'labels', 'memory', 'device'


def whole_number(least, most=2 ** 31 - 1):
    """A type for argparse: whole numbers from `least` to `most`."""
    def parse(text):
        value = int(text)
        if value < least:
            raise argparse.ArgumentTypeError(
                f'must be at least {least}, got {value}')
        if value > most:
            raise argparse.ArgumentTypeError(
                f'must be at most {most}, got {value}')
        return value

    parse.__name__ = 'whole number'  # argparse names it
    return parse


def positive_number(most):
    """A type for argparse: numbers above 0, `most` at the most."""
    def parse(text):
        value = float(text)
        if not 0 < value <= most:  # NaN is not, either
            raise argparse.ArgumentTypeError(
                f'must be above 0 and at most {most}, got {text}')
        return value

    parse.__name__ = 'number'  # argparse names it
    return parse


def number_below(most):
    """A type for argparse: numbers from 0 to below `most`."""
    def parse(text):
        value = float(text)
        if not 0 <= value < most:  # NaN is not, either
            raise argparse.ArgumentTypeError(
                f'must be at least 0 and below {most}, got {text}')
        return value

    parse.__name__ = 'number'  # argparse names it
    return parse


def probability(text):
    """A type for argparse: numbers above 0 and below 1."""
    value = float(text)
    if not 0 < value < 1:  # NaN is not, either
        raise argparse.ArgumentTypeError(
            f'must be above 0 and below 1, got {text}')
    return value


def numbers(text):
    """A type for argparse: whole numbers, a comma between."""
    try:
        return [int(part) for part in text.split(',')]
    except ValueError:
        raise argparse.ArgumentTypeError(
            f'expected numbers like 3,17, got {text!r}') from None


def figure_file(text):
    """A type for argparse: a file for a figure."""
    if not text.endswith(('.pdf', '.svg', '.png')):
        raise argparse.ArgumentTypeError(
            f'expected a name ending in .pdf, .svg or .png, got {text!r}')
    return text


def size(text):
    """A type for argparse: bytes, such as 4G, 512M, 1.5g or 100000K."""
    found = re.fullmatch(r'([0-9]{1,15}(?:\.[0-9]{1,9})?)([KMG]?)',
                         text.upper())
    if not found:
        raise argparse.ArgumentTypeError(
            f'expected a number of bytes like 4G, 512M or 100000K, got '
            f'{text!r}')
    number, unit = found.groups()
    return int(float(number) * 1024 ** ' KMG'.index(unit or ' '))


positive = whole_number(1)
seed = whole_number(0, 2 ** 32 - 1)  # what NumPy takes


def layer_choice(text):
    """A type for argparse: ``all``, ``last`` or numbers such as ``0,2``."""
    if text in ('all', 'last'):
        return text
    try:
        return [int(part) for part in text.split(',')]
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"expected 'all', 'last' or numbers from 0 like 0,2, "
            f'got {text!r}') from None


def index_option(text):
    """A type for argparse: a name and a whole number, like ``pq=60``."""
    found = re.fullmatch(r'([a-z_]+)=([0-9]{1,9})', text)
    if not found:
        raise argparse.ArgumentTypeError(
            f'expected a name and a whole number like n_probes=20, got '
            f'{text!r}')
    return found[1], int(found[2])


def add_run_flags(parser):
    """Adds the flags of every script that reads a run folder."""
    parser.add_argument(
        '--model-setup', metavar='PATH',
        help='args.json of a run, or its folder (default: the newest run '
             f'under {RESULTS}/)')
    parser.add_argument('--gpu', '-g', type=whole_number(-1), default=-1,
                        help='GPU number, -1 for the CPU (default: -1)')
    parser.add_argument('--data-dir', metavar='DIR',
                        help='folder with the published data files '
                             '(default: $DKNN_DATA)')
    parser.add_argument('--dtype', choices=DTYPES,
                        help='how activations are stored: float16 takes half '
                             'the space, and rounds them (default: float32)')


def add_activations_flags(parser):
    """Adds the flags of scripts that also run on activations alone."""
    parser.add_argument('--activations', metavar='DIR',
                        help='instead of a run, a folder of activations made '
                             'by any framework (docs/activations.md)')
    parser.add_argument('--out', metavar='DIR',
                        help='where the results go (default: the run folder, '
                             'or that of --activations)')


def add_dknn_flags(parser):
    """Adds the flags of every script that asks for neighbours."""
    parser.add_argument('--index', choices=sorted([*INDEXES, AUTO]),
                        default='exact', help='how neighbours are found '
                        '(default: exact); auto: by examples, queries and '
                        'memory (docs/scale.md)')
    parser.add_argument('--lsh', action='store_const', const='lsh',
                        dest='index', help='the same as --index lsh')
    parser.add_argument('--milvus-uri', metavar='URI',
                        help='for --index milvus: FILE.db, or the address of '
                             'a server like http://localhost:19530 (whose '
                             'user:password is in $MILVUS_TOKEN)')
    parser.add_argument('--index-options', nargs='+', type=index_option,
                        metavar='NAME=N', help='whole numbers for the index, '
                        'such as pq=60 n_probes=20 for ivf, or ef_search=500 '
                        'for hnsw (docs/scale.md)')
    parser.add_argument('--neighbors', '-k', type=positive, default=75,
                        metavar='K', help='neighbours a layer (default: 75)')
    parser.add_argument('--layers', type=layer_choice, default='all',
                        help="'all' (default), 'last' or numbers from 0, "
                             'input side first, like 0,2')
    parser.add_argument('--class-conditional', action='store_true',
                        help='p-values against the calibration examples of '
                             'the same label only (Mondrian)')
    parser.add_argument('--memory', type=size, metavar='SIZE',
                        help='memory of the whole process, like 4G or 512M: '
                             'activations beyond it stay on disk (default: '
                             'no bound)')


def add_error_flag(parser, default):
    """Adds the flag of scripts that make prediction sets.

    Args:
        parser (argparse.ArgumentParser): Of the script.
        default (float): What is meant where it is not given.
    """
    parser.add_argument('--error', type=probability, metavar='E',
                        help='of the prediction sets: they miss the true '
                             'label with a probability of at most E '
                             f'(default: {default})')


def dknn_options(args):
    """What ``add_dknn_flags`` parsed, as arguments of ``runs.fit_dknn``.

    Those of ``runs.plan_search``, where the index may be ``'auto'``.

    Raises:
        UserError: If ``--milvus-uri`` lacks, or goes with another index; or
            the index has no option of that name.
    """
    return {'n_neighbors': args.neighbors, 'index': args.index,
            'layers': args.layers,
            'class_conditional': args.class_conditional,
            'index_options': _index_options(args)}


def _index_options(args):
    options = dict(args.index_options or ())
    known = [] if args.index == AUTO else [
        name for name in inspect.signature(INDEXES[args.index]).parameters
        if name not in TEXT_OPTIONS]
    for name in options:
        if name not in known:
            raise UserError(
                f'--index-options {name}: --index {args.index} has no such '
                'option; ' + (f'choose from {", ".join(known)}' if known
                              else 'leave it out'))
    if (args.index == 'milvus') != bool(args.milvus_uri):
        raise UserError(
            f'--index {args.index} does not take --milvus-uri; give it with '
            '--index milvus' if args.milvus_uri else
            '--index milvus needs --milvus-uri, a FILE.db or the address of '
            'a server like http://localhost:19530')
    if args.milvus_uri:
        options.update(uri=args.milvus_uri, token=os.environ.get(
            'MILVUS_TOKEN', ''))
    return options or None
