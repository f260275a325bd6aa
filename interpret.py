#!/usr/bin/env python
"""Explain predictions: which words, which training texts.

    python interpret.py --model-setup results/stsa.binary_cnn/args.json
    python interpret.py --text "a gorgeous , witty , seductive movie ."

Explains the test split, or the user's own texts, and writes
``interpretations.html``, a page to read, and ``interpretations.jsonl``, the
same as data (docs/output.md).
"""
import compat  # noqa: F401  (before Chainer)

import argparse
import pathlib
import sys
from typing import NamedTuple

import numpy as np

import calibration
import dknn
import nlp_utils
import runs
import saliency
import text_datasets

VERSION = 1
ERROR = 0.05
VARIANTS_PER_STEP = 4096


class Outputs(NamedTuple):
    """What model and neighbours say of n texts; every array (n, C)."""
    conformity: np.ndarray
    credibility: np.ndarray
    confidence: np.ndarray
    calibrated: np.ndarray


class Explained(NamedTuple):
    """Everything the methods may need of a batch of n texts.

    Attributes:
        run, neighbors, temperature: the model, the DkNN, T.
        xs: the encoded texts, as the models take them.
        sides: which texts of an example are scored, (0,) or (1,) or (0, 1).
        targets: dict, 'dknn' and 'softmax' -> int array (n,), the classes
            explained.
        drops: function side -> dict of leave-one-out scores by method.
        args: the script's flags.
    """
    run: runs.Run
    neighbors: dknn.DkNN
    xs: object
    sides: tuple
    targets: dict
    args: argparse.Namespace


# method -> whose prediction it explains
LEAVE_ONE_OUT = {'conformity': 'dknn', 'credibility': 'dknn',
                 'confidence': 'softmax', 'calibrated': 'softmax'}
