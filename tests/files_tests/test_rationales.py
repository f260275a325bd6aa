"""Words that people chose or graded: by hand, and the published ones."""
import collections
import json

import numpy as np
import pytest
from made_files import write_table

from files import lexicons, published, rationales
from files.rationales import Rationale
from files.rows import DatasetError
from text_datasets import load_dataset


def shown(found):
    """Rationales as plain tuples."""
    for each in found:
        assert each.values.dtype == float
        assert each.values.shape == (len(each.words),)
    return [(' '.join(each.words), each.label, each.values.tolist())
            for each in found]


def test_support_is_for_the_label():
    values = np.array([1., -.5, 0.])
    one = Rationale(('a', 'b', 'c'), 'negative', values, signed=True)
    assert one.support.tolist() == [-1, .5, 0]
    assert one._replace(label='positive').support.tolist() == [1, -.5, 0]
    assert one._replace(signed=False).support.tolist() == [1, -.5, 0]


def test_a_mask_has_zeros_and_ones():
    def found(*values):
        return [Rationale(('a',), 0, np.array([value])) for value in values]
    assert rationales.is_mask(found(0., 1., -0.))
    assert not rationales.is_mask(found(0., 1., .5))
    assert not rationales.is_mask(found(0., -1.))


# ------------------------------------------------------------ Hummingbird

HEAD = 'human_label\torig_text\tprocessed_text\tperception_scores\n'
BIRDS = (HEAD + '0\tIt\'s FUN .\tit\'s fun\t0.0 1.0\n'
         '0.5\tA\ta\t0.3333\n1\t"\t#sad "so\t-1.0 -0.3333\n')


def test_hummingbird(tmp_path):
    path = write_table(tmp_path, 'a.tsv', BIRDS)
    found = rationales.read_hummingbird(path)
    assert shown(found) == [("it's fun", 'positive', [0, 1]),
                            ('#sad "so', 'negative', [-1, -.3333])]
    assert all(each.signed for each in found)
    assert not rationales.is_mask(found)
    # it's, #sad and "so are two tokens each
    assert shown(rationales.read_hummingbird(path, raw=True)) == [
        ("it 's fun", 'positive', [0, 0, 1]),
        ('# sad `` so', 'negative', [-1, -1, -.3333, -.3333])]


@pytest.mark.parametrize('content, message', [
    ('', 'a.tsv is empty; its first line should name the columns human_la'),
    (HEAD.replace('scores', ''), 'a.tsv:1: 0 columns are called perception_s'),
    (HEAD, 'a.tsv holds no text with a label'),
    (HEAD + '0.5\tA\ta\t1\n', 'a.tsv holds no text with a label'),
    (BIRDS + '0\tA\ta\n', 'a.tsv:5: 3 columns where there should be 4'),
    (BIRDS + '2\tA\ta\t1\n', "a.tsv:5: the label '2' is none of '0', '0.5',"),
    (BIRDS + '0\tA\ta\t1 0\n', 'a.tsv:5: 2 values for 1 words; there must be'),
    (BIRDS + '0\tA\ta b\t1 x\n', "a.tsv:5: the scores '1', 'x' are not all n"),
    (BIRDS + '0\tA\ta\tnan\n', "a.tsv:5: the scores 'nan' are not all num"),
    (BIRDS + '0\tA\ta\t1.01\n', "a.tsv:5: the scores '1.01' are not all"),
    (BIRDS + '0\tA\t\t\n', 'a.tsv:5: the text has no words; drop the line'),
    (BIRDS.encode() + b'0\tA\tcaf\xe9\t1\n', 'a.tsv:5: not UTF-8')])
def test_other_tables_than_hummingbird(tmp_path, content, message):
    with pytest.raises(DatasetError, match=message):
        rationales.read_hummingbird(write_table(tmp_path, 'a.tsv', content))


# ----------------------------------------------------------------- tweets

TWEETS = 'textID,text,selected_text,sentiment\n'


@pytest.mark.parametrize('text, selected, expected', [
    (' So SAD!', 'SAD!', [0, 1, 1]),              # so sad !
    ('so sad', ' sad', [0, 1]),
    ('very bad day', 'ry bad d', [1, 1, 0]),      # 2/4, 3/3, 1/3
    ('very bad day', 'y bad da', [0, 1, 1]),      # 1/4, 3/3, 2/3
    ('not n0w', 't n0', [0, 1]),                  # 1/3, 2/3
    ('this.fun now', '.fun', [1, 0]),             # this.fun is one token: 4/8
    ('rap/fun/cd is', 'fun', [1, 0]),             # 3/10, but no other has any
    ('aaaa bbbb', 'a b', [1, 1]),                 # 1/4 and 1/4: both
    ('aaaa bbb', 'a b', [0, 1]),                  # 1/4 and 1/3: the larger
    ('ha ha', 'ha', [1, 0]),                      # the first of two
    ('I can`t', 'can`t', [0, 1]),
    ("I don't know", "don't", [0, 1, 1, 0]),      # do n't
    ('a "b" c', '"b"', [0, 0, 1, 0, 0])])         # quotes are not found
def test_tokens_that_are_in_the_selected_stretch(tmp_path, text, selected,
                                                 expected):
    row = ','.join('"{}"'.format(cell.replace('"', '""'))
                   for cell in ('1', text, selected, 'positive'))
    path = write_table(tmp_path, 'a.csv',
                       TWEETS + '0,so so,so,neutral\n' + row)
    found, = rationales.read_tweets(path)
    assert found.values.tolist() == expected
    assert found.label == 'positive' and not found.signed
    assert rationales.is_mask([found])


@pytest.mark.parametrize('content, message', [
    (b'', 'a.csv is empty; its first line should name'),
    (TWEETS.encode() + b'1,so,so,neutral\n', 'a.csv holds no text with a la'),
    (TWEETS.encode() + b'1,so sad,Sad,negative\n',
     "a.csv:2: the selected 'Sad' has no word of the text; mend or drop the"),
    (TWEETS.encode() + b'1,so  sad,,negative\n', "a.csv:2: the selected '' h"),
    (TWEETS.encode() + b'1,so  sad,  ,negative\n', "the selected '  ' has no"),
    (TWEETS.encode() + b'1,,,negative\n', "a.csv:2: the selected '' has no w"),
    (TWEETS.encode() + b'1,so,so\n', 'a.csv:2: 3 columns where'),
    (TWEETS.encode() + b'1,caf\xe9,f,positive\n', 'a.csv:2: not UTF-8')])
def test_other_tables_than_tweets(tmp_path, content, message):
    with pytest.raises(DatasetError, match=message):
        rationales.read_tweets(write_table(tmp_path, 'a.csv', content))


# ----------------------------------------------------------- users' files


def user_file(folder, *records):
    return write_table(folder, 'a.jsonl', ''.join(
        (each if isinstance(each, str) else json.dumps(each)) + '\n'
        for each in records))


def test_users_rationales(tmp_path):
    path = user_file(
        tmp_path,
        {'text': " It's  FUN. ", 'weights': [0, 1.5], 'label': ' joy '},
        '', {'text': ['New', 'York'], 'weights': [True, -2], 'label': 1.0},
        {'text': 'a', 'weights': [False], 'label': None},
        {'weights': [1e-9], 'text': ['New York'], 'id': 7})
    found = rationales.read_user_rationales(path)
    assert shown(found) == [
        ("it's fun.", 'joy', [0, 1.5]), ('new york', 1, [1, -2]),
        ('a', None, [0]), ('new york', None, [1e-9, 1e-9])]
    assert not any(each.signed for each in found)
    assert isinstance(found[1].label, int)
    found = rationales.read_user_rationales(path, raw=True)
    assert shown(found)[0] == ("it 's fun .", 'joy', [0, 0, 1.5, 1.5])


@pytest.mark.parametrize('record, message', [
    ({'weights': [1]}, "no text, only 'weights'; each line has text and weig"),
    ({'text': 'a'}, "no weights, only 'text'; each line has text and weig"),
    ({'text': 5, 'weights': [1]}, 'the text 5 must be a string'),
    ({'text': None, 'weights': []}, 'the text None must be a string'),
    ({'text': ['a', 5], 'weights': [1, 2]}, 'the text 5 must be a string'),
    (r'{"text": ["\ud800"], "weights": [1]}', r"the text has '\\ud800', half"),
    ({'text': '', 'weights': []}, 'the text has no words; drop the line'),
    ({'text': [' '], 'weights': [1]}, 'the text has no words'),
    ({'text': 'a b', 'weights': [1]}, '1 values for 2 words; there must be o'),
    ({'text': ['a'], 'weights': [1, 2]}, '2 values for 1 words'),
    ({'text': 'a', 'weights': '1'}, "the weights '1' must be a list of numb"),
    ({'text': 'a', 'weights': {'a': 1}}, 'the weights {.*} must be a list'),
    ({'text': 'a', 'weights': ['1']}, "weight 1, '1', must be a finite num"),
    ({'text': 'a b', 'weights': [1, None]}, 'weight 2, None, must be'),
    ('{"text": "a", "weights": [NaN]}', 'weight 1, nan, must be a finite num'),
    ('{"text": "a", "weights": [-1e999]}', 'weight 1, -inf, must be'),
    ('{"text": "a", "weights": [1%s]}' % ('0' * 400), 'weight 1, 1000.*00, '),
    ('{"text": "a", "weights": [1%s]}' % ('0' * 5000), 'not JSON'),
    ({'text': 'a', 'weights': [1], 'label': ' '}, "the label ' ' must be a n"),
    ({'text': 'a', 'weights': [1], 'label': .5}, 'the label 0.5 must be a'),
    ({'text': 'a', 'weights': [1], 'label': True}, 'the label True must be'),
    ({'text': 'a', 'weights': [1], 'label': []}, 'the label .. must be a nam'),
    ('{"text": "a", "weights": [1], "label": Infinity}', 'the label inf must'),
    ('[1]', r"'\[1\]' is no JSON object"), ('{', 'not JSON')])
def test_users_lines_that_nobody_means(tmp_path, record, message):
    path = user_file(tmp_path, {'text': 'a', 'weights': [1]}, '', record)
    with pytest.raises(DatasetError, match=f'a.jsonl:3: {message}') as caught:
        rationales.read_user_rationales(path)
    assert str(caught.value).isprintable() and len(str(caught.value)) < 300


@pytest.mark.parametrize('content, message', [
    (b'', 'a.jsonl holds no text with a label'),
    (b'\n\n', 'a.jsonl holds no text with a label'),
    (b'{"text": "caf\xe9", "weights": [1]}', 'a.jsonl:1: not UTF-8')])
def test_users_files_that_nobody_means(tmp_path, content, message):
    path = write_table(tmp_path, 'a.jsonl', content)
    with pytest.raises(DatasetError, match=message):
        rationales.read_user_rationales(path)


@pytest.mark.parametrize('read', [
    rationales.read_hummingbird, rationales.read_tweets,
    rationales.read_user_rationales])
def test_what_is_no_file(tmp_path, read):
    with pytest.raises(DatasetError, match='cannot be read .*check its name'):
        read(str(tmp_path / 'none'))
    with pytest.raises(DatasetError, match='is a folder, not a file'):
        read(str(tmp_path))


# ------------------------------------------------------------- real files


def test_the_real_hummingbird(data_dir):
    path = str(data_dir / 'rationales' / 'hummingbird_sentiment.tsv')
    found = rationales.read_hummingbird(path)
    # 500 texts without 109 undecided ones
    assert collections.Counter(each.label for each in found) == {
        'negative': 268, 'positive': 123}
    assert not rationales.is_mask(found)
    # which label is which: the people's scores, and another list of words
    sums = [(each.label, each.values.sum()) for each in found]
    assert sum(total > 0 for label, total in sums if label[0] == 'p') == 120
    assert sum(total < 0 for label, total in sums if label[0] == 'n') == 254
    opinion = lexicons.read_opinion_lexicon(
        data_dir / 'opinion-lexicon-English')
    for sign, factor in (('positive', 1), ('negative', -1)):
        values = [value * factor for each in found
                  for word, value in zip(each.words, each.values, strict=True)
                  if word in opinion[sign]]
        assert len(values) > 200 and np.mean(values) > .25
    raw = rationales.read_hummingbird(path, raw=True)
    for few, many in zip(found, raw, strict=True):
        assert set(few.values) == set(many.values)
        assert len(few.words) <= len(many.words)


def test_the_real_tweets(data_dir):
    path = str(data_dir / 'rationales' / 'tweet_sentiment_extraction.csv')
    found = rationales.read_tweets(path)
    assert collections.Counter(each.label for each in found) == {
        'negative': 7781, 'positive': 8582}
    assert rationales.is_mask(found)
    assert min(each.values.sum() for each in found) == 1
    rows = [row for row in published.tweet_records(path) if row[3]]
    n_compared = 0
    for each, (_, text, selected, _) in zip(found, rows, strict=True):
        mask = selected_characters(text, selected, each.words)
        if mask is not None:
            n_compared += 1
            assert each.values.tolist() == mask, (text, selected)
    assert n_compared > 16340  # but 16 without any half, 2 with other letters


def selected_characters(text, selected, words):
    """The mask another way: count characters, white space left out."""
    inside = np.zeros(len(text))
    inside[text.index(selected):][:len(selected)] = 1
    inked = [i for i, letter in enumerate(text) if not letter.isspace()]
    if ''.join(words) != ''.join(text[i] for i in inked).lower():
        return None
    ends = np.cumsum([len(word) for word in words])
    parts = np.split(inside[inked], ends[:-1])
    mask = [float(part.mean() >= .5) for part in parts]
    return mask if any(mask) else None


def test_every_tweet_of_the_data_set_has_a_rationale(data_dir):
    found = rationales.read_tweets(
        str(data_dir / 'rationales' / 'tweet_sentiment_extraction.csv'))
    words = {each.words for each in found}
    data = load_dataset('tweets')
    for split in (data.train, data.valid, data.calib, data.test):
        assert {example.texts[0] for example in split} <= words
