"""Words that go with a label: counts and PMI."""
import types

import numpy as np
import pytest
from sklearn.metrics import mutual_info_score

from evaluation import clues
from text_datasets import Example


def data_of(hypotheses, labels, names=('no', 'yes')):
    return types.SimpleNamespace(label_names=names, train=[
        Example((('premise',), tuple(text.split())), label)
        for text, label in zip(hypotheses, labels, strict=True)])


def test_add_100_to_each_count_of_labels_that_are_equally_frequent():
    # p(y) = 1 / 2: log (40 + 100) / ((50 + 200) / 2), log 110 / 125
    found = clues.pmi(np.array([[40, 10], [0, 0], [25, 25]]),
                      np.array([60, 60]))
    assert found == pytest.approx(np.log([[1.12, .88], [1, 1], [1, 1]]))


def test_by_hand_of_labels_that_are_not():
    # p = 3 / 4, 1 / 4; a C p = 1.5, 0.5.  3 : 1 is what chance gives;
    # 2 : 2 is log (3.5 / 4.5) and log (2.5 / 1.5); 1 : 0 log (2.5 / 2.25)
    # and log (0.5 / 0.75).
    found = clues.pmi(np.array([[3, 1], [2, 2], [1, 0], [0, 0]]),
                      np.array([6, 2]), smoothing=1)
    assert found == pytest.approx(np.log([
        [1, 1], [3.5 / 4.5, 2.5 / 1.5], [2.5 / 2.25, .5 / .75], [1, 1]]))


def test_without_smoothing_it_sums_to_the_mutual_information():
    """As scikit-learn has it, of a label and of whether a word is there."""
    rng = np.random.default_rng(0)
    labels = rng.integers(3, size=400)
    there = rng.random(400) < np.array([.2, .5, .7])[labels]
    counts = np.array([np.bincount(labels[there == is_there])
                       for is_there in (True, False)])
    found = clues.pmi(counts, np.bincount(labels), smoothing=1e-9)
    assert (counts / 400 * found).sum() == pytest.approx(
        mutual_info_score(there, labels), abs=1e-6)


def test_a_label_without_pairs():
    found = clues.pmi(np.array([[3, 0, 1]]), np.array([6, 0, 6]))
    assert found[0, 1] == 0 and np.isfinite(found).all()


def test_words_are_counted_once_a_pair_and_in_hypotheses_only():
    data = data_of(['a a b', 'a', 'b c', 'premise'], [1, 1, 0, 0])
    found = clues.clues(data)
    assert list(found.index) == ['a', 'b', 'c', 'premise']
    assert found.counts.tolist() == [[0, 2], [1, 1], [1, 0], [1, 0]]
    assert found.totals.tolist() == [2, 2]
    # b goes with both alike; c and premise tie, by the alphabet
    assert found.top == [[2, 3], [0]]


def test_the_highest_come_first(monkeypatch):
    hypotheses = ['x'] * 5 + ['y'] * 9 + ['z'] * 2 + ['w'] * 16
    data = data_of(hypotheses, [1] * 16 + [0] * 16)
    assert clues.clues(data).top == [[0], [2, 1, 3]]  # w; y, x, z
    monkeypatch.setattr(clues, 'N_WORDS', 2)
    assert clues.clues(data).top == [[0], [2, 1]]


def test_what_chance_gives_is_no_artifact():
    # In 7 of 21 and 14 of 42: exactly the shares of the labels
    data = data_of(['x'] * 7 + ['y'] * 14 + ['x'] * 14 + ['y'] * 28,
                   [0] * 21 + [1] * 42)
    assert clues.clues(data).top == [[], []]
