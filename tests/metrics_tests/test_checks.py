"""What all measures refuse, and what they leave alone."""
import pathlib
import subprocess
import sys

import numpy as np
import pytest
from measured import noisy_logits

import metrics
from metrics.confidence import (
    brier_score,
    negative_log_likelihood,
    softmax,
    top_label,
)
from metrics.reliability import (
    calibration_report,
    expected_calibration_error,
    maximum_calibration_error,
    reliability_curve,
)

ROOT = pathlib.Path(metrics.__file__).parents[1]
MEASURES = [negative_log_likelihood, brier_score, top_label,
            reliability_curve, expected_calibration_error,
            maximum_calibration_error, calibration_report]


@pytest.mark.parametrize('measure', MEASURES)
@pytest.mark.parametrize('probs,labels,message', [
    ([[2.0, -1.0]], [0], 'not probabilities; pass logits through softmax'),
    ([[0.9, 0.9]], [0], 'row sums from 1.8 to 1.8'),
    ([[0.5, np.nan]], [0], 'probs is NaN or infinite in row 0'),
    ([0.5, 0.5], [0, 1], r'probs of shape \(2,\)'),
    (np.zeros((0, 2)), np.zeros(0, int), 'at least one'),
    ([[0.5, 0.5]], [2], 'labels from 2 to 2, but 2 columns'),
    ([[0.5, 0.5]], [0, 1], r'labels of shape \(2,\)'),
])
def test_measures_reject_bad_input(measure, probs, labels, message):
    with pytest.raises(ValueError, match=message):
        measure(probs, labels)


@pytest.mark.parametrize('measure', MEASURES)
def test_measures_leave_their_input_alone_and_take_float32(measure):
    probs = softmax(noisy_logits(11)[0]).astype(np.float32)
    labels = noisy_logits(11)[1].astype(np.int32)
    kept = probs.copy(), labels.copy()
    first, again = measure(probs, labels), measure(probs, labels)
    np.testing.assert_equal(first, again)
    np.testing.assert_array_equal(probs, kept[0])
    np.testing.assert_array_equal(labels, kept[1])


def test_import_is_light():
    names = sorted(f'metrics.{path.stem}' for path in
                   pathlib.Path(metrics.__file__).parent.glob('[a-z]*.py'))
    assert len(names) >= 8
    code = (f'import sys, {", ".join(names)}; '
            'print([m for m in ("scipy", "chainer", "matplotlib") '
            'if m in sys.modules])')
    loaded = subprocess.run(
        [sys.executable, '-c', code], cwd=ROOT, check=True, text=True,
        capture_output=True).stdout
    assert loaded.strip() == '[]'
