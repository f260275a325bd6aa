"""What a script does within a bound on the memory of its process."""
import compat  # noqa: F401  (before Chainer)

import math
import os
import timeit

import numpy as np

import parallel
from errors import UserError
from neighbors import memory as plans
from runs.activations import BLOCK, encode_examples
from runs.folder import ACTIVATIONS, SPLITS
from runs.notes import note

MEGABYTE = 1 << 20
# A batch of the network holds about so many numbers a token and unit
NETWORK_CELLS = 8
RESERVE = 96 * MEGABYTE  # for texts, predictions, records and the page
TRIAL = 512, 512, 4096  # a product that is timed, some milliseconds


def plan_memory(run, memory, index='exact', layers='all', n_held=0,
                n_searches=1, n_words=0):
    """Bytes that remain for the search; says how they will be used.

    And how long the search will take, from the time of one product; of a
    GPU, which keeps what it has room for itself, neither is said.

    A process holds what it holds already (Python, the network, the texts), a
    ``RESERVE``, batches of the network with a block of activations, and the
    search.  Pages of files that the system keeps for itself do not count.

    Args:
        run (Run): A trained run.
        memory (int): Bytes that the whole process may have resident; None
            for no bound.
        index (str): As for ``fit_dknn``.
        layers (str or list of int): As for ``fit_dknn``.
        n_held (int): Texts whose activations the script itself holds.
        n_searches (int): Fitted DkNNs beside each other, which share it.
        n_words (int): Words that will be left out one after another.

    Returns:
        int: What ``fit_dknn`` takes as ``memory``; None without a bound.

    Raises:
        UserError: It is too little, or bounds neither the index nor
            activations that were given.
    """
    if memory is None:
        return None
    if run.given is not None:
        raise UserError(
            f'`memory` does not bound activations that were given, such as '
            f'those of {run.folder}; leave it out', 'memory')
    if index != 'exact':
        raise UserError(
            f'`memory` bounds no search with `index` {index}, which copies '
            'all activations; leave one of them out', 'memory', 'index')
    widths, n_class = _widths(run)
    searched = _searched(widths, layers)
    n_train = len(run.data.train)
    text = 4 * (sum(widths) + n_class)  # bytes of its activations
    held = resident() + RESERVE + n_held * text
    batches = _batches(run, max(widths), text)
    needed = plans.least_of_all(n_train, searched)
    least = held + batches + n_searches * needed
    if memory < least:
        raise UserError(
            f'`memory` {in_megabytes(memory)} is too little for {n_train:,} '
            f'texts in {len(searched)} layers; give {in_megabytes(least)} '
            'or more', 'memory')
    rest = (memory - held - batches) // n_searches
    note(f'memory: {in_megabytes(memory)}, of which {in_megabytes(held)} are '
         f'in use or kept free, {in_megabytes(batches)} for batches of the '
         f'network, {in_megabytes(rest)} for a search')
    on_cpu = run.model.xp is np
    if on_cpu:
        _tell_layers(n_train, searched, rest)
    n_texts = sum(len(getattr(run.data, split)) for split in SPLITS)
    stored = np.dtype(run.dtype).itemsize * sum(widths) + 4 * n_class
    note(f'disk: {in_megabytes(n_texts * stored)} of activations in '
         f'{run.folder / ACTIVATIONS}')
    if on_cpu:
        _tell_time(n_train * sum(searched), n_queries(run, n_words))
    return rest


def n_queries(run, n_words=0):
    """How many texts a script looks up, at most.

    Args:
        run (Run): A trained run, or activations that were given.
        n_words (int): Words that will be left out one after another.

    Returns:
        int: Texts of all splits but that for training, and a text a word.
    """
    return n_words + sum(len(getattr(run.data, split))
                         for split in SPLITS if split != 'train')


def searched_widths(run, layers):
    """Width of each layer that a search looks at.

    Args:
        run (Run): A trained run, or activations that were given.
        layers (str or list of int): As for ``fit_dknn``.

    Returns:
        list of int: Of all layers if some of those named do not exist.
    """
    widths = (_widths(run)[0] if run.given is None else
              [h.shape[1] for h in run.given.splits['train'].layers])
    return _searched(widths, layers)


def resident():
    """Bytes of this process that are in memory.

    Returns:
        int: At present; or the most so far, where only that is known.
    """
    try:
        with open('/proc/self/statm', encoding='ascii') as stream:
            return int(stream.read().split()[1]) * os.sysconf('SC_PAGE_SIZE')
    except OSError:
        import resource  # of POSIX only
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def in_megabytes(size):
    """Bytes as a flag takes them, rounded up: ``'512M'``."""
    return f'{math.ceil(size / MEGABYTE)}M'


def _batches(run, width, text):
    """Bytes of the network's batches and of a block of activations."""
    splits = [getattr(run.data, split) for split in SPLITS]
    n_tokens = max(sum(len(tokens) + 1 for example in split
                       for tokens in example.texts) for split in splits)
    tokens = min(n_tokens, run.model.tokens_per_batch * parallel.n_workers())
    block = min(BLOCK, max(map(len, splits)))
    return 4 * NETWORK_CELLS * width * tokens + 2 * text * block


def _tell_layers(n_train, widths, memory):
    """A line about each width."""
    share = plans.share(n_train, widths, memory)
    for width in dict.fromkeys(widths):
        plan = plans.plan(n_train, width, share)
        what = ('kept in memory' if plan.keeps else
                f'read in blocks of {plan.block:,}, once for up to '
                f'{plan.queries:,} texts')
        note(f'{widths.count(width)} of {len(widths)} layers, '
             f'{n_train:,} x {width:,}: {what}')


def _tell_time(n_numbers, n_queries):
    """A line about the products of queries with so many numbers."""
    m, d, n = TRIAL
    a, b = np.ones((m, d), np.float32), np.ones((d, n), np.float32)
    seconds = min(timeit.repeat(lambda: a @ b, number=1, repeat=3))
    found = n_numbers * n_queries * seconds / (m * d * n)
    note(f'time: about {in_minutes(found)} for the products of '
         f'{n_queries:,} texts with {n_numbers:,} numbers; soft conformity '
         'takes two to three times as long')


def in_minutes(seconds):
    """Seconds in words: ``'20 s'``, ``'4 min'`` or ``'2.5 h'``."""
    if seconds < 120:
        return f'{max(1, round(seconds))} s'
    if seconds < 7200:
        return f'{round(seconds / 60)} min'
    return f'{seconds / 3600:.1f} h'


def _widths(run):
    """Width of every layer, and the number of classes, from one text."""
    xs, _ = encode_examples(run.data.train[:1], run.vocab)
    logits, layers = run.model.logits_and_activations(xs)
    return [layer.shape[1] for layer in layers], logits.shape[1]


def _searched(widths, layers):
    """Widths of the layers that are searched; of all if some do not exist."""
    if layers == 'last':
        return widths[-1:]
    try:
        return widths if layers == 'all' else [widths[i] for i in layers]
    except IndexError:  # fit_dknn says so
        return widths
