"""What the shared flags accept."""
import compat  # noqa: F401  (before Chainer)

import argparse
import inspect

import pytest

import runs
from errors import UserError
from runs import flags


@pytest.mark.parametrize('text, expected', [
    ('all', 'all'), ('last', 'last'), ('0', [0]), ('2,0', [2, 0]),
    ('-1', [-1])])
def test_layer_choice(text, expected):
    assert flags.layer_choice(text) == expected


@pytest.mark.parametrize('text', ['', 'first', '0,', '1.5', 'all,last'])
def test_layer_choice_refuses(text):
    with pytest.raises(argparse.ArgumentTypeError, match='like 0,2'):
        flags.layer_choice(text)


@pytest.mark.parametrize('text', ['1', '3'])
def test_whole_numbers(text):
    assert flags.whole_number(1, 3)(text) == int(text)


@pytest.mark.parametrize('text, message', [
    ('0', 'must be at least 1, got 0'), ('4', 'must be at most 3, got 4')])
def test_whole_numbers_out_of_range(text, message):
    with pytest.raises(argparse.ArgumentTypeError, match=message):
        flags.whole_number(1, 3)(text)


def test_what_is_no_whole_number_is_named_so(capsys):
    parser = argparse.ArgumentParser()
    parser.add_argument('--k', type=flags.positive)
    with pytest.raises(SystemExit):
        parser.parse_args(['--k', 'x'])
    assert "argument --k: invalid whole number value: 'x'" in (
        capsys.readouterr().err)


def test_options_are_those_of_fit_dknn():
    parser = argparse.ArgumentParser()
    flags.add_dknn_flags(parser)
    options = flags.dknn_options(parser.parse_args(
        ['-k', '9', '--lsh', '--layers', '0,2', '--class-conditional']))
    assert options == {'n_neighbors': 9, 'index': 'lsh', 'layers': [0, 2],
                       'class_conditional': True, 'index_options': None}
    parameters = inspect.signature(runs.fit_dknn).parameters
    assert options.keys() <= parameters.keys()
    defaults = flags.dknn_options(parser.parse_args([]))
    assert defaults == {name: parameters[name].default for name in options}


def test_milvus_has_an_address(monkeypatch):
    parser = argparse.ArgumentParser()
    flags.add_dknn_flags(parser)

    def options(*given):
        return flags.dknn_options(parser.parse_args(given))

    monkeypatch.delenv('MILVUS_TOKEN', raising=False)
    given = ['--index', 'milvus', '--milvus-uri', 'a.db']
    assert options(*given)['index_options'] == {'uri': 'a.db', 'token': ''}
    monkeypatch.setenv('MILVUS_TOKEN', 'me:word')
    assert options(*given)['index_options'] == {
        'uri': 'a.db', 'token': 'me:word'}
    with pytest.raises(UserError, match='--index milvus needs --milvus-uri'):
        options('--index', 'milvus')
    with pytest.raises(UserError, match='--index lsh does not take --milvus'):
        options('--lsh', *given[2:])


def index_options(*given):
    parser = argparse.ArgumentParser()
    flags.add_dknn_flags(parser)
    return flags.dknn_options(parser.parse_args(given))['index_options']


def test_options_of_an_index():
    assert index_options('--index', 'ivf', '--index-options', 'pq=60',
                         'n_probes=20') == {'pq': 60, 'n_probes': 20}
    with pytest.raises(UserError, match='--index-options pq: --index hnsw has '
                       'no such option; choose from n_links, ef_constr'):
        index_options('--index', 'hnsw', '--index-options', 'pq=60')
    with pytest.raises(UserError, match='--index exact has no such option; '
                       'choose from sum_bits$'):
        index_options('--index-options', 'memory=1')
    with pytest.raises(UserError, match='--index kdtree has no such option; '
                       'leave it out'):
        index_options('--index', 'kdtree', '--index-options', 'sum_bits=32')


@pytest.mark.parametrize('text', [
    'pq', 'pq=', 'pq=x', 'pq=-1', '=3', 'pq=1.5'])
def test_what_is_no_option_of_an_index(text, capsys):
    with pytest.raises(SystemExit):
        index_options('--index', 'ivf', '--index-options', text)
    assert 'whole number like n_probes=20' in capsys.readouterr().err
