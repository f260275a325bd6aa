#!/usr/bin/env python
"""Explain predictions: which words, which training texts.

    python interpret.py --model-setup results/stsa.binary_cnn/args.json
    python interpret.py --text "a gorgeous , witty , seductive movie ."
    python interpret.py --repl

Explains the test split and writes ``interpretations.html``, a page to read,
and ``interpretations.jsonl``, the same as data (docs/output.md).  What is less
than the whole test split does not replace these: ``interpretations.part.html``
is the page of some texts, or of another split.

The answers for your own texts are printed; with ``--out`` they are written,
too, as ``interpretations.own.html`` and so on.
"""
import compat  # noqa: F401  (before Chainer)

import argparse
import contextlib
import itertools
import pathlib

import runs
from errors import UserError
from files.atomic import json_line, write_csv, write_jsonl
from runs import flags, training
from runs.notes import note
from runs.processes import processes
from saliency import records
from saliency.explainer import fit_explainer
from saliency.methods import DEFAULT_METHODS, METHODS, all_options
from saliency.outputs import output_path
from saliency.plain import heading, record_lines
from saliency.questions import (
    check_premise,
    own_questions,
    split_questions,
    typed_examples,
)
from saliency.rows import word_rows

RELEASED_NAMES = {'dknn': 'conformity', 'softmax': 'confidence',
                  'grad': 'gradient'}
# --only -> whether a record is kept
SELECTIONS = {
    'wrong': lambda r: r['gold'] is not None and r['gold'] not in (
        r['softmax']['label'], r['dknn']['label']),
    'disagree': lambda r: r['softmax']['label'] != r['dknn']['label'],
    'unusual': lambda r: r['dknn']['credibility'] < r['dknn']['error'],
}
NEAREST = 5  # training texts of a layer in a record
NEAREST_PRINTED = 2  # ... of them on a terminal, unless --nearest is given
MANY = 5  # texts that one reads on a terminal
JSONL = 'interpretations.jsonl'
# Of two arguments that cannot be given together: the one, those that it
# excludes, and why
OWN_TEXTS = 'your own texts are in no split'
WRITING = 'out', 'figure', 'csv', 'latex'
CONFLICTS = [
    ('interp_method', ['method'], 'both name the methods'),
    ('text', ['split', 'ids'], OWN_TEXTS),
    ('input', ['split', 'ids'], OWN_TEXTS),
    ('repl', ['text', 'input', 'split', 'ids', 'limit', 'only'],
     'it asks for the texts'),
    ('repl', WRITING, 'it prints only'),
    ('json', ['latex'], 'both are printed'),
]
REDRAWN = 'redraw', 'out', 'figure'  # all that goes together with --redraw


def build_parser():
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    flags.add_run_flags(parser)
    flags.add_dknn_flags(parser)
    flags.add_error_flag(parser, records.ERROR)
    add_text_flags(parser.add_argument)
    add_method_flags(parser.add_argument)
    add_output_flags(parser.add_argument)
    return parser


def parse_flags(argv):
    """The flags; two that contradict each other are refused."""
    parser = build_parser()
    args = parser.parse_args(argv)
    flag_of = {action.dest: action.option_strings[0]
               for action in reversed(parser._actions)}
    for action in parser._actions:
        action.default = argparse.SUPPRESS
    given = vars(parser.parse_args(argv))  # no more than was given
    others = [dest for dest in given if dest not in REDRAWN]
    for dest, excluded, why in [
            *CONFLICTS, ('redraw', others, 'it draws what is in the file')]:
        for other in excluded:
            if dest in given and other in given:
                parser.error(f'{flag_of[dest]} cannot be given with '
                             f'{flag_of[other]}: {why}; leave one out')
    if args.csv and not writes(args):
        parser.error('--csv writes a file beside the JSONL; give --out DIR, '
                     'where both go')
    args.error = args.error or records.ERROR
    return args


def is_own(args):
    """Whether the user's own texts are explained."""
    return bool(args.text or args.input)


def writes(args):
    """Whether page and JSONL are written: answers that are printed need
    ``--out`` for that."""
    return bool(args.out) or not (is_own(args) or args.json)


def add_text_flags(add):
    """Which texts are explained."""
    add('--text', action='append', metavar='TEXT',
        help='a text of your own; for a model of pairs give it twice, '
             'premise first')
    add('--input', metavar='FILE',
        help="your own texts, one a line ('-': standard input); of a pair "
             'both, a tab between')
    add('--repl', action='store_true',
        help='ask for texts, one after another, and answer each')
    add('--split', choices=['test', 'valid', 'calib'], default='test',
        help='what to explain (default: test)')
    add('--limit', type=flags.positive, metavar='N',
        help='only the first N texts')
    add('--ids', type=flags.numbers, metavar='I,J',
        help='only these texts of the split, counted from 0')
    add('--only', choices=sorted(SELECTIONS),
        help='wrong: neither predictor is right; disagree: the predictors '
             'differ; unusual: credibility below --error')


def add_method_flags(add):
    """How they are explained."""
    add('--method', nargs='+', choices=METHODS, metavar='METHOD',
        default=list(DEFAULT_METHODS),
        help=f'any of {" ".join(METHODS)} '
             f'(default: {" ".join(DEFAULT_METHODS)})')
    add('--interp_method', choices=sorted(RELEASED_NAMES),
        help='one method by its name in the released code')
    add('--premise', action='store_true',
        help="score the premise's words, too")
    add('--nearest', type=flags.positive, metavar='N',
        help=f'training texts shown a layer (default: {NEAREST}, on a '
             f'terminal {NEAREST_PRINTED})')
    add('--reduce', choices=METHODS, metavar='METHOD',
        help='also reduce each text to the fewest words that keep the '
             'prediction, the least important by METHOD first')
    for option in all_options():
        add(f'--{option.name}', metavar='N', default=option.default,
            type=flags.whole_number(option.least, option.most),
            help=f'{option.help}, from {option.least} to {option.most} '
                 f'(default: {option.default})')


def add_output_flags(add):
    """Where the explanations go."""
    add('--out', '-o', metavar='DIR',
        help='folder for the page and the JSONL (default: the run folder; '
             'your own texts are only printed)')
    add('--json', action='store_true',
        help='print the records, one JSON object a line; files only with '
             '--out')
    add('--latex', action='store_true',
        help="print the words' scores for a paper (LaTeX, booktabs)")
    add('--csv', action='store_true',
        help='also write a table for a spreadsheet, a row a word, beside the '
             'JSONL')
    add('--figure', metavar='FILE', type=flags.figure_file,
        help='also draw the texts for a paper: .pdf, .svg or .png')
    add('--redraw', metavar='FILE',
        help=f'draw the page (and figure) of an {JSONL} again; no model is '
             'needed')


def load_run(args):
    run = runs.load_run(args.model_setup, args.data_dir, args.gpu,
                        args.dtype)
    check_premise(run, args.premise)
    return run


def explainer_of(run, args, questions=(), split=None):
    """The explainer of a run, and what is stored of a split, if one is named.

    The questions are those that are known beforehand.
    """
    dknn_options = runs.plan_search(
        run, flags.dknn_options(args), args.memory, n_held=len(questions),
        n_words=sum(len(words) for q in questions for words in q.words))
    train, calib, *others = runs.stored_splits(
        run, ['train', 'calib', *([split] if split else [])])
    explainer = fit_explainer(
        run, train, calib, args.premise,
        {option.name: getattr(args, option.name) for option in all_options()},
        args.error, **dknn_options)
    return explainer, *others


def explain(args):
    """Loads a run and explains; returns the run and the records."""
    run = load_run(args)
    if is_own(args):
        questions = own_questions(run, typed_examples(
            args.text, args.input, 1 + run.data.pair))[:args.limit]
        explainer, = explainer_of(run, args, questions)
        outputs = None
    else:
        questions = split_questions(run, args.split, args.ids, args.limit)
        explainer, stored = explainer_of(run, args, questions, args.split)
        outputs = stored.select([question.id for question in questions])
    found = list(explainer.records(
        questions, list(dict.fromkeys(args.method)), outputs,
        args.nearest or NEAREST, SELECTIONS.get(args.only), args.reduce))
    if not found:
        raise UserError(f'--only {args.only}: no such text among '
                        f'{len(questions):,}')
    return run, found


def ask_again(args):
    """Answers one text after another, until there is none."""
    from interactive.explainer import TextExplainer  # imports jinja2
    from interactive.prompt import Prompt

    if processes().size > 1:
        raise UserError('--repl answers in one process; start it without '
                        'mpiexec')
    explainer, = explainer_of(load_run(args), args)
    Prompt(TextExplainer(explainer), list(dict.fromkeys(args.method)),
           args.nearest or NEAREST_PRINTED, args.reduce,
           json_line if args.json else None).run()


def print_records(args, found):
    """Prints records as lines of JSON, for a paper, or for people."""
    if args.json:
        for record in found:
            print(json_line(record))
    elif args.latex:
        from evaluation.tables import as_latex
        from evaluation.word_tables import word_tables
        print('\n\n'.join(as_latex(table) for record in found
                          for table in word_tables(record)))
    elif is_own(args):
        print_answers(args, found)


def print_answers(args, found):
    """Prints what people read: all, or the first where all are written."""
    n_nearest = args.nearest or NEAREST_PRINTED
    print('\n\n'.join('\n'.join(
        [heading(record)] * (len(found) > 1)
        + record_lines(record, n_nearest))
        for record in (found[:MANY] if writes(args) else found)))
    if len(found) > MANY and not writes(args):
        note(f'{len(found):,} texts explained; --out DIR writes them as a '
             'page to read')


def redrawn_page(args):
    """Where the page of ``--redraw FILE.jsonl`` is written: FILE.html."""
    source = pathlib.Path(args.redraw)
    page = pathlib.Path(args.out or source.parent) / f'{source.stem}.html'
    if page.resolve() == source.resolve():
        raise UserError(f'--redraw {source}: the page would replace it; give '
                        f'it the name {source.stem}.jsonl')
    return page


def output_files(args, run):
    """Where page, JSONL and CSV are written."""
    lines = output_path(
        args.out or run.folder, JSONL, args.split, own=is_own(args),
        part={args.limit, args.only} != {None} or args.ids is not None)
    return lines.with_suffix('.html'), lines, lines.with_suffix('.csv')


def write_results(args, run, found):
    """Writes page, JSONL and perhaps CSV; returns their paths."""
    import visualize
    page, lines, table = output_files(args, run)
    with contextlib.ExitStack() as stack:
        if page.parent.resolve() == run.folder.resolve():
            stack.enter_context(training.results_of(run))
        write_jsonl(lines, found)
        if args.csv:
            write_csv(table, itertools.chain.from_iterable(
                map(word_rows, found)))
        visualize.write_page(page, found)
    return page, lines, *([table] if args.csv else [])


def redraw(args):
    """Draws a page again; returns its records and paths."""
    import visualize
    source = pathlib.Path(args.redraw)
    page = redrawn_page(args)
    with training.unchanged(source.parent):
        found = records.read_records(source)
        visualize.write_page(page, found)
    return found, [page]


def main(argv=None):
    args = parse_flags(argv)
    if args.interp_method:
        args.method = [RELEASED_NAMES[args.interp_method]]
    if args.repl:
        ask_again(args)
        return
    if args.redraw:
        found, written = redraw(args)
    else:
        run, found = explain(args)
        if not processes().is_root:
            return
        print_records(args, found)
        written = write_results(args, run, found) if writes(args) else []
    say = note if args.json or args.latex else print
    if written:
        say(f'{len(found):,} texts explained; wrote '
            + ', '.join(map(str, written)))
    if args.figure:
        from page import figures  # imports matplotlib
        figures.write_saliency_figure(args.figure, found)
        say(f'wrote {args.figure}')


if __name__ == '__main__':
    runs.run_script(main)
