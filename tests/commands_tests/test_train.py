"""Training: repeatable, resumable, interruptible, nothing leaks."""
import compat  # noqa: F401  (before Chainer)

import functools
import json
import os
import signal
import subprocess
import sys

import chainer
import numpy as np
import pytest
import toys
from predicting import log_of

import nlp_utils
import runs
import train
from runs import trainer
from runs.folder import SPLITS

FAST = '--learning-rate', '0.01', '--dropout', '0.1'
BEST = trainer.BEST


def trained(folder):
    """Parameters as they were when training ended, by their path."""
    arrays = toys.parameters(folder / 'snapshot')
    start = 'updater/model:main/'
    return {name.removeprefix(start): array for name, array in arrays.items()
            if name.startswith(start)}


# ------------------------------------------------------------------ repeats

@pytest.mark.parametrize('model', ['cnn', 'bilstm'])
def test_the_same_seed_gives_the_same_model(toy, tmp_path, model):
    one, two, other = (
        toys.fit(tmp_path / name, toy, '--model', model, '--seed', seed)
        for name, seed in [('one', 3), ('two', 3), ('other', 4)])
    assert toys.same(toys.parameters(one / 'best_model.npz'),
                     toys.parameters(two / 'best_model.npz'))
    assert toys.same(trained(one), trained(two))
    for name in ('vocab.json', 'calib.json'):
        assert (one / name).read_bytes() == (two / name).read_bytes()
        assert (one / name).read_bytes() != (other / name).read_bytes()
    assert not toys.same(trained(one), trained(other))
    timeless = [[{key: value for key, value in entry.items()
                  if key != 'elapsed_time'} for entry in log_of(folder)]
                for folder in (one, two)]
    assert timeless[0] == timeless[1]


def test_what_ran_before_does_not_matter(toy, tmp_path):
    one = toys.fit(tmp_path / 'one', toy)
    np.random.rand(17)
    two = toys.fit(tmp_path / 'two', toy)
    assert toys.same(trained(one), trained(two))


@pytest.mark.parametrize('model', ['cnn', 'rnn'])
def test_resuming_is_as_if_not_interrupted(toy, tmp_path, model):
    """Order, dropout and Adam's moments go on, too."""
    whole = toys.fit(tmp_path / 'a', toy, '--model', model, '--epoch', '4')
    flags = '--model', model, '--epoch'
    toys.fit(tmp_path / 'b', toy, *flags, '2')
    parts = toys.fit(tmp_path / 'b', toy, *flags, '4', '--resume')
    assert toys.same(trained(whole), trained(parts))
    assert toys.same(toys.parameters(whole / 'best_model.npz'),
                     toys.parameters(parts / 'best_model.npz'))
    assert [(e['epoch'], e['main/loss'], e[BEST]) for e in log_of(whole)] == [
        (e['epoch'], e['main/loss'], e[BEST]) for e in log_of(parts)]
    assert len(log_of(parts)) == 4


def test_resume_refuses_what_would_be_another_run(toy, tmp_path):
    out = ['--dataset', str(toy), '--out', str(tmp_path), *toys.SMALL]
    with pytest.raises(ValueError, match='has no snapshot'):
        train.main([*out, '--resume'])
    assert not list(tmp_path.iterdir())
    folder = toys.fit(tmp_path, toy)
    before = toys.listing(folder)
    for flags, message in [(['--unit', '15'], 'unit is 15.* has 12'),
                           (['--seed', '1'], 'seed|data'),
                           (['--dropout', '0.3'], 'dropout is 0.3')]:
        with pytest.raises(ValueError, match=message):
            train.main([*out, '--resume', '--epoch', '3', *flags])
    assert toys.listing(folder) == before


def test_resume_refuses_changed_data(tmp_path):
    rows = list(toys.sentences())
    data = toys.write_csv(tmp_path / 'toy.csv', rows)
    toys.fit(tmp_path / 'out', data)
    toys.write_csv(data, rows[::-1])
    with pytest.raises(ValueError, match='data_fingerprint is'):
        toys.fit(tmp_path / 'out', data, '--epoch', '3', '--resume')


# ------------------------------------------------------------- interruption

SLOW = '''
import sys, time
import train, runs
from runs import trainer

real, batches = trainer.convert, []

def convert(batch, device):
    batches.append(len(batch))
    print('batch', len(batches), flush=True)
    if len(batches) >= int(sys.argv[1]):
        time.sleep(60)
    return real(batch, device)

trainer.convert = convert
runs.run_script(lambda: train.main(sys.argv[2:]))
'''


def interrupt(toy, out, at):
    """Start training, send SIGINT in mini-batch `at`; process and output."""
    process = subprocess.Popen(
        [sys.executable, '-W', 'ignore', '-c', SLOW, str(at), '--dataset',
         str(toy), '--out', str(out), *toys.SMALL], cwd=toys.ROOT, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        # whoever runs the tests may have switched Ctrl-C off
        preexec_fn=functools.partial(signal.signal, signal.SIGINT,
                                     signal.SIG_DFL))
    for line in process.stdout:
        if line.split() == ['batch', str(at)]:
            process.send_signal(signal.SIGINT)
            break
    output, errors = process.communicate(timeout=60)
    assert 'Traceback' not in errors
    return process.returncode, output, errors


# 126 training texts: 8 batches of 16 an epoch, then 1 of the validation.
@pytest.mark.skipif(os.name == 'nt', reason='POSIX signals')
@pytest.mark.parametrize('at, epochs', [(3, 0), (13, 1)])
def test_ctrl_c_leaves_a_usable_folder(toy, tmp_path, at, epochs):
    code, output, errors = interrupt(toy, tmp_path, at)
    assert code == 130
    assert f'interrupted in epoch {epochs + 1}' in output
    assert errors.strip() == 'interrupted'
    folder = tmp_path / 'toy_cnn'
    assert not [path for path in folder.rglob('.*')]
    done = toys.command('run_dknn.py', '--model-setup', folder, '-k', '9')
    assert done.returncode == 0, done.stderr
    assert json.loads((folder / 'dknn.json').read_text())['n_test'] == 20
    if epochs:
        assert len(log_of(folder)) == epochs
        toys.fit(tmp_path, toy, '--resume')
        assert [entry['epoch'] for entry in log_of(folder)] == [1, 2]
        assert toys.same(trained(folder),
                         trained(toys.fit(tmp_path / 'whole', toy)))


def test_no_resume_is_promised_before_an_epoch_ended(toy, tmp_path, capsys,
                                                     monkeypatch):
    def interrupted(batch, device):
        raise KeyboardInterrupt

    monkeypatch.setattr(trainer, 'convert', interrupted)
    with pytest.raises(KeyboardInterrupt):
        toys.fit(tmp_path, toy)
    assert not (tmp_path / 'toy_cnn' / 'snapshot').exists()
    said = capsys.readouterr().out
    assert 'usable' in said and '--resume' not in said


# --------------------------------------------------------------- best model

def test_best_model_is_the_first_of_the_best(toy, tmp_path):
    """Equal to what training just so long ends with."""
    flags = *FAST, '--average', '0'
    folder = toys.fit(tmp_path / 'long', toy, *flags, '--epoch', '7')
    accuracies = [entry[BEST] for entry in log_of(folder)]
    best = accuracies.index(max(accuracies))
    assert accuracies.count(max(accuracies)) > 1  # a tie, or this says nothing
    assert 0 < best < 6
    short = toys.fit(tmp_path / 'short', toy, *flags, '--epoch', best + 1)
    assert toys.same(toys.parameters(folder / 'best_model.npz'),
                     trained(short))
    assert not toys.same(toys.parameters(folder / 'best_model.npz'),
                         trained(folder))


def test_patience_ends_a_training(toy, tmp_path):
    """Also one that was stopped and resumed."""
    flags = *FAST, '--average', '0', '--patience', '3'
    whole = toys.fit(tmp_path / 'a', toy, *flags, '--epoch', '30')
    accuracies = [entry[BEST] for entry in log_of(whole)]
    best = accuracies.index(max(accuracies))
    assert len(accuracies) == best + 1 + 3 < 30
    toys.fit(tmp_path / 'b', toy, *flags, '--epoch', best + 2)
    parts = toys.fit(tmp_path / 'b', toy, *flags, '--epoch', '30', '--resume')
    assert [entry[BEST] for entry in log_of(parts)] == accuracies


@pytest.mark.parametrize('flags, warned', [
    (['--learning-rate', '1e-9', '--epoch', '1'], True),
    ([*FAST, '--epoch', '6', '--average', '0'], False)])
def test_a_network_that_learned_nothing_is_warned_of(toy, tmp_path, capsys,
                                                     flags, warned):
    toys.fit(tmp_path, toy, *flags)
    said = capsys.readouterr().out
    assert ('warning: the network is never more often right than who always '
            "says 'positive' (0.6667); try another --learning-rate" in said
            ) is warned


def test_validation_accuracy_is_of_the_validation_split(toy, tmp_path):
    folder = toys.fit(tmp_path, toy, *FAST, '--epoch', '4')
    run = runs.load_run(folder)
    xs, labels = runs.encode_examples(run.data.valid, run.vocab)
    right = run.model.predict(xs).argmax(axis=1) == labels
    assert max(entry[BEST] for entry in log_of(folder)) == pytest.approx(
        right.mean())
    assert len(labels) == 18


# --------------------------------------------------------------------- data

def test_training_sees_only_the_training_split(toy, tmp_path, monkeypatch):
    """Batch by batch; the 200 texts differ, also as ids."""
    seen = {True: [], False: []}
    real = nlp_utils.convert_batch

    def spy(batch):
        seen[chainer.config.train] += [
            texts[0].tobytes() for texts, _ in batch]
        return real(batch)

    monkeypatch.setattr(nlp_utils, 'convert_batch', spy)
    folder = toys.fit(tmp_path, toy, '--epoch', '3')
    monkeypatch.undo()
    run = runs.load_run(folder)
    texts = {split: {nlp_utils.encode(e.texts[0], run.vocab).tobytes()
                     for e in getattr(run.data, split)}
             for split in SPLITS}
    assert [len(texts[split]) for split in SPLITS] == [126, 18, 36, 20]
    assert sum(map(len, texts.values())) == len(set().union(*texts.values()))
    assert set(seen[True]) == texts['train']
    assert set(seen[False]) == texts['valid']
    # 3 epochs of 126 fill 23.6 batches of 16, that is 24
    assert len(seen[True]) == 24 * 16
    held_out = json.loads((folder / 'calib.json').read_text())
    assert len(set(held_out)) == 36 and held_out == run.data.calib_positions


def test_the_vocabulary_is_of_the_training_split(tmp_path):
    """Words of the other splits are unknown, however often they come."""
    rows = list(toys.sentences(80))
    folder = tmp_path / 'data'
    folder.mkdir()
    for split in ('train', 'dev', 'test'):
        toys.write_csv(folder / f'{split}.csv', [
            (label, f'{text} {split}word') for label, text in rows])
    made = toys.fit(tmp_path / 'out', folder)
    vocab = json.loads((made / 'vocab.json').read_text())
    assert 'trainword' in vocab
    assert not {'devword', 'testword'} & vocab.keys()
