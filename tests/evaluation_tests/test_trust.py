"""How far a prediction can be trusted: scores by hand, and of toy runs."""
import compat  # noqa: F401  (before Chainer)

from types import SimpleNamespace

import numpy as np

import runs
from dknn import DkNN
from evaluation import trust
from evaluation.asked import Asked
from nlp_utils import EOS, UNK, Texts


def test_mahalanobis_by_hand():
    """Two classes around 0 and 4 with variance 2 (n - 1 = 3: 4 / 3): the
    nearest mean of 1 is 0, at 1 / (4 / 3)."""
    class Own:
        train = runs.Activations(None, None, [np.array(
            [[-1.], [1.], [3.], [5.]], np.float32)], np.array([0, 0, 1, 1]))

    score = trust.SCORES['Mahalanobis'](Own)
    found = score(Asked(None, None, None, None, [
        np.array([[1.], [4.]], np.float32)]))
    np.testing.assert_allclose(found, [-.75, 0], atol=1e-12)


def test_trust_score_by_hand():
    """Classes at 0 and 4: of 1, held for class 0, 3 / 1; for 1, 1 / 3."""
    class Own:
        train = runs.Activations(None, None, [np.array(
            [[0.], [4.]], np.float32)], np.array([0, 1]))

    score = trust.SCORES['trust score'](Own)
    h = [np.array([[1.], [1.]], np.float32)]
    found = score(Asked(None, None, None, np.array([[1, 0], [0, 1]]), h))
    np.testing.assert_allclose(found, [3, 1 / 3])


def test_outlier_factor_by_hand():
    """k = 1: 0, 1 and 3 have their nearest others at 1, 1 and 2.  5 is 2
    from 3, half is .5 from 0: 2 / 2 and .5 / 1."""
    X = np.array([[0.], [1.], [3.]], np.float32)

    class Own:
        dknn = DkNN(2, n_neighbors=1).fit([X], [0, 1, 1])
        train = runs.Activations(None, None, [X], np.array([0, 1, 1]))

    score = trust.SCORES['outlier factor'](Own)
    found = score(Asked(Own.dknn, None, None, None, [
        np.array([[5.], [.5]], np.float32)]))
    np.testing.assert_allclose(found, [-1, -.5])


def test_unknown_words_by_hand():
    """Of one text of 4 words 1 is unknown; of a pair's 1 + 3 words, 2."""
    score = trust.SCORES['unknown words'](SimpleNamespace(has=bool))
    one = Texts([np.array([5, UNK, 6, 7, EOS])])
    two = Texts([np.array([UNK, EOS])], [np.array([8, UNK, 9, EOS])])
    for xs, expected in (one, -1 / 4), (two, -2 / 4):
        assert score(Asked(None, None, xs, None, None)) == expected


def test_distance_and_unknown_words_are_combined_by_hand(monkeypatch):
    """Calibration scores 1, 2, 3 of each.  p = (those at most as high + 1)
    / 4: of 2.5 and 0, (2 + 1) / 4 and 1 / 4."""
    class Own:
        held_out = np.array([1., 2., 3.]), np.array([3., 1., 2.])

    monkeypatch.setattr(trust, 'SCORES', {
        'outlier factor': lambda _: lambda a: a[0],
        'unknown words': lambda _: lambda a: a[1]})
    score = trust.scorers(Own)['outlier factor, unknown words']
    np.testing.assert_allclose(score((np.array([2.5, 9]), np.array([0., 2]))),
                               np.log([3 / 16, 4 / 4 * 3 / 4]))


def test_an_ensemble_is_the_mean_of_its_members(setting, made):
    """Each reads the words by its own vocabulary, which another run may
    number otherwise."""
    member = runs.load_run(made('bow', 'words'))
    words = list(member.vocab)
    moved = {**dict(zip(words[2:], range(len(words) - 1, 1, -1), strict=True)),
             **dict(zip(words[:2], (EOS, UNK), strict=True))}
    embedding = member.model.encoder.bow_encoder.embed.W
    embedding.array[2:] = embedding.array[:1:-1].copy()
    own = setting('cnn', ensemble=[member._replace(vocab=moved)])
    other = setting('bow')
    found = trust.SCORES['ensemble'](own)(own.asked)
    expected = (own.probabilities + other.probabilities) / 2
    np.testing.assert_allclose(
        found, expected[np.arange(len(found)), own.predicted], atol=1e-6)
    assert trust.SCORES['ensemble'](other) is None


def test_every_score_is_a_finite_number_a_text(setting):
    own = setting('cnn')
    scores, again = trust.scorers(own), trust.scorers(own)
    assert scores.keys() == {*trust.SCORES, *trust.COMBINED} - {'ensemble'}
    for name, score in scores.items():
        found = score(own.asked)
        assert found.shape == own.labels.shape, name
        assert np.isfinite(found).all(), name
        np.testing.assert_array_equal(found, again[name](own.asked),
                                      err_msg=name)


def test_scores_are_about_softmax_and_not_dknn(setting):
    own = setting('bow')
    text = own.asked
    found = trust.SCORES['conformity'](own)(text)
    np.testing.assert_array_equal(found, own.prediction.conformity[
        np.arange(len(found)), own.predicted])
