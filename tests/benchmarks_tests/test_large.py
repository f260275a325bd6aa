"""The benchmark of whole commands on very many texts."""
import compat  # noqa: F401  (before Chainer)

import pathlib
import shutil

import pytest

from benchmarks import large, scale
from tools import pages


def test_commands_share_folder_and_memory():
    found = large.commands(pathlib.Path('/x'), 4 << 30, 7)
    assert list(found) == ['train', 'run_dknn', 'interpret']
    assert '--memory' not in found['train']
    for script in ('run_dknn', 'interpret'):
        assert found[script][:6] == [
            '--model-setup', '/x/dbpedia_cnn', '--data-dir', '/x',
            '--memory', '4096M']
    assert found['interpret'][6:8] == ['--limit', '7']


def test_a_row_by_hand():
    assert large.row_of('train', ['--epoch', '1', '--out', '/x', '--seed',
                                  '2'], (1234.4, 3 << 29)) == [
        '`train.py --epoch 1 --seed 2`', '1,234', '1.50']


def test_a_failing_command_ends_it(capfd):
    with pytest.raises(SystemExit) as error:
        large.measured('run_dknn', ['--model-setup', '/nowhere'])
    assert error.value.code == 2
    assert '/nowhere' in capfd.readouterr().err


def test_time_and_memory_of_a_process(tmp_path, monkeypatch):
    (tmp_path / 'sleeps.py').write_text(
        'import sys, time; kept = bytearray(300 << 20); time.sleep(.2); '
        'sys.exit(len(sys.argv) - 1)')
    (tmp_path / 'benchmarks').symlink_to(scale.ROOT / 'benchmarks')
    monkeypatch.setattr(scale, 'ROOT', tmp_path)
    seconds, peak = large.measured('sleeps', [])
    assert seconds >= .2 and 300 << 20 <= peak < 400 << 20
    with pytest.raises(SystemExit) as error:
        large.measured('sleeps', ['a', 'b'])
    assert error.value.code == 2


def test_the_table_goes_between_its_own_marks(tmp_path, monkeypatch, capsys):
    first, last = pages.marks(large.MARKS)
    page = tmp_path / scale.PAGE
    page.write_text(f'before\n{first}\nold\n{last}\nafter\n')
    shutil.copy(__file__, tmp_path / 'dbpedia_csv.tar.gz')
    asked = []
    monkeypatch.setattr(large, 'measured', lambda script, given: (
        asked.append(script) or (3, 1 << 30)))
    large.main(['--folder', str(tmp_path), '--docs', str(tmp_path),
                '--texts', '900', '--memory', '2G'])
    assert asked == ['train', 'run_dknn', 'interpret']
    text = page.read_text()
    assert text.startswith(f'before\n{first}\n\n900 training texts, memory '
                           '2048M:') and 'old' not in text
    assert '| 3 | 1.00 |' in text and capsys.readouterr().out.strip() in text
