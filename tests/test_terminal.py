"""What is printed shows itself; no terminal obeys it."""
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal import printable


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
