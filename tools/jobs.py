"""Several trainings at the same time, each a process on one core."""
import concurrent.futures
import os
import threading

ONE_CORE = dict.fromkeys(['OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS'], '1')


def run(work, choices, n_jobs):
    """Does some work for each choice, several at the same time.

    Args:
        work (callable): Takes a choice's values; waits for a process.
        choices (iterable of tuple): The arguments of each call.
        n_jobs (int): How many calls run at the same time, at least 1.

    Returns:
        list: What the calls return, in the order of the choices.

    Raises:
        Exception: That of the first choice that fails; calls that have not
            begun by then are not made.
    """
    failed = threading.Event()

    def attempt(choice):
        if failed.is_set():
            return None
        try:
            return work(*choice)
        except BaseException:
            failed.set()
            raise
    with concurrent.futures.ThreadPoolExecutor(n_jobs) as pool:
        return list(pool.map(attempt, choices))


def environment():
    """The environment of a process that is to keep to one core."""
    return {**os.environ, **ONE_CORE}
