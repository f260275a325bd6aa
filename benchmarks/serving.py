#!/usr/bin/env python
"""How long the live page's answers take: serve.py's application, in process.

    python benchmarks/serving.py --model-setup results/stsa.binary_cnn

For texts of some lengths, cut from the test split and each asked once, so
that none is answered from those kept: the median and the longest of the
answers with what the page shows, of the methods that run while one types, and
how large they are; then the same with a word left out, where the text before
is known already, as it is on the page.  Then the longest text by all methods,
and how much memory the process took; last what a text takes that is asked at
the shell, where a process starts for it.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import compat  # noqa: F401, I001  (before Chainer)

import argparse
import itertools
import resource
import statistics
import time

import runs
import saliency
from benchmarks import commands
from benchmarks.timing import seconds_of
from runs import flags
from saliency.methods import METHODS

LENGTHS = 5, 10, 20, 40, 80
KB = 1e3
STARTS = 5  # of a process for one text
HEAD = '''         typed                      changed
words   median  longest       kB   median  longest       kB   (milliseconds)'''


def build_parser():
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    flags.add_run_flags(parser)
    flags.add_dknn_flags(parser)
    parser.add_argument('--repeats', type=flags.positive, default=30,
                        metavar='N', help='texts a length (default: 30)')
    return parser


def texts_of(data, length, n):
    """n texts (str) of `length` words: the test split, one after another."""
    words = itertools.cycle(word for example in data.test
                            for word in example.texts[-1])
    return [' '.join(itertools.islice(words, length)) for _ in range(n)]


def answered(client, question):
    """Milliseconds that one answer takes, and its kilobytes."""
    start = time.perf_counter()
    response = client.post('/api/explain', json=question)
    taken = 1e3 * (time.perf_counter() - start)
    assert response.status_code == 200, response.get_json()
    return taken, len(response.data) / KB


def peak():
    """Memory that the process had at most, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KB


def measure(client, texts, side):
    """(milliseconds, kilobytes) of every text, as typed and with a word
    left out."""
    typed, changed = [], []
    for text in texts:
        question = {'texts': [text] * (side + 1), 'html': True}
        typed.append(answered(client, question))
        changed.append(answered(client, {
            **question, 'edits': [{'text': side, 'word': 0}]}))
    return typed, changed


def at_the_shell(folder, text, side, neighbors):
    """Median seconds of ``interpret.py --text``."""
    words = [sys.executable, 'interpret.py', '--model-setup',
             str(folder.resolve()), '--neighbors', str(neighbors),
             *['--text', text] * (side + 1)]
    return statistics.median(seconds_of(commands.run, words)
                             for _ in range(STARTS))


def main(argv=None):
    from live import app, desk, rate
    from live import asked as limits
    args = build_parser().parse_args(argv)
    explainer = saliency.load_explainer(
        args.model_setup, data_dir=args.data_dir, gpu=args.gpu,
        memory=args.memory, dtype=args.dtype, **flags.dknn_options(args))
    answering = desk.Desk(explainer)
    answering.warm_up()
    client = app.make_app(answering, rate=rate.Rate(
        at_once=10 ** 9)).test_client()
    side = int(explainer.run.data.pair)
    before = peak()
    print(HEAD)
    for length in LENGTHS:
        cells = []
        for found in measure(client, texts_of(
                explainer.run.data, length, args.repeats), side):
            times, sizes = zip(*found, strict=True)
            cells += [statistics.median(times), max(times),
                      statistics.median(sizes)]
        print(f'{length:>5}' + ''.join(f'{cell:>9.0f}' for cell in cells),
              flush=True)
    most = limits.MOST_WORDS // (side + 1)
    taken, size = answered(client, {
        'texts': texts_of(explainer.run.data, most, 1) * (side + 1),
        'methods': list(METHODS), 'html': True})
    print(f'{most} words by all methods: {taken:.0f} ms, {size:.0f} kB; '
          f'memory {peak():.0f} MB, before the first question '
          f'{before:.0f} MB')
    text, = texts_of(explainer.run.data, 20, 1)
    taken = at_the_shell(explainer.run.folder, text, side, args.neighbors)
    print(f'20 words by interpret.py --text: {taken:.2f} s')


if __name__ == '__main__':
    runs.run_script(main)
