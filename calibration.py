#!/usr/bin/env python
"""Fit the temperature of a trained run, and draw how reliable it is.

    python calibration.py --model-setup results/stsa.binary_cnn/args.json

Prints how well softmax, scaled softmax, DkNN and soft DkNN are calibrated on
the test split; writes ``temperature.json``, ``calibration.json`` and three
figures into the run folder.  The functions are those of ``metrics``, which can
be imported from here, too.
"""
import argparse

from files.atomic import write_json
from metrics.confidence import (  # noqa: F401
    brier_score,
    fit_temperature,
    negative_log_likelihood,
    softmax,
    top_label,
)
from metrics.reliability import (  # noqa: F401
    calibration_report,
    expected_calibration_error,
    maximum_calibration_error,
    reliability_curve,
)
from metrics.selective import accuracy_coverage

MOST_BINS = 1000  # far narrower bins than a test set can fill
COLUMNS = 'accuracy', 'nll', 'brier', 'ece', 'ece_mass', 'mce'


def build_parser():
    from runs import flags

    parser = argparse.ArgumentParser(
        description='Fit a temperature on the calibration split, and say how '
        'well softmax, scaled softmax, DkNN and soft DkNN are calibrated on '
        'the test split.')
    flags.add_run_flags(parser)
    flags.add_dknn_flags(parser)
    parser.add_argument('--bins', type=flags.whole_number(1, MOST_BINS),
                        default=15, metavar='N',
                        help='bins of ECE and the diagrams, from 1 to '
                             f'{MOST_BINS} (default: 15)')
    return parser


def print_table(reports):
    """Prints one line of measures for each predictor."""
    print(f'{"test split":24}' + ''.join(f'{name:>10}' for name in COLUMNS))
    for title, report in reports.items():
        print(f'{title:24}' + ''.join(
            f'{"-":>10}' if report[name] is None else f'{report[name]:10.4f}'
            for name in COLUMNS))
    for title, report in reports.items():
        if report['n_impossible']:
            print(f'{title}: no NLL, as {report["n_impossible"]:,} of '
                  f'{report["n"]:,} labels have the probability 0')


def reliability_panels(predictors, labels, bins):
    """Title and curve of each reliability diagram."""
    panels = []
    for title, (probs, predicted) in predictors.items():
        error = expected_calibration_error(probs, labels, bins,
                                           predicted=predicted)
        panels.append((f'{title}\nECE {error:.3f}', reliability_curve(
            probs, labels, bins, predicted=predicted)))
    return panels


def coverage_curves(predictors, prediction, labels):
    """Name, coverage and accuracy of each way to choose what to answer."""
    right = prediction.label == labels
    probs, predicted = predictors['softmax']
    scores = {
        'softmax confidence': top_label(probs, labels, predicted),
        'DkNN credibility': (prediction.credibility, right),
        'DkNN conformity': (prediction.conformity.max(axis=1), right)}
    curves = {name: accuracy_coverage(score, correct)
              for name, (score, correct) in scores.items()}
    return [(name, curve.coverage, curve.accuracy)
            for name, curve in curves.items()]


def write_figures(folder, predictors, labels, prediction, bins):
    """Writes three figures, as PNG and PDF; returns their file names."""
    from page import figures  # imports matplotlib

    right = prediction.label == labels
    groups = {'right': prediction.credibility[right],
              'wrong': prediction.credibility[~right]}
    panels = reliability_panels(predictors, labels, bins)
    curves = coverage_curves(predictors, prediction, labels)
    names = []
    for suffix in ('png', 'pdf'):
        reliability, credibility, coverage = new = [
            f'{stem}.{suffix}'
            for stem in ('reliability', 'credibility', 'coverage')]
        figures.write_reliability_figure(folder / reliability, panels)
        figures.write_histogram_figure(folder / credibility, groups,
                                       'credibility')
        figures.write_accuracy_coverage_figure(folder / coverage, curves)
        names += new
    return names


def main(argv=None):
    """The script; imports what only it needs, Chainer above all."""
    import runs
    from runs import flags, training
    from runs.processes import processes

    args = build_parser().parse_args(argv)
    run = runs.load_run(args.model_setup, args.data_dir, args.gpu,
                        args.dtype)
    options = runs.plan_search(run, flags.dknn_options(args), args.memory)
    train, calib, test = runs.stored_splits(run, ['train', 'calib', 'test'])
    temperature = runs.store_temperature(run, calib)
    dknn = runs.fit_dknn(run, train, calib, **options)
    prediction, soft = dknn.predict_both(test.layers)
    predicted = test.logits.argmax(axis=1)
    # Title -> probabilities and predicted labels, each predictor's own
    predictors = {
        'softmax': (softmax(test.logits), predicted),
        f'softmax at T = {temperature:.3f}': (
            softmax(test.logits, temperature), predicted),
        'DkNN conformity': (prediction.conformity, prediction.label),
        'soft DkNN conformity': (soft.conformity, soft.label)}
    reports = {title: calibration_report(probs, test.labels, args.bins, own)
               for title, (probs, own) in predictors.items()}
    if not processes().is_root:
        return
    print_table(reports)
    with training.results_of(run):
        write_json(run.folder / 'calibration.json',
                   {'temperature': temperature, 'bins': args.bins,
                    'reports': reports})
        names = write_figures(run.folder, predictors, test.labels,
                              prediction, args.bins)
    print(f'wrote temperature.json, calibration.json, {", ".join(names)} in '
          f'{run.folder}')


if __name__ == '__main__':
    import compat  # noqa: F401, I001  (before Chainer)
    from runs import run_script

    run_script(main)
