"""Trainings in one process after another, dropout off; all have the ranks of
one start of mpiexec.

    mpiexec -n 2 python tests/runs_tests/trained_together.py trainings.json

The file holds lists of flags of train.py.  Rank 0 prints, as JSON, what each
rank's parameters were in the end of each.
"""
import compat  # noqa: F401  (before Chainer)

import hashlib
import json
import pathlib
import sys

import chainer

import runs
import train
from runs import trainer
from runs.processes import processes


def without_noise():
    """Nothing is dropped; the validation has several mini-batches; no
    figures."""
    chainer.functions.dropout = lambda x, *args, **keys: x
    trainer.VALIDATION_BATCH = 5
    train.report = lambda *args: None


def digest(model):
    content = b''.join(parameter.array.tobytes() for _, parameter in
                       sorted(model.namedparams()))
    return hashlib.sha256(content).hexdigest()


def main():
    without_noise()
    made = []
    real = train.make_trainer
    train.make_trainer = lambda *args: made.append(real(*args)) or made[-1]
    for flags in json.loads(pathlib.Path(sys.argv[1]).read_text()):
        train.main(flags)
    models = [each.updater.get_optimizer('main').target for each in made]
    found = processes().gather([digest(model) for model in models])
    print('\n' + json.dumps(found))


if __name__ == '__main__':
    runs.run_script(main)
