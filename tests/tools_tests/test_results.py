"""docs/results.md: what is asked of every run, and what becomes of it."""
import compat  # noqa: F401  (before Chainer)

import pytest

import train
from evaluation.parts import PARTS
from evaluation.tables import Table
from files.atomic import read_json, write_json
from metrics.bootstrap import Estimate
from tools import experiments, results, summaries


def run(value, gap):
    """The tables of one seed."""
    return {
        'errors': Table('errors', '', ['AUROC', 'AURC'], [
            ('random', [.5, .25]), ('ours', [Estimate(value, 0, 1), None])]),
        'falls_independent': Table(
            'falls_independent', '', ['mean', 'minus logodds'],
            [('logodds', [1., None]), ('soft', [1., gap])])}


FOUND = {('a', 'cnn'): [run(.7, Estimate(.1, .07, .13)),
                        run(.9, Estimate(.3, .26, .34))],
         ('b', 'rnn'): [run(.6, Estimate(0., -1, 1)),
                        run(.6, None)]}


def test_every_model_has_flags_and_a_judge():
    for data in results.DATA:
        for model in results.MODELS:
            choice = results.Choice(data, model, 0)
            args = train.build_parser().parse_args(
                experiments.words_of(choice.flags))
            assert (args.dataset, args.model) == (data, model)
            assert choice.judge.model != model
            assert choice.judge.data == data
            # Where a seed splits the data, another has seen its test texts
            assert len(choice.ensemble) == (2 if data in (
                'stsa.binary', 'TREC', 'snli') else 0)
    assert set(results.PARTS) <= set(PARTS)


def test_means_over_seeds():
    """.7 and .9: mean .8, deviation .1 sqrt(2)."""
    table = summaries.by_model(FOUND, 'errors', 'AUROC', ['ours', 'random'],
                             'title')
    assert table.columns == ['ours', 'random']
    assert table.rows == [
        ('a, cnn', ['0.800 ± 0.141', '0.500 ± 0.000']),
        ('b, rnn', ['0.600 ± 0.000', '0.500 ± 0.000'])]


def test_gaps_over_seeds():
    """Half widths .03 and .04: that of the mean is .035."""
    table = summaries.by_model(FOUND, 'falls_independent', 'minus logodds',
                             ['soft', 'logodds', 'none'], 'title',
                             summaries.mean_gap)
    (_, (gap, rival, missing)), (_, (unknown, *_)) = table.rows
    assert gap == pytest.approx((.2, .165, .235))
    assert rival is None and missing is None and unknown is None


def test_gaps_are_drawn(monkeypatch):
    """A row a model, empty where a seed has no gap."""
    monkeypatch.setattr(summaries, 'DRAWN', (
        ('soft', 'logodds'), ('soft', 'what was not measured')))
    ((title, rows),) = summaries.panels(FOUND)
    assert title == 'soft − logodds'
    assert [name for name, _ in rows] == ['a, cnn', 'b, rnn']
    assert rows[0][1] == pytest.approx((.2, .165, .235))
    assert rows[1][1] is None


def test_means_over_models():
    """(.8 + .6) / 2; the cells without a figure are left out."""
    table = summaries.over_models(FOUND, 'errors', ['AUROC', 'AURC'], 'title')
    assert [name for name, _ in table.rows] == ['random', 'ours']
    assert table.rows[0][1] == [.5, .25]
    assert table.rows[1][1] == [pytest.approx(.7), None]


def test_a_row_that_some_models_lack_is_no_mean_over_models():
    some = {'errors': Table('errors', '', ['AUROC'], [
        ('random', [.3]), ('theirs', [.9])])}
    table = summaries.over_models({**FOUND, ('c', 'cnn'): [some]}, 'errors',
                                  ['AUROC'], 'title')
    assert table.rows == [('random', [pytest.approx((.5 + .5 + .3) / 3)])]


def test_what_is_not_there_is_no_table():
    names = [table.name for table in summaries.all_tables(FOUND)]
    assert 'errors' in names and 'hummingbird' not in names


def test_a_finished_evaluation_is_not_repeated(tmp_path, monkeypatch):
    calls = []
    choice = results.Choice('stsa.binary', 'cnn', 1)
    folder = tmp_path / 'run'
    folder.mkdir()
    monkeypatch.setattr(experiments, 'run_folder', lambda *_: folder)

    def pretend(*words):
        calls.append(words)
        parts = {name: {'seconds': 1., 'tables': [{
            'name': name, 'title': '', 'columns': ['x'], 'note': '',
            'rows': [{'name': 'r', 'cells': [1]}]}]}
            for name in results.PARTS}
        write_json(folder / 'evaluation.part.json', {**WHOLE, 'parts': parts})

    monkeypatch.setattr(experiments, 'run_command', pretend)
    for _ in range(2):
        found = results.evaluated(choice, 'results')
        assert found['accuracy'].rows == [('r', [1])]
    (words,) = calls
    assert words[0] == 'evaluate.py' and '--judge' in words
    assert words[-3:] == ('--ensemble', str(folder), str(folder))
    # Another evaluation of all these parts has the same name
    for other in ({'split': 'valid'}, {'limit': 9}, {'judge': None},
                  {'n_texts': 9}, {'ensemble': []}):
        parts = read_json(folder / 'evaluation.part.json')
        write_json(folder / 'evaluation.part.json', {**parts, **other})
        results.evaluated(choice, 'results')
    assert len(calls) == 6


WHOLE = {'split': 'test', 'limit': None, 'n_texts': results.N_TEXTS,
         'judge': {'model': 'bilstm'}, 'ensemble': [0, 2]}
