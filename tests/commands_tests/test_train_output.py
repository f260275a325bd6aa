"""What train.py starts from, prints, writes and refuses."""
import compat  # noqa: F401  (before Chainer)

import contextlib
import json
import os
import re
import subprocess
import sys

import numpy as np
import pytest
import toys
from predicting import log_of

import runs
import text_datasets
import train

BEST = train.BEST


def write_vectors(path, words, width=7):
    vectors = {word: np.random.RandomState(i).rand(width).round(4)
               for i, word in enumerate(words)}
    path.write_text(''.join(
        f'{word} {" ".join(map(str, vector))}\n'
        for word, vector in vectors.items()))
    return vectors


@pytest.mark.parametrize('model', ['cnn', 'rnn', 'bilstm', 'bow'])
def test_word_vectors_start_the_embedding(toy, tmp_path, model):
    vectors = write_vectors(tmp_path / 'v.txt', ['good', 'film', 'unheard'])
    args = train.build_parser().parse_args([
        '--dataset', str(toy), '--model', model, '--unit', '12',
        '--word_vectors', str(tmp_path / 'v.txt')])
    data, vocab = train.read_data(args, tmp_path)
    found = train.read_vectors(args.word_vectors, vocab)
    net = train.build_model(args, train.choose(args, data), data, vocab,
                            found)
    w = net.encoder.embed.W.array
    assert w.shape == (len(vocab), 7)
    for word in ('good', 'film'):
        assert (w[vocab[word]] == vectors[word].astype(np.float32)).all()
    assert np.abs(w[vocab['bad']]).max() <= .25  # drawn
    assert net.predict([np.array([2, 3, 0], np.int32)]).shape == (1, 2)


def test_a_run_with_word_vectors(toy, tmp_path, capsys):
    write_vectors(tmp_path / 'v.txt', ['good', 'film', 'unheard'])
    folder = toys.fit(tmp_path / 'out', toy, '--word_vectors',
                      tmp_path / 'v.txt')
    said = capsys.readouterr().out
    assert 'word vectors: 7 wide, found 2 of 20 words (10.0%)' in said
    settings = json.loads((folder / 'args.json').read_text())
    assert settings['embed_units'] == 7
    assert settings['word_vectors'] == 'v.txt'
    (tmp_path / 'v.txt').unlink()  # not needed any more
    run = runs.load_run(folder)
    assert run.model.encoder.embed.W.shape == (20, 7)


def test_quiet_where_there_is_no_terminal(toy, tmp_path):
    done = toys.command('train.py', '--dataset', toy, '--out', tmp_path,
                        *toys.SMALL, env={**os.environ, 'TERM': 'xterm'})
    assert done.returncode == 0
    assert done.stderr == ''
    assert '\033' not in done.stdout and '\r' not in done.stdout
    said = done.stdout
    assert 'train 126, valid 18, calib 36, test 20' in said
    assert '2 labels: negative, positive' in said
    epochs = re.findall(r'^(\d)  ', said, flags=re.M)
    assert epochs == ['1', '2']
    log = log_of(tmp_path / 'toy_cnn')
    best = max(entry[BEST] for entry in log)
    assert f'validation accuracy {best:.4f}' in said
    setup = tmp_path / 'toy_cnn' / 'args.json'
    assert f'next: python run_dknn.py --model-setup {setup}' in said


@pytest.mark.skipif(os.name == 'nt', reason='POSIX terminals')
def test_a_bar_on_a_terminal(toy, tmp_path):
    """126 texts in batches of 16 for 2 epochs: 10 steps are 160 of 252."""
    import pty
    ours, theirs = pty.openpty()
    done = subprocess.Popen(
        [sys.executable, str(toys.ROOT / 'train.py'), '--dataset', str(toy),
         '--out', str(tmp_path), *toys.SMALL], stdout=theirs,
        stderr=subprocess.PIPE)
    os.close(theirs)
    said = b''
    with contextlib.suppress(OSError):  # the end, on Linux
        while part := os.read(ours, 1 << 12):
            said += part
    os.close(ours)
    assert done.communicate() == (None, b'') and done.returncode == 0
    assert re.search(rb'total \[#+\.+\] 63\.49%', said)


def test_settings_name_no_place(toy, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = toys.fit('out', toy, '--seed', '5')
    text = (folder / 'args.json').read_text()
    assert str(tmp_path) not in text and str(toy.parent) not in text
    stored = json.loads(text)
    assert stored['seed'] == 5
    assert stored['label_names'] == ['negative', 'positive']
    assert os.path.samefile(folder / stored['dataset'], toy)
    data = text_datasets.load_dataset(str(toy), seed=5)
    assert stored['data_fingerprint'] == text_datasets.fingerprint(data)


def test_a_new_run_removes_the_old_ones_results(toy, tmp_path):
    folder = toys.fit(tmp_path, toy)
    (folder / 'dknn.json').write_text('{}')
    (folder / 'mine.txt').write_text('')
    (folder / 'activations' / 'test').mkdir(parents=True)
    toys.fit(tmp_path, toy)
    names = {path.name for path in folder.iterdir()}
    assert 'mine.txt' in names
    assert not names & {'dknn.json', 'activations'}


def test_a_batch_larger_than_the_data_is_one_sweep(tmp_path):
    toys.write_csv(tmp_path / 'toy.csv', toys.sentences(40))
    folder = toys.fit(tmp_path, tmp_path / 'toy.csv', '--epoch', '1',
                      '--batchsize', '500')
    log = json.loads((folder / 'log').read_text())
    assert [entry['epoch'] for entry in log] == [1]


def test_changed_labels_and_another_data_set_are_refused(tmp_path):
    data = tmp_path / 'toy.csv'
    toys.write_csv(data, toys.sentences(40))
    folder = toys.fit(tmp_path, data)
    data.write_text(data.read_text().replace('neg', 'zneg'))
    with pytest.raises(ValueError, match='was trained on the labels'):
        runs.load_run(folder)
    (tmp_path / 'other').mkdir()
    other = tmp_path / 'other' / 'toy.csv'
    toys.write_csv(other, toys.sentences(40))
    before = (folder / 'best_model.npz').read_bytes()
    with pytest.raises(ValueError, match=(
            r"whose --dataset is '../toy.csv', not '../other/toy.csv'; "
            'replace it with --overwrite')):
        toys.fit(tmp_path, other)
    assert (folder / 'best_model.npz').read_bytes() == before
