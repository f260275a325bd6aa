"""What the Python interface returns, beside what interpret.py writes."""
import compat  # noqa: F401  (before Chainer)

import html.parser
import json
import subprocess
import sys

import pytest
import toys
from loading import K

import interpret
import saliency
from files.atomic import write_jsonl
from saliency.records import check_records
from saliency.schema import Record

TEXTS = {'words': ['A good film, with some bad scene', 'lovely',
                   'zyx wvu zyx', 'the plot the plot the awful story'],
         'pair': [('the film a red plot', 'the blue film'), ('blue', 'red')]}
HOSTILE = ['<script>alert(1)</script> good', '"><img src=x onerror=1> &amp;',
           '\x1b[31mred \u202egnp film', '</style></div> bad']
BOTH = pytest.mark.parametrize('kind', TEXTS)


def written(folder, out, texts, *flags):
    """The bytes of the records that interpret.py writes of texts."""
    given = [part for own in texts
             for text in ([own] if isinstance(own, str) else own)
             for part in ('--text', text)]
    interpret.main(['--model-setup', str(folder), '-k', str(K), *given,
                    '--out', str(out), *flags])
    return (out / 'interpretations.own.jsonl').read_bytes()


@BOTH
@pytest.mark.parametrize('asked, flags', [
    ({}, []),
    ({'methods': ['soft_mean', 'random', 'credibility'], 'nearest': 2,
      'reduce': 'logodds'},
     ['--method', 'soft_mean', 'random', 'credibility', '--nearest', '2',
      '--reduce', 'logodds'])])
def test_records_are_those_of_interpret(kind, asked, flags, trained, loaded,
                                        tmp_path):
    """Byte for byte."""
    expected = written(trained(kind), tmp_path, TEXTS[kind], *flags)
    answers = loaded(kind).explain(TEXTS[kind], **asked)
    write_jsonl(tmp_path / 'ours.jsonl', answers.to_dict())
    assert (tmp_path / 'ours.jsonl').read_bytes() == expected


def test_premise_and_options(trained, tmp_path):
    expected = written(trained('pair'), tmp_path, TEXTS['pair'], '--premise',
                       '--method', 'smoothgrad', '--draws', '3', '--seed',
                       '4', '--layers', 'last')
    explainer = saliency.load_explainer(
        str(trained('pair')), n_neighbors=K, premise=True, layers='last',
        options={'draws': 3, 'seed': 4})
    found = explainer.explain(TEXTS['pair'], ['smoothgrad']).to_dict()
    assert [json.loads(line) for line in expected.splitlines()] == found


@BOTH
def test_predictions_and_neighbors_are_parts_of_explanations(kind, loaded):
    explainer = loaded(kind)
    whole = explainer.explain(TEXTS[kind], nearest=3).to_dict()
    predicted = explainer.predict(TEXTS[kind]).to_dict()
    near = explainer.neighbors(TEXTS[kind], 3).to_dict()
    parts = 'methods', 'neighbors', 'removed'
    assert predicted == [{name: part for name, part in record.items()
                          if name not in parts} for record in whole]
    assert [record['neighbors'] for record in near] == [
        record['neighbors'] for record in whole]


@BOTH
@pytest.mark.parametrize('ask', ['explain', 'predict', 'neighbors'])
def test_tables(kind, ask, loaded):
    """What pandas reads: rows of the same plain columns."""
    found = getattr(loaded(kind), ask)(TEXTS[kind])
    rows = found.table()
    assert rows == [row for answer in found for row in answer.table()]
    for row in rows:
        assert list(row) == list(rows[0])
        assert {type(value) for value in row.values()} <= {
            str, int, float, bool, type(None)}
    assert json.loads(json.dumps(rows)) == rows
    try:
        import pandas
    except ImportError:
        return
    frame = pandas.DataFrame(rows)
    assert list(frame) == list(rows[0]) and len(frame) == len(rows)


def test_rows_of_words_and_neighbors(loaded):
    record, = loaded().explain(TEXTS['words'][:1]).to_dict()
    rows = loaded().explain(TEXTS['words'][:1])[0].table()
    assert [row['word'] for row in rows] == record['words'][0]
    assert [row['conformity'] for row in rows] == (
        record['methods']['conformity']['scores'][0])
    near = loaded().neighbors(TEXTS['words'][:1], 2).table()
    assert len(near) == 2 * len(record['neighbors'])
    first = record['neighbors'][0]['nearest'][0]
    assert near[0]['text'] == first['texts'][0] and near[0]['rank'] == 1
    assert near[0]['label'] == record['label_names'][first['label']]


def test_pairs_leave_scores_of_the_premise_open(loaded):
    rows = loaded('pair').explain(TEXTS['pair'][:1]).table()
    assert {row['side']: row['confidence'] is None for row in rows} == {
        0: True, 1: False}


def test_a_record_cannot_be_changed_from_outside(loaded):
    answer = loaded().predict(['good film'])[0]
    answer.to_dict()['words'][0].append('x')
    assert answer.to_dict()['words'] == [['good', 'film']]


def test_answers_are_a_sequence(loaded):
    found = loaded().predict(TEXTS['words'])
    assert len(found) == 4 and found[1].texts == ('lovely',)
    assert [answer.texts[0] for answer in found[1:3]] == TEXTS['words'][1:3]
    assert found[-1].to_dict()['id'] == 3
    assert 'and 5 more' in repr(loaded().predict(['good'] * 25))
    assert '… and 5 more' in loaded().predict(['good'] * 25)._repr_html_()


class Tags(html.parser.HTMLParser):
    """The tags of a piece of HTML, and its text outside of the style."""

    def __init__(self, source):
        super().__init__()
        self.tags, self.attributes, self.open, self.text = set(), set(), [], ''
        self.feed(source)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1:] != ['style']:
            self.text += data


@pytest.mark.parametrize('ask', ['explain', 'predict', 'neighbors'])
def test_html_escapes_hostile_texts(ask, loaded):
    """They make no element, no attribute, and close none."""
    found = getattr(loaded(), ask)(HOSTILE)
    parsed = Tags(found._repr_html_())
    assert not parsed.open
    assert parsed.tags <= {
        'div', 'style', 'article', 'p', 'b', 'small', 'table', 'tr', 'th',
        'td', 'details', 'summary', 'ol', 'li', 'bdi'}
    assert parsed.attributes <= {'class', 'data-v', 'scope', 'tabindex',
                                 'open'}
    assert 'alert' in parsed.text  # shown, as text


def test_html_has_the_rows_of_the_page(loaded):
    answer = loaded().explain(['a good film'])[0]
    source = answer._repr_html_()
    parsed = Tags(source)
    for method in ('soft shapley', 'conformity', 'gradient'):
        assert method in parsed.text
    record = answer.to_dict()
    near = record['neighbors'][0]['nearest'][0]
    assert near['texts'][0] in parsed.text and '<td class="' in source
    assert source.count('data-v="') == 3 * len(record['methods'])


@pytest.mark.parametrize('ask', ['explain', 'predict', 'neighbors'])
def test_text_is_printable(ask, loaded):
    """No terminal obeys it."""
    said = repr(getattr(loaded(), ask)(HOSTILE))
    assert all(line.isprintable() for line in said.split('\n'))
    assert r'\x1b[31mred' in said and 'DkNN: ' in said


def test_explanations_can_be_drawn_as_a_page(loaded, tmp_path):
    import visualize
    found = loaded().explain(TEXTS['words']).to_dict()
    check_records(found)
    visualize.write_page(tmp_path / 'page.html', found)
    assert 'lovely' in (tmp_path / 'page.html').read_text('utf-8')
    assert {*Record.__struct_fields__} >= set(found[0])


def test_saliency_stays_light():
    """Neither Chainer nor the page is imported before they are needed."""
    done = subprocess.run(
        [sys.executable, '-c', 'import sys, saliency\n'
         'print([m for m in ("chainer", "numpy", "jinja2", "runs") '
         'if m in sys.modules], "load_explainer" in dir(saliency))'],
        cwd=toys.ROOT, capture_output=True, text=True)
    assert done.stdout == '[] True\n', done.stderr
    with pytest.raises(AttributeError, match='nonsense'):
        saliency.nonsense  # noqa: B018
