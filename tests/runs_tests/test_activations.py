"""Stored activations: those of the network, and of nothing older."""
import compat  # noqa: F401  (before Chainer)

import copy
import os
import shutil

import chainer
import numpy as np
import pytest
import toys

import runs
from errors import UserError
from runs.folder import SPLITS


def test_activations_are_the_models(run_folder):
    run = runs.load_run(run_folder)
    for split in SPLITS:
        xs, logits, layers, labels, _ = runs.stored_activations(run, split)
        examples = getattr(run.data, split)
        same_xs, ys = runs.encode_examples(examples, run.vocab)
        for one, other in zip(xs.sides[0], same_xs.sides[0], strict=True):
            assert one.tolist() == other.tolist()
        expected, expected_layers = run.model.logits_and_activations(xs)
        assert labels.tolist() == [e.label for e in examples] == ys.tolist()
        for one, other in zip([logits, *layers],
                              [expected, *expected_layers], strict=True):
            assert one.dtype == np.float32
            np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)
    assert sorted(os.listdir(run_folder / 'activations')) == sorted(
        [*SPLITS, 'activations.json'])


def test_activations_are_kept(run_folder, monkeypatch):
    runs.stored_activations(runs.load_run(run_folder), 'train')
    before = toys.listing(run_folder)

    def fail(*args, **keys):
        raise AssertionError('computed again')

    monkeypatch.setattr('runs.activations.forward', fail)
    found = runs.stored_activations(runs.load_run(run_folder), 'train')
    assert found.logits.shape == (126, 2)
    assert toys.listing(run_folder) == before


def test_activations_follow_the_model(run_folder):
    run = runs.load_run(run_folder)
    old = np.array(runs.stored_activations(run, 'test').logits)
    run.model.output.b.array[:] += [1, 2]
    chainer.serializers.save_npz(run_folder / 'best_model.npz', run.model)
    new = runs.stored_activations(runs.load_run(run_folder), 'test')
    np.testing.assert_allclose(new.logits, old + [1, 2], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize('old, new', [
    (' film', ' plot'), ('negative,', 'positive,')])
def test_activations_follow_the_data(run_folder, old, new):
    """Also of a run that does not say what it was trained on."""
    toys.forget(run_folder)

    def computed():
        run = runs.load_run(run_folder)
        found = runs.stored_activations(run, 'train')
        xs, ys = runs.encode_examples(run.data.train, run.vocab)
        expected, _ = runs.forward(run.model, xs)
        return np.array(found.logits), found.labels, expected, ys

    first = computed()
    path = run_folder.parents[1] / 'toy.csv'
    path.write_text(path.read_text().replace(old, new, 30))
    logits, labels, expected, ys = computed()
    assert (logits == expected).all() and (labels == ys).all()
    assert (logits != first[0]).any() or (labels != first[1]).any()


def test_activations_that_break_off(run_folder, monkeypatch):
    run = runs.load_run(run_folder)
    real = run.model.logits_and_activations
    calls = []

    def interrupted(xs):
        calls.append(xs)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(xs)

    monkeypatch.setattr(type(run.model.encoder), 'tokens_per_batch', 50)
    object.__setattr__(run.model, 'logits_and_activations', interrupted)
    with pytest.raises(KeyboardInterrupt):
        runs.stored_activations(run, 'train')
    assert os.listdir(run_folder / 'activations') == []


def test_a_model_that_is_replaced_later_does_not_matter(run_folder):
    """Activations are named after the parameters that computed them."""
    run = runs.load_run(run_folder)
    other = runs.load_run(run_folder)
    other.model.output.b.array[:] += [1, 2]
    chainer.serializers.save_npz(run_folder / 'best_model.npz', other.model)
    # the network in memory is the old one, the file the new one
    old = np.array(runs.stored_activations(run, 'test').logits)
    new = runs.stored_activations(runs.load_run(run_folder), 'test')
    np.testing.assert_allclose(new.logits, old + [1, 2], rtol=1e-5, atol=1e-6)


def test_selected_activations(run_folder):
    found = runs.stored_activations(runs.load_run(run_folder), 'test')
    some = found.select([3, 1])
    assert some.labels.tolist() == [found.labels[3], found.labels[1]]
    assert (some.logits == found.logits[[3, 1]]).all()
    assert [(h == g[[3, 1]]).all() for h, g in zip(
        some.layers, found.layers, strict=True)] == [True] * 3
    assert some.xs.sides[0][1] is found.xs.sides[0][1]
    assert some.key is None
    assert len(found.select(slice(None)).labels) == len(found.labels)


# ------------------------------------------------------------------ damage

def damages(content):
    """(name, content) of a file that is not what was written."""
    half = len(content) // 2
    flipped = bytearray(content)
    flipped[half] ^= 1
    return {'empty': b'', 'cut': content[:half], 'flipped': bytes(flipped),
            'longer': content + b'x', 'other': b'garbage'}


@pytest.mark.parametrize('name', ['logits.npy', 'layer_0.npy', 'key'])
def test_damaged_arrays_are_computed_again(run_folder, name, capsys):
    run = runs.load_run(run_folder)
    before = np.array(runs.stored_activations(run, 'test').logits)
    path = run_folder / 'activations' / 'test' / name
    content = path.read_bytes()
    for damage in damages(content).values():
        path.write_bytes(damage)
        capsys.readouterr()
        after = runs.stored_activations(run, 'test').logits
        np.testing.assert_array_equal(before, after)
        said = capsys.readouterr().err
        assert name == 'key' or said == (
            f'{path.parent}: {name} is damaged; computed again\n')
        assert path.read_bytes() == content


@pytest.mark.parametrize('change', [
    lambda array: array[::-1], lambda array: array[:-1],
    lambda array: array.astype(np.float64), lambda array: array.T,
    lambda array: array.astype(object)])
def test_arrays_that_are_others_are_computed_again(run_folder, change,
                                                   capsys):
    """Rows reordered, fewer, or of another type: valid files, all of them."""
    run = runs.load_run(run_folder)
    before = [np.array(h) for h in runs.stored_activations(run,
                                                           'train').layers]
    path = run_folder / 'activations' / 'train' / 'layer_1.npy'
    np.save(path, change(np.load(path)))
    after = runs.stored_activations(run, 'train').layers
    for one, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(one, other)
    assert 'layer_1.npy is damaged' in capsys.readouterr().err


def test_swapped_siblings_are_computed_again(run_folder, capsys):
    run = runs.load_run(run_folder)
    before = [np.array(h) for h in runs.stored_activations(run,
                                                           'test').layers]
    folder = run_folder / 'activations' / 'test'
    one, other = folder / 'layer_1.npy', folder / 'layer_2.npy'
    one.rename(folder / 'x')
    other.rename(one)
    (folder / 'x').rename(other)
    after = runs.stored_activations(run, 'test').layers
    for a, b in zip(before, after, strict=True):
        np.testing.assert_array_equal(a, b)
    assert 'layer_1.npy is damaged' in capsys.readouterr().err


def test_arrays_of_an_earlier_format(run_folder, capsys):
    """Without checksums: computed again, without a word."""
    run = runs.load_run(run_folder)
    found = runs.stored_activations(run, 'test')
    path = run_folder / 'activations' / 'test' / 'key'
    path.write_text(found.key)
    assert runs.stored_activations(run, 'test').key == found.key
    assert path.read_text().startswith('{')
    assert capsys.readouterr().err == ''


def test_a_split_without_examples(run_folder):
    toys.forget(run_folder)
    (run_folder / 'calib.json').write_text('[]')
    run = runs.load_run(run_folder)
    with pytest.raises(UserError, match='no examples in the split calib'):
        runs.stored_activations(run, 'calib')


def test_a_run_can_be_copied(run_folder):
    run = runs.load_run(run_folder)
    again = copy.deepcopy(run)
    assert runs.stored_activations(again, 'test').key == (
        runs.stored_activations(run, 'test').key)


def test_a_folder_that_cannot_be_written(run_folder, monkeypatch, capsys):
    """Nothing is stored, and the arrays are right all the same."""
    run = runs.load_run(run_folder)
    expected = run.model.logits(runs.encode_examples(
        run.data.test, run.vocab)[0]).array

    def refuse(*args, **keys):
        raise PermissionError(13, 'Permission denied', 'x')

    monkeypatch.setattr('files.atomic.pathlib.Path.mkdir', refuse)
    found = runs.stored_activations(run, 'test')
    np.testing.assert_allclose(found.logits, expected, rtol=1e-4, atol=1e-6)
    assert 'computed, but not stored' in capsys.readouterr().err
    assert not (run_folder / 'activations').exists()


# ------------------------------------------------------------------- in blocks

def test_interrupted_activations_go_on_where_they_stopped(
        run_folder, monkeypatch, capsys):
    """126 texts in blocks of 50: the same bytes, no block computed twice."""
    monkeypatch.setattr('runs.activations.BLOCK', 50)
    run = runs.load_run(run_folder)
    folder = run_folder / 'activations' / 'train'
    runs.stored_activations(run, 'train')
    expected = {path.name: path.read_bytes() for path in folder.iterdir()}
    real, sizes = runs.activations.forward, []

    def interrupted(model, xs, **options):
        if len(sizes) == 2:
            raise KeyboardInterrupt
        sizes.append(len(xs))
        return real(model, xs, **options)

    shutil.rmtree(folder)
    monkeypatch.setattr('runs.activations.forward', interrupted)
    with pytest.raises(KeyboardInterrupt):
        runs.stored_activations(run, 'train')
    assert not folder.exists()
    sizes.pop()
    capsys.readouterr()
    runs.stored_activations(run, 'train')
    assert sizes == [50, 26]
    assert {path.name: path.read_bytes()
            for path in folder.iterdir()} == expected
    assert capsys.readouterr().err == (
        f'{folder}: going on at text 100 of 126\n')


def test_blocks_of_another_network_are_not_used(run_folder, monkeypatch):
    monkeypatch.setattr('runs.activations.BLOCK', 50)
    run, other = runs.load_run(run_folder), runs.load_run(run_folder)
    other.model.output.b.array[:] += [1, 2]
    chainer.serializers.save_npz(run_folder / 'best_model.npz', other.model)
    real, calls = runs.activations.forward, []

    def interrupted(model, xs, **options):
        calls.append(xs)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(model, xs, **options)

    monkeypatch.setattr('runs.activations.forward', interrupted)
    with pytest.raises(KeyboardInterrupt):
        runs.stored_activations(run, 'train')
    new = runs.stored_activations(runs.load_run(run_folder), 'train')
    expected, _ = real(other.model, new.xs)
    np.testing.assert_allclose(new.logits, expected, rtol=1e-4, atol=1e-6)
