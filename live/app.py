"""The endpoints as a WSGI application (docs/serve.md)."""
import ipaddress
import re

import flask
from werkzeug.exceptions import HTTPException

from errors import UserError
from live import asked as limits
from live.desk import Busy
from live.rate import Rate
from page import live as drawn

# Of every answer; the page adds its own content security policy
HEADERS = {
    'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY',
    'Referrer-Policy': 'no-referrer',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cache-Control': 'no-store',
}
HOST = re.compile(r'(?:\[(?P<six>[0-9a-f:.]{2,45})\]|(?P<name>[a-z0-9._-]+))'
                  r'(?::[0-9]{1,5})?', re.IGNORECASE | re.ASCII)
TOO_OFTEN = 'this client asks too often; ask again in a moment'
# What a client is told of a failed request, by status
SENTENCES = {
    404: 'there is nothing at this address; docs/serve.md has the endpoints',
    405: 'this endpoint has another method; docs/serve.md has the endpoints',
    413: f'the request is larger than {limits.MOST_BYTES:,} bytes; this page '
         f'takes texts of {limits.MOST_CHARACTERS:,} characters at most',
    500: 'something went wrong here; the terminal of serve.py says what',
}


def make_app(desk, hosts=(), rate=None):
    """The application that a server runs.

    A request must name this computer as its host, by a number, as
    ``localhost`` or as one of `hosts`, so that no page of another site can
    read answers through a name of its own (DNS rebinding); there are no CORS
    headers, and what is sent must be JSON, which other sites cannot send.

    Args:
        desk (live.desk.Desk): Who answers.
        hosts (iterable of str): Names of this computer, in small letters.
        rate (live.rate.Rate): How often a client may ask; None: as it is
            by default.

    Returns:
        flask.Flask: The application.
    """
    app = flask.Flask('live', static_folder=None)
    app.config['MAX_CONTENT_LENGTH'] = limits.MOST_BYTES
    app.json.sort_keys = False
    hosts, rate = {'localhost', *hosts}, rate or Rate()
    page, page_policy = drawn.render_page(desk.about())

    @app.before_request
    def check():
        host = flask.request.headers.get('Host', '')
        if not is_own(host, hosts):
            return _refused(f'{host[:100]!r} is no name of this server; open '
                            'it by its number, or start serve.py with '
                            '--allow-host', 403)
        origin = flask.request.headers.get('Origin')
        if origin not in (None, f'http://{host}', f'https://{host}'):
            return _refused('other sites may not ask this server', 403)
        if flask.request.method == 'POST' and not rate.allows(
                flask.request.remote_addr):
            raise Busy(TOO_OFTEN, 429)
        return None

    @app.after_request
    def protect(response):
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    @app.get('/')
    def index():
        return flask.Response(page, content_type='text/html; charset=utf-8',
                              headers={'Content-Security-Policy':
                                       page_policy})

    _add_endpoints(app, desk)
    _add_errors(app)
    return app


def _add_endpoints(app, desk):
    @app.get('/api/run')
    def about():
        return desk.about()

    @app.post('/api/explain')
    def explain():
        return desk.explain(_read(limits.Asked))

    @app.post('/api/similar')
    def similar():
        return desk.similar(_read(limits.AskedWord))


def _add_errors(app):
    @app.errorhandler(Busy)
    def busy(error):
        response = _refused(str(error), error.status)
        response.headers['Retry-After'] = '1'
        return response

    @app.errorhandler(UserError)
    def slip(error):
        return _refused(str(error), 400)

    @app.errorhandler(HTTPException)
    def other(error):
        return _refused(SENTENCES.get(error.code, error.name), error.code)


def _read(kind):
    if flask.request.mimetype != 'application/json':
        raise UserError('the request must have the content type '
                        'application/json')
    return limits.read(flask.request.get_data(), kind)


def _refused(sentence, status):
    response = flask.jsonify(error=sentence)
    response.status_code = status
    return response


def is_own(host, names):
    """Whether a Host header names this server.

    A page of another site reaches it by a name of that site, never by a
    number.

    Args:
        host (str): The header.
        names (set of str): Names that are allowed, in small letters.

    Returns:
        bool: True for one of `names` and for any IP address, with a port or
        without.
    """
    found = HOST.fullmatch(host)
    if not found:
        return False
    name = (found['six'] or found['name']).lower()
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return not found['six'] and name in names
    return True
