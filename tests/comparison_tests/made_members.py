"""Runs to compare that no network stands behind."""
import compat  # noqa: F401  (before Chainer)

import types

from comparison import stored
from comparison.members import Member


def line(gold, label, softmax=None, conformity=(.5, .5), probs=(.5, .5)):
    """A text: its true label, what DkNN and soft DkNN say, and softmax."""
    near = stored.Neighbours(label, list(conformity), .5, [label])
    return stored.Line(['a film'], gold, stored.Softmax(
        label if softmax is None else softmax, list(probs)), near, near)


def figures(accuracy=.5, nll=.5):
    sets = [stored.Sets(.95, .9, 1.5)]
    return stored.Figures(
        'test', 1, .75, .6, None,
        {name: stored.Predictor(accuracy, nll, .25, .125, sets)
         for name in ('softmax', 'dknn', 'soft')}, 'exact', ['mlp'], 75,
        False)


def member(letter, lines=(), test=(), last=None, accuracy=.5, nll=.5,
           **settings):
    args = {'dataset': 'TREC', 'model': 'cnn', 'seed': 0, 'dropout': .1,
            'word_vectors': None, 'char_based': False, 'n_vocab': 10,
            'datetime': letter, **settings}
    run = types.SimpleNamespace(
        args=args, data=types.SimpleNamespace(
            name=args['dataset'], test=list(test)))
    return Member(letter, run, figures(accuracy, nll), list(lines), last, '')
