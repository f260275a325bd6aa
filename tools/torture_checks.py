"""What must hold after a disturbance, whatever it was."""
import os
import random
import shutil

from tools.torture_world import (
    COMMANDS,
    ENDS,
    LIMIT,
    PREDICTED,
    RESULTS,
    RUN,
    SETUP,
    Done,
    Failure,
    ended,
    hidden,
    read,
    results,
    state,
)

LOCK = os.path.join('results', '.toy_cnn.lock')


class Case:
    """One disturbance, with random numbers and a folder of its own.

    Args:
        world (World): What is known of undisturbed runs.
        seed (str): Of its random numbers.

    Attributes:
        done (list of str): What was done so far, for the report.
    """

    def __init__(self, world, seed):
        self.world, self.rng, self.done = world, random.Random(seed), []
        self.folder = world.folder / 'cases' / seed.replace(' ', '_')

    def say(self, what):
        """Notes what is done now."""
        self.done.append(what)

    def copy(self, template):
        """Makes the folder, as a copy of another."""
        shutil.copytree(template, self.folder, dirs_exist_ok=True)
        return self.folder

    def remove(self):
        """Removes the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def call(self, command, **options):
        """Runs a command in the folder; a ``Done``."""
        name = command if isinstance(command, str) else ' '.join(
            [command[0], *command[1]])
        self.say(name)
        return self.world.call(self.folder, command, **options)

    def finish(self, process, command, seconds=2 * LIMIT):
        """Waits for a command of ``World.start``; a ``Done``."""
        out, err = process.communicate(timeout=seconds)
        return Done(COMMANDS[command][0], process.returncode, out, err)


def check_leftovers(case, locks=()):
    """No temporary file is left.

    Args:
        case (Case): The case.
        locks (tuple of str): Lock files that may be there.
    """
    left = [path for path in hidden(case.folder) if path not in locks]
    if left:
        raise Failure('leftovers', ', '.join(left))


def check_state(case, allowed=None):
    """The run is one that was trained, whole; the names of its state.

    Args:
        case (Case): The case.
        allowed (iterable of str): Names that it may have; None for all.

    Returns:
        list of str: Its names; None where there is no run.
    """
    found = state(case.folder)
    if found is None:
        return None
    names = case.world.states.get(found)
    if names is None:
        there = [name for name in SETUP
                 if (case.folder / RUN / name).is_file()]
        raise Failure('a run that nobody trained', f'holds {there}')
    if allowed is not None and not names & set(allowed):
        raise Failure('a run of other settings', f'{sorted(names)}')
    return sorted(names)


def check_results(case, command, names):
    """What a command wrote is what it writes undisturbed.

    Args:
        case (Case): The case.
        command (str): Its name.
        names (list of str): States, of which one must give this.
    """
    found = results(case.folder, command)
    for name in names:
        expected = case.world.expected(name, command)
        if found == expected:
            return
    # Which file of the last one differs
    for file, content in expected.items():
        if found[file] != content:
            raise Failure('other results', difference(
                file, content, found[file]))


def difference(file, expected, found):
    """The first place where two contents differ, in a few words."""
    if found is None:
        return f'{file} is not there'
    if isinstance(expected, dict) and isinstance(found, dict):
        for key in expected:
            if expected[key] != found.get(key):
                return f'{file}: {key} is {found.get(key)!r}, ' \
                       f'not {expected[key]!r}'
    return f'{file} differs: {str(found)[:120]}'


def check_again(case, command, names):
    """What is noted as made again is there the next time."""
    done = case.call(command)
    if ended(done) or done.err:
        raise Failure('not mended', done.err)
    check_results(case, command, names)


def check_end(case, command, done, names):
    """A command ended with a sentence, or as it does undisturbed.

    Args:
        case (Case): The case.
        command (str): Its name.
        done (Done): How it ended.
        names (list of str): States that the run may be in.

    Returns:
        int: Its exit code, 0 or 2.
    """
    code = ended(done)
    if code == 0 and command in ENDS:
        check_trained(case, command)
    elif code == 0:
        check_results(case, command, names)
        if done.err:
            check_again(case, command, names)
    return code


def check_trained(case, command):
    """A training ended where it does undisturbed, or who uses it is told."""
    target = case.world.states
    end = ENDS[command]
    case.world.made(end)
    if end in target.get(state(case.folder), ()):
        return
    done = case.call('run_dknn')
    if ended(done) == 0:
        check_results(case, 'run_dknn', [end])


def check_kept(case, before):
    """Files of a run are as they were.

    Args:
        case (Case): The case.
        before (dict): As ``setup_of`` gave it.
    """
    for name, content in setup_of(case).items():
        if content != before[name]:
            raise Failure('a file of the run was changed', name)


def setup_of(case):
    """The files that make a run, as they are now."""
    return {name: read(case.folder / RUN / name) for name in SETUP}


def check_works(case, command, names):
    """A command works as if nothing had been; nothing is left behind."""
    done = case.call(command)
    if ended(done):
        raise Failure('fails though nothing disturbs', done.err)
    check_end(case, command, done, names)
    check_leftovers(case)


def remove_results(folder, command, but=''):
    """Removes what a command writes, so that it must write it."""
    for name in RESULTS.get(command, PREDICTED):
        if command not in ENDS and name != but:
            (folder / RUN / name).unlink(missing_ok=True)
