"""What is printed shows itself; no terminal obeys it."""
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal import fitted, printable, width, wrapped


@pytest.mark.parametrize('text, expected', [
    ('plain \u00e9\u2603 words', 'plain \u00e9\u2603 words'), ('', ''),
    ('\x1b[31mred', r'\x1b[31mred'), ('a\nb\r\tc', r'a\nb\r\tc'),
    ('\x9b2J', r'\x9b2J'), ('\u202egnp', r'\u202egnp'),
    ('\ud800', r'\ud800'), ('\x07\x00', r'\x07\x00'),
    ('\U000e0041', r'\U000e0041')])
def test_by_hand(text, expected):
    assert printable(text) == expected


@given(st.text())
def test_nothing_else_is_left(text):
    found = printable(text)
    assert found.isprintable()
    assert found == text or not text.isprintable()
    assert printable(found) == found


@pytest.mark.parametrize('text, columns', [
    ('', 0), ('caf\u00e9', 4),
    ('cafe\u0301', 4),  # the accent stands above the e
    ('\u6771\u4eac', 4), ('\uff21', 2), ('\U0001f600', 2)])
def test_width(text, columns):
    assert width(text) == columns


@pytest.mark.parametrize('text, columns, left, right', [
    ('ab', 4, 'ab  ', '  ab'), ('abcd', 4, 'abcd', 'abcd'),
    ('abcde', 4, 'abc\u2026', 'abc\u2026'),
    # of two wide characters one fits beside the sign, a blank fills up
    ('\u6771\u4eac\u90fd', 4, '\u6771\u2026 ', ' \u6771\u2026')])
def test_fitted(text, columns, left, right):
    assert fitted(text, columns) == left
    assert fitted(text, columns, right=True) == right


@pytest.mark.parametrize('text, lines', [
    ('one two three', ['one two', '  three']),
    ('one  two', ['one  two']), ('', ['']),
    ('abcdefghijklmno', ['abcdefgh', '  ijklmn', '  o']),
    ('a bcdefghijkl', ['a', '  bcdefg', '  hijkl'])])
def test_wrapped(text, lines):
    assert wrapped(text, columns=8) == lines


@given(st.text(), st.integers(4, 30))
def test_nothing_is_too_wide_and_nothing_is_lost(text, columns):
    text = printable(text)
    assert width(fitted(text, columns)) == columns
    lines = wrapped(text, '- ', '  ', columns)
    assert all(width(line) <= columns for line in lines)
    assert ''.join(lines).replace(' ', '') == '-' + text.replace(' ', '')
