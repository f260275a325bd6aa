"""Short notes to whoever runs a script, beside its output."""
import sys


def note(text):
    """Prints a line on standard error.

    Args:
        text (str): What happened, and what was done about it.
    """
    print(text, file=sys.stderr)
