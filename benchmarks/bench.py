#!/usr/bin/env python
"""This project beside its peers, in one run, in alternation: `make bench`.

    python benchmarks/bench.py --torch-python PATH   # a Python with torch
                                                     # and faiss-cpu

Prints ratios (ours divided by the peer's time, medians) and writes them, under
the name of OpenBLAS's kernels, to docs/performance.json, and the tables and
plots of docs/performance.md.  Without --torch-python the rows against PyTorch
are left out, and the documents stay as they are.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import argparse
import os
import platform
import tempfile

import numpy as np

import runs
from benchmarks import commands, lengths, report, searches, sides, soft
from runs.flags import positive

DATASET = 'stsa.binary'
RUN = f'results/{DATASET}_cnn'
DOCS = commands.ROOT / 'docs'


def build_parser():
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    add = parser.add_argument
    add('--torch-python', metavar='PATH',
        help='a Python with torch and faiss-cpu; without it no document is '
             'written')
    add('--data-dir', metavar='DIR',
        help='folder with the published data files (default: $DKNN_DATA)')
    add('--repeats', type=positive, default=3, metavar='N',
        help='how often everything is timed (default: 3)')
    add('--largest', type=positive, default=searches.SIZES[-1], metavar='N',
        help='most indexed examples of the plots (default: '
             f'{searches.SIZES[-1]:,})')
    add('--run', default=RUN, metavar='PATH',
        help=f'a trained run, for real activations (default: {RUN})')
    add('--docs', type=pathlib.Path, default=DOCS, metavar='DIR',
        help="where the documents are (default: the project's docs)")
    add('--quick', action='store_true', help='leave the plots as they are')
    add('--no-commands', action='store_true',
        help='leave out whole commands, make demo among them')
    return parser


def measure_sides(torch_python, data_dir, repeats):
    """The rows against PyTorch, and where our time goes, as a dict."""
    with tempfile.TemporaryDirectory() as folder:
        texts = pathlib.Path(folder) / 'texts.npz'
        sides.write_texts(texts, DATASET, data_dir)
        found = sides.compare_models(torch_python, texts, repeats)
    return {'ratios': sides.stage_rows(found), 'parts': sides.part_rows(found)}


def measure_commands(folder, repeats):
    """Seconds and memory of whole commands, as a dict."""
    folder = pathlib.Path(folder).resolve()
    return {'commands': commands.command_rows(folder, repeats),
            'peak_memory_mb': commands.peak_memory(folder)}


def measure_growth(layers, largest, repeats):
    """What the plots show, as a dict."""
    return {
        'growth_n': searches.growth_with_examples(layers, largest, repeats),
        'growth_k': searches.growth_with_neighbors(layers, repeats),
        'growth_length': lengths.growth_with_length(repeats)}


def measure(args):
    """Everything that the flags ask for, a result of ``report``."""
    result = {'machine': f'{os.cpu_count()} cores, Python '
                         f'{platform.python_version()}, NumPy '
                         f'{np.__version__}', 'ratios': []}
    if args.torch_python:
        result.update(measure_sides(args.torch_python, args.data_dir,
                                    args.repeats))
    layers = searches.real_layers(args.run, args.data_dir)
    result['ratios'] += searches.exact_rows(layers, args.repeats)
    result['ratios'] += soft.soft_rows(args.run, args.data_dir, args.repeats)
    if not args.no_commands:
        result.update(measure_commands(args.run, args.repeats))
    if args.torch_python and not args.quick:
        result.update(measure_growth(layers, args.largest, args.repeats))
    return result


def main(argv=None):
    args = build_parser().parse_args(argv)
    if args.torch_python:
        report.check_documents(args.docs)
    else:
        print('no --torch-python: the rows against PyTorch are left out')
    result = measure(args)
    print(report.table(result))
    if not args.torch_python:
        print('no --torch-python: the documents are left as they are')
        return
    report.write_documents(args.docs, report.kernels(), result)
    print(f'wrote {report.JSON} and {report.PAGE} in {args.docs}')


if __name__ == '__main__':
    runs.run_script(main)
