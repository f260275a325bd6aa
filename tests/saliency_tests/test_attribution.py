"""Saliency methods on callables that can be solved by hand."""
import numpy as np
import pytest

from saliency import attribution


def packed(lengths, width=4, seed=0, dtype=np.float64):
    """Random word vectors of texts: (array (T, d), lengths)."""
    rng = np.random.default_rng(seed)
    return (rng.standard_normal((sum(lengths), width)).astype(dtype),
            np.array(lengths))


def loss(gradient, embeddings, value=None):
    return attribution.Loss(value, gradient, embeddings)


def as_arrays(texts):
    return [np.asarray(tokens).tolist() for tokens in texts]


# ---------------------------------------------------------- leave one out

def test_score_drops_by_hand():
    # Text 0 (class 1, f = .75): without its words .5 and 1.
    # Text 1 has no word; text 2 (class 0, f = .5): without its word .125.
    drops = attribution.score_drops(
        np.array([[.25, .75], [.5, .5], [.5, .5]]),
        np.array([[.5, .5], [0., 1.], [.125, .875]]),
        np.array([2, 0, 1]), np.array([1, 0, 0]))
    assert as_arrays(drops) == [[.25, -.25], [], [.375]]


def test_score_drops_equal_leaving_out_each_word():
    rng = np.random.default_rng(0)
    table = rng.standard_normal((20, 3))

    def score(tokens):
        return np.tanh(table[tokens].sum(axis=0))

    texts = [np.append(rng.integers(1, 20, n), 0) for n in (4, 1, 6)]
    targets = [2, 0, 1]
    variants = [np.delete(t, i) for t in texts for i in range(len(t) - 1)]
    drops = attribution.score_drops(
        np.array([score(t) for t in texts]),
        np.array([score(t) for t in variants]), np.array([4, 1, 6]), targets)
    for drop, tokens, y in zip(drops, texts, targets, strict=True):
        assert drop.tolist() == [
            score(tokens)[y] - score(np.delete(tokens, i))[y]
            for i in range(len(tokens) - 1)]


# --------------------------------------------------------------- gradients

def cubic_nll(at, lengths):
    """NLL of each text: the sum of e^3 / 3 over all its vectors."""
    starts = np.cumsum(lengths) - lengths
    return np.add.reduceat((at ** 3 / 3).sum(axis=1), starts)


def smooth_nll(at, lengths):
    """NLL of each text: softplus of the sum of sin e . mean e."""
    parts = np.split(at, np.cumsum(lengths)[:-1])
    z = np.array([(np.sin(e) * e.mean(axis=0)).sum() for e in parts])
    return np.logaddexp(0, z)


def numeric_gradient(nll, at, lengths, step=1e-6):
    """Central differences of each text's own NLL at every number."""
    grad = np.empty_like(at)
    text = np.repeat(np.arange(len(lengths)), lengths)
    for i in np.ndindex(at.shape):
        moved = np.zeros_like(at)
        moved[i] = step
        change = nll(at + moved, lengths) - nll(at - moved, lengths)
        grad[i] = change[text[i[0]]] / (2 * step)
    return grad


def smooth_gradient(lengths):
    return lambda at: [numeric_gradient(smooth_nll, e, lengths) for e in at]


def test_gradient_times_input_by_hand():
    # Text 0: words (1, 2), (0, 1) and <eos>; text 1: word (3, -1) and <eos>.
    e = np.array([[1., 2.], [0., 1.], [9., 9.], [3., -1.], [9., 9.]])
    g = np.array([[1., 1.], [5., -2.], [7., 7.], [-1., 2.], [7., 7.]])
    scores, = attribution.gradient_times_input(
        loss(lambda at: [g], [(e, np.array([3, 2]))]))
    # -(1*1 + 1*2), -(5*0 - 2*1); -(-1*3 + 2*-1)
    assert as_arrays(scores) == [[-3., 2.], [5.]]


def test_gradient_times_input_is_the_slope_of_shrinking_a_word():
    # d NLL / d (scale of word i) = gradient . e_i, at scale 1.
    e, lengths = packed([4, 2, 5])
    scores, = attribution.gradient_times_input(
        loss(smooth_gradient(lengths), [(e, lengths)]))
    assert [len(part) for part in scores] == [3, 1, 4]
    begin = 0
    for text, (n, part) in enumerate(zip(lengths, scores, strict=True)):
        for i, score in enumerate(part):
            scale = np.ones((len(e), 1))
            scale[begin + i] += 1e-5
            up = smooth_nll(e * scale, lengths)[text]
            down = smooth_nll(e * (2 - scale), lengths)[text]
            assert score == pytest.approx(-(up - down) / 2e-5, abs=1e-7)
        begin += n


def test_a_pair_has_scores_for_both_texts():
    one, two = packed([3, 2], seed=1), packed([2, 4], seed=2)
    scores = attribution.gradient_times_input(
        loss(lambda at: [2 * at[0], -3 * at[1]], [one, two]))
    assert [[len(s) for s in side] for side in scores] == [[2, 1], [1, 3]]
    np.testing.assert_allclose(scores[0][1][0], -2 * (one[0][3] ** 2).sum())
    np.testing.assert_allclose(scores[1][0][0], 3 * (two[0][0] ** 2).sum())


# ----------------------------------------------------- integrated gradients

@pytest.mark.parametrize('steps', [1, 2, 7])
def test_integrated_gradients_of_a_linear_nll_are_exact(steps):
    e, lengths = packed([3, 4])
    w = packed([3, 4], seed=1)[0]
    starts = np.cumsum(lengths) - lengths

    def nll(at):
        return np.add.reduceat((w * at[0]).sum(axis=1), starts) + 2.5

    result = attribution.integrated_gradients(
        loss(lambda at: [w], [(e, lengths)], nll), steps)
    np.testing.assert_allclose(np.concatenate(result.scores[0]),
                               -(w * e).sum(axis=1)[[0, 1, 3, 4, 5]])
    np.testing.assert_allclose(result.gap, 0, atol=1e-12)


@pytest.mark.parametrize('steps', [1, 2, 7])
def test_integrated_gradients_of_a_quadratic_by_hand(steps):
    # NLL = (e0^2 + e1^2 + ..) / 2; the mean gradient on the way is e / 2,
    # for midpoints even in one step: scores -(1 + 4) / 2, -(9 + 0) / 2.
    e = np.array([[1., 2.], [3., 0.], [1., 1.]])
    result = attribution.integrated_gradients(
        loss(lambda at: at, [(e, np.array([3]))],
             lambda at: np.array([(at[0] ** 2).sum() / 2])), steps)
    np.testing.assert_allclose(result.scores[0][0], [-2.5, -4.5])
    np.testing.assert_allclose(result.gap, [0], atol=1e-12)


@pytest.mark.parametrize('steps, mean, gap', [
    # Mean of alpha^2 over midpoints (1/3 for infinitely many):
    (1, 1 / 4, 1 / 12),   # (1/2)^2
    (2, 5 / 16, 1 / 48),  # ((1/4)^2 + (3/4)^2) / 2
])
def test_integrated_gradients_of_a_cubic_by_hand(steps, mean, gap):
    e, lengths = np.array([[2.], [1.], [3.], [-1.]]), np.array([2, 2])
    result = attribution.integrated_gradients(
        loss(lambda at: [at[0] ** 2], [(e, lengths)],
             lambda at: cubic_nll(at[0], lengths)), steps)
    # The second word of each text is <eos>: no score, but it is in the gap.
    np.testing.assert_allclose(np.concatenate(result.scores[0]),
                               [-8 * mean, -27 * mean])
    np.testing.assert_allclose(result.gap, [9 * gap, 26 * gap])


def test_the_gap_closes_with_the_square_of_the_steps():
    e, lengths = packed([4, 6], width=3)

    def gap(steps):
        return abs(attribution.integrated_gradients(
            loss(smooth_gradient(lengths), [(e, lengths)],
                 lambda at: smooth_nll(at[0], lengths)), steps).gap)

    gaps = gap(4), gap(16), gap(64)
    assert (gaps[0] > 1e-5).all()
    assert (gaps[1] < gaps[0] / 10).all() and (gaps[2] < gaps[1] / 10).all()


def test_the_gap_of_a_pair_is_of_both_texts():
    one, two = packed([2, 3], seed=1), packed([3, 2], seed=2)

    def nll(at):
        return cubic_nll(at[0], one[1]) + 2 * cubic_nll(at[1], two[1])

    result = attribution.integrated_gradients(
        loss(lambda at: [at[0] ** 2, 2 * at[1] ** 2], [one, two], nll),
        steps=1)
    np.testing.assert_allclose(  # as above, 1/12 of e^3 in sum
        result.gap, nll([one[0], two[0]]) * 3 / 12)


def test_integrated_gradients_do_not_depend_on_the_batch():
    e, lengths = packed([3, 5, 2])
    begin = 0

    def scores(e, lengths):
        return attribution.integrated_gradients(
            loss(smooth_gradient(lengths), [(e, lengths)],
                 lambda at: smooth_nll(at[0], lengths)), 3)

    together = scores(e, lengths)
    for i, n in enumerate(lengths):
        alone = scores(e[begin:begin + n], lengths[i:i + 1])
        np.testing.assert_allclose(together.scores[0][i], alone.scores[0][0],
                                   atol=1e-8)
        np.testing.assert_allclose(together.gap[i], alone.gap[0], atol=1e-8)
        begin += n


@pytest.mark.parametrize('steps', [0, -3])
def test_integrated_gradients_need_a_step(steps):
    with pytest.raises(ValueError, match=f'steps={steps} is below 1'):
        attribution.integrated_gradients(loss(None, []), steps)


# --------------------------------------------------------------- smoothgrad

def squares(at):
    """Gradient of a cubic: smoothing it matters."""
    return [e ** 2 for e in at]


def test_smoothgrad_without_noise_is_the_gradient():
    texts = [packed([3, 2])]
    smooth = attribution.smoothgrad(loss(squares, texts), draws=3,
                                    sigma=0)
    plain = attribution.gradient_times_input(loss(squares, texts))
    for one, other in zip(smooth[0], plain[0], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-14)


def test_smoothgrad_of_a_cubic():
    # E (e + s z)^2 = e^2 + s^2, with s = sigma times the text's range.
    e = np.array([[2.], [-1.], [0.]])
    scores = attribution.smoothgrad(loss(squares, [(e, np.array([3]))]),
                                    draws=4000, sigma=.5)[0][0]
    s2 = (.5 * 3) ** 2
    # Deviation of the mean: s sqrt(4 e^2 + 2 s^2) / sqrt(4000) = 0.11, .07.
    assert scores[0] == pytest.approx(-2 * (4 + s2), abs=2 * 4 * .11)
    assert scores[1] == pytest.approx(1 + s2, abs=4 * .07)
    assert abs(scores[0] + 2 * 4) > 2 * 4 * .11  # noise does matter


def test_smoothgrad_noise_is_a_share_of_each_texts_range():
    e, lengths = packed([40, 40], width=50)
    e[40:] *= 10
    seen = []

    def gradient(at):
        seen.append(at[0] - e)
        return at

    attribution.smoothgrad(loss(gradient, [(e, lengths)]), draws=5,
                           sigma=.2)
    assert len(seen) == 5 and abs(seen[0] - seen[1]).max() > .1
    for part in (slice(0, 40), slice(40, 80)):
        noise = np.array([moved[part] for moved in seen]) / np.ptp(e[part])
        assert noise.std() == pytest.approx(.2, rel=.05)
        assert abs(noise.mean()) < .01


def test_smoothgrad_is_seeded():
    texts = [packed([3, 2])]

    def first(seed):
        return attribution.smoothgrad(loss(squares, texts),
                                      seed=seed)[0][0].tolist()

    assert first(0) == first(0) != first(1)


def test_smoothgrad_does_not_depend_on_the_batch():
    e, lengths = packed([3, 6, 2])
    together, = attribution.smoothgrad(loss(squares, [(e, lengths)]),
                                       draws=4)
    ends = np.cumsum(lengths)
    for i, (end, n) in enumerate(zip(ends, lengths, strict=True)):
        alone, = attribution.smoothgrad(
            loss(squares, [(e[end - n:end], [n])]), draws=4)
        np.testing.assert_array_equal(together[i], alone[0])


def test_the_two_texts_of_a_pair_get_different_noise():
    text = packed([4])
    one, two = attribution.smoothgrad(loss(squares, [text, text]))
    assert abs(one[0] - two[0]).max() > 1e-3


def test_gradients_are_asked_for_in_the_type_of_the_embeddings():
    types = set()

    def gradient(at):
        types.update(e.dtype for e in at)
        return at

    texts = [packed([3, 2], dtype=np.float32)]
    at = loss(gradient, texts,
              lambda at: (types.add(at[0].dtype), np.zeros(2))[1])
    attribution.smoothgrad(at, draws=2)
    attribution.integrated_gradients(at)
    assert types == {np.dtype(np.float32)}


@pytest.mark.parametrize('options', [{'draws': 0}, {'sigma': -.1}])
def test_smoothgrad_refuses(options):
    with pytest.raises(ValueError, match='is below 1|is negative'):
        attribution.smoothgrad(loss(squares, [packed([2])]), **options)


# ------------------------------------------------------------------- random

def test_random_scores():
    texts = [[4, 5, 0], [0], [5, 4, 0], [4, 5, 0], [7] * 2000 + [0]]
    scores = attribution.random_scores(texts)
    assert [len(part) for part in scores] == [2, 0, 2, 2, 2000]
    assert scores[0].tolist() == scores[3].tolist() != scores[2].tolist()
    assert scores[0].tolist() == attribution.random_scores(
        texts[:1])[0].tolist()
    assert scores[0].tolist() != attribution.random_scores(
        texts[:1], seed=1)[0].tolist()
    # 2,000 standard normal numbers: mean 0 +- .022, deviation 1 +- .016
    assert abs(scores[4].mean()) < .1 and abs(scores[4].std() - 1) < .1


def test_a_mean_of_scores_by_hand():
    # (1, -2, 0) / 2 and (3, 0, 3) / 3; scores of 0 stay 0.
    np.testing.assert_allclose(
        attribution.scaled_mean([[1, -2, 0], [3, 0, 3]]), [.75, -.5, .5])
    np.testing.assert_array_equal(
        attribution.scaled_mean([[0, 0], [1, .5]]), [.5, .25])
    assert attribution.scaled_mean([[], []]).shape == (0,)
