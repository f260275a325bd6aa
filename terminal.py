"""What may be printed on a terminal: it must not obey the data."""


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
