#!/usr/bin/env python
"""Index, calibrate and evaluate a trained classifier with Deep k-NN.

    python run_dknn.py --model-setup results/stsa.binary_cnn/args.json
    python run_dknn.py --activations DIR

Prints softmax, DkNN and soft DkNN side by side and writes ``dknn.json`` (the
figures) and ``predictions.jsonl`` (a line a test text) into the run folder; of
a part of the test split, or another split, ``dknn.part.json`` and
``predictions.part.jsonl``.  Activations of another framework are a run, too
(docs/activations.md); of texts with parts left out,
``leave_one_out.jsonl`` has scores.
"""
import compat  # noqa: F401  (before Chainer)

import argparse
import functools
import statistics
import time

import runs
from evaluation import predictors
from files.atomic import write_json, write_jsonl
from runs import flags, training
from runs.processes import processes
from saliency import variants
from saliency.outputs import output_path

SHOWN_LEVEL = 0.9  # of the prediction sets that are printed


def build_parser():
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    flags.add_run_flags(parser)
    flags.add_activations_flags(parser)
    flags.add_dknn_flags(parser)
    parser.add_argument('--split', choices=['test', 'valid', 'calib'],
                        default='test', help='what to predict (default: '
                        'test)')
    parser.add_argument('--limit', type=flags.positive, metavar='N',
                        help='only the first N texts of the split')
    return parser


def print_table(result):
    """Prints softmax, if there is one, DkNN and soft DkNN, side by side."""
    columns = result['predictors'].values()
    titles = {'softmax': 'softmax', 'dknn': 'DkNN', 'soft': 'soft DkNN'}
    first = [None] * (len(columns) - 2)
    rows = [(title, [column[name] for column in columns]) for title, name in [
        ('accuracy', 'accuracy'), ('NLL', 'nll'), ('Brier score', 'brier'),
        ('ECE', 'ece')]]
    *_, counted, soft = columns
    with_sets = [counted, soft]
    shown = [next(row for row in column['prediction_sets']
                  if row['level'] == SHOWN_LEVEL) for column in with_sets]
    rows += [(f'prediction sets at {SHOWN_LEVEL:.0%}: {title}',
              [*first, *(row[name] for row in shown)]) for title, name in [
                  ('coverage', 'coverage'), ('mean size', 'mean_size')]]
    rows += [('mean confidence, credibility',
              [*(result['softmax_confidence'] for _ in first),
               *(column['credibility'] for column in with_sets)]),
             ('  where DkNN is right', [*first, result['credibility_right']]),
             ('  where DkNN is wrong', [*first, result['credibility_wrong']])]
    if first:
        rows += [('agreement with softmax', [None, result['agreement']])]
    print(' ' * 34 + ''.join(f'{titles[name]:>10}'
                             for name in result['predictors']))
    for name, values in rows:
        print(f'{name:34}' + ''.join(
            f'{"" if value is None else format(value, ".4f"):>10}'
            for value in values).rstrip())
    for name in ('dknn', 'soft'):
        if n := result['predictors'][name]['n_impossible']:
            print(f'{titles[name]}: no NLL, as {n:,} of '
                  f'{result["n_test"]:,} labels have the probability 0')


def main(argv=None):
    args = build_parser().parse_args(argv)
    start = time.perf_counter()
    run = runs.load_named(args)
    options = runs.plan_search(run, flags.dknn_options(args), args.memory)
    train, calib, test = runs.stored_splits(
        run, ['train', 'calib', args.split])
    dknn = runs.fit_dknn(run, train, calib, **options)
    test = test.select(slice(args.limit))
    said = predictors.predict(dknn, test)
    result = {
        'dataset': run.args['dataset'], 'model': run.args['model'],
        'split': args.split, 'n_train': len(run.data.train),
        'n_calibration': len(run.data.calib), 'n_test': len(test.labels),
        **predictors.figures(dknn, said),
        'index': options['index'],
        'recall': dknn.recall_ and statistics.fmean(dknn.recall_),
        'recall_of_layers': dknn.recall_,
        'layers': [run.model.layer_names[i] for i in dknn.layers_],
        'n_neighbors': args.neighbors,
        'class_conditional': args.class_conditional,
        'bandwidths': dknn.bandwidths_, 'weights': dknn.weights_}
    files = {'predictions.jsonl': predictors.prediction_records(
        run, args.split, dknn, said),
        **left_out(run, args, dknn, test, said.dknn, said.soft)}
    result['seconds'] = time.perf_counter() - start
    if not processes().is_root:
        return
    print_table(result)
    written = write_results(run, args, result, files)
    print(f'{len(test.labels):,} texts in {result["seconds"]:.1f} s; wrote '
          + ', '.join(map(str, written)))


def left_out(run, args, dknn, test, prediction, soft):
    """Name of a file to its records, where variants of texts were given."""
    if args.split != 'test' or run.given is None or (
            run.given.variants is None):
        return {}
    given = run.given.variants.of_first(len(test.labels))
    scores = variants.leave_one_out(dknn, test, prediction, soft, given)
    return {'leave_one_out.jsonl': variants.variant_records(
        scores, run.data.label_names, given)}


def write_results(run, args, result, files):
    """Writes ``dknn.json`` and JSONL files; returns their paths."""
    place = functools.partial(
        output_path, args.out or run.folder, split=args.split,
        part=args.limit is not None)
    figures, *lines = written = [place(name)
                                 for name in ('dknn.json', *files)]
    with training.results_of(run):
        write_json(figures, result)
        for path, found in zip(lines, files.values(), strict=True):
            write_jsonl(path, found)
    return written


if __name__ == '__main__':
    runs.run_script(main)
