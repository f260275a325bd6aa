"""docs/python.md does what it shows, and lists what is public."""
import compat  # noqa: F401  (before Chainer)

import importlib
import json
import os
import re
import subprocess
import sys
import types

import given_folders
import numpy as np
import pytest
import toys
from test_documents import blocks

PAGE = (toys.ROOT / 'docs' / 'python.md').read_text('utf-8')
BLOCKS = blocks(PAGE, 'python')
RECIPE = '# recipe\n'
LISTED = re.findall(r'^\| `([\w.]+)\.(\w+)` \| (.*) \|$', PAGE, re.MULTILINE)


@pytest.fixture(scope='module')
def place(tmp_path_factory):
    """A folder with a run, and activations of another framework."""
    folder = tmp_path_factory.mktemp('python')
    data = folder / 'data'
    data.mkdir()
    rows = list(toys.sentences(160))
    for name, part in [('train', rows[:140]), ('dev', rows[140:150]),
                       ('test', rows[150:])]:
        (data / f'stsa.binary.{name}').write_text(''.join(
            f'{int(label == "positive")} {text}\n' for label, text in part))
    toys.fit(folder / 'results', 'stsa.binary', '--data-dir', data)
    given = given_folders.write(folder / 'given', texts=True, variants=True)
    np.save(given / 'test_without' / 'positions.npy',
            np.array([2, 0, 2, 1, 1, 2, 0, 0, 2]))
    assert toys.command('run_dknn.py', '--activations', given, '-k',
                        '20').returncode == 0
    return folder


def test_the_examples_run(place):
    """In their order, in one program."""
    code = '\n'.join(
        block for block in BLOCKS if not block.startswith(RECIPE)
        and ('import pandas' not in block
             or importlib.util.find_spec('pandas')))
    done = subprocess.run(
        [sys.executable, '-W', 'ignore', '-c', code], cwd=place,
        capture_output=True, text=True, env={
            **os.environ, 'DKNN_DATA': str(place / 'data'),
            'PYTHONPATH': str(toys.ROOT)})
    assert done.returncode == 0, done.stderr
    for part in ('softmax: ', 'soft_shapley', '{"version": 1,',
                 '[[1, 2, 3], [1]] ', '[3 1] [1 2 3 1]'):
        assert part in done.stdout
    page = (place / 'given' / 'page.html').read_text('utf-8')
    assert 'film' in page and '<td' in page


class Tokenizer:
    """As of a small BERT: a word an id, 0 before it and 1 behind."""

    all_special_ids = [0, 1]
    words = ['[CLS]', '[SEP]', 'bad', 'good', 'film']

    def __call__(self, text):
        return {'input_ids': [0, *map(self.words.index, text.split()), 1]}

    def convert_ids_to_tokens(self, ids):
        return [self.words[i] for i in ids]


def small_model(torch):
    """Hidden states (1, L, 3) whose first row knows all words."""
    def model(ids, output_hidden_states):
        counts = torch.nn.functional.one_hot(ids, 5).float()
        state = (counts - counts.mean(1, keepdim=True)
                 + counts.sum(1, keepdim=True))
        return types.SimpleNamespace(
            logits=state[:, 0, 2:4], hidden_states=(counts, state, 2 * state))

    return types.SimpleNamespace(eval=lambda: model)


def test_the_recipe(tmp_path, monkeypatch):
    """With PyTorch, and classes in place of those of transformers."""
    recipe, = (block for block in BLOCKS if block.startswith(RECIPE))
    compile(recipe, 'recipe', 'exec')
    torch = pytest.importorskip('torch')
    from saliency import variants
    monkeypatch.setitem(sys.modules, 'transformers', types.SimpleNamespace(
        AutoTokenizer=types.SimpleNamespace(
            from_pretrained=lambda path: Tokenizer()),
        AutoModelForSequenceClassification=types.SimpleNamespace(
            from_pretrained=lambda path: small_model(torch))))
    texts, labels = ['good film', 'bad', 'film bad'] * 4, ['+', '-', '-'] * 4
    for split in ('train', 'calib', 'test'):
        exec(recipe.replace("'test'", repr(split)), {
            'PATH': 'x', 'folder': tmp_path, 'texts': texts, 'np': np,
            'labels': labels, 'json': json, 'variants': variants})
    (tmp_path / 'activations.json').write_text('{"version": 1}')
    import run_dknn
    run_dknn.main(['--activations', str(tmp_path), '-k', '3'])
    found = [json.loads(line) for line in (
        tmp_path / 'leave_one_out.jsonl').read_text().splitlines()]
    assert [line['positions'] for line in found] == [[1, 2], [1],
                                                     [1, 2]] * 4
    assert found[0]['label_names'] == ['+', '-']


@pytest.mark.parametrize('module, name, said', LISTED,
                         ids=[f'{m}.{n}' for m, n, _ in LISTED])
def test_public_names_exist(module, name, said):
    assert hasattr(importlib.import_module(module), name) and said


@pytest.mark.parametrize('module', ['dknn', 'neighbors', 'runs', 'nets'])
def test_all_public_names_are_listed(module):
    listed = {name for place, name, _ in LISTED if place == module}
    assert listed == set(importlib.import_module(module).__all__)
