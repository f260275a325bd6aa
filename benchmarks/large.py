#!/usr/bin/env python
"""The commands on hundreds of thousands of texts: time and peak memory.

    python benchmarks/large.py --texts 200000 --memory 4G --folder DIR

Makes DBpedia in its published layout, as large as wanted (see
benchmarks/reading.py), then trains a CNN for one epoch, indexes and predicts,
and explains texts, each command as a user gives it.  Prints a table and writes
it into docs/scale.md.  Data that are already in the folder are used again.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import argparse
import subprocess
import tempfile
import time

import runs
import text_datasets
from benchmarks import reading, scale
from files.downloads import find_file
from runs import flags
from runs.memory import in_megabytes
from tools import pages

MARKS = 'large'
DATASET = 'dbpedia'
COLUMNS = 'command', 's', 'peak memory, GB'
# A script as a command, which leaves the peak of its memory in a file; what
# the system tells of a child may be that of the process it was forked from
COMMAND = '''
import pathlib, runpy, sys
from benchmarks.timing import peak_memory
peak, *sys.argv = sys.argv[1:]
try:
    runpy.run_path(sys.argv[0], run_name='__main__')
finally:
    pathlib.Path(peak).write_text(str(peak_memory()))
'''


def commands(folder, memory, explained):
    """What is run: flags of each command, by its name.

    Args:
        folder (Path): With the data files; gets the run.
        memory (int): Bytes, as ``--memory``.
        explained (int): Texts that are explained.

    Returns:
        dict: Name of a script without ``.py`` to a list of str.
    """
    run = ['--model-setup', str(folder / f'{DATASET}_cnn'), '--data-dir',
           str(folder), '--memory', in_megabytes(memory)]
    return {
        'train': ['--dataset', DATASET, '--model', 'cnn', '--epoch', '1',
                  '--data-dir', str(folder), '--out', str(folder)],
        'run_dknn': run,
        'interpret': [*run, '--limit', str(explained), '--method',
                      'conformity', 'confidence', 'calibrated', 'gradient'],
    }


def measured(script, given):
    """Runs a command to its end.

    Args:
        script (str): Its name without ``.py``.
        given (list of str): Its flags.

    Returns:
        tuple: Seconds, and the peak of its resident memory in bytes.
    """
    with tempfile.TemporaryDirectory() as folder:
        peak = pathlib.Path(folder) / 'peak'
        start = time.perf_counter()
        done = subprocess.run(
            [sys.executable, '-c', COMMAND, str(peak),
             str(scale.ROOT / f'{script}.py'), *given], cwd=scale.ROOT,
            check=False)
        if done.returncode:
            sys.exit(done.returncode)  # it has said why
        return time.perf_counter() - start, int(peak.read_text())


def row_of(script, given, found):
    """Cells of the table, as text.

    Args:
        script (str): Name of a script without ``.py``.
        given (list of str): Its flags; paths are left out.
        found (tuple): What ``measured`` returned.

    Returns:
        list of str: In the order of ``COLUMNS``.
    """
    shown, rest = [], iter(given)
    for word in rest:
        if word in ('--model-setup', '--data-dir', '--out'):
            next(rest)
        else:
            shown.append(word)
    seconds, peak = found
    return [f'`{" ".join([script + ".py", *shown])}`', f'{seconds:,.0f}',
            f'{peak / 2 ** 30:.2f}']


def build_parser():
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    add = parser.add_argument
    add('--texts', type=flags.positive, default=200_000, metavar='N',
        help='training texts (default: 200,000)')
    add('--explained', type=flags.positive, default=1000, metavar='N',
        help='texts that are explained (default: 1,000)')
    add('--memory', type=flags.size, default=flags.size('4G'),
        help='of run_dknn.py and interpret.py (default: 4G)')
    add('--folder', type=pathlib.Path, required=True,
        help='where the data and the run go')
    add('--data-dir', metavar='DIR',
        help='folder with the published data files (default: $DKNN_DATA)')
    add('--docs', type=pathlib.Path, default=scale.ROOT / 'docs',
        help='where scale.md is (default: docs)')
    return parser


def main(argv=None):
    args = build_parser().parse_args(argv)
    source = text_datasets.DATASETS[DATASET]
    (file,) = {file for file, _ in source.files.values()}
    args.folder.mkdir(parents=True, exist_ok=True)
    if not (args.folder / file).exists():
        reading.write_dbpedia(find_file(file, source.origin, args.data_dir),
                              args.folder / file, args.texts)
    rows = [row_of(script, given, measured(script, given))
            for script, given in commands(args.folder, args.memory,
                                          args.explained).items()]
    text = (f'{args.texts:,} training texts, memory '
            f'{in_megabytes(args.memory)}:\n\n' + pages.table(COLUMNS, rows))
    print(text)
    pages.write_between(args.docs / scale.PAGE, f'\n{text}\n', MARKS)


if __name__ == '__main__':
    runs.run_script(main)
