"""``texts.jsonl``: the texts of examples, one a line (docs/activations.md)."""
from files import typed
from files.atomic import write_jsonl
from files.rows import DatasetError, check_text, shortened

SEE = 'docs/activations.md describes the format'


def write_texts(path, texts):
    """Writes the tokens of each example.

    Args:
        path (Path): The file.
        texts (iterable of tuple): One or two texts each, tuples of tokens.
    """
    write_jsonl(path, (sides if len(sides) > 1 else sides[0]
                       for sides in texts))


def read_texts(path):
    """Reads the texts of examples.

    Args:
        path (Path): Each line a JSON string, split at white space; or a list
            of tokens; or two lists of tokens.

    Returns:
        list of tuple: One or two texts each, tuples of tokens.

    Raises:
        UserError: If a line is something else; the message names it.
    """
    found = []
    with path.open('rb') as stream:
        for number, line in enumerate(stream, 1):
            where = f'{path}:{number}'
            found.append(_as_texts(typed.decode(
                line, str | list[str | list[str]], where, SEE), where))
    return found


def _as_texts(value, where):
    if isinstance(value, str):
        value = value.split()
    sides = value if value and isinstance(value[0], list) else [value]
    if len(sides) > 2 or not all(isinstance(side, list) for side in sides) or (
            any(isinstance(token, list) for side in sides for token in side)):
        raise DatasetError(f'{where}: {shortened(value)} is neither a text, '
                           f'nor its tokens, nor two lists of tokens; {SEE}')
    for side in sides:
        for token in side:
            check_text(token, where)
    return tuple(map(tuple, sides))
