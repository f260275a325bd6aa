"""Results between two marks are replaced whole, and nothing else is."""
import pytest

from errors import UserError
from tools import pages

BEFORE = f'# Ünter\r\n\n| a |\n|---|\n\n{pages.BEGIN}'
AFTER = f'{pages.END}\n\nend \\1 without a line end'


@pytest.mark.parametrize('old', ['', '\n', '\nold\r\n', '\n| x |\n\n| y |\n'])
def test_only_what_stands_between_changes(tmp_path, old):
    page = tmp_path / 'page.md'
    page.write_bytes(f'{BEFORE}{old}{AFTER}'.encode())
    pages.write_between(page, '| nëw |\n|---|')
    expected = f'{BEFORE}\n| nëw |\n|---|\n{AFTER}'.encode()
    assert page.read_bytes() == expected
    pages.write_between(page, '| nëw |\n|---|')
    assert page.read_bytes() == expected
    assert list(tmp_path.iterdir()) == [page]


@pytest.mark.parametrize('text', [
    '', pages.BEGIN, pages.END, pages.END + pages.BEGIN,
    pages.BEGIN + pages.BEGIN + pages.END,
    pages.BEGIN + pages.END + pages.END,
    pages.END + pages.BEGIN + pages.END])
def test_a_page_with_other_marks_is_left_alone(tmp_path, text):
    page = tmp_path / 'page.md'
    page.write_text(text)
    with pytest.raises(UserError, match='must hold'):
        pages.write_between(page, 'new')
    assert page.read_text() == text


def test_there_must_be_a_page(tmp_path):
    with pytest.raises(UserError, match='there is no page'):
        pages.write_between(tmp_path / 'page.md', 'new')
    assert not list(tmp_path.iterdir())


def test_table_by_hand():
    assert pages.table(('a', 'b'), [['1', '2'], ['3', '4']]) == (
        '| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |')
    assert pages.table(['a'], []) == '| a |\n|---|'
