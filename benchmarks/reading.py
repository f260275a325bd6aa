#!/usr/bin/env python
"""Reading of large data sets: seconds and peak memory.

    python benchmarks/reading.py

Reads SST, and SNLI and DBpedia in their published layout but as large as they
are wanted: the published texts again and again, each word left out with
probability 0.1.  Each reading is a process of its own: on one core, on all,
with a cache that is still empty, and with one that has the data.  Prints a
table.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import argparse
import csv
import io
import itertools
import json
import os
import random
import shutil
import subprocess
import tarfile
import tempfile
import zipfile

import runs
import text_datasets
from files.downloads import find_file
from runs.flags import positive

ROOT = pathlib.Path(__file__).resolve().parents[1]
LEFT_OUT = .1
WAYS = ['one core', 'all cores', 'all cores, then kept', 'kept before']
READ = '''
import json, os, sys, time
import parallel, text_datasets
from benchmarks.timing import peak_memory
from files.cached import Cache
name, folder, way, cache = sys.argv[1:]
n = 1 if way == 'one core' else len(os.sched_getaffinity(0))
parallel.n_workers = lambda: n
start = time.perf_counter()
data = text_datasets.load_dataset(
    name, folder, cache=Cache(cache, print) if 'kept' in way else None)
seconds = time.perf_counter() - start
print(json.dumps({'seconds': seconds, 'peak': peak_memory(), 'n': sum(
    len(split) for split in data[2:6]), 'digest':
    text_datasets.fingerprint(data)}))
'''


def build_parser():
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    add = parser.add_argument
    add('--pairs', type=positive, default=550000, metavar='N',
        help='training pairs of SNLI (default: 550,000)')
    add('--texts', type=positive, default=200000, metavar='N',
        help='training texts of DBpedia (default: 200,000)')
    add('--data-dir', metavar='DIR',
        help='folder with the published data files (default: $DKNN_DATA)')
    return parser


def with_gaps(text, generator):
    """A text without some of its words."""
    return ' '.join(word for word in text.split()
                    if generator.random() >= LEFT_OUT)


def write_snli(source, path, n):
    """Writes SNLI with n training pairs."""
    generator = random.Random(0)
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(
            path, 'w', zipfile.ZIP_DEFLATED) as new:
        for _, member in text_datasets.DATASETS['snli'].files.values():
            content = old.read(member)
            if 'train' not in member:
                new.writestr(member, content)
                continue
            records = map(json.loads, itertools.cycle(content.splitlines()))
            with new.open(member, 'w') as stream:
                for record in itertools.islice(records, n):
                    for name in ('sentence1', 'sentence2'):
                        record[name] = with_gaps(record[name], generator)
                    stream.write(json.dumps(record).encode() + b'\n')


def write_dbpedia(source, path, n):
    """Writes DBpedia with n training texts."""
    generator = random.Random(0)
    with tarfile.open(source) as old, tarfile.open(path, 'w:gz') as new:
        for _, member in text_datasets.DATASETS['dbpedia'].files.values():
            content = old.extractfile(member).read()
            if 'train' in member:
                rows = itertools.cycle(csv.reader(io.StringIO(
                    content.decode(), newline='')))
                out = io.StringIO()
                csv.writer(out).writerows(
                    [label, title, with_gaps(text, generator)]
                    for label, title, text in itertools.islice(rows, n))
                content = out.getvalue().encode()
            info = tarfile.TarInfo(member)
            info.size = len(content)
            new.addfile(info, io.BytesIO(content))


def write_data(folder, args):
    """Puts the three data sets into a folder; returns their names."""
    for name, write, n in [('stsa.binary', None, None),
                           ('snli', write_snli, args.pairs),
                           ('dbpedia', write_dbpedia, args.texts)]:
        source = text_datasets.DATASETS[name]
        for file in {file for file, _ in source.files.values()}:
            found = find_file(file, source.origin, args.data_dir)
            if write is None:
                shutil.copyfile(found, folder / file)
            else:
                write(found, folder / file, n)
    return 'stsa.binary', 'snli', 'dbpedia'


def measure(name, folder, way):
    """One reading in a process of its own, as a dict."""
    done = subprocess.run(
        [sys.executable, '-c', READ, name, str(folder), way,
         str(folder / 'cache')], cwd=ROOT, stdout=subprocess.PIPE, text=True,
        check=True)
    return json.loads(done.stdout.splitlines()[-1])


def main(argv=None):
    args = build_parser().parse_args(argv)
    print(f'{len(os.sched_getaffinity(0))} cores\n')
    print('| data set | examples | way | s | peak memory, MB |\n'
          '|---|---|---|---|---|')
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for name in write_data(folder, args):
            found = []
            for way in WAYS:
                found.append(row := measure(name, folder, way))
                print(f'| {name} | {row["n"]:,} | {way} | '
                      f'{row["seconds"]:.2f} | {row["peak"] / 2 ** 20:,.0f} |',
                      flush=True)
            if len({row['digest'] for row in found}) > 1:
                raise RuntimeError(f'{name}: the ways differ')


if __name__ == '__main__':
    runs.run_script(main)
