"""Hypothesis: what may be written is read as it was; else one sentence."""
import csv
import io
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_files import write_table

import nlp_utils
from errors import UserError
from files import tables
from files.rows import CONTROL, DatasetError
from files.word_vectors import LARGEST, read_word_vectors
from text_datasets import fingerprint, load_dataset

LETTERS = st.characters(exclude_categories=['Cs'])
TEXTS = st.text(LETTERS, max_size=30)
LABELS = TEXTS.map(lambda text: CONTROL.sub('', text).strip()).filter(bool)
ROWS = st.lists(st.tuples(LABELS, TEXTS, TEXTS), min_size=1, max_size=8)
MOST = float(np.float32(LARGEST))
VALUES = st.lists(st.floats(-MOST, MOST, width=32), min_size=3, max_size=3)
# Lines of all sorts, half of them nearly right
PIECES = st.sampled_from([
    b'label', b'text', b'text1', b'text2', b'gold_label', b'\t', b',', b'"',
    b'\n', b'\r', b'x', b'-', b'1', b'1.0', b'{"label": "x", "text": "a"}\n',
    b'{"label": 1, "text": "\\ud800"}', b'{"label": NaN, "text": null}', b'{',
    b'}', b'[', b'\xef\xbb\xbf', b'\x1f\x8b', b'\x00', b'\x1b[2J', b'x\ta\n',
    b'2 3\n', b'the 1 2 3\n', b'1e99 ', b'the \x00\x00\x80\x3f', b'\xe9'])
BYTES = st.one_of(st.binary(max_size=300), st.lists(
    st.one_of(PIECES, st.binary(max_size=4)), max_size=40).map(b''.join))
NAMES = st.sampled_from(['a.tsv', 'a.csv', 'a.jsonl', 'a.tsv.gz'])


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp('made')


def as_tsv(rows):
    return ''.join('\t'.join(row) + '\n' for row in rows)


def as_csv(rows):
    file = io.StringIO(newline='')
    csv.writer(file).writerows(rows)
    return file.getvalue()


def as_jsonl(rows):
    return ''.join(json.dumps(dict(zip(rows[0], row, strict=True)),
                              ensure_ascii=len(row[1]) % 2) + '\n'
                   for row in rows[1:])


# How each is written, and what a text cannot have there
WRITERS = {'a.tsv': (as_tsv, '\t\n\r'), 'a.tsv.gz': (as_tsv, '\t\n\r'),
           'a.csv': (as_csv, '\0'), 'a.jsonl': (as_jsonl, '')}


@pytest.mark.parametrize('name', sorted(WRITERS))
@settings(deadline=None)
@given(rows=ROWS, n_texts=st.integers(1, 2))
def test_rows_survive_writing_and_reading(folder, name, rows, n_texts):
    write, without = WRITERS[name]
    rows = [(label, *[text.translate(dict.fromkeys(map(ord, without)))
                      for text in texts[:n_texts]]) for label, *texts in rows]
    header = ('label', 'text') if n_texts == 1 else ('label', 'text1',
                                                     'text2')
    path = write_table(folder, name, write([header, *rows]))
    found = [(row.label, *row.texts) for row in tables.read_table(path)]
    assert found == rows


@settings(deadline=None, max_examples=300)
@given(name=NAMES, content=BYTES)
def test_any_bytes_are_rows_or_one_sentence(folder, name, content):
    path = folder / name
    path.write_bytes(content)
    try:
        for row in tables.read_table(str(path)):
            assert row.label is None or not CONTROL.search(row.label)
            assert 1 <= len(row.texts) <= 2
            ''.join(row.texts).encode()
    except DatasetError as error:
        assert not CONTROL.search(str(error))
        assert str(error).startswith(str(path))


@settings(deadline=None)
@given(name=NAMES, content=BYTES, char_based=st.booleans(),
       size=st.integers(0, 3))
def test_any_bytes_are_a_data_set_or_one_sentence(folder, name, content,
                                                  char_based, size):
    path = folder / name
    path.write_bytes(content)
    try:
        data = load_dataset(path, char_based=char_based, calib_size=size)
    except UserError as error:
        assert not CONTROL.search(str(error)) and len(str(error)) < 1500
    else:
        assert data.train and data.valid and data.test
        assert bool(data.calib) == bool(size) and fingerprint(data)


@settings(deadline=None, max_examples=300)
@given(content=BYTES)
def test_any_bytes_are_vectors_or_one_sentence(folder, content):
    path = folder / 'vectors'
    path.write_bytes(content)
    try:
        found = read_word_vectors(str(path), {'the': 0, 'x': 1, '': 2})
    except UserError as error:
        assert not CONTROL.search(str(error))
    else:
        assert found.vectors.dtype == np.float32
        assert (np.abs(found.vectors) <= LARGEST).all()
        assert len(set(found.rows.tolist())) == len(found.rows)


@settings(deadline=None)
@given(table=st.dictionaries(
           LABELS.map(lambda word: ''.join(word.split())).filter(bool), VALUES,
           min_size=1, max_size=5),
       binary=st.booleans(), header=st.booleans())
def test_vectors_survive_writing_and_reading(folder, table, binary, header):
    path = folder / 'vectors'
    if binary:
        path.write_bytes(f'{len(table)} 3\n'.encode() + b''.join(
            word.encode() + b' ' + np.array(values, '<f4').tobytes() + b'\n'
            for word, values in table.items()))
    else:
        path.write_text(f'{len(table)} 3\n' * header + ''.join(
            f'{word} {" ".join(map(repr, values))}\n'
            for word, values in table.items()), encoding='utf-8')
    found = read_word_vectors(str(path), {w: i for i, w in enumerate(table)})
    assert found.rows.tolist() == list(range(len(table)))
    np.testing.assert_array_equal(
        found.vectors, np.array(list(table.values()), np.float32))


@settings(deadline=None)
@given(texts=st.lists(st.one_of(TEXTS, st.text(
           st.sampled_from('aA.,\'"<br/>&#;0x9 \u2019'))), max_size=6),
       raw=st.booleans(), char_based=st.booleans(), least=st.integers(1, 2))
def test_any_text_gives_a_vocabulary(texts, raw, char_based, least):
    tokens = [nlp_utils.tokenize(text, raw, char_based) for text in texts]
    assert all(map(all, tokens))  # no token is empty
    if not char_based:
        assert all(' '.join(words).split() == list(words) for words in tokens)
    vocab = nlp_utils.make_vocab(tokens, min_freq=least)
    assert json.loads(json.dumps(vocab, ensure_ascii=False).encode()) == vocab
    assert list(vocab.values()) == list(range(len(vocab)))
    names = list(vocab)
    for words in tokens:
        ids = nlp_utils.encode(words, vocab).tolist()
        assert ids[-1] == 0 and 0 not in ids[:-1]
        assert all(names[i] == word
                   for i, word in zip(ids[:-1], words, strict=True) if i > 1)
