"""The exact index on several processes, each with a share of the examples.

All processes ask the same questions in the same order, from one thread each.
``processes`` is any object with ``rank``, ``size``, ``allgather(value)`` and
``alltoall(values)`` as of ``runs.processes.Processes``.

Every process answers every query from its own examples.  The answers to a
share of the queries are merged by one process, by rank, and handed to all:
for B queries a process sends and receives about 2 B answers, however many
processes there are, and all have the same bytes to go on with.

B queries, N examples of width D, C classes.
"""
import zlib

import numpy as np

import parallel
from errors import UserError
from neighbors import arrays, blocks, labelled, memory, reading
from neighbors.base import NeighborIndex
from neighbors.devices import HOST
from neighbors.exact import ExactIndex
from neighbors.kernels import AllExamples
from neighbors.products import block_rows
from neighbors.sums import ClassMeans, KernelSums


class Diverged(UserError):
    """The processes do not ask the same."""


class ShardedIndex(NeighborIndex):
    """``ExactIndex`` whose examples are shared out among processes.

    Its answers are those of ``ExactIndex`` over all examples, to the last
    bit.  The k nearest of all are among the k nearest of the shares; their
    distances are evaluated in float64 from one example and one query, so
    that they are the same in whatever share, and are merged by (distance,
    index).

    Args:
        processes (Processes): This process among all.

    Attributes:
        X_ (ndarray): float32 (N, D), all examples, as given to ``fit``.  Only
            those of ``rows_`` are read by a search, so that of a memmap no
            others take memory.
        rows_ (slice): The examples of this process, perhaps none.
        centre_ (ndarray): float32 (D,), as of ``ExactIndex`` over all.
        columns_ (ndarray): int64 (d,), likewise.
        plan_ (memory.Plan): Of the kernel sums.
        device (devices.Host): The CPU, whatever the network is on.
    """

    worth_storing = False
    compares_all = True
    device = HOST

    def __init__(self, processes):
        self.processes = processes

    def kneighbors(self, Q, n_neighbors):
        Q, k = self._checked(Q, n_neighbors)
        distances = np.empty((len(Q), k))
        indices = np.empty((len(Q), k), np.int64)
        for rows in arrays.slices(len(Q), self._batch_size(k)):
            distances[rows], indices[rows] = exchanged(
                self.processes, digest(k, Q[rows]), self._own(Q[rows], k),
                lambda answers: arrays.smallest(*(
                    np.concatenate(part, axis=1)
                    for part in zip(*answers, strict=True)), k))
        return distances, indices

    def neighbor_sets(self, Q, n_neighbors):
        # Without distances, sets cannot be merged
        return np.sort(self.kneighbors(Q, n_neighbors)[1], axis=1)

    def kernel_sums(self, labels, n_class):
        """Sums for soft conformity.

        Args:
            labels (ndarray): int64 (N,) in [0, C), of all examples.
            n_class (int): C.

        Returns:
            ShardedSums: Over all examples.
        """
        return ShardedSums(self, labels, n_class)

    def keeps(self, size, most):
        """As of ``ExactIndex``, without a bound on memory."""
        return size <= most

    def _keep(self, X):
        if not (isinstance(X, np.ndarray) and X.dtype == np.float32):
            X = arrays.as_matrix(reading.float32_rows(X), 'X')
        super()._keep(X[:1])  # each process checks its own examples
        self.X_ = X
        self.plan_ = memory.plan(*X.shape)
        self.rows_ = share(len(X), self.processes)

    def _build(self):
        """Nothing to store: what takes time is quick to do on all."""

    def _open(self):
        X, processes = self.X_, self.processes
        self._index = None
        if self.rows_.start < self.rows_.stop:
            self._index = ExactIndex().fit(X[self.rows_])
        # The blocks of one process, whoever takes them
        rows = list(block_rows(X))
        spreads = processes.allgather(
            [blocks.spread(X[i]) for i in rows[share(len(rows), processes)]])
        self.centre_, self.columns_ = blocks.centre_and_columns(
            [spread for part in spreads for spread in part], len(X))

    def _own(self, Q, k):
        """Distances and indices of the nearest of this process."""
        n = min(k, self.rows_.stop - self.rows_.start)
        if not n:
            return np.empty((len(Q), 0)), np.empty((len(Q), 0), np.int64)
        distances, indices = self._index.kneighbors(Q, n)
        return distances, indices + self.rows_.start

    def _batch_size(self, k):
        """Queries whose answers are exchanged at a time."""
        return max(self.processes.size, arrays.CELLS // k)


class ShardedSums(AllExamples):
    """``AllExamples`` whose examples are shared out among processes.

    What ``neighbors.soft`` makes of them, figures on a grid, is the same to
    the last bit as that of ``AllExamples``.  Let E be the bound there, E' the
    one here: with the same |q|, M, d and s it differs in the number of blocks
    alone, of which there are as many or more, so that E <= E'.  A process's
    blocks are summed and merged as there, and merging the sums of another
    process adds no more to the error than merging one of its blocks would
    (those of a process without examples change nothing): log S is within E'.

    The figures of ``log_sums_apart``, f, are those of ``AllExamples`` to the
    last bit: the d_i^2 of an example are evaluated from it and the query
    alone, are handed to all processes, and summed in the blocks of one
    process.  In both, f is within 4 E of exact arithmetic, hence within
    5 E <= 5 E' of what matrix products gave.  ``grid.settled`` rounds that
    only where no middle of two steps is within 5 E, or 5 E': then f is
    rounded to the same point.  Elsewhere it rounds f itself.  So every figure
    is f on the grid, which no number of processes changes.

    ``class_means`` are not rounded, and differ in their last bits.

    Args:
        index (ShardedIndex): Fitted on the examples.
        labels (ndarray): int64 (N,) in [0, C), of all.
        n_class (int): C.

    Attributes:
        width (int): D.
        run (callable): In turn, as the processes must ask in one order.
    """

    run = staticmethod(parallel.in_turn)

    def __init__(self, index, labels, n_class):
        super().__init__(index, labels, n_class, index.rows_)
        self._processes = index.processes
        longest, n_blocks = zip(*self._processes.allgather(
            (self._longest, self._n_blocks)), strict=True)
        self._longest, self._n_blocks = max(longest), sum(n_blocks)
        self._places = labelled.places_of(labels)

    def in_pieces(self, Q, squares, pieces):
        """As of ``LayerSums``; all pieces are exchanged together."""
        return self._log_sums([Q[rows] for rows in pieces], squares)

    def _sums(self, parts, squares, shifted=True):
        own = [np.concatenate(part, axis=1).swapaxes(0, 1)  # (B, n, C)
               for part in zip(*super()._sums(parts, squares, shifted),
                               strict=True)]
        queries = np.concatenate([z for z, _ in parts])
        found = [part.swapaxes(0, 1) for part in exchanged(
            self._processes, digest((squares, shifted), queries), own,
            _merge_sums)]
        stops = np.cumsum([len(z) for z, _ in parts])
        return [KernelSums(*(part[:, stop - len(z):stop] for part in found))
                for stop, (z, _) in zip(stops, parts, strict=True)]

    def _means(self, queries):
        own = super()._means(queries)
        *sums, weighted = exchanged(
            self._processes, digest('means', queries),
            (*own.sums, own.weighted), _merge_means)
        return ClassMeans(KernelSums(*sums), weighted)

    def _of_each(self, n, figure):
        return np.concatenate(self._processes.allgather(
            super()._of_each(n, figure)), axis=1)


def share(n, processes):
    """The entries of this process: by rank, as even as can be.

    Args:
        n (int): Number of entries.
        processes (Processes): This process among all.

    Returns:
        slice: Of ``range(n)``.
    """
    rank, size = processes.rank, processes.size
    return slice(n * rank // size, n * (rank + 1) // size)


def digest(options, Q):
    """What is asked, in short.

    Args:
        options (object): What is asked of the queries.
        Q (ndarray): (B, D), the queries.

    Returns:
        tuple: Equal for equal questions.
    """
    return repr(options), Q.shape, zlib.crc32(np.ascontiguousarray(Q))


def exchanged(processes, question, answers, merge):
    """What the answers of all processes to the same queries merge to.

    Args:
        processes (Processes): This process among all.
        question (tuple): What ``digest`` gave.
        answers (tuple of ndarray): This process's, (B, ...) each.
        merge (callable): From the answers of each process to some of the
            queries, by rank, to a tuple of arrays (b, ...).

    Returns:
        list of ndarray: (B, ...) each, the same in every process.

    Raises:
        Diverged: The processes do not ask the same.
    """
    n, size = len(answers[0]), processes.size
    parts = processes.alltoall([
        (question, [part[n * i // size:n * (i + 1) // size]
                    for part in answers]) for i in range(size)])
    questions, given = zip(*parts, strict=True)
    other = next((i for i, asked in enumerate(questions)
                  if asked != question), None)
    if other is not None:
        raise Diverged(
            f'processes {processes.rank} and {other} of {size} have other '
            'activations of the same texts; give all the same versions, kind '
            'of processor (or OPENBLAS_CORETYPE) and number of threads')
    merged = processes.allgather(merge(given))
    return [np.concatenate(part) for part in zip(*merged, strict=True)]


def _merge_sums(answers):
    total, *others = (KernelSums(*part) for part in answers)
    for other in others:
        total = total.merge(other)
    return total


def _merge_means(answers):
    total, *others = (ClassMeans(KernelSums(*sums), weighted)
                      for *sums, weighted in answers)
    for other in others:
        total = total.merge(other)
    return *total.sums, total.weighted
