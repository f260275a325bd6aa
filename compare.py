#!/usr/bin/env python
"""Several runs side by side: models, seeds, data sets, settings.

    python compare.py results/stsa.binary_cnn results/stsa.binary_bilstm
    python compare.py results/TREC_cnn seed1/TREC_cnn seed2/TREC_cnn --latex

Prints their figures, runs that differ by their seed only as mean and standard
deviation, and whether a run is right more often than the first on the same
test texts.  Writes ``compare.json``, the same as data, and
``compare.html``, a page of the texts on which the runs differ.  The figures
are those that run_dknn.py wrote into the run folders; what is missing there,
or older than the model, or of other settings is computed, and not stored.
"""
import compat  # noqa: F401  (before Chainer)

import argparse
import contextlib
import pathlib
import time

from comparison import figures, members, names, pairs, texts
from errors import UserError
from evaluation import tables
from files.atomic import write_json
from files.tables import dataset_title
from runs import flags, run_script, training
from runs.folder import ARGS, RESULTS
from runs.processes import processes
from saliency.methods import DEFAULT_METHODS, METHODS

VERSION = 1
OUT = f'{RESULTS}/compare'
JSON, PAGE = 'compare.json', 'compare.html'
OTHER_TEXTS = 'the runs are not all tested on the same texts'
NO_PAGE = '--limit 0'


def build_parser():
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    add = parser.add_argument
    add('runs', nargs='+', metavar='RUN',
        help='args.json of a run, or its folder; from 2 to 26 of them')
    add('--gpu', '-g', type=flags.whole_number(-1), default=-1,
        help='GPU number, -1 for the CPU (default: -1)')
    add('--data-dir', metavar='DIR',
        help='folder with the published data files (default: $DKNN_DATA)')
    flags.add_dknn_flags(parser)
    add('--method', choices=METHODS, metavar='METHOD',
        default=DEFAULT_METHODS[0],
        help=f'explains the predictions on the page, one of '
             f'{" ".join(METHODS)} (default: {DEFAULT_METHODS[0]})')
    add('--limit', type=flags.whole_number(0), default=200, metavar='N',
        help='texts on the page, those on which the runs differ most; 0 for '
             'no page (default: 200)')
    add('--out', '-o', metavar='DIR', default=OUT,
        help=f'folder for {JSON} and {PAGE} (default: {OUT})')
    add('--latex', action='store_true',
        help='print the tables for a paper (LaTeX, booktabs)')
    return parser


def output_folder(args):
    """Where the results go: into no run's folder, for they are of several."""
    folder = pathlib.Path(args.out)
    place = folder.resolve()
    if any((own / ARGS).exists() for own in (place, *place.parents)):
        raise UserError(f'--out {folder} is in the folder of a run, but the '
                        'results are of several; choose another, such as '
                        f'{OUT}')
    return folder


def result_of(args, found, groups, compared, n_differ):
    """The contents of ``compare.json``."""
    names_of = names.run_names(found)
    return {
        'version': VERSION, 'index': args.index,
        'n_neighbors': args.neighbors, 'method': args.method,
        'runs': [{
            'letter': member.letter, 'name': name,
            'folder': str(member.run.folder),
            'dataset': member.run.args['dataset'],
            'model': member.run.args['model'],
            'seed': member.run.args.get('seed'),
            'n_test': len(member.lines), 'computed': member.computed or None,
            'figures': figures.run_figures(member)}
            for member, name in zip(found, names_of, strict=True)],
        'groups': [{'name': group.name, 'runs': list(group.letters),
                    'figures': {table: {
                        column: spread and spread._asdict()
                        for column, spread in columns.items()}
                        for table, columns in group.figures.items()}}
                   for group in groups],
        'pairs': [{'a': pair.a, 'b': pair.b, 'predictor': pair.predictor,
                   **pair.found._asdict(),
                   'difference': pair.found.difference._asdict()}
                  for pair in compared],
        'n_differ': n_differ}


def about_page(args, found, compared, n_differ):
    """What the page says of all texts together."""
    names_of = names.run_names(found)
    first = found[0].run
    explains = METHODS[args.method].explains
    versus = {pair.b: pairs.shown_cells(pair) for pair in compared
              if pair.predictor == explains}
    return {
        'title': f'{dataset_title(first.args["dataset"])}: where '
                 f'{len(found)} runs differ',
        'runs': [{'name': name, 'versus': versus.get(member.letter),
                  'folder': str(member.run.folder),
                  'accuracy': {
                      title: figures.run_figures(member)['accuracy'][title]
                      for title in figures.TITLES.values()}}
                 for member, name in zip(found, names_of, strict=True)],
        'label_names': list(first.data.label_names), 'method': args.method,
        'n_test': len(first.data.test), 'n_differ': n_differ}


def page_texts(args, found, options):
    """How many texts differ, and those for the page; None without it."""
    if not args.limit or not all(
            members.same_texts(found[0], other) for other in found[1:]):
        return None, None
    return texts.described(found, names.run_names(found), args.method,
                           args.limit, options, args.memory)


def show(args, found, groups, compared):
    """Prints the runs and their tables."""
    mark = '% ' * args.latex
    for member, name in zip(found, names.run_names(found), strict=True):
        print(f'{mark}{name}: {member.run.folder}'
              + (f' ({member.computed}: computed, not stored)'
                 if member.computed else ''))
    print()
    shown = figures.tables_of(groups)
    if compared:
        shown.append(pairs.table_of(compared))
    for table in shown:
        print((tables.as_latex if args.latex else tables.as_text)(table),
              end='\n\n')


def write_results(folder, result, about, shown):
    """Writes JSON and page; returns the paths.

    Without texts to show, the page of an earlier comparison is removed.
    """
    data, page = folder / JSON, folder / PAGE
    write_json(data, result)
    if not shown:
        page.unlink(missing_ok=True)
        return [data]
    from page import comparison  # imports jinja2: not for --help
    comparison.write_page(page, about, shown)
    return [data, page]


def main(argv=None):
    args = build_parser().parse_args(argv)
    start = time.perf_counter()
    folder, options = output_folder(args), flags.dknn_options(args)
    found = members.load_members(args.runs, args.data_dir, args.gpu, options,
                                 args.memory)
    groups, compared = figures.grouped(found), pairs.compared(found)
    n_differ, shown = page_texts(args, found, options)
    if not processes().is_root:
        return
    show(args, found, groups, compared)
    result = result_of(args, found, groups, compared, n_differ)
    about = shown and about_page(args, found, compared, n_differ)
    with contextlib.ExitStack() as stack:
        for member in found:
            stack.enter_context(training.results_of(member.run))
        written = write_results(folder, result, about, shown)
    mark = '% ' * args.latex
    if not shown:
        print(mark + f'no page: {OTHER_TEXTS if args.limit else NO_PAGE}')
    print(f'{mark}{len(found)} runs in {time.perf_counter() - start:.1f} s; '
          'wrote ' + ', '.join(map(str, written)))


if __name__ == '__main__':
    run_script(main)
