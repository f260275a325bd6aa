"""Each example of docs/extending.md, in a copy of the project, by command."""
import compat  # noqa: F401  (before Chainer)

import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tarfile

import numpy as np
import pytest
import toys

PAGE = (toys.ROOT / 'docs' / 'extending.md').read_text('utf-8')
SECTIONS = dict(re.findall(r'\n## (.*?)\n(.*?)(?=\n## |$)', PAGE, re.DOTALL))
SHOWN = 'docs', 'tests', 'benchmarks', 'tools', 'results'


def example(section):
    """File, code and commands of a section."""
    text = SECTIONS[section]
    file, = re.findall(r'\bAt the end of `(.*?)`:\n', text)
    code, = re.findall(r'```python\n(.*?)```', text, re.DOTALL)
    commands, = re.findall(r'```\n(python .*?)```', text, re.DOTALL)
    return file, code, commands.strip().split('\n')


@pytest.fixture(scope='module')
def trained(tmp_path_factory):
    """A folder with reviews.csv and one run, to copy."""
    folder = tmp_path_factory.mktemp('trained')
    toys.write_csv(folder / 'reviews.csv', toys.sentences(120))
    toys.fit(folder / 'results', folder / 'reviews.csv')
    return folder


@pytest.fixture
def extended(trained, tmp_path):
    """Function section -> what its commands print, and the folder."""
    def run(section, **environment):
        file, code, commands = example(section)
        project = tmp_path / 'project'
        shutil.copytree(toys.ROOT, project, ignore=lambda _, names: [
            name for name in names if name.startswith('.') or name in SHOWN])
        shutil.copytree(trained, tmp_path / 'work')
        with open(project / file, 'a', encoding='utf-8') as f:
            f.write(f'\n\n{code}')
        said = []
        for command in commands:
            script, *flags = shlex.split(command)[1:]
            done = subprocess.run(
                [sys.executable, str(project / script), *flags],
                cwd=tmp_path / 'work', capture_output=True, text=True,
                env={**os.environ, **environment})
            assert (done.returncode, done.stderr) == (0, ''), done.stderr
            said.append(done.stdout)
        return said, tmp_path / 'work' / 'results'

    return run


def test_every_section_has_an_example():
    assert list(SECTIONS) == ['An encoder', 'A data set', 'An index',
                              'A saliency method']
    for section in SECTIONS:
        example(section)


def records(folder):
    lines = (folder / 'interpretations.jsonl').read_text('utf-8')
    return [json.loads(line) for line in lines.splitlines()]


def test_an_encoder(extended):
    _, results = extended('An encoder')
    folder = results / 'reviews_max'
    dknn = json.loads((folder / 'dknn.json').read_text())
    assert dknn['layers'] == ['maximum']
    found = records(folder)
    assert len(found) == dknn['n_test']
    # the words that decide the label weigh more than the fillers
    deciding = {word for words in toys.WORDS.values() for word in words}
    weights = {True: [], False: []}
    for record in found:
        for word, score in zip(record['words'][0], record['methods'][
                'gradient']['scores'][0], strict=True):
            weights[word in deciding].append(abs(score))
    assert np.mean(weights[True]) > np.mean(weights[False]) > 0


SETUP = '''
from setuptools import setup
setup(name='kitchen-reviews', version='1.0', description='reviews', url='x')
'''


def source_distribution(folder):
    """kitchen-reviews-1.0.tar.gz, as a package index would have it."""
    rows = ''.join(f'{int(label == "positive")},{text}\n'
                   for label, text in toys.sentences(120))
    files = {'setup.py': SETUP, 'data/reviews.csv': f'label,text\n{rows}',
             'PKG-INFO': 'Metadata-Version: 2.1\nName: kitchen-reviews\n'
                         'Version: 1.0\n'}
    with tarfile.open(folder / 'kitchen-reviews-1.0.tar.gz', 'w:gz') as sdist:
        for name, content in files.items():
            info = tarfile.TarInfo(f'kitchen-reviews-1.0/{name}')
            info.size = len(content.encode())
            sdist.addfile(info, io.BytesIO(content.encode()))


def test_a_data_set_from_a_package(extended, tmp_path):
    """pip itself fetches it, from a folder in place of an index."""
    source_distribution(tmp_path)
    said, results = extended(
        'A data set', PIP_NO_INDEX='1', PIP_FIND_LINKS=str(tmp_path),
        PIP_NO_BUILD_ISOLATION='0', PIP_CONFIG_FILE=os.devnull,
        CHAINER_DATASET_ROOT=str(tmp_path / 'data'), DKNN_DATA='')
    assert 'kitchen: train 77, valid 10, calib 21, test 12' in said[0]
    assert '2 labels: useless, useful' in said[0]
    assert (results / 'kitchen_bow' / 'best_model.npz').is_file()
    assert [path.name for path in (tmp_path / 'data' / 'dknn').iterdir()] == [
        'kitchen-reviews-1.0.tar.gz']


def test_an_index(extended, trained):
    """The neighbours, and so the figures, are those of the exact search.

    All but soft conformity, which only ``exact`` takes over all examples.
    """
    _, results = extended('An index')
    found = json.loads((results / 'reviews_cnn' / 'dknn.json').read_text())
    assert found['index'] == 'balltree'
    stored = results / 'reviews_cnn' / 'activations' / 'index_balltree'
    assert not stored.exists()
    lines = predictions(results)
    toys.command('run_dknn.py', '--model-setup', results / 'reviews_cnn',
                 '--neighbors', '9', '--layers', 'last')
    assert lines == predictions(results)


def predictions(results):
    """Lines of predictions.jsonl, without what is soft."""
    lines = (results / 'reviews_cnn' / 'predictions.jsonl').read_text('utf-8')
    found = [json.loads(line) for line in lines.splitlines()]
    assert all(line.pop('soft') for line in found)
    return found


def test_a_saliency_method(extended):
    said, results = extended('A saliency method')
    for record in records(results / 'reviews_cnn'):
        assert list(record['methods']) == ['margin', 'replaced']
        for entry in record['methods'].values():
            assert entry['target'] == record['softmax']['label']
            assert len(entry['scores'][0]) == len(record['words'][0])
    assert 'texts explained' in said[0]
    page = (results / 'reviews_cnn' / 'interpretations.html').read_text()
    assert 'how far the lead of the predicted logit falls' in page
