"""Whole commands, on a tiny run and with others in their place."""
import compat  # noqa: F401  (before Chainer)

import shutil
import subprocess
import sys

import pytest
import toys

from benchmarks import commands
from runs.folder import ACTIVATIONS


@pytest.fixture
def run_folder(made, tmp_path):
    """A copy of a trained run and of its data."""
    shutil.copytree(made.parents[1], tmp_path / 'a copy')
    return tmp_path / 'a copy' / 'results' / made.name


def test_the_commands_are_scripts_of_ours():
    for title, words, target in commands.COMMANDS:
        assert (toys.ROOT / words[0]).is_file() and target > 0
        assert title.startswith(words[0])


def test_rows_by_hand(monkeypatch, seconds_from):
    asked = []
    for name, value in [('run', asked.append),
                        ('seconds_of', seconds_from(1, 5, 2)),
                        ('COMMANDS', [('a', ['a.py', '-m', '{run}'], 12),
                                      ('b', ['b.py'], 1.5)])]:
        monkeypatch.setattr(commands, name, value)
    assert commands.command_rows('/a run', 3) == [
        {'stage': 'a', 'seconds': 2, 'target': 12},
        {'stage': 'b', 'seconds': 2, 'target': 1.5},
        {'stage': 'make demo, once', 'seconds': 1, 'target': 90}]
    assert asked == [[sys.executable, 'a.py', '-m', '/a run']] * 3 + [
        [sys.executable, 'b.py']] * 3 + [['make', 'demo']]


def test_commands_are_run_in_the_projects_folder(monkeypatch, tmp_path,
                                                 capfd):
    monkeypatch.chdir(tmp_path)
    code = (f'import pathlib; pathlib.Path({str(tmp_path / "cwd")!r})'
            '.write_text(str(pathlib.Path.cwd())); print("shown")')
    commands.run([sys.executable, '-c', code])
    assert (tmp_path / 'cwd').read_text() == str(toys.ROOT)
    assert 'shown' not in capfd.readouterr().out


def test_a_command_that_fails_is_not_timed():
    with pytest.raises(subprocess.CalledProcessError):
        commands.run([sys.executable, '-c', 'raise SystemExit(1)'])


def test_peak_memory_is_of_the_whole_run(run_folder):
    """Activations are computed anew, the figures written."""
    stale = run_folder / ACTIVATIONS / 'stale'
    stale.parent.mkdir(parents=True, exist_ok=True)
    stale.touch()
    assert 30 < commands.peak_memory(run_folder) < 3000
    assert not stale.exists() and (run_folder / 'dknn.json').is_file()
    assert (run_folder / ACTIVATIONS / 'test' / 'key').is_file()
