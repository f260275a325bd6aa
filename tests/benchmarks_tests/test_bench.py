"""The benchmark as a command, on a tiny run."""
import compat  # noqa: F401  (before Chainer)

import json
import sys

import pytest
import toys

from benchmarks import bench, commands, report, searches, sides
from errors import UserError
from tools import pages


@pytest.fixture
def docs(tmp_path):
    (tmp_path / report.PAGE).write_text(
        f'# Page\n\n{pages.BEGIN}\n{pages.END}\n\nend\n')
    return tmp_path


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    """Few examples; the project's own documents stay as they are."""
    for name, value in [('MANY', 300), ('SIZES', (100, 200)), ('KS', (1, 5)),
                        ('N_OF_KS', 100), ('QUERIES', 10)]:
        monkeypatch.setattr(searches, name, value)
    before = toys.listing(bench.DOCS)
    yield
    assert toys.listing(bench.DOCS) == before


@pytest.fixture
def torch(monkeypatch):
    """Made-up seconds in place of both sides, and of the plot by length."""
    def run_side(python, script, texts, model):
        assert python == {'ours.py': sys.executable,
                          'torch_peer.py': 'torch-python'}[script]
        return {'train_epoch': 1., 'build': 2., 'test': 3., 'explain': 4.,
                'parts': {'build, network': 5.}}

    def growth_with_length(repeats):
        return [{'model': 'cnn', 'words': words, 'way': way, 'ms': words}
                for words in (5, 20) for way in report.WAYS]

    monkeypatch.setattr(sides, 'run_side', run_side)
    monkeypatch.setattr(sides, 'write_texts', lambda *args: None)
    monkeypatch.setattr(bench.lengths, 'growth_with_length',
                        growth_with_length)


@pytest.fixture
def flags(made, docs):
    return ['--run', str(made), '--docs', str(docs), '--repeats', '1']


def test_without_torch_nothing_is_written(flags, docs, capsys):
    before = toys.listing(docs)
    bench.main([*flags, '--no-commands'])
    said = capsys.readouterr().out
    for stage in ('exact neighbours of test texts',
                  'the same of texts without a word',
                  'the same among 300 examples'):
        assert f'| {stage} | faiss flat |' in said
    assert 'PyTorch + faiss' not in said and '| command |' not in said
    assert 'left as they are' in said
    assert toys.listing(docs) == before


def test_with_torch_the_documents_are_written(torch, flags, docs, capsys):
    bench.main([*flags, '--no-commands', '--largest', '100',
                '--torch-python', 'torch-python'])
    result = json.loads((docs / report.JSON).read_text('utf-8'))[
        report.kernels()]
    assert [row['stage'] for row in result['ratios']][:6] == list(
        sides.STAGES)
    assert len(result['ratios']) == 13
    assert {row['n'] for row in result['growth_n']} == {100}
    assert {row['k'] for row in result['growth_k']} == {1, 5}
    assert len(result['growth_length']) == 4 and len(result['parts']) == 3
    page = (docs / report.PAGE).read_text('utf-8')
    assert page.startswith('# Page\n\n') and page.endswith('\n\nend\n')
    assert report.table(result) in page
    assert report.table(result) in capsys.readouterr().out
    assert (docs / report.PLOTS).is_file()


def test_quick_leaves_the_plots(torch, flags, docs):
    bench.main([*flags, '--no-commands', '--quick', '--torch-python',
                'torch-python'])
    result, = json.loads((docs / report.JSON).read_text('utf-8')).values()
    assert set(result) == {'machine', 'ratios', 'parts'}
    assert not (docs / report.PLOTS).exists()


def test_commands_are_timed_on_the_run(flags, made, monkeypatch, capsys):
    """The folder is absolute: commands run in the project's."""
    asked = []

    def command_rows(folder, repeats):
        asked.append((folder, repeats))
        return [{'stage': 'x.py', 'seconds': 2, 'target': 3}]

    monkeypatch.setattr(commands, 'command_rows', command_rows)
    monkeypatch.setattr(commands, 'peak_memory', lambda folder: 99.)
    monkeypatch.chdir(made.parent)
    flags[1] = made.name
    bench.main(flags)
    assert asked == [(made.resolve(), 1)]
    said = capsys.readouterr().out
    assert '| `x.py` | 2.00 | 3 |' in said and ', MB | 99 | 600 |' in said


def test_a_page_without_marks_is_refused_before_any_work(tmp_path, made):
    (tmp_path / report.PAGE).write_text('no marks')
    with pytest.raises(UserError, match=report.PAGE):
        bench.main(['--run', '/no such run', '--docs', str(tmp_path),
                    '--torch-python', 'torch-python'])


def test_the_makefile_and_the_page_use_flags_that_exist():
    args = bench.build_parser().parse_args(['--torch-python', 'x'])
    assert args.run == 'results/stsa.binary_cnn'
    assert (bench.DOCS / report.PAGE).is_file() and args.docs == bench.DOCS
    assert (args.repeats, args.largest) == (3, searches.SIZES[-1])


@pytest.mark.parametrize('script', ['bench', 'bounds'])
def test_from_another_folder_as_a_command(tmp_path, script):
    done = toys.command(f'benchmarks/{script}.py', '--run', tmp_path / 'none',
                        cwd=tmp_path, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith(f'{script}.py: error: ')
    assert 'is no trained run' in done.stderr
