"""Seconds that a piece of work takes."""
import collections
import json
import pathlib
import subprocess
import sys
import time


def seconds_of(work, *args):
    """Does some work once.

    Args:
        work (callable): What to time; its result is dropped.
        *args (object): What it is called with.

    Returns:
        float: Wall-clock seconds.
    """
    start = time.perf_counter()
    work(*args)
    return time.perf_counter() - start


class Clock:
    """Adds up seconds by name.

    Attributes:
        seconds (Counter): Name to wall-clock seconds, in sum.
    """

    def __init__(self):
        self.seconds = collections.Counter()

    def __call__(self, name, work, *args):
        """Does some work and adds its seconds to those of a name.

        Args:
            name (str): What the seconds are counted under.
            work (callable): What to time.
            *args (object): What it is called with.

        Returns:
            object: What the work returns.
        """
        start = time.perf_counter()
        value = work(*args)
        self.seconds[name] += time.perf_counter() - start
        return value


def in_a_process(script, *given):
    """What a script prints as JSON, in a process that does nothing else.

    Args:
        script (str or Path): The script.
        *given (object): Its flags.

    Returns:
        object: What it printed; if it fails it has said why, and this process
        ends with the same exit code.
    """
    done = subprocess.run([sys.executable, script, *map(str, given)],
                          stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit(done.returncode)
    return json.loads(done.stdout)


def peak_memory():
    """The largest resident set of this process so far.

    Returns:
        int: Bytes, of this process alone: resource's figure may be that of
        the process that it was forked from.

    Raises:
        RuntimeError: This system does not tell it.
    """
    for line in pathlib.Path('/proc/self/status').read_text().splitlines():
        if line.startswith('VmHWM'):
            return 1024 * int(line.split()[1])
    raise RuntimeError('this system does not tell the peak of memory')
