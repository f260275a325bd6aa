"""What ``tools/fuzz.py`` feeds with bytes, and what must hold for any bytes.

A target is a function of ``(content, folder)``: it lets the project read the
bytes and raises if anything but a ``UserError`` comes out, or something that
should not have been read.  ``folder`` is one to write into.
"""
import functools
import gzip
import io
import json
import pathlib
import tarfile
import zipfile
from typing import NamedTuple

import numpy as np

import nlp_utils
from errors import UserError
from files import lexicons, published, rationales, tables
from files.rows import CONTROL
from files.word_vectors import LARGEST, read_word_vectors
from runs import folder as run_folder
from saliency import records

VADER = 'hutto_ICWSM_2014'
TABLE = ('label\ttext\nx\ta "b"\n', 'label,text\nx,"a ""b"", c"\n',
         '{"label": 1.0, "text": "\\ud83d\\ude00"}\n'
         '{"gold_label": "-", "sentence1": "a", "sentence2": null}\n')
SETTINGS = {'dataset': 'TREC', 'model': 'cnn', 'unit': 3, 'layer': 1,
            'dropout': .5, 'label_names': ['a', 'b'], 'seed': 0}
RECORD = {
    'version': 1, 'id': 0, 'split': 'test', 'dataset': 'toy', 'model': 'cnn',
    'label_names': ['a', 'b'], 'gold': 1, 'words': [['fine', 'film']],
    'known': [[True, False]], 'softmax': {
        'label': 1, 'probabilities': [.25, .75], 'confidence': .75,
        'calibrated_confidence': .6, 'temperature': 1.5},
    'dknn': {'label': 0, 'conformity': [.75, .25], 'p_values': [.6, .1],
             'credibility': .6, 'confidence': .9, 'prediction_set': [0, 1],
             'error': .05},
    'methods': {'conformity': {'target': 0, 'scores': [[.5, -.25]]}},
    'neighbors': [{'layer': 'last', 'votes': [3, 1], 'nearest': [
        {'index': 4, 'label': 1, 'distance': .25, 'texts': ['a film']}]}]}
VOCAB = {'<eos>': 0, '<unk>': 1, 'the': 2, 'x': 3, '.': 4, 'é': 5}


class Target(NamedTuple):
    """Something to feed with bytes.

    Attributes:
        run (function): As the head of this file says.
        seeds (list of bytes): Good content, to begin with.
    """

    run: object
    seeds: list


def one_sentence(read):
    """Reads, and checks what comes instead.

    Args:
        read (function): Called without arguments.

    Returns:
        object: What it returns, or None where it raised a ``UserError``.
    """
    try:
        return read()
    except UserError as error:
        assert not CONTROL.search(str(error)), str(error)
        return None


def check_rows(read, path, *member):
    """Reads a file as rows and checks each.

    Args:
        read (function): A reader, as ``files.rows`` describes it.
        path (Path): The file.
        member (str): The member of an archive, or nothing.
    """
    for row in one_sentence(lambda: list(read(str(path), *member))) or ():
        assert row.label is None or isinstance(row.label, str)
        if read is tables.read_table and row.label is not None:
            assert row.label.strip() and not CONTROL.search(row.label)
        for text in row.texts:
            assert '\ud800' not in text and text.encode() is not None


def run_table(content, folder, name):
    """A user's file of a certain name."""
    path = pathlib.Path(folder, name)
    path.write_bytes(content)
    check_rows(tables.read_table, path)


def run_archive(content, folder, name, read, member):
    """An archive; the check sum of its first tar header is put right."""
    path = pathlib.Path(folder, name)
    if content[257:262] == b'ustar':
        header = bytearray(content[:512])
        header[148:156] = b' ' * 8
        header[148:156] = b'%06o\0 ' % sum(header)
        content = bytes(header) + content[512:]
    path.write_bytes(content)
    check_rows(read, path, member)


def run_harvard(content, folder):
    """A file of labels and tokenized texts."""
    path = pathlib.Path(folder, 'harvard')
    path.write_bytes(content)
    check_rows(published.read_harvard, path)


def run_rationales(content, folder, read):
    """Words that people chose or graded."""
    path = pathlib.Path(folder, 'rationales')
    path.write_bytes(content)
    for raw in (False, True):
        for each in one_sentence(lambda raw=raw: read(str(path), raw)) or ():
            assert each.words and all(each.words)
            assert each.values.shape == (len(each.words),)
            assert np.isfinite(each.values).all()


def run_tweets(content, folder):
    """Tweets, as a data set and as rationales."""
    run_rationales(content, folder,
                   lambda path, raw: rationales.read_tweets(path))
    check_rows(published.read_tweets, pathlib.Path(folder, 'rationales'))


def run_lexicons(content, folder):
    """A list of words, read in every way."""
    for name in ('negative-words.txt', 'positive-words.txt'):
        path = pathlib.Path(folder, name)
        path.write_bytes(content)
    one_sentence(lambda: lexicons.read_opinion_lexicon(folder))
    for read in (lexicons.read_word_labels,
                 lambda path: lexicons.read_vader_words(path, None)):
        found = one_sentence(lambda read=read: read(str(path)))
        if found is not None:
            assert np.isfinite(list(found.values())).all()
            assert len(lexicons.in_lower_case(found)) <= len(found)


def run_vectors(content, folder):
    """A file of word vectors."""
    path = pathlib.Path(folder, 'vectors')
    path.write_bytes(content)
    found = one_sentence(lambda: read_word_vectors(str(path), VOCAB))
    if found is not None:
        assert (np.abs(found.vectors) <= LARGEST).all()
        assert len(found.vectors) == len(set(found.rows)) == len(found.rows)


def run_vocabulary(content, folder):
    """Texts, one a line, made tokens, words and ids."""
    texts = content.decode(errors='ignore').split('\n')
    for raw in (False, True):
        tokens = [nlp_utils.tokenize(text, raw) for text in texts]
        assert all(' '.join(words).split() == list(words) for words in tokens)
        vocab = nlp_utils.make_vocab(tokens, min_freq=1)
        words = json.loads(json.dumps(vocab, ensure_ascii=False).encode())
        assert words == vocab and list(vocab.values()) == list(
            range(len(vocab)))
        for text, found in zip(texts, tokens, strict=True):
            ids = nlp_utils.encode(found, vocab)
            assert not ids[-1] and ids[:-1].all() and ids.max() < len(vocab)
            assert len(nlp_utils.surface(text, found)) == len(found)


def run_records(content, folder):
    """Records of explained texts, as --redraw reads them."""
    path = pathlib.Path(folder, 'records.jsonl')
    path.write_bytes(content)
    found = one_sentence(lambda: records.read_records(path))
    if found is not None:
        one_sentence(lambda: records.check_records(
            [records.without_eos(record) for record in found]))


def run_settings(content, folder):
    """An args.json, and a vocab.json of the same bytes."""
    folder = pathlib.Path(folder)
    for name, good in [(run_folder.ARGS, SETTINGS), (run_folder.VOCAB, VOCAB),
                       (run_folder.CALIB, [])]:
        (folder / name).write_text(json.dumps(good))
    for name in (run_folder.ARGS, run_folder.VOCAB):
        good = (folder / name).read_bytes()
        (folder / name).write_bytes(content)
        found = one_sentence(lambda: run_folder.read_setup(folder))
        if found is not None:
            run_folder.setup_key(found.args, found.vocab)
        (folder / name).write_bytes(good)


def _tar(*members, mode='w'):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode) as archive:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return file.getvalue()


def _zip(name, content, method):
    file = io.BytesIO()
    with zipfile.ZipFile(file, 'w', method) as archive:
        archive.writestr(name, content)
    return file.getvalue()


def _vectors():
    text = 'the 1 2\nx -1e-3 2\n. . 1 2\n'
    binary = b''.join(word + b' ' + np.array([1, 2], '<f4').tobytes() + b'\n'
                      for word in (b'the', b'x'))
    plain = [text.encode(), b'3 2\n' + text.encode(), b'2 2\n' + binary]
    return plain + [gzip.compress(plain[0])]


def _vader():
    inner = _tar((f'{VADER}/s_GroundTruth.txt', b'3_1\t2\ta\n'),
                 (f'{VADER}/s_anonDataRatings.txt', b'3_1\t2\t1\t[1, 3]\n'),
                 mode='w:gz')
    return _tar(('inner', inner))


SEEDS = [text.encode() for text in TABLE] + [
    gzip.compress(text.encode()) for text in TABLE]
SNLI = TABLE[2].encode()
TARGETS = {
    **{name: Target(functools.partial(run_table, name=f'a.{name}'), SEEDS)
       for name in ('tsv', 'csv', 'jsonl')},
    'harvard': Target(run_harvard, [b'0 caf\xe9 a \xc2\x85 b\n1 \n']),
    'snli': Target(
        functools.partial(run_archive, name='a.zip', member='x',
                          read=published.read_snli),
        [_zip('x', SNLI, method) for method in (0, 8, 12, 14)]),
    'dbpedia': Target(
        functools.partial(run_archive, name='a.tar', member='x',
                          read=published.read_dbpedia),
        [_tar(('x', b'1,"t","a ""b"""\n'), mode=mode)
         for mode in ('w', 'w:gz', 'w:bz2', 'w:xz')]),
    'imdb': Target(
        functools.partial(run_archive, name='b.tar', member='x',
                          read=published.read_imdb),
        [_tar(('x/neg/0_1.txt', b'a'), ('x/pos/0_9.txt', b'b'))]),
    'vader': Target(
        functools.partial(
            run_archive, name='c.tar', member=f'{VADER}/s',
            read=functools.partial(published.read_vader, inner='inner')),
        [_vader()]),
    'tweets': Target(run_tweets, [
        b'text,selected_text,sentiment\na "b",b,x\n"it\'s, so",s,neutral\n',
        'sentiment,text,selected_text\nx,\u0130 a,a\n'.encode()]),
    'hummingbird': Target(
        functools.partial(run_rationales, read=rationales.read_hummingbird),
        [b'human_label\tprocessed_text\tperception_scores\n'
         b"0\tit's a\t0.0 1.0\n0.5\ta\t0\n1\tb\t-1e-3\n"]),
    'rationales': Target(
        functools.partial(run_rationales,
                          read=rationales.read_user_rationales),
        [b'{"text": "it\'s a", "weights": [1, -2.5], "label": "x"}\n',
         b'{"text": ["a b", "c"], "weights": [true, 1e9], "label": 1.0}']),
    'lexicons': Target(run_lexicons, [
        b'; a comment\n\nbad\nna\xefve\n', b'word\tlabel\nBad\t1\nbad\t0\n',
        b':D\t2.3\t0.6\t[2, 3]\r\n']),
    'records': Target(run_records, [
        (json.dumps(RECORD) + '\n').encode() * n for n in (1, 2)]),
    'settings': Target(run_settings, [
        json.dumps(good).encode() for good in (SETTINGS, VOCAB)]),
    'vectors': Target(run_vectors, _vectors()),
    'vocabulary': Target(run_vocabulary, [
        "It isn't <br/> Dr. No's &amp; &#65; (well-made)\u2026".encode(),
        '“naïve” 東京 $3.88 gonna\n'.encode()]),
}
