#!/usr/bin/env python
"""Is it true? Measure explanations, uncertainty and accuracy of a run.

    python evaluate.py --model-setup results/stsa.binary_cnn/args.json
    python evaluate.py --only faithfulness --judge results/stsa.binary_bilstm
    python evaluate.py --activations DIR

Prints tables and writes ``evaluation.json`` (docs/output.md) and figures into
the run folder; of some parts, or of a part of the test split,
``evaluation.part.json``.  A part that has more to say than tables writes it
beside, such as ``debugging.jsonl`` and ``debugging.html``.  Of activations
made by another framework (docs/activations.md), what needs a network is left
out.
"""
import compat  # noqa: F401  (before Chainer)

import argparse
import functools
import pathlib
import time

import runs
from errors import UserError
from evaluation import pictures, tables
from evaluation.parts import PARTS
from evaluation.setting import NEEDS, Setting
from files.atomic import write_json, write_jsonl
from files.tables import dataset_title
from runs import flags, training
from runs.processes import processes
from saliency.outputs import output_path

VERSION = 1


def build_parser():
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    flags.add_run_flags(parser)
    flags.add_activations_flags(parser)
    flags.add_dknn_flags(parser)
    add = parser.add_argument
    add('--only', nargs='+', choices=PARTS, metavar='PART',
        help='these parts only: ' + '; '.join(
            f'{name} ({part.summary})' for name, part in PARTS.items()))
    add('--judge', metavar='RUN',
        help='an independent run on the same data set and seed, such as '
             'another encoder, that judges explanations')
    add('--ensemble', nargs='+', metavar='RUN',
        help='further runs on the same data set, such as other seeds, whose '
             'mean probability is a rival of the scores of uncertainty')
    add('--ood', nargs='+', metavar='DATASET',
        help='data sets out of the domain (default: the test texts with '
             'their words shuffled, and every other data set at hand)')
    add('--rationales', metavar='FILE',
        help="what people marked in your own texts: JSONL with text, label "
             'and weights, a number a word')
    add('--split', choices=['test', 'valid'], default='test',
        help='what to evaluate; choose settings on valid (default: test)')
    add('--limit', type=flags.positive, metavar='N',
        help='only the first N test texts')
    add('--texts', type=flags.positive, default=1000, metavar='N',
        help='texts whose explanations are measured, at most (default: '
             '1,000)')
    add('--seed', type=flags.seed, default=0,
        help='of the bootstrap and of what is drawn (default: 0)')
    add('--latex', action='store_true',
        help='print the tables for a paper (LaTeX, booktabs)')
    return parser


def load_setting(args):
    """The run to evaluate, with its judge."""
    run = runs.load_named(args)
    options = plan_search(args, run)
    return Setting(run, options, args.limit, args.texts, args.seed, args.ood,
                   load_judge(args, run, options), args.data_dir,
                   args.rationales, args.split, load_ensemble(args, run))


def plan_search(args, run):
    """As ``runs.plan_search``; some parts hold whole layers, and are refused.

    A part compares DkNN with up to two others, and perhaps there is a judge.
    """
    unbounded = [name for name in args.only or PARTS
                 if not PARTS[name].is_bounded]
    if args.memory is not None and unbounded:
        raise UserError(
            f'--memory bounds no part {", ".join(unbounded)}; name with '
            '--only those that it bounds: ' + ', '.join(
                name for name, part in PARTS.items() if part.is_bounded))
    return runs.plan_search(run, flags.dknn_options(args), args.memory,
                            n_searches=3 + (args.judge is not None))


def load_judge(args, run, options):
    """The independent run, as a Setting; it must have the same splits.

    Numbers of layers are those of the run that is evaluated: of a judge all
    are searched then.
    """
    if args.judge is None:
        return None
    judge = runs.load_run(args.judge, args.data_dir, args.gpu, args.dtype)
    if judge.data.test != run.data.test or (
            judge.data.train != run.data.train):
        raise UserError(
            f'--judge {args.judge} was not trained on the training texts of '
            f'{run.folder} (data set, --seed and --calib-size decide on '
            'them); train one that was')
    if judge.digest == run.digest:
        raise UserError(f'--judge {args.judge} is the run itself; name '
                        'another, such as one of another encoder')
    if not isinstance(options['layers'], str):
        options = {**options, 'layers': 'all'}
    return Setting(judge, options, args.limit, args.texts, args.seed,
                   split=args.split)


def load_ensemble(args, run):
    """The further runs; none was trained on the texts that are evaluated."""
    members = []
    for path in args.ensemble or ():
        member = runs.load_run(path, args.data_dir, args.gpu, args.dtype)
        if getattr(member.data, args.split) != getattr(run.data, args.split):
            raise UserError(
                f'--ensemble {path} has another {args.split} split than '
                f'{run.folder}, whose texts it may have been trained on; name '
                'runs with the same data set and, where it has no published '
                'split, the same --seed')
        members.append(member)
    return members


def left_out(setting, names):
    """Parts, or what of them, that a Setting lacks something for.

    Returns:
        dict: What it lacks, of ``setting.NEEDS``, to a list of str.
    """
    found = {}
    for name in names:
        for what, need in PARTS[name].lacks(setting, name).items():
            found.setdefault(need, []).append(what)
    return found


def measure(setting, names):
    """Name of each part to its tables and the seconds that it took.

    Raises:
        UserError: If there is no part but those that are left out.
    """
    names = [name for name in names
             if name not in PARTS[name].lacks(setting, name)]
    if not names:
        raise UserError('all parts of --only need a network, and '
                        '--activations has none; choose others, or evaluate '
                        'a run')
    found = {}
    for name in names:
        start = time.perf_counter()
        measured = PARTS[name].measure(setting)
        found[name] = measured, time.perf_counter() - start
    return found


def result_of(args, setting, found, lacking):
    """The contents of ``evaluation.json``."""
    run = setting.run
    return {
        'version': VERSION, 'dataset': run.args['dataset'],
        'model': run.args['model'], 'split': args.split, 'seed': args.seed,
        'n_test': len(setting.labels), 'limit': args.limit,
        'n_texts': args.texts,
        'index': setting.dknn_options['index'],
        'n_neighbors': args.neighbors,
        'judge': None if setting.judge is None else {
            'dataset': setting.judge.run.args['dataset'],
            'model': setting.judge.run.args['model'],
            'seed': setting.judge.run.args.get('seed')},
        'ensemble': [member.args.get('seed') for member in setting.ensemble],
        'left_out': lacking,
        'parts': {name: {'seconds': seconds,
                         'tables': [tables.as_json(t) for t in measured]}
                  for name, (measured, seconds) in found.items()}}


def write_figures(place, found):
    """Draws what there is to draw, as PNG and PDF; returns the paths.

    ``place`` gives the path of a file of that name.
    """
    from page import figures  # imports matplotlib

    every = [table for measured, _ in found.values() for table in measured]
    masking, judge = pictures.curves(every)
    paths = []
    for suffix in ('png', 'pdf'):
        for name, panels in pictures.estimates(every).items():
            paths.append(place(f'{name}.{suffix}'))
            figures.write_estimates_figure(paths[-1], panels)
        if masking:
            paths.append(place(f'masking.{suffix}'))
            figures.write_masking_figure(paths[-1], masking,
                                         f'probability, {judge} judges')
    return paths


def pages():
    """Part -> function (path, records, title) that writes its page."""
    from page import suspects  # imports jinja2: not for --help
    return {'debugging': suspects.write_page}


def write_records(setting, found, folder):
    """Writes what parts have beside their tables; returns the paths.

    Each has a JSONL named after the part, perhaps with a page beside it.
    """
    run, paths = setting.run, []
    for name, (measured, _) in found.items():
        records = measured and PARTS[name].records
        if not records:
            continue
        lines = folder / f'{name}.jsonl'
        records = list(records(setting))
        write_jsonl(lines, records)
        paths.append(lines)
        if name in pages():
            page = lines.with_suffix('.html')
            pages()[name](
                page, records,
                f'{dataset_title(run.args["dataset"])}, {run.args["model"]}')
            paths.append(page)
    return paths


def main(argv=None):
    args = build_parser().parse_args(argv)
    setting = load_setting(args)
    names = args.only or list(PARTS)
    found, lacking = measure(setting, names), left_out(setting, names)
    if not processes().is_root:
        return
    show = tables.as_latex if args.latex else tables.as_text
    for name, (measured, seconds) in found.items():
        print(f'{"% " if args.latex else ""}{name}, {seconds:.1f} s\n')
        for table in measured:
            print(show(table), end='\n\n')
    if lacking:
        print('% ' * args.latex + 'left out ' + '; '.join(
            f'{NEEDS[need]}: {", ".join(whats)}'
            for need, whats in lacking.items()), end='\n\n')
    folder = pathlib.Path(args.out or setting.run.folder)
    place = functools.partial(
        output_path, folder, split=args.split,
        part=bool(args.only or args.limit))
    path = place('evaluation.json')
    with training.results_of(setting.run):
        write_json(path, result_of(args, setting, found, lacking))
        written = [path, *write_records(setting, found, folder),
                   *write_figures(place, found)]
    print('wrote ' + ', '.join(map(str, written)))


if __name__ == '__main__':
    runs.run_script(main)
