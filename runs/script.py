"""How every script ends: an exit code, and one sentence where it fails."""
import os
import pathlib
import re
import sys

from errors import ArgumentError, UserError
from runs.flags import FLAGS


def run_script(main):
    """Calls a script's `main` and leaves the process with its exit code.

    What the user can mend (``UserError``, and what the system says of files
    with ``OSError``) becomes one sentence on standard error and exit code 2;
    Ctrl-C is 130, a closed pipe 141.  Any other error is a bug and keeps its
    traceback.

    Args:
        main (callable): Called without arguments.
    """
    try:
        main()
        sys.stdout.flush()  # a closed pipe shows here, not at exit
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except (UserError, OSError) as error:
        name = pathlib.Path(sys.argv[0]).name
        print(f'{name}: error: {in_flags(error)}', file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print('interrupted', file=sys.stderr)
        sys.exit(130)


def in_flags(error):
    """An error's message, in terms of flags where it names arguments.

    The library names an argument in ``ArgumentError``, or between backticks.
    """
    message = str(error)
    if isinstance(error, ArgumentError) and error.name in FLAGS:
        value = error.value
        if isinstance(value, (list, tuple)):
            value = ','.join(map(str, value))
        message = f'{FLAGS[error.name]} {value} {error.reason}'
    return re.sub(r'`(\w+)`', lambda match: FLAGS.get(match.group(1),
                                                      match.group()), message)
