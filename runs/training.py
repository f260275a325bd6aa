"""The folder that a training writes.

A new run is made beside the old one, in a hidden folder, and takes its place
when it has its first model.  From then on each file is replaced in one step.

``args.json``, which stays the same file while a run is there, is locked by
whoever writes results (together with others) or parameters (alone).
"""
import compat  # noqa: F401  (before Chainer)

import contextlib
import hashlib
import pathlib
import shutil
from typing import NamedTuple

from chainer import training

from errors import UserError
from files import locks
from files.atomic import rename_over
from runs import folder as run_folder
from runs.snapshots import write_npz

# Behind Chainer's reports, in this order
CHECK, MODEL, SEED, SNAPSHOT, PLACE = -10, -20, -50, -100, -200


@contextlib.contextmanager
def only_training(folder):
    """Sees to it that no other process trains into a folder meanwhile.

    Also removes what a training that was killed has left in and beside it.

    Args:
        folder (pathlib.Path): The run folder, which need not exist.

    Raises:
        UserError: If another process trains into it.
    """
    path = folder.with_name(f'.{folder.name}.lock')
    with contextlib.ExitStack() as stack:
        if not folder.parent.exists():
            folder.parent.mkdir(parents=True, exist_ok=True)
            stack.callback(_remove_if_empty, folder.parent)
        try:
            stack.enter_context(locks.held_path(path, exclusive=True,
                                                wait=False, make=True))
        except locks.Busy:
            raise UserError(f'another training writes {folder}; wait for it '
                            'to end, or write elsewhere with `out`',
                            'out') from None
        stack.callback(path.unlink)
        run_folder.remove_leftovers(folder)
        yield


def _remove_if_empty(folder):
    with contextlib.suppress(OSError):
        folder.rmdir()


def take_place(made, folder):
    """Puts a new run in the place of the old one.

    What the old folder held besides is kept.

    Args:
        made (pathlib.Path): The new run's folder, beside the old one's.
        folder (pathlib.Path): The old run's, which need not exist.
    """
    if not folder.exists():
        made.rename(folder)
        return
    with contextlib.ExitStack() as stack:
        if (folder / run_folder.ARGS).exists():
            stack.enter_context(locks.held_path(folder / run_folder.ARGS,
                                                exclusive=True))
        for path in folder.iterdir():
            if path.name not in run_folder.OUTPUTS:
                _copy(path, made / path.name)
        rename_over(made, folder)


def _copy(path, target):
    if path.is_dir() and not path.is_symlink():
        shutil.copytree(path, target, symlinks=True)
    else:
        shutil.copy2(path, target, follow_symlinks=False)


class Place(NamedTuple):
    """Where a training writes.

    Attributes:
        out (pathlib.Path): The folder in which the run is made: `folder`, or
            one beside it, which takes its place.
        folder (pathlib.Path): The run folder.
        key (str): What ``runs.folder.setup_key`` gave.
    """

    out: pathlib.Path
    folder: pathlib.Path
    key: str


def extend(trainer, model, place, best):
    """Adds what stores a run to a trainer.

    Args:
        trainer (chainer.training.Trainer): Its ``out`` becomes the run folder
            once there is a model.
        model (chainer.Chain): The network to store.
        place (Place): Where.
        best (str): Name of the value of which the largest makes a model the
            best.
    """
    def check(trainer):
        for name, parameter in model.namedparams():
            if not parameter.xp.isfinite(parameter.array).all():
                raise UserError(
                    f'after epoch {trainer.updater.epoch} the parameter '
                    f'{name} is no longer finite; train with a lower '
                    '`learning_rate`', 'learning_rate')

    def store_best(trainer):
        out = pathlib.Path(trainer.out)
        with locks.held_path(out / run_folder.ARGS, exclusive=True):
            write_npz(out / run_folder.MODEL, model, place.key)
            run_folder.clear(out, run_folder.DERIVED)

    def store_snapshot(trainer):
        write_npz(pathlib.Path(trainer.out) / run_folder.SNAPSHOT, trainer,
                  place.key)

    def move(trainer):
        out = pathlib.Path(trainer.out)
        if out != place.folder and (out / run_folder.MODEL).exists():
            take_place(out, place.folder)
            trainer.out = place.folder

    for extension, when, priority in [
            (check, (1, 'epoch'), CHECK),
            (store_best, training.triggers.MaxValueTrigger(best), MODEL),
            (store_snapshot, (1, 'epoch'), SNAPSHOT),
            (move, (1, 'epoch'), PLACE)]:
        trainer.extend(extension, name=extension.__name__, trigger=when,
                       priority=priority)


@contextlib.contextmanager
def unchanged(folder):
    """Keeps a training from replacing the run in a folder, if it holds one.

    Args:
        folder (pathlib.Path): Any folder.
    """
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            stack.enter_context(locks.held_path(folder / run_folder.ARGS,
                                                exclusive=False))
        yield


@contextlib.contextmanager
def results_of(run):
    """Makes sure that what is written belongs to a run's parameters.

    There are none where activations were given.

    Args:
        run (runs.Run): The run that the results come from.

    Raises:
        UserError: If the run was trained on, or replaced, since it was
            loaded.
    """
    if run.given is not None:
        yield
        return
    try:
        with locks.held_path(run.folder / run_folder.ARGS, exclusive=False):
            content = (run.folder / run_folder.MODEL).read_bytes()
            if hashlib.sha256(content).hexdigest() != run.digest:
                raise UserError(f'{run.folder} was trained again while this '
                                'command ran; run it once more')
            yield
    except FileNotFoundError:
        if run.folder.exists():
            raise
        raise UserError(f'{run.folder} was removed while this command '
                        'ran') from None
