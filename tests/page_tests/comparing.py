"""Texts as three runs see them, for the page of what they differ on."""
from browsing import EVIL

RUNS = 'A cnn', 'B bow', 'C rnn'


def row(run, words, scores, target, known=None):
    return {'id': 0, 'dataset': 'toy', 'model': 'cnn',
            'label_names': ['negative', 'positive'], 'words': [words],
            'known': [known or [True] * len(words)],
            'methods': {run: {'target': target, 'scores': [scores]}}}


def text(number, words, gold, labels, distance, *scores):
    """A text, the label each run predicts, and the scores of some runs."""
    return {
        'id': number, 'gold': gold, 'differ': len(set(labels)) > 1,
        'distance': distance, 'labels': list(labels),
        'said': [{'label': label, 'credibility': .25 + label / 2,
                  'prediction_set': [label] if label else [],
                  'softmax': 1 - label, 'confidence': .75}
                 for label in labels],
        'records': [row(run, words, own, label) for run, label, own in zip(
            RUNS, labels, scores, strict=False)]}


def about(n=2, **keys):
    return {
        'title': 'toy: where 2 runs differ', 'label_names': ['negative',
                                                             'positive'],
        'runs': [{'name': name, 'folder': f'results/{name}',
                  'accuracy': {'softmax': .5, 'DkNN': .25},
                  'versus': ['+0.1 [−0.1, +0.3]', '3', '2', '0.500'] if i
                  else None} for i, name in enumerate(RUNS[:n])],
        'method': 'soft', 'n_test': 1234, 'n_differ': 3, **keys}


TEXTS = [
    text(5, ['a', 'fine', 'film'], 1, (1, 0), .9, [0, 8, -2], [1, -1, .5]),
    text(3, [EVIL, '&', 'dull'], 0, (1, 0), .8, [1, 2, 3], [-4, 0, 4]),
    text(9, ['So', 'so'], 1, (0, 1), .7, [1, 2], [1, 2]),
    text(1, ['good'], 1, (1, 1), .6, [1], [2]),
    text(7, ['bad', 'film'], 1, (0, 0), .5, [0, 0], [1, 1])]
