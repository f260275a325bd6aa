"""Whole commands: their seconds, and the memory of one."""
import pathlib
import statistics
import subprocess
import sys

from benchmarks.timing import seconds_of

ROOT = pathlib.Path(__file__).resolve().parents[1]
# title, words of the command ({run}: the run folder), target in seconds
COMMANDS = [
    ('interpret.py, whole test set, five quick methods',
     ['interpret.py', '--model-setup', '{run}', '--method', 'conformity',
      'soft', 'confidence', 'calibrated', 'gradient'], 9),
    ('interpret.py, whole test set, default methods',
     ['interpret.py', '--model-setup', '{run}'], 60),
    ('interpret.py, one text of your own',
     ['interpret.py', '--model-setup', '{run}', '--text',
      'a gorgeous , witty , seductive movie .'], 1.2),
    ('run_dknn.py, whole test set',
     ['run_dknn.py', '--model-setup', '{run}'], 8),
    *((f'{script}.py --help', [f'{script}.py', '--help'], 1.5)
      for script in ('train', 'run_dknn', 'interpret', 'calibration'))]
DEMO = ['make', 'demo']
PEAK = '''
import shutil, sys
import run_dknn
from benchmarks.timing import peak_memory
shutil.rmtree(sys.argv[1] + '/activations', ignore_errors=True)
run_dknn.main(['--model-setup', sys.argv[1]])
print(peak_memory())
'''


def run(words):
    """Runs a command in the project's folder without showing its output.

    Args:
        words (list of str): The command.

    Raises:
        CalledProcessError: If it fails.
    """
    subprocess.run(words, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)


def command_rows(folder, repeats):
    """Seconds of the commands of ``COMMANDS``, and of ``make demo``.

    Args:
        folder (Path): An absolute run folder.
        repeats (int): How often each is run, but the demo once.

    Returns:
        list of dict: ``stage``, median ``seconds``, ``target``.
    """
    rows = []
    for title, words, target in COMMANDS:
        words = [word.format(run=folder) for word in words]
        times = [seconds_of(run, [sys.executable, *words])
                 for _ in range(repeats)]
        rows.append({'stage': title, 'seconds': statistics.median(times),
                     'target': target})
        print('  ', rows[-1], flush=True)
    return [*rows, {'stage': 'make demo, once',
                    'seconds': seconds_of(run, DEMO), 'target': 90}]


def peak_memory(folder):
    """Largest resident set of run_dknn.py, activations not yet stored.

    Args:
        folder (Path): An absolute run folder; its activations are computed
            anew.

    Returns:
        float: MB, of 2 ** 20 bytes.
    """
    result = subprocess.run(
        [sys.executable, '-c', PEAK, str(folder)], cwd=ROOT, check=True,
        stdout=subprocess.PIPE, text=True)
    return int(result.stdout.split()[-1]) / 2 ** 20
