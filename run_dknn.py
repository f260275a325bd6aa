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
import time

import numpy as np

import runs
from evaluation.tables import Table, as_latex
from files.atomic import write_csv, write_json, write_jsonl
from metrics.confidence import softmax
from metrics.reliability import calibration_report
from runs import flags, training
from runs.processes import processes
from saliency import parts, records, variants
from saliency.outputs import output_path
from saliency.plain import percent
from saliency.rows import prediction_row

ERRORS = 0.2, 0.1, 0.05  # of the prediction sets that are measured
SHOWN_ERROR = 0.1  # of those that are printed, unless --error is given
DECIMALS = 6  # in predictions.jsonl
TITLES = {'softmax': 'softmax', 'dknn': 'DkNN', 'soft': 'soft DkNN'}
MEASURES = 'accuracy', 'nll', 'n_impossible', 'brier', 'ece'


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
    flags.add_error_flag(parser, records.ERROR)
    parser.add_argument('--csv', action='store_true',
                        help='also write predictions.csv, for a spreadsheet')
    parser.add_argument('--latex', action='store_true',
                        help='print the table for a paper (LaTeX, booktabs)')
    return parser


def level(error):
    """1 - error, as it is written."""
    return round(1 - error, 12)


def coverage(prediction, labels, errors):
    """Prediction sets at each error: their coverage and mean size."""
    rows = []
    for error in errors:
        sets = prediction.prediction_set(error)
        rows.append({
            'level': level(error),
            'coverage': float(sets[np.arange(len(sets)), labels].mean()),
            'mean_size': float(sets.sum(axis=1).mean())})
    return rows


def evaluate(prediction, soft, probs, softmax_label, labels, errors=ERRORS):
    """The figures of ``dknn.json`` that compare the predictors.

    Without probabilities (None) those of softmax are left out; prediction
    sets are measured at each of the errors.
    """
    right = prediction.label == labels
    credibility = prediction.credibility
    of_softmax, figures = {}, {}
    if probs is not None:
        of_softmax = {'softmax': measures(probs, softmax_label, labels)}
        figures = {
            'softmax_accuracy': float((softmax_label == labels).mean()),
            'agreement': float((softmax_label == prediction.label).mean()),
            'softmax_confidence': float(probs.max(axis=1).mean())}
    return {
        **figures,
        'dknn_accuracy': float(right.mean()),
        'soft_accuracy': float((soft.label == labels).mean()),
        'credibility': float(credibility.mean()),
        'credibility_right': _mean(credibility[right]),
        'credibility_wrong': _mean(credibility[~right]),
        'prediction_sets': coverage(prediction, labels, errors),
        'predictors': {
            **of_softmax,
            **{name: {**measures(found.conformity, found.label, labels),
                      'credibility': float(found.credibility.mean()),
                      'prediction_sets': coverage(found, labels, errors)}
               for name, found in [('dknn', prediction), ('soft', soft)]}}}


def measures(probs, predicted, labels):
    """How good probabilities are, as a dict (docs/output.md)."""
    report = calibration_report(probs, labels, predicted=predicted)
    return {name: report[name] for name in MEASURES}


def _mean(values):
    return float(values.mean()) if len(values) else None


def prediction_records(run, split, prediction, soft, probs, softmax_label,
                       labels, error=records.ERROR):
    """One JSON-ready dict for each text, in the order of the split."""
    examples = getattr(run.data, split)
    sets, soft_sets = (found.prediction_set(error)
                       for found in (prediction, soft))
    for i, label in enumerate(labels.tolist()):
        yield {
            'id': i, 'split': split,
            'texts': [' '.join(tokens) for tokens in examples[i].texts],
            'label': label,
            **({} if probs is None else {'softmax': parts.softmax_part(
                softmax_label[i], probs[i], decimals=DECIMALS)}),
            'dknn': parts.dknn_part(prediction, i, sets[i], DECIMALS, error),
            'soft': parts.dknn_part(soft, i, soft_sets[i], DECIMALS, error),
            'label_names': list(run.data.label_names)}


def table_of(result, error):
    """Softmax, if there is one, DkNN and soft DkNN, side by side.

    Args:
        result (dict): What ``dknn.json`` will hold.
        error (float): Of the prediction sets, one that was measured.

    Returns:
        tables.Table: Its cells are numbers in four decimals.
    """
    columns = result['predictors'].values()
    first = [None] * (len(columns) - 2)
    rows = [(title, [column[name] for column in columns]) for title, name in [
        ('accuracy', 'accuracy'), ('NLL', 'nll'), ('Brier score', 'brier'),
        ('ECE', 'ece')]]
    *_, counted, soft = columns
    with_sets = [counted, soft]
    shown = [next(row for row in column['prediction_sets']
                  if row['level'] == level(error)) for column in with_sets]
    rows += [(f'prediction sets at {percent(level(error))}%: {title}',
              [*first, *(row[name] for row in shown)]) for title, name in [
                  ('coverage', 'coverage'), ('mean size', 'mean_size')]]
    rows += [('mean confidence, credibility',
              [*(result['softmax_confidence'] for _ in first),
               *(column['credibility'] for column in with_sets)]),
             ('  where DkNN is right', [*first, result['credibility_right'],
                                        None]),
             ('  where DkNN is wrong', [*first, result['credibility_wrong'],
                                        None])]
    if first:
        rows += [('agreement with softmax', [None, result['agreement'], None])]
    return Table(
        'predictors', f'{result["dataset"]}, {result["model"]}',
        [TITLES[name] for name in result['predictors']],
        [(name, ['' if value is None else f'{value:.4f}' for value in values])
         for name, values in rows],
        '; '.join(f'{TITLES[name]}: no NLL, as {n:,} of '
                  f'{result["n_test"]:,} labels have the probability 0'
                  for name in ('dknn', 'soft')
                  if (n := result['predictors'][name]['n_impossible'])))


def as_text(table):
    """A table of one width, and its note below."""
    lines = [f'{name:34}' + ''.join(f'{cell:>10}' for cell in cells).rstrip()
             for name, cells in [('', table.columns), *table.rows]]
    return '\n'.join([*lines, *([table.note] if table.note else [])])


def main(argv=None):
    args = build_parser().parse_args(argv)
    error = args.error or records.ERROR
    start = time.perf_counter()
    run = runs.load_named(args)
    memory = runs.plan_memory(run, args.memory, args.index, args.layers)
    train, calib, test = runs.stored_splits(
        run, ['train', 'calib', args.split])
    dknn = runs.fit_dknn(run, train, calib, **flags.dknn_options(args),
                         memory=memory)
    test = test.select(slice(args.limit))
    prediction = dknn.predict(test.layers)
    soft = dknn.predict(test.layers, soft=True)
    probs = softmax_label = None
    if test.logits is not None:
        probs, softmax_label = softmax(test.logits), test.logits.argmax(axis=1)
    result = {
        **sizes_of(run, args.split, test),
        **evaluate(prediction, soft, probs, softmax_label, test.labels,
                   sorted({*ERRORS, error}, reverse=True)),
        **settings_of(run, args, dknn)}
    predictions = prediction_records(run, args.split, prediction, soft, probs,
                                     softmax_label, test.labels, error)
    files = {
        'predictions.jsonl': list(predictions) if args.csv else predictions,
        **left_out(run, args, dknn, test, prediction, soft)}
    result['seconds'] = time.perf_counter() - start
    if not processes().is_root:
        return
    show = as_latex if args.latex else as_text
    print(show(table_of(result, args.error or SHOWN_ERROR)))
    written = write_results(run, args, result, files)
    print('% ' * args.latex
          + f'{len(test.labels):,} texts in {result["seconds"]:.1f} s; wrote '
          + ', '.join(map(str, written)))


def sizes_of(run, split, test):
    """What ``dknn.json`` says of the examples."""
    return {'dataset': run.args['dataset'], 'model': run.args['model'],
            'split': split, 'n_train': len(run.data.train),
            'n_calibration': len(run.data.calib),
            'n_test': len(test.labels)}


def settings_of(run, args, dknn):
    """What ``dknn.json`` says of the settings."""
    return {'index': args.index,
            'layers': [run.model.layer_names[i] for i in dknn.layers_],
            'n_neighbors': args.neighbors,
            'class_conditional': args.class_conditional,
            'bandwidths': dknn.bandwidths_, 'weights': dknn.weights_}


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
    """Writes ``dknn.json``, JSONL files, perhaps CSV; returns their paths."""
    place = functools.partial(
        output_path, args.out or run.folder, split=args.split,
        part=args.limit is not None)
    figures, *lines = written = [place(name)
                                 for name in ('dknn.json', *files)]
    with training.results_of(run):
        write_json(figures, result)
        for path, found in zip(lines, files.values(), strict=True):
            write_jsonl(path, found)
        if args.csv:
            written.append(place('predictions.csv'))
            write_csv(written[-1], map(csv_row, files['predictions.jsonl']))
    return written


def csv_row(record):
    """A line of ``predictions.jsonl`` as a row: the true label, too."""
    row = prediction_row(record, record['texts'])
    return {'id': row.pop('id'), 'split': record['split'],
            'label': record['label_names'][record['label']], **row}


if __name__ == '__main__':
    runs.run_script(main)
