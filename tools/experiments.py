#!/usr/bin/env python
"""Train and evaluate the models of docs/experiments.md, and write its table.

    DKNN_DATA=... python tools/experiments.py [--only NAME] [--out results]

A run that is finished is not repeated.  The table stands between two marks
in docs/experiments.md and is replaced whole.
"""
import argparse
import json
import os
import pathlib
import shlex
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
PAGE = ROOT / 'docs' / 'experiments.md'
BEGIN, END = '<!-- results -->', '<!-- end of results -->'
GLOVE = '--word_vectors $DKNN_DATA/glove.6B.50d.subset.txt'
# Recurrent networks are kept small for two cores, and smaller where there
# are many words.
SMALL, SMALLER = ('--unit 100 --layer 2 --epoch 6',
                  '--unit 100 --layer 1 --epoch 4')
RECURRENT = {'stsa.binary': SMALL, 'TREC': SMALL, 'custrev': SMALL,
             'rt-polarity': SMALL, 'imdb.binary': SMALL, 'dbpedia': SMALLER,
             'snli': SMALLER}

# One row an experiment: the flags of train.py.
# With the default dropout and learning rate a pair of noisy encodings stays
# at chance on this small SNLI.
PAIR = ' --dropout 0.1 --learning-rate 0.001'
EXPERIMENTS = [
    f'--dataset {data} --model {model} {GLOVE}'
    + (PAIR if data == 'snli' else '')
    + (f' {RECURRENT[data]}' if model in ('rnn', 'bilstm') else '')
    for data in RECURRENT
    for model in ('cnn', 'rnn', 'bilstm', 'bow')]
EXPERIMENTS += ['--dataset TREC --model cnn --char-based',
                '--dataset vader.movie --model cnn']


def run_command(command):
    print('$', command, flush=True)
    subprocess.run(shlex.split(os.path.expandvars(command)), cwd=ROOT,
                   check=True)


def run_folder(flags, out):
    """Where train.py writes a run with these flags."""
    words = flags.split()
    name = '_'.join([words[1], words[3]]
                    + (['char'] if '--char-based' in words else []))
    return pathlib.Path(out) / name


def result(flags, out):
    """Train and evaluate unless that was done; the contents of dknn.json."""
    folder = run_folder(flags, out)
    metrics = ROOT / folder / 'dknn.json'
    if not metrics.is_file():
        run_command(f'{sys.executable} train.py {flags} --out {out}')
        run_command(f'{sys.executable} run_dknn.py --model-setup {folder}')
    log = json.loads((metrics.parent / 'log').read_text())
    return {**json.loads(metrics.read_text()),
            'train_seconds': log[-1]['elapsed_time']}


def table(rows):
    """Markdown: a line an experiment."""
    lines = ['| `python train.py ...` | indexed | softmax | DkNN | agree '
             '| coverage of 90 % sets | mean size | training | DkNN |',
             '|---|---|---|---|---|---|---|---|---|']
    for flags, row in rows:
        sets, = (s for s in row['prediction_sets'] if s['level'] == 0.9)
        lines.append(
            f'| `{flags}` | {row["n_train"]:,} '
            f'| {row["softmax_accuracy"]:.4f} | {row["dknn_accuracy"]:.4f} '
            f'| {row["agreement"]:.4f} | {sets["coverage"]:.4f} '
            f'| {sets["mean_size"]:.2f} | {row["train_seconds"]:.0f} s '
            f'| {row["seconds"]:.1f} s |')
    return '\n'.join(lines)


def write_table(rows):
    page = PAGE.read_text(encoding='utf-8')
    before, rest = page.split(BEGIN)
    _, after = rest.split(END)
    PAGE.write_text(f'{before}{BEGIN}\n{table(rows)}\n{END}{after}',
                    encoding='utf-8')


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('--only', default='', metavar='TEXT',
                        help='only experiments whose flags hold TEXT')
    parser.add_argument('--out', default='results')
    args = parser.parse_args()
    rows = [(flags, result(flags, args.out)) for flags in EXPERIMENTS
            if args.only in flags]
    print(table(rows))
    if not args.only:
        write_table(rows)


if __name__ == '__main__':
    main()
