"""What interpret.py refuses, in one sentence."""
import compat  # noqa: F401  (before Chainer)

import pytest
from interpreting import FEW, QUICK, fails

import interpret
from files.atomic import write_jsonl

BAD = {
    'id beyond': ('words', ['--ids', '0,24'], 'no text 24 among the 24'),
    'negative id': ('words', ['--ids=-1'], 'no text -1'),
    'no id': ('words', ['--ids', 'a,b'], "'a,b'"),
    'no limit': ('words', ['--limit', '0'], 'at least 1'),
    'empty text': ('words', ['--text', ''], 'empty'),
    'blank text': ('words', ['--text', 'good', '--text', ' \t'], 'empty'),
    'one text for a pair': ('pair', ['--text', 'a film'],
                            'takes 2 texts at a time, got 1'),
    'three texts for pairs': ('pair', ['--text', 'a'] * 3, 'got 3'),
    'empty hypothesis': ('pair', ['--text', 'a film', '--text', ''],
                         'empty'),
    'missing file': ('words', ['--input', 'no/such.txt'], 'no/such.txt'),
    'method': ('words', ['--method', 'magic'], "'magic'"),
    'no method': ('words', ['--method'], 'at least one'),
    'own texts of a split': (
        'words', ['--text', 'good', '--split', 'test'],
        '--text cannot be given with --split: your own texts are in no'),
    'own texts and ids': ('words', ['--text', 'good', '--ids', '1'],
                          '--text cannot be given with --ids'),
    'file and ids': ('words', ['--input', 'x', '--ids=1'],
                     '--input cannot be given with --ids'),
    'file of a split': ('words', ['--input', 'x', '--split', 'calib'],
                        '--input cannot be given with --split'),
    'JSON of a split': ('words', ['--json'], 'give --text or --input'),
    'methods twice': (
        'words', ['--method', 'random', '--interp_method', 'dknn'],
        '--interp_method cannot be given with --method'),
    'too many steps': ('words', ['--steps', '10001'], 'at most 10000'),
    'too many draws': ('words', ['--draws', '10000000'], 'at most 10000'),
    'too great a seed': ('words', ['--seed', str(2 ** 32)], 'at most 42949'),
    'premise of single texts': (
        'words', ['--premise'], '--premise: this model reads single texts'),
    'figure': ('words', ['--limit', '1', *QUICK, '--figure', 'f.gif'],
               'f.gif'),
}


@pytest.mark.parametrize('name', sorted(BAD))
def test_refuses(name, folders, tmp_path, capsys, monkeypatch):
    kind, flags, message = BAD[name]
    monkeypatch.chdir(tmp_path)
    assert message in fails(
        capsys, monkeypatch, '--model-setup', folders[kind], *FEW, *flags,
        '--out', 'out')
    assert name == 'figure' or not list(tmp_path.iterdir())


@pytest.mark.parametrize('flags', [
    ['--model-setup', 'x'], ['--gpu', '-1'], ['--data-dir', 'x'],
    ['--index', 'exact'], ['--milvus-uri', 'x.db'], ['--lsh'], ['-k', '75'],
    ['--index-options', 'pq=4'], ['--layers', 'all'],
    ['--class-conditional'], ['--memory', '4G'], ['--dtype', 'float16'],
    ['--text', 'a'], ['--input', 'x'], ['--json'],
    ['--split', 'test'], ['--limit', '1'], ['--ids', '1'],
    ['--only', 'wrong'], ['--method', 'random'], ['--interp_method', 'dknn'],
    ['--premise'], ['--nearest', '5'], ['--reduce', 'random'],
    ['--steps', '50'], ['--soft_steps', '8'],
    ['--draws', '25'], ['--sizes', '4'], ['--seed', '0']])
def test_redraw_takes_no_other_choice(flags, tmp_path, capsys, monkeypatch):
    """Not even the default: nothing is explained again."""
    monkeypatch.chdir(tmp_path)
    assert '--redraw cannot be given with ' in fails(
        capsys, monkeypatch, '--redraw', 'x.jsonl', *flags)
    assert not list(tmp_path.iterdir())


def test_flags_of_redraw_are_all_there():
    """Every flag but those of the output is refused above."""
    parser = interpret.build_parser()
    flags, = [mark.args[1] for mark in
              test_redraw_takes_no_other_choice.pytestmark]
    tried = {parser._option_string_actions[given[0]].dest for given in flags}
    assert tried == {action.dest for action in parser._actions} - {
        'help', 'redraw', 'out', 'figure'}


@pytest.mark.parametrize('content, message', [
    ('', 'in.txt holds no text'), (' \n\n', 'in.txt holds no text'),
    ('a film\n', 'got 1'), ('a\tb\tc\n', 'got 3'), ('a film\t\n', 'empty')])
def test_refuses_input_of_pairs(content, message, folders, tmp_path, capsys,
                                monkeypatch):
    file = tmp_path / 'in.txt'
    file.write_text(content)
    assert message in fails(
        capsys, monkeypatch, '--model-setup', folders['pair'], *FEW,
        '--input', file, '--out', tmp_path / 'out')
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize('content, message', [
    (b'', 'x.jsonl: there is no record to show'),
    (b'nonsense\n', 'line 1 is no valid JSON'),
    (b'\xff\xfe\x00{\n', 'line 1 is no valid JSON'), (b'[1]\n', 'line 1'),
    (b'{"version": 1}\n', 'line 1: object missing required field id'),
    (b'\n', 'line 1'), (b'7\n', 'line 1: expected object, got int'),
    (b'{"version": 1, "x": ' + b'[' * 100_000, 'line 1'),
    (b'{"version": "\\u001b[31m"}\n', 'line 1: version: expected int')])
def test_refuses_to_redraw(content, message, tmp_path, capsys, monkeypatch):
    file = tmp_path / 'x.jsonl'
    file.write_bytes(content)
    assert message in fails(capsys, monkeypatch, '--redraw', file)
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize('change, message', [
    ({'version': 2}, 'line 2: version 2'), ({'words': [['a'] * 9]}, 'words')])
def test_refuses_records_that_do_not_fit(explain, tmp_path, capsys,
                                         monkeypatch, change, message):
    records = explain('--limit', 2, *QUICK)
    records[1].update(change)
    write_jsonl(tmp_path / 'x.jsonl', records)
    assert message in fails(capsys, monkeypatch, '--redraw',
                            tmp_path / 'x.jsonl')


def test_predictions_have_no_record(tmp_path, capsys, monkeypatch):
    assert 'missing.jsonl' in fails(capsys, monkeypatch, '--redraw',
                                    tmp_path / 'missing.jsonl')
    (tmp_path / 'p.jsonl').write_text('{"id": 0, "split": "test"}\n')
    assert 'p.jsonl, line 1: object missing required field version' in fails(
        capsys, monkeypatch, '--redraw', tmp_path / 'p.jsonl')


def test_refuses_input_that_is_no_utf_8(folders, tmp_path, capsys,
                                        monkeypatch):
    file = tmp_path / 'in.txt'
    file.write_bytes('ein schöner Film\n'.encode('latin-1'))
    flags = '--model-setup', folders['words'], *FEW, '--out', tmp_path / 'out'
    assert f'{file} is not UTF-8 (invalid start byte at byte 7); save' in (
        fails(capsys, monkeypatch, *flags, '--input', file))
    # as Python reads an argument that is not UTF-8
    assert 'half of a character' in fails(
        capsys, monkeypatch, *flags, '--text', 'caf\udce9')
    assert list(tmp_path.iterdir()) == [file]
