"""Activations stored as float16: in the file, its key, and its readers."""
import compat  # noqa: F401  (before Chainer)

import json
import re

import chainer
import numpy as np
import pytest
import toys

import calibration
import evaluate
import interpret
import run_dknn
import runs
from errors import UserError
from runs import activations

TO_FLOAT16 = ['--dtype', 'float16']


def stored(folder, dtype, split='train'):
    return runs.stored_activations(runs.load_run(folder, dtype=dtype), split)


def test_what_is_stored(run_folder, monkeypatch):
    """Layers are rounded, logits are not; in blocks as at once."""
    whole = stored(run_folder, None)
    monkeypatch.setattr(activations, 'BLOCK', 50)
    halves = stored(run_folder, 'float16')
    for one, other in zip(whole.layers, halves.layers, strict=True):
        assert (one.dtype, other.dtype) == (np.float32, np.float16)
        assert isinstance(other, np.memmap)
        np.testing.assert_allclose(other, one.astype(np.float16), rtol=2e-3,
                                   atol=1e-6)
    assert halves.logits.dtype == np.float32
    np.testing.assert_allclose(halves.logits, whole.logits, atol=1e-5)
    folder = run_folder / 'activations' / 'train'
    # 126 x 12 numbers of two bytes, and a header of 128
    assert (folder / 'layer_0.npy').stat().st_size == 128 + 126 * 12 * 2


def test_the_key_has_the_dtype(run_folder):
    """Each is made again after the other; float32's key is as ever."""
    keys = {}
    for dtype in (None, 'float16', 'float32', 'float16'):
        found = stored(run_folder, dtype)
        assert found.layers[0].dtype == (dtype or 'float32')
        keys.setdefault(dtype or 'float32', set()).add(found.key)
    assert [len(own) for own in keys.values()] == [1, 1]
    assert keys['float32'] != keys['float16']


def test_numbers_beyond_float16_are_refused(run_folder):
    run = runs.load_run(run_folder)
    run.model.encoder.embed.W.array[:] *= 1e7
    chainer.serializers.save_npz(run_folder / 'best_model.npz', run.model)
    with pytest.raises(UserError, match=r'of train from text 0 on holds \S+ '
                       r'in row \d+, .* 65,504; take `dtype` float32'):
        stored(run_folder, 'float16')
    assert not (run_folder / 'activations' / 'train').exists()
    assert stored(run_folder, None).layers[0].max() > 65504
    done = toys.command('run_dknn.py', '--model-setup', str(run_folder),
                        '-k', '9', *TO_FLOAT16)
    assert done.returncode == 2
    assert re.search(r'error: .* take --dtype float32\n$', done.stderr)


def test_unknown_dtypes(run_folder):
    with pytest.raises(UserError, match="dtype='int8' is unknown; choose"):
        runs.load_run(run_folder, dtype='int8')


def test_a_training_text_is_its_own_nearest(run_folder, capsys):
    """As an own text: its activations are computed, rounded and found."""
    run = runs.load_run(run_folder)
    text = ' '.join(run.data.train[5].texts[0])
    interpret.main(['--model-setup', str(run_folder), '-k', '9', '--text',
                    text, '--method', 'conformity', '--json', *TO_FLOAT16])
    record = json.loads(capsys.readouterr().out)
    for layer in record['neighbors']:
        assert layer['nearest'][0]['distance'] == 0


@pytest.mark.slow
def test_every_command_reads_them(run_folder, tmp_path, capsys):
    given = ['--model-setup', str(run_folder), '-k', '9', *TO_FLOAT16]
    run_dknn.main(given)
    # Activations know no rows of a file
    lines = re.sub(r'"source":{"row":\d+},', '', (
        run_folder / 'predictions.jsonl').read_text())
    other = tmp_path / 'other'
    run_dknn.main(['--activations', str(run_folder / 'activations'), '-k',
                   '9', '--out', str(other)])
    assert (other / 'predictions.jsonl').read_text() == lines
    calibration.main(given)
    interpret.main([*given, '--limit', '3', '--reduce', 'soft'])
    evaluate.main([*given, '--texts', '6', '--ood', 'shuffled words'])
    for index in ('kdtree', 'lsh', 'hnsw', 'ivf'):
        run_dknn.main([*given, '--index', index])
    said = capsys.readouterr().err
    assert 'computed again' not in said
    assert np.load(run_folder / 'activations/test/layer_0.npy'
                   ).dtype == np.float16


def test_within_a_bound_as_without(run_folder, capsys):
    """The plan counts two bytes a number on disk."""
    given = ['--model-setup', str(run_folder), '-k', '9', *TO_FLOAT16]
    run_dknn.main(given)
    lines = (run_folder / 'predictions.jsonl').read_text()
    run_dknn.main([*given, '--memory', '4G'])
    assert 'disk: 1M of activations' in capsys.readouterr().err
    assert (run_folder / 'predictions.jsonl').read_text() == lines


def test_given_activations_have_their_own(run_folder):
    with pytest.raises(UserError, match='but --dtype needs one'):
        run_dknn.main(['--activations', str(run_folder), *TO_FLOAT16])
