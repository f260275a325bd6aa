"""A small run behind the endpoints of the live page."""
import compat  # noqa: F401  (before Chainer)

import functools

import pytest
import toys

import saliency

ORIGIN = 'http://127.0.0.1:8000'


@pytest.fixture(scope='session')
def trained(tmp_path_factory):
    """Function (kind) -> the folder of a small run of words or of pairs."""
    make = toys.trainer(tmp_path_factory.mktemp('served'), 120)
    return lambda kind: make({'words': 'cnn', 'pair': 'bow',
                              'characters': 'bow'}[kind], kind)


@pytest.fixture(scope='session')
def explainer(trained):
    """Function (kind) -> its TextExplainer."""
    return functools.cache(lambda kind='words': saliency.load_explainer(
        trained(kind), n_neighbors=7))


@pytest.fixture(scope='session')
def app(explainer):
    """Function (kind) -> the application."""
    pytest.importorskip('flask')
    pytest.importorskip('waitress')
    from live.app import make_app
    from live.desk import Desk
    return functools.cache(lambda kind='words': make_app(
        Desk(explainer(kind)), ['box.example']))


@pytest.fixture
def ask(app):
    """Function (question, kind, where, headers) -> (status, answer)."""
    def asked(question, kind='words', where='/api/explain', **headers):
        response = app(kind).test_client().post(
            where, base_url=ORIGIN, json=question, headers=headers)
        return response.status_code, response.get_json()

    return asked
