"""What the tests share: where real data and golden arrays lie, who can run."""
import compat  # noqa: F401  (before Chainer)

import importlib.util
import os
import pathlib
import warnings

import numpy as np
import pytest

with warnings.catch_warnings():
    # Chainer, and what it asks for, warn while they are imported.
    warnings.simplefilter('ignore')
    import chainer  # noqa: F401
    import chainer.gradient_check  # noqa: F401
    import chainer.testing  # noqa: F401

from functions import devices

ROOT = pathlib.Path(__file__).resolve().parents[1]
GOLDEN = ROOT.parent / 'shared' / 'golden'


def no_milvus():
    """Why tests of the index ``milvus`` cannot run; None where they can."""
    missing = [name for name in ('pymilvus', 'milvus_lite')
               if not importlib.util.find_spec(name)]
    return f'{" and ".join(missing)} not installed' if missing else None


def asks_milvus(item):
    """Whether a test is marked ``milvus``, or one over ``INDEXES``."""
    parameters = item.callspec.params if hasattr(item, 'callspec') else {}
    return item.get_closest_marker('milvus') or any(
        isinstance(value, str) and value == 'milvus'  # others are arrays
        for value in parameters.values())


def pytest_collection_modifyitems(items):
    reason = no_milvus()
    for item in items if reason else []:
        if asks_milvus(item):
            item.add_marker(pytest.mark.skip(reason=reason))
    on_gpu = [item for item in items if item.get_closest_marker('gpu')]
    reason = devices.count_gpus()[1] if on_gpu else ''
    for item in on_gpu:
        if reason:
            item.add_marker(pytest.mark.skip(reason=reason))
    # Their files first, so that no process is left with one at the end
    items.sort(key=lambda item: not item.get_closest_marker('slow'))


@pytest.fixture
def data_dir():
    """Folder with the published data files, or the test is skipped."""
    folder = os.environ.get('DKNN_DATA')
    if not folder or not pathlib.Path(folder).is_dir():
        pytest.skip('DKNN_DATA names no folder with the published files')
    return pathlib.Path(folder).resolve()


@pytest.fixture
def golden():
    """Function: name -> (path of weights, expected arrays)."""
    if not GOLDEN.is_dir():
        pytest.skip(f'no golden arrays at {GOLDEN}')

    def load(name):
        with np.load(GOLDEN / f'{name}_expected.npz') as arrays:
            return GOLDEN / f'{name}_weights.npz', dict(arrays)

    return load
