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
from evaluation.tables import Table, as_latex
from files.atomic import write_csv, write_json, write_jsonl
from runs import flags, training
from runs.processes import processes
from saliency import records, variants
from saliency.outputs import output_path
from saliency.plain import percent
from saliency.rows import prediction_row

SHOWN_ERROR = 0.1  # of the sets that are printed, unless --error is given
TITLES = {'softmax': 'softmax', 'dknn': 'DkNN', 'soft': 'soft DkNN'}


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


def table_of(result, error):
    """Softmax, if there is one, DkNN and soft DkNN, side by side.

    Args:
        result (dict): What ``dknn.json`` will hold.
        error (float): Of the prediction sets, one that was measured.

    Returns:
        tables.Table: Its cells are numbers in four decimals.
    """
    columns = result['predictors'].values()
    level = predictors.level(error)
    first = [None] * (len(columns) - 2)
    rows = [(title, [column[name] for column in columns]) for title, name in [
        ('accuracy', 'accuracy'), ('NLL', 'nll'), ('Brier score', 'brier'),
        ('ECE', 'ece')]]
    *_, counted, soft = columns
    with_sets = [counted, soft]
    shown = [next(row for row in column['prediction_sets']
                  if row['level'] == level) for column in with_sets]
    rows += [(f'prediction sets at {percent(level)}%: {title}',
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
    options = runs.plan_search(run, flags.dknn_options(args), args.memory)
    train, calib, test = runs.stored_splits(
        run, ['train', 'calib', args.split])
    dknn = runs.fit_dknn(run, train, calib, **options)
    test = test.select(slice(args.limit))
    said = predictors.predict(dknn, test)
    result = {
        **sizes_of(run, args.split, test),
        **predictors.figures(said, sorted({*predictors.ERRORS, error},
                                          reverse=True)),
        **settings_of(run, args, options['index'], dknn)}
    lines = predictors.prediction_records(run, args.split, said, error)
    files = {'predictions.jsonl': list(lines) if args.csv else lines,
             **left_out(run, args, dknn, test, said.dknn, said.soft)}
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


def settings_of(run, args, index, dknn):
    """What ``dknn.json`` says of the settings."""
    return {'index': index,
            'recall': dknn.recall_ and statistics.fmean(dknn.recall_),
            'recall_of_layers': dknn.recall_,
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
