"""Errors that whoever runs a command, or calls the library, can mend.

A command shows them as one sentence and ends with exit code 2; everything else
is a bug of ours and keeps its traceback (``runs.script``).
"""


class UserError(ValueError):
    """Something that the user can mend: a file, a setting, a text.

    Args:
        message (str): One sentence: what is wrong, the values got, the way
            out.
        arguments (str): Names of arguments that stand in it between
            backticks; a command puts its flags in their place.
    """

    def __init__(self, message, *arguments):
        super().__init__(message)
        self.arguments = arguments

    def __reduce__(self):
        return _rebuilt, (type(self), str(self), vars(self))


def _rebuilt(kind, message, attributes):
    """An error as it was, for ``copy`` and ``pickle``."""
    error = kind.__new__(kind, message)
    error.args = message,
    vars(error).update(attributes)
    return error


class ArgumentError(UserError):
    """A value that an argument cannot take.

    The message speaks of the argument, as the caller of a function knows it;
    a command says the same of the flag that the value came from.

    Args:
        name (str): The argument.
        value (object): What was given.
        reason (str): Why it cannot be used and what to do, the rest of a
            sentence: ``'exceeds the 60 training examples; take fewer'``.
    """

    def __init__(self, name, value, reason):
        super().__init__(f'{name}={value!r} {reason}')
        self.name = name
        self.value = value
        self.reason = reason


class MissingPackage(UserError, ImportError):
    """An optional package that is not installed.

    Args:
        module (str): What could not be imported.
        requirement (str): What pip should install.
        purpose (str): What needs it.
    """

    def __init__(self, module, requirement, purpose):
        super().__init__(f'{purpose} needs {module}, which is not installed: '
                         f'pip install {requirement}')
