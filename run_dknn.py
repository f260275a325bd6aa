#!/usr/bin/env python
"""Index, calibrate and evaluate a trained classifier with Deep k-NN.

    python run_dknn.py --model-setup results/stsa.binary_cnn/args.json

Prints softmax, DkNN and soft DkNN side by side and writes ``dknn.json`` (the
figures) and ``predictions.jsonl`` (a line a test text) into the run folder; of
a part of the test split, or another split, ``dknn.part.json`` and
``predictions.part.jsonl``.
"""
import compat  # noqa: F401  (before Chainer)

import argparse
import time

import numpy as np

import runs
from files.atomic import write_json, write_jsonl
from metrics.confidence import softmax
from metrics.reliability import calibration_report
from runs import flags, training
from saliency import parts, records
from saliency.outputs import output_path

LEVELS = 0.8, 0.9, 0.95
SHOWN_LEVEL = 0.9  # of the prediction sets that are printed
DECIMALS = 6  # in predictions.jsonl
MEASURES = 'accuracy', 'nll', 'n_impossible', 'brier', 'ece'


def build_parser():
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    flags.add_run_flags(parser)
    flags.add_dknn_flags(parser)
    parser.add_argument('--split', choices=['test', 'valid', 'calib'],
                        default='test', help='what to predict (default: '
                        'test)')
    parser.add_argument('--limit', type=flags.positive, metavar='N',
                        help='only the first N texts of the split')
    return parser


def coverage(dknn, p_values, labels):
    """Prediction sets at each level: their coverage and mean size."""
    rows = []
    for level in LEVELS:
        sets = dknn.prediction_set(p_values, error=1 - level)
        rows.append({
            'level': level,
            'coverage': float(sets[np.arange(len(sets)), labels].mean()),
            'mean_size': float(sets.sum(axis=1).mean())})
    return rows


def evaluate(dknn, prediction, soft, probs, softmax_label, labels):
    """The figures of ``dknn.json`` that compare the predictors."""
    right = prediction.label == labels
    credibility = prediction.credibility
    return {
        'softmax_accuracy': float((softmax_label == labels).mean()),
        'dknn_accuracy': float(right.mean()),
        'soft_accuracy': float((soft.label == labels).mean()),
        'agreement': float((softmax_label == prediction.label).mean()),
        'softmax_confidence': float(probs.max(axis=1).mean()),
        'credibility': float(credibility.mean()),
        'credibility_right': _mean(credibility[right]),
        'credibility_wrong': _mean(credibility[~right]),
        'prediction_sets': coverage(dknn, prediction.p_values, labels),
        'predictors': {
            'softmax': measures(probs, softmax_label, labels),
            **{name: {**measures(found.conformity, found.label, labels),
                      'credibility': float(found.credibility.mean()),
                      'prediction_sets': coverage(dknn, found.p_values,
                                                  labels)}
               for name, found in [('dknn', prediction), ('soft', soft)]}}}


def measures(probs, predicted, labels):
    """How good probabilities are, as a dict (docs/output.md)."""
    report = calibration_report(probs, labels, predicted=predicted)
    return {name: report[name] for name in MEASURES}


def _mean(values):
    return float(values.mean()) if len(values) else None


def prediction_records(run, split, dknn, prediction, soft, probs,
                       softmax_label, labels):
    """One JSON-ready dict for each text, in the order of the split."""
    examples = getattr(run.data, split)
    sets, soft_sets = (dknn.prediction_set(found.p_values, records.ERROR)
                       for found in (prediction, soft))
    for i, label in enumerate(labels.tolist()):
        yield {
            'id': i, 'split': split,
            'texts': [' '.join(tokens) for tokens in examples[i].texts],
            'label': label,
            'softmax': parts.softmax_part(softmax_label[i], probs[i],
                                          decimals=DECIMALS),
            'dknn': parts.dknn_part(prediction, i, sets[i], DECIMALS),
            'soft': parts.dknn_part(soft, i, soft_sets[i], DECIMALS),
            'label_names': list(run.data.label_names)}


def print_table(result):
    """Prints softmax, DkNN and soft DkNN, side by side."""
    columns = result['predictors'].values()
    rows = [(title, [column[name] for column in columns]) for title, name in [
        ('accuracy', 'accuracy'), ('NLL', 'nll'), ('Brier score', 'brier'),
        ('ECE', 'ece')]]
    _, *with_sets = columns
    shown = [next(row for row in column['prediction_sets']
                  if row['level'] == SHOWN_LEVEL) for column in with_sets]
    rows += [(f'prediction sets at {SHOWN_LEVEL:.0%}: {title}',
              [None, *(row[name] for row in shown)]) for title, name in [
                  ('coverage', 'coverage'), ('mean size', 'mean_size')]]
    rows += [('mean confidence, credibility',
              [result['softmax_confidence'],
               *(column['credibility'] for column in with_sets)]),
             ('  where DkNN is right', [None, result['credibility_right']]),
             ('  where DkNN is wrong', [None, result['credibility_wrong']]),
             ('agreement with softmax', [None, result['agreement']])]
    print(f'{"":34}{"softmax":>10}{"DkNN":>10}{"soft DkNN":>10}')
    for name, values in rows:
        print(f'{name:34}' + ''.join(
            f'{"" if value is None else format(value, ".4f"):>10}'
            for value in values).rstrip())
    for name, title in [('dknn', 'DkNN'), ('soft', 'soft DkNN')]:
        if n := result['predictors'][name]['n_impossible']:
            print(f'{title}: no NLL, as {n:,} of {result["n_test"]:,} labels '
                  'have the probability 0')


def main(argv=None):
    args = build_parser().parse_args(argv)
    start = time.perf_counter()
    run = runs.load_run(args.model_setup, args.data_dir, args.gpu)
    memory = runs.plan_memory(run, args.memory, args.index, args.layers)
    train, calib, test = runs.stored_splits(
        run, ['train', 'calib', args.split])
    dknn = runs.fit_dknn(run, train, calib, **flags.dknn_options(args),
                         memory=memory)
    test = test.select(slice(args.limit))
    prediction = dknn.predict(test.layers)
    soft = dknn.predict(test.layers, soft=True)
    probs, softmax_label = softmax(test.logits), test.logits.argmax(axis=1)
    result = {
        'dataset': run.args['dataset'], 'model': run.args['model'],
        'split': args.split, 'n_train': len(run.data.train),
        'n_calibration': len(run.data.calib), 'n_test': len(test.labels),
        **evaluate(dknn, prediction, soft, probs, softmax_label,
                   test.labels),
        'index': args.index,
        'layers': [run.model.layer_names[i] for i in dknn.layers_],
        'n_neighbors': args.neighbors,
        'class_conditional': args.class_conditional,
        'bandwidths': dknn.bandwidths_, 'weights': dknn.weights_,
        'seconds': time.perf_counter() - start}
    print_table(result)
    figures, lines = (output_path(run.folder, name, args.split,
                                  part=args.limit is not None)
                      for name in ('dknn.json', 'predictions.jsonl'))
    with training.results_of(run):
        write_json(figures, result)
        write_jsonl(lines, prediction_records(
            run, args.split, dknn, prediction, soft, probs, softmax_label,
            test.labels))
    print(f'{len(test.labels):,} texts in {result["seconds"]:.1f} s; wrote '
          f'{figures}, {lines}')


if __name__ == '__main__':
    runs.run_script(main)
