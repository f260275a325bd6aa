"""A small trained run, what its commands should give, and what they gave."""
import collections
import hashlib
import json
import os
import pathlib
import queue
import random
import re
import shutil
import subprocess
import sys
import threading
import time
from typing import NamedTuple

ROOT = pathlib.Path(__file__).resolve().parents[1]
SERVER = ROOT / 'tools' / 'torture_server.py'
RUN = pathlib.Path('results', 'toy_cnn')  # in the folder of a case
LIMIT = 60  # seconds that a command may take
TRAIN = ['--dataset', 'toy.csv', '--out', 'results', '--unit', '8', '--layer',
         '1', '--batchsize', '4', '--dropout', '0', '--learning-rate', '.002']
USE = ['--model-setup', str(RUN), '--neighbors', '20']
# Name -> script and flags
COMMANDS = {
    'train': ('train.py', [*TRAIN, '--epoch', '4']),
    'retrain': ('train.py', [*TRAIN, '--epoch', '4', '--seed', '1',
                             '--overwrite']),
    'resume': ('train.py', [*TRAIN, '--epoch', '6', '--resume']),
    'run_dknn': ('run_dknn.py', USE),
    'last': ('run_dknn.py', [*USE, '--layers', 'last']),
    **{index: ('run_dknn.py', [*USE, '--index', index])
       for index in ('hnsw', 'ivf', 'lsh', 'kdtree')},
    'calibration': ('calibration.py', USE),
    'interpret': ('interpret.py', USE),
    'redraw': ('interpret.py', ['--redraw',
                                str(RUN / 'interpretations.jsonl')])}
# What a training ends with: seed and epoch
ENDS = {'train': 's0e4', 'retrain': 's1e4', 'resume': 's0e6'}
# What it may leave if it is stopped
ON_THE_WAY = {'train': ['s0e1', 's0e2', 's0e3', 's0e4'],
              'retrain': ['s1e1', 's1e2', 's1e3', 's1e4'],
              'resume': ['s0e4', 's0e5', 's0e6']}
READERS = [name for name in COMMANDS if name not in ENDS]
FIGURES = 'reliability.png', 'credibility.png', 'coverage.png'
PREDICTED = 'dknn.json', 'predictions.jsonl'
# Command -> files of which nothing but the time may differ
RESULTS = {
    'calibration': ('calibration.json', 'temperature.json', *FIGURES),
    'interpret': ('interpretations.jsonl', 'interpretations.html'),
    'redraw': ('interpretations.html',)}
SETUP = 'args.json', 'vocab.json', 'calib.json', 'best_model.npz'
# Settings that say nothing of what a run's results are
FREE = 'datetime', 'versions', 'epoch'
NOTE = re.compile(r'.* (computed|built|chosen) again|.* not stored')
# What approximate indexes always say
RECALL = re.compile(r'^index \w+: recall of .*\n', re.MULTILINE)
LABELS = {'negative': ('bad', 'dull', 'awful', 'poor'),
          'positive': ('good', 'fine', 'great', 'lovely')}
FILLERS = 'film plot scene actor story a the this with some'.split()


class Failure(Exception):
    """A promise that was not kept.

    Args:
        what (str): Which, in a few words.
        detail (str): How it shows.
    """

    def __init__(self, what, detail=''):
        super().__init__(what, detail)
        self.what, self.detail = what, detail


class Done(NamedTuple):
    """How a command ended: exit code, or minus a signal, and its output."""

    script: str
    code: int
    out: str
    said: str

    @property
    def err(self):
        """str: What it said of something unusual."""
        return RECALL.sub('', self.said)


class Server:
    """A process that runs commands in forked ones."""

    def __init__(self):
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [sys.executable, '-W', 'ignore::DeprecationWarning', str(SERVER)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            cwd=ROOT)

    def call(self, cwd, script, argv, most_bytes=None):
        """Runs a command; a ``Done``."""
        print(json.dumps({'cwd': str(cwd), 'script': script, 'argv': argv,
                          'limit': LIMIT, 'most_bytes': most_bytes}),
              file=self.process.stdin, flush=True)
        line = self.process.stdout.readline()
        if not line:
            self.close()
            self.start()
            raise Failure('the process that runs commands ended')
        return Done(script, **json.loads(line))

    def close(self):
        """Ends the process."""
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def write_table(path):
    """Sentences of four words, one of which decides the label."""
    rng, seen = random.Random(0), {}
    while len(seen) < 160:
        label = sorted(LABELS)[len(seen) % 2]
        words = [*rng.sample(FILLERS, 3), rng.choice(LABELS[label])]
        rng.shuffle(words)
        seen.setdefault(' '.join(words), label)
    rows = [f'{label},{text}\n' for text, label in seen.items()]
    path.write_text('label,text\n' + ''.join(rows))


def ended(done):
    """A command ended well, or with one sentence; its exit code, 0 or 2."""
    *notes, last = done.err.splitlines() or ['']
    if 'Traceback (most recent call last)' in done.err:
        raise Failure('traceback', done.err)
    if done.code < 0:
        raise Failure(f'ended by signal {-done.code}', done.err)
    if done.code not in (0, 2):
        raise Failure(f'exit code {done.code}', done.err)
    if done.code == 2 and not last.startswith(f'{done.script}: error: '):
        raise Failure('no sentence', done.err)
    others = notes if done.code == 2 else done.err.splitlines()
    for line in others:
        if not NOTE.fullmatch(line):
            raise Failure('something else on standard error', done.err)
    for char in done.out:
        if not char.isprintable() and char not in '\n\t':
            raise Failure(f'{char!r} is printed', done.out)
    return done.code


def read(path):
    """Bytes of a file, None if it is not there; of JSON what must be."""
    if not path.is_file():
        return None
    content = path.read_bytes()
    if path.name in ('dknn.json', 'args.json'):
        try:
            content = json.loads(content)
        except ValueError:
            return content
        if isinstance(content, dict):
            content = {key: value for key, value in content.items()
                       if key not in (*FREE, 'seconds')}
    return content


def results(folder, command):
    """What a command wrote into the run of a case: file to content."""
    return {name: read(folder / RUN / name)
            for name in RESULTS.get(command, PREDICTED)}


def state(folder):
    """A digest of what makes a run; None where there is no such folder."""
    if not (folder / RUN).is_dir():
        return None
    parts = [json.dumps(content, sort_keys=True) if name == 'args.json'
             and isinstance(content := read(folder / RUN / name), dict)
             else repr(read(folder / RUN / name)) for name in SETUP]
    return hashlib.sha256('\n'.join(parts).encode()).hexdigest()


def hidden(folder):
    """Temporary files of a case, and locks, as paths."""
    return sorted(os.path.relpath(os.path.join(where, name), folder)
                  for where, folders, files in os.walk(folder)
                  for name in folders + files if name.startswith('.'))


class World:
    """Runs that were made without disturbance, to compare with.

    Args:
        folder (Path): An empty folder.
        jobs (int): How many commands run at the same time.

    Attributes:
        states (dict): Digest of ``state`` to the names it has, such as
            ``s0e4``: seed 0, after epoch 4.
        counts (Counter): What happened how often.
    """

    def __init__(self, folder, jobs):
        self.folder, self.jobs = folder, jobs
        self.servers = queue.SimpleQueue()
        for _ in range(jobs):
            self.servers.put(Server())
        self.lock, self.known, self.usual = threading.Lock(), {}, {}
        self.states, self.counts = {}, collections.Counter()

    def close(self):
        """Ends the servers."""
        for _ in range(self.jobs):
            self.servers.get().close()

    def count(self, what):
        """Counts something that happened."""
        with self.lock:
            self.counts[what] += 1

    def call(self, folder, command, **options):
        """Runs a command, a name in ``COMMANDS`` or script and flags."""
        script, argv = (COMMANDS[command] if isinstance(command, str)
                        else command)
        server = self.servers.get()
        try:
            return server.call(folder, script, argv, **options)
        finally:
            self.servers.put(server)

    def must(self, folder, command):
        """Runs a command that nothing disturbs."""
        done = self.call(folder, command)
        if done.code:
            raise RuntimeError(f'{command} fails undisturbed, exit code '
                               f'{done.code}:\n{done.err}')

    def made(self, name):
        """Folder of a state, trained if it was not."""
        folder = self.folder / 'states' / name
        with self.lock:
            if name not in self.known:
                folder.mkdir(parents=True)
                write_table(folder / 'toy.csv')
                self.must(folder, ('train.py', [
                    *TRAIN, '--seed', name[1], '--epoch', name[3]]))
                self.known[name] = state(folder)
                self.states.setdefault(state(folder), set()).add(name)
        return folder

    def learn_all(self):
        """Makes all states known that a training can be in."""
        for names in ON_THE_WAY.values():
            for name in names:
                self.made(name)

    def expected(self, name, command):
        """What a command gives in a state, as ``results``."""
        folder = self.made(name)
        with self.lock:
            if (name, command) not in self.known:
                if command == 'redraw':
                    self.must(folder, 'interpret')
                self.must(folder, command)
                self.known[name, command] = results(folder, command)
        return self.known[name, command]

    def template(self, name):
        """Folder to copy: with data, with a run, or all that is written.

        Args:
            name (str): ``'empty'``, ``'fresh'`` or ``'full'``.

        Returns:
            Path: The folder, not to be changed.
        """
        folder = self.folder / name
        self.made('s0e4')
        if name == 'full':
            for command in READERS:
                self.expected('s0e4', command)
        with self.lock:
            if not folder.exists() and name == 'full':
                shutil.copytree(self.folder / 'states' / 's0e4', folder)
            elif not folder.exists():
                folder.mkdir()
                write_table(folder / 'toy.csv')
                if name == 'fresh':
                    self.must(folder, 'train')
        return folder

    def start(self, folder, command):
        """Starts a command as a user does; the process."""
        script, argv = COMMANDS[command]
        return subprocess.Popen(
            [sys.executable, str(ROOT / script), *argv], cwd=folder,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, errors='backslashreplace')

    def seconds(self, command):
        """How long the imports of a command take, and all of it."""
        template = self.template({'train': 'empty', 'redraw': 'full'}.get(
            command, 'fresh'))
        with self.lock:
            if command not in self.usual:
                self.usual[command] = self.timed(template, command)
            return self.usual[command]

    def timed(self, template, command):
        """``seconds``, measured on a copy of a folder."""
        folder = self.folder / 'timed' / command
        shutil.copytree(template, folder)
        start = time.perf_counter()
        self.start(folder, command).communicate()
        whole = time.perf_counter() - start
        start = time.perf_counter()
        subprocess.run(
            [sys.executable, ROOT / COMMANDS[command][0], '--help'],
            check=False, capture_output=True)
        return min(whole, time.perf_counter() - start), whole
