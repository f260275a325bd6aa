"""--index auto: what is said, given to the search, and written."""
import compat  # noqa: F401  (before Chainer)

import json

import pytest

import interpret
import run_dknn
import runs
from errors import UserError
from neighbors import choice as rules
from runs import choice, flags, memory


def options(*given):
    parser = run_dknn.build_parser()
    return flags.dknn_options(parser.parse_args(['--index', 'auto', *given]))


@pytest.fixture
def run(run_folder):
    return runs.load_run(run_folder)


def test_a_small_run_is_exact(run, capsys, monkeypatch):
    monkeypatch.setattr(choice, 'free_memory', lambda: (1 << 30) + (96 << 20))
    planned = runs.plan_search(run, options('-k', '9'))
    assert planned == {**options('-k', '9'), 'index': 'exact', 'device': None,
                       'memory': None}
    # 18 + 36 + 20 texts; 8 x 126 x 36 bytes
    assert capsys.readouterr().err == (
        'index auto: exact for 126 x 36 numbers and 74 queries, 1M of 1024M: '
        'it fits in memory and there is not much to search\n')


@pytest.mark.parametrize('size, expected', [
    # above the reserve: 36 x 20 x 126 = 91 kB, lists 57 kB, codes 40 kB
    (1 << 20, ('exact', None)), (80_000, ('ivf', None)),
    (50_000, ('ivf', {'pq': 3})),
    (1000, ('exact', None))])
def test_by_memory(run, size, expected, monkeypatch, capsys):
    monkeypatch.setattr(rules.Case, 'build', 0)
    monkeypatch.setattr(rules, 'EXACT_CELL', 20)
    monkeypatch.setattr(memory, 'resident', lambda: 5 << 20)
    monkeypatch.setattr(choice.plans, 'plan_memory', lambda *given: given[1])
    bound = memory.RESERVE + (5 << 20) + size
    planned = runs.plan_search(run, options(), bound)
    assert (planned['index'], planned['index_options']) == expected
    assert planned['memory'] == (bound if expected[0] == 'exact' else None)
    assert capsys.readouterr().err.startswith(
        f'index auto: {expected[0]}')


def test_other_indexes_are_planned_as_before(run, capsys):
    given = flags.dknn_options(run_dknn.build_parser().parse_args(
        ['--index', 'ivf']))
    assert runs.plan_search(run, given) == {
        **given, 'device': None, 'memory': None}
    with pytest.raises(UserError, match='bounds no search with `index` ivf'):
        runs.plan_search(run, given, 4 << 30)
    assert capsys.readouterr().err == ''


def test_the_index_picked_is_written(run_folder, monkeypatch, capsys):
    monkeypatch.setattr(rules.Case, 'build', 0)
    monkeypatch.setattr(rules, 'WORK', 0)
    monkeypatch.setattr(choice, 'free_memory', lambda: 1 << 40)
    given = ['--model-setup', str(run_folder), '--index', 'auto', '-k', '9']
    run_dknn.main(given)
    assert 'index auto: ivf for 126 x 36' in capsys.readouterr().err
    result = json.loads((run_folder / 'dknn.json').read_text())
    assert result['index'] == 'ivf' and result['recall'] > .9
    interpret.main([*given, '--method', 'conformity', '--limit', '2'])
    # 74 texts and the words of two
    words = sum(len(text) for example in runs.load_run(
        run_folder).data.test[:2] for text in example.texts)
    assert f'and {74 + words} queries' in capsys.readouterr().err
    for line in (run_folder / 'interpretations.part.jsonl'
                 ).read_text().splitlines():
        assert json.loads(line)['index'] == 'ivf'


def test_options_are_left_to_it():
    with pytest.raises(UserError, match='--index auto has no such option; '
                       'leave it out'):
        options('--index-options', 'pq=3')


def test_free_memory(tmp_path, monkeypatch):
    """The less of what the machine has and what the group may have."""
    monkeypatch.setattr(choice, 'MEMORY_INFO', tmp_path / 'meminfo')
    monkeypatch.setattr(choice, 'GROUP', tmp_path)
    assert choice.free_memory() > 1 << 20  # no such files
    (tmp_path / 'meminfo').write_text('MemTotal:  9 kB\n'
                                      'MemAvailable:   7 kB\n')
    assert choice.free_memory() == 7 * 1024
    (tmp_path / 'memory.current').write_text('1000\n')
    for bound, expected in [('max', 7 * 1024), ('3000', 2000), ('900', 0),
                            ('90000', 7 * 1024)]:
        (tmp_path / 'memory.max').write_text(f'{bound}\n')
        assert choice.free_memory() == expected
