"""Small results that are computed once for each key."""
from types import SimpleNamespace

import pytest

from files import stored
from runs.remembered import remembered


@pytest.fixture
def ask(tmp_path):
    """Function key -> what is remembered; ``ask.computed`` has the keys."""
    def found(key):
        def compute():
            computed.append(key)
            return {'of': key}

        return remembered(run, 'thing_a', key, compute, 'computed')

    run, computed = SimpleNamespace(folder=tmp_path), []
    found.computed = computed
    return found


def test_computed_once_for_a_key(ask, tmp_path):
    assert [ask(key)['of'] for key in 'aabba'] == list('aabba')
    assert ask.computed == list('aba')
    assert (tmp_path / 'activations/thing_a/thing.json').is_file()


@pytest.mark.parametrize('disturb', [
    lambda file, ask: ask('b'),
    lambda file, ask: file.unlink(),
    lambda file, ask: file.write_bytes(b'{')])
def test_another_process_stores_another_key_meanwhile(
        ask, tmp_path, disturb, monkeypatch):
    """Just before what was found whole is read."""
    ask('a')
    file = tmp_path / 'activations/thing_a/thing.json'
    ensure = stored.ensure

    def ensure_and_disturb(*args):
        found = ensure(*args)
        monkeypatch.setattr(stored, 'ensure', ensure)
        disturb(file, ask)
        return found

    monkeypatch.setattr(stored, 'ensure', ensure_and_disturb)
    assert ask('a') == {'of': 'a'}
    assert ask.computed[-1] == 'a' and len(ask.computed) > 1


def test_what_cannot_be_stored_is_computed(ask, monkeypatch, capsys):
    def refuse(*_):
        raise stored.NotWritable('it cannot be written')

    monkeypatch.setattr(stored, 'ensure', refuse)
    assert ask('a') == {'of': 'a'}
    assert capsys.readouterr().err == (
        'it cannot be written; what it holds is computed, but not stored\n')
