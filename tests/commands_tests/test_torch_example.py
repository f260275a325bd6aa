"""docs/examples/torch_activations.py, where PyTorch is installed."""
import compat  # noqa: F401  (before Chainer)

import argparse
import importlib.util
import json

import numpy as np
import pytest
import toys
from predicting import read

import evaluate
import run_dknn

PATH = toys.ROOT / 'docs' / 'examples' / 'torch_activations.py'


@pytest.fixture(scope='module')
def example():
    pytest.importorskip('torch')
    spec = importlib.util.spec_from_file_location('torch_activations', PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_torch_classifier(example, tmp_path):
    """Scores are those of a text and of the same text without the word."""
    import torch

    file = toys.write_csv(tmp_path / 'toy.csv', toys.sentences(200))
    folder = tmp_path / 'given'
    example.main([str(file), str(folder), '--epochs', '6'])
    run_dknn.main(['--activations', str(folder), '-k', '9'])
    result, records = read(folder)
    assert result['layers'] == ['mean', 'hidden 1', 'hidden 2']
    assert (result['dataset'], result['model']) == ('toy', 'torch')
    assert result['n_test'] == 20 and result['dknn_accuracy'] > .8

    splits = example.split(example.read_csv(file), 0)
    vocab = example.vocabulary(splits['train'])
    model = example.fit(splits['train'], vocab, ['negative', 'positive'],
                        argparse.Namespace(seed=0, width=32, epochs=6))

    def log_odds(text):
        with torch.no_grad():
            z = model(*example.packed([text], vocab))[0][0].double().numpy()
        return z - z[::-1]  # of two classes

    found = [json.loads(line) for line in (
        folder / 'leave_one_out.jsonl').read_text().splitlines()]
    for record, own, (label, text) in zip(found, records, splits['test'],
                                          strict=True):
        assert own['texts'] == [' '.join(text)]
        assert own['label_names'][own['label']] == label
        entry = record['methods']['logodds']
        expected = [(log_odds(text) - log_odds(text[:i] + text[i + 1:])
                     )[entry['target']] for i in range(len(text))]
        np.testing.assert_allclose(entry['scores'], expected, atol=1e-3)


def test_its_evaluation(example, tmp_path):
    file = toys.write_csv(tmp_path / 'toy.csv', toys.sentences(200))
    example.main([str(file), str(tmp_path / 'given'), '--epochs', '2'])
    evaluate.main(['--activations', str(tmp_path / 'given'), '-k', '9',
                   '--only', 'accuracy', 'debugging'])
    result = json.loads((
        tmp_path / 'given' / 'evaluation.part.json').read_text())
    assert list(result['parts']) == ['accuracy', 'debugging']
    assert result['left_out'] == {}
