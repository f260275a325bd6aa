"""Independent pieces of work on as many threads as BLAS has.

NumPy leaves Python's lock while it computes.  A piece a thread, with the
threads of BLAS shared out among them, keeps all cores busy also between the
matrix products.
"""
import functools
import threading
from concurrent.futures import ThreadPoolExecutor

from threadpoolctl import ThreadpoolController

WORKERS = 8  # at most
_inside = threading.local()


@functools.cache
def _blas():
    return ThreadpoolController().select(user_api='blas')


def n_threads():
    """Threads of BLAS."""
    return max((library['num_threads'] for library in _blas().info()),
               default=1)


def n_workers():
    """How many pieces run at the same time."""
    return min(n_threads(), WORKERS)


def run(work, pieces):
    """``[work(piece) for piece in pieces]``, several at a time.

    ``work`` must not depend on settings of the calling thread (Chainer's
    ``using_config`` is one).  Where it calls this function itself, its own
    pieces run one after another.  Not for two threads of the caller at the
    same time: the number of BLAS's threads belongs to the process.
    """
    pieces = list(pieces)
    workers = min(n_workers(), len(pieces))
    if workers < 2 or getattr(_inside, 'worker', False):
        return [work(piece) for piece in pieces]
    with _blas().limit(limits=n_threads() // workers), (
            ThreadPoolExecutor(workers, initializer=_enter)) as pool:
        return list(pool.map(work, pieces))


def _enter():
    _inside.worker = True
