"""How every script ends: an exit code, and one sentence where it fails."""
import errno
import os
import pathlib
import sys
import traceback

from errors import ArgumentError, UserError
from runs.flags import FLAGS
from runs.processes import Processes, processes
from terminal import printable


def run_script(main):
    """Calls a script's `main` and leaves the process with its exit code.

    What the user can mend (``UserError``, and what the system says of files
    with ``OSError``) becomes one sentence on standard error and exit code 2;
    Ctrl-C is 130, a closed pipe 141.  Any other error is a bug and keeps its
    traceback.  Of several processes rank 0 alone prints, and where one fails
    all end.

    Args:
        main (callable): Called without arguments.
    """
    # A name or word that the terminal cannot show is no reason to fail
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, 'reconfigure'):  # None where it is closed
            stream.reconfigure(errors='backslashreplace')
    try:
        together = processes()
    except UserError as error:
        _fail(Processes(), error)
    if not together.is_root:
        sys.stdout = sys.stderr = open(os.devnull, 'w')
    try:
        main()
        if sys.stdout is not None:
            sys.stdout.flush()  # a closed pipe shows here, not at exit
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        together.abort('', 141)
    except (UserError, OSError, MemoryError) as error:
        _fail(together, error)
    except KeyboardInterrupt:
        together.abort('interrupted', 130)
    except BaseException as error:
        if together.size == 1:
            raise
        _end_all(together, error)


def _fail(together, error):
    """Says in a sentence what the user can mend, and ends."""
    name = pathlib.Path(sys.argv[0]).name
    together.abort(f'{name}: error: {one_sentence(error)}', 2)


def _end_all(together, error):
    """Ends several processes where one of them cannot go on."""
    if isinstance(error, SystemExit):  # argparse has said why
        together.abort('', error.code or 0)
    together.abort(traceback.format_exc())


def one_sentence(error):
    """What went wrong and what to do, on one line.

    Args:
        error (Exception): An error that the user can mend.

    Returns:
        str: Its message in terms of flags, without terminal escapes.
    """
    if isinstance(error, MemoryError):
        message = ('there is not enough memory for this; make the network, '
                   'the batches or the data smaller')
    elif isinstance(error, OSError) and not isinstance(error, UserError):
        message = _of_system(error)
    else:
        message = in_flags(error)
    return printable(message)


# What to do about an error of the system
ADVICE = {
    errno.ENOSPC: 'free some space and run this again',
    errno.EDQUOT: 'free some space and run this again',
    errno.ENOENT: 'check the path',
    errno.EACCES: 'change its permissions, or choose another place',
    errno.EPERM: 'change its permissions, or choose another place',
    errno.EROFS: 'choose another place',
    errno.EISDIR: 'name a file in it',
    errno.ENOTDIR: 'check the path',
    errno.EEXIST: 'choose another place',
    errno.ELOOP: 'it is a link to itself; name a file',
    errno.EMFILE: 'raise the limit of open files (ulimit -n)',
}


def _of_system(error):
    """The sentence for an error of the operating system."""
    said = (error.strerror or str(error) or type(error).__name__)
    where = f'{error.filename}: ' if error.filename is not None else ''
    advice = ADVICE.get(error.errno)
    return (f'{where}{said[:1].lower()}{said[1:]}'
            + (f'; {advice}' if advice else ''))


def in_flags(error):
    """An error's message, in terms of flags where it names arguments.

    The library names an argument in ``ArgumentError``; a ``UserError`` says
    which names between backticks are arguments.
    """
    message = str(error)
    if isinstance(error, ArgumentError) and error.name in FLAGS:
        value = error.value
        if isinstance(value, (list, tuple)):
            value = ','.join(map(str, value))
        message = f'{FLAGS[error.name]} {value} {error.reason}'
    for name in error.arguments:
        message = message.replace(f'`{name}`', FLAGS.get(name, name))
    return message
