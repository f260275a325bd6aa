#!/usr/bin/env python
"""Runs the commands in forked processes, without importing all again.

    python tools/torture_server.py

Reads a JSON object a line: ``cwd``, ``script``, ``argv``, ``limit`` (seconds)
and ``most_bytes`` (of a file, or None).  Answers each with a line of JSON:
``code`` (negative for a signal), ``out``, ``err``.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import compat  # noqa: F401, I001  (before Chainer)

import contextlib
import faulthandler
import importlib
import json
import os
import resource
import signal
import tempfile
import traceback
import warnings

from runs import run_script

# What the commands import later, to save time; each may be missing
LATER = ('faiss', 'nearpy', 'sklearn.neighbors', 'matplotlib.pyplot',
         'page.figures', 'visualize')
SCRIPTS = {f'{name}.py': importlib.import_module(name) for name in (
    'train', 'run_dknn', 'calibration', 'interpret')}


def run_child(request, out, err):
    """Runs a command as a process of its own would; never returns.

    Args:
        request (dict): As the server reads it.
        out, err (file): Where its output goes.
    """
    code = 70
    try:
        signal.alarm(request['limit'])
        faulthandler.dump_traceback_later(request['limit'] - 1, file=err)
        os.chdir(request['cwd'])
        for number, stream in ((1, out), (2, err)):
            os.dup2(stream.fileno(), number)
        sys.stdin = open(os.devnull, encoding='utf-8')
        sys.stdout = open(1, 'w', encoding='utf-8', closefd=False)
        sys.stderr = open(2, 'w', encoding='utf-8', closefd=False,
                          buffering=1, errors='backslashreplace')
        if request['most_bytes'] is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE,
                               (request['most_bytes'],) * 2)
        sys.argv = [request['script'], *request['argv']]
        code = end_of(lambda: SCRIPTS[request['script']].main(
            request['argv']))
    finally:
        os._exit(code)


def end_of(main):
    """The exit code of a script, its output written."""
    code = 0
    try:
        run_script(main)
    except SystemExit as end:
        code = end.code or 0
    except BaseException:
        traceback.print_exc()
        code = 1
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):
            stream.flush()
    return code


def answer(request):
    """Runs a command in a forked process, and waits for it.

    Args:
        request (dict): As the server reads it.

    Returns:
        dict: As the server writes it.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = os.fork()
        if not child:
            run_child(request, out, err)
        _, status = os.waitpid(child, 0)
        said = []
        for stream in (out, err):
            stream.seek(0)
            said.append(stream.read().decode(errors='backslashreplace'))
    return {'code': os.waitstatus_to_exitcode(status), 'out': said[0],
            'said': said[1]}


def main():
    for name in LATER:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    # Threads of BLAS may be there: it is made for that
    warnings.filterwarnings('ignore', message='.*fork', module=__name__)
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)


if __name__ == '__main__':
    main()
