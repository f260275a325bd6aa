"""A prompt that answers one text after another: ``interpret.py --repl``."""
import re
import sys

from errors import UserError
from runs.script import one_sentence
from saliency.methods import METHODS
from saliency.plain import record_lines
from saliency.questions import split_line
from terminal import printable

COMMAND = re.compile(r':([a-z]+)(?:\s+(.*))?')
HELP = '''\
Type a text, and Enter. Other lines:
  :method NAME ...  the methods that score its words, any of
{methods}
  :neighbors N      training texts shown a layer
  :help             this
  :quit             the end, as Ctrl-D is; Ctrl-C takes back the line
A text that begins like one of these has a blank before it.'''
PAIR_HELP = '''
Of a pair give the premise, then the hypothesis; or both, a tab between.'''


class Prompt:
    """Asks for texts, and prints what a run says of each.

    Args:
        explainer (interactive.explainer.TextExplainer): Who answers.
        methods (list of str): Keys of ``METHODS``.
        nearest (int): Training texts shown a layer, at least 1.
        reduce (str): A method for input reduction, or None.
        show (callable): From a record to a str, for programs: all else goes
            to standard error.  None for plain text, and all together.
    """

    def __init__(self, explainer, methods, nearest, reduce=None, show=None):
        self._explainer, self._reduce = explainer, reduce
        self._methods, self._nearest = methods, nearest
        self._show = show or _as_text
        self._beside = sys.stderr if show else sys.stdout
        self._is_pair = explainer.run.data.pair
        self._commands = {'method': self._set_methods,
                          'neighbors': self._set_nearest,
                          'help': self._help, 'quit': self._quit}
        self._goes_on = True

    def run(self):
        """Answers until ``:quit`` or the end of standard input.

        Ctrl-C takes back a line, or the answer that is being made; an error
        that the user can mend is a sentence on standard error.
        """
        if hasattr(sys.stdin, 'reconfigure'):
            # What is no UTF-8 is refused as a text, with a sentence
            sys.stdin.reconfigure(errors='surrogateescape')
        if sys.stdin.isatty():
            _edit_lines()
            self._say(f'{self._explainer!r}\n:help says what can be typed')
        while self._goes_on:
            try:
                self._answer(_line('text> '))
            except EOFError:
                if sys.stdin.isatty():
                    self._say()
                return
            except KeyboardInterrupt:
                self._say()
            except BrokenPipeError:
                raise
            except (UserError, OSError, MemoryError) as error:
                print(one_sentence(error), file=sys.stderr)
            sys.stdout.flush()

    def _answer(self, line):
        if not line.strip():
            return
        if found := COMMAND.fullmatch(line):
            self._command(*found.groups(default=''))
            return
        texts = split_line(line.strip(' '), 1 + self._is_pair)
        if self._is_pair and len(texts) == 1:
            texts.append(_line('hypothesis> ').strip(' '))
        answer, = self._explainer.explain(
            [tuple(texts) if self._is_pair else texts[0]], self._methods,
            self._nearest, self._reduce)
        print(self._show(answer.to_dict()))

    def _command(self, name, given):
        if name not in self._commands:
            raise UserError(
                f'there is no command :{name}; :help says which there are, '
                'and a text that begins so has a blank before it')
        self._commands[name](given.split())

    def _set_methods(self, names):
        for name in names:
            if name not in METHODS:
                raise UserError(f':method {name}: there is no such method; '
                                f'choose from {", ".join(METHODS)}')
        if names:
            self._methods = list(dict.fromkeys(names))
        self._say(f'methods: {" ".join(self._methods)}')

    def _set_nearest(self, given):
        if len(given) > 1 or not all(
                re.fullmatch('[1-9][0-9]{0,8}', n) for n in given):
            raise UserError(f':neighbors {printable(" ".join(given))}: give '
                            'one whole number from 1, like :neighbors 5')
        if given:
            self._nearest = int(given[0])
        self._say(f'neighbors: {self._nearest} a layer')

    def _help(self, _):
        names = list(METHODS)
        lines = [' '.join(names[i:i + 4]) for i in range(0, len(names), 4)]
        self._say(HELP.format(methods='\n'.join(
            f'{"":22}{line}' for line in lines))
            + (PAIR_HELP if self._is_pair else ''))

    def _quit(self, _):
        self._goes_on = False

    def _say(self, text=''):
        """Prints what is no answer."""
        print(text, file=self._beside)


def _as_text(record):
    return '\n'.join([*record_lines(record), ''])


def _edit_lines():
    """Lines can be edited and called back, where there is a readline."""
    try:
        import readline  # noqa: F401  (input() uses it)
    except ImportError:
        pass


def _line(prompt):
    """A line of standard input; only on a terminal it is asked for."""
    if not sys.stdin.isatty():
        return input()
    if sys.stdout.isatty():
        return input(prompt)
    print(prompt, end='', file=sys.stderr, flush=True)
    return input()
