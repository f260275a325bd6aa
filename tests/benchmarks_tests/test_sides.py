"""Both sides read the same texts and are asked in the same words."""
import compat  # noqa: F401  (before Chainer)

import argparse
import ast
import json
import subprocess
import sys
import types

import numpy as np
import pytest
import toys

import nets
import nlp_utils
import text_datasets
from benchmarks import sides

PEER = sides.FOLDER / 'torch_peer.py'


@pytest.fixture
def texts(tmp_path):
    """100 training and 7 test texts of two to five words, of 2 labels."""
    rng = np.random.default_rng(0)
    arrays = {'n_vocab': 30}
    for split, n in (('train', 100), ('test', 7)):
        lengths = rng.integers(2, 6, n) + 1
        ids = [np.append(rng.integers(2, 30, length - 1), 0)
               for length in lengths]
        arrays.update({f'{split}_ids': np.concatenate(ids).astype(np.int32),
                       f'{split}_lengths': lengths,
                       f'{split}_labels': np.arange(n, dtype=np.int32) % 2})
    np.savez(tmp_path / 'texts.npz', **arrays)
    return tmp_path / 'texts.npz'


def n_variants(texts):
    with np.load(texts) as arrays:
        return int((arrays['test_lengths'] - 1).sum())


# ------------------------------------------------------------- what they read

def test_written_texts_are_those_of_the_data(tmp_path):
    path = toys.write_csv(tmp_path / 'toy.csv', toys.sentences(60))
    sides.write_texts(tmp_path / 'texts.npz', str(path), None)
    data = text_datasets.load_dataset(str(path))
    vocab = nlp_utils.make_vocab(e.texts[0] for e in data.train)
    with np.load(tmp_path / 'texts.npz') as arrays:
        assert arrays['n_vocab'] == len(vocab)
        words = dict(zip(vocab.values(), vocab, strict=True))
        for split in ('train', 'test'):
            ids = arrays[f'{split}_ids']
            assert ids.dtype == arrays[f'{split}_labels'].dtype == np.int32
            found = np.split(ids, np.cumsum(arrays[f'{split}_lengths']))[:-1]
            examples = getattr(data, split)
            assert [[words[i] for i in text] for text in found] == [
                [word if word in vocab else '<unk>'
                 for word in example.texts[0]] + ['<eos>']
                for example in examples]
            assert arrays[f'{split}_labels'].tolist() == [
                example.label for example in examples]


# ------------------------------------------------------------- how they run

@pytest.mark.parametrize('model', ['cnn', 'bilstm'])
def test_ours_as_a_command(texts, model):
    found = sides.run_side(sys.executable, 'ours.py', texts, model)
    parts = found['parts']
    assert found['n_variants'] == n_variants(texts)
    assert set(parts) == {
        'build, network', 'build, index', 'test, network',
        'test, neighbours', 'explain, network', 'explain, neighbours',
        'explain, products alone', 'test, products alone'}
    assert min(found['train_epoch'], *parts.values()) > 0
    for stage, of in [('build', ('network', 'index')),
                      ('test', ('network', 'neighbours')),
                      ('explain', ('network', 'neighbours'))]:
        assert found[stage] == sum(parts[f'{stage}, {part}'] for part in of)


def test_ours_fails_loudly(tmp_path):
    with pytest.raises(subprocess.CalledProcessError):
        sides.run_side(sys.executable, 'ours.py', tmp_path / 'none.npz',
                       'cnn')


def test_torch_peer_as_a_command(texts):
    pytest.importorskip('torch')
    pytest.importorskip('faiss')
    for model in sides.MODELS:
        found = sides.run_side(sys.executable, 'torch_peer.py', texts, model)
        assert found['n_variants'] == n_variants(texts)
        for _, (_, stages, _) in sides.STAGES.items():
            assert all(found[stage] > 0 for stage in stages)


def peer_function(name, **names):
    """A function of torch_peer.py, without importing torch."""
    tree = ast.parse(PEER.read_text(encoding='utf-8'))
    body = [node for node in tree.body if getattr(node, 'name', '') == name]
    assert len(body) == 1
    exec(compile(ast.Module(body, []), PEER, 'exec'), names)
    return names[name]


def test_the_peer_takes_what_the_bench_passes(monkeypatch):
    """Also where torch is not installed."""
    asked = []

    def run(words, **options):
        asked.append([str(word) for word in words])
        return types.SimpleNamespace(stdout='{}\n')

    monkeypatch.setattr(subprocess, 'run', run)
    tree = ast.parse(PEER.read_text(encoding='utf-8'))
    models, = (node.value for node in tree.body
               if isinstance(node, ast.Assign)
               and ast.unparse(node.targets[0]) == 'MODELS')
    names = [key.value for key in models.keys]
    assert set(names) == set(sides.MODELS) <= set(nets.ENCODERS)
    parser = peer_function('build_parser', argparse=argparse, MODELS=names,
                           __doc__='One.')()
    for model in sides.MODELS:
        sides.run_side('torch-python', 'torch_peer.py', 'a.npz', model)
        python, script, *words = asked[-1]
        assert (python, script) == ('torch-python', str(PEER))
        args = parser.parse_args(words)
        assert (args.data, args.model) == ('a.npz', model)


def test_both_sides_have_the_same_flags():
    flags = []
    for script in ('ours.py', 'torch_peer.py'):
        tree = ast.parse((sides.FOLDER / script).read_text(encoding='utf-8'))
        function, = (node for node in tree.body
                     if getattr(node, 'name', '') == 'build_parser')
        flags.append([
            (call.args[0].value, {k.arg: ast.literal_eval(k.value)
                                  for k in call.keywords
                                  if k.arg == 'default'})
            for call in ast.walk(function) if isinstance(call, ast.Call)
            and getattr(call.func, 'attr', '') == 'add_argument'])
    assert flags[0] == flags[1] and len(flags[0]) == 4


def test_the_peer_imports_nothing_of_ours():
    tree = ast.parse(PEER.read_text(encoding='utf-8'))
    found = {alias.name for node in tree.body if isinstance(node, ast.Import)
             for alias in node.names}
    found |= {node.module for node in tree.body
              if isinstance(node, ast.ImportFrom)}
    assert {name.partition('.')[0] for name in found} == {
        'argparse', 'json', 'time', 'faiss', 'numpy', 'torch'}


def test_sides_alternate(monkeypatch):
    asked = []

    def run_side(python, script, texts, model):
        asked.append((python, script, texts, model))
        return {'n': len(asked)}

    monkeypatch.setattr(sides, 'run_side', run_side)
    runs = sides.compare_models('theirs', 'a.npz', 2)
    assert runs['cnn'] == ([{'n': 1}, {'n': 3}], [{'n': 2}, {'n': 4}])
    assert asked == [
        (python, script, 'a.npz', model) for model in sides.MODELS
        for python, script in [(sys.executable, 'ours.py'),
                               ('theirs', 'torch_peer.py')] * 2]


# -------------------------------------------------------------------- medians

def test_stage_rows_by_hand():
    """The ratio is the median of ratios, not the ratio of medians."""
    def runs(*seconds):
        return [{'train_epoch': s, 'build': 10 * s, 'test': s,
                 'explain': 100 * s} for s in seconds]

    found = {'cnn': (runs(1, 2, 6), runs(4, 2, 8)),
             'rnn': (runs(3), runs(6)), 'bilstm': (runs(1), runs(4))}
    rows = {row.pop('stage'): row for row in sides.stage_rows(found)}
    assert list(rows) == list(sides.STAGES)
    assert rows['training epoch, cnn'] == {
        'peer': 'PyTorch + faiss', 'ours': 2, 'theirs': 4, 'ratio': .75,
        'target': .6}
    build = rows['DkNN build + test set, cnn']
    assert (build['ours'], build['theirs'], build['ratio']) == (22, 44, .75)
    assert rows['conformity leave-one-out, rnn']['ratio'] == .5
    assert rows['training epoch, bilstm']['ratio'] == .25


def test_part_rows_by_hand():
    runs = {'cnn': ([{'parts': {'a': s, 'b': 1}} for s in (5, 1, 2)], []),
            'rnn': ([{'parts': {'a': 7}}], [])}
    assert sides.part_rows(runs) == [
        {'model': 'cnn', 'part': 'a', 'seconds': 2},
        {'model': 'cnn', 'part': 'b', 'seconds': 1},
        {'model': 'rnn', 'part': 'a', 'seconds': 7}]


def test_the_last_line_is_the_result(monkeypatch):
    line = json.dumps({'train_epoch': 1.5})
    monkeypatch.setattr(
        subprocess, 'run', lambda *args, **options: types.SimpleNamespace(
            stdout=f'a warning\n{line}\n'))
    assert sides.run_side('python', 'ours.py', 'a.npz', 'cnn') == {
        'train_epoch': 1.5}
