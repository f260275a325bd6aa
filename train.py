#!/usr/bin/env python
"""Train a text classifier and write a run folder.

    python train.py --dataset stsa.binary --model cnn

Training data are split once, by --seed: what is indexed and trained on, a
calibration split held out of both, and a validation split on which the best
epoch is chosen (the published dev file where there is one).  The test split
is not touched.
"""
import compat  # noqa: F401  (before Chainer)

import argparse
import collections
import contextlib
import os
import shlex

import numpy as np

import nets
import nlp_utils
import runs
import text_datasets
from files.atomic import read_json, temporary_folder, write_json
from files.labels import alike
from files.word_vectors import read_word_vectors
from page.training_figure import write_training_figure
from runs import flags, hyperparameters
from runs import folder as run_folder
from runs import settings as run_settings
from runs import training as run_training
from runs.processes import processes
from runs.snapshots import load_snapshot, write_npz
from runs.team import COMMUNICATORS, Randomness, make_team
from runs.trainer import AVERAGE, BEST, build_trainer
from terminal import printable


def build_parser():
    parser = argparse.ArgumentParser(
        description=__doc__.split('\n\n')[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    add = parser.add_argument
    add('--dataset', '-data', default='stsa.binary',
        help=f'one of {" ".join(sorted(text_datasets.DATASETS))}, or the '
             'path of your own TSV, CSV or JSONL file or folder')
    add('--model', '-model', default='cnn', choices=sorted(nets.ENCODERS),
        help='encoder')
    add('--unit', '-u', type=flags.positive, default=300,
        help='width of the encoder')
    add('--layer', '-l', type=flags.positive, default=3,
        help='layers of the LSTM, or of the MLP behind cnn and bow')
    add('--char-based', action='store_true',
        help='characters in place of words')
    add('--word_vectors', '--word-vectors', metavar='FILE',
        help='GloVe, word2vec or fastText vectors; their width becomes the '
             "embedding's")
    add('--seed', type=flags.seed, default=0,
        help='of splits, initial weights, order and dropout')
    add('--calib-size', type=flags.positive, default=1000,
        help='calibration examples, at most a fifth of the training data')
    add('--data-dir', metavar='DIR',
        help='folder with the published data files; $DKNN_DATA if left out')
    add('--gpu', '-g', type=flags.whole_number(-1), default=-1,
        help='GPU number, -1: CPU; of several processes on a computer, the '
             "first one's")
    add('--communicator', choices=sorted(COMMUNICATORS),
        help='how several processes, started by mpiexec, average gradients: '
             "ChainerMN's communicator (docs/cluster.md)")
    add_place_flags(parser)
    add_column_flags(parser.add_argument_group(
        'columns', 'Of your own file with a header; left out, label and text '
        '(or text1, text2) are found by name.').add_argument)
    add_training_flags(parser.add_argument_group(
        'training', 'Defaults follow from encoder and texts (docs/training.md)'
        '; what is used is printed.').add_argument)
    return parser


def add_place_flags(parser):
    """Where the run goes, and what it may replace there."""
    add = parser.add_argument
    add('--out', '-o', default=run_folder.RESULTS,
        help='folder in which the run folder is made')
    add('--name', metavar='NAME',
        help='of the run folder; DATASET_MODEL if left out')
    replacing = parser.add_mutually_exclusive_group()
    replacing.add_argument('--resume', action='store_true', help='go on from '
                           'the snapshot of the last finished epoch')
    replacing.add_argument('--overwrite', action='store_true',
                           help='replace a run of other settings')


def add_column_flags(add):
    """Which columns of a user's own file are read."""
    add('--text-column', nargs='+', metavar='NAME',
        help='of the text; of pairs two, like premise hypothesis')
    add('--label-column', metavar='NAME', help='of the label')
    add('--id-column', metavar='NAME',
        help='of what you call a row; comes back in results')


def add_training_flags(add):
    """How the network is trained; one flag for each hyperparameter."""
    left_out = argparse.SUPPRESS
    add('--batchsize', '-b', type=flags.positive, default=left_out,
        metavar='B', help='texts in a mini-batch, of all processes together')
    add('--epoch', '-e', type=flags.positive, default=left_out, metavar='N',
        help='most sweeps over the training split')
    add('--patience', type=flags.positive, default=left_out, metavar='N',
        help='end after so many sweeps without a better validation accuracy')
    add('--learning-rate', type=flags.positive_number(1), default=left_out,
        metavar='R', help="Adam's alpha")
    add('--dropout', '-d', type=float, default=left_out, metavar='D',
        help='ratio dropped in the encoder; of the word vectors, too, unless '
             '--embed-dropout says otherwise')
    add('--embed-dropout', type=float, default=left_out, metavar='D',
        help='ratio dropped of the word vectors')
    add('--average', type=flags.number_below(1), default=left_out, metavar='B',
        help='decay of the mean of the parameters over all steps, which '
             'becomes the model; 0: the last ones')
    add('--adversarial', type=flags.number_below(100), default=left_out,
        metavar='R', help='how far the word vectors of a text are also moved '
        'against the network in training; 0: not at all')


def read_data(args, folder):
    """Loads a data set, makes its vocabulary, prints what there is."""
    data = text_datasets.load_dataset(
        args.dataset, args.data_dir, char_based=args.char_based,
        seed=args.seed, calib_size=args.calib_size,
        cache=run_folder.cache_beside(folder),
        columns=run_settings.columns_of(vars(args)))
    vocab = nlp_utils.make_vocab(
        tokens for example in data.train for tokens in example.texts)
    print(data_line(data))
    print(f'{len(vocab):,} words, {len(data.label_names)} labels: '
          + ', '.join(data.label_names))
    if same := alike(data.label_names):
        print('warning: labels that differ only in upper and lower case: '
              + '; '.join(map(' and '.join, same))
              + '; write them alike if they are the same')
    return data, vocab


def data_line(data):
    """How many examples there are; of a user's own rows, what became of
    them."""
    n = {split: len(getattr(data, split)) for split in run_folder.SPLITS}
    sizes = ', '.join(f'{split} {size:,}' for split, size in n.items())
    if data.table_rows is None:
        return f'{data.name}: {sizes}' + (
            f' ({data.dropped:,} dropped)' if data.dropped else '')
    left_out = ' and '.join(
        f'{count:,} without {what}' for what, count in [
            ('text', data.without_text),
            ('label', data.dropped - data.without_text)] if count)
    repeated = text_datasets.count_repeated(data)
    return '; '.join([
        f'{printable(os.path.basename(os.path.abspath(data.name)))}: '
        f'{sum(n.values()) + data.dropped:,} rows',
        *([f'{left_out} left out'] if left_out else []),
        *([f'{repeated:,} repeated and kept'] if repeated else []), sizes])


def read_vectors(path, vocab):
    """Word vectors for a vocabulary, None without a path."""
    if not path:
        return None
    vectors = read_word_vectors(path, vocab)
    print(f'word vectors: {vectors.vectors.shape[1]} wide, found '
          f'{len(vectors.rows):,} of {len(vocab):,} words '
          f'({len(vectors.rows) / len(vocab):.1%})')
    return vectors


def choose(args, data, pretrained=False):
    """How to train: what the flags say, the rest by encoder and texts."""
    kind = hyperparameters.kind_of(data, args.char_based)
    chosen = hyperparameters.defaults(args.model, kind, pretrained)
    given = {name: value for name, value in vars(args).items()
             if name in chosen._fields}
    if 'dropout' in given:  # as released, of the word vectors, too
        given.setdefault('embed_dropout')
    chosen = chosen._replace(**given)
    print('training: ' + ', '.join(
        f'{name} {value}' for name, value in chosen._asdict().items()
        if value is not None))
    return chosen


def build_model(args, options, data, vocab, vectors):
    """A new classifier, its word vectors in place, on its device."""
    model = nets.make_classifier(
        args.model, len(vocab), len(data.label_names), n_units=args.unit,
        n_layers=args.layer, dropout=options.dropout, pair=data.pair,
        embed_units=vectors and vectors.vectors.shape[1],
        embed_dropout=options.embed_dropout)
    if vectors:
        model.encoder.embed.W.array[vectors.rows] = vectors.vectors
    runs.to_device(model, args.gpu)
    return model


def write_setup(out, now, data, vocab):
    """Writes what later scripts need beside the model."""
    write_json(out / run_folder.VOCAB, vocab)
    write_json(out / run_folder.CALIB, [int(i) for i in data.calib_positions])
    write_json(out / run_folder.ARGS, now)


def run_trainer(trainer, place):
    """Trains; Ctrl-C ends it early and leaves a usable folder."""
    try:
        trainer.run(show_loop_exception_msg=False)
    except KeyboardInterrupt:
        print(f'\ninterrupted in epoch {trainer.updater.epoch + 1}; '
              + leave_usable(trainer, place))
        raise


def leave_usable(trainer, place):
    """Stores an interrupted run unless there is one; says what there is."""
    if trainer.out == place.folder:
        return ('the folder is usable as it is, and --resume goes on from '
                'its last finished epoch')
    if (place.folder / run_folder.MODEL).is_file():
        return f'{place.folder} holds the run that was there before'
    write_npz(trainer.out / run_folder.MODEL,
              trainer.get_extension(AVERAGE).averaged, place.key)
    run_training.take_place(trainer.out, place.folder)
    return 'the folder is usable as it is'


def report(folder, data):
    """Draws the training, prints the best epoch and what to do next."""
    log = read_json(folder / 'log')
    for name in ('loss', 'accuracy'):
        write_training_figure(folder / f'{name}.png', log, name)
    best = max(log, key=lambda entry: entry[BEST])
    print(f'best epoch {best["epoch"]}: validation accuracy {best[BEST]:.4f}')
    warn_of_nothing_learned(best[BEST], data)
    print(f'wrote {folder}/')
    print('next: python run_dknn.py --model-setup '
          + shlex.quote(str(folder / run_folder.ARGS)))


def warn_of_nothing_learned(accuracy, data):
    """Says so if no network was needed to be that right."""
    counts = collections.Counter(example.label for example in data.valid)
    label, count = counts.most_common(1)[0]
    if accuracy <= count / len(data.valid):
        print('warning: the network is never more often right than who '
              f'always says {printable(data.label_names[label])!r} '
              f'({count / len(data.valid):.4f}); try another '
              '--learning-rate, less --dropout, more epochs (--epoch, '
              '--patience), or word vectors (--word_vectors)')


def prepare(args, folder, team):
    """Data, vocabulary, network, how to train it, and settings; nothing is
    written yet."""
    with team.processes.root_first():  # it downloads what is missing
        data, vocab = read_data(args, folder)
    vectors = read_vectors(args.word_vectors, vocab)
    options = choose(args, data, vectors is not None)
    np.random.seed(args.seed)
    model = build_model(args, options, data, vocab, vectors)
    return data, vocab, model, options, run_settings.settings(
        args, options, data, vocab, vectors, folder, team.processes.size)


@contextlib.contextmanager
def place_of(folder, args, data, vocab, now):
    """Where rank 0 writes a run: into the folder itself, or into one that
    takes its place."""
    key = run_folder.setup_key(now, vocab)
    with run_training.only_training(folder), contextlib.ExitStack() as stack:
        if args.resume:
            run_settings.check_resumed(folder, now)
            yield run_training.Place(folder, folder, key)
            return
        out = stack.enter_context(temporary_folder(folder))
        if not args.overwrite:
            run_settings.check_replaced(folder, now)
        write_setup(out, now, data, vocab)
        yield run_training.Place(out, folder, key)


def make_trainer(place, args, team, data, vocab, model, options, _):
    """A trainer at the start, or where a snapshot was written."""
    team.send_parameters(model)
    randomness = Randomness(model, args.seed, team.processes)
    randomness.start(0)
    trainer = build_trainer(model, data, vocab, options, place, randomness,
                            team)
    if args.resume:
        resume(trainer, place, team.processes)
        randomness.start(trainer.updater.epoch)
    return trainer


def resume(trainer, place, together):
    """Puts every process where the snapshot was written."""
    path = place.folder / run_folder.SNAPSHOT
    content = together.bcast(path.read_bytes() if together.is_root else None)
    load_snapshot(path, content, trainer, place.key)


def main(argv=None):
    together = processes()
    args = together.bcast(build_parser().parse_args(argv)
                          if together.is_root else None)
    team = make_team(args.communicator, args.gpu, together)
    args.gpu = team.gpu(args.gpu)
    folder = runs.folder_of(args.out, args.dataset, args.model,
                            args.char_based, args.name)
    data, vocab, _, _, now = prepared = prepare(args, folder, team)
    key = run_folder.setup_key(now, vocab)
    team.check_same(key)
    if together.is_root:
        with place_of(folder, args, data, vocab, now) as place:
            run_trainer(make_trainer(place, args, team, *prepared), place)
        report(folder, data)
    else:  # it writes nothing
        place = run_training.Place(os.curdir, folder, key)
        make_trainer(place, args, team, *prepared).run(
            show_loop_exception_msg=False)


if __name__ == '__main__':
    runs.run_script(main)
