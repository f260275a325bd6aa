"""Temperature scaling, and how far confidence is from accuracy.

``n`` examples, ``C`` classes, ``M`` bins, temperature ``T``.  Any real dtype
will do; everything is computed in float64.  Source where no other is named:
Guo et al. 2017, *On Calibration of Modern Neural Networks*
(arXiv 1706.04599).

As a script: fits the temperature of a trained run and draws its reliability.

    python calibration.py --model-setup results/stsa.binary_cnn/args.json
"""
import argparse
from numbers import Integral, Real
from typing import NamedTuple

import numpy as np

TEMPERATURE_BOUNDS = (0.01, 100.0)


class ReliabilityCurve(NamedTuple):
    """Confidence against accuracy, bin by bin.

    Attributes:
        edges: float64 (M + 1,) from 0 to 1, not decreasing.  Bin m holds
            the examples with edges[m] < confidence <= edges[m + 1].
        counts: int64 (M,), examples in each bin; they sum to n.
        confidence: float64 (M,), mean confidence; NaN for an empty bin.
        accuracy: float64 (M,), share predicted right; NaN for an empty bin.
    """

    edges: np.ndarray
    counts: np.ndarray
    confidence: np.ndarray
    accuracy: np.ndarray


class CoverageCurve(NamedTuple):
    """Accuracy of the most confident part, for every size of that part.

    Attributes:
        threshold: float64 (K,), the K distinct scores, highest first.
        coverage: float64 (K,), share of the examples whose score is at
            least the threshold; increases to 1.
        accuracy: float64 (K,), share of those that are right.
        area: float in [0, 1], mean accuracy over all sizes 1..n.
    """

    threshold: np.ndarray
    coverage: np.ndarray
    accuracy: np.ndarray
    area: float


def softmax(logits, temperature=1.0):
    """Softmax of z / T, row by row (equation 9).

    Args:
        logits: (n, C), finite.
        temperature: T > 0, finite.  Above 1 flattens, below 1 sharpens; the
            order of the classes stays.

    Returns:
        float64 (n, C) in [0, 1], rows sum to 1.

    Raises:
        ValueError: logits or temperature are not as above.
    """
    logits = _matrix(logits, 'logits')
    if not (isinstance(temperature, Real) and 0 < temperature < np.inf):
        raise ValueError(f'temperature={temperature!r}, but it must be one '
                         'finite number above 0; 1 changes nothing')
    odds = np.exp(_scaled(logits, temperature))
    return odds / odds.sum(axis=1, keepdims=True)


def fit_temperature(logits, labels):
    """The T in [0.01, 100] that minimises the NLL of softmax(z / T).

    Section 4.2.  The NLL is convex in 1 / T, so it has one valley in log T,
    and one bounded scalar minimisation (Brent's) finds it to about six
    digits.  The answer is never worse than T = 1.

    * Every prediction is right, or tied with the right one: the NLL falls
      all the way to T = 0, and the lower bound is returned.
    * The best T lies beyond a bound: that bound is returned.
    * Every row of logits is constant, as with one class: all T are equally
      good, and 1.0 is returned.

    Args:
        logits: (n, C), finite, of examples kept out of the training.
        labels: (n,) integers in [0, C).

    Returns:
        float in [0.01, 100].

    Raises:
        ValueError: logits or labels are not as above.
    """
    from scipy.optimize import minimize_scalar  # slow to import

    logits = _matrix(logits, 'logits')
    labels = _labels(labels, logits.shape)
    low, high = TEMPERATURE_BOUNDS
    lead = _scaled(logits, 1.0)  # (n, C), 0 for the largest of each row
    if not lead.any():
        return 1.0
    if not _own_class(lead, labels).any():
        return low

    def nll(temperature):
        return _scaled_nll(logits, labels, temperature)

    with np.errstate(over='ignore', invalid='ignore'):  # an NLL may be inf
        found = minimize_scalar(
            lambda log_t: nll(np.exp(log_t)), method='bounded',
            bounds=np.log(TEMPERATURE_BOUNDS), options={'xatol': 1e-7})
        # It never tries the bounds; of equals, min takes the first.
        return min((1.0, float(np.exp(found.x)), low, high), key=nll)


def top_label(probs, labels):
    """Confidence of each prediction, and whether it is right.

    The prediction is the most probable class, of equals the lowest label;
    the confidence is its probability.

    Args:
        probs: (n, C) in [0, 1], rows sum to 1 (within 0.001), n >= 1.
        labels: (n,) integers in [0, C).

    Returns:
        (confidence, correct): float64 (n,) in [1 / C, 1] and bool (n,).

    Raises:
        ValueError: probs or labels are not as above.
    """
    probs, labels = _checked(probs, labels)
    return probs.max(axis=1), probs.argmax(axis=1) == labels


def negative_log_likelihood(probs, labels):
    """Mean of -log p(label), in nats: equation 6 divided by n.

    A probability of exactly 0 counts as the smallest normal float64,
    2.2e-308, so that an example costs 708.4 at most and the mean is finite.
    (scikit-learn cuts at the machine epsilon: 36.0 at most in float64.)

    Arguments and errors as for :func:`top_label`.

    Returns:
        float in [0, 708.4].
    """
    probs, labels = _checked(probs, labels)
    own = np.maximum(_own_class(probs, labels), np.finfo(np.float64).tiny)
    return float(abs(np.log(own).mean()))  # abs: no -0.0


def brier_score(probs, labels):
    """Mean over examples of the *sum* over classes of (p_j - [j = label])^2.

    Brier 1950, the multi-class form: for two classes it is twice the score
    of the probability of one of them.

    Arguments and errors as for :func:`top_label`.

    Returns:
        float in [0, 2]: 0 for certain and right, 2 for certain and wrong.
    """
    probs, labels = _checked(probs, labels)
    probs[np.arange(len(labels)), labels] -= 1
    return float(np.square(probs).sum(axis=1).mean())


def reliability_curve(probs, labels, n_bins=15, binning='width'):
    """Confidence against accuracy of the predictions, in M bins (section 2).

    Bins of equal ``'width'`` are the paper's, (m / M, (m + 1) / M].  Bins of
    equal ``'mass'`` end at every (n / M)-th confidence in increasing order,
    ranks rounded up, so that without ties the counts differ by one at most.
    Equal confidences share a bin, the first of those that they would fill,
    so the order of the examples does not matter; the other bins are empty,
    as some are when n < M.

    Args:
        probs: (n, C) in [0, 1], rows sum to 1.
        labels: (n,) integers in [0, C).
        n_bins: M >= 1.
        binning: ``'width'`` or ``'mass'``.

    Returns:
        ReliabilityCurve.

    Raises:
        ValueError: an argument is not as above.
    """
    if binning not in BINNINGS:
        raise ValueError(f'binning={binning!r} is not known; choose from '
                         + ', '.join(sorted(BINNINGS)))
    if not (isinstance(n_bins, Integral) and n_bins >= 1):
        raise ValueError(f'n_bins={n_bins!r}, but a whole number from 1 is '
                         'needed; 15 is usual')
    confidence, correct = top_label(probs, labels)
    edges = BINNINGS[binning](confidence, n_bins)
    bins = np.searchsorted(edges[1:-1], confidence, side='left')  # (n,)
    counts = np.bincount(bins, minlength=n_bins)
    size = np.where(counts, counts, np.nan)
    return ReliabilityCurve(
        edges, counts.astype(np.int64),
        np.bincount(bins, confidence, minlength=n_bins) / size,
        np.bincount(bins, correct, minlength=n_bins) / size)


def expected_calibration_error(probs, labels, n_bins=15, binning='width'):
    """ECE: gap between accuracy and confidence, weighted by count (eq. 3).

    With ``binning='mass'`` the bins are those of the adaptive error of
    Nixon et al. 2019 (arXiv 1904.01685), here for the predicted class only.
    Arguments and errors as for :func:`reliability_curve`.

    Returns:
        float in [0, 1].
    """
    curve = reliability_curve(probs, labels, n_bins, binning)
    return float(np.nansum(curve.counts * _gap(curve)) / curve.counts.sum())


def maximum_calibration_error(probs, labels, n_bins=15, binning='width'):
    """MCE: largest gap between accuracy and confidence (equation 5).

    Empty bins do not count, bins of a single example do.
    Arguments and errors as for :func:`reliability_curve`.

    Returns:
        float in [0, 1], not below the ECE.
    """
    return float(np.nanmax(
        _gap(reliability_curve(probs, labels, n_bins, binning))))


def accuracy_coverage(score, correct):
    """Accuracy of the most confident examples, against their share.

    The risk-coverage curve of Geifman and El-Yaniv 2017 (arXiv 1705.08500)
    with accuracy = 1 - risk, for any score, such as credibility.  The area
    is the mean over i = 1..n of the accuracy of the i highest scores, that
    is 1 - AURC.  Equal scores enter the curve together and the area as the
    mean over all their orders, so their order does not matter.

    Args:
        score: (n,) real, finite, n >= 1; higher is more confident.
        correct: (n,) bool, or numbers 0 and 1.

    Returns:
        CoverageCurve.

    Raises:
        ValueError: score or correct are not as above.
    """
    score, correct = _checked_score(score, correct)
    values, group = np.unique(-score, return_inverse=True)
    seen = np.cumsum(np.bincount(group))  # (K,), highest score first
    right = np.cumsum(np.bincount(group, correct))
    # Among equal scores the expected number right grows linearly.
    rank = np.arange(1, len(score) + 1)
    expected = np.interp(rank, np.append(0, seen), np.append(0, right))
    return CoverageCurve(-values, seen / len(score), right / seen,
                         float(np.mean(expected / rank)))


def calibration_report(probs, labels, n_bins=15):
    """All scalar measures of one set of predictions.

    Arguments and errors as for :func:`reliability_curve`.

    Returns:
        dict of finite floats nll, brier, ece, ece_mass (bins of equal
        mass), mce and accuracy, and the int n; ready for JSON.
    """
    _, correct = top_label(probs, labels)
    return {
        'nll': negative_log_likelihood(probs, labels),
        'brier': brier_score(probs, labels),
        'ece': expected_calibration_error(probs, labels, n_bins),
        'ece_mass': expected_calibration_error(probs, labels, n_bins, 'mass'),
        'mce': maximum_calibration_error(probs, labels, n_bins),
        'accuracy': float(correct.mean()),
        'n': len(correct),
    }


def _width_edges(confidence, n_bins):
    # Each edge is the float64 nearest to m / M, as are shares of counts.
    return np.arange(n_bins + 1) / n_bins


def _mass_edges(confidence, n_bins):
    ranks = -(-np.arange(1, n_bins) * len(confidence) // n_bins)  # rounded up
    return np.concatenate([[0], np.sort(confidence)[ranks - 1], [1]])


BINNINGS = {'width': _width_edges, 'mass': _mass_edges}


def _gap(curve):
    return np.abs(curve.accuracy - curve.confidence)


def _scaled(logits, temperature):
    """z / T less the largest of the row, so that exp cannot overflow."""
    with np.errstate(over='ignore'):  # a gap too wide for float64 is -inf
        return (logits - logits.max(axis=1, keepdims=True)) / temperature


def _scaled_nll(logits, labels, temperature):
    """NLL of softmax(z / T) from logits: no probability is cut at 0."""
    scaled = _scaled(logits, temperature)
    log_total = np.log(np.exp(scaled).sum(axis=1))
    return np.mean(log_total - _own_class(scaled, labels))


def _own_class(rows, labels):
    return rows[np.arange(len(labels)), labels]


def _matrix(values, name):
    """A checked float64 copy, (n, C) with n and C at least 1."""
    values = np.asarray(values)
    if values.ndim != 2 or values.size == 0 or values.dtype.kind not in 'fiu':
        raise ValueError(
            f'{name} of shape {values.shape} and dtype {values.dtype}, but '
            'one row of real numbers per example is needed, at least one')
    values = values.astype(np.float64)
    if not np.isfinite(values).all():
        row = np.argmin(np.isfinite(values).all(axis=1))
        raise ValueError(f'{name} is NaN or infinite in row {row}, but must '
                         'be finite; check the model or drop the example')
    return values


def _labels(labels, shape):
    """Checked labels (n,) for rows of the shape (n, C)."""
    labels = np.asarray(labels)
    if labels.shape != shape[:1] or labels.dtype.kind not in 'iu':
        raise ValueError(
            f'labels of shape {labels.shape} and dtype {labels.dtype}, but '
            f'{shape[0]} rows need one integer each')
    if labels.min() < 0 or labels.max() >= shape[1]:
        raise ValueError(
            f'labels from {labels.min()} to {labels.max()}, but {shape[1]} '
            f'columns need labels from 0 to {shape[1] - 1}')
    return labels


def _checked(probs, labels):
    """Checked copy of the probabilities, float64 (n, C), and labels (n,)."""
    probs = _matrix(probs, 'probs')
    total = probs.sum(axis=1)
    if probs.min() < 0 or probs.max() > 1 or np.abs(total - 1).max() > 1e-3:
        raise ValueError(
            f'probs from {probs.min():.6g} to {probs.max():.6g} with row '
            f'sums from {total.min():.6g} to {total.max():.6g} are not '
            'probabilities; pass logits through softmax() first')
    return probs, _labels(labels, probs.shape)


def _checked_score(score, correct):
    """Checked scores and correctness, both float64 (n,)."""
    score, correct = np.asarray(score), np.asarray(correct)
    if score.ndim != 1:
        raise ValueError(f'score of shape {score.shape}, but one number per '
                         'example is needed; pass one column')
    score = _matrix(score[:, None], 'score')[:, 0]
    if correct.shape != score.shape or not np.isin(correct, (0, 1)).all():
        raise ValueError(
            f'correct of shape {correct.shape} and dtype {correct.dtype}, '
            f'but {len(score)} scores need one True or False each')
    return score, correct.astype(np.float64)


def _build_parser(runs):
    parser = argparse.ArgumentParser(
        description='Fit a temperature on the calibration split, and say how '
        'well softmax, scaled softmax and DkNN are calibrated on the test '
        'split.')
    runs.add_run_flags(parser)
    runs.add_dknn_flags(parser)
    parser.add_argument('--bins', type=runs.positive, default=15,
                        help='bins of ECE and the diagrams (default: 15)')
    return parser


def _print_table(reports):
    names = 'accuracy', 'nll', 'brier', 'ece', 'ece_mass', 'mce'
    print(f'{"test split":24}' + ''.join(f'{name:>10}' for name in names))
    for title, report in reports.items():
        print(f'{title:24}' + ''.join(f'{report[name]:10.4f}'
                                      for name in names))


def _panels(probs, labels, bins):
    """Title and curve of each reliability diagram."""
    for title, p in probs.items():
        ece = expected_calibration_error(p, labels, bins)
        yield f'{title}\nECE {ece:.3f}', reliability_curve(p, labels, bins)


def _coverage_curves(probs, prediction, labels):
    """Name, coverage and accuracy of each way to choose what to answer."""
    right = prediction.label == labels
    for name, score, correct in [
            ('softmax confidence', *top_label(probs['softmax'], labels)),
            ('DkNN credibility', prediction.credibility, right),
            ('DkNN conformity', prediction.conformity.max(axis=1), right)]:
        curve = accuracy_coverage(score, correct)
        yield name, curve.coverage, curve.accuracy


def _draw(folder, probs, labels, prediction, bins):
    """The three figures, as PNG and PDF; returns their file names."""
    import figures

    right = prediction.label == labels
    groups = {'right': prediction.credibility[right],
              'wrong': prediction.credibility[~right]}
    names = []
    for suffix in ('png', 'pdf'):
        new = [f'{stem}.{suffix}' for stem in
               ('reliability', 'credibility', 'coverage')]
        paths = [folder / name for name in new]
        figures.draw_reliability(paths[0], _panels(probs, labels, bins))
        figures.draw_histogram(paths[1], groups, 'credibility')
        figures.draw_accuracy_coverage(
            paths[2], _coverage_curves(probs, prediction, labels))
        names += new
    return names


def main(argv=None):
    """The script; what only it needs is imported here."""
    import runs

    args = _build_parser(runs).parse_args(argv)
    run = runs.load_run(args.model_setup, args.data_dir, args.gpu)
    temperature = runs.fit_run_temperature(run)
    model = runs.fit_dknn(run, args)
    logits, layers, labels = runs.activations(run, 'test')
    prediction = model.predict(layers)
    probs = {'softmax': softmax(logits),
             f'softmax at T = {temperature:.3f}': softmax(logits,
                                                          temperature),
             'DkNN conformity': prediction.conformity}
    reports = {title: calibration_report(p, labels, args.bins)
               for title, p in probs.items()}
    _print_table(reports)
    runs.write_json(run.folder / 'calibration.json',
                    {'temperature': temperature, 'bins': args.bins,
                     'reports': reports})
    names = _draw(run.folder, probs, labels, prediction, args.bins)
    print(f'wrote temperature.json, calibration.json, {", ".join(names)} in '
          f'{run.folder}')


if __name__ == '__main__':
    import compat  # noqa: F401, I001  (before Chainer)
    import runs

    runs.run_script(main)
