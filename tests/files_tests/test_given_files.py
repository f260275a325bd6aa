"""Activations of another framework: what is read, and what is refused."""
import json
import pickle

import given_folders
import numpy as np
import pytest

from errors import UserError
from files.activations import read_folder


@pytest.fixture
def folder(tmp_path):
    return given_folders.write(tmp_path / 'given', texts=True, variants=True)


def save(folder, file, array):
    np.save(folder / file, array, allow_pickle=True)


def load(folder, file):
    return np.load(folder / file)


# ------------------------------------------------------------ what is read

def test_what_was_written_is_read(folder):
    found = read_folder(folder)
    assert found.dataset == 'given' and found.model == 'activations'
    assert list(found.label_names) == ['bad', 'good']
    assert found.layer_names == ['layer_0', 'layer_1']
    assert {name: len(split.labels) for name, split in
            found.splits.items()} == given_folders.SIZES
    for name, split in found.splits.items():
        for i, own in enumerate(split.layers):
            assert isinstance(own, np.memmap)
            np.testing.assert_array_equal(own, load(
                folder, f'{name}/layer_{i}.npy'))
        np.testing.assert_array_equal(split.logits, load(
            folder, f'{name}/logits.npy'))
        assert split.labels.tolist() == load(
            folder, f'{name}/labels.npy').tolist()
        assert split.texts[1] == (('good', 'film', '1'),)
    # 0 1 2 0 1 2 0 1 2 0 variants; the first five texts have 4 of the 9
    assert found.variants.counts.tolist() == [0, 1, 2] * 3 + [0]
    some = found.variants.of_first(5)
    assert some.counts.tolist() == [0, 1, 2, 0, 1]
    assert [len(a) for a in [*some.layers, some.logits]] == [4, 4, 4]
    np.testing.assert_array_equal(some.layers[1], load(
        folder, 'test_without/layer_1.npy')[:4])


def test_float16_and_labels_of_any_width(folder):
    half = load(folder, 'test/layer_0.npy').astype(np.float16)
    save(folder, 'test/layer_0.npy', half)
    for kind in (np.int8, np.uint64):
        labels = load(folder, 'test/labels.npy').astype(kind)
        save(folder, 'test/labels.npy', labels)
        found = read_folder(folder).splits['test']
        assert found.labels.tolist() == labels.tolist()
        assert found.layers[0].dtype == np.float32
        np.testing.assert_array_equal(found.layers[0], half)


def test_labels_by_name(folder):
    """Sorted if nobody says their order: bad, good; else as they say."""
    for names, wanted in [(None, [0, 1]), (['good', 'bad', 'ugly'], [1, 0])]:
        for split in given_folders.SIZES:
            labels = load(folder, f'{split}/labels.npy')
            if labels.dtype.kind != 'U':
                save(folder, f'{split}/labels.npy',
                     np.array(given_folders.NAMES)[labels])
            (folder / split / 'logits.npy').unlink(missing_ok=True)
        (folder / 'test_without' / 'logits.npy').unlink(missing_ok=True)
        describe(folder, label_names=names)
        found = read_folder(folder)
        assert found.label_names == (names or ['bad', 'good'])
        assert found.splits['train'].labels[:2].tolist() == wanted


def test_names_where_nobody_gave_any(folder):
    describe(folder, label_names=None)
    assert read_folder(folder).label_names == ['0', '1']


def test_texts_of_three_kinds(folder):
    lines = ['" a  film\\n"', '["a","b c"]', '""', '[]', '[["a"],[]]']
    for line, texts in zip(lines, [
            (('a', 'film'),), (('a', 'b c'),), ((),), ((),), (('a',), ())],
            strict=True):
        for split, n in given_folders.SIZES.items():
            (folder / split / 'texts.jsonl').write_text(f'{line}\n' * n)
        assert read_folder(folder).splits['test'].texts == [texts] * 10


# -------------------------------------------------------- what is refused

def describe(folder, **fields):
    (folder / 'activations.json').write_text(json.dumps(
        {'version': 1, **fields}))


def change(file, how):
    """A function that replaces the array in a file."""
    return lambda folder: save(folder, file, how(load(folder, file)))


def put(file, content):
    return lambda folder: (folder / file).write_bytes(content)


def remove(file):
    return lambda folder: (folder / file).unlink()


def spoiled(row, value):
    def spoil(array):
        array[row, 1] = value
        return array
    return spoil


def rename(one, other):
    return lambda folder: (folder / one).rename(folder / other)


def cut(file, by):
    def damage(folder):
        content = (folder / file).read_bytes()
        (folder / file).write_bytes(
            content[:-by] if by > 0 else content + b'x' * -by)
    return damage


def header(text):
    """The start of a .npy file of version 1.0 that says so."""
    text = text.encode() + b'\n'
    return b'\x93NUMPY\x01\x00' + len(text).to_bytes(2, 'little') + text


class Bomb:
    def __reduce__(self):
        return pytest.fail, ('unpickled',)


L0, LABELS = 'calib/layer_0.npy', 'calib/labels.npy'
REFUSED = {
    'NaN': (change(L0, spoiled(7, np.nan)),
            r'calib/layer_0.npy has NaN or infinity in row 7 '),
    'infinity': (change('test/logits.npy', spoiled(0, -np.inf)),
                 r'test/logits.npy has NaN or infinity in row 0 '),
    'infinity in float16': (
        change(L0, lambda a: spoiled(3, np.inf)(a).astype(np.float16)),
        r'calib/layer_0.npy has NaN or infinity in row 3 '),
    'Fortran order': (change(L0, np.asfortranarray),
                      r'calib/layer_0.npy is in Fortran order'),
    'big-endian': (change(L0, lambda a: a.astype('>f4')),
                   r'holds float32, big-endian, .*save np.ascont'),
    'float64': (change(L0, lambda a: a.astype(np.float64)),
                r'calib/layer_0.npy holds float64, .*save np.ascont'),
    'complex': (change(L0, lambda a: a.astype(np.complex64)),
                r'holds complex64'),
    'integers for numbers': (change(L0, lambda a: a.astype(int)),
                             r'holds int64'),
    'fields': (change(L0, lambda a: a.view([
        ('a', '<f4'), ('b', '<f4'), ('c', '<f4')])), r'which is not read'),
    'one dimension': (change(L0, lambda a: a[:, 0].copy()),
                      r'shape \(15,\), but it must be \(examples, width\)'),
    'three dimensions': (change(L0, lambda a: a[:, None]),
                         r'shape \(15, 1, 3\), but it must be'),
    'no example': (change(L0, lambda a: a[:0]), r'shape \(0, 3\)'),
    'no width': (change(L0, lambda a: a[:, :0]), r'shape \(15, 0\)'),
    'no label': (change(LABELS, lambda a: a[:0]),
                 r'calib/labels.npy has the shape \(0,\)'),
    'fewer rows': (change('calib/layer_1.npy', lambda a: a[:-1]),
                   r'calib/layer_1.npy has 14 examples, .* has 15'),
    'fewer logits': (change('test/logits.npy', lambda a: a[1:]),
                     r'test/logits.npy has 9 examples, .* has 10'),
    'fewer labels': (change(LABELS, lambda a: a[1:]),
                     r'calib/labels.npy has 14 examples, .* has 15'),
    'another width': (change(L0, lambda a: a[:, :2].copy()),
                      r'calib/layer_0.npy has rows of 2 numbers, but .*'
                      r'train/layer_0.npy of 3'),
    'another number of classes': (
        change('test/logits.npy', lambda a: a[:, :1].copy()),
        r'test/logits.npy has rows of 1 numbers'),
    'variants of another width': (
        change('test_without/layer_1.npy', lambda a: a[:, :2].copy()),
        r'test_without/layer_1.npy has rows of 2'),
    'cut': (cut(L0, 1), r'calib/layer_0.npy has 307 bytes, but float32 '
            r'\(15, 3\) takes 308: it was cut off or added to'),
    'longer': (cut(L0, -1), r'has 309 bytes, but .* takes 308'),
    'cut in the header': (cut(L0, 200), r'is no .npy file'),
    'empty': (put(L0, b''), r'is no .npy file'),
    'garbage': (put(L0, b'\x93NUMPY' + b'(' * 900), r'is no .npy file'),
    'nesting': (put(L0, header('(' * 9000)), r'is no .npy file'),
    'a zip': (put(L0, b'PK\x03\x04' + bytes(100)), r'is no .npy file'),
    'a pickle': (put(L0, pickle.dumps(Bomb())), r'is no .npy file'),
    'objects': (change(L0, lambda a: np.array([Bomb()] * 15, object)),
                r'holds Python objects, which are never unpickled'),
    'labels as objects': (change(LABELS, lambda a: np.array(
        ['bad'] * 15, object)), r'calib/labels.npy holds Python objects, '
        r'.*np.asarray\(labels, str\)'),
    'more than a computer holds': (put(L0, header(str(
        {'descr': '<f4', 'fortran_order': False, 'shape': (1 << 70, 3)}))),
        r'has \d+ bytes, but .* takes 14,\d+'),
    'less than nothing': (put(L0, header(str(
        {'descr': '<f4', 'fortran_order': False, 'shape': (-5, -1)}))),
        r'has the shape \(-5, -1\)'),
    'a missing layer': (remove('train/layer_0.npy'),
                        r"train has 'layer_1.npy', but there must be one "
                        r'file a layer, from layer_0.npy on'),
    'a layer of one split': (remove('test/layer_1.npy'),
                             r'test has 1 layer\(s\), but .*train has'),
    'one array for all layers': (
        rename('train/layer_1.npy', 'train/layers.npy'),
        r"train has 'layer_0.npy', 'layers.npy', but there must be one file"),
    'no layers': (lambda folder: [(folder / 'test' / f'layer_{i}.npy'
                                   ).unlink() for i in range(2)],
                  r'test has no layer, but'),
    'no labels': (remove(LABELS), r'calib/labels.npy'),
    'logits of some': (remove('valid/logits.npy'),
                       r'train has logits.npy, but .*valid has none'),
    'texts of some': (remove('train/texts.jsonl'),
                      r'valid has texts.jsonl, but .*train has none'),
    'no split': (rename('calib', 'calibration'),
                 r"has no folder calib, but holds 'activations.json', "
                 r"'calibration', "),
    'no description': (remove('activations.json'),
                       r'has no activations.json, .*\{"version": 1\}'),
    'another version': (lambda folder: describe(folder, version=2),
                        r'activations.json: version: invalid enum value 2'),
    'a field misspelled': (lambda folder: describe(folder, labels=['a']),
                           r'unknown field labels'),
    'no JSON': (put('activations.json', b'{"version": 1'),
                r'is no valid JSON'),
    'labels twice': (lambda folder: describe(folder, label_names=['a'] * 2),
                     r'label_names has a name twice'),
    'escapes': (lambda folder: describe(folder, label_names=['a', '\x1b[1m']),
                r'control characters'),
    'layers unnamed': (lambda folder: describe(folder, layer_names=['a']),
                       r'names 1 layers, but .*train has 2'),
    'logits for other labels': (
        lambda folder: describe(folder, label_names=['a', 'b', 'c']),
        r"logits.npy has 2 columns, but there are 3 labels: 'a', 'b', 'c'"),
    'a label outside': (change(LABELS, lambda a: a + 1),
                        r'calib/labels.npy has 2 in row 1, which is no '
                        r"label; they are 0 to 1, or by name 'bad', 'good'"),
    'a label below': (change(LABELS, lambda a: a - 1), r'has -1 in row 0'),
    'a name outside': (change(LABELS, lambda a: np.array(['ugly'] * len(a))),
                       r"has 'ugly' in row 0, which is no label"),
    'labels that are no characters': (
        change(LABELS, lambda a: np.full(15, 0x7fffffff, '<i4').view('<U1')),
        r'labels that are no text'),
    'labels with a fraction': (change(LABELS, lambda a: a + .5),
                               r'calib/labels.npy holds float64'),
    'labels as bytes': (change(LABELS, lambda a: a.astype('S')),
                        r'calib/labels.npy holds'),
    'a column of labels': (change(LABELS, lambda a: a[:, None]),
                           r'must be \(examples,\)'),
    'texts missing': (put('test/texts.jsonl', b'"a"\n' * 9),
                      r'test/texts.jsonl has 9 examples, .* has 10'),
    'a text that is none': (put('test/texts.jsonl', b'"a"\n{}\n'),
                            r'test/texts.jsonl:2: expected str \| array'),
    'nothing on a line': (put('test/texts.jsonl', b'"a"\n\n'),
                          r'test/texts.jsonl:2 is no valid JSON'),
    'three texts': (put('test/texts.jsonl', b'[["a"],["b"],["c"]]\n'),
                    r'nor two lists of tokens'),
    'tokens beside texts': (put('test/texts.jsonl', b'[["a"],"b"]\n'),
                            r'nor two lists of tokens'),
    'no UTF-8': (put('test/texts.jsonl', b'"\xff"\n'), r'no valid JSON|UTF'),
    'pairs beside single texts': (
        put('test/texts.jsonl', b'[["a"],["b"]]\n' * 10),
        r'test/texts.jsonl:1 has 2 text\(s\), but the first of .* has 1'),
    'no counts': (remove('test_without/counts.npy'), r'counts.npy'),
    'counts of other texts': (
        change('test_without/counts.npy', lambda a: a[1:]),
        r'counts.npy has 9 counts, but there are 10 test examples'),
    'counts of other variants': (
        change('test_without/counts.npy', lambda a: a + 1),
        r'counts 19 variants .* has 9; save'),
    'counts below 0': (
        change('test_without/counts.npy', lambda a: np.array(
            [-1, 10, *[0] * 8])), r'counts 9 variants \(the least count is '
        r'-1\)'),
}


@pytest.mark.parametrize('name', REFUSED)
def test_refused(folder, name):
    spoil, says = REFUSED[name]
    spoil(folder)
    with pytest.raises((UserError, OSError), match=says) as caught:
        read_folder(folder)
    assert '\n' not in str(caught.value)


def test_one_label_is_none(folder):
    for split in given_folders.SIZES:
        save(folder, f'{split}/labels.npy', load(
            folder, f'{split}/labels.npy') * 0)
        (folder / split / 'logits.npy').unlink()
    (folder / 'test_without' / 'logits.npy').unlink()
    describe(folder)
    with pytest.raises(UserError, match="label.s. '0', but there must be two"):
        read_folder(folder)


def test_no_folder_at_all(folder):
    for path in (folder / 'none', folder / 'activations.json'):
        with pytest.raises(OSError):
            read_folder(path)


def test_a_header_of_odd_length(folder):
    """Its numbers do not stand where float32 should: they are copied."""
    array = load(folder, L0)
    put(L0, header(str({'descr': '<f4', 'fortran_order': False,
                        'shape': array.shape}) + ' ') + array.tobytes())(
                            folder)
    found = read_folder(folder).splits['calib'].layers[0]
    assert found.flags.aligned
    np.testing.assert_array_equal(found, array)
