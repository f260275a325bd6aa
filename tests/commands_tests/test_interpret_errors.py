"""What interpret.py refuses, in one sentence."""
import compat  # noqa: F401  (before Chainer)

import pytest
from interpreting import FEW, QUICK, fails

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
    (b'', 'no record to show'), (b'nonsense\n', 'line 1: no record'),
    (b'\xff\xfe\x00{\n', 'line 1: no record'), (b'[1]\n', 'line 1'),
    (b'{"version": 1}\n', 'line 1: no record'), (b'\n', 'line 1'),
    (b'7\n', 'line 1: no record')])
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
    assert 'p.jsonl, line 1: no record' in fails(
        capsys, monkeypatch, '--redraw', tmp_path / 'p.jsonl')
