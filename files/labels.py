"""The order of the labels in a user's own file."""
import math

from files.rows import DatasetError


def sort_labels(labels, path):
    """Orders the labels that occur in a user's training file.

    Args:
        labels (iterable of str): Different names, in any order.
        path (str): The file, for messages.

    Returns:
        tuple of str: At least two, by value if all are finite numbers, else
        in alphabetical order.

    Raises:
        DatasetError: If there are fewer, or two numbers differ in nothing
            but how they are written.
    """
    values = _as_numbers(labels)
    names = tuple(sorted(labels, key=lambda name: (values.get(name), name)
                         if values else name))
    if len(names) < 2:
        raise DatasetError(
            f'{path} has {len(names)} different labels {", ".join(names)}; a '
            'classifier needs at least two')
    seen = {}
    for name in names if values else ():
        other = seen.setdefault(_number(name), name)
        if other != name:
            raise DatasetError(f'{path} has the labels {other} and {name}, '
                               'which are the same number; write them alike')
    return names


def alike(names):
    """Finds labels that differ in nothing but upper and lower case.

    Args:
        names (sequence of str): All labels.

    Returns:
        list of list of str: Groups of at least two, in the order of the
        first of each.
    """
    groups = {}
    for name in names:
        groups.setdefault(name.casefold(), []).append(name)
    return [group for group in groups.values() if len(group) > 1]


def _number(name):
    """A number's value; whole numbers are exact, however long."""
    try:
        return int(name)
    except ValueError:
        return float(name)


def _as_numbers(labels):
    """Values of labels that are all finite numbers, else nothing."""
    try:
        values = {label: float(label) for label in labels}
    except ValueError:
        return {}
    return values if all(map(math.isfinite, values.values())) else {}
