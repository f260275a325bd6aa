"""A full disk, and a folder that can only be read."""
import contextlib
import os
import shutil
import stat
import subprocess

from tools.torture_checks import (
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
    USE,
    Failure,
    ended,
    state,
)

SIZES = 6  # of full disks, for each command
PLENTY = '64m'
FILL = 500_000  # bytes: more than any command writes
BEFORE = {'train': 'empty', 'redraw': 'full'}  # else 'fresh'


def disk_cases(world):
    """Arguments of ``disk``: each command on full and read-only disks."""
    return [(name, kind) for name in COMMANDS
            for kind in ['full'] * SIZES + ['read-only', 'elsewhere']
            if kind != 'elsewhere' or name == 'interpret']


def disk(case, command, kind):
    """Runs a command on a disk that is full or cannot be written.

    Args:
        case (Case): The case.
        command (str): Its name.
        kind (str): ``'full'``, ``'read-only'``, or ``'elsewhere'``: output
            goes to another folder.
    """
    template = case.world.template(BEFORE.get(command, 'fresh'))
    with mounted(case) as is_disk:
        case.copy(template)
        if kind == 'full':
            full(case, command, is_disk)
        else:
            read_only(case, command, kind, is_disk)


@contextlib.contextmanager
def mounted(case):
    """A disk in memory as the case's folder; whether there is one."""
    case.folder.mkdir(parents=True)
    is_disk = mount('-t', 'tmpfs', '-o', f'size={PLENTY}', 'tmpfs',
                    str(case.folder))
    if not is_disk:
        case.world.count('no disk could be mounted')
    try:
        yield is_disk
    finally:
        if is_disk:
            subprocess.run(['umount', str(case.folder)], check=True)


def mount(*words):
    """Whether something could be mounted."""
    if os.name != 'posix' or not shutil.which('mount'):
        return False
    return not subprocess.run(['mount', *words], check=False,
                              capture_output=True).returncode


def remount(case, options):
    """Changes the case's disk."""
    if not mount('-o', f'remount,{options}', str(case.folder)):
        raise Failure('the disk cannot be changed', options)


def full(case, command, is_disk):
    """Runs a command with too little space, then with enough."""
    free = int(FILL * case.rng.random() ** 3)
    remove_results(case.folder, command, but='interpretations.jsonl')
    before = state(case.folder)
    options = {}
    case.world.learn_all()
    if is_disk:
        place = os.statvfs(case.folder)
        used = (place.f_blocks - place.f_bfree) * place.f_frsize
        remount(case, f'size={used + free}')
    else:  # No file may be longer: the same code meets the error
        options = {'most_bytes': max(64, free // 8)}
    case.say(f'{free} bytes are free')
    names = ['s0e4']
    code = check_end(case, command, case.call(command, **options), names)
    after_full(case, command, code, before)
    if is_disk:
        remount(case, f'size={PLENTY}')
    case.say('with enough space')
    if command == 'resume' and 's0e6' in (check_state(case) or ()):
        return
    check_works(case, command, names)


def after_full(case, command, code, before):
    """What failed has changed nothing, or left a whole run of its own."""
    now = check_state(case, ['s0e4', *ON_THE_WAY.get(command, ())])
    if now is None and before is not None:
        raise Failure('lost model', f'{RUN} is gone')
    if code and command not in ENDS and state(case.folder) != before:
        raise Failure('a run was changed by what reads it')
    check_leftovers(case)


def read_only(case, command, kind, is_disk):
    """Runs a command where it may not write."""
    if not is_disk and os.getuid() == 0:
        case.world.count('read-only skipped: root, and no disk')
        return
    elsewhere = case.folder.with_name(f'{case.folder.name} elsewhere')
    before = state(case.folder)
    with protected(case, is_disk):
        if kind == 'elsewhere':
            out_elsewhere(case, elsewhere)
        elif ended(case.call(command)) != 2:
            raise Failure('it writes where it may not')
        if state(case.folder) != before:
            raise Failure('a run was changed', command)
    shutil.rmtree(elsewhere, ignore_errors=True)
    check_leftovers(case)


@contextlib.contextmanager
def protected(case, is_disk):
    """The case's folder cannot be written meanwhile."""
    case.say('read-only')
    if is_disk:
        remount(case, 'ro')
        yield
        remount(case, 'rw')
        return
    folders = [case.folder, *(path for path in case.folder.rglob('*')
                              if path.is_dir())]
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in folders}
    try:
        for path in reversed(folders):
            path.chmod(modes[path] & ~0o222)
        yield
    finally:
        for path in folders:
            path.chmod(modes[path])


def out_elsewhere(case, elsewhere):
    """A page of a run that may only be read."""
    done = case.call(('interpret.py', [*USE, '--out', str(elsewhere / RUN)]))
    if ended(done):
        raise Failure('a run that is read-only cannot be explained',
                      done.err)
    here, case.folder = case.folder, elsewhere
    try:
        check_results(case, 'interpret', ['s0e4'])
    finally:
        case.folder = here
