"""How scripts end: one sentence for the user's errors, tracebacks for ours."""
import compat  # noqa: F401  (before Chainer)

import copy
import pickle
import sys

import pytest

import runs
from errors import ArgumentError, MissingPackage, UserError
from runs.flags import FLAGS
from runs.script import in_flags


def ends(error, monkeypatch, capsys):
    """Exit code and standard error of a script that fails."""
    monkeypatch.setattr(sys, 'argv', ['/somewhere/script.py'])

    def main():
        raise error

    with pytest.raises(SystemExit) as stopped:
        runs.run_script(main)
    return stopped.value.code, capsys.readouterr().err


@pytest.mark.parametrize('error, said', [
    (UserError('no such thing'), 'no such thing'),
    (FileNotFoundError(2, 'No such file', 'x.txt'),
     'x.txt: no such file; check the path'),
    (OSError(28, 'No space left on device'),
     'no space left on device; free some space and run this again'),
    (MemoryError(), 'there is not enough memory for this; make the network, '
     'the batches or the data smaller'),
    (UserError('a \x1b[31mred\x1b[0m\nname é'),
     'a \\x1b[31mred\\x1b[0m\\nname é'),
    (MissingPackage('faiss', 'faiss-cpu', 'the index hnsw'),
     'the index hnsw needs faiss, which is not installed: pip install '
     'faiss-cpu'),
    (ArgumentError('n_neighbors', 75, 'exceeds 60; take fewer'),
     '--neighbors 75 exceeds 60; take fewer'),
    (UserError('it is gone; name it with `data_dir`', 'data_dir'),
     'it is gone; name it with --data-dir'),
    # what only looks like an argument is the user's own
    (UserError('the label `gpu` is new; name it in `data_dir`', 'data_dir'),
     'the label `gpu` is new; name it in --data-dir')])
def test_the_users_errors_are_one_sentence(error, said, monkeypatch, capsys):
    assert ends(error, monkeypatch, capsys) == (
        2, f'script.py: error: {said}\n')


@pytest.mark.parametrize('error', [ValueError, KeyError, RuntimeError,
                                   ImportError, TypeError])
def test_bugs_keep_their_traceback(error):
    def main():
        raise error('a bug')

    with pytest.raises(error, match='a bug'):
        runs.run_script(main)


def test_ctrl_c(monkeypatch, capsys):
    assert ends(KeyboardInterrupt(), monkeypatch, capsys) == (
        130, 'interrupted\n')


def test_messages_in_terms_of_flags():
    error = ArgumentError('layers', [0, 7], 'is too much')
    assert str(error) == 'layers=[0, 7] is too much'
    assert in_flags(error) == '--layers 0,7 is too much'
    # what is no flag of any script stays as it is
    assert in_flags(ArgumentError('sigma', -1, 'is low')) == 'sigma=-1 is low'
    assert in_flags(UserError('`sigma`, `gpu`', 'sigma', 'gpu')) == (
        'sigma, --gpu')


@pytest.mark.parametrize('error', [
    UserError('a `b`', 'b'), ArgumentError('n', 3, 'is low'),
    MissingPackage('m', 'r', 'p')])
@pytest.mark.parametrize('again', [
    copy.copy, copy.deepcopy, lambda e: pickle.loads(pickle.dumps(e))])
def test_errors_can_be_sent_on(error, again):
    other = again(error)
    assert type(other) is type(error) and str(other) == str(error)
    assert in_flags(other) == in_flags(error)


def test_closed_output(monkeypatch):
    monkeypatch.setattr(sys, 'stdout', None)
    runs.run_script(lambda: None)


def test_every_flag_that_messages_name_exists():
    import interpret
    import train
    known = {flag for script in (train, interpret)
             for action in script.build_parser()._actions
             for flag in action.option_strings}
    assert {flag.split()[0] for flag in FLAGS.values()} <= known
