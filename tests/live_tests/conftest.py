"""A small run behind the endpoints of the live page."""
import compat  # noqa: F401  (before Chainer)

import functools
import threading

import browsers
import pytest
import toys
from asking import ORIGIN

import saliency


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
    from live.rate import Rate
    return functools.cache(lambda kind='words': make_app(
        Desk(explainer(kind)), ['box.example'], Rate(at_once=10 ** 9)))


@pytest.fixture
def ask(app):
    """Function (question, kind, where, headers) -> (status, answer)."""
    def asked(question, kind='words', where='/api/explain', **headers):
        response = app(kind).test_client().post(
            where, base_url=ORIGIN, json=question, headers=headers)
        return response.status_code, response.get_json()

    return asked


@pytest.fixture(scope='session')
def served(app):
    """Function (kind) -> the address where waitress serves its page."""
    from live import server

    def serve(kind):
        listening = server.listen('127.0.0.1', 0)
        threading.Thread(target=server.serve, args=(app(kind), listening),
                         daemon=True).start()
        return server.address_of('127.0.0.1', listening)

    return functools.cache(serve)


@pytest.fixture(scope='module')
def browser():
    with browsers.launched() as browser:
        yield browser


@pytest.fixture
def tab(browser, served):
    """Function (hash, kind, options) -> the page; nothing may go wrong in
    it, and no request leave for another place."""
    opened = []

    def open_page(place='#text=a+good+film', kind='words', **options):
        tab, address = browser.new_page(**options), served(kind)
        tab.set_default_timeout(60000)  # other work may have the cores
        tab.wrong = []
        tab.on('console', lambda message: tab.wrong.append(message.text))
        tab.on('pageerror', lambda error: tab.wrong.append(str(error)))
        tab.on('dialog', lambda dialog: tab.wrong.append(dialog.message))
        tab.on('request', lambda request: request.url.startswith(
            (address, 'blob:')) or tab.wrong.append(request.url))
        tab.goto(address + place)
        tab.wait_for_selector('article')
        opened.append(tab)
        return tab

    yield open_page
    for page in opened:
        assert page.wrong == []
        page.close()
