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
    try:
        problem = stored.ensure(folder, key, lambda temporary: write_json(
            temporary / file, compute()))
    except stored.NotWritable as error:
        note(f'{error}; what it holds is {what}, but not stored')
        return compute()
    if problem:
        note(f'{folder}: {problem}; {what} again')
    return json.loads((folder / file).read_bytes())
