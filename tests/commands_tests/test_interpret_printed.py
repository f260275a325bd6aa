"""What interpret.py prints: for people, for programs, for a paper."""
import compat  # noqa: F401  (before Chainer)

import csv
import json
import subprocess
import sys

import pytest
import toys
from interpreting import FEW, OWN, QUICK, check_record, fails, read

import interpret
from saliency.plain import record_lines
from terminal import width

HOSTILE = '\x1b[31mred', '\u202egnp film', 'a,"b"', '\u6771' * 70


@pytest.fixture
def printed(folders, capsys):
    """Function (flags, kind) -> what is said on standard output, error."""
    def run(*flags, kind='words'):
        capsys.readouterr()
        interpret.main(['--model-setup', str(folders[kind]), *FEW,
                        *map(str, flags)])
        return capsys.readouterr()

    return run


def texts(*given):
    return [part for text in given for part in ('--text', text)]


def test_a_text(printed, explain):
    """The record that --out writes, with two training texts a layer."""
    record, = explain('--text', 'good zyx')
    said = printed('--text', 'good zyx')
    assert said.out == '\n'.join(record_lines(record, 2)) + '\n'
    assert said.err == ''
    name = record['label_names'][record['softmax']['label']]
    assert f'softmax: {name} (probability ' in said.out
    assert ', calibrated ' in said.out and '  95 % set: ' in said.out
    assert 'unknown words: zyx\n' in said.out
    assert printed('--text', 'good zyx', '--nearest', 4).out == (
        '\n'.join(record_lines(record, 4)) + '\n')


def test_hostile_texts_fit_the_terminal(printed):
    said = printed(*texts(*HOSTILE), '--reduce', 'confidence').out
    assert r'\x1b [ 31mred' in said and r'\u202egnp' in said
    for line in said.split('\n'):
        assert line.isprintable() and width(line) <= 80
    assert printed(*texts(*HOSTILE), *QUICK, '--latex').out.replace(
        '\n', '').isprintable()


def test_an_answer_waits_for_nothing_that_it_does_not_need(folders):
    """Each of these takes a tenth of a second or more to import."""
    done = subprocess.run(
        [sys.executable, '-W', 'ignore', '-c', 'import interpret, sys\n'
         'interpret.main(sys.argv[1:])\n'
         'print([name for name in ("scipy.stats", "matplotlib", "sklearn", '
         '"nltk", "jinja2", "faiss", "pandas", "numba") if name in '
         'sys.modules])', '--model-setup', folders['words'], *FEW,
         '--text', 'good "film"', *QUICK], cwd=toys.ROOT, check=True,
        capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == '[]'


def test_several_texts_have_headings(printed):
    said = printed(*texts('good film', 'bad'), *QUICK).out
    first, second = said.split('\n\n1: bad\n')
    assert first.startswith('0: good film\nsoftmax: ')
    assert second.startswith('softmax: ')


@pytest.mark.parametrize('n, is_said', [(5, False), (6, True)])
def test_many_texts(printed, tmp_path, n, is_said):
    (tmp_path / 'in.txt').write_text('good\n' * n)
    said = printed('--input', tmp_path / 'in.txt', *QUICK)
    assert said.out.count('softmax: ') == n
    assert said.err == (f'{n} texts explained; --out DIR writes them as a '
                        'page to read\n') * is_said
    for more in (['--json'], ['--out', tmp_path / 'out']):
        said = printed('--input', tmp_path / 'in.txt', *QUICK, *more)
        assert '--out DIR' not in said.err
    assert said.out.count('softmax: ') == 5  # the page has all


@pytest.mark.parametrize('kind, given', [
    ('words', HOSTILE), ('pair', ('the red film', 'the blue'))])
def test_json(printed, explain, kind, given):
    """Nothing else on standard output, and the bytes of the JSONL."""
    said = printed(*texts(*given), '--json', kind=kind)
    records = [json.loads(line) for line in said.out.splitlines()]
    n_layers = {'words': 3, 'pair': 4}[kind]
    for record in records:
        check_record(record, n_layers)
    assert records == explain(*texts(*given), kind=kind)
    assert said.err == ''


def test_json_of_a_split(printed, explain):
    said = printed('--ids', '7,2', *QUICK, '--json')
    assert [json.loads(line) for line in said.out.splitlines()] == explain(
        '--ids', '7,2', *QUICK)


def test_json_beside_files(printed, tmp_path):
    said = printed('--text', 'good', *QUICK, '--json', '--out', tmp_path)
    assert [json.loads(said.out)] == read(tmp_path / OWN[1])
    assert said.err.startswith('1 texts explained; wrote ')


@pytest.mark.parametrize('kind, given, flags', [
    ('words', ('good "film", zyx', '=1+1', 'a; b'), []),
    ('pair', ('the red film', 'the blue'), []),
    ('pair', ('the red film', 'the blue'), ['--premise'])])
def test_csv(printed, tmp_path, kind, given, flags):
    said = printed(*texts(*given), *flags, '--csv', '--out', tmp_path,
                   kind=kind)
    path = tmp_path / 'interpretations.own.csv'
    assert said.out.endswith(f', {path}\n')
    with path.open(encoding='utf-8', newline='') as stream:
        rows = list(csv.DictReader(stream, strict=True))
    records = read(tmp_path / OWN[1])
    expected = [[str(record['id']), str(side), str(i), word,
                 str(record['known'][side][i]).lower(), *(
                     '' if entry['scores'][side] is None
                     else str(entry['scores'][side][i])
                     for entry in record['methods'].values())]
                for record in records
                for side, words in enumerate(record['words'])
                for i, word in enumerate(words)]
    assert [list(row.values()) for row in rows] == expected
    assert list(rows[0]) == ['id', 'side', 'position', 'word', 'known',
                             *records[0]['methods']]


def test_csv_of_the_test_split(printed, tmp_path):
    printed(*QUICK, '--csv', '--out', tmp_path)
    printed(*QUICK, '--csv', '--out', tmp_path, '--limit', 1)
    whole, part = ((tmp_path / f'interpretations{name}.csv').read_text()
                   for name in ('', '.part'))
    assert whole.startswith(part) and len(whole) > len(part)


def test_latex(printed, explain):
    record, = explain('--text', 'good_film 5 %', *QUICK)
    name = record['label_names'][record['softmax']['label']]
    scores = [f'{score:+.4f}' for score in record['methods']['confidence'][
        'scores'][0]]
    said = printed('--text', 'good_film 5 %', *QUICK, '--latex')
    assert said.out.splitlines() == [
        '% good_film 5 %', r'\begin{tabular}{lr}', r'\toprule',
        rf' & confidence ({name}) \\', r'\midrule',
        *(rf'{word} & {score} \\' for word, score in zip(
            [r'good\_film', '5', r'\%'], scores, strict=True)),
        r'\bottomrule', r'\end{tabular}']


@pytest.mark.parametrize('error', [.05, .3, .9])
def test_error(printed, error):
    """{y : p_y > error}, in records and in print; --only unusual, too."""
    flags = '--limit', 24, *QUICK, '--error', error
    records = [json.loads(line)
               for line in printed(*flags, '--json').out.splitlines()]
    for record in records:
        for part in (record['dknn'], record['soft']):
            assert part['error'] == error
            assert part['prediction_set'] == [
                y for y, p in enumerate(part['p_values']) if p > error]
    unusual = [record['id'] for record in records
               if record['dknn']['credibility'] < error]
    if unusual:
        found = printed(*flags, '--json', '--only', 'unusual').out
        assert [json.loads(line)['id']
                for line in found.splitlines()] == unusual
    assert f'  {100 - 100 * error:g} % set: ' in printed(
        '--text', 'good', *QUICK, '--error', error).out


def test_figure_of_own_texts(printed, tmp_path):
    said = printed('--text', 'good', *QUICK, '--figure', tmp_path / 'f.svg')
    assert said.out.endswith(f'wrote {tmp_path / "f.svg"}\n')
    assert [path.name for path in tmp_path.iterdir()] == ['f.svg']


def test_there_must_be_a_terminal_for_several_processes(
        folders, capsys, monkeypatch):
    monkeypatch.setattr(interpret, 'processes',
                        lambda: type('Two', (), {'size': 2}))
    assert '--repl answers in one process' in fails(
        capsys, monkeypatch, '--model-setup', folders['words'], '--repl')
