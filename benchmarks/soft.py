"""Soft conformity beside the counted one, of a trained run."""
import statistics

import runs
from benchmarks.timing import seconds_of
from dknn import DkNN
from saliency.batches import consecutive_batches

PEER = 'counted conformity'


def left_out_layers(run, texts):
    """Activations of texts without each word, batch after batch.

    Args:
        run (runs.Run): A trained run.
        texts (Texts): Which; of pairs the second text is shortened.

    Returns:
        list: For each batch a list of layers, float32 (M, D_l).
    """
    side = len(texts.sides) - 1
    return [run.model.leave_one_out(texts.select(rows), side)[1]
            for rows in consecutive_batches(texts.n_tokens())]


def soft_rows(folder, data_dir, repeats):
    """Seconds of the soft score and of the counts, on the same activations.

    Args:
        folder (str or Path): A run folder.
        data_dir (str): As for ``runs.load_run``.
        repeats (int): How often each is run.

    Returns:
        list of dict: Rows as those of ``sides.stage_rows``.
    """
    run = runs.load_run(folder, data_dir)
    train, calib, test = runs.stored_splits(run, ['train', 'calib', 'test'])
    dknn = runs.fit_dknn(run, train, calib)
    tuned = dknn.bandwidths_, dknn.weights_
    even = tuned[0], [1 / len(tuned[0])] * len(tuned[0])
    batches = left_out_layers(run, test.xs)

    def explain(settings=None):
        if settings:
            dknn.use_tuning(*settings)
        score = dknn.soft_log_odds if settings else dknn.conformity
        for layers in batches:
            score(layers)

    def build_and_test(settings=None):
        made = DkNN(dknn.n_class).fit(train.layers, train.labels)
        if settings:
            made.use_tuning(*settings).soft_conformity(test.layers)
        else:
            made.conformity(test.layers)

    return [_row(f'soft {stage}, {weights}', work, settings, target, repeats)
            for stage, work, target in [('leave-one-out', explain, 1.5),
                                        ('build + test set', build_and_test,
                                         1.3)]
            for weights, settings in [('tuned weights', tuned),
                                      ('all layers', even)]]


def _row(stage, work, settings, target, repeats):
    """Both in alternation; medians."""
    ours, theirs = zip(*[(seconds_of(work, settings), seconds_of(work))
                         for _ in range(repeats)], strict=True)
    ours, theirs = statistics.median(ours), statistics.median(theirs)
    return {'stage': stage, 'peer': PEER, 'ours': ours, 'theirs': theirs,
            'ratio': ours / theirs, 'target': target}
