"""The commands with ``--index milvus``: results, and one sentence each."""
import compat  # noqa: F401  (before Chainer)

import json
import os

import pytest
import toys

RESULTS = 'dknn.json', 'predictions.jsonl'
FREE = 'index', 'seconds'


def results(made):
    figures, lines = ((made / name).read_text() for name in RESULTS)
    return {name: value for name, value in json.loads(figures).items()
            if name not in FREE}, lines


def milvus(made, uri, script='run_dknn.py', **environment):
    return toys.command(
        script, '--model-setup', made, '--index', 'milvus', '--milvus-uri',
        uri, '--neighbors', '10', env={**os.environ, **environment})


def fails(made, uri, **environment):
    """What a command says on its one line."""
    done = milvus(made, uri, **environment)
    assert (done.returncode, done.stdout) == (2, '')
    assert done.stderr.count('\n') == 1
    assert done.stderr.startswith('run_dknn.py: error: ')
    return done.stderr


@pytest.mark.slow
@pytest.mark.milvus
def test_results_are_those_of_a_tree(made, tmp_path):
    """kdtree sums over the neighbours found, too; both find the true ones."""
    done = toys.command('run_dknn.py', '--model-setup', made, '--index',
                        'kdtree', '--neighbors', '10')
    assert done.returncode == 0
    expected = results(made)
    for _ in range(2):  # from nothing, and from what is stored
        done = milvus(made, tmp_path / 'shared.db')
        assert (done.returncode, done.stderr) == (0, '')
        assert results(made) == expected
    done = milvus(made, tmp_path / 'shared.db', 'calibration.py')
    assert (done.returncode, done.stderr) == (0, '')


@pytest.mark.milvus
def test_an_address_where_nobody_listens(made):
    assert 'no Milvus answers at http://127.0.0.1:1 ' in fails(
        made, 'http://127.0.0.1:1')


@pytest.mark.milvus
def test_an_address_that_is_none(made):
    assert '--milvus-uri shared is neither a file that ends in .db' in fails(
        made, 'shared')


@pytest.mark.milvus
def test_a_file_that_is_no_database(made, tmp_path):
    (tmp_path / 'text.db').write_text('text')
    assert 'text.db cannot be opened as a Milvus database' in fails(
        made, tmp_path / 'text.db')


def test_a_package_that_is_missing(made, tmp_path):
    (tmp_path / 'pymilvus.py').write_text('raise ImportError')
    assert fails(made, 'x.db', PYTHONPATH=str(tmp_path)).endswith(
        'pip install -r requirements-milvus.txt\n')
