"""The search: what is run, what is not repeated, the table by hand."""
import compat  # noqa: F401  (before Chainer)

import json

import pytest
import toys

import train
from errors import UserError
from tools import pages, search
from tools.search import Group

SETTINGS = '--dropout 0.4', '--dropout 0.1'


@pytest.fixture
def group(tmp_path, monkeypatch):
    """One group: two settings on one small data set."""
    folder = tmp_path / 'my data'
    folder.mkdir()
    toys.write_csv(folder / 'toy.csv', toys.sentences())
    monkeypatch.setenv('TOYS', str(folder))
    group = Group(("'$TOYS/toy.csv'",), '--model bow --unit 8 --epoch 2',
                  SETTINGS)
    monkeypatch.setattr(search, 'GROUPS', {'toy': group})
    return group


def test_a_search_is_resumed(group, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(search, 'SEEDS', (0, 1))
    log = tmp_path / 'search.jsonl'
    search.search(log, '', 2)
    entries = [json.loads(line) for line in log.read_text().splitlines()]
    assert sorted(tuple(entry['run']) for entry in entries) == sorted(
        search.wanted(''))
    for entry in entries:
        assert 0 <= entry['valid'] <= 1 and entry['epoch'] in (1, 2)
    assert len(capsys.readouterr().out.splitlines()) == 4
    # one is lost, and that one is run again, with the same result
    log.write_text(''.join(json.dumps(entry) + '\n'
                           for entry in entries[1:]))
    search.search(log, '', 2)
    again = json.loads(log.read_text().splitlines()[-1])
    assert len(capsys.readouterr().out.splitlines()) == 1
    assert (again['run'], again['valid'], again['epoch']) == (
        entries[0]['run'], entries[0]['valid'], entries[0]['epoch'])


def test_a_training_that_fails(group, tmp_path):
    with pytest.raises(UserError, match='train.py .*: train.py: error: '):
        search.trained(['--dataset', str(tmp_path / 'none.csv')])


def test_the_table_by_hand(monkeypatch):
    monkeypatch.setattr(search, 'GROUPS', {'x': Group(
        ('a', 'b'), '--model cnn', ('', '--dropout 0.1', '--dropout 0.2'))})
    found = {('x', data, setting, seed): {'valid': value + .01 * seed}
             for data, setting, value in [
                 ('a', '', .5), ('b', '', .6), ('a', '--dropout 0.1', .6),
                 ('b', '--dropout 0.1', .7), ('a', '--dropout 0.2', .9)]
             for seed in (0, 1, 2)}
    # 50, 51, 52: 51 and 1; the mean of 61 and 71 is 66
    assert search.table('x', found).splitlines() == [
        '| x: `--model cnn` | a | b | mean |',
        '|---|---|---|---|',
        '| the defaults | 51.0 ± 1.0 | 61.0 ± 1.0 | 56.00 |',
        '| `--dropout 0.1` | 61.0 ± 1.0 | 71.0 ± 1.0 | **66.00** |',
        '| `--dropout 0.2` | 91.0 ± 1.0 |  |  |']


def test_a_group_that_was_not_run_keeps_its_table(group, tmp_path,
                                                  monkeypatch):
    """Only what the log holds is written anew, in the order of GROUPS."""
    monkeypatch.setattr(search, 'SEEDS', (0,))
    groups = {'old': group, 'toy': group, 'never': group}
    monkeypatch.setattr(search, 'GROUPS', groups)
    old = '| old: `--model bow` | mean |\n|---|---|\n| `x y` | 1.00 |'
    page = tmp_path / search.PAGE
    page.write_text(f'a\n{pages.BEGIN}\n{old}\n\n| toy: `` | mean |\n'
                    f'|---|---|\n{pages.END}\nb\n')
    monkeypatch.setattr(search, 'wanted', lambda only: [
        ('toy', *group.data, setting, 0) for setting in SETTINGS])
    log = tmp_path / 'search.jsonl'
    search.main(['--log', str(log), '--docs', str(tmp_path), '--jobs', '1'])
    new = search.table('toy', search.read_log(log))
    assert page.read_text() == (
        f'a\n{pages.BEGIN}\n{old}\n\n{new}\n{pages.END}\nb\n')


def test_train_takes_the_flags():
    for name, data, setting, seed in search.wanted(''):
        flags = f'--dataset {data} {search.GROUPS[name].common} {setting}'
        train.build_parser().parse_args([*flags.split(), '--seed', str(seed)])


def test_the_page_holds_the_tables():
    page = (toys.ROOT / 'docs' / search.PAGE).read_text('utf-8')
    _, _, rest = page.partition(pages.BEGIN)
    for name, group in search.GROUPS.items():
        assert f'| {name}: `{group.common}` |' in rest
        for setting in group.settings:
            assert f'| `{setting}` |' in rest
