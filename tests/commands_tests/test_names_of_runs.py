"""Where a run goes, and what it may replace there."""
import compat  # noqa: F401  (before Chainer)

import json
import sys

import pytest
import toys

import runs
import train
from runs import settings


def fit(out, toy, *flags):
    train.main(['--dataset', str(toy), '--out', str(out), *toys.SMALL,
                '--epoch', '1', *flags])


def refusal(capsys, monkeypatch, run):
    """The sentence with which train.py ends."""
    monkeypatch.setattr(sys, 'argv', ['train.py'])
    with pytest.raises(SystemExit) as stopped:
        runs.run_script(run)
    assert stopped.value.code == 2
    return capsys.readouterr().err.splitlines()[-1]


def test_two_runs_side_by_side(toy, tmp_path, capsys):
    fit(tmp_path, toy)
    fit(tmp_path, toy, '--name', 'größer, 2', '--unit', '15')
    assert ("--model-setup '" + str(tmp_path / 'größer, 2' / 'args.json')
            ) in capsys.readouterr().out  # a blank needs quotes
    assert [runs.load_run(tmp_path / name).args['unit']
            for name in ('toy_cnn', 'größer, 2')] == [12, 15]
    assert 'name' not in runs.load_run(tmp_path / 'größer, 2').args
    fit(tmp_path, toy, '--name', 'größer, 2', '--unit', '15', '--resume',
        '--epoch', '2')
    assert not (toys.visible(tmp_path)
                - {tmp_path / 'toy_cnn', tmp_path / 'größer, 2'})


@pytest.mark.parametrize('name', [
    '', ' ', '.', '..', '../x', 'a/b', '/tmp/x', 'a\\b', '.hidden', 'a\nb',
    'a\x1b[2Jb', 'a\0b', '\u202eb', '\udcff', 'x' * 201, 'é' * 101])
def test_names_that_are_none(toy, tmp_path, name, capsys, monkeypatch):
    (tmp_path / 'out').mkdir()
    said = refusal(capsys, monkeypatch, lambda: fit(
        tmp_path / 'out', toy, f'--name={name}'))
    assert said.startswith('train.py: error: --name ')
    assert 'is no name of a run; take one without slashes' in said
    assert [path.name for path in tmp_path.iterdir()] == ['out']
    assert not list((tmp_path / 'out').iterdir())


def test_the_longest_name(toy, tmp_path):
    """Whatever is written beside it fits a file system's 255 bytes."""
    fit(tmp_path, toy, '--name', 'é' * 100)
    fit(tmp_path, toy, '--name', 'é' * 100)
    assert [path.name for path in tmp_path.iterdir()] == ['é' * 100]


def test_the_same_settings_replace_a_run(toy, tmp_path):
    fit(tmp_path, toy)
    before = (tmp_path / 'toy_cnn' / 'best_model.npz').read_bytes()
    (tmp_path / 'toy_cnn' / 'dknn.json').write_text('{}')
    fit(tmp_path, toy)
    assert (tmp_path / 'toy_cnn' / 'best_model.npz').read_bytes() == before
    assert not (tmp_path / 'toy_cnn' / 'dknn.json').exists()


@pytest.mark.parametrize('flags, told', [
    (['--unit', '15'], '--unit is 12, not 15'),
    (['--seed', '1', '--layer', '1'], '--layer is 2, not 1'),
    (['--epoch', '2'], '--epoch is 1, not 2'),
    (['--dropout', '.3'], '--dropout is 0.1, not 0.3'),
    (['--learning-rate', '.01'], '--learning-rate is 0.003, not 0.01'),
    (['--label-column', 'label'], "--label-column is None, not 'label'"),
    (['--label-column', 'label', '--text-column', 'text'],
     "--text-column is None, not ['text']")])
def test_other_settings_do_not(toy, tmp_path, flags, told, capsys,
                               monkeypatch):
    """The first difference is named, in the order of args.json."""
    fit(tmp_path, toy)
    before = toys.listing(tmp_path)
    said = refusal(capsys, monkeypatch, lambda: fit(tmp_path, toy, *flags))
    assert said == (
        f'train.py: error: {tmp_path / "toy_cnn"} holds a run whose {told}; '
        'replace it with --overwrite, or keep both with --name')
    assert toys.listing(tmp_path) == before
    fit(tmp_path, toy, *flags, '--overwrite')
    fit(tmp_path, toy, *flags)


def test_columns_that_are_no_longer_chosen(toy, tmp_path):
    fit(tmp_path, toy, '--text-column', 'text')
    with pytest.raises(ValueError, match=r"whose --text-column is \['text'\]"
                       ', not None; replace'):
        fit(tmp_path, toy)


def test_a_changed_file_is_no_other_setting(tmp_path):
    """Labels are mended, and the network is trained again."""
    data = toys.write_csv(tmp_path / 'toy.csv', toys.sentences(60))
    fit(tmp_path / 'out', data)
    toys.write_csv(data, [*toys.sentences(50), ('mixed', 'fine and dull'),
                          ('mixed', 'great and awful')])
    fit(tmp_path / 'out', data)
    assert len(runs.load_run(tmp_path / 'out/toy_cnn').data.label_names) == 3


def test_resume_and_overwrite_contradict_each_other(toy, capsys):
    with pytest.raises(SystemExit):
        fit('nowhere', toy, '--resume', '--overwrite')
    assert 'not allowed with argument --resume' in capsys.readouterr().err


def test_first_difference_by_hand():
    now = {'unit': 3, 'seed': 1, 'pair': False}
    for then, free, expected in [
            ({'unit': 3, 'seed': 1, 'pair': True}, ['pair'], None),
            ({'unit': 3, 'seed': 1, 'pair': True}, [], 'pair'),
            ({'seed': 2, 'pair': True}, [], 'unit'),
            ({'unit': 3, 'seed': 1, 'pair': False, 'old': 4}, [], None),
            ({**now, 'id_column': 'a'}, [], 'id_column')]:
        assert settings.first_difference(now, then, free) == expected


def test_what_is_no_args_json_may_be_replaced(toy, tmp_path):
    (tmp_path / 'toy_cnn').mkdir()
    (tmp_path / 'toy_cnn' / 'args.json').write_text('[1]')
    fit(tmp_path, toy)
    assert json.loads((tmp_path / 'toy_cnn/args.json').read_text())['seed'
                                                                    ] == 0
