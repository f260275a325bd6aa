"""The texts of a page as a whole, by hand and by other code."""
import numpy as np
import pytest
from browsing import record

from metrics.reliability import reliability_curve
from page.corpus import corpus, wilson

WORDS = [['good', 'film'], ['bad', 'film']]


def records(n=12):
    """Of twelve texts DkNN calls 0 to 5 positive, all as 1."""
    return [record(i, WORDS[i % 2], i % 2, 1, i % 2, i / 20, .5 + i / 24,
                   soft=[[.5, .25], [-.5, .01]][i % 2]) for i in range(n)]


def chart(found, title):
    return next(c for c in found.charts if title in c.title)


def test_words_above_the_noise_with_the_texts_they_are_in():
    found = corpus(records())
    assert (found.method, found.least) == ('soft', 3)
    words, = found.words
    # log-odds of film: (6 * .25 + 6 * .01) / 12 = .13; bad: -.5
    assert [(bar.label, bar.value, bar.texts) for bar in words.bars] == [
        ('good', .5, [0, 2, 4, 6, 8, 10]),
        ('film', pytest.approx(.13), list(range(12)))]
    assert words.bars[1].height == pytest.approx(.26)


def test_a_value_at_an_edge_belongs_to_the_lower_bin():
    bars = chart(corpus(records()), 'How usual').bars
    # i / 20: 0, .05, .1 | .15, .2 | .25, .3 ... | .55
    assert [bar.texts for bar in bars] == [
        [0, 1, 2], [3, 4], [5, 6], [7, 8], [9, 10], [11], [], [], [], []]
    assert [bar.height for bar in bars[:6]] == pytest.approx(
        [1, 2 / 3, 2 / 3, 2 / 3, 2 / 3, 1 / 3])
    assert bars[1].said == 'texts with a DkNN credibility above 0.1 to 0.2'


def test_accuracies_are_those_of_metrics():
    rng = np.random.default_rng(0)
    p = rng.uniform(.5, 1, 300).round(2)
    found = [record(i, ['a'], int(rng.integers(2)), 1, 1, .5, float(p[i]))
             for i in range(300)]
    curve = reliability_curve(np.stack([1 - p, p], 1),
                              [r['gold'] for r in found], 10,
                              predicted=[1] * 300)
    bars = chart(corpus(found), 'Reliability').bars
    assert [len(bar.texts) for bar in bars] == curve.counts.tolist()
    assert [bar.value for bar in bars if bar.texts] == pytest.approx(
        curve.accuracy[curve.counts > 0])


def test_wilson():
    # n = 1, z^2 = 3.8416: (1 + 1.9208 -+ 1.9208) / 4.8416 = .2065, 1
    assert wilson(1, 1) == pytest.approx((.2065, 1), abs=1e-4)
    low, high = wilson(40, 100)
    # the ends solve |p - .4| = z sqrt(p (1 - p) / n)
    for p in (low, high):
        assert abs(p - .4) == pytest.approx(1.96 * (p * (1 - p) / 100) ** .5)


def test_without_what_may_be_absent():
    assert corpus(records(9)).filters() == {}  # too few
    bare = [{**r, 'gold': None, 'softmax': None, 'methods': {}}
            for r in records()]
    found = corpus(bare)
    assert (found.method, found.words) == (None, [])
    assert [c.title for c in found.charts] == ['How usual the texts are']
    assert corpus([{**r, 'dknn': None} for r in bare]).filters() == {}
