"""Made-up predictions for the tests of the measures, and plain references."""
import itertools

import numpy as np
from hypothesis import strategies as st
from scipy.special import log_softmax


def binary(confidence, correct):
    """Two-class probabilities with these confidences; class 1 predicted."""
    confidence = np.asarray(confidence, dtype=np.float64)
    return (np.stack([1 - confidence, confidence], axis=1),
            np.asarray(correct, dtype=np.int64))


def noisy_logits(seed, n=300, n_class=4, scale=3.0):
    """Logits (n, C) whose softmax(z / scale) draws the labels."""
    rng = np.random.RandomState(seed)
    logits = rng.normal(size=(n, n_class)) * 1.5
    gumbel = rng.gumbel(size=(n, n_class))
    return logits * scale, (logits + gumbel).argmax(axis=1)


def reference_nll(logits, labels, temperature):
    rows = log_softmax(np.asarray(logits, np.float64) / temperature, axis=1)
    return -np.mean([row[y] for row, y in zip(rows, labels, strict=True)])


def loop_errors(probs, labels, n_bins):
    """ECE and MCE straight from the definition, one example at a time."""
    total, largest = 0.0, 0.0
    for m in range(n_bins):
        gaps = []
        for row, label in zip(probs, labels, strict=True):
            if m / n_bins < max(row) <= (m + 1) / n_bins:
                right = list(row).index(max(row)) == label
                gaps.append(float(right) - max(row))
        total += abs(sum(gaps)) / len(labels)
        largest = max(largest, abs(sum(gaps)) / max(len(gaps), 1))
    return total, largest


def orders(score):
    """Every order of the examples in which no score rises, as lists."""
    score = np.asarray(score)
    for order in itertools.permutations(range(len(score))):
        if (np.diff(score[list(order)]) <= 0).all():
            yield list(order)


@st.composite
def marked_scores(draw, most=30):
    """Scores with many ties and the marks 0 and 1, both of which occur."""
    marks = draw(st.lists(st.integers(0, 1), min_size=2, max_size=most)
                 .filter(lambda marks: 0 < sum(marks) < len(marks)))
    scores = draw(st.lists(st.integers(-2, 2), min_size=len(marks),
                           max_size=len(marks)))
    return np.array(scores) / 4, np.array(marks)


@st.composite
def predictions(draw):
    """Probabilities with many ties, zeros and ones, and labels."""
    n_class = draw(st.integers(1, 5))
    rows = draw(st.lists(
        st.lists(st.integers(0, 4), min_size=n_class, max_size=n_class)
        .filter(any), min_size=1, max_size=30))
    labels = draw(st.lists(st.integers(0, n_class - 1), min_size=len(rows),
                           max_size=len(rows)))
    counts = np.array(rows)
    return counts / counts.sum(axis=1, keepdims=True), np.array(labels)
