"""Colours on both scales in a browser: the levels are Python's."""
import numpy as np
import pytest
from browsing import record

import visualize
from page.colours import CLASSES, N_LEVELS, score_levels
from page.scales import method_scales

pytestmark = pytest.mark.browser


def scored(scores):
    """Records of 40 words each."""
    texts = np.array_split(np.asarray(scores, float), len(scores) // 40)
    return [record(i, ['word'] * len(text), 1, 1, 1, .5, .5,
                   conformity=text.tolist(),
                   __proto__=(text[::-1] / 3).tolist())
            for i, text in enumerate(texts)]


HALVES = np.arange(-40, 41) / 8  # at a scale of 5, 10 s / 5 ends in .0 .. .75
SCORES = {
    'halves': [*HALVES, *[0.] * 79],
    # six digits, of which the page shows three
    'random': np.random.default_rng(0).normal(size=400).round(5),
    'beside halves': np.concatenate([
        (np.arange(-200, 200) + .5) / 40 * (1 + sign * 1e-5)
        for sign in (-1, 0, 1)]),
    'tiny': np.random.default_rng(1).normal(size=80) * 1e-300,
    'huge': [1e308, -5e307, 1e307, 1.] + [0.] * 76,
    'none': [0.] * 80,
}


def classes(page):
    return page.evaluate('''[...document.querySelectorAll("article")].map(
        article => Object.fromEntries([...new Set([...article
            .querySelectorAll("tr")].map(row => row.dataset.m))].map(
        method => ['*' + method, [...article.querySelectorAll("tr")]
            .filter(row => row.dataset.m === method)
            .flatMap(row => [...row.cells].slice(1))
            .map(cell => cell.className)])))''')


def expected(records, by_row):
    """By ``score_levels``, from the scores as they are in the records."""
    found, scales = [], method_scales(records)
    for each in records:
        rows = {}
        for name, entry in each['methods'].items():
            scores, = entry['scores']
            largest, scale = np.abs(scores).max(), scales[name]
            own = by_row and largest > scale.noise
            rows[f'*{name}'] = [CLASSES[level + N_LEVELS] for level in
                                score_levels(scores, largest if own
                                             else scale.full)]
        found.append(rows)
    return found


@pytest.mark.parametrize('name', sorted(SCORES))
def test_levels_are_those_of_python_on_both_scales(page, tmp_path, name):
    records = scored(SCORES[name])
    visualize.write_page(tmp_path / 'p.html', records)
    page.goto((tmp_path / 'p.html').as_uri())
    every, own = expected(records, False), expected(records, True)
    assert (own != every) == (name != 'none')
    assert classes(page) == every
    for _ in range(2):  # forth and back restores every class
        page.select_option('[name=scale]', 'row')
        assert classes(page) == own
        page.select_option('[name=scale]', '')
        assert classes(page) == every


def test_unknown_words_stay_marked_on_both_scales(page):
    def unknown():
        return page.evaluate('''[...document.querySelectorAll("#t1 td.u")]
            .map(cell => cell.textContent + cell.className)''')

    before = unknown()
    assert before == ['zyxp3 u', 'zyxp10 u']
    page.select_option('[name=scale]', 'row')
    assert unknown() == ['zyxp2 u', 'zyxp10 u']
    page.select_option('[name=scale]', '')
    assert unknown() == before
