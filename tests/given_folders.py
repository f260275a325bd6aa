"""Folders of activations as another framework would write them."""
import json
import re

import numpy as np

SIZES = {'train': 40, 'valid': 12, 'calib': 15, 'test': 10}
WIDTHS = 3, 5
NAMES = 'bad', 'good'


def without_rows(content):
    """What a command wrote (bytes), but for rows of a user's own table:
    activations know of none."""
    content, n = re.subn(rb'"source":\{"row":\d+\},|<span>row \d+</span>\n'
                         rb'|(?<=<span>)row \d+, ', b'', content)
    assert n
    return content


def write(folder, splits=tuple(SIZES), logits=True, texts=False,
          variants=False, seed=0, **description):
    """A folder of two noisy clusters; returns it.

    Labels, logits and layers follow each other, so that there is something
    to find; the test texts have 0, 1, 2, 0, ... variants.
    """
    rng = np.random.default_rng(seed)
    for split in splits:
        part = folder / split
        part.mkdir(parents=True)
        labels = rng.integers(0, 2, SIZES[split])
        labels[:2] = 0, 1
        np.save(part / 'labels.npy', labels)
        _write_arrays(part, rng, labels, logits)
        if texts:
            (part / 'texts.jsonl').write_text(''.join(
                json.dumps(f'{NAMES[y]} film {i}') + '\n'
                for i, y in enumerate(labels)))
    if variants:
        part = folder / 'test_without'
        part.mkdir()
        counts = np.arange(SIZES['test']) % 3
        np.save(part / 'counts.npy', counts)
        _write_arrays(part, rng, np.repeat(labels, counts), logits)
    (folder / 'activations.json').write_text(json.dumps(
        {'version': 1, 'label_names': NAMES, **description}))
    return folder


def _write_arrays(part, rng, labels, logits):
    for i, width in enumerate(WIDTHS):
        centres = np.outer(2 * labels - 1, np.ones(width))
        np.save(part / f'layer_{i}.npy', (centres + rng.normal(
            0, 1.5, centres.shape)).astype(np.float32))
    if logits:
        np.save(part / 'logits.npy', (
            np.eye(2)[labels] + rng.normal(0, .7, (len(labels), 2))
        ).astype(np.float32))
