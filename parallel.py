"""Independent pieces of work on as many threads as BLAS has.

NumPy releases Python's lock while it computes, so threads keep all cores busy
between the matrix products, too.  Each thread takes one piece at a time, and
the threads of BLAS are shared out among them.
"""
import contextlib
import functools
import threading
from concurrent.futures import ThreadPoolExecutor

from threadpoolctl import ThreadpoolController

WORKERS = 8  # at most
# Held while BLAS is limited: its number of threads belongs to the process.
_limiting = threading.Lock()
_this_thread = threading.local()


@functools.cache
def _blas():
    return ThreadpoolController().select(user_api='blas')


def n_threads():
    """Number of threads that BLAS uses at present, at least 1."""
    return max((library['num_threads'] for library in _blas().info()),
               default=1)


def n_workers():
    """Number of pieces that run at the same time, 1 to ``WORKERS``."""
    return min(n_threads(), WORKERS)


def run(work, pieces):
    """Results of some work on each piece, several pieces at a time.

    The work must not depend on settings of the calling thread (Chainer's
    ``using_config`` is one).  If it calls this function itself, those inner
    pieces run one after another.  Any number of threads may call at the same
    time: the first has its pieces shared out, the others run theirs one after
    another.  Afterwards BLAS has as many threads as before.

    Args:
        work (callable): Function of one piece.
        pieces (iterable): The pieces.

    Returns:
        list: ``[work(piece) for piece in pieces]``.

    Raises:
        Exception: What the work raises for the first piece that fails.
    """
    pieces = list(pieces)
    if (len(pieces) < 2 or getattr(_this_thread, 'is_worker', False)
            or not _limiting.acquire(blocking=False)):
        return [work(piece) for piece in pieces]
    try:
        return _run_on_threads(work, pieces)
    finally:
        _limiting.release()


def in_turn(work, pieces):
    """``run``, one piece after another in the calling thread.

    Args:
        work (callable): Function of one piece.
        pieces (iterable): The pieces.

    Returns:
        list: ``[work(piece) for piece in pieces]``.
    """
    return [work(piece) for piece in pieces]


@contextlib.contextmanager
def one_thread():
    """BLAS on one thread, so that its results are always the same.

    In a piece of ``run`` BLAS keeps the threads of that piece.

    Yields:
        None: ``run`` takes one piece after another meanwhile.
    """
    if getattr(_this_thread, 'is_worker', False):
        yield  # whoever started the workers has shared the threads out
        return
    with _limiting, _blas().limit(limits=1):
        yield


def _run_on_threads(work, pieces):
    workers = min(n_workers(), len(pieces))
    if workers < 2:
        return [work(piece) for piece in pieces]
    with _blas().limit(limits=max(1, n_threads() // workers)), (
            ThreadPoolExecutor(workers, initializer=_enter)) as pool:
        return list(pool.map(work, pieces))


def _enter():
    _this_thread.is_worker = True
