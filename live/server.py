"""The HTTP server around the application."""
import errno
import socket

import waitress

from errors import UserError
from live import asked, desk

N_THREADS = desk.MOST_WAITING + 4  # so that one can be told to come again
N_CONNECTIONS = 100
SECONDS = 30  # that a connection may be silent


def listen(host, port):
    """Takes a port; connections wait until ``serve`` accepts them.

    Args:
        host (str): A name or number of this computer.
        port (int): From 0, any that is free, to 65535.

    Returns:
        socket.socket: It listens.

    Raises:
        UserError: If the port is taken, or there is no such host here.
    """
    try:
        family, *_, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM,
            flags=socket.AI_PASSIVE)[0]
        return socket.create_server(address[:2], family=family)
    except (OSError, UnicodeError) as error:
        raise UserError(_sentence(error, host, port)) from None


def _sentence(error, host, port):
    code = getattr(error, 'errno', None)
    if code == errno.EADDRINUSE:
        return (f'port {port} of {host} is in use; choose another with '
                '--port, or 0 for any that is free')
    if code == errno.EACCES:
        return (f'port {port} is for the administrator only; choose one above '
                '1023 with --port')
    return (f'--host {host}: {getattr(error, "strerror", None) or error}; '
            'give a name or number of this computer')


def address_of(host, listening):
    """The address to open in a browser.

    Args:
        host (str): As given to ``listen``.
        listening (socket.socket): What it returned.

    Returns:
        str: An URL.
    """
    shown = {'0.0.0.0': '127.0.0.1', '::': '::1', '': '127.0.0.1'}.get(
        host, host)
    if ':' in shown:
        shown = f'[{shown}]'
    return f'http://{shown}:{listening.getsockname()[1]}/'


def serve(app, listening):
    """Answers until Ctrl-C, which ends it after the answers under way.

    Args:
        app (callable): WSGI application.
        listening (socket.socket): From ``listen``; closed at the end.
    """
    server = waitress.create_server(
        app, sockets=[listening], threads=N_THREADS, ident=None,
        connection_limit=N_CONNECTIONS, channel_timeout=SECONDS,
        max_request_body_size=8 * asked.MOST_BYTES,  # beyond: no sentence
        max_request_header_size=2 ** 15, clear_untrusted_proxy_headers=True)
    server.run()  # returns at KeyboardInterrupt
