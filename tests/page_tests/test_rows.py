"""Words in colours, and how a text is cut into lines."""
import itertools

import numpy as np
from page_records import make_pair

from page import rows


def test_split_lines():
    # 2 more a word: 6 + 6 + 6 + 6 = 24 characters, so two lines of 12
    words = ['aaaa'] * 4
    assert rows.split_lines(words, 20) == [slice(0, 2), slice(2, 4)]
    assert rows.split_lines(words, 24) == [slice(0, 4)]
    assert rows.split_lines([]) == []


def test_split_lines_long():
    lengths = np.random.RandomState(0).randint(0, 30, 2000)
    words = ['x' * n for n in [*lengths, 500, 1]]
    lines = rows.split_lines(words)
    assert [w for line in lines for w in words[line]] == words
    assert all(words[line] for line in lines)
    sizes = [sum(len(w) + 2 for w in words[line]) for line in lines]
    assert sorted(sizes)[-2] <= rows.LINE_WIDTH  # beside the word of 500


def test_lines_are_as_few_and_as_even_as_can_be():
    """Against all ways to cut ten words."""
    random = np.random.RandomState(1)
    for _ in range(20):
        lengths = random.randint(3, 12, 10)
        ways = [[part.sum() for part in np.split(lengths, cuts)]
                for n in range(10)
                for cuts in itertools.combinations(range(1, 10), n)]
        fitting = [way for way in ways if max(way) <= 30]
        n_lines = min(map(len, fitting))
        widest = min(max(way) for way in fitting if len(way) == n_lines)
        found = rows.split_lines(['x' * (n - 2) for n in lengths], 30)
        sizes = [lengths[line].sum() for line in found]
        assert (len(sizes), max(sizes)) == (n_lines, widest)


def test_rows_of_a_pair():
    premise, hypothesis = rows.coloured_texts(make_pair())
    # No method scores the premise: its words stay uncoloured.
    assert premise == (['a', 'man', 'sleeps'],
                       [('premise', ['', 'u', ''], None, '', '', '')])
    assert hypothesis == (['he', 'runs'],
                          [('gradient', ['p5', 'n10'], ['+1', '-2'], '',
                            '−2', '')])


def test_both_texts_share_the_scale_of_a_method():
    record = make_pair(methods={'a': {'target': 0,
                                      'scores': [[1, 2, 4], [8, -4]]}})
    css = [text.rows[0].css for text in rows.coloured_texts(record)]
    # 10 * (1, 2, 4) / 8 = 1.25, 2.5, 5; ties to even
    assert css == [['p1', 'p2 u', 'p5'], ['p10', 'n5']]
