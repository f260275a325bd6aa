#!/usr/bin/env python
"""Index, calibrate and evaluate a trained classifier with Deep k-NN.

    python run_dknn.py --model-setup results/stsa.binary_cnn/args.json

Prints softmax and DkNN side by side and writes ``dknn.json`` (the figures)
and ``predictions.jsonl`` (a line a test text) into the run folder.
"""
import compat  # noqa: F401  (before Chainer)

import argparse
import time

import numpy as np

import runs
from calibration import softmax

LEVELS = 0.8, 0.9, 0.95
ERROR = 0.05  # of the prediction sets in predictions.jsonl


def build_parser():
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    runs.add_run_flags(parser)
    runs.add_dknn_flags(parser)
    parser.add_argument('--split', choices=['test', 'valid', 'calib'],
                        default='test', help='what to predict (default: '
                        'test)')
    parser.add_argument('--limit', type=runs.positive, metavar='N',
                        help='only the first N texts of the split')
    return parser


def coverage(model, p_values, labels):
    """Prediction sets at each level: their coverage and mean size."""
    rows = []
    for level in LEVELS:
        sets = model.prediction_set(p_values, error=1 - level)
        rows.append({
            'level': level,
            'coverage': float(sets[np.arange(len(sets)), labels].mean()),
            'mean_size': float(sets.sum(axis=1).mean())})
    return rows


def evaluate(model, prediction, probs, labels):
    """The figures of ``dknn.json`` that compare the two predictors."""
    softmax_label = probs.argmax(axis=1)
    right = prediction.label == labels
    credibility = prediction.credibility
    return {
        'softmax_accuracy': float((softmax_label == labels).mean()),
        'dknn_accuracy': float(right.mean()),
        'agreement': float((softmax_label == prediction.label).mean()),
        'softmax_confidence': float(probs.max(axis=1).mean()),
        'credibility': float(credibility.mean()),
        'credibility_right': _mean(credibility[right]),
        'credibility_wrong': _mean(credibility[~right]),
        'prediction_sets': coverage(model, prediction.p_values, labels)}


def _mean(values):
    return float(values.mean()) if len(values) else None


def prediction_records(run, split, model, prediction, probs, labels):
    """One JSON-ready dict for each text, in the order of the split."""
    examples = getattr(run.data, split)
    sets = model.prediction_set(prediction.p_values, error=ERROR)
    for i, label in enumerate(labels.tolist()):
        yield {
            'id': i, 'split': split,
            'texts': [' '.join(tokens) for tokens in examples[i].texts],
            'label': label,
            'softmax': {'label': int(probs[i].argmax()),
                        'probabilities': _rounded(probs[i])},
            'dknn': {'label': int(prediction.label[i]),
                     'conformity': _rounded(prediction.conformity[i]),
                     'p_values': _rounded(prediction.p_values[i]),
                     'credibility': _rounded(prediction.credibility[i]),
                     'confidence': _rounded(prediction.confidence[i]),
                     'prediction_set': np.flatnonzero(sets[i]).tolist(),
                     'error': ERROR},
            'label_names': list(run.data.label_names)}


def _rounded(values):
    return np.round(np.asarray(values, np.float64), 6).tolist()


def print_table(result):
    """Softmax and DkNN, side by side."""
    rows = [
        ('accuracy', result['softmax_accuracy'], result['dknn_accuracy']),
        ('agreement of the two', None, result['agreement']),
        ('mean confidence, credibility', result['softmax_confidence'],
         result['credibility']),
        ('  where DkNN is right', None, result['credibility_right']),
        ('  where DkNN is wrong', None, result['credibility_wrong'])]
    rows += [(f'prediction sets at {row["level"]:.0%}: coverage', None,
              row['coverage']) for row in result['prediction_sets']]
    rows += [(f'prediction sets at {row["level"]:.0%}: mean size', None,
              row['mean_size']) for row in result['prediction_sets']]
    print(f'{"":34}{"softmax":>9}{"DkNN":>9}')
    for name, *values in rows:
        print(f'{name:34}' + ''.join(
            f'{"" if value is None else format(value, ".4f"):>9}'
            for value in values))


def main(argv=None):
    args = build_parser().parse_args(argv)
    start = time.perf_counter()
    run = runs.load_run(args.model_setup, args.data_dir, args.gpu)
    model = runs.fit_dknn(run, args)
    logits, layers, labels = runs.activations(run, args.split)
    stop = args.limit or len(labels)
    labels = labels[:stop]
    prediction = model.predict([layer[:stop] for layer in layers])
    probs = softmax(logits[:stop])
    result = {
        'dataset': run.args['dataset'], 'model': run.args['model'],
        'split': args.split, 'n_train': len(run.data.train),
        'n_calibration': len(run.data.calib), 'n_test': len(labels),
        **evaluate(model, prediction, probs, labels),
        'index': args.index,
        'layers': [run.model.layer_names[i] for i in model.layers_],
        'n_neighbors': args.neighbors,
        'class_conditional': args.class_conditional,
        'seconds': time.perf_counter() - start}
    print_table(result)
    runs.write_json(run.folder / 'dknn.json', result)
    runs.write_jsonl(
        run.folder / 'predictions.jsonl',
        prediction_records(run, args.split, model, prediction, probs,
                           labels))
    print(f'{len(labels):,} texts in {result["seconds"]:.1f} s; wrote '
          f'{run.folder / "dknn.json"}, {run.folder / "predictions.jsonl"}')


if __name__ == '__main__':
    runs.run_script(main)
