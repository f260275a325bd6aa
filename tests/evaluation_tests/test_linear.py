"""The linear baseline: its n-grams and its choice."""
import pytest

import text_datasets
from evaluation import linear
from text_datasets import Example


@pytest.mark.parametrize('texts, longest, expected', [
    ([('a', 'b', 'a')], 2, [(0, 'a'), (0, 'b'), (0, 'a'), (0, 'a', 'b'),
                            (0, 'b', 'a')]),
    ([('a',)], 5, [(0, 'a')]),
    # a word of the premise is another than that of the hypothesis
    ([('a',), ('a', 'b')], 2, [(0, 'a'), (1, 'a'), (1, 'b'), (1, 'a', 'b')])])
def test_ngrams(texts, longest, expected):
    assert linear.ngrams(Example(tuple(texts), 0), longest) == expected


def dataset(train, valid, test):
    """Texts of words between white space; the label is what they begin with.
    """
    def examples(texts):
        return [Example((tuple(text.split()),), int(text.startswith('good')))
                for text in texts]

    return text_datasets.Dataset('made', ('no', 'yes'), examples(train),
                                 examples(valid), [], examples(test), [], [],
                                 0)


def test_the_strength_is_chosen_on_the_validation_split():
    """Words that separate are enough for every C: the smallest is taken."""
    data = dataset(['good film', 'bad film', 'good plot', 'bad plot'] * 5,
                   ['good end', 'bad end'],
                   ['good one', 'bad one', 'one bad', 'good', 'one good'])
    # 'one good' is not labelled good, for it does not begin with it
    found = linear.fit_and_predict(data)
    assert found[:3] == (1, 1., .8)
    assert found.predicted.tolist() == [1, 0, 0, 1, 1]


def test_single_words_cannot_tell_what_their_order_says():
    """Label: whether 'good' comes first; each text has the same two words."""
    data = dataset(*[['good bad', 'bad good'] * 5] * 3)
    assert linear.fit_and_predict(data).test == 1
    assert linear.fit_and_predict(data, longest=1).test == .5


def test_few_texts_without_a_word_in_common():
    """Single examples' n-grams are what there is then."""
    data = dataset(['good film', 'bad plot'], ['good'], ['good', 'bad'])
    assert linear.fit_and_predict(data).test == 1


def test_characters():
    data = dataset(['good a', 'bad b'] * 5, ['good', 'bad'], ['good', 'bad'])
    data = data._replace(**{
        split: [Example((tuple(' '.join(e.texts[0])),), e.label)
                for e in getattr(data, split)]
        for split in ('train', 'valid', 'test')})
    assert linear.fit_and_predict(data, char_based=True).test == 1
