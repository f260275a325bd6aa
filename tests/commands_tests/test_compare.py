"""compare.py: what it prints and writes, what it reads, what it refuses."""
import compat  # noqa: F401  (before Chainer)

import json
import os
import shutil

import html5lib
import numpy as np
import pytest
import toys

import compare
import run_dknn
import runs
from errors import UserError

K = '-k', '9'
FEW = *K, '--limit', '5', '--method', 'conformity'


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp('compare')


@pytest.fixture(scope='module')
def trained(folder):
    """cnn and bow of seed 0, cnn of seed 1, all on the same test texts."""
    data = folder / 'data'
    data.mkdir()
    rows = list(toys.sentences(150))
    toys.write_csv(data / 'train.csv', rows[:120])
    toys.write_csv(data / 'test.csv', rows[120:])
    made = [toys.fit(folder / name, data, '--model', model, '--seed', seed,
                     '--epoch', 3, '--learning-rate', '0.02')
            for name, model, seed in [('one', 'cnn', 0), ('two', 'bow', 0),
                                      ('three', 'cnn', 1)]]
    for one in made:
        run_dknn.main(['--model-setup', str(one), *K])
    return made


@pytest.fixture(scope='module')
def elsewhere(folder):
    """A run that draws its test texts itself, and one of other labels."""
    own = toys.write_csv(folder / 'own.csv', toys.sentences(100))
    pairs = folder / 'pairs.jsonl'
    toys.write_pairs(pairs, 100)
    return [toys.fit(folder / name, file, '--model', 'bow')
            for name, file in [('own', own), ('pairs', pairs)]]


def run(out, *words):
    compare.main([*map(str, words), *FEW, '--out', str(out)])
    return json.loads((out / 'compare.json').read_text('utf-8'))


def lines_of(folder):
    text = (folder / 'predictions.jsonl').read_text('utf-8')
    return [json.loads(line) for line in text.splitlines()]


def test_figures_are_those_of_run_dknn(trained, tmp_path, capsys):
    before = [toys.listing(one) for one in trained]
    found = run(tmp_path / 'out', *trained)
    shown = capsys.readouterr().out
    results = [json.loads((one / 'dknn.json').read_text())
               for one in trained]
    for own, result in zip(found['runs'], results, strict=True):
        assert own['computed'] is None and own['n_test'] == 30
        assert own['figures']['accuracy'] == {
            'softmax': result['softmax_accuracy'],
            'DkNN': result['dknn_accuracy'],
            'soft DkNN': result['soft_accuracy'], 'DkNN, last layer': None,
            'DkNN agrees with softmax': result['agreement']}
        assert own['figures']['sets']['DkNN: size'] == result[
            'prediction_sets'][-1]['mean_size']
    seeds, alone = found['groups']
    assert (seeds['name'], seeds['runs']) == ('data, cnn', ['A', 'C'])
    for name, key in [('softmax', 'softmax_accuracy'),
                      ('soft DkNN', 'soft_accuracy')]:
        values = np.array([results[0][key], results[2][key]])
        assert seeds['figures']['accuracy'][name] == pytest.approx({
            'mean': values.mean(),
            'sd': abs(values[0] - values[1]) / 2 ** .5})
    assert alone['figures']['ece']['DkNN']['sd'] is None
    assert 'data, cnn     2' in shown and 'A - C: soft DkNN' in shown
    # a temperature is stored by whoever explains; nothing else is new
    for one, old in zip(trained, before, strict=True):
        assert {path for path, *_ in toys.listing(one) - old} <= {
            'temperature.json', 'activations/temperature/temperature.json',
            'activations/temperature/key'}


def test_pairs_by_hand(trained, tmp_path):
    """Counted from predictions.jsonl."""
    found = run(tmp_path, *trained)['pairs']
    assert [(pair['a'], pair['b'], pair['predictor']) for pair in found] == [
        ('A', b, name) for b in 'BC' for name in ('softmax', 'dknn', 'soft')]
    for pair in found:
        a, b = (np.array([
            line[pair['predictor']]['label'] == line['label']
            for line in lines_of(trained['ABC'.index(letter)])])
            for letter in (pair['a'], pair['b']))
        assert [pair[name] for name in ('both', 'only_a', 'only_b',
                                        'none')] == [
            (a & b).sum(), (a & ~b).sum(), (b & ~a).sum(), (~a & ~b).sum()]
        difference = pair['difference']
        assert difference['value'] == pytest.approx(a.mean() - b.mean())
        assert difference['low'] <= difference['value'] <= difference['high']


def test_the_page(trained, tmp_path):
    result = run(tmp_path, trained[0], trained[1])
    tree = html5lib.HTMLParser(
        strict=True, namespaceHTMLElements=False).parse(
            (tmp_path / 'compare.html').read_text('utf-8'))
    lines = [lines_of(one) for one in trained[:2]]
    differ = [a['dknn']['label'] != b['dknn']['label']
              for a, b in zip(*lines, strict=True)]
    assert result['n_differ'] == sum(differ)
    articles = tree.findall('.//article')
    assert len(articles) == 5
    ids = [int(article.get('id')[1:]) for article in articles]
    assert [differ[i] for i in ids] == sorted(
        [differ[i] for i in ids], reverse=True)
    names = lines[0][0]['label_names']
    for i, article in zip(ids, articles, strict=True):
        rows = article.findall('.//table[@class="said"]/tbody/tr')
        for row, own in zip(rows, lines, strict=True):
            dknn = own[i]['dknn']
            assert row.find('td/b').text == names[dknn['label']]
            assert row.findall('td')[1].text == f'{dknn["credibility"]:.3f}'
        words = [[cell.text for cell in row.findall('td')]
                 for row in article.findall('.//tr[@data-m]')]
        assert words == [lines[0][i]['texts'][0].split()] * 2


def test_what_is_missing_or_older_is_computed_not_stored(trained, tmp_path,
                                                         capsys):
    expected = run(tmp_path / 'a', trained[0], trained[1])
    copies = [shutil.copytree(one, one.with_name(f'copy {one.name}'))
              for one in trained[:2]]
    (copies[0] / 'dknn.json').unlink()
    late = (copies[1] / 'dknn.json').stat().st_mtime + 9
    os.utime(copies[1] / 'best_model.npz', (late, late))
    capsys.readouterr()
    found = run(tmp_path / 'b', *copies)
    shown = capsys.readouterr().out
    assert 'there is no dknn.json: computed, not stored' in shown
    assert 'dknn.json is older than the model: computed, not' in shown
    assert not (copies[0] / 'dknn.json').exists()
    for own, other in zip(found['runs'], expected['runs'], strict=True):
        assert own['computed'] and own['figures'] == other['figures']
    assert found['pairs'] == expected['pairs']
    for copy in copies:
        shutil.rmtree(copy)


def test_other_settings_are_computed(trained, tmp_path, capsys):
    compare.main([*map(str, trained[:2]), '-k', '5', '--layers', 'last',
                  '--limit', '0', '--out', str(tmp_path)])
    shown = capsys.readouterr().out
    assert shown.count('dknn.json is of other settings: computed') == 2
    assert 'no page: --limit 0' in shown
    assert not (tmp_path / 'compare.html').exists()
    run_dknn.main(['--model-setup', str(trained[0]), '-k', '5', '--layers',
                   'last', '--out', str(tmp_path / 'again')])
    result = json.loads((tmp_path / 'again' / 'dknn.json').read_text())
    found = json.loads((tmp_path / 'compare.json').read_text())['runs'][0]
    assert found['figures']['accuracy']['DkNN'] == result['dknn_accuracy']
    assert found['figures']['nll']['soft DkNN'] == pytest.approx(
        result['predictors']['soft']['nll'])


def test_the_last_layer_is_known_from_evaluate(trained, tmp_path):
    path = trained[0] / 'evaluation.part.json'
    path.write_text(json.dumps({
        'split': 'test', 'limit': None, 'index': 'exact', 'n_neighbors': 9,
        'parts': {'accuracy': {'tables': [{'rows': [
            {'name': 'DkNN, last layer', 'cells': [{'value': .625}]}]}]}}}))
    found = run(tmp_path, *trained[:2])['runs']
    assert [own['figures']['accuracy']['DkNN, last layer']
            for own in found] == [.625, None]
    path.write_text(path.read_text().replace('null', '7'))  # of some texts
    found = run(tmp_path, *trained[:2])['runs']
    assert found[0]['figures']['accuracy']['DkNN, last layer'] is None
    path.unlink()


def test_other_test_texts_have_a_table_and_no_page(trained, elsewhere,
                                                   tmp_path, capsys):
    run(tmp_path, *trained[:2])
    assert (tmp_path / 'compare.html').exists()
    found = run(tmp_path, trained[0], elsewhere[0])
    assert found['pairs'] == [] and found['n_differ'] is None
    assert [group['name'] for group in found['groups']] == [
        'data, cnn', 'own, bow']
    assert 'no page: the runs are not all tested on the same texts' in (
        capsys.readouterr().out)
    assert not (tmp_path / 'compare.html').exists()  # of other runs


def test_a_run_that_is_trained_again_meanwhile(trained, tmp_path,
                                               monkeypatch):
    copy = shutil.copytree(trained[1], trained[1].with_name('trained again'))

    def show(*args):
        shutil.copy(trained[2] / 'best_model.npz', copy / 'best_model.npz')

    monkeypatch.setattr(compare, 'show', show)
    with pytest.raises(UserError, match='was trained again while'):
        run(tmp_path / 'out', trained[0], copy)
    assert not (tmp_path / 'out').exists()
    shutil.rmtree(copy)


def test_latex(trained, tmp_path, capsys):
    run(tmp_path, *trained, '--latex')
    shown = capsys.readouterr().out
    assert shown.count(r'\begin{tabular}') == 7
    assert r'$\pm$' in shown and '±' not in shown.replace('mean ±', '')
    assert all(line.startswith(('%', '\\')) or line.endswith('\\\\')
               or not line for line in shown.splitlines())


def test_what_is_refused(trained, elsewhere, tmp_path):
    one, two, _ = map(str, trained)
    for words, says in [
            ([one], '1 runs cannot be compared'),
            ([one, two, one], 'is the same run as'),
            ([one, str(tmp_path)], 'is no trained run'),
            ([one, str(elsewhere[1])], 'whose labels are the same')]:
        with pytest.raises(UserError, match=says):
            compare.main([*words, '--out', str(tmp_path / 'out')])
    for place in (one, f'{one}/inside'):
        with pytest.raises(UserError, match='in the folder of a run'):
            compare.main([one, two, '--out', place])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize('name, old, new, says', [
    ('dknn.json', '"n_neighbors": 9', '"n_neighbors": "9"', 'n_neighbors'),
    ('dknn.json', '"soft": {', '"other": {', 'lacks figures of soft'),
    ('dknn.json', '"n_test"', 'n_test', 'no valid JSON'),
    ('predictions.jsonl', '"dknn":{"label":', '"dknn":{"label":7', 'not fit'),
    ('predictions.jsonl', '"conformity":[', '"conformity":[0,', 'not fit'),
    ('predictions.jsonl', '"credibility":', '"credible":', 'line 1'),
    ('predictions.jsonl', '"texts":["', '"texts":["other ', None)])
def test_damaged_files(trained, name, old, new, says):
    """A sentence names file and field; other texts are predicted anew."""
    from comparison import stored
    folder = shutil.copytree(trained[0], trained[0].with_name('damaged'))
    path = folder / name
    text = path.read_text('utf-8')
    assert old in text
    path.write_text(text.replace(old, new), 'utf-8')
    loaded = runs.load_run(folder)
    options = {'index': 'exact', 'layers': 'all', 'n_neighbors': 9,
               'class_conditional': False}
    try:
        if says is None:
            assert stored.read(loaded, options) == (
                'predictions.jsonl is of other texts')
        else:
            with pytest.raises(UserError, match=says):
                stored.read(loaded, options)
    finally:
        shutil.rmtree(folder)


def test_an_error_is_a_sentence(trained, tmp_path):
    done = toys.command('compare.py', trained[0], 'nowhere', cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, '')
    assert done.stderr == (
        'compare.py: error: nowhere is no trained run: it does not exist; '
        'name the args.json of one, or its folder\n')
    assert not list(tmp_path.iterdir())
