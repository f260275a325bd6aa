#!/usr/bin/env python
"""Explain predictions: which words, which training texts.

    python interpret.py --model-setup results/stsa.binary_cnn/args.json
    python interpret.py --text "a gorgeous , witty , seductive movie ."

Explains the test split, or your own texts, and writes
``interpretations.html``, a page to read, and ``interpretations.jsonl``, the
same as data (docs/output.md).
"""
import compat  # noqa: F401  (before Chainer)

import argparse
import itertools
import json
import pathlib
import sys

import explainers
import nlp_utils
import runs
import text_datasets

DEFAULT_METHODS = 'conformity', 'confidence', 'calibrated', 'gradient'
RELEASED_NAMES = {'dknn': 'conformity', 'softmax': 'confidence',
                  'grad': 'gradient'}
# --only -> function(record) whether to keep it
SELECTIONS = {
    'wrong': lambda r: r['gold'] is not None and r['gold'] not in (
        r['softmax']['label'], r['dknn']['label']),
    'disagree': lambda r: r['softmax']['label'] != r['dknn']['label'],
    'unusual': lambda r: r['dknn']['credibility'] < explainers.ERROR,
}
PRINTED = 5
# Of a record, what --redraw needs
FIELDS = ('version', 'id', 'dataset', 'model', 'label_names', 'words',
          'known', 'softmax', 'dknn', 'methods')


def build_parser():
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    runs.add_run_flags(parser)
    runs.add_dknn_flags(parser)
    add = parser.add_argument
    add('--method', nargs='+', choices=explainers.METHODS,
        metavar='METHOD', default=list(DEFAULT_METHODS),
        help=f'any of {" ".join(explainers.METHODS)} '
             f'(default: {" ".join(DEFAULT_METHODS)})')
    add('--interp_method', choices=sorted(RELEASED_NAMES),
        help='one method by its name in the released code')
    add('--text', action='append', metavar='TEXT',
        help='a text of your own; for a model of pairs give it twice, '
             'premise first')
    add('--input', metavar='FILE',
        help="your own texts, one a line ('-': standard input); of a pair "
             'both, a tab between')
    add('--split', choices=['test', 'valid', 'calib'], default='test',
        help='what to explain (default: test)')
    add('--limit', type=runs.positive, metavar='N',
        help='only the first N texts')
    add('--ids', type=_numbers, metavar='I,J',
        help='only these texts of the split, counted from 0')
    add('--only', choices=sorted(SELECTIONS),
        help='wrong: neither predictor is right; disagree: the predictors '
             f'differ; unusual: credibility below {explainers.ERROR}')
    add('--premise', action='store_true',
        help="score the premise's words, too")
    add('--nearest', type=runs.positive, default=5, metavar='N',
        help='training texts shown a layer (default: 5)')
    add('--reduce', choices=explainers.METHODS, metavar='METHOD',
        help='also reduce each text to the fewest words that keep the '
             'prediction, the least important by METHOD first')
    add('--steps', type=runs.positive, default=50,
        help='points of integrated gradients (default: 50)')
    add('--draws', type=runs.positive, default=25,
        help='noisy copies of SmoothGrad (default: 25)')
    add('--seed', type=int, default=0,
        help='of SmoothGrad and the random baseline (default: 0)')
    add('--out', '-o', metavar='DIR',
        help='folder for the page and the JSONL (default: the run folder)')
    add('--figure', metavar='FILE', type=_figure_file,
        help='also draw the texts for a paper: .pdf, .svg or .png')
    add('--redraw', metavar='FILE',
        help='draw the page (and figure) of an interpretations.jsonl again; '
             'no model is needed')
    return parser


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


def own_lines(args, n_texts):
    """The user's texts, each a list of one or two strings."""
    lines = []
    if args.text:
        lines = [args.text]
    if args.input:
        if args.input == '-':
            content = sys.stdin.read()
        else:
            content = pathlib.Path(args.input).read_text('utf-8-sig')
        lines += [line.split('\t') if n_texts > 1 else [line]
                  for line in content.split('\n') if line.strip()]
        if not lines:
            raise ValueError(f'{args.input} holds no text; give one a line')
    return lines


def own_examples(run, args):
    """The user's own texts: examples to encode, and the words as typed."""
    n_texts = 2 if run.data.pair else 1
    examples, typed = [], []
    for line in own_lines(args, n_texts):
        if n_texts == 1 or (args.text and line is args.text
                            and not len(line) % n_texts):
            groups = [line[i:i + n_texts]
                      for i in range(0, len(line), n_texts)]
        else:
            groups = [line]
        for group in groups:
            if len(group) != n_texts:
                raise ValueError(
                    f'this model takes {n_texts} texts at a time, got '
                    f'{len(group)}; give --text twice, premise first, or a '
                    'tab between both in --input')
            words = [_as_typed(run, text) for text in group]
            examples.append(text_datasets.Example(
                tuple(tokens for tokens, _ in words), -1))
            typed.append([shown for _, shown in words])
    return examples, typed


def _as_typed(run, text):
    """A text's tokens as the model takes them, and as they were typed."""
    char_based = run.args.get('char_based', False)
    tokens = nlp_utils.tokenize(text, raw=True, char_based=char_based)
    if not tokens:
        raise ValueError(f'a text to explain is empty: {text!r}; give at '
                         'least one word')
    return tokens, nlp_utils.surface(text, tokens)


def split_examples(run, args):
    """The chosen examples of a split: ids, examples, words."""
    examples = getattr(run.data, args.split)
    ids = args.ids if args.ids is not None else range(len(examples))
    for i in ids:
        if not 0 <= i < len(examples):
            raise ValueError(f'--ids: there is no text {i} among the '
                             f'{len(examples):,} of split {args.split}')
    ids = list(itertools.islice(ids, args.limit))
    return ids, [examples[i] for i in ids], [examples[i].texts for i in ids]


def explain(args):
    """Load a run, explain; returns the run and a list of records."""
    run = runs.load_run(args.model_setup, args.data_dir, args.gpu)
    own = bool(args.text or args.input)
    if own:
        examples, words = own_examples(run, args)
        ids = list(range(len(examples)))[:args.limit]
        examples, words = examples[:args.limit], words[:args.limit]
        outputs = None
    else:
        ids, examples, words = split_examples(run, args)
        logits, layers, _ = runs.activations(run, args.split)
        outputs = logits[ids], [layer[ids] for layer in layers]
    explainer = explainers.Explainer(
        run, runs.fit_dknn(run, args), runs.fit_run_temperature(run),
        premise=args.premise, steps=args.steps, draws=args.draws,
        seed=args.seed)
    methods = list(dict.fromkeys(args.method))
    records = explainer.records(
        examples, methods, outputs=outputs, n_nearest=args.nearest,
        keep=SELECTIONS.get(args.only), reduce=args.reduce)
    named = []
    for record in records:
        i = record['id']
        record.update(id=ids[i], split=None if own else args.split,
                      gold=None if own else examples[i].label,
                      words=[list(text) for text in words[i]])
        named.append(record)
    if not named:
        raise ValueError(f'--only {args.only}: no such text among '
                         f'{len(examples):,}')
    return run, named


def print_record(record):
    """A text's predictions and word scores, as a table."""
    names = record['label_names']
    print(f'softmax: {names[record["softmax"]["label"]]} '
          f'(confidence {record["softmax"]["confidence"]:.3f}, calibrated '
          f'{record["softmax"]["calibrated_confidence"]:.3f}); DkNN: '
          f'{names[record["dknn"]["label"]]} '
          f'(credibility {record["dknn"]["credibility"]:.3f}, confidence '
          f'{record["dknn"]["confidence"]:.3f})')
    methods = record['methods']
    print(f'{"":20}' + ''.join(f'{name:>22}' for name in methods))
    for side, words in enumerate(record['words']):
        columns = [entry['scores'][side] for entry in methods.values()]
        if any(column is not None for column in columns):
            for i, word in enumerate(words):
                print(f'{word:20}' + ''.join(
                    f'{column[i]:+22.4f}' for column in columns))


def read_records(path):
    """Records of an interpretations.jsonl."""
    records = []
    with open(path, 'rb') as f:
        for number, line in enumerate(f, 1):
            try:
                record = json.loads(line)
                version, *_ = [record[name] for name in FIELDS]
            except (ValueError, KeyError, TypeError):
                raise ValueError(f'{path}, line {number}: no record of '
                                 'interpret.py') from None
            if version != explainers.VERSION:
                raise ValueError(
                    f'{path}, line {number}: version {version}, but this '
                    f'program reads version {explainers.VERSION}')
            records.append(record)
    return records


def main(argv=None):
    args = build_parser().parse_args(argv)
    import visualize
    if args.interp_method:
        args.method = [RELEASED_NAMES[args.interp_method]]
    if args.redraw:
        records = read_records(args.redraw)
        folder = pathlib.Path(args.out or pathlib.Path(args.redraw).parent)
    else:
        run, records = explain(args)
        folder = pathlib.Path(args.out or run.folder)
        folder.mkdir(parents=True, exist_ok=True)
        runs.write_jsonl(folder / 'interpretations.jsonl', records)
    if args.text or args.input:
        for record in records[:PRINTED]:
            print_record(record)
    page = folder / 'interpretations.html'
    visualize.write_page(page, records)
    print(f'{len(records):,} texts explained; wrote {page}'
          + ('' if args.redraw else f', {page.with_suffix(".jsonl")}'))
    if args.figure:
        import figures
        figures.draw_saliency(args.figure, records)
        print(f'wrote {args.figure}')


if __name__ == '__main__':
    runs.run_script(main)
