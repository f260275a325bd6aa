"""Test texts among the training texts."""
import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from evaluation import near_duplicates
from text_datasets import Example


class Setting:
    """As much of one as is asked for."""

    def __init__(self, train, test):
        self.examples = examples(test)
        self.run = self
        self.data = self
        self.args = {}
        self.label_names = 'no', 'yes'
        self.train = examples(train)


def examples(texts):
    """Of 'text/label', the tokens between blanks."""
    split = [text.rsplit('/', 1) for text in texts]
    return [Example((tuple(text.split()),), int(label))
            for text, label in split]


FILM = 'a film of some charm and of much length , with good songs'


def test_the_same_text_of_another_label_comes_first():
    found = near_duplicates.find(Setting(
        ['what a film/1', f'{FILM}/1', f'{FILM}/1'],
        ['what a film/1', 'nothing like it/0', f'{FILM}/0']))
    assert [pair[:2] for pair in found] == [(2, 1), (0, 0)]
    np.testing.assert_allclose([pair.cosine for pair in found], 1)


@pytest.mark.parametrize('text, alike', [
    (FILM, True), (f'{FILM} .', True),
    ('songs good with , length much of and charm some of film a', False),
    # a word that no training text has counts
    ('what a flop', False)])
def test_what_is_alike(text, alike):
    found = near_duplicates.find(Setting(
        [f'{FILM}/1', 'what a/1', 'the end/0', 'the end ./0',
         'nothing . at all ./1'], [f'{text}/1']))
    assert bool(found) == alike


def test_as_scikit_learn_of_whole_matrices():
    pick = np.random.default_rng(0)
    texts = [' '.join(pick.choice(list('abcdefg'), 9)) + '/0'
             for _ in range(400)]
    train, test = examples(texts[:100]), examples(texts[100:])
    vectors = TfidfVectorizer(ngram_range=(1, 2), token_pattern=r'\S+'
                              ).fit_transform(
        [' '.join(e.texts[0]) for e in train + test])
    cosines = (vectors[100:] @ vectors[:100].T).toarray()
    found = near_duplicates.most_alike(train, test)  # in two pieces
    assert [pair.test for pair in found] == list(range(300))
    np.testing.assert_allclose([pair.cosine for pair in found],
                               cosines.max(axis=1), atol=1e-8)
    np.testing.assert_allclose(
        [cosines[pair.test, pair.train] for pair in found],
        cosines.max(axis=1), atol=1e-8)


def test_counts():
    """Of three test texts two stand in training, one with another label."""
    setting = Setting(['what a film/1', f'{FILM}/1'],
                      ['what a film/1', f'{FILM}/0', 'no/0'])
    pairs = near_duplicates.find(setting)
    table = near_duplicates.counts(setting, pairs)
    assert [cells for _, cells in table.rows] == [
        [3, 1.], [2, 2 / 3], [1, 1 / 3]]
    shown = near_duplicates.shown(setting, pairs)
    assert [cells[:2] for _, cells in shown.rows] == [
        ['no', 'yes'], ['yes', 'yes']]
    assert near_duplicates.counts(setting, []).rows[1][1] == [0, 0]
