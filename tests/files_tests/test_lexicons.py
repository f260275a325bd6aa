"""Word lists: by hand, and the published ones."""
import pytest
from made_files import write_table, write_tar

from files import downloads, lexicons, origins, published
from files.rows import DatasetError

SDIST = 'vaderSentiment-3.3.2/vaderSentiment/vader_lexicon.txt'


def opinions(folder, negative, positive=b'good\n'):
    write_table(folder, 'negative-words.txt', negative)
    write_table(folder, 'positive-words.txt', positive)
    return folder


def test_opinion_lexicon(tmp_path):
    opinions(tmp_path, b'; a b\n;\n\nbad\r\nna\xefve\n2-faced')
    assert lexicons.read_opinion_lexicon(tmp_path) == {
        'negative': {'bad', 'na\xefve', '2-faced'}, 'positive': {'good'}}


@pytest.mark.parametrize('content, message', [
    (b'bad\n<!DOCTYPE html>\n', "negative-words.txt:2: '<!DOCTYPE html>'"),
    (b'; a comment\n', 'negative-words.txt holds no words; get it again'),
    (b'', 'negative-words.txt holds no words'),
    (b'x' * (1 << 25), 'negative-words.txt:1: the line is longer than')])
def test_other_files_than_the_opinion_lexicon(tmp_path, content, message):
    with pytest.raises(DatasetError, match=message):
        lexicons.read_opinion_lexicon(opinions(tmp_path, content))


def test_a_missing_half_of_the_opinion_lexicon(tmp_path):
    opinions(tmp_path, b'bad').joinpath('positive-words.txt').unlink()
    with pytest.raises(DatasetError, match='positive-words.txt cannot be read '
                                           r'\(No such file .*check its name'):
        lexicons.read_opinion_lexicon(str(tmp_path))


def test_word_labels(tmp_path):
    path = write_table(tmp_path, 'a.tsv', 'count\tlabel\tword\n1\t0\tAwful\n'
                       '9\t2\t"\n1\t4\tcaf\xe9\n\n7\t1\t1\\/2\n')
    assert lexicons.read_word_labels(path) == {
        'Awful': -2., '"': 0., 'caf\xe9': 2., '1\\/2': -1.}


HEAD = b'word\tlabel\tcount\n'


@pytest.mark.parametrize('content, message', [
    (b'', 'a.tsv is empty; its first line should name the columns word'),
    (b'bad\t1\t3\n', 'a.tsv:1: 0 columns are called word'),
    (HEAD, 'a.tsv holds no words'),
    (HEAD + b'a\t1\n', 'a.tsv:2: 2 columns where there should be 3'),
    (HEAD + b'a\t5\t1\n', "a.tsv:2: the label '5' is no whole number from 0"),
    (HEAD + b'a\t1.0\t1\n', "a.tsv:2: the label '1.0' is no"),
    (HEAD + '\u0663\t\u0663\t1\n'.encode(), "a.tsv:2: the label '\u0663' is"),
    (HEAD + b'caf\xe9\t1\t1\n', 'a.tsv:2: not UTF-8')])
def test_other_tables_than_word_labels(tmp_path, content, message):
    with pytest.raises(DatasetError, match=message):
        lexicons.read_word_labels(write_table(tmp_path, 'a.tsv', content))


def sdist(folder, content):
    return write_tar(folder / 'a.tar.gz', [(SDIST, content)])


def test_vader_words(tmp_path):
    path = sdist(tmp_path, b':D\t2.3\t0.6\t[2, 3]\r\nfed up\t-1.8\t1\t[-2]\r\n'
                           b'sob\t-2.8\t1\t[]\r\nsob\t-1\t1\t[]\r\n')
    assert lexicons.read_vader_words(path) == {
        ':D': 2.3, 'fed up': -1.8, 'sob': -1.}


@pytest.mark.parametrize('content, message', [
    (b'', 'vader_lexicon.txt holds no words'),
    (b'a\t1\n', 'vader_lexicon.txt:1: 2 columns where there should be 4'),
    (b'a\t1\t1\t[]\nb\tx\t1\t[]\n', "con.txt:2: the rating 'x' is no number"),
    (b'a\tnan\t1\t[]\n', "con.txt:1: the rating 'nan' is no number from -4"),
    (b'a\t4.1\t1\t[]\n', "con.txt:1: the rating '4.1' is no number from -4"),
    (b'caf\xe9\t1\t1\t[]\n', 'con.txt:1: not UTF-8')])
def test_other_lists_than_those_of_vader(tmp_path, content, message):
    path = sdist(tmp_path, content)
    with pytest.raises(DatasetError, match=message) as caught:
        lexicons.read_vader_words(path)
    assert str(caught.value).startswith(f'{path}:{SDIST}')


def test_archives_without_the_words_of_vader(tmp_path):
    path = write_tar(tmp_path / 'a.tar.gz', [('b', b'a\t1\t1\t[]\n')])
    with pytest.raises(DatasetError, match='holds no vaderSentiment-3.3.2/va'):
        lexicons.read_vader_words(path)
    assert lexicons.read_vader_words(path, 'b') == {'a': 1.}
    with open(path, 'rb+') as file:
        file.truncate(50)
    with pytest.raises(DatasetError, match='a.tar.gz cannot be read'):
        lexicons.read_vader_words(path)


def test_in_lower_case():
    # its own value; the mean of (1 + 0) / 2; \xdf is its own lower case
    assert lexicons.in_lower_case(
        {'Bad': -1., 'bad': -2., 'POW': 1., 'Pow': 0., '\xdf': 1.}) == {
        'bad': -2., 'pow': .5, '\xdf': 1.}
    assert lexicons.in_lower_case({}) == {}


# ------------------------------------------------------------- real files


def test_the_real_lists(data_dir):
    opinion = lexicons.read_opinion_lexicon(
        data_dir / 'opinion-lexicon-English')
    assert [len(opinion['positive']), len(opinion['negative'])] == [2006, 4783]
    assert opinion['positive'] & opinion['negative'] == {
        'envious', 'enviously', 'enviousness'}
    labels = lexicons.read_word_labels(str(data_dir / 'sst_word_labels.tsv'))
    assert len(labels) == 21701
    # lists of different people seldom contradict each other
    values = lexicons.in_lower_case(labels)
    for sign, factor in (('positive', 1), ('negative', -1)):
        found = [values[word] * factor for word in opinion[sign]
                 if word in values]
        assert len(found) > 700
        assert sum(value > 0 for value in found) > .45 * len(found)
        assert sum(value < 0 for value in found) < .03 * len(found)


def test_lower_case_knows_every_word_of_the_treebank(data_dir):
    labels = lexicons.read_word_labels(str(data_dir / 'sst_word_labels.tsv'))
    tokens = {token for row in published.read_harvard(
        str(data_dir / 'stsa.binary.test')) for token in row.texts[0].split()}
    assert len(tokens - labels.keys()) > 500  # names, i, -lrb-
    assert not tokens - lexicons.in_lower_case(labels).keys()


def test_the_real_words_of_vader():
    try:
        path = downloads.find_file(origins.VADER.file, origins.VADER)
    except DatasetError as error:
        pytest.skip(f'pip has no index: {error}')
    words = lexicons.read_vader_words(path)
    # 7,520 lines, 14 words twice
    assert len(words) == 7506
    assert (words['good'], words['sob'], words["can't stand"]) == (1.9, -1, -2)
    lower = lexicons.in_lower_case(words)
    assert len(lower) == 7494  # 14 spellings with capitals, 2 of them :-\xde
    assert lower[':p'] == words[':p'] == 1.0 and words[':P'] == 1.4
