"""The experiments' table, with made-up experiments in place of the real."""
import compat  # noqa: F401  (before Chainer)

import json
import re
import statistics
import subprocess

import pytest
import toys

import text_datasets
import train
from errors import UserError
from tools import experiments, pages

PAGE = f'# Page\r\n\n{pages.BEGIN}\n| old |\n{pages.END}\n\nend\n'


@pytest.fixture
def docs(tmp_path):
    folder = tmp_path / 'docs'
    folder.mkdir()
    (folder / experiments.PAGE).write_bytes(PAGE.encode())
    return folder


@pytest.fixture
def commands(monkeypatch):
    """The commands that were run, one list of words each."""
    asked = []
    run = experiments.run_command

    def run_command(*words):
        asked.append(words)
        run(*words)

    monkeypatch.setattr(experiments, 'run_command', run_command)
    return asked


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """The flags of one experiment, the only one; its data has a space."""
    folder = tmp_path / 'my data'
    folder.mkdir()
    toys.write_csv(folder / 'toy.csv', toys.sentences())
    monkeypatch.setenv('TOYS', str(folder))
    flags = f'--model bow --dataset $TOYS/toy.csv {" ".join(toys.SMALL)}'
    monkeypatch.setattr(experiments, 'EXPERIMENTS', [flags])
    return flags


@pytest.mark.slow
def test_a_table_of_a_toy(toy, tmp_path, docs, commands, capsys,
                          monkeypatch):
    """Trained once, read again the second time, and nothing else changed."""
    monkeypatch.setattr(experiments, 'SEEDS', (0, 1))
    out = tmp_path / 'runs'
    real = toys.listing(toys.ROOT / 'docs')
    flags = ['--out', str(out), '--docs', str(docs), '--jobs', '1']
    experiments.main(flags)
    folders = [out / 'toy_bow', *(out / f'seed{seed}' / 'toy_bow'
                                  for seed in experiments.SEEDS[1:])]
    assert [words[0] for words in commands] == [
        'train.py', 'run_dknn.py', 'calibration.py'] * len(folders)
    found = [json.loads((folder / 'dknn.json').read_text())
             for folder in folders]
    assert [json.loads((folder / 'args.json').read_text())['seed']
            for folder in folders] == list(experiments.SEEDS)
    page = (docs / experiments.PAGE).read_bytes().decode()
    before, after = PAGE.split('| old |')
    assert page.startswith(before) and page.endswith(after)
    head, rule, row = page[len(before):-len(after)].split('\n')
    assert head.startswith('| `python train.py ...` | indexed |')
    assert rule == '|' + '---|' * len(experiments.HEAD)
    shown = row.strip('| ').split(' | ')
    assert shown[:2] == [f'`{toy}`', str(found[0]['n_train'])]
    for folder, one in zip(folders, found, strict=True):
        path = folder.with_name('toy_linear.json')
        one['linear_accuracy'] = json.loads(path.read_text())['test']
    for place, name in [(2, 'linear'), (3, 'softmax'), (4, 'dknn'),
                        (5, 'soft')]:
        values = [100 * one[f'{name}_accuracy'] for one in found]
        assert shown[place] == (f'{statistics.mean(values):.1f} ± '
                                f'{statistics.stdev(values):.1f}')
    assert row in capsys.readouterr().out

    runs = toys.listing(out)
    monkeypatch.setattr(experiments.evaluation.linear, 'fit_and_predict',
                        None)
    experiments.main(flags)
    assert len(commands) == 6 and toys.listing(out) == runs
    assert (docs / experiments.PAGE).read_bytes().decode() == page
    assert toys.listing(toys.ROOT / 'docs') == real


@pytest.fixture
def finished(tmp_path, monkeypatch):
    """Two finished experiments, by hand; the folder of their runs."""
    monkeypatch.setattr(experiments, 'EXPERIMENTS', [
        '--dataset TREC --model cnn --char-based',
        '--dataset custrev --model rnn'])
    monkeypatch.setattr(experiments, 'linear', lambda data, chars, out, seed: (
        .5 + .01 * seed + .25 * chars))
    for name, n in (('TREC_cnn_char', 3907), ('custrev_rnn', 12)):
        for seed, place in enumerate(['', 'seed1', 'seed2']):
            folder = tmp_path / 'runs' / place / name
            folder.mkdir(parents=True)
            (folder / 'dknn.json').write_text(json.dumps({
                'n_train': n, 'softmax_accuracy': .8 + .01 * seed,
                'dknn_accuracy': .75, 'soft_accuracy': .9 - .02 * seed,
                'predictors': {kind: {'prediction_sets': [
                    {'level': .8, 'coverage': 0},
                    {'level': .9, 'coverage': value + .003 * seed}]}
                    for kind, value in [('dknn', .91), ('soft', .89)]}}))
            (folder / 'calibration.json').write_text(json.dumps({'reports': {
                'softmax': {'nll': 9}, 'softmax at T = 1.5': {
                    'nll': .4 + .1 * seed},
                'DkNN conformity': {'nll': None if seed else 8.},
                'soft DkNN conformity': {'nll': .5}}}))
            (folder / 'log').write_text(json.dumps([
                {'elapsed_time': 5.}, {'elapsed_time': 7.6 + seed}]))
    return tmp_path / 'runs'


def test_rows_by_hand(finished, docs, commands):
    """Means and deviations of three seeds."""
    experiments.main(['--out', str(finished), '--docs', str(docs)])
    assert not commands
    lines = (docs / experiments.PAGE).read_text('utf-8').splitlines()
    # 80, 81, 82: 81 and 1; 90, 88, 86: 88 and 2; .4, .5, .6: .5
    end = ('81.0 ± 1.0 | 75.0 ± 0.0 | 88.0 ± 2.0 | 0.500 | - | 0.500 | '
           '0.913 | 0.893 | 9 s |')
    assert lines[lines.index(pages.BEGIN) + 3:lines.index(pages.END)] == [
        '| `--dataset TREC --model cnn --char-based` | 3,907 | 76.0 ± 1.0 | '
        + end,
        f'| `--dataset custrev --model rnn` | 12 | 51.0 ± 1.0 | {end}']


def test_of_a_choice_only_its_rows_change(finished, docs, capsys):
    """Whatever the page has of others stays, in the order of EXPERIMENTS."""
    page = docs / experiments.PAGE
    page.write_text(f'a\n{pages.BEGIN}\n| x |\n|---|\n'
                    '| `--dataset custrev --model rnn` | old | 1 |\n'
                    '| `--dataset TREC --model cnn --char-based` | kept | 2 |'
                    f'\n| `--dataset gone --model rnn` | 3 |\n{pages.END}')
    experiments.main(['--out', str(finished), '--docs', str(docs),
                      '--only', 'custrev'])
    said = capsys.readouterr().out
    assert 'custrev' in said and 'TREC' not in said
    rows = page.read_text('utf-8').splitlines()[4:-1]
    assert rows[0] == ('| `--dataset TREC --model cnn --char-based` | kept '
                       '| 2 |')
    assert rows[1].startswith('| `--dataset custrev --model rnn` | 12 | 51.0')
    assert len(rows) == 2


def test_a_page_without_marks_is_refused_before_training(
        toy, tmp_path, commands):
    with pytest.raises(UserError, match='there is no page'):
        experiments.main(['--out', str(tmp_path / 'runs'), '--docs',
                          str(tmp_path)])
    assert not commands


def test_what_fails_is_named_and_leaves_the_page(toy, docs, tmp_path,
                                                 monkeypatch, capfd):
    monkeypatch.setattr(experiments, 'EXPERIMENTS', [
        f'{toy} --word_vectors /no'])
    with pytest.raises(UserError, match=r'train\.py ended with exit code 2'):
        experiments.main(['--out', str(tmp_path / 'runs'), '--docs',
                          str(docs)])
    assert 'train.py: error: ' in capfd.readouterr().err
    assert (docs / experiments.PAGE).read_bytes() == PAGE.encode()


def test_the_experiments_can_be_run():
    """train.py takes their flags, and no two share a folder."""
    folders = set()
    for flags in experiments.EXPERIMENTS:
        args = train.build_parser().parse_args(experiments.words_of(flags))
        assert args.dataset in text_datasets.DATASETS
        folders |= {experiments.run_folder(flags, 'results', seed)
                    for seed in experiments.SEEDS}
    assert len(folders) == 3 * len(experiments.EXPERIMENTS)
    assert toys.ROOT / 'results' / 'stsa.binary_cnn' in folders


def test_the_page_lists_the_experiments():
    page = (toys.ROOT / 'docs' / experiments.PAGE).read_text('utf-8')
    assert re.findall(r'^\| `(--.*?)` \|', page, re.MULTILINE) == (
        experiments.EXPERIMENTS)


def test_from_another_folder_as_a_command(tmp_path):
    done = subprocess.run(
        [experiments.sys.executable, toys.ROOT / 'tools' / 'experiments.py',
         '--docs', tmp_path], cwd=tmp_path, capture_output=True, text=True,
        check=False)
    assert done.returncode == 2
    assert done.stderr.startswith('experiments.py: error: there is no page')
