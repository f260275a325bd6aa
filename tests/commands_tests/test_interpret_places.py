"""Which files interpret.py writes and replaces, and in which folders."""
import compat  # noqa: F401  (before Chainer)

import builtins
import errno
import io
import json
import os
import pathlib
import shutil

import pytest
import toys
from interpreting import DATA, FEW, OWN, PAGE, PART, QUICK, fails, read

import interpret
from errors import UserError
from files import locks
from files.atomic import write_jsonl
from saliency.plain import report_lines


@pytest.fixture
def run(folders, tmp_path):
    """Function (flags) that explains in a run folder; has that folder."""
    folder = shutil.copytree(folders['words'], tmp_path / 'run')

    def call(*flags):
        interpret.main(['--model-setup', str(folder), *FEW, *QUICK,
                        '--data-dir', str(folders['words'].parents[1]),
                        *map(str, flags)])

    call.folder = folder
    return call


@pytest.mark.parametrize('flags, written', [
    (['--limit', 1], PART),
    (['--limit', 999], PART), (['--ids', '2,1'], PART),
    (['--split', 'valid'], PART), (['--only', 'wrong'], PART)])
def test_what_is_less_than_the_whole_does_not_replace_it(run, flags, written,
                                                         capsys):
    run()
    whole = {name: (run.folder / name).read_bytes() for name in (PAGE, DATA)}
    before = toys.listing(run.folder)
    run(*flags)
    changed = {name for name, *_ in toys.listing(run.folder) - before
               if not name.startswith('activations')}
    assert changed - {'temperature.json'} == set(written)
    assert {name: (run.folder / name).read_bytes()
            for name in whole} == whole
    said = capsys.readouterr().out
    assert said.endswith(f'wrote {run.folder / written[0]}, '
                         f'{run.folder / written[1]}\n')
    # the page is that of these records
    (run.folder / written[0]).unlink()
    interpret.main(['--redraw', str(run.folder / written[1])])
    assert (run.folder / written[0]).is_file()
    assert (run.folder / PAGE).read_bytes() == whole[PAGE]


def without_temperature(folder):
    return {entry for entry in toys.listing(folder)
            if entry[0] != 'temperature.json'}


def test_own_texts_are_answered_and_leave_no_file(run, capsys):
    run()
    before = without_temperature(run.folder)
    capsys.readouterr()
    run(*['--text', 'good film'] * 7)
    said = capsys.readouterr().out
    assert without_temperature(run.folder) == before
    assert said.startswith('good film\nsoftmax   ')
    assert said.count('good film\nsoftmax') == 5
    assert said.endswith('\n\n... and 2 more; --out DIR writes a page of all, '
                         '--json prints them\n')


@pytest.mark.parametrize('out', [[], ['--out', 'out']])
def test_json_is_what_would_be_written(run, out, capsys, tmp_path,
                                       monkeypatch):
    monkeypatch.chdir(tmp_path)
    run('--text', 'good film', '--text', '\u202egnp \xe9', '--out', 'other')
    capsys.readouterr()
    run('--text', 'good film', '--text', '\u202egnp \xe9', '--json', *out)
    printed = capsys.readouterr().out
    written = (tmp_path / 'other' / OWN[1]).read_text('utf-8')
    assert list(map(json.loads, printed.splitlines())) == read(
        tmp_path / 'other' / OWN[1])
    assert printed == written
    assert (tmp_path / 'out' / OWN[1]).is_file() == bool(out)


def test_redraw_writes_beside_the_records_under_their_name(run, tmp_path):
    run('--limit', 1)
    records = read(run.folder / PART[1])
    write_jsonl(tmp_path / 'mine.v2.jsonl', records)
    interpret.main(['--redraw', str(tmp_path / 'mine.v2.jsonl')])
    assert (tmp_path / 'mine.v2.html').read_bytes() == (
        run.folder / PART[0]).read_bytes()
    assert not (tmp_path / PAGE).exists()


def test_no_training_takes_the_run_away_while_it_is_drawn(run, monkeypatch):
    """Or the page of the old run would stand in the new one's folder."""
    run('--limit', 1)
    seen = []

    def look(page, records):
        with pytest.raises(locks.Busy):
            with locks.held_path(run.folder / 'args.json', exclusive=True,
                                 wait=False):
                pass
        seen.append(page.name)

    monkeypatch.setattr('visualize.write_page', look)
    interpret.main(['--redraw', str(run.folder / PART[1])])
    run('--limit', 1)
    assert seen == [PART[0]] * 2


def test_redraw_does_not_replace_what_it_reads(run, tmp_path, capsys,
                                               monkeypatch):
    run('--limit', 1)
    content = (run.folder / PART[1]).read_bytes()
    (tmp_path / 'x.html').write_bytes(content)
    assert 'the page would replace it' in fails(
        capsys, monkeypatch, '--redraw', tmp_path / 'x.html')
    assert (tmp_path / 'x.html').read_bytes() == content


def test_new_folders_are_made(run, tmp_path):
    new = tmp_path / 'a' / 'new'
    run('--limit', 1, '--out', new / 'er', '--figure', new / 'f' / 'f.svg')
    assert {path.name for path in (new / 'er').iterdir()} == set(PART)
    interpret.main(['--redraw', str(new / 'er' / PART[1]), '--out',
                    str(new / 'est'), '--figure', str(new / 'g' / 'g.svg')])
    assert [path.name for path in (new / 'est').iterdir()] == [PART[0]]
    assert (new / 'f' / 'f.svg').is_file() and (new / 'g' / 'g.svg').is_file()


def make_read_only(monkeypatch, folder, number):
    """Whatever would change the folder fails as in one that is read-only;
    root may do everything, so its mode would not tell."""
    def guarded(original, may_fail):
        def call(path, *args, **options):
            inside = isinstance(path, (str, os.PathLike)) and (
                folder in pathlib.Path(os.path.abspath(path)).parents)
            if inside and may_fail(args, options):
                raise OSError(number, os.strerror(number), str(path))
            return original(path, *args, **options)
        return call

    def flags_write(args, options):
        return bool(args and args[0] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))

    def mode_writes(args, options):
        mode = args[0] if args else options.get('mode', 'r')
        return bool(set('wax+') & set(mode))

    monkeypatch.setattr(os, 'open', guarded(os.open, flags_write))
    for owner in (builtins, io):
        monkeypatch.setattr(owner, 'open', guarded(open, mode_writes))
    for name in ('mkdir', 'rename', 'replace', 'unlink', 'remove', 'rmdir',
                 'utime'):
        monkeypatch.setattr(os, name, guarded(
            getattr(os, name), lambda args, options: True))


@pytest.mark.parametrize('number', [errno.EROFS, errno.EACCES])
@pytest.mark.parametrize('stored', [True, False])
def test_a_run_folder_that_is_read_only(run, tmp_path, monkeypatch, number,
                                        stored):
    """With ``--out`` elsewhere, the same records as ever."""
    run('--limit', 3)
    if not stored:
        shutil.rmtree(run.folder / 'activations')
        (run.folder / 'temperature.json').unlink()
    expected = read(run.folder / PART[1])
    before = toys.listing(run.folder)
    with monkeypatch.context() as patch:
        make_read_only(patch, run.folder, number)
        run('--limit', 3, '--out', tmp_path / 'out')
        with pytest.raises(OSError) as refused:
            run('--limit', 3)
        assert refused.value.errno == number
    assert read(tmp_path / 'out' / PART[1]) == expected
    assert toys.listing(run.folder) == before


def test_records_of_a_run_that_was_replaced_are_not_written(run, monkeypatch):
    original = interpret.explain

    def slow(args):
        found = original(args)
        with open(run.folder / 'best_model.npz', 'ab') as f:
            f.write(b'x')
        return found

    monkeypatch.setattr(interpret, 'explain', slow)
    with pytest.raises(UserError, match='trained again while'):
        run()
    assert not (run.folder / DATA).exists()


def test_what_is_printed_is_printable(run, capsys):
    """A label or a word is data: no terminal obeys it."""
    run('--text', 'good film', '--json')
    record = json.loads(capsys.readouterr().out)
    said = '\n'.join(report_lines(
        {**record, 'words': [['\x1b[31mred', '\u202egnp']],
         'label_names': ['\x1b]0;a\x07', '\x9b2J']}))
    assert all(line.isprintable() for line in said.split('\n'))
    names = [r'\x1b]0;a\x07', r'\x9b2J']
    for shown in (r'\x1b[31mred ', r'\u202egnp ',
                  f'softmax   {names[record["softmax"]["label"]]}: ',
                  f'DkNN      {names[record["dknn"]["label"]]}: '):
        assert shown in said
