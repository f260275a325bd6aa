"""Every field of a record that is wrong: a page, or one sentence."""
import re
import typing

import html5lib
import msgspec
import pytest
import toys
from hypothesis import example, given, settings
from hypothesis import strategies as st
from recorded import PAIR, SINGLE, nodes, replaced, values, without, write

import visualize
from errors import UserError
from saliency import records, schema

RECORDS = {'single': SINGLE, 'pair': PAIR}
NODES = {kind: list(nodes(record)) for kind, record in RECORDS.items()}
PLACES = [(kind, path) for kind in RECORDS for path in NODES[kind]]
NEAR = 'neighbors', 0, 'nearest', 0
OPTIONAL = (('removed',), ('reduction',), ('soft',), ('source',),
            ('source', 'id'), ('neighbors', 0, 'weight'), (*NEAR, 'share'),
            (*NEAR, 'source'), (*NEAR, 'source', 'id'))


def named(path):
    return '.'.join(map(str, path))


def page_or_sentence(path, *lines):
    """What ``interpret.py --redraw`` does; None, or the sentence."""
    write(path, *lines)
    try:
        page = visualize.render_page(records.read_records(path))
    except UserError as error:
        said = str(error)
        assert re.match(rf'{re.escape(str(path))}, line {len(lines)}\b', said)
        assert said.isprintable()
        return said
    assert page.endswith('</html>')
    page.encode()
    return None


@pytest.fixture(scope='module')
def file(tmp_path_factory):
    return tmp_path_factory.mktemp('records') / 'x.jsonl'


@pytest.mark.parametrize('kind', RECORDS)
def test_whole_records_are_drawn(kind, file):
    assert page_or_sentence(file, RECORDS[kind], RECORDS[kind]) is None
    assert records.read_records(file) == [RECORDS[kind]] * 2


WRONG = {bool: ['x', 1, None, [], {}], str: [1, None, True, [], {}],
         int: ['1', 1.5, True, [], {}, -1, 2 ** 31, 10 ** 400],
         float: ['1', True, [], {}, float('nan'), float('inf'), 10 ** 400],
         list: ['x', 1, None, True, {}], dict: ['x', 1, None, True, []]}
NULLABLE = 'split', 'scores'  # null is a text that is not scored


@pytest.mark.parametrize('kind, path', PLACES, ids=lambda part: (
    named(part) if isinstance(part, tuple) else part))
def test_a_wrong_type_in_every_field(kind, path, file):
    value = RECORDS[kind]
    for key in path:
        value = value[key]
    nullable = path[-1] in NULLABLE or path[-2:-1] == ('scores',)
    for wrong in WRONG.get(type(value), []):
        if nullable and wrong is None:
            continue
        said = page_or_sentence(file, SINGLE if kind == 'single' else PAIR,
                                replaced(RECORDS[kind], path, wrong))
        assert said, (path, wrong)
        # NaN and infinity are no JSON; else the innermost field is named
        fields = [key for key in path if isinstance(key, str)]
        if fields[-1] not in RECORDS[kind]['methods']:
            assert fields[-1] in said or 'no valid JSON' in said, said


@pytest.mark.parametrize('kind, path', [
    place for place in PLACES if isinstance(place[1][-1], str)],
    ids=lambda part: named(part) if isinstance(part, tuple) else part)
def test_every_field_that_is_missing(kind, path, file):
    said = page_or_sentence(file, without(RECORDS[kind], path))
    if path in OPTIONAL or path[-1] == 'gap' or path[-2:-1] == ('methods',):
        assert said is None
    else:
        assert path[-1] in said


@pytest.mark.parametrize('path, value, message', [
    ('gold', 2, 'gold is 2, but the labels are 0 to 1'),
    ('softmax.label', 2, 'softmax.label is 2'),
    ('dknn.label', 7, 'dknn.label is 7'),
    ('dknn.prediction_set.1', 2, r'dknn.prediction_set\[1\] is 2'),
    ('methods.conformity.target', 2, r"methods\['conformity'\].target is 2"),
    ('neighbors.0.nearest.0.label', 2,
     r'neighbors\[0\].nearest\[0\].label is 2'),
    ('softmax.probabilities', [1], 'probabilities has 1 entries for 2'),
    ('dknn.conformity', [], 'dknn.conformity has 0 entries'),
    ('dknn.p_values', [0, 0, 0], 'dknn.p_values has 3 entries'),
    ('neighbors.0.votes', [1], r'neighbors\[0\].votes has 1'),
    ('neighbors.0.votes.0', -1, r'neighbors\[0\].votes\[0\]: expected int'),
    ('neighbors.0.nearest.0.index', -1, 'index: expected int >= 0'),
    ('neighbors.0.nearest.0.distance', -.1, 'distance: expected float >= 0'),
    ('neighbors.0.nearest.0.texts', [], 'texts: expected array of length'),
    ('neighbors', [], 'neighbors: expected array of length >= 1'),
    ('removed.layers.0.left_votes', [1], r'left_votes has 1 entries for 2'),
    ('removed.layers.0.came_votes', [], r'came_votes has 0 entries for 2'),
    ('removed.layers', [], 'removed.layers has 0 entries, but 1 are needed'),
    ('removed.text', 1, 'removed.text is 1, but words has 1 text'),
    ('removed.text', 2, 'removed.text: expected int <= 1'),
    ('removed.word', 2, 'removed.word is 2, but that text has 2 words'),
    ('reduction.text', 1, 'reduction.text is 1'),
    ('reduction.removed.0', 2, r'reduction.removed\[0\] is 2, but that'),
    ('reduction.confidence', [.5], 'reduction.confidence has 1 entries'),
    ('reduction.credibility', [], 'reduction.credibility has 0 entries'),
    ('words', [], 'words: expected array of length >= 1'),
    ('words', [['a'], ['b'], ['c']], 'words: expected array of length <= 2'),
    ('known', [[True]], r'has \[2\] words and \[1\] "known"'),
    ('methods.conformity.scores', [], r"'conformity' has \[0\] scores"),
    ('methods.conformity.scores', [[1]], r"'conformity' has \[1\] scores"),
    ('label_names', ['a', 'b'], 'label_names .* each data set by itself'),
    ('label_names', [], 'label_names: expected array of length >= 1'),
    ('version', 2, 'version 2, but this program reads version 1'),
    ('version', True, 'version: expected int, got bool'),
    ('split', '\x1b[31m', 'split: expected str matching'),
    ('softmax.temperature', 0, 'temperature: expected float > 0'),
    ('dknn.error', 1, 'error: expected float < 1'),
    ('dknn.credibility', 1.5, 'credibility: expected float <= 1'),
])
def test_values_out_of_range(path, value, message, file):
    keys = [int(key) if key.isdigit() else key for key in path.split('.')]
    said = page_or_sentence(file, SINGLE, replaced(SINGLE, keys, value))
    assert said and re.search(message, said), said


def test_a_word_that_is_the_closing_eos_cannot_be_removed(file):
    record = replaced(SINGLE, ['words', 0, 1], '<eos>')
    said = page_or_sentence(file, replaced(record, ['removed', 'word'], 1))
    assert 'removed.word is 1, but that text has 1 words' in said


@pytest.mark.parametrize('field', ['words', 'id', 'other', 'methods'])
def test_nested_too_deep(field, file):
    text = write(file, SINGLE).read_text().rstrip('}\n')
    for deep in ('[' * 100_000 + ']' * 100_000,
                 '{"a":' * 100_000 + '1' + '}' * 100_000, '[' * 100_000):
        file.write_text(f'{text}}}, "{field}": {deep}}}\n')
        with pytest.raises(UserError, match='x.jsonl, line 1'):
            records.read_records(file)


def test_bytes_that_are_no_text(file):
    whole = write(file, SINGLE).read_bytes()
    for damaged in (whole[:-20], b'\xff' + whole, b'\x00' * 9,
                    whole * 2 + b'{', whole.replace(b'fine', b'f\xffne'),
                    whole.replace(b'fine', b'\\ud800'), b'\n'):
        file.write_bytes(damaged)
        with pytest.raises(UserError, match=r'x.jsonl, line [13]\b'):
            records.read_records(file)


@settings(deadline=None, max_examples=400)
@given(st.sampled_from(PLACES), values)
@example(('single', ('methods', 'conformity', 'scores', 0)), [1e308, -1e308])
@example(('single', ('methods', 'conformity', 'scores', 0)), [10 ** 30, 0])
@example(('single', ('words', 0, 1)), '<eos>')
@example(('pair', ('removed', 'text')), 0)
def test_random_json_in_any_field(file, place, value):
    kind, path = place
    page_or_sentence(file, replaced(RECORDS[kind], path, value))


@settings(deadline=None, max_examples=100)
@given(st.dictionaries(st.sampled_from([*SINGLE, 'other']), values,
                       max_size=3), st.sampled_from(sorted(RECORDS)))
def test_several_random_fields(file, change, kind):
    page_or_sentence(file, {**RECORDS[kind], **change})


KINDS = {str: st.text(max_size=6), float: st.floats(0, 1), bool: st.booleans(),
         int: st.integers(0, 1)}


@pytest.mark.slow
@settings(deadline=None, max_examples=60)
@given(st.sampled_from(sorted(RECORDS)), st.data())
def test_random_values_of_the_right_type(file, kind, data):
    """More of these are drawn; the page is strict HTML."""
    record = RECORDS[kind]
    for path in data.draw(st.lists(st.sampled_from(NODES[kind]), max_size=6)):
        value = record
        for key in path:
            value = value[key]
        if type(value) in KINDS:
            record = replaced(record, path, data.draw(KINDS[type(value)]))
    if page_or_sentence(file, record) is None:
        html5lib.HTMLParser(strict=True).parse(
            visualize.render_page(records.read_records(file)))


@settings(deadline=None, max_examples=25)
@given(values)
def test_random_json_as_a_line(file, value):
    assert page_or_sentence(file, value)


# ------------------------------------------------- the document says the same

def tables():
    """Struct -> {field: whether optional, its type} of docs/output.md."""
    page = (toys.ROOT / 'docs' / 'output.md').read_text()
    section = page.split('## interpretations.jsonl')[1].split('\n## ')[0]
    found, title = {}, 'record'
    for line in section.splitlines():
        title = next(iter(re.findall(r'^`(\w+)`(?:,|:)', line)), title)
        if line.startswith('**Leaving out.**'):
            title = 'names of methods'
        row = re.match(r'\| ([^|]*) \| ([^|]*) \|', line)
        if row:
            for name in re.findall(r'`([\w.\[\]]+)`', row[1]):
                owner, _, field = f'{title}.{name}'.rpartition('.')
                optional = '*optional*' in row[1] + row[2]
                found.setdefault(owner, {})[field] = optional, row[2]
    return found


STRUCTS = {
    'record': schema.Record, 'softmax': schema.Softmax, 'dknn': schema.Dknn,
    'methods': schema.Method, 'neighbors': schema.Layer,
    'neighbors.nearest[]': schema.Near, 'removed': schema.Removed,
    'removed.layers[]': schema.Change, 'reduction': schema.Reduction}


@pytest.mark.parametrize('title', STRUCTS)
def test_the_document_and_the_schema_have_the_same_fields(title):
    written = tables()[title]
    fields = {field.name: field
              for field in msgspec.structs.fields(STRUCTS[title])}
    assert sorted(written) == sorted(fields)
    for name, (optional, kind) in written.items():
        types = typing.get_args(fields[name].type)
        assert optional == (not fields[name].required), name
        if title == 'record':
            assert ('null' in kind) == (type(None) in types), name


def test_the_paths_of_the_schema_exist():
    """Each leads to something in a whole record."""
    for path in (*schema.LABELS, *schema.BY_LABEL, *schema.WORDS.values()):
        assert list(records._values(SINGLE, path)), path
    labels = {path.split('.')[-1].replace('*', 'prediction_set')
              for path in schema.LABELS}
    assert labels == {'gold', 'label', 'target', 'prediction_set'}
