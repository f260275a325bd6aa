#!/usr/bin/env python
"""Coverage-guided fuzzing of what reads files that others wrote.

    python tools/fuzz.py --seconds 60 vectors vocabulary

atheris makes up bytes that reach new lines of the readers; what must hold for
them stands in ``tools/fuzz_targets.py``.  Every target runs in a process of
its own.  The exit code is 1 if one of them failed; its bytes are kept.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import argparse
import hashlib
import importlib.util
import re
import subprocess
import tempfile

from errors import MissingPackage
from runs import run_script
from runs.flags import positive, seed
from tools.fuzz_targets import TARGETS

ROOT = pathlib.Path(__file__).resolve().parents[1]
# The readers must not be imported before: this process imported them.
CHILD = '''
import functools, sys
import atheris
with atheris.instrument_imports(include=[
        'files', 'nlp_utils', 'tools.fuzz_targets', 'html', 'tarfile',
        'zipfile'], enable_loader_override=False):
    from tools import fuzz_targets
name, folder, *flags = sys.argv[1:]
run = functools.partial(fuzz_targets.TARGETS[name].run, folder=folder)
atheris.Setup(['fuzz', *flags], lambda content: run(content))
atheris.Fuzz()
'''
MOST_BYTES = 4096  # of one input
SLOW = 20  # seconds that one input may take
MOST_MEMORY = 2048  # MiB


def fuzz(name, seconds, seed, kept):
    """Feeds one target for a while.

    Args:
        name (str): A key of ``TARGETS``.
        seconds (int): How long.
        seed (int): Of what is made up.
        kept (Path): Folder for bytes on which it fails.

    Returns:
        tuple: How many inputs were tried, how many features of the code they
        reached, and the last line of the error, or nothing.
    """
    with tempfile.TemporaryDirectory() as folder:
        corpus = pathlib.Path(folder, 'corpus')
        corpus.mkdir()
        for content in TARGETS[name].seeds:
            (corpus / hashlib.sha1(content).hexdigest()).write_bytes(content)
        done = subprocess.run(
            [sys.executable, '-c', CHILD, name, folder, str(corpus),
             f'-max_total_time={seconds}', f'-seed={seed + 1}',
             f'-max_len={MOST_BYTES}', f'-timeout={SLOW}',
             f'-rss_limit_mb={MOST_MEMORY}', '-print_final_stats=1',
             f'-artifact_prefix={kept}/{name}-'],
            cwd=ROOT, capture_output=True, text=True, errors='replace')
    said = done.stdout + done.stderr
    n_inputs = re.findall(r'number_of_executed_units: (\d+)', said)
    features = re.findall(r' ft: (\d+)', said)
    return (int(n_inputs[-1]) if n_inputs else 0,
            int(features[-1]) if features else 0,
            _reason(said) if done.returncode else '')


def _reason(said):
    """What went wrong, from the output of a target."""
    lines = re.findall(r'^(?:\w+\.)*(?:\w*Error|\w*Exception)\b.*|'
                       r'^.*ERROR: libFuzzer: .*', said, re.MULTILINE)
    return (lines or said.strip().splitlines()[-1:] or ['no output'])[0]


def target(name):
    """A flag's value that names a target."""
    if name not in TARGETS:
        raise argparse.ArgumentTypeError(
            f'{name!r} is no target; choose of {", ".join(TARGETS)}')
    return name


def build_parser():
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    add = parser.add_argument
    add('targets', nargs='*', metavar='TARGET', type=target,
        help=f'of {", ".join(TARGETS)} (default: all)')
    add('--seconds', type=positive, default=60, metavar='N',
        help='time for each target (default: 60)')
    add('--seed', type=seed, default=0, help='of the inputs (default: 0)')
    add('--out', type=pathlib.Path, default=pathlib.Path('results/fuzz'),
        metavar='FOLDER', help='where bytes on which a target fails are kept '
        '(default: results/fuzz)')
    return parser


def main(argv=None):
    args = build_parser().parse_args(argv)
    if importlib.util.find_spec('atheris') is None:
        raise MissingPackage('atheris', 'atheris', 'fuzzing')
    kept = args.out.resolve()
    kept.mkdir(parents=True, exist_ok=True)
    failed = False
    for name in args.targets or TARGETS:
        n_inputs, features, reason = fuzz(name, args.seconds, args.seed, kept)
        failed |= bool(reason)
        print(f'{name:12}{n_inputs:>10,} inputs{features:>7,} features   '
              + (f'FAILED: {reason}' if reason else 'nothing found'),
              flush=True)
    if failed:
        sys.exit(1)


if __name__ == '__main__':
    run_script(main)
