"""interpret.py as a script: what it takes, what it writes, what it refuses."""
import compat  # noqa: F401  (before Chainer)

import html.parser
import io
import json
import re
import shutil
import sys

import numpy as np
import pytest
import toys

import explainers
import interpret
import nets
import nlp_utils
import runs
import saliency
import visualize

K = 7
FEW = '-k', str(K)
DEFAULT = ['conformity', 'confidence', 'calibrated', 'gradient']
QUICK = '--method', 'confidence'
NOTHING = 'zyx wvu'
PAGE, DATA = 'interpretations.html', 'interpretations.jsonl'


@pytest.fixture(scope='session')
def folders(tmp_path_factory):
    """Run folders by kind: words, pair, characters."""
    data = tmp_path_factory.mktemp('data')
    single, pairs = data / 'single', data / 'pairs.jsonl'
    single.mkdir()
    rows = list(toys.sentences(150))
    toys.write_csv(single / 'train.csv', rows[:130])
    # Some are labelled against all that can be learned.
    toys.write_csv(single / 'test.csv', [*rows[130:], *(
        ('negative', f'{text} lovely good great') for _, text in rows[:4])])
    toys.write_pairs(pairs, 150)
    made = {kind: toys.fit(
        data / kind, file, '--learning-rate', '0.02', '--epoch', epochs,
        *flags) for kind, file, epochs, *flags in [
            ('words', single, 4), ('pair', pairs, 2, '--model', 'bow'),
            ('characters', single, 1, '--char-based')]}
    runs.activations(runs.load_run(made['words']), 'test')
    return made


@pytest.fixture
def explain(folders, tmp_path):
    """Function (flags, kind) -> the records written."""
    def run(*flags, kind='words'):
        out = tmp_path / 'out'
        interpret.main(['--model-setup', str(folders[kind]), *FEW,
                        '--out', str(out), *map(str, flags)])
        return read(out / DATA)

    return run


def read(path):
    return [json.loads(line)
            for line in path.read_text('utf-8').splitlines()]


def fails(capsys, monkeypatch, *flags):
    """The sentence that the script ends with; exit code 2, no traceback."""
    monkeypatch.setattr(sys, 'argv', ['/somewhere/interpret.py'])
    with pytest.raises(SystemExit) as stopped:
        runs.run_script(lambda: interpret.main(list(map(str, flags))))
    assert stopped.value.code == 2
    said = capsys.readouterr().err
    last = said.rstrip('\n').splitlines()[-1]
    assert last.startswith('interpret.py: error: ')
    # argparse puts the usage before its sentence
    assert said.startswith('usage: ') or said == last + '\n'
    return last


# --------------------------------------------------------- the JSONL schema

def is_number(low=-np.inf, high=np.inf):
    return lambda v: type(v) is float and low <= v <= high


def is_int(high=np.inf):
    return lambda v: type(v) is int and 0 <= v < high


def is_list(check, length=None):
    return lambda v: (type(v) is list and all(map(check, v))
                      and length in (None, len(v)))


def is_object(fields, optional=()):
    """A dict with these fields, optional ones perhaps; checked by name."""
    def check(value):
        assert set(fields) - set(optional) <= set(value) <= set(fields)
        for name, part in value.items():
            assert fields[name](part), f'{name}: {part!r}'
        return True

    return check


def is_text(value):
    return type(value) is str and value != ''


def schema(record, n_layers, n_nearest):
    """Version 1, from docs/output.md: field -> function value -> bool."""
    n_class, words = len(record['label_names']), record['words']
    label, share = is_int(n_class), is_number(0, 1)
    shares, votes = is_list(share, n_class), is_list(is_int(), n_class)
    indices = is_list(is_int())

    def like_words(check):
        return lambda v: len(v) == len(words) and all(
            is_list(check, len(text))(part)
            for part, text in zip(v, words, strict=True))

    def scores(value):
        return value[-1] is not None and like_words(is_number())(
            [[0.] * len(text) if part is None else part
             for part, text in zip(value, words, strict=True)])

    entry = is_object({'target': label, 'scores': scores,
                       'gap': is_number()}, optional=['gap'])
    nearest = is_object({
        'index': is_int(), 'label': label, 'distance': is_number(0),
        'texts': is_list(is_text, len(words))})
    layer = is_object({
        'layer': is_text, 'votes': votes,
        'nearest': is_list(nearest, n_nearest)})
    change = is_object({
        'layer': is_text, 'left': indices, 'left_votes': votes,
        'came': indices, 'came_votes': votes})
    return is_object({
        'version': lambda v: v == 1, 'id': is_int(),
        'split': lambda v: v in ('test', 'valid', 'calib', None),
        'dataset': is_text, 'model': lambda v: v in nets.ENCODERS,
        'label_names': is_list(is_text),
        'gold': lambda v: v is None or label(v),
        'words': lambda v: len(v) in (1, 2) and all(
            map(is_list(is_text), v)),
        'known': like_words(lambda v: type(v) is bool),
        'softmax': is_object({
            'label': label, 'probabilities': shares, 'confidence': share,
            'calibrated_confidence': share, 'temperature': is_number(.01)}),
        'dknn': is_object({
            'label': label, 'conformity': shares, 'p_values': shares,
            'credibility': share, 'confidence': share,
            'prediction_set': is_list(label),
            'error': lambda v: v == .05}),
        'methods': lambda v: all(map(entry, v.values())),
        'neighbors': is_list(layer, n_layers),
        'removed': is_object({
            'text': is_int(2), 'word': is_int(len(words[-1])),
            'layers': is_list(change, n_layers)}),
        'reduction': is_object({
            'method': lambda v: v in explainers.METHODS, 'text': is_int(2),
            'removed': is_list(is_int(len(words[-1]))),
            'confidence': is_list(share), 'credibility': is_list(share)}),
    }, optional=['removed', 'reduction'])


def check_record(record, n_layers=3, n_nearest=5, k=K):
    """Fields, types, ranges and lengths, and that the parts agree."""
    assert schema(record, n_layers, n_nearest)(record)
    softmax, dknn = record['softmax'], record['dknn']
    sums = sum(softmax['probabilities']), sum(dknn['conformity'])
    assert sums == pytest.approx((1, 1), abs=3e-5)
    assert softmax['confidence'] == max(softmax['probabilities'])
    assert softmax['probabilities'][softmax['label']] == softmax['confidence']
    assert dknn['conformity'][dknn['label']] == max(dknn['conformity'])
    p_values = dknn['p_values']
    assert min(p_values) > 0
    assert dknn['credibility'] == p_values[dknn['label']]
    assert dknn['confidence'] == pytest.approx(1 - sorted(p_values)[-2],
                                               abs=2e-5)
    assert dknn['prediction_set'] == [
        y for y, p in enumerate(p_values) if p > dknn['error']]
    for name, entry in record['methods'].items():
        own = dknn if name in ('conformity', 'credibility') else softmax
        assert entry['target'] == own['label']
        assert ('gap' in entry) == (name == 'integrated_gradients')
        if name in explainers.LEAVE_ONE_OUT:
            assert max(map(abs, entry['scores'][-1])) <= 1
    votes = np.sum([part['votes'] for part in record['neighbors']], axis=0)
    np.testing.assert_allclose(votes / (k * n_layers), dknn['conformity'],
                               atol=1e-5)
    for part in record['neighbors']:
        assert sum(part['votes']) == k
        distances = [near['distance'] for near in part['nearest']]
        assert distances == sorted(distances)
    check_removed(record)
    check_reduction(record)


def check_removed(record):
    scores = record['methods'].get('conformity', {}).get('scores', [[0]])[-1]
    assert ('removed' in record) == (max(scores) > 0)
    if 'removed' in record:
        removed = record['removed']
        assert removed['text'] == len(record['words']) - 1
        assert removed['word'] == np.argmax(scores)
        for part in removed['layers']:
            assert len(part['left']) == sum(part['left_votes'])
            assert len(part['came']) == len(part['left'])
            assert sum(part['came_votes']) == len(part['came'])
            assert not set(part['came']) & set(part['left'])


def check_reduction(record):
    if 'reduction' in record:
        reduction, words = record['reduction'], record['words']
        steps = len(reduction['removed'])
        assert reduction['text'] == len(words) - 1
        assert len(set(reduction['removed'])) == steps < len(words[-1])
        assert [len(reduction[name]) for name in (
            'confidence', 'credibility')] == [steps + 1] * 2
        assert reduction['confidence'][0] == record['softmax']['confidence']
        assert reduction['credibility'][0] == record['dknn']['credibility']


def all_names(value):
    """Every key of every object in a record, names of methods left out."""
    if isinstance(value, dict):
        for name, part in value.items():
            if name not in explainers.METHODS:
                yield name
            yield from all_names(part)
    elif isinstance(value, list):
        for part in value:
            yield from all_names(part)


def test_every_field_is_documented(explain):
    records = explain('--method', *explainers.METHODS, '--steps', '2',
                      '--draws', '2', '--reduce', 'confidence')
    page = (toys.ROOT / 'docs' / 'output.md').read_text('utf-8')
    fields = set(re.findall(r'`(?:\w+\[\]\.)?(\w+)`', page))
    names = set(all_names(records))
    assert len(names) > 30 and names <= fields
    assert set(explainers.METHODS) <= fields


def test_the_example_of_the_documentation(explain, tmp_path, monkeypatch,
                                          capsys):
    record, = explain('--limit', 1)
    capsys.readouterr()
    page = (toys.ROOT / 'docs' / 'output.md').read_text('utf-8')
    code, = re.findall(r'```python\n(.*?)```', page, re.DOTALL)
    monkeypatch.chdir(tmp_path / 'out')
    exec(code, {})
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == DEFAULT
    for line, entry in zip(lines, record['methods'].values(), strict=True):
        _, label, word, score = line.split()
        scores = entry['scores'][0]
        assert label == record['label_names'][entry['target']]
        assert float(score) == pytest.approx(max(scores), abs=5.1e-4)
        assert word == record['words'][0][int(np.argmax(scores))]


# ------------------------------------------------------------------- splits

def test_default_methods_on_the_test_split(explain, folders, tmp_path,
                                           capsys):
    records = explain('--limit', 3)
    run = runs.load_run(folders['words'])
    for i, (record, example) in enumerate(
            zip(records, run.data.test[:3], strict=True)):
        check_record(record)
        assert list(record['methods']) == DEFAULT
        assert (record['id'], record['split']) == (i, 'test')
        assert record['gold'] == example.label
        assert record['words'] == [list(example.texts[0])]
    said = capsys.readouterr().out
    assert said.startswith('3 texts explained; wrote ')
    assert str(tmp_path / 'out' / PAGE) in said and DATA in said
    assert sorted(p.name for p in (tmp_path / 'out').iterdir()) == [
        PAGE, DATA]


@pytest.mark.parametrize('split', ['valid', 'calib'])
def test_other_splits(explain, folders, split):
    records = explain('--split', split, *QUICK)
    examples = getattr(runs.load_run(folders['words']).data, split)
    assert [r['words'][0] for r in records] == [
        list(example.texts[0]) for example in examples]
    assert {r['split'] for r in records} == {split}


def test_ids_are_those_of_the_whole_split(explain):
    whole = explain()
    assert explain('--ids', '7,2') == [whole[7], whole[2]]
    assert explain('--ids', '7,2,3', '--limit', 2) == [whole[7], whole[2]]
    assert explain('--limit', 2) == whole[:2]
    assert explain('--limit', 999) == whole


SELECTIONS = {
    'wrong': lambda r: r['softmax']['label'] != r['gold'] != (
        r['dknn']['label']),
    'disagree': lambda r: r['softmax']['label'] != r['dknn']['label'],
    'unusual': lambda r: r['dknn']['credibility'] < .05}


@pytest.mark.parametrize('only', sorted(SELECTIONS))
def test_only(explain, folders, monkeypatch, only):
    """With neighbours that carry random labels, to have some of each."""
    original = runs.fit_dknn

    def confused(run, args):
        model = original(run, args)
        rng = np.random.default_rng(0)
        model.labels_ = rng.integers(0, 2, len(model.labels_))
        # Credible, p = 1, from 14 of 21 votes; below, p = 1 / 27.
        model._references = [np.full(26, 14)] * 2
        return model

    monkeypatch.setattr(runs, 'fit_dknn', confused)
    whole = explain(*QUICK)
    expected = [r for r in whole if SELECTIONS[only](r)]
    assert 0 < len(expected) < len(whole)
    assert explain(*QUICK, '--only', only) == expected


def test_premise(explain):
    plain, = explain('--limit', 1, kind='pair')
    both, = explain('--limit', 1, '--premise', kind='pair')
    check_record(plain, n_layers=4)
    check_record(both, n_layers=4)
    for name in DEFAULT:
        first, second = plain['methods'][name]['scores']
        assert first is None
        assert both['methods'][name]['scores'][1] == second
        assert len(both['methods'][name]['scores'][0]) == len(
            both['words'][0])


def test_neighbors_layers_and_nearest(explain):
    record, = explain('--limit', 1, '--nearest', 99, '-k', 4, '--layers',
                      '0,2')
    check_record(record, n_layers=2, n_nearest=4, k=4)
    assert [part['layer'] for part in record['neighbors']] == [
        'convolution', 'mlp 2']


# ----------------------------------------------------------------- own texts

def test_own_text_as_typed(explain, capsys, tmp_path):
    text = 'A GOOD <script>alert(1)</script> &amp; Zyx & Film'
    record, = explain('--text', text)
    check_record(record)
    assert (record['gold'], record['split'], record['id']) == (None, None, 0)
    words = record['words'][0]
    assert words[:4] == ['A', 'GOOD', '<', 'script'] and '&' in words
    assert words[-3:] == ['Zyx', '&', 'Film']
    known = dict(zip(words, record['known'][0], strict=True))
    assert known['GOOD'] and known['Film'] and known['A']
    assert not known['Zyx'] and not known['script']
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[2:-1]] == words
    page = (tmp_path / 'out' / PAGE).read_text('utf-8')
    assert '<script>alert' not in page.replace(' ', '')
    marked = Marked()
    marked.feed(page)
    assert {'Zyx', 'script'} <= marked.unknown
    assert not marked.unknown & {'GOOD', 'Film', 'A'}
    assert {'GOOD', '&', '<'} <= marked.words


class Marked(html.parser.HTMLParser):
    """Texts of elements with a colour class; those of class u apart."""

    def __init__(self):
        super().__init__()
        self.words, self.unknown, self.classes = set(), set(), []

    def handle_starttag(self, tag, attrs):
        self.classes = (dict(attrs).get('class') or '').split()

    def handle_data(self, data):
        if set(self.classes) & set(visualize.CLASSES):
            self.words.add(data)
            if 'u' in self.classes:
                self.unknown.add(data)
        self.classes = []


def test_capital_letters_change_nothing_else(explain):
    one, = explain('--text', 'GOOD Film')
    other, = explain('--text', 'good film')
    assert one.pop('words') == [['GOOD', 'Film']]
    assert other.pop('words') == [['good', 'film']]
    assert one == other


def test_several_texts(explain):
    records = explain('--text', 'good film', '--text', 'bad', *QUICK)
    assert [r['words'] for r in records] == [[['good', 'film']], [['bad']]]
    assert [r['id'] for r in records] == [0, 1]


def test_a_pair_is_two_texts(explain):
    record, = explain('--text', 'The RED film', '--text', 'the blue',
                      kind='pair')
    check_record(record, n_layers=4)
    assert record['words'] == [['The', 'RED', 'film'], ['the', 'blue']]
    records = explain(*['--text', 'the red', '--text', 'a plot'] * 2, *QUICK,
                      kind='pair')
    assert [r['words'] for r in records] == [
        [['the', 'red'], ['a', 'plot']]] * 2


def test_characters(explain):
    record, = explain('--text', 'Ab c%', kind='characters')
    check_record(record)
    assert record['words'] == [list('Ab c%')]
    assert record['known'] == [[True, True, True, True, False]]


def test_unknown_words_and_one_word(explain):
    first, second = explain('--text', NOTHING, '--text', 'good')
    check_record(first)
    check_record(second)
    assert first['known'] == [[False, False]]
    assert len(second['methods']['conformity']['scores'][0]) == 1


LINES = 'A good\tfilm\r\n\r\n  \r\nbad\u2028plot\r\n'


def test_input_file_and_standard_input(explain, tmp_path, monkeypatch):
    """A line a text, blank ones left out; only \\n ends a line."""
    file = tmp_path / 'in.txt'
    file.write_bytes(b'\xef\xbb\xbf' + LINES.encode())
    records = explain('--input', file)
    assert [r['words'] for r in records] == [
        [['A', 'good', 'film']], [['bad', 'plot']]]
    assert all(records[0]['known'][0])
    monkeypatch.setattr(sys, 'stdin', io.StringIO(
        LINES.replace('\r\n', '\n')))
    assert explain('--input', '-') == records
    assert explain('--input', file, '--limit', 1) == records[:1]


def test_input_of_pairs(explain, tmp_path):
    file = tmp_path / 'in.tsv'
    file.write_text('the red plot\tThe blue\na film\tred\n')
    records = explain('--input', file, kind='pair')
    assert [r['words'] for r in records] == [
        [['the', 'red', 'plot'], ['The', 'blue']], [['a', 'film'], ['red']]]


def test_own_texts_have_no_label_to_be_wrong_about(explain, folders, capsys,
                                                   monkeypatch):
    assert 'no such text' in fails(
        capsys, monkeypatch, '--model-setup', folders['words'], *FEW,
        '--text', 'good', '--text', 'bad', '--only', 'wrong')


# ------------------------------------------------------------------ methods

def test_all_methods(explain):
    methods = explainers.METHODS[::-1]
    records = explain('--limit', 2, '--method', *methods, *methods[:2],
                      '--steps', 3, '--draws', 2)
    for record in records:
        check_record(record)
        assert list(record['methods']) == methods


def test_steps_and_seed_arrive(explain, folders):
    def gap(steps):
        record, = explain('--limit', 1, '--method', 'integrated_gradients',
                          '--steps', steps)
        return abs(record['methods']['integrated_gradients']['gap'])

    assert gap(200) < gap(1)
    record, = explain('--limit', 1, '--method', 'random', '--seed', 4)
    run = runs.load_run(folders['words'])
    tokens = nlp_utils.encode(run.data.test[0].texts[0], run.vocab)
    np.testing.assert_allclose(
        record['methods']['random']['scores'][0],
        saliency.random_scores([tokens], seed=4)[0], atol=1e-5)


@pytest.mark.parametrize('released, name', [
    ('dknn', 'conformity'), ('softmax', 'confidence'), ('grad', 'gradient')])
def test_methods_by_their_released_names(explain, released, name):
    record, = explain('--limit', 1, '--interp_method', released)
    assert list(record['methods']) == [name]
    assert record == explain('--limit', 1, '--method', name)[0]


@pytest.mark.parametrize('method', ['confidence', 'conformity', 'random'])
def test_reduce(explain, method):
    records = explain('--reduce', method, '--method', method)
    for record in records:
        check_record(record)
        assert record['reduction']['method'] == method
    assert any(record['reduction']['removed'] for record in records)
    assert 'reduction' not in explain('--limit', 1)[0]


# ----------------------------------------------------------- page and figure

@pytest.mark.parametrize('name, start', [
    ('f.svg', b'<?xml'), ('f.pdf', b'%PDF'), ('f.png', b'\x89PNG')])
def test_figure(explain, tmp_path, capsys, name, start):
    explain('--limit', 2, *QUICK, '--figure', tmp_path / name)
    assert (tmp_path / name).read_bytes().startswith(start)
    assert f'wrote {tmp_path / name}' in capsys.readouterr().out


@pytest.mark.parametrize('kind', ['words', 'pair'])
def test_redraw_gives_the_same_page(explain, tmp_path, kind):
    explain('--limit', 4, '--reduce', 'confidence', kind=kind)
    out = tmp_path / 'out'
    page, data = ((out / name).read_bytes() for name in (PAGE, DATA))
    (out / PAGE).unlink()
    interpret.main(['--redraw', str(out / DATA)])
    assert (out / PAGE).read_bytes() == page
    interpret.main(['--redraw', str(out / DATA), '--out', str(tmp_path),
                    '--figure', str(tmp_path / 'f.svg')])
    assert (tmp_path / PAGE).read_bytes() == page
    assert (tmp_path / 'f.svg').stat().st_size > 100
    assert (out / DATA).read_bytes() == data
    assert not (tmp_path / DATA).exists()


def test_the_same_bytes_again(explain, tmp_path):
    found = []
    for _ in range(2):
        explain('--limit', 3, '--method', *explainers.METHODS, '--steps', 2,
                '--draws', 2)
        found.append([(tmp_path / 'out' / name).read_bytes()
                      for name in (PAGE, DATA)])
    assert found[0] == found[1]


def test_output_is_replaced_whole(explain, tmp_path):
    explain('--limit', 5)
    records = explain('--limit', 1)
    assert len(records) == 1
    page = (tmp_path / 'out' / PAGE).read_text('utf-8')
    assert page.count('<!DOCTYPE html>') == page.count('</html>') == 1


@pytest.mark.parametrize('owner, name, kept', [
    (explainers, 'rounded', [PAGE, DATA]),
    (runs.json, 'dumps', [PAGE, DATA]),
    (visualize, 'render_page', [PAGE])])
def test_a_failure_leaves_what_there_was(explain, tmp_path, monkeypatch,
                                         owner, name, kept):
    explain('--limit', 3)
    out = tmp_path / 'out'
    before = {name: (out / name).read_bytes() for name in kept}
    original, calls = getattr(owner, name), []

    def broken(*args, **options):
        calls.append(args)
        if len(calls) == 2 or name == 'render_page':
            raise RuntimeError('in the middle')
        return original(*args, **options)

    monkeypatch.setattr(owner, name, broken)
    with pytest.raises(RuntimeError, match='in the middle'):
        explain('--limit', 4, '--text', 'good', '--text', 'bad')
    assert {name: (out / name).read_bytes() for name in kept} == before
    assert {path.name for path in out.iterdir()} == {PAGE, DATA}


def test_output_goes_to_the_run_folder(folders, tmp_path):
    folder = shutil.copytree(folders['words'], tmp_path / 'run')
    data = folders['words'].parents[1]
    interpret.main(['--model-setup', str(folder / 'args.json'), *FEW,
                    '--data-dir', str(data), '--limit', '1', *QUICK])
    record, = read(folder / DATA)
    assert (folder / PAGE).is_file()
    assert str(data) not in (folder / DATA).read_text('utf-8')
    assert str(tmp_path) not in (folder / PAGE).read_text('utf-8')
    temperature = json.loads((folder / 'temperature.json').read_text())
    assert record['softmax']['temperature'] == pytest.approx(
        temperature['temperature'], abs=1e-5)


# ---------------------------------------------------------------- bad input

BAD = {
    'id beyond': ('words', ['--ids', '0,24'], 'no text 24 among the 24'),
    'negative id': ('words', ['--ids=-1'], 'no text -1'),
    'no id': ('words', ['--ids', 'a,b'], "'a,b'"),
    'no limit': ('words', ['--limit', '0'], 'at least 1'),
    'empty text': ('words', ['--text', ''], 'empty'),
    'blank text': ('words', ['--text', 'good', '--text', ' \t'], 'empty'),
    'one text for a pair': ('pair', ['--text', 'a film'],
                            'takes 2 texts at a time, got 1'),
    'three texts for pairs': ('pair', ['--text', 'a'] * 3, 'got 3'),
    'empty hypothesis': ('pair', ['--text', 'a film', '--text', ''],
                         'empty'),
    'missing file': ('words', ['--input', 'no/such.txt'], 'no/such.txt'),
    'method': ('words', ['--method', 'magic'], "'magic'"),
    'no method': ('words', ['--method'], 'at least one'),
    'figure': ('words', ['--limit', '1', *QUICK, '--figure', 'f.gif'],
               'f.gif'),
}


@pytest.mark.parametrize('name', sorted(BAD))
def test_refuses(name, folders, tmp_path, capsys, monkeypatch):
    kind, flags, message = BAD[name]
    monkeypatch.chdir(tmp_path)
    assert message in fails(
        capsys, monkeypatch, '--model-setup', folders[kind], *FEW, *flags,
        '--out', 'out')
    assert name == 'figure' or not list(tmp_path.iterdir())


@pytest.mark.parametrize('content, message', [
    ('', 'in.txt holds no text'), (' \n\n', 'in.txt holds no text'),
    ('a film\n', 'got 1'), ('a\tb\tc\n', 'got 3'), ('a film\t\n', 'empty')])
def test_refuses_input_of_pairs(content, message, folders, tmp_path, capsys,
                                monkeypatch):
    file = tmp_path / 'in.txt'
    file.write_text(content)
    assert message in fails(
        capsys, monkeypatch, '--model-setup', folders['pair'], *FEW,
        '--input', file, '--out', tmp_path / 'out')
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize('content, message', [
    (b'', 'no record to show'), (b'nonsense\n', 'line 1: no record'),
    (b'\xff\xfe\x00{\n', 'line 1: no record'), (b'[1]\n', 'line 1'),
    (b'{"version": 1}\n', 'line 1: no record'), (b'\n', 'line 1'),
    (b'7\n', 'line 1: no record')])
def test_refuses_to_redraw(content, message, tmp_path, capsys, monkeypatch):
    file = tmp_path / 'x.jsonl'
    file.write_bytes(content)
    assert message in fails(capsys, monkeypatch, '--redraw', file)
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize('change, message', [
    ({'version': 2}, 'line 2: version 2'), ({'words': [['a'] * 9]}, 'words')])
def test_refuses_records_that_do_not_fit(explain, tmp_path, capsys,
                                         monkeypatch, change, message):
    records = explain('--limit', 2, *QUICK)
    records[1].update(change)
    runs.write_jsonl(tmp_path / 'x.jsonl', records)
    assert message in fails(capsys, monkeypatch, '--redraw',
                            tmp_path / 'x.jsonl')


def test_predictions_have_no_record(tmp_path, capsys, monkeypatch):
    assert 'missing.jsonl' in fails(capsys, monkeypatch, '--redraw',
                                    tmp_path / 'missing.jsonl')
    (tmp_path / 'p.jsonl').write_text('{"id": 0, "split": "test"}\n')
    assert 'p.jsonl, line 1: no record' in fails(
        capsys, monkeypatch, '--redraw', tmp_path / 'p.jsonl')


# --------------------------------------------------------------- as commands

def test_as_a_command(folders, tmp_path):
    """From another folder, with texts on standard input."""
    done = toys.command(
        'interpret.py', '--model-setup', folders['words'], *FEW, '--input',
        '-', '--out', 'out', cwd=tmp_path, input='Good film\nbad\n')
    assert (done.returncode, done.stderr) == (0, '')
    records = read(tmp_path / 'out' / DATA)
    assert [r['words'] for r in records] == [[['Good', 'film']], [['bad']]]
    done = toys.command('interpret.py', '--model-setup', folders['words'],
                        *FEW, '--text', '', cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, '')
    assert done.stderr.count('\n') == 1
    assert done.stderr.startswith('interpret.py: error: ')
