"""Which cell Tab stops at."""
import pytest
from page_records import make_pair, make_record

from page.cells import record_parts
from page.scales import Scale, method_scales


def stops(record):
    """For each cell whether it is a Tab stop: by text, line and row."""
    return [[[['tabindex' in cell for cell in cells.split('</td>')[:-1]]
              for _, cells, _ in rows] for rows in lines]
            for lines in record_parts(record, method_scales([record]))]


def test_one_stop_at_the_first_cell():
    record = make_record(['word'] * 40, [1.] * 40, methods={
        name: {'target': 0, 'scores': [[1.] * 40]} for name in 'ab'})
    text, = stops(record)
    assert len(text) > 1
    assert text[0][0][0]
    assert sum(cell for rows in text for row in rows for cell in row) == 1


@pytest.mark.parametrize('record, expected', [
    # The premise has no scores, so the hypothesis has the stop.
    (make_pair(), [[[[False] * 3]], [[[True, False]]]]),
    # The premise has scores, but no words.
    (make_pair(known=[[], [True, True]], methods={
        'a': {'target': 0, 'scores': [[], [1, 2]]}}) | {
            'words': [[], ['he', 'runs']]}, [[], [[[True, False]]]]),
    (make_pair(methods={}), [[[[False] * 3]], [[[False] * 2]]]),
    (make_record([], []), [[]]),
])
def test_stop_is_in_the_first_text_with_scores(record, expected):
    assert stops(record) == expected


def test_levels_of_each_row_are_cut_like_the_cells():
    record = make_record(['word'] * 41, range(41))
    text, = record_parts(record, {'conformity': Scale(20., 0.)})
    assert len(text) > 1
    letters = [rows[0][2] for rows in text]
    assert [len(part) for part in letters] == [
        rows[0][1].count('<td') for rows in text]
    # 10 s / 40 = s / 4: a level begins behind a half that goes to the even one
    assert ''.join(letters) == (
        'kkk' 'lll' 'mmmmm' 'nnn' 'ooooo' 'ppp' 'qqqqq' 'rrr' 'sssss' 'ttt'
        'uuu')
