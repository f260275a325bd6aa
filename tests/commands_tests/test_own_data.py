"""A user's own table, from its columns to the rows that come back."""
import compat  # noqa: F401  (before Chainer)

import csv
import json
import re

import pytest
import toys

import calibration
import evaluate
import interpret
import run_dknn
import runs
import saliency
import train
from files import labels

COLUMNS = ['--text-column', 'Review', '--label-column', 'stars',
           '--id-column', 'Nr']
SPLITS = 'train', 'valid', 'calib', 'test'


def write_reviews(path):
    """120 sentences in rows of their own, five of them twice; 3 rows without
    a label, 2 without text; texts of two lines.  Rows by their text."""
    rows = [[f'n{i}', f'{text}\r\nyes', label, 'x']
            for i, (label, text) in enumerate(toys.sentences(120))]
    rows += [[f'again {i}', *rows[i][1:]] for i in range(5)]
    rows[7][0] = ''   # an id that is missing
    rows[9][0] = 'n8'  # one that repeats
    for i in range(3):
        rows.insert(20 * i, [f'unlabelled {i}', 'some text', ' ', ''])
    rows[30:30] = [['empty', '', 'positive', ''], ['blank', '\n', 'negative',
                                                   'x']]
    with open(path, 'w', encoding='utf-8-sig', newline='') as f:
        csv.writer(f).writerows([['Nr', ' Review', 'stars', ''], *rows])
    return rows


@pytest.fixture(scope='module')
def reviews(tmp_path_factory):
    """The rows of reviews.csv, and its run folder."""
    folder = tmp_path_factory.mktemp('own')
    rows = write_reviews(folder / 'reviews.csv')
    return rows, toys.fit(folder / 'results', folder / 'reviews.csv',
                          *COLUMNS)


def check_source(source, texts, rows):
    """By the file itself: the row has the text, and the id."""
    own, text, *_ = rows[source['row'] - 2]  # a header above
    assert texts == [' '.join(text.split())]
    assert source == {'row': source['row'], **({'id': own} if own else {})}


def read_lines(path):
    return [json.loads(line) for line in path.read_text('utf-8').splitlines()]


def read_table(path):
    with open(path, encoding='utf-8', newline='') as f:
        return list(csv.DictReader(f))


def own_place(source):
    """As a table has it."""
    return str(source['row']), source.get('id', '')


def test_every_command_reads_the_same_columns(reviews, capsys):
    """Through args.json; what it predicts and compares with has its rows."""
    rows, folder = reviews
    stored = json.loads((folder / 'args.json').read_text())
    assert [stored[name] for name in ('text_column', 'label_column',
                                      'id_column')] == [
        ['Review'], 'stars', 'Nr']
    setup = ['--model-setup', str(folder)]
    run_dknn.main([*setup, '-k', '9', '--csv'])
    calibration.main(setup)
    interpret.main([*setup, '-k', '9', '--method', 'conformity', '--csv'])
    evaluate.main([*setup, '-k', '9', '--only', 'debugging', '--out',
                   str(folder)])
    predicted = read_lines(folder / 'predictions.jsonl')
    explained = read_lines(folder / 'interpretations.jsonl')
    assert len(predicted) == len(explained) == 12  # a tenth of 125
    for i, (one, other) in enumerate(zip(predicted, explained, strict=True)):
        assert one['id'] == other['id'] == i  # the place in the split stays
        assert one['source'] == other['source']
        check_source(one['source'], one['texts'], rows)
        for layer in other['neighbors']:
            for near in layer['nearest']:
                check_source(near['source'], near['texts'], rows)
    table = read_table(folder / 'predictions.csv')
    assert [own_place(line['source']) for line in predicted] == [
        (row['row'], row['row_id']) for row in table]
    words = read_table(folder / 'interpretations.csv')
    assert {(row['id'], row['row'], row['row_id']) for row in words} == {
        (str(line['id']), *own_place(line['source'])) for line in explained}
    suspects = read_lines(next(folder.glob('debugging*.jsonl')))
    assert len(suspects) == len(runs.load_run(folder).data.train)
    for one in suspects:
        check_source(one['source'], one['texts'], rows)


def test_neighbors_in_python_have_rows_and_ids(reviews):
    rows, folder = reviews
    explainer = saliency.load_explainer(folder, n_neighbors=9)
    table = explainer.neighbors(['a fine film'], nearest=9).table()
    for near in table:
        own, text, label, _ = rows[near['row'] - 2]  # a header above
        assert (near['row_id'] or '', near['text'], near['label']) == (
            own, ' '.join(text.split()), label)


def test_own_texts_name_the_rows_they_are_compared_with(reviews, capsys):
    rows, folder = reviews
    interpret.main(['--model-setup', str(folder), '-k', '9', '--text',
                    'a fine film', '--json', '--method', 'conformity'])
    record = json.loads(capsys.readouterr().out)
    assert 'source' not in record
    for near in record['neighbors'][0]['nearest']:
        check_source(near['source'], near['texts'], rows)
    interpret.main(['--model-setup', str(folder), '-k', '9', '--text',
                    'a fine film', '--method', 'conformity'])
    said = capsys.readouterr().out
    near = record['neighbors'][0]['nearest'][0]
    assert f'(row {near["source"]["row"]}' in said


def test_what_became_of_the_rows(reviews, tmp_path, capsys):
    """By hand: 120 + 5 + 3 + 2 rows; 125 are split, 12 of them test, a fifth
    of 113 calibration, a tenth validation."""
    _, folder = reviews
    toys.fit(tmp_path, folder.parents[1] / 'reviews.csv', *COLUMNS,
             '--epoch', '1')
    assert capsys.readouterr().out.startswith(
        'reviews.csv: 130 rows; 2 without text and 3 without label left out; '
        '5 repeated and kept; train 80, valid 11, calib 22, test 12\n')


def test_what_became_of_the_rows_of_a_folder(tmp_path, capsys):
    """Of all its files together; what did not happen is not said."""
    folder = tmp_path / 'my data'
    folder.mkdir()
    rows = list(toys.sentences(70))
    toys.write_csv(folder / 'train.csv', rows[:50])
    toys.write_csv(folder / 'dev.csv', [*rows[50:60], ('', 'a text')])
    toys.write_csv(folder / 'test.csv', [*rows[60:], rows[0]])
    made = toys.fit(tmp_path / 'out', folder, '--epoch', '1')
    assert capsys.readouterr().out.startswith(
        'my data: 72 rows; 1 without label left out; 1 repeated and kept; '
        'train 40, valid 10, calib 10, test 11\n')
    # rows count from the head of the file that a split comes from
    data = runs.load_run(made).data
    assert data.source_of('valid', 0) == {'source': {'row': 2}}
    assert data.source_of('test', 10) == {'source': {'row': 12}}


def test_labels_that_differ_only_in_case_are_told(tmp_path, capsys):
    rows = [(label.upper() if i < 3 and label == 'negative' else label, text)
            for i, (label, text) in enumerate(toys.sentences(60))]
    path = toys.write_csv(tmp_path / 'a.csv', rows)
    toys.fit(tmp_path / 'out', path, '--epoch', '1')
    said = capsys.readouterr().out
    assert '3 labels: NEGATIVE, negative, positive\nwarning: ' in said
    assert 'only in upper and lower case: NEGATIVE and negative; w' in said
    toys.write_csv(path, toys.sentences(60))
    toys.fit(tmp_path / 'other', path, '--epoch', '1')
    assert 'upper and lower' not in capsys.readouterr().out
    assert labels.alike(['b', 'Straße', 'B', 'STRASSE', 'c']) == [
        ['b', 'B'], ['Straße', 'STRASSE']]


@pytest.mark.parametrize('flags, message', [
    (['--text-column', 'review text'], "--text-column: no column 'review "
     "text'; the columns, as the first line names them, are 'Nr', ' Review'"),
    (['--text-column', 'Review', '--label-column', 'label'],
     "--label-column: no column 'label'; the col"),
    (['--text-column', 'Review', '--label-column', 'stars', '--id-column',
      'stars'], "the column 'stars' is meant twice; choose different ones "
     'with --text-column, --label-column and --id-column'),
    (['--text-column', 'a', 'b', 'c'], '--text-column a,b,c are not'),
    ([], "4 columns; without a header .* names 'Nr', ' Review', 'stars', '' "
         'choose with --text-column and --label-column')])
def test_columns_that_are_refused(reviews, tmp_path, flags, message):
    _, folder = reviews
    done = toys.command('train.py', '--dataset', folder.parents[1]
                        / 'reviews.csv', *flags, '--out', tmp_path / 'out')
    assert done.returncode == 2
    assert re.search(message, done.stderr) and done.stderr.count('\n') == 1
    assert not (tmp_path / 'out').exists()


def test_columns_of_published_data_are_refused(tmp_path):
    with pytest.raises(ValueError, match='`id_column` is for your own files, '
                       'but the columns of TREC are known; leave it out'):
        train.main(['--dataset', 'TREC', '--id-column', 'x', '--out',
                    str(tmp_path)])


def test_pairs_of_any_name(tmp_path):
    path = tmp_path / 'pairs.csv'
    toys.write_pairs(tmp_path / 'pairs.jsonl', 60)
    with open(path, 'w', newline='') as f:
        writer = csv.writer(f)
        writer.writerow(['answer', 'Question', 'same?'])
        for pair in read_lines(tmp_path / 'pairs.jsonl'):
            writer.writerow([pair['hypothesis'], pair['premise'],
                             pair['label']])
    folder = toys.fit(tmp_path / 'out', path, '--model', 'bow', '--epoch',
                      '1', '--text-column', 'question', 'answer',
                      '--label-column', 'same?')
    data = runs.load_run(folder).data
    assert data.pair
    premise, hypothesis = data.train[0].texts
    assert len(premise) == 4 and hypothesis[0] == 'the'
