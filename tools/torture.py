#!/usr/bin/env python
"""Disturb the commands at random, and check that nothing is wrong in silence.

    python tools/torture.py --seed 1 --only kills pairs

A command that is disturbed must end with one sentence, or with the results
that it gives undisturbed; a run stays whole; the next command works, and
removes what a dead one left.  Prints a table, and the first case of each kind
of failure; the exit code is 1 if there was one.  docs/reliability.md says what
is promised.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import argparse
import concurrent.futures
import os
import random
import re
import tempfile
import threading
import time
from typing import NamedTuple

from tools import (
    pages,
    torture_damage,
    torture_disk,
    torture_hostile,
    torture_kills,
)
from tools.torture_checks import Case
from tools.torture_world import Failure, World


class Kind(NamedTuple):
    """A kind of disturbance.

    Attributes:
        cases (callable): From a world to a list of arguments.
        run (callable): Called with a case and the arguments.
        share (int): Of the time, in relation to the others.
    """

    cases: object
    run: object
    share: int


KINDS = {
    'kills': Kind(torture_kills.kill_cases, torture_kills.kill, 30),
    'damage': Kind(torture_damage.damage_cases, torture_damage.damage, 25),
    'fields': Kind(torture_damage.field_cases, torture_damage.field, 15),
    'hostile': Kind(torture_hostile.hostile_cases, torture_hostile.hostile,
                    10),
    'pairs': Kind(torture_kills.pair_cases, torture_kills.pair, 15),
    'disk': Kind(torture_disk.disk_cases, torture_disk.disk, 5)}
HEAD = 'kind', 'cases', 'of', 'failures', 'seconds'
SHOWN = 1500  # characters of an error


class Found(NamedTuple):
    """A failure: the number of its case, what was done, and what is wrong."""

    number: int
    done: list
    failure: Failure


def build_parser():
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    add = parser.add_argument
    add('--seed', type=int, help='of what is disturbed (default: the clock)')
    add('--only', nargs='+', choices=KINDS, default=list(KINDS),
        metavar='KIND', help=f'of {" ".join(KINDS)} (default: all)')
    add('--count', type=int, metavar='N',
        help='so many cases of each kind (default: all)')
    add('--seconds', type=float, default=520, metavar='S',
        help='no case starts later (default: 520)')
    add('--case', type=int, nargs='+', metavar='N',
        help='only the cases with these numbers')
    add('--jobs', type=int, default=min(2, os.cpu_count() or 1), metavar='N',
        help='cases at the same time (default: 2)')
    return parser


def chosen(kind, world, args):
    """Numbers and arguments of the cases of a kind, in random order."""
    cases = list(enumerate(KINDS[kind].cases(world)))
    if args.case is not None:
        return [cases[number] for number in args.case], len(cases)
    random.Random(f'{args.seed} {kind}').shuffle(cases)
    return cases[:args.count], len(cases)


def try_case(kind, world, seed, number, arguments):
    """Runs a case; what it found, or None."""
    case = Case(world, f'{seed} {kind} {number}')
    try:
        KINDS[kind].run(case, *arguments)
    except Failure as failure:
        return Found(number, case.done, failure)
    except Exception:
        print(f'in case {number} of {kind}: {case.done}', file=sys.stderr)
        raise
    finally:
        case.remove()
    return None


def run_kind(kind, world, args, seconds):
    """Runs cases of a kind for a while.

    Args:
        kind (str): A key of ``KINDS``.
        world (World): What is known of undisturbed runs.
        args (argparse.Namespace): The flags.
        seconds (float): How long cases may start.

    Returns:
        tuple: The cells of its row, and a list of ``Found``.
    """
    start = time.perf_counter()
    cases, total = chosen(kind, world, args)
    found, left, lock = [], iter(cases), threading.Lock()
    n_tried = 0

    def work():
        nonlocal n_tried
        while time.perf_counter() - start < seconds:
            with lock:
                case = next(left, None)
            if case is None:
                return
            problem = try_case(kind, world, args.seed, *case)
            with lock:
                n_tried += 1
                if problem:
                    found.append(problem)

    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        for future in [pool.submit(work) for _ in range(args.jobs)]:
            future.result()
    cells = [kind, n_tried, total, len(found),
             f'{time.perf_counter() - start:.1f}']
    return list(map(str, cells)), found


def essence(found):
    """What failures of one kind have in common."""
    last = (found.failure.detail.strip().splitlines() or [''])[-1]
    return found.failure.what, re.sub(r'\d+|/\S+', '#', last)[:60]


def report(kind, found, args):
    """Prints the first case of each kind of failure."""
    firsts = {}
    for one in sorted(found, key=lambda one: one.number):
        firsts.setdefault(essence(one), []).append(one)
    for (what, _), alike in firsts.items():
        first = alike[0]
        detail = first.failure.detail.strip()
        print(f'\n{kind}: {what} ({len(alike)} cases)')
        for step in first.done:
            print(f'  - {step}')
        if detail:
            print('  | ' + detail[-SHOWN:].replace('\n', '\n  | '))
        print(f'  again: python tools/torture.py --seed {args.seed} --only '
              f'{kind} --case {first.number}', flush=True)


def run_all(world, args):
    """Runs all kinds; the rows of the table, and found failures by kind."""
    start, rows, failures = time.perf_counter(), [], {}
    for i, kind in enumerate(args.only):
        left = args.seconds - (time.perf_counter() - start)
        share = KINDS[kind].share / sum(
            KINDS[other].share for other in args.only[i:])
        row, failures[kind] = run_kind(kind, world, args, left * share)
        rows.append(row)
        print('  '.join(f'{cell:>8}' for cell in row), flush=True)
    return rows, failures


def main(argv=None):
    args = build_parser().parse_args(argv)
    if args.seed is None:
        args.seed = int(time.time())
    print(f'python tools/torture.py --seed {args.seed} --only '
          f'{" ".join(args.only)}', flush=True)
    with tempfile.TemporaryDirectory(prefix='torture') as folder:
        world = World(pathlib.Path(folder), args.jobs)
        try:
            print('  '.join(f'{cell:>8}' for cell in HEAD), flush=True)
            rows, failures = run_all(world, args)
        finally:
            world.close()
    print('\n' + pages.table(HEAD, rows))
    for what, count in sorted(world.counts.items()):
        print(f'{what}: {count}')
    for kind, found in failures.items():
        report(kind, found, args)
    return int(any(failures.values()))


if __name__ == '__main__':
    sys.exit(main())
