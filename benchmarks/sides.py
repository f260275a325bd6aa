"""This project beside PyTorch and faiss, each in a process of its own.

Both sides read the same encoded texts and print one JSON object of seconds:
``ours.py`` and ``torch_peer.py``.
"""
import json
import pathlib
import statistics
import subprocess
import sys

import numpy as np

import nlp_utils
import text_datasets

FOLDER = pathlib.Path(__file__).resolve().parent
MODELS = 'cnn', 'rnn', 'bilstm'
# stage -> (model, what both sides time, target of ours / theirs)
STAGES = {
    'training epoch, cnn': ('cnn', ['train_epoch'], 0.6),
    'training epoch, rnn': ('rnn', ['train_epoch'], 0.9),
    'training epoch, bilstm': ('bilstm', ['train_epoch'], 0.9),
    'DkNN build + test set, cnn': ('cnn', ['build', 'test'], 0.35),
    'conformity leave-one-out, cnn': ('cnn', ['explain'], 1 / 3),
    'conformity leave-one-out, rnn': ('rnn', ['explain'], 1 / 2),
}


def write_texts(path, dataset, data_dir):
    """Encodes a data set's training and test texts for both sides.

    Args:
        path (str or Path): The .npz file to write.  It holds ``n_vocab`` and,
            for ``train`` and ``test``, the packed ids, int32 (T,), the
            lengths, int64 (n,), and the labels, int32 (n,).
        dataset (str): Name or path of a data set of single texts.
        data_dir (str): As for ``text_datasets.load_dataset``.
    """
    data = text_datasets.load_dataset(dataset, data_dir)
    vocab = nlp_utils.make_vocab(
        tokens for example in data.train for tokens in example.texts)
    arrays = {'n_vocab': len(vocab)}
    for split in ('train', 'test'):
        texts, labels = nlp_utils.convert_batch([
            nlp_utils.encode_example(example, vocab)
            for example in getattr(data, split)])
        arrays[f'{split}_ids'] = np.concatenate(texts.sides[0])
        arrays[f'{split}_lengths'] = texts.lengths()
        arrays[f'{split}_labels'] = labels
    np.savez(path, **arrays)


def run_side(python, script, texts, model):
    """Runs one side once.

    Args:
        python (str): The Python to run it with.
        script (str): ``'ours.py'`` or ``'torch_peer.py'``.
        texts (str or Path): What ``write_texts`` wrote.
        model (str): One of ``MODELS``.

    Returns:
        dict: What the script prints last, a JSON object.
    """
    result = subprocess.run(
        [python, FOLDER / script, texts, '--model', model], check=True,
        stdout=subprocess.PIPE, text=True)
    return json.loads(result.stdout.splitlines()[-1])


def compare_models(torch_python, texts, repeats):
    """Runs both sides in alternation.

    Args:
        torch_python (str): A Python with torch and faiss-cpu.
        texts (str or Path): What ``write_texts`` wrote.
        repeats (int): Runs of each side.

    Returns:
        dict: Model to a pair of lists, our runs and theirs.
    """
    runs = {}
    for model in MODELS:
        ours, theirs = [], []
        for _ in range(repeats):
            ours.append(run_side(sys.executable, 'ours.py', texts, model))
            theirs.append(run_side(torch_python, 'torch_peer.py', texts,
                                   model))
            print(f'  {model}: ours {ours[-1]}', flush=True)
            print(f'  {model}: torch {theirs[-1]}', flush=True)
        runs[model] = ours, theirs
    return runs


def stage_rows(runs):
    """The stages of ``STAGES``: medians over the repeats.

    Args:
        runs (dict): What ``compare_models`` returned.

    Returns:
        list of dict: A row a stage.  ``ratio`` is the median of the repeats'
        own ratios, ours divided by theirs.
    """
    rows = []
    for stage, (model, parts, target) in STAGES.items():
        ours, theirs = ([sum(run[part] for part in parts) for run in side]
                        for side in runs[model])
        ratios = [a / b for a, b in zip(ours, theirs, strict=True)]
        rows.append({'stage': stage, 'peer': 'PyTorch + faiss',
                     'ours': statistics.median(ours),
                     'theirs': statistics.median(theirs),
                     'ratio': statistics.median(ratios), 'target': target})
    return rows


def part_rows(runs):
    """Where this project's time goes.

    Args:
        runs (dict): What ``compare_models`` returned.

    Returns:
        list of dict: Median seconds by model and part.
    """
    return [{'model': model, 'part': part, 'seconds': statistics.median(
                run['parts'][part] for run in ours)}
            for model, (ours, _) in runs.items() for part in ours[0]['parts']]
