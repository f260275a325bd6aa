"""The rows of soft conformity: what is compared, and how it is added up."""
import compat  # noqa: F401  (before Chainer)

import numpy as np

import runs
from benchmarks import soft


def test_rows(made, monkeypatch, seconds_from):
    monkeypatch.setattr(soft, 'seconds_of', seconds_from(3, 2))
    rows = soft.soft_rows(made, None, 2)
    assert [(row['stage'], row['target']) for row in rows] == [
        ('soft leave-one-out, tuned weights', 1.5),
        ('soft leave-one-out, all layers', 1.5),
        ('soft build + test set, tuned weights', 1.3),
        ('soft build + test set, all layers', 1.3)]
    for row in rows:
        assert (row['ours'], row['theirs'], row['ratio']) == (3, 2, 1.5)
        assert row['peer'] == 'counted conformity'


def test_every_word_is_left_out(made):
    run = runs.load_run(made)
    xs, _ = runs.encode_examples(run.data.test, run.vocab)
    batches = soft.left_out_layers(run, xs)
    assert sum(len(layers[0]) for layers in batches) == np.sum(
        xs.lengths(0) - 1)
