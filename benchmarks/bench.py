#!/usr/bin/env python
"""This project beside its peers, in one run, in alternation: `make bench`.

    python benchmarks/bench.py --torch-python PATH   # a Python with torch
                                                     # and faiss-cpu

Prints ratios (ours divided by the peer's time, medians) and writes them, under
the name of OpenBLAS's kernels, to docs/performance.json, and the tables and
plots of docs/performance.md.  Without --torch-python the rows against PyTorch
are left out, and docs stays as it is.
"""
import argparse
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile
import time

import faiss
import numpy as np
from sklearn.neighbors import KDTree
from threadpoolctl import threadpool_info

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import compat  # noqa: E402, F401  (before Chainer)

import neighbors  # noqa: E402
import nlp_utils  # noqa: E402
import text_datasets  # noqa: E402

K = 75
KS = 1, 10, 75, 300, 1000
BEGIN, END = '<!-- results -->', '<!-- end of results -->'
# stage -> (model, what both sides time, target of ours / theirs)
STAGES = {
    'training epoch, cnn': ('cnn', ['train_epoch'], 0.6),
    'training epoch, rnn': ('rnn', ['train_epoch'], 0.9),
    'training epoch, bilstm': ('bilstm', ['train_epoch'], 0.9),
    'DkNN build + test set, cnn': ('cnn', ['build', 'test'], 0.35),
    'conformity leave-one-out, cnn': ('cnn', ['explain'], 1 / 3),
    'conformity leave-one-out, rnn': ('rnn', ['explain'], 1 / 2),
}


def seconds_of(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def write_texts(path, dataset, data_dir):
    """Encode a data set's training and test texts for both sides."""
    data = text_datasets.load_dataset(dataset, data_dir)
    vocab = nlp_utils.make_vocab(
        tokens for example in data.train for tokens in example.texts)
    arrays = {'n_vocab': len(vocab)}
    for split in ('train', 'test'):
        examples = getattr(data, split)
        ids = [nlp_utils.encode(e.texts[0], vocab) for e in examples]
        arrays[f'{split}_ids'] = np.concatenate(ids)
        arrays[f'{split}_lengths'] = np.array([len(x) for x in ids])
        arrays[f'{split}_labels'] = np.array(
            [e.label for e in examples], np.int32)
    np.savez(path, **arrays)


def run_side(python, script, texts, model):
    environment = {**os.environ, 'PYTHONPATH': str(ROOT)}
    result = subprocess.run(
        [python, ROOT / 'benchmarks' / script, texts, '--model', model],
        check=True, capture_output=True, text=True, env=environment)
    return json.loads(result.stdout.splitlines()[-1])


def compare_models(torch_python, texts, repeats):
    """{model: (our runs, their runs)}, measured in alternation."""
    runs = {}
    for model in ('cnn', 'rnn', 'bilstm'):
        ours, theirs = [], []
        for _ in range(repeats):
            ours.append(run_side(sys.executable, 'ours.py', texts, model))
            theirs.append(run_side(torch_python, 'torch_peer.py', texts,
                                   model))
            print(f'  {model}: ours {ours[-1]}', flush=True)
            print(f'  {model}: torch {theirs[-1]}', flush=True)
        runs[model] = ours, theirs
    return runs


def stage_rows(runs):
    rows = []
    for stage, (model, parts, target) in STAGES.items():
        ours, theirs = ([sum(run[part] for part in parts) for run in side]
                        for side in runs[model])
        ratios = [a / b for a, b in zip(ours, theirs, strict=True)]
        rows.append({'stage': stage, 'peer': 'PyTorch + faiss',
                     'ours': statistics.median(ours),
                     'theirs': statistics.median(theirs),
                     'ratio': statistics.median(ratios), 'target': target})
    return rows


def part_rows(runs):
    """Where this project's time goes, medians by model and part."""
    return [{'model': model, 'part': part, 'seconds': statistics.median(
                run['parts'][part] for run in ours)}
            for model, (ours, _) in runs.items() for part in ours[0]['parts']]


def mixed(layer, labels, n, seed):
    """Activations like a layer's real ones, (n, D): mixes of two real ones
    of the same label."""
    rng = np.random.default_rng(seed)
    order = np.argsort(labels, kind='stable')
    counts = np.bincount(labels)
    i = rng.integers(0, len(layer), n)
    place = (rng.random(n) * counts[labels[i]]).astype(int)
    j = order[(np.cumsum(counts) - counts)[labels[i]] + place]
    share = rng.random((n, 1), dtype=np.float32)
    return share * layer[i] + (1 - share) * layer[j]


def ours_search(X):
    index = neighbors.INDEXES['exact']().fit(X)
    return lambda Q, k: index.neighbor_sets(Q, k)


def faiss_search(X):
    index = faiss.IndexFlatL2(X.shape[1])
    index.add(X)
    return lambda Q, k: index.search(Q, k)


def kdtree_search(X):
    """As the released code: one vector at a time."""
    tree = KDTree(X)
    return lambda Q, k: [tree.query(q[None], k) for q in Q]


def sgemm_search(X):
    """The floor: the matrix product alone."""
    return lambda Q, k: [Q[i:i + 256] @ X.T for i in range(0, len(Q), 256)]


SEARCHES = {'exact (this project)': ours_search, 'faiss flat': faiss_search,
            'sgemm alone': sgemm_search}


def seconds_of_searches(layers, searches, k, repeats):
    """Seconds over all layers: {name: median}, in alternation.

    Args:
        layers: iterable of (indexed, queries), a layer each.
        searches: {name: function X -> function (Q, k)}.
    """
    totals = {name: np.zeros(repeats) for name in searches}
    for X, Q in layers:
        ready = {name: make(X) for name, make in searches.items()}
        for i in range(repeats):
            for name, search in ready.items():
                totals[name][i] += seconds_of(
                    lambda: search(Q, k))  # noqa: B023
    return {name: statistics.median(total) for name, total in totals.items()}


def growth(key, cases, layers, labels, n_queries, repeats):
    """Milliseconds a query, over all layers, in cases (n indexed, k)."""
    rows = []
    for n, k in cases:
        def pairs(n=n):
            return ((mixed(layer, labels, n, seed=1),
                     mixed(layer, labels, n_queries, seed=2))
                    for layer in layers)

        found = seconds_of_searches(pairs(), SEARCHES, k, repeats)
        if key == 'n' and n <= 5000:
            few = ((X, Q[:50]) for X, Q in pairs())
            seconds, = seconds_of_searches(
                few, {'kd-tree': kdtree_search}, k, 1).values()
            found['kd-tree, one at a time'] = seconds * n_queries / 50
        rows += [{key: {'n': n, 'k': k}[key], 'search': name,
                  'ms': 1000 * seconds / n_queries}
                 for name, seconds in found.items()]
        print('  ', rows[-len(found):], flush=True)
    return rows


def growth_with_length(lengths, repeats):
    """Milliseconds a variant of leave-one-out by words in the text."""
    import explainers
    import nets
    import runs
    rows = []
    for model in ('cnn', 'rnn', 'bow'):
        np.random.seed(0)
        classifier = nets.make_classifier(model, 5000, 2)
        for length in lengths:
            xs = [np.random.randint(2, 5000, length).astype(np.int32)
                  for _ in range(max(4, 2000 // length))]
            plain = explainers.variants(xs, 0)[0]
            for name, work in (
                    ('at once', lambda: classifier.leave_one_out(xs)),  # noqa: B023, E501
                    ('every variant', lambda: runs.forward(
                        classifier, plain))):  # noqa: B023
                best = statistics.median(seconds_of(work)
                                         for _ in range(repeats))
                rows.append({'model': model, 'words': length, 'way': name,
                             'ms': 1000 * best / len(plain)})
    return rows


def real_layers(folder):
    """Activations of a run, a list of layers each: of the training texts,
    of the test texts, of 300 of those without each word; training labels."""
    import runs
    run = runs.load_run(folder)
    xs, _ = runs.encode(run.data.test, run.vocab)
    _, indexed, labels = runs.activations(run, 'train')
    indexed = [np.ascontiguousarray(h) for h in indexed]
    return (indexed, runs.activations(run, 'test')[1],
            run.model.leave_one_out(xs[:300])[1], labels)


def exact_row(title, layers, repeats, target):
    """Exact neighbours of all layers, ours beside faiss flat."""
    found = seconds_of_searches(
        layers, {'ours': ours_search, 'theirs': faiss_search}, K, repeats)
    return {'stage': title, 'peer': 'faiss flat', **found,
            'ratio': found['ours'] / found['theirs'], 'target': target}


def command_rows(folder, repeats):
    """Seconds, and MB, of whole commands."""
    def command(*words):
        return lambda: subprocess.run(
            [sys.executable, *words], check=True, cwd=ROOT,
            stdout=subprocess.DEVNULL)

    rows = []
    for title, words, target in [
            ('interpret.py, whole test set, four methods',
             ['interpret.py', '--model-setup', folder], 12),
            ('run_dknn.py, whole test set',
             ['run_dknn.py', '--model-setup', folder], 8),
            *((f'{script}.py --help', [f'{script}.py', '--help'], 1.5)
              for script in ('train', 'run_dknn', 'interpret',
                             'calibration'))]:
        times = [seconds_of(command(*words)) for _ in range(repeats)]
        rows.append({'stage': title, 'seconds': statistics.median(times),
                     'target': target})
        print('  ', rows[-1], flush=True)
    demo = seconds_of(lambda: subprocess.run(
        ['make', 'demo'], check=True, cwd=ROOT, stdout=subprocess.DEVNULL))
    return [*rows, {'stage': 'make demo, once', 'seconds': demo,
                    'target': 90}]


def peak_memory(folder):
    """Largest resident set of run_dknn.py in MB, activations not stored.

    Read from /proc: ru_maxrss would count this process before the exec.
    """
    code = ('import shutil, sys; sys.path.insert(0, "."); '
            'import run_dknn; '
            f'shutil.rmtree({str(folder)!r} + "/activations", True); '
            f'run_dknn.main(["--model-setup", {str(folder)!r}]); '
            'print(open("/proc/self/status").read())')
    result = subprocess.run([sys.executable, '-c', code], cwd=ROOT,
                            check=True, capture_output=True, text=True)
    line, = (line for line in result.stdout.splitlines()
             if line.startswith('VmHWM'))
    return int(line.split()[1]) / 1024


def plot(result, folder):
    """The three growth plots."""
    import matplotlib
    matplotlib.use('Agg')
    from matplotlib import pyplot as plt
    figure, axes = plt.subplots(1, 3, figsize=(12, 3.6),
                                layout='constrained')
    for ax, rows, x, series in [
            (axes[0], result['growth_n'], 'n', 'search'),
            (axes[1], result['growth_k'], 'k', 'search')]:
        for name in dict.fromkeys(row[series] for row in rows):
            points = [(row[x], row['ms']) for row in rows
                      if row[series] == name]
            ax.loglog(*zip(*points, strict=True), 'o-', ms=3, label=name)
        ax.legend(fontsize=8)
        ax.set_ylabel('ms a query')
    axes[0].set_xlabel('indexed examples')
    axes[1].set_xlabel('neighbours k')
    rows = result['growth_length']
    for model in ('cnn', 'rnn', 'bow'):
        for way, style in (('at once', 'o-'), ('every variant', 'o:')):
            points = [(row['words'], row['ms']) for row in rows
                      if (row['model'], row['way']) == (model, way)]
            axes[2].loglog(*zip(*points, strict=True), style, ms=3,
                           label=f'{model}, {way}')
    axes[2].set(xlabel='words in the text', ylabel='ms a variant')
    axes[2].legend(fontsize=8)
    figure.savefig(folder / 'performance.png', dpi=110)


def kernels():
    """Which kernels NumPy's matrix product uses: what ratios depend on."""
    np.ones((2, 2)) @ np.ones((2, 2))
    return next((library['architecture'] for library in threadpool_info()
                 if 'numpy' in library['filepath']
                 and library['internal_api'] == 'openblas'), 'other')


def table(result):
    """The tables of docs/performance.md of one kind of kernels."""
    lines = ['| stage | peer | this project, s | peer, s | ratio | target |',
             '|---|---|---|---|---|---|']
    lines += [f'| {row["stage"]} | {row["peer"]} | {row["ours"]:.2f} '
              f'| {row["theirs"]:.2f} | {row["ratio"]:.3f} '
              f'| {row["target"]:.2f} |' for row in result['ratios']]
    lines += ['', '| command | seconds | target |', '|---|---|---|']
    lines += [f'| `{row["stage"]}` | {row["seconds"]:.2f} '
              f'| {row["target"]:g} |' for row in result['commands']]
    lines += [f'| peak memory of `run_dknn.py`, MB '
              f'| {result["peak_memory_mb"]:.0f} | 600 |']
    parts = {(row['part'], row['model']): row['seconds']
             for row in result.get('parts', ())}
    if parts:
        lines += ['', '| where the time goes, s | cnn | rnn | bilstm |',
                  '|---|---|---|---|']
    lines += ['| ' + ' | '.join([part, *(
        f'{parts[part, model]:.2f}' for model in ('cnn', 'rnn', 'bilstm'))])
        + ' |' for part in dict.fromkeys(part for part, _ in parts)]
    return '\n'.join(lines)


def tables(results):
    """One after the other, a heading each."""
    return '\n\n'.join(
        f'### OpenBLAS kernels {name}\n\n{result["machine"]}.\n\n'
        f'{table(result)}' for name, result in sorted(results.items()))


def write_tables(page, text):
    """Replace what stands between the marks."""
    before, rest = page.read_text(encoding='utf-8').split(BEGIN)
    _, after = rest.split(END)
    page.write_text(f'{before}{BEGIN}\n\n{text}\n\n{END}{after}',
                    encoding='utf-8')


def write_result(docs, name, result):
    """Replace the results of these kernels, and the tables of all."""
    path = docs / 'performance.json'
    results = json.loads(path.read_text()) if path.is_file() else {}
    results[name] = {**results.get(name, {}), **result}
    path.write_text(json.dumps(results, indent=1) + '\n')
    write_tables(docs / 'performance.md', tables(results))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('--torch-python', metavar='PATH')
    parser.add_argument('--data-dir', default=os.environ.get('DKNN_DATA'))
    parser.add_argument('--repeats', type=int, default=3)
    parser.add_argument('--largest', type=int, default=500_000)
    parser.add_argument('--run', default='results/stsa.binary_cnn',
                        help='a trained SST run, for the real activations')
    parser.add_argument('--quick', action='store_true',
                        help='leave the plots as they are')
    args = parser.parse_args()
    result = {'machine': f'{os.cpu_count()} cores, Python '
                         f'{platform.python_version()}, NumPy '
                         f'{np.__version__}', 'ratios': []}
    if args.torch_python:
        with tempfile.TemporaryDirectory() as folder:
            texts = pathlib.Path(folder) / 'sst.npz'
            write_texts(texts, 'stsa.binary', args.data_dir)
            runs = compare_models(args.torch_python, texts, args.repeats)
            result['ratios'] += stage_rows(runs)
            result['parts'] = part_rows(runs)
    else:
        print('no --torch-python: the rows against PyTorch are left out')
    indexed, texts, variants, labels = real_layers(args.run)
    many = ((mixed(layer, labels, 100_000, seed=1),
             mixed(layer, labels, 1000, seed=2)) for layer in indexed)
    result['ratios'] += [
        exact_row('exact neighbours of test texts',
                  zip(indexed, texts, strict=True), args.repeats, 1),
        exact_row('the same of texts without a word',
                  zip(indexed, variants, strict=True), args.repeats, 1),
        exact_row('the same among 100,000 examples', many, args.repeats, .5)]
    result['commands'] = command_rows(args.run, args.repeats)
    result['peak_memory_mb'] = peak_memory(args.run)
    print(table(result))
    docs = ROOT / 'docs'
    if not args.torch_python:
        print('no --torch-python: docs is left as it is')
        return
    if not args.quick:
        sizes = [n for n in (1000, 5000, 20_000, 100_000, 500_000)
                 if n <= args.largest]
        result['growth_n'] = growth('n', [(n, K) for n in sizes], indexed,
                                    labels, 500, args.repeats)
        result['growth_k'] = growth('k', [(20_000, k) for k in KS], indexed,
                                    labels, 500, args.repeats)
        result['growth_length'] = growth_with_length((5, 20, 80, 320),
                                                     args.repeats)
        plot(result, docs)
    write_result(docs, kernels(), result)
    print(f'wrote performance.json and performance.md in {docs}')


if __name__ == '__main__':
    main()
