"""The scripts as commands, one after another."""
import compat  # noqa: F401  (before Chainer)

import toys
from predicting import check


def test_as_commands(data, tmp_path):
    """In another folder, with the newest run found."""
    done = toys.command('train.py', '--dataset', data / 'pairs.jsonl',
                        '--model', 'bow', *toys.SMALL, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, '')
    folder = tmp_path / 'results' / 'pairs_bow'
    for script, name in [('run_dknn.py', 'dknn.json'),
                         ('calibration.py', 'calibration.json')]:
        done = toys.command(script, cwd=tmp_path)
        assert (done.returncode, done.stderr) == (0, '')
        assert name in done.stdout and 'pairs_bow' in done.stdout
        assert (folder / name).is_file()
    check(folder)
