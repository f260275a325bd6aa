"""Top words and the opinion lexicon, by hand."""
import compat  # noqa: F401  (before Chainer)

import numpy as np
import pytest

from errors import UserError
from tools import lexicon

WORDS = {'negative': {'bad', 'dull'}, 'positive': {'good', 'fine'}}


@pytest.mark.parametrize('words, scores, share', [
    (['a', 'good', 'film'], [0, .5, .1], 1),
    (['a', 'good', 'film'], [.6, .5, .1], 0),
    (['a', 'good', 'film'], [.5, .5, .1], 1 / 2),  # a tie of two
    (['good', 'a', 'film'], [0, 0, 0], 1 / 3),     # nothing known of three
    (['bad', 'good'], [.5, -.5], 0)])              # of the other sign
def test_top_share(words, scores, share):
    assert lexicon.top_share(words, scores, WORDS['positive']) == share


def record(words, target, **scores):
    return {'label_names': ['negative', 'positive'], 'words': [words],
            'methods': {name: {'target': target, 'scores': [values]}
                        for name, values in scores.items()}}


def test_the_sign_is_that_of_the_class_explained():
    found = lexicon.measure([
        record(['dull', 'good'], 0, x=[1, 0], y=[0, 1]),
        record(['dull', 'good'], 1, x=[1, 0], y=[0, 0])], WORDS)
    assert found['x'][0].tolist() == [1, 0]
    assert found['y'][0].tolist() == [0, .5]
    assert found['y'][1].tolist() == [False, True]
    assert not np.any(found['x'][1])


@pytest.mark.parametrize('changed', [
    {'label_names': ['no', 'yes']}, {'words': [['a'], ['b']]}])
def test_other_records_are_refused(changed):
    with pytest.raises(UserError, match='this needs single texts'):
        lexicon.measure([record(['a'], 0, x=[1]) | changed], WORDS)
