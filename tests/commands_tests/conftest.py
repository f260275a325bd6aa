"""Small data, and runs that the scripts can work on."""
import compat  # noqa: F401  (before Chainer)

import pytest
import toys
from interpreting import FEW, newest, read

import calibration
import interpret
import run_dknn
import runs

FAST = '--learning-rate', '0.01', '--dropout', '0.1', '--epoch', '4'


@pytest.fixture(scope='session')
def folders(tmp_path_factory):
    """Run folders by kind: words, pair, characters."""
    data = tmp_path_factory.mktemp('data')
    single, pairs = data / 'single', data / 'pairs.jsonl'
    single.mkdir()
    rows = list(toys.sentences(150))
    toys.write_csv(single / 'train.csv', rows[:130])
    # Some are labelled against all that can be learned.
    toys.write_csv(single / 'test.csv', [*rows[130:], *(
        ('negative', f'{text} lovely good great') for _, text in rows[:4])])
    toys.write_pairs(pairs, 150)
    made = {kind: toys.fit(
        data / kind, file, '--learning-rate', '0.02', '--epoch', epochs,
        *flags) for kind, file, epochs, *flags in [
            ('words', single, 4), ('pair', pairs, 2, '--model', 'bow'),
            ('characters', single, 1, '--char-based')]}
    runs.stored_activations(runs.load_run(made['words']), 'test')
    return made


@pytest.fixture
def explain(folders, tmp_path):
    """Function (flags, kind) -> the records written."""
    def run(*flags, kind='words'):
        out = tmp_path / 'out'
        interpret.main(['--model-setup', str(folders[kind]), *FEW,
                        '--out', str(out), *map(str, flags)])
        return read(newest(out))

    return run


@pytest.fixture(scope='session')
def data(tmp_path_factory):
    """A folder with single sentences and pairs."""
    folder = tmp_path_factory.mktemp('data')
    toys.write_csv(folder / 'toy.csv', toys.sentences())
    toys.write_pairs(folder / 'pairs.jsonl')
    return folder


@pytest.fixture(scope='session')
def made(data, tmp_path_factory):
    """A trained CNN whose activations are all stored."""
    folder = toys.fit(tmp_path_factory.mktemp('made'), data / 'toy.csv',
                      *FAST)
    run_dknn.main(['--model-setup', str(folder)])
    calibration.main(['--model-setup', str(folder)])
    return folder


@pytest.fixture(scope='session')
def toy(tmp_path_factory):
    """A CSV file of 200 sentences."""
    folder = tmp_path_factory.mktemp('train')
    return toys.write_csv(folder / 'toy.csv', toys.sentences())
