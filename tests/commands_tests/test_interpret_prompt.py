"""interpret.py --repl, on standard input and on a terminal."""
import compat  # noqa: F401  (before Chainer)

import json
import os
import select
import signal
import subprocess
import sys
import time

import pytest
import toys
from interpreting import FEW, QUICK, check_record

from saliency.methods import METHODS

SECONDS = 60  # a slow machine's start


@pytest.fixture
def ask(folders):
    """Function (lines, flags, kind) -> the finished process."""
    def run(lines, *flags, kind='words'):
        if isinstance(lines, str):
            lines = lines.encode()
        return subprocess.run(
            [sys.executable, '-W', 'ignore', str(toys.ROOT / 'interpret.py'),
             '--model-setup', str(folders[kind]), *FEW, '--repl', *QUICK,
             *flags], input=lines, capture_output=True, check=False)

    return run


def test_lines(ask):
    """An answer each; blank lines have none; no prompt without a terminal."""
    done = ask('good film\n\n  \nbad\n:quit\nnever read\n')
    assert done.returncode == 0 and done.stderr == b''
    said = done.stdout.decode()
    assert said.count('softmax: ') == 2 and 'text>' not in said
    assert said.startswith('softmax: ') and said.endswith('\n\n')


def test_it_goes_on_after_an_error(ask):
    done = ask(b'caf\xe9 film\n:nonsense\n:method magic\n:neighbors 0\n'
               b':neighbors 1 2\n:method \x1b[31m\ngood\n')
    assert done.returncode == 0
    errors = done.stderr.decode().splitlines()
    for line, part in zip(errors, [
            'half of a character', 'there is no command :nonsense',
            ':method magic: there is no such method; choose from conformity',
            ':neighbors 0: give one whole number from 1',
            ':neighbors 1 2: give one', r'\x1b[31m'], strict=True):
        assert part in line and line.isprintable()
    assert done.stdout.count(b'softmax: ') == 1


def test_commands(ask):
    done = ask(':help\n:method soft gradient soft\n:neighbors 1\ngood\n'
               ':neighbors\n:method\n')
    assert done.stderr == b''
    said = done.stdout.decode()
    help_text, answer = said.split('methods: soft gradient\n', 1)
    assert all(f' {name}' in help_text for name in METHODS)
    assert all(f':{name}' in help_text for name in (
        'method', 'neighbors', 'help', 'quit'))
    assert answer.startswith('neighbors: 1 a layer\nsoftmax: ')
    assert answer.endswith('neighbors: 1 a layer\nmethods: soft gradient\n')
    assert answer.split('\nword ')[1].split()[:2] == ['soft', 'gradient']
    # of each of the three layers one text
    assert sum(line.startswith('     ') and ': ' in line
               for line in answer.splitlines()) == 3


def test_json_is_nothing_but_records(ask):
    done = ask(':help\n:method gradient\n:neighbors 1\ngood\n', '--json')
    record = json.loads(done.stdout)  # a single line
    assert list(record['methods']) == ['gradient']
    said = done.stderr.decode()
    assert said.startswith('Type a text')
    assert said.endswith('methods: gradient\nneighbors: 1 a layer\n')


@pytest.mark.parametrize('text', [':)', ' :quit', ':D good', ': good'])
def test_a_text_may_begin_with_a_colon(ask, text):
    done = ask(f'{text}\n')
    assert done.stdout.count(b'softmax: ') == 1 and done.stderr == b''


def test_pairs(ask):
    """Both in a line, or one after another; of three an error."""
    done = ask('the red film\tthe blue\nthe red film\nthe blue\na\tb\tc\n'
               'the red film\n', '--json', kind='pair')
    first, second = map(json.loads, done.stdout.splitlines())
    assert first == second
    check_record(first, n_layers=4, n_nearest=2)
    assert first['words'] == [['the', 'red', 'film'], ['the', 'blue']]
    assert b'must be a tuple of two strings' in done.stderr
    assert done.returncode == 0  # the end comes before the hypothesis


def test_answers_are_those_of_the_command(ask, folders):
    done = ask('A GOOD zyx\n', '--json', '--error', '.2', '--nearest', '3')
    other = toys.command('interpret.py', '--model-setup', folders['words'],
                         *FEW, *QUICK, '--text', 'A GOOD zyx', '--json',
                         '--error', '.2', '--nearest', 3)
    assert done.stdout.decode() == other.stdout


class Terminal:
    """interpret.py --repl behind a pseudo-terminal."""

    def __init__(self, folder, *flags, stdout=None):
        pty = pytest.importorskip('pty')
        self._end, inner = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, '-W', 'ignore', str(toys.ROOT / 'interpret.py'),
             '--model-setup', str(folder), *FEW, '--repl', *QUICK, *flags],
            stdin=inner, stdout=stdout or inner, stderr=inner,
            start_new_session=True,
            preexec_fn=_own_terminal, env={**os.environ, 'TERM': 'dumb'})
        os.close(inner)

    def type(self, keys):
        os.write(self._end, keys)

    def interrupt(self):
        """Ctrl-C until something is shown.

        Python's readline waits on if the signal comes before it waits.
        """
        for _ in range(SECONDS // 2):
            self.type(b'\x03')
            if select.select([self._end], [], [], 2)[0]:
                break

    def until(self, wanted):
        """What is shown up to and with a text."""
        seen, end = b'', time.monotonic() + SECONDS
        while wanted not in seen:
            ready, _, _ = select.select([self._end], [], [], 1)
            assert time.monotonic() < end, seen
            if ready:
                try:
                    seen += os.read(self._end, 1 << 16)
                except OSError:  # the other end is closed
                    break
        assert wanted in seen, seen
        return seen

    def code(self):
        return self.process.wait(SECONDS)

    def close(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
        os.close(self._end)


def _own_terminal():
    """Makes the pseudo-terminal the one that Ctrl-C is sent from; whoever
    started the tests may ignore it."""
    import fcntl
    import termios
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


@pytest.fixture
def terminal(folders):
    found = Terminal(folders['words'])
    yield found
    found.close()


def test_on_a_terminal(terminal):
    """Prompt, Ctrl-C within a line, the line before by Up, Ctrl-D."""
    assert b':help says' in terminal.until(b'text> ')
    terminal.type(b'half a li')
    terminal.until(b'half a li')
    terminal.interrupt()
    terminal.until(b'text> ')
    terminal.type(b'good film\n')
    said = terminal.until(b'text> ')
    assert b'softmax: ' in said and b'half' not in said
    terminal.type(b'\x1b[A\n')  # once more
    said = terminal.until(b'text> ')
    assert b'good film' in said and b'softmax: ' in said
    terminal.type(b'\x04')
    assert terminal.code() == 0


def test_quit_on_a_terminal(terminal):
    terminal.until(b'text> ')
    terminal.type(b':nonsense\n')
    terminal.until(b'there is no command :nonsense')
    terminal.type(b':quit\n')
    assert terminal.code() == 0


def test_a_file_gets_no_prompt(folders, tmp_path):
    """Records of a terminal's lines, kept in a file."""
    with open(tmp_path / 'records', 'wb') as stream:
        terminal = Terminal(folders['words'], '--json', stdout=stream)
    try:
        terminal.until(b'text> ')
        terminal.type(b'good\n')
        terminal.until(b'text> ')
        terminal.type(b':quit\n')
        assert terminal.code() == 0
    finally:
        terminal.close()
    record = json.loads((tmp_path / 'records').read_bytes())
    assert record['words'] == [['good']]
