"""Stored files that are damaged, and JSON whose fields have wrong types."""
import copy
import json
import os
import shutil

from tools.torture_checks import (
    check_end,
    check_kept,
    check_leftovers,
    remove_results,
    setup_of,
)
from tools.torture_world import PREDICTED, RUN, SETUP, ended

FLIPS = 20
DAMAGES = ('truncated', 'swapped', 'of another run', 'emptied', 'removed',
           'a folder')
FOLDERS = {'index_hnsw': ['hnsw'], 'index_ivf': ['ivf'],
           'index_lsh': ['lsh'],
           **{f'{what}_{index}': [index]
              for index in ('hnsw', 'ivf', 'lsh', 'kdtree')
              for what in ('tuning', 'calibration')},
           **{f'{what}_exact': ['run_dknn', 'last', 'interpret',
                                'calibration']
              for what in ('tuning', 'calibration')},
           'temperature': ['interpret', 'calibration'],
           'train': ['run_dknn', 'last', 'kdtree', 'interpret'],
           'calib': ['run_dknn', 'last', 'hnsw', 'interpret', 'lsh'] * 2
           + ['calibration'],
           'test': ['run_dknn', 'ivf', 'interpret'] * 3 + ['calibration']}
# File -> commands that read it
FILES = {**dict.fromkeys(SETUP, ['run_dknn', 'interpret', 'resume', 'hnsw']),
         'snapshot': ['resume'], 'interpretations.jsonl': ['redraw']}
# File -> command that writes it; nobody reads it
WRITTEN = {**dict.fromkeys(('log', 'loss.png', 'accuracy.png'), ['resume']),
           **dict.fromkeys(PREDICTED, ['run_dknn']),
           'interpretations.html': ['redraw']}
NAMES = 's0e4',  # what the run is, undamaged

# One of each type that JSON has, and numbers out of every range
VALUES = [None, True, False, 0, 1, -1, 3, 10 ** 7, 10 ** 9, 2 ** 70, 1.5,
          -0.5, 1e308, float('nan'), float('inf'), '', 'a', '0', '\ud800',
          [], [[]], [1, 'a', None], {}, {'a': 1}]
ROUNDS = 2  # of values for each field


def stored_files(world):
    """Files of a run with all that is written, relative to its folder."""
    folder = world.template('full') / RUN
    return sorted(os.path.relpath(os.path.join(where, name), folder)
                  for where, _, names in os.walk(folder) for name in names)


def readers(name):
    """Commands that read a file; none if nobody does."""
    folder = os.path.basename(os.path.dirname(name))
    return FOLDERS.get(folder) or FILES.get(name, [])


# ----------------------------------------------------------- any file


def damage_cases(world):
    """Arguments of ``damage``: every file, every damage.

    Of what nobody reads all bytes are changed together.
    """
    return [(name, how, places) for name in stored_files(world)
            for how, places in [
                *((how, 0) for how in DAMAGES),
                *([('flipped', 1)] * FLIPS if readers(name)
                  else [('flipped', FLIPS)])]]


def damage(case, name, how, n_places):
    """Damages a file; whoever reads it says so, or makes it again.

    Args:
        case (Case): The case.
        name (str): Path in the run folder.
        how (str): A key of ``CHANGES``.
        n_places (int): How many bytes are changed, if they are.
    """
    case.copy(case.world.template('full'))
    path = case.folder / RUN / name
    for _ in range(max(1, n_places)):
        case.say(f'{name} {CHANGES[how](case, path)}')
    if name == 'interpretations.jsonl':
        check_drawn(case, path)
    else:
        read_damaged(case, name)


def check_drawn(case, path):
    """Records are drawn as they stand there, or refused."""
    remove_results(case.folder, 'redraw', but=path.name)
    ended(case.call('redraw'))
    check_leftovers(case)


def read_damaged(case, name):
    """Runs a command that reads a damaged file."""
    command = case.rng.choice(readers(name) or WRITTEN.get(
        name, ['calibration']))
    remove_results(case.folder, command, but=name)
    before = setup_of(case)
    check_end(case, command, case.call(command), NAMES)
    if command != 'resume':
        check_kept(case, before)
    check_leftovers(case)


def truncate(case, path):
    """Cuts a file; what was done."""
    size = case.rng.randrange(max(1, path.stat().st_size))
    os.truncate(path, size)
    return f'cut to {size} bytes'


def flip(case, path):
    """Changes a bit; what was done."""
    content = bytearray(path.read_bytes())
    place, bit = case.rng.randrange(len(content)), case.rng.randrange(8)
    content[place] ^= 1 << bit
    path.write_bytes(content)
    return f'has another bit {bit} of byte {place}'


def swap(case, path):
    """Exchanges a file and one like it; what was done."""
    others = [other for other in path.parent.iterdir()
              if other.is_file() and other != path]
    alike = [other for other in others if other.suffix == path.suffix]
    other = case.rng.choice(sorted(alike or others))
    content = path.read_bytes()
    path.write_bytes(other.read_bytes())
    other.write_bytes(content)
    return f'exchanged with {other.name}'


def of_another(case, path):
    """Takes the file of another seed; what was done."""
    world = case.world
    folder = world.made('s1e4')
    for command in ('hnsw', 'ivf', 'lsh', 'kdtree', 'interpret',
                    'calibration'):
        world.expected('s1e4', command)
    shutil.copyfile(folder / os.path.relpath(path, case.folder), path)
    return 'is that of the run with seed 1'


def empty(case, path):
    """Empties a file; what was done."""
    path.write_bytes(b'')
    return 'is empty'


def remove(case, path):
    """Removes a file; what was done."""
    path.unlink()
    return 'is gone'


def folder_instead(case, path):
    """Puts a folder in the place of a file; what was done."""
    path.unlink()
    path.mkdir()
    return 'is a folder'


CHANGES = {'truncated': truncate, 'flipped': flip, 'swapped': swap,
           'of another run': of_another, 'emptied': empty, 'removed': remove,
           'a folder': folder_instead}


# ------------------------------------------------------- fields of JSON


def documents(path):
    """The documents of a file, one or one a line; none if it is no JSON."""
    content = path.read_bytes()
    try:
        return list(map(json.loads, content.splitlines()
                        if path.suffix == '.jsonl' else [content]))
    except ValueError:
        return []


def places(value, place=()):
    """Paths of all fields, of a list those of its first and last element."""
    yield place
    if isinstance(value, dict):
        for key in value:
            yield from places(value[key], (*place, key))
    elif isinstance(value, list) and value:
        for i in sorted({0, len(value) - 1}):
            yield from places(value[i], (*place, i))


def kind_of(value):
    """The type of a value in JSON."""
    if isinstance(value, bool):
        return bool
    return float if isinstance(value, int) else type(value)


def field_cases(world):
    """Arguments of ``field``: every field, some times each."""
    cases = []
    for name in stored_files(world):
        found = documents(world.template('full') / RUN / name)
        for line in sorted({0, len(found) - 1} if found else ()):
            cases += [(name, line, place)
                      for place in places(found[line])] * ROUNDS
    return cases


def wrong_values(name, place, before):
    """Values that a field must not have; None stands for no field.

    Of the files that make a run also values of the same type: none may be
    taken.
    """
    values = [(value,) for value in VALUES
              if kind_of(value) != kind_of(before)
              or name in SETUP and value != before]
    return values + [None] if place else values


def at(value, place):
    """The value of a field."""
    for key in place:
        value = value[key]
    return value


def replaced(value, place, new):
    """A copy of a document with another value at a place, or without it."""
    if not place:
        return new[0]
    value = copy.deepcopy(value)
    inner = at(value, place[:-1])
    if new is None:
        del inner[place[-1]]
    else:
        inner[place[-1]], = new
    return value


def field(case, name, line, place):
    """Gives a field of a JSON file another value.

    Args:
        case (Case): The case.
        name (str): Path in the run folder.
        line (int): Which of its documents.
        place (tuple): Keys and positions that lead to the field.
    """
    case.copy(case.world.template('full'))
    path = case.folder / RUN / name
    found = documents(path)
    new = case.rng.choice(wrong_values(name, place, at(found[line], place)))
    found[line] = replaced(found[line], place, new)
    path.write_text('\n'.join(map(json.dumps, found)) + '\n')
    case.say(f'{name}: {".".join(map(str, place)) or "all"} of document '
             f'{line} is {json.dumps(new[0]) if new else "missing"}')
    if name == 'interpretations.jsonl' and new in (None, (None,)):
        check_drawn(case, path)  # what may be missing makes another page
    else:
        read_damaged(case, name)
