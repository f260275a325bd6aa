"""How every script ends: an exit code, and one sentence where it fails."""
import errno
import os
import pathlib
import sys

from errors import ArgumentError, UserError
from runs.flags import FLAGS
from terminal import printable


def run_script(main):
    """Calls a script's `main` and leaves the process with its exit code.

    What the user can mend (``UserError``, and what the system says of files
    with ``OSError``) becomes one sentence on standard error and exit code 2;
    Ctrl-C is 130, a closed pipe 141.  Any other error is a bug and keeps its
    traceback.

    Args:
        main (callable): Called without arguments.
    """
    # A name or word that the terminal cannot show is no reason to fail
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, 'reconfigure'):  # None where it is closed
            stream.reconfigure(errors='backslashreplace')
    try:
        main()
        if sys.stdout is not None:
            sys.stdout.flush()  # a closed pipe shows here, not at exit
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except (UserError, OSError, MemoryError) as error:
        name = pathlib.Path(sys.argv[0]).name
        print(f'{name}: error: {one_sentence(error)}', file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print('interrupted', file=sys.stderr)
        sys.exit(130)


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
