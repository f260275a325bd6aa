"""run_dknn.py and evaluate.py on activations of another framework."""
import compat  # noqa: F401  (before Chainer)

import json
import os
import shutil

import brute_force
import given_folders
import numpy as np
import pytest
import toys
from predicting import read

import run_dknn
import runs
from dknn import DkNN
from errors import UserError
from files.activations import read_folder

K = 5
FLAGS = '-k', str(K)


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def dknn_of(folder):
    """DkNN on the arrays themselves."""
    splits = read_folder(folder).splits
    dknn = DkNN(2, n_neighbors=K)
    dknn.fit(splits['train'].layers, splits['train'].labels)
    dknn.tune(splits['valid'].layers, splits['valid'].labels)
    return dknn.calibrate(splits['calib'].layers, splits['calib'].labels)


# ------------------------------------------------------------ run_dknn.py

@pytest.mark.parametrize('flags', [
    [], ['--limit', '3'], ['--split', 'valid'], ['--class-conditional'],
    ['--index', 'kdtree', '--layers', 'last']])
@pytest.mark.parametrize('kind', ['words', 'characters', 'pair'])
def test_a_run_s_own_activations_give_its_own_figures(folders, tmp_path,
                                                      kind, flags):
    """The stored activations are such a folder: the same bytes come of it,
    but for the rows of the file."""
    flags = [*FLAGS, *flags]
    part = '.part' if {'--limit', '--split'} & set(flags) else ''
    own, out = tmp_path / 'own', tmp_path / 'out'
    run_dknn.main(['--model-setup', str(folders[kind]), '--out', str(own),
                   *flags])
    run_dknn.main(['--activations', str(folders[kind] / 'activations'),
                   '--out', str(out), *flags])
    assert os.listdir(out) == os.listdir(own)
    name = f'predictions{part}.jsonl'
    assert (out / name).read_bytes() == given_folders.without_rows(
        (own / name).read_bytes())
    figures, given = read(own, part)[0], read(out, part)[0]
    del figures['seconds'], given['seconds']
    assert given == figures


def test_figures_are_those_of_the_arrays(tmp_path):
    """By brute force, in float64."""
    folder = given_folders.write(tmp_path / 'given')
    run_dknn.main(['--activations', str(folder), *FLAGS])
    result, records = read(folder)
    splits = read_folder(folder).splits
    votes = brute_force.votes(
        splits['train'].layers, splits['train'].labels,
        splits['test'].layers, K, 2)
    np.testing.assert_allclose([r['dknn']['conformity'] for r in records],
                               votes / (2 * K), atol=1e-6)
    z = splits['test'].logits.astype(float)
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(
        [r['softmax']['probabilities'] for r in records], p, atol=1e-6)
    assert [r['texts'] for r in records] == [[]] * 10
    assert result['n_calibration'] == 15 and result['model'] == 'activations'
    assert result['dataset'] == 'given'
    assert result['layers'] == ['layer_0', 'layer_1']


def test_without_logits_nothing_is_said_of_softmax(tmp_path, capsys):
    whole = given_folders.write(tmp_path / 'whole')
    bare = given_folders.write(tmp_path / 'bare', logits=False)
    for part in given_folders.SIZES:  # drawn without logits
        for path in (whole / part).glob('l*[0-9s].npy'):
            if path.name != 'logits.npy':
                shutil.copy(path, bare / part)
    for folder in (whole, bare):
        capsys.readouterr()
        run_dknn.main(['--activations', str(folder), *FLAGS])
    shown = capsys.readouterr().out
    assert 'softmax' not in shown and 'soft DkNN' in shown
    (figures, records), (left, left_records) = read(whole), read(bare)
    for record in records:
        del record['softmax']
    assert left_records == records
    for name in ('softmax_accuracy', 'agreement', 'softmax_confidence',
                 'seconds', 'dataset'):
        assert (name in left) == (name in ('seconds', 'dataset'))
        figures.pop(name), left.pop(name, None)
    del figures['predictors']['softmax']
    assert left == figures


def test_without_valid_every_second_calibration_example_tunes(
        tmp_path, capsys):
    folder = given_folders.write(
        tmp_path / 'given', ['train', 'calib', 'test'])
    run_dknn.main(['--activations', str(folder), *FLAGS])
    assert 'every second example of calib tunes' in capsys.readouterr().err
    result, records = read(folder)
    assert result['n_calibration'] == 7  # of 15
    splits = read_folder(folder).splits
    train, calib, test = (splits[name] for name in ('train', 'calib', 'test'))
    dknn = DkNN(2, n_neighbors=K).fit(train.layers, train.labels)
    dknn.tune([h[::2] for h in calib.layers], calib.labels[::2])
    dknn.calibrate([h[1::2] for h in calib.layers], calib.labels[1::2])
    for soft, name in [(False, 'dknn'), (True, 'soft')]:
        np.testing.assert_allclose(
            dknn.predict(test.layers, soft=soft).p_values,
            [r[name]['p_values'] for r in records], atol=1e-6)


def test_one_calibration_example_cannot_do_both(tmp_path):
    folder = given_folders.write(
        tmp_path / 'given', ['train', 'calib', 'test'])
    for path in (folder / 'calib').iterdir():
        np.save(path, np.load(path)[:1])
    with pytest.raises(UserError, match=r'too few examples in calib \(1\)'):
        runs.load_given(folder)


def test_leave_one_out(tmp_path):
    """Each variant asked for itself; f(text) - f(variant) of the class."""
    folder = given_folders.write(tmp_path / 'given', variants=True)
    run_dknn.main(['--activations', str(folder), *FLAGS])
    found = lines(folder / 'leave_one_out.jsonl')
    given = read_folder(folder)
    test, variants, dknn = given.splits['test'], given.variants, dknn_of(
        folder)

    def values(layers, logits, row):
        one = [h[row:row + 1] for h in layers]
        p = np.exp(logits[row].astype(float))
        p /= p.sum()
        return {'conformity': dknn.conformity(one)[0],
                'soft': dknn.soft_log_odds(one)[0],
                'logodds': np.log(p / (1 - p))}

    row = 0
    for i, record in enumerate(found):
        whole = values(test.layers, test.logits, i)
        assert record['id'] == i and list(record['methods']) == list(whole)
        for name, entry in record['methods'].items():
            if name != 'conformity':  # whose ties have a rule
                assert entry['target'] == whole[name].argmax()
            expected = [(whole[name] - values(
                variants.layers, variants.logits, row + j)[name]
                )[entry['target']] for j in range(i % 3)]
            np.testing.assert_allclose(entry['scores'], expected, atol=1e-4)
        row += i % 3
    assert row == 9 and len(found) == 10
    # of the first texts the same scores; of other splits there are none
    for flags in (['--limit', '4'], ['--limit', '1']):
        run_dknn.main(['--activations', str(folder), *FLAGS, *flags])
        assert lines(folder / 'leave_one_out.part.jsonl') == found[
            :int(flags[1])]
    (folder / 'leave_one_out.part.jsonl').unlink()
    run_dknn.main(['--activations', str(folder), *FLAGS, '--split', 'valid'])
    assert not (folder / 'leave_one_out.part.jsonl').exists()


def test_leave_one_out_without_logits(tmp_path):
    folder = given_folders.write(tmp_path / 'given', logits=False,
                                 variants=True)
    run_dknn.main(['--activations', str(folder), *FLAGS])
    assert [list(record['methods']) for record in lines(
        folder / 'leave_one_out.jsonl')] == [['conformity', 'soft']] * 10


@pytest.mark.parametrize('index', ['exact', 'hnsw'])
def test_arrays_stay_as_they_were(tmp_path, index):
    folder = given_folders.write(tmp_path / 'given', variants=True)
    before = toys.listing(folder)
    out = tmp_path / 'out'
    run_dknn.main(['--activations', str(folder), '--out', str(out), *FLAGS,
                   '--index', index])
    assert toys.listing(folder) == before
    run_dknn.main(['--activations', str(folder), *FLAGS])
    assert toys.listing(folder) - before == {
        entry for entry in toys.listing(folder)
        if '/' not in entry[0] and entry[0] != 'activations.json'}
    assert sorted(path.name for path in out.iterdir()) == [
        'dknn.json', 'leave_one_out.jsonl', 'predictions.jsonl']


@pytest.mark.parametrize('spoil, says', [
    (lambda folder: np.save(folder / 'test' / 'layer_0.npy', np.array(
        [[{}]] * 10)), 'never unpickled'),
    (lambda folder: (folder / 'calib' / 'layer_1.npy').unlink(),
     'the same layers of every split'),
    (lambda folder: shutil.rmtree(folder / 'calib'), 'has no folder calib'),
    (lambda folder: shutil.rmtree(folder), 'activations.json')])
def test_one_sentence_and_exit_code_2(tmp_path, spoil, says):
    folder = given_folders.write(tmp_path / 'given')
    spoil(folder)
    done = toys.command('run_dknn.py', '--activations', folder, *FLAGS)
    assert done.returncode == 2 and says in done.stderr
    assert done.stderr.startswith('run_dknn.py: error: ')
    assert done.stderr.count('\n') == 1 and done.stdout == ''


def test_flags_that_do_not_fit(tmp_path):
    folder = str(given_folders.write(tmp_path / 'given'))
    with pytest.raises(UserError, match='--model-setup needs one'):
        run_dknn.main(['--activations', folder, '--model-setup', folder])
    with pytest.raises(UserError, match='does not bound activations'):
        run_dknn.main(['--activations', folder, '--memory', '4G'])
    with pytest.raises(UserError, match='exceeds the 40'):
        run_dknn.main(['--activations', folder])
