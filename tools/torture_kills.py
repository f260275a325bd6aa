"""Commands that are killed, and commands that run at the same time."""
import itertools
import os
import subprocess
import time

from tools.torture_checks import (
    LOCK,
    check_end,
    check_leftovers,
    check_results,
    check_state,
    check_works,
    remove_results,
)
from tools.torture_world import (
    COMMANDS,
    ENDS,
    ON_THE_WAY,
    RUN,
    Failure,
    ended,
    hidden,
    results,
    state,
)

N_KILLS = 120
POLL = .0005  # seconds between two looks at a folder
TOGETHER = ('train', 'retrain', 'resume', 'run_dknn', 'last', 'hnsw',
            'calibration', 'interpret', 'redraw')
# The most temporary files that one sees of a command; of others 6
FILES = {'redraw': 1, 'calibration': 9, **dict.fromkeys(ENDS, 12)}
ATTEMPTS = 4  # to kill a command before it ends


def kill_cases(world):
    """Arguments of ``kill``: each command as often."""
    return [(name,) for _, name in zip(range(N_KILLS),
                                       itertools.cycle(COMMANDS),
                                       strict=False)]


def kill(case, command):
    """Kills a command at a random moment; the next one must work.

    Args:
        case (Case): The case.
        command (str): What is killed.
    """
    world, rng = case.world, case.rng
    world.learn_all()
    template = rng.choice({'train': ['empty', 'fresh'], 'redraw': ['full']
                           }.get(command, ['fresh', 'full']))
    imports, whole = world.seconds(command)
    for _ in range(ATTEMPTS):
        case.remove()
        folder = case.copy(world.template(template))
        before = state(folder)
        if rng.random() < .5:
            killed = by_clock(case, command, rng.choice([
                rng.uniform(0, whole), rng.uniform(imports, whole)]))
        else:
            killed = by_look(case, command,
                             rng.randint(1, FILES.get(command, 6)),
                             rng.choice([0, rng.uniform(0, .02)]))
        if killed:
            after_kill(case, command, template, before)
            world.count('killed')
            return
        case.say('but it had ended')
    world.count('ended before it was killed')


def by_clock(case, command, moment):
    """Kills a command after some seconds; whether it was killed."""
    case.say(f'{command}, killed after {moment:.3f} s')
    process = case.world.start(case.folder, command)
    try:
        case.finish(process, command, moment)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
    return process.returncode == -9


def by_look(case, command, n_files, wait):
    """Kills it when it has made so many temporary files; as ``by_clock``."""
    case.say(f'{command}, killed {wait:.3f} s after its temporary file '
             f'{n_files}')
    process = case.world.start(case.folder, command)
    seen, before = set(), set(hidden(case.folder))
    while process.poll() is None and len(seen - before) < n_files:
        seen |= temporary(case.folder)
        time.sleep(POLL)
    time.sleep(wait)
    process.kill()
    process.communicate()
    return process.returncode == -9


def temporary(folder):
    """Hidden names where commands make them, faster than ``hidden``."""
    found = set()
    for place in (folder / RUN.parent, folder / RUN,
                  folder / RUN / 'activations'):
        try:
            found |= {os.path.join(place, name) for name in os.listdir(place)
                      if name.startswith('.') and not name.endswith('.lock')}
        except OSError:
            pass
    return found


def after_kill(case, command, template, before):
    """The run is the old one or a new one, and the next command works."""
    old = {'empty': [], 'fresh': ['s0e4'], 'full': ['s0e4']}[template]
    names = check_state(case, [*old, *ON_THE_WAY.get(command, ())])
    if names is None and before is not None:
        raise Failure('lost model', f'{RUN} is gone')
    if command not in ENDS and state(case.folder) != before:
        raise Failure('a run was changed by what reads it')
    following = [command, 'run_dknn', 'hnsw', 'interpret']
    if command not in ENDS or command == 'resume':
        following.append('resume')
    follow = case.rng.choice(following)
    remove_results(case.folder, follow, but='interpretations.jsonl')
    if names is None and follow not in ENDS:
        done = case.call(follow)
        if ended(done) != 2:
            raise Failure('there is no run, but it works', done.out)
        check_leftovers(case, locks=(LOCK,))
        check_works(case, command, names)
    elif follow in ENDS:
        check_works(case, follow, names)
    else:
        done = case.call(follow)
        if check_end(case, follow, done, names):
            raise Failure('fails after a kill', done.err)
        check_leftovers(case, locks=(LOCK,))


# ------------------------------------------------------- two at once


def pair_cases(world):
    """Arguments of ``pair``: every two, and each beside itself."""
    return list(itertools.combinations_with_replacement(TOGETHER, 2))


def pair(case, first, second):
    """Runs two commands at once.

    Args:
        case (Case): The case.
        first, second (str): Their names.
    """
    world, rng = case.world, case.rng
    world.learn_all()
    both = [first, second]
    rng.shuffle(both)
    case.copy(world.template('full'))
    times = [world.seconds(name) for name in both]
    # From both at the same time to the one just before the other's end
    wait = max(0, rng.uniform(-.2, times[0][1] - times[1][0]))
    case.say(f'{both[0]}, {wait:.3f} s later {both[1]}')
    processes = [world.start(case.folder, both[0])]
    time.sleep(wait)
    processes.append(world.start(case.folder, both[1]))
    codes = [ended(case.finish(process, name))
             for process, name in zip(processes, both, strict=True)]
    check_codes(both, codes)
    check_together(case, both, codes)
    check_works(case, 'run_dknn', check_state(case))


def check_codes(both, codes):
    """Who may be refused: whoever meets a training."""
    trainings = [name in ENDS for name in both]
    if not any(trainings) and any(codes):
        raise Failure('two readers disturb each other', f'{both}, {codes}')
    if all(trainings) and all(codes):
        raise Failure('two trainings stop each other', f'{both}')
    for name, code, training in zip(both, codes, trainings, strict=True):
        if training and code and not all(trainings):
            raise Failure('a training is stopped by a reader', name)


def check_together(case, both, codes):
    """What both wrote belongs to one run, the one that is there."""
    names = check_state(case, [
        's0e4', *(ENDS[name] for name in both if name in ENDS)])
    if names is None:
        raise Failure('lost model', f'{RUN} is gone')
    ends = {ENDS[name] for name, code in zip(both, codes, strict=True)
            if name in ENDS and not code}
    if ends and not ends & set(names):
        raise Failure('a training ended, but its run is not there',
                      f'{names}, not {sorted(ends)}')
    written = [name for name, code in zip(both, codes, strict=True)
               if name not in ENDS and not code]
    if len(set(map(family, written))) == 1 and len(written) == 2:
        check_one_of(case, written, names)
    else:
        for name in written:
            check_belongs(case, name, names)


def family(command):
    """What commands have in common that write the same files."""
    return {'interpret': 'page', 'redraw': 'page', 'calibration':
            'calibration'}.get(command, 'predictions')


def check_one_of(case, commands, names):
    """Both wrote the same files: those of one of them are there."""
    problems = []
    for name in commands:
        try:
            check_results(case, name, names)
            return
        except Failure as problem:
            problems.append(problem.detail)
    raise Failure('results of two commands are mixed', '; '.join(problems))


def check_belongs(case, command, names):
    """Results that are there are of the parameters that are there."""
    found = results(case.folder, command)
    there = [name for name, content in found.items() if content is not None]
    if there:  # A training removes those of the run that it replaces
        try:
            check_results(case, command, names)
        except Failure as problem:
            raise Failure('results of other parameters than are there',
                          problem.detail) from None
