#!/usr/bin/env python
"""Explain predictions: which words, which training texts.

    python interpret.py --model-setup results/stsa.binary_cnn/args.json
    python interpret.py --text "a gorgeous , witty , seductive movie ."

Explains the test split, and writes ``interpretations.html``, a page to read,
and ``interpretations.jsonl``, the same as data (docs/output.md).  What is less
than the whole test split does not replace these: ``interpretations.part.html``
is the page of some texts, or of another split.  Your own texts are answered
here; with ``--out`` they have a page, too, ``interpretations.own.html``.
"""
import compat  # noqa: F401  (before Chainer)

import argparse
import contextlib
import pathlib
import sys

import runs
from errors import UserError
from files.atomic import json_line, write_jsonl
from runs import flags, training
from runs.processes import processes
from saliency import records
from saliency.explainer import Question, fit_explainer
from saliency.methods import DEFAULT_METHODS, METHODS, all_options
from saliency.outputs import output_path
from saliency.plain import report_lines
from saliency.questions import check_premise, own_questions

RELEASED_NAMES = {'dknn': 'conformity', 'softmax': 'confidence',
                  'grad': 'gradient'}
# --only -> whether a record is kept
SELECTIONS = {
    'wrong': lambda r: r['gold'] is not None and r['gold'] not in (
        r['softmax']['label'], r['dknn']['label']),
    'disagree': lambda r: r['softmax']['label'] != r['dknn']['label'],
    'unusual': lambda r: r['dknn']['credibility'] < records.ERROR,
}
PRINTED = 5  # texts of the user's own that are answered in print
JSONL = 'interpretations.jsonl'
# Of two arguments that cannot be given together: the one, those that it
# excludes, and why
OWN_TEXTS = 'your own texts are in no split'
CONFLICTS = [
    ('interp_method', ['method'], 'both name the methods'),
    ('text', ['split', 'ids'], OWN_TEXTS),
    ('input', ['split', 'ids'], OWN_TEXTS),
]
REDRAWN = 'redraw', 'out', 'figure'  # all that goes together with --redraw


def build_parser():
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    flags.add_run_flags(parser)
    flags.add_dknn_flags(parser)
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
    if args.json and not _is_own(args):
        parser.error('--json prints what is said of your own texts; give '
                     f'--text or --input (those of a split are in {JSONL})')
    return args


def add_text_flags(add):
    """Which texts are explained."""
    add('--text', action='append', metavar='TEXT',
        help='a text of your own; for a model of pairs give it twice, '
             'premise first')
    add('--input', metavar='FILE',
        help="your own texts, one a line ('-': standard input); of a pair "
             'both, a tab between')
    add('--split', choices=['test', 'valid', 'calib'], default='test',
        help='what to explain (default: test)')
    add('--limit', type=flags.positive, metavar='N',
        help='only the first N texts')
    add('--ids', type=_numbers, metavar='I,J',
        help='only these texts of the split, counted from 0')
    add('--only', choices=sorted(SELECTIONS),
        help='wrong: neither predictor is right; disagree: the predictors '
             f'differ; unusual: credibility below {records.ERROR}')


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
    add('--nearest', type=flags.positive, default=5, metavar='N',
        help='training texts shown a layer (default: 5)')
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
             'your own texts have none without it)')
    add('--json', action='store_true',
        help='print the records of your own texts, one a line, and nothing '
             'else')
    add('--figure', metavar='FILE', type=_figure_file,
        help='also draw the texts for a paper: .pdf, .svg or .png')
    add('--redraw', metavar='FILE',
        help=f'draw the page (and figure) of an {JSONL} again; no model is '
             'needed')


def _numbers(text):
    try:
        return [int(part) for part in text.split(',')]
    except ValueError:
        raise argparse.ArgumentTypeError(
            f'expected numbers like 3,17, got {text!r}') from None


def _figure_file(text):
    if pathlib.Path(text).suffix not in ('.pdf', '.svg', '.png'):
        raise argparse.ArgumentTypeError(
            f'expected a name ending in .pdf, .svg or .png, got {text!r}')
    return text


def typed_texts(args, n_texts):
    """What the user typed: a list of examples, each of `n_texts` strings."""
    given = args.text or []
    examples = [given[i:i + n_texts] for i in range(0, len(given), n_texts)]
    if len(given) % n_texts:
        examples = [given]  # refused below, with their number
    if args.input:
        lines = [line for line in _read_text(args.input).split('\n')
                 if line.strip()]
        if not lines:
            raise UserError(f'{args.input} holds no text; give one a line')
        examples += [line.split('\t') if n_texts > 1 else [line]
                     for line in lines]
    for texts in examples:
        if len(texts) != n_texts:
            raise UserError(
                f'this model takes {n_texts} texts at a time, got '
                f'{len(texts)}; give --text twice, premise first, or a '
                'tab between both in --input')
    return examples


def _read_text(path):
    content = (sys.stdin.buffer.read() if path == '-'
               else pathlib.Path(path).read_bytes())
    try:
        text = content.decode('utf-8-sig')
    except UnicodeDecodeError as error:
        raise UserError(f'{path} is not UTF-8 ({error.reason} at byte '
                        f'{error.start}); save it with UTF-8 encoding'
                        ) from None
    return text.replace('\r\n', '\n').replace('\r', '\n')


def split_questions(run, args):
    """The chosen examples of a split."""
    examples = getattr(run.data, args.split)
    ids = range(len(examples)) if args.ids is None else args.ids
    for i in ids:
        if not 0 <= i < len(examples):
            raise UserError(f'--ids: there is no text {i} among the '
                            f'{len(examples):,} of split {args.split}')
    return [Question(i, examples[i], examples[i].texts, args.split)
            for i in ids[:args.limit]]


def explain(args):
    """Loads a run and explains; returns the run and the records."""
    run = runs.load_run(args.model_setup, args.data_dir, args.gpu,
                        args.dtype)
    check_premise(run, args.premise)
    own = _is_own(args)
    questions = own_questions(
        run, typed_texts(args, 2 if run.data.pair else 1)
        )[:args.limit] if own else split_questions(run, args)
    dknn_options = runs.plan_search(
        run, flags.dknn_options(args), args.memory, n_held=len(questions),
        n_words=sum(len(words) for q in questions for words in q.words))
    outputs = None
    if own:
        train, calib = runs.stored_splits(run, ['train', 'calib'])
    else:
        train, calib, split = runs.stored_splits(
            run, ['train', 'calib', args.split])
        outputs = split.select([question.id for question in questions])
    explainer = fit_explainer(
        run, train, calib, args.premise,
        {option.name: getattr(args, option.name) for option in all_options()},
        **dknn_options)
    found = list(explainer.records(
        questions, list(dict.fromkeys(args.method)), outputs,
        args.nearest, SELECTIONS.get(args.only), args.reduce))
    if not found:
        raise UserError(f'--only {args.only}: no such text among '
                        f'{len(questions):,}')
    return run, found


def _is_own(args):
    return bool(args.text or args.input)


def redrawn_page(args):
    """Where the page of ``--redraw FILE.jsonl`` is written: FILE.html."""
    source = pathlib.Path(args.redraw)
    page = pathlib.Path(args.out or source.parent) / f'{source.stem}.html'
    if page.resolve() == source.resolve():
        raise UserError(f'--redraw {source}: the page would replace it; give '
                        f'it the name {source.stem}.jsonl')
    return page


def output_files(args, run):
    """Where page and JSONL are written."""
    lines = output_path(
        args.out or run.folder, JSONL, args.split,
        own=_is_own(args),
        part={args.limit, args.only} != {None} or args.ids is not None)
    return lines.with_suffix('.html'), lines


def redraw(args):
    """Draws the page of a file again; returns its records."""
    import visualize  # not for --help, nor for an answer in print
    page, source = redrawn_page(args), pathlib.Path(args.redraw)
    with training.unchanged(source.parent):
        found = records.read_records(source)
        visualize.write_page(page, found)
    print(f'{len(found):,} texts explained; wrote {page}')
    return found


def explain_and_write(args):
    """Explains texts, and writes page and JSONL; returns the records."""
    import visualize
    run, found = explain(args)
    if not processes().is_root:
        return None
    page, lines = output_files(args, run)
    with contextlib.ExitStack() as stack:
        if page.parent.resolve() == run.folder.resolve():
            stack.enter_context(training.results_of(run))
        write_jsonl(lines, found)
        visualize.write_page(page, found)
    if _is_own(args):
        print_records(args, found)
    if not args.json:
        print(f'{len(found):,} texts explained; wrote {page}, {lines}')
    return found


def answer(args):
    """Explains the user's own texts in print; returns the records."""
    _, found = explain(args)
    if not processes().is_root:
        return None
    print_records(args, found)
    if len(found) > PRINTED and not args.json:
        print(f'... and {len(found) - PRINTED:,} more; --out DIR writes a '
              'page of all, --json prints them')
    return found


def print_records(args, found):
    """Prints all records as JSON, or the first as tables."""
    if args.json:
        for record in found:
            print(json_line(record))
        return
    for record in found[:PRINTED]:
        print('\n'.join(report_lines(record)), end='\n\n')


def main(argv=None):
    args = parse_flags(argv)
    if args.interp_method:
        args.method = [RELEASED_NAMES[args.interp_method]]
    if args.redraw:
        found = redraw(args)
    elif _is_own(args) and not args.out:
        found = answer(args)
    else:
        found = explain_and_write(args)
    if args.figure and found:
        from page import figures  # imports matplotlib
        figures.write_saliency_figure(args.figure, found)
        print(f'wrote {args.figure}',
              file=sys.stderr if args.json else sys.stdout)


if __name__ == '__main__':
    runs.run_script(main)
