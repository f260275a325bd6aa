"""Small results that a run folder keeps beside its activations."""
import json

from files import stored
from files.atomic import write_json
from runs.folder import ACTIVATIONS
from runs.notes import note


def remembered(run, name, key, compute, what):
    """A JSON object that is computed once for each key, then read.

    Args:
        run (Run): A trained run.
        name (str): Of the folder in ``activations/``; the file in it is
            ``NAME.json`` without what follows ``_``.
        key (str): Names all that it depends on.
        compute (callable): Without arguments; returns the object.
        what (str): What notes call the computing: ``'chosen'``.

    Returns:
        dict: What is stored; or what was computed, where nothing can be
        written.
    """
    folder = run.folder / ACTIVATIONS / name
    file = name.partition('_')[0] + '.json'
    computed = []

    def make(temporary):
        computed.append(compute())
        write_json(temporary / file, computed[0])

    try:
        problem = stored.ensure(folder, key, make)
    except stored.NotWritable as error:
        note(f'{error}; what it holds is {what}, but not stored')
        return computed[0] if computed else compute()
    if problem:
        note(f'{folder}: {problem}; {what} again')
    if computed:
        return computed[0]
    try:
        found = json.loads((folder / file).read_bytes())
        if stored.find_problem(folder, key) is None:
            return found
    except (OSError, ValueError):
        pass
    return compute()  # another process has just stored that of another key
