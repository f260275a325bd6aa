"""README.md does what it shows: every command and every line of Python."""
import compat  # noqa: F401  (before Chainer)

import functools
import os
import pathlib
import re
import subprocess
import sys
import zipfile

import pytest
import toys

README = (toys.ROOT / 'README.md').read_text('utf-8')
OTHERS = [page for page in (toys.ROOT / 'docs').glob('*.md')
          if page.name not in ('extending.md', 'output.md')]
# Run elsewhere (`make`, serve.py, which does not end), or they take as long as
# the experiments do.
NOT_RUN = re.compile(r'^make |serve\.py|tools/experiments\.py|benchmarks/')


def blocks(text, language):
    return [block for found, block in re.findall(
        r'^```(\w*)\n(.*?)^```$', text, re.DOTALL | re.MULTILINE)
            if found == language]


def shortened(block):
    """The same with small networks, and few texts to measure explanations
    of; whatever else it shows is run."""
    for script, flags in [('train', '--unit 12 --epoch 4'),
                          ('evaluate', '--texts 6')]:
        block = re.sub(rf'^(python {script}\.py [^#\n]*)', rf'\1 {flags} ',
                       block, flags=re.MULTILINE)
    return block


def shell_blocks(text):
    """Blocks whose lines are commands, comments or settings of variables."""
    return [block for block in blocks(text, '')
            if re.match(r'python |make ', block)]


@pytest.fixture(scope='module')
def place(tmp_path_factory):
    """The scripts, with small files under the names that README.md uses."""
    folder = tmp_path_factory.mktemp('readme')
    for path in toys.ROOT.iterdir():
        if path.suffix == '.py' or (path / '__init__.py').exists():
            (folder / path.name).symlink_to(path)
    data = folder / 'data'
    data.mkdir()
    rows = list(toys.sentences(120))
    # Some are labelled against all that can be learned.
    wrong = [('negative', f'{text} lovely good great')
             for _, text in rows[:4]]
    for file, part in [('stsa.binary.train', rows[:100]),
                       ('stsa.binary.dev', rows[90:100]),
                       ('stsa.binary.test', [*rows[100:], *wrong]),
                       ('TREC.train.all', rows), ('TREC.test.all', rows[:9])]:
        (data / file).write_text(''.join(
            f'{int(label == "positive")} {text}\n' for label, text in part))
    write_snli(data / 'snli_1.0.zip')
    toys.write_csv(folder / 'reviews.csv', rows)
    (folder / 'tickets.csv').write_text(
        'ticket_id;category;message\n' + ''.join(
            f'n{i};{label};{text}\n' for i, (label, text) in enumerate(rows)))
    (folder / 'glove.6B.50d.txt').write_text(''.join(
        f'{word} {" ".join(["0.1"] * 50)}\n' for word in toys.FILLERS))
    return folder


def write_snli(path):
    """Pairs of the same or another colour."""
    toys.write_pairs(path.with_suffix('.jsonl'), 120)
    text = path.with_suffix('.jsonl').read_text()
    for ours, theirs in [('"label"', '"gold_label"'), ('same', 'entailment'),
                         ('other', 'contradiction'),
                         ('premise', 'sentence1'),
                         ('hypothesis', 'sentence2')]:
        text = text.replace(ours, theirs)
    lines = text.splitlines()
    with zipfile.ZipFile(path, 'w') as archive:
        for split, part in [('train', lines[:100]), ('dev', lines[100:110]),
                            ('test', lines[110:])]:
            archive.writestr(f'snli_1.0/snli_1.0_{split}.jsonl',
                             '\n'.join(part))


def run(words, place):
    environment = {
        **os.environ, 'DKNN_DATA': str(place / 'data'),
        'PATH': f'{pathlib.Path(sys.executable).parent}:{os.environ["PATH"]}'}
    done = subprocess.run(words, cwd=place, capture_output=True, text=True,
                          env=environment, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_the_readme_runs(place):
    """In its order; what it resumes was begun before."""
    run([sys.executable, 'train.py', '--dataset', 'snli', '--model', 'bilstm',
         '--unit', '12', '--epoch', '2'], place)
    shown = [block for block in shell_blocks(README)
             if not NOT_RUN.search(block)]
    commands = re.findall(r'^python .*$', ''.join(shown), re.MULTILINE)
    assert len(commands) >= 12
    said = [run(['bash', '-eu', '-c', shortened(block)], place)
            for block in shown]
    assert (place / 'results' / 'stsa.binary_cnn' / 'dknn.json').is_file()
    assert (place / 'own' / 'interpretations.html').is_file()
    assert (place / 'own' / 'examples.pdf').is_file()
    assert 'texts explained' in said[-1]
    python, = blocks(README, 'python')
    assert re.match(r'\[[01]\.', run([sys.executable, '-W', 'ignore', '-c',
                                      python], place))


def test_no_command_is_left_out():
    """Every line of a block is a command that is run, or plain in kind."""
    for block in shell_blocks(README):
        for line in block.splitlines():
            assert re.match(r'python \w+\.py|make (demo|test)|\w+=\S+|#|$',
                            line), line


@functools.cache
def help_of(script):
    return toys.command(script, '--help').stdout


@pytest.mark.parametrize('page', OTHERS, ids=lambda page: page.name)
def test_commands_of_other_documents_exist(page):
    """Their scripts and flags; they take too long to be run here."""
    text = page.read_text('utf-8')
    for script, rest in re.findall(r'python ((?:\w+/)?\w+\.py)([^`\n]*)',
                                   text):
        assert (toys.ROOT / script).is_file()
        unquoted = re.sub(r"'[^']*'", '', rest)
        for flag in re.findall(r'(--[\w-]+)', unquoted):
            assert flag in help_of(script), f'{script} {flag}'
    for target in re.findall(r'`?make (\w+)', text):
        makefile = (toys.ROOT / 'Makefile').read_text()
        assert re.search(rf'^{target}:', makefile, re.MULTILINE), target
