"""What may be printed on a terminal: it must not obey the data."""
import unicodedata

COLUMNS = 80  # of a terminal


def printable(text):
    """Makes every character that a terminal would not show visible.

    Control characters (a terminal obeys some), characters that turn the
    direction of writing, lone surrogates and the like become escapes as
    Python writes them.

    Args:
        text (str): Any text, such as a word of a data set.

    Returns:
        str: The same with ``\\x1b`` and so on in place of such characters;
        all of it is printable (``str.isprintable``) and on one line.
    """
    if text.isprintable():
        return text
    return ''.join(
        char if char.isprintable()
        else char.encode('unicode_escape').decode('ascii') for char in text)


def width(text):
    """How many columns a printable text takes on a terminal.

    Args:
        text (str): What ``printable`` gives.

    Returns:
        int: 2 for a wide or full-width character (Unicode, UAX 11), 0 for one
        that stands above or below another, else 1, in sum.
    """
    return len(text) if text.isascii() else sum(map(_columns, text))


def _columns(char):
    if unicodedata.category(char) in ('Mn', 'Me'):
        return 0
    return 2 if unicodedata.east_asian_width(char) in 'WF' else 1


def fitted(text, columns, right=False):
    """A printable text in so many columns.

    Args:
        text (str): What ``printable`` gives.
        columns (int): At least 1.
        right (bool): Whether blanks come before it, not behind.

    Returns:
        str: Its end is left out where it is too long.
    """
    if width(text) > columns:
        text = f'{_head(text, columns - 1)}…'
    blanks = ' ' * (columns - width(text))
    return blanks + text if right else text + blanks


def _head(text, columns):
    """The first characters of a text that fit."""
    taken = 0
    for end, char in enumerate(text):
        taken += _columns(char)
        if taken > columns:
            return text[:end]
    return text


def wrapped(text, first='', rest='  ', columns=COLUMNS):
    """A printable text in lines of at most so many columns.

    Args:
        text (str): What ``printable`` gives.
        first, rest (str): What the first line and the others begin with.
        columns (int): More than these two have by 2 or more.

    Returns:
        list of str: Broken at blanks, and where a word fits no line within
        it.
    """
    lines, line, is_empty = [], first, True
    for word in text.split(' '):
        joined = f'{line}{word}' if is_empty else f'{line} {word}'
        if width(joined) > columns:
            if not is_empty:
                lines.append(line)
                line = rest
            while width(line + word) > columns:
                head = _head(word, columns - width(line))
                lines.append(line + head)
                line, word = rest, word[len(head):]
            joined = line + word
        line, is_empty = joined, False
    return [*lines, line]
