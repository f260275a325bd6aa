"""Which texts interpret.py explains: of a split, or the user's own."""
import compat  # noqa: F401  (before Chainer)

import html.parser
import io
import sys

import numpy as np
import pytest
from interpreting import (
    DATA,
    DEFAULT,
    FEW,
    NOTHING,
    OWN,
    PAGE,
    QUICK,
    check_record,
    fails,
)

import runs
from page.colours import CLASSES


def test_default_methods_on_the_test_split(explain, folders, tmp_path,
                                           capsys):
    records = explain()
    run = runs.load_run(folders['words'])
    for i, (record, example) in enumerate(
            zip(records, run.data.test, strict=True)):
        check_record(record)
        assert list(record['methods']) == DEFAULT
        assert (record['id'], record['split']) == (i, 'test')
        assert record['gold'] == example.label
        assert record['words'] == [list(example.texts[0])]
    said = capsys.readouterr().out
    assert said.startswith('24 texts explained; wrote ')
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

    def confused(*args, **options):
        dknn = original(*args, **options)
        rng = np.random.default_rng(0)
        dknn.labels_ = rng.integers(0, 2, len(dknn.labels_))
        # Credible, p = 1, from 14 of 21 votes; below, p = 1 / 27.
        dknn._references._sorted = [np.full(26, 14)] * 2
        return dknn

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
    said = capsys.readouterr().out
    _, table = said.split('\nlabel ')
    lines = table.split('\n\n')[0].splitlines()[1:]
    assert [line.split()[0] for line in lines] == words
    page = (tmp_path / 'out' / OWN[0]).read_text('utf-8')
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
        if set(self.classes) & set(CLASSES):
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
    monkeypatch.setattr(sys, 'stdin', io.TextIOWrapper(io.BytesIO(
        LINES.replace('\r\n', '\n').encode())))
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
