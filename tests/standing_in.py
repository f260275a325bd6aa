"""Several processes in one: each is a thread, and they talk by a list."""
import threading
from concurrent.futures import ThreadPoolExecutor

MOST_SECONDS = 60


class Thread:
    """One of several threads that stand in for processes."""

    def __init__(self, rank, size, meeting, table):
        self.rank, self.size = rank, size
        self._meeting, self._table = meeting, table
        self.sent = []  # what it gave to the others

    def allgather(self, value):
        self.sent.append(value)
        self._table[self.rank] = value
        self._meeting.wait(MOST_SECONDS)
        found = list(self._table)
        self._meeting.wait(MOST_SECONDS)
        return found

    def bcast(self, value):
        return self.allgather(value)[0]

    def barrier(self):
        self.allgather(None)

    def alltoall(self, values):
        assert len(values) == self.size
        return [given[self.rank] for given in self.allgather(values)]


def together(size, work):
    """What ``work(process)`` returns in each of ``size`` processes.

    The first error ends all.
    """
    meeting, table = threading.Barrier(size), [None] * size

    def run(rank):
        try:
            return work(Thread(rank, size, meeting, table))
        except BaseException:
            meeting.abort()
            raise

    with ThreadPoolExecutor(size) as pool:
        futures = [pool.submit(run, rank) for rank in range(size)]
        errors = [future.exception() for future in futures]
    for error in sorted(filter(None, errors), key=lambda e: isinstance(
            e, threading.BrokenBarrierError)):
        raise error
    return [future.result() for future in futures]
