"""What ``--index auto`` stands for, where a search runs, its memory."""
import compat  # noqa: F401  (before Chainer)

import os
import pathlib

import numpy as np

from neighbors.choice import AUTO, Case, choose
from runs import memory as plans
from runs.notes import note
from runs.processes import processes

MEMORY_INFO = pathlib.Path('/proc/meminfo')
# Of the group of processes that this one belongs to, as in a container
GROUP = pathlib.Path('/sys/fs/cgroup')


def plan_search(run, options, memory=None, n_held=0, n_searches=1,
                n_words=0):
    """The options of a search with the index picked and the memory planned.

    Args:
        run (Run): A trained run, or activations that were given.
        options (dict): As for ``fit_dknn``; ``index`` may be ``'auto'``, and
            is picked by ``neighbors.choice``, which a line says.
        memory (int): Bytes for the whole process, as for ``plan_memory``.
        n_held (int): As for ``plan_memory``.
        n_searches (int): Likewise.
        n_words (int): Words that will be left out one after another.

    Returns:
        dict: As for ``fit_dknn``, with ``device``, that of the network, and
        ``memory``: None for an index other than ``exact`` that was picked,
        whose size is estimated only.

    Raises:
        UserError: As ``plan_memory``.
    """
    xp = run.model.xp
    options = {**options, 'device': None if xp is np else xp}
    if options['index'] == AUTO:
        options = {**options, **_picked(run, options['layers'], memory,
                                        n_searches, n_words)}
        if options['index'] != 'exact':
            return {**options, 'memory': None}
    return {**options, 'memory': plans.plan_memory(
        run, memory, options['index'], options['layers'], n_held,
        n_searches, n_words)}


def _picked(run, layers, memory, n_searches, n_words):
    """``index`` and ``index_options``."""
    spare = (free_memory() if memory is None
             else memory - plans.resident()) - plans.RESERVE
    case = Case(len(run.data.train), tuple(plans.searched_widths(run, layers)),
                plans.n_queries(run, n_words), max(0, spare) // n_searches,
                processes().size)
    found = choose(case)
    given = ''.join(f' with {name}={value}'
                    for name, value in (found.options or {}).items())
    note(f'index auto: {found.index}{given} for {case.n_examples:,} x '
         f'{sum(case.widths):,} numbers and {case.n_queries:,} queries, '
         f'{plans.in_megabytes(found.size)} of '
         f'{plans.in_megabytes(case.memory)}: {found.reason}')
    return {'index': found.index, 'index_options': found.options}


def free_memory():
    """Bytes that this process could still have resident.

    Returns:
        int: What the machine has, or a bound on this group of processes
        leaves, whichever is less.
    """
    try:
        found = 1024 * next(int(line.split()[1]) for line in (
            MEMORY_INFO.read_text(encoding='ascii').splitlines())
            if line.startswith('MemAvailable:'))
    except (OSError, StopIteration):
        found = os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE')
    try:
        bound, used = (int((GROUP / name).read_text(encoding='ascii'))
                       for name in ('memory.max', 'memory.current'))
    except (OSError, ValueError):  # no such group, or 'max': no bound
        return found
    return max(0, min(found, bound - used))
