"""JSON whose every field has a declared type; what has another is refused."""
import pathlib

import msgspec

from errors import UserError


def decode(content, kind, where, hint):
    """A JSON document as a value of a type.

    Args:
        content (bytes): The document, UTF-8.
        kind (type): What ``msgspec`` can decode, such as a ``Struct``.
        where (str): Names the document in messages.
        hint (str): What it should be, or what to do, the end of a message.

    Returns:
        object: An instance of `kind`.

    Raises:
        UserError: If the document is no JSON, or has another type; the
            message names the first field that has.
    """
    try:
        return msgspec.json.decode(content, type=kind)
    except msgspec.ValidationError as error:
        raise UserError(f'{where}: {_plain(error)}; {hint}') from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UserError(f'{where} is no valid JSON: {error}; {hint}') from None


def _plain(error):
    """msgspec's message without its marks: ``unit: expected int >= 1``."""
    said, _, field = str(error).replace('`', '').partition(' - at $')
    said = said[:1].lower() + said[1:]
    return f'{field.removeprefix(".")}: {said}' if field else said


def read(path, kind, hint):
    """Reads a JSON file as a value of a type.

    Args:
        path (str or Path): The file.
        kind (type): As for ``decode``.
        hint (str): As for ``decode``.

    Returns:
        object: An instance of `kind`.

    Raises:
        UserError: As for ``decode``.
        OSError: If the file cannot be read.
    """
    return decode(pathlib.Path(path).read_bytes(), kind, path, hint)
