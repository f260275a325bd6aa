"""Tokens of many texts, as ids; on several processes where that pays.

A process takes a batch of texts at a time and answers with the batch's own
words and ids, which are smaller than the tokens.  It imports neither Chainer
nor the script that was started, and ends when its input does, that is, at the
latest with the process that started it.
"""
import array
import collections
import contextlib
import pathlib
import pickle
import queue
import signal
import subprocess
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

import nlp_utils
from files.rows import DatasetError

ROWS, CHARACTERS = 2048, 1 << 20  # of a batch, at most, but for one long text
# Read before other processes are started: with less, these take longer to
# start (1.2 s, mostly NLTK) than they save
ALONE = 1 << 23  # characters
# With two cores, reading the file fills one: two processes never paid
LEAST_WORKERS = 3
AHEAD = 3  # batches a process that are read ahead
ROOT = str(pathlib.Path(__file__).resolve().parents[1])
SERVE = (f'import sys; sys.path.insert(0, {ROOT!r}); '
         'from files import tokens; tokens.serve()')


class Tokens(NamedTuple):
    """The tokens of m texts.

    Attributes:
        words (list of str): Different words, in the order in which they
            first occur.
        ids (ndarray): Int32 (T,), positions in ``words``, text by text.
        lengths (ndarray): Int64 (m,), tokens of each text.
    """

    words: list
    ids: np.ndarray
    lengths: np.ndarray


def numbering():
    """A dict that gives whatever it is asked for the next number.

    Returns:
        defaultdict: Empty; ``table[key]`` is from 0, in the order of asking.
    """
    table = collections.defaultdict()
    table.default_factory = table.__len__
    return table


def tokenize(texts, raw, char_based):
    """Tokenizes texts in this process.

    Args:
        texts (list of str): m texts.
        raw (bool): As for ``nlp_utils.tokenize``.
        char_based (bool): As for ``nlp_utils.tokenize``.

    Returns:
        Tokens: Theirs.
    """
    table, ids, lengths = numbering(), array.array('i'), array.array('q')
    for text in texts:
        tokens = nlp_utils.tokenize(text, raw, char_based)
        ids.extend(map(table.__getitem__, tokens))
        lengths.append(len(tokens))
    return Tokens(list(table), np.array(ids, np.int32),
                  np.array(lengths, np.int64))


def tokenized(rows, raw, char_based, n_workers=None, alone=ALONE):
    """Tokenizes the texts of rows, in their order.

    The result does not depend on how many processes there are.

    Args:
        rows (iterable of Row): As a reader yields them; it is asked in this
            process, and only a few batches ahead.
        raw (bool): As for ``nlp_utils.tokenize``.  Other texts are only
            split, in this process.
        char_based (bool): Likewise; so are characters.
        n_workers (callable): Gives the number of processes at most; asked
            only where there are enough texts.  None for this process alone.
        alone (int): Characters that are read before others are started.

    Yields:
        tuple: List of Row, and Tokens of all their texts, row by row.

    Raises:
        DatasetError: What ``rows`` raises, after the rows before it.
        RuntimeError: If another process failed.
    """
    batches, n_read = _batches(rows), 0
    pays = n_workers is not None and raw and not char_based
    for batch in batches:
        texts = _texts(batch)
        yield batch, tokenize(texts, raw, char_based)
        n_read += sum(map(len, texts))
        if pays and n_read >= alone:
            n = n_workers()
            if n >= LEAST_WORKERS:
                with contextlib.closing(_on_others(batches, n)) as found:
                    yield from found
                return
            pays = False


def _batches(rows):
    """Lists of rows; what was read before an error comes before it."""
    batch, size = [], 0
    try:
        for row in rows:
            batch.append(row)
            size += sum(map(len, row.texts))
            if len(batch) == ROWS or size >= CHARACTERS:
                yield batch
                batch, size = [], 0
    except DatasetError:
        if batch:
            yield batch
        raise
    if batch:
        yield batch


def _texts(batch):
    return [text for row in batch for text in row.texts]


def _on_others(batches, n):
    """Tokenizes raw texts on other processes."""
    with _Workers(n) as workers:
        waiting = collections.deque()
        for batch in batches:
            waiting.append((batch, workers.submit(_texts(batch))))
            if len(waiting) > AHEAD * n:
                batch, answer = waiting.popleft()
                yield batch, answer.result()
        while waiting:
            batch, answer = waiting.popleft()
            yield batch, answer.result()


class _Workers:
    """Processes that tokenize raw texts, each with a thread that waits."""

    def __init__(self, n):
        self._idle = queue.SimpleQueue()
        self._processes = []
        self._threads = ThreadPoolExecutor(n)
        self._n = n

    def __enter__(self):
        try:
            for _ in range(self._n):
                process = subprocess.Popen(
                    [sys.executable, '-c', SERVE], stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE)
                self._processes.append(process)
                self._idle.put(process)
        except BaseException:
            self.__exit__()
            raise
        return self

    def submit(self, texts):
        """A future of the Tokens of texts."""
        return self._threads.submit(self._ask, texts)

    def _ask(self, texts):
        process = self._idle.get()
        try:
            pickle.dump(texts, process.stdin, pickle.HIGHEST_PROTOCOL)
            process.stdin.flush()
            failure, found = pickle.load(process.stdout)
        except (OSError, EOFError, pickle.UnpicklingError) as error:
            raise RuntimeError(
                'a process that tokenizes texts ended before its time (exit '
                f'code {process.wait()})') from error
        finally:
            self._idle.put(process)
        if failure:
            raise RuntimeError(f'a process that tokenizes texts failed:\n'
                               f'{failure}')
        return found

    def __exit__(self, *_):
        for process in self._processes:  # it keeps nothing
            process.kill()
        self._threads.shutdown(cancel_futures=True)
        for process in self._processes:
            process.wait()
            process.stdout.close()
            with contextlib.suppress(OSError):  # what was not yet sent
                process.stdin.close()


def serve():
    """Answers lists of raw texts with their Tokens, until there are none.

    Both are pickled, on standard input and output.
    """
    # Ctrl-C reaches all; the process that started this one ends it
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers, sys.stdout = sys.stdout.buffer, sys.stderr
    with contextlib.suppress(EOFError, BrokenPipeError):
        while True:
            texts = pickle.load(sys.stdin.buffer)
            try:
                answer = None, tokenize(texts, raw=True, char_based=False)
            except Exception:
                answer = traceback.format_exc(), None
            pickle.dump(answer, answers, pickle.HIGHEST_PROTOCOL)
            answers.flush()
