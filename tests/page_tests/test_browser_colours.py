"""Colours on both scales in a browser: the levels are Python's."""
import numpy as np
import pytest
from browsing import record

import visualize
from page import facts
from page.colours import CLASSES, N_LEVELS, score_levels

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


def expected(records, scales):
    """By ``score_levels``, from the scores as they are in the records."""
    found = []
    for each in records:
        rows = {}
        for name, entry in each['methods'].items():
            scores, = entry['scores']
            scale = scales[name] if scales else np.abs(scores).max()
            rows[f'*{name}'] = [CLASSES[level + N_LEVELS] for level in
                                score_levels(scores, scale)]
        found.append(rows)
    return found


@pytest.mark.parametrize('name', sorted(SCORES))
def test_levels_are_those_of_python_on_both_scales(page, tmp_path, name):
    records = scored(SCORES[name])
    visualize.write_page(tmp_path / 'p.html', records)
    page.goto((tmp_path / 'p.html').as_uri())
    own = expected(records, None)
    shared = expected(records, facts.shared_scales(records))
    assert (own != shared) == (name != 'none')
    assert classes(page) == own
    for _ in range(2):  # forth and back restores every class
        page.select_option('[name=scale]', 'shared')
        assert classes(page) == shared
        page.select_option('[name=scale]', '')
        assert classes(page) == own


def test_unknown_words_stay_marked_on_both_scales(page):
    def unknown():
        return page.evaluate('''[...document.querySelectorAll("#t1 td.u")]
            .map(cell => cell.textContent + cell.className)''')

    before = unknown()
    assert before == ['zyxp2 u', 'zyxp10 u']
    page.select_option('[name=scale]', 'shared')
    assert unknown() == ['zyxp3 u', 'zyxp10 u']
    page.select_option('[name=scale]', '')
    assert unknown() == before
