"""train.py, then run_dknn.py, on words, characters and pairs."""
import compat  # noqa: F401  (before Chainer)

import numpy as np
import pytest
import toys
from predicting import SIZES, check, p_values_by_hand, read

import nets
import run_dknn
import runs
import train
from neighbors import INDEXES


@pytest.mark.parametrize('model', sorted(nets.ENCODERS))
@pytest.mark.parametrize('kind', ['words', 'characters', 'pair'])
def test_train_then_dknn(data, tmp_path, model, kind, capsys):
    file = data / ('pairs.jsonl' if kind == 'pair' else 'toy.csv')
    flags = ['--char-based'] if kind == 'characters' else []
    folder = toys.fit(tmp_path, file, '--model', model, *flags)
    assert folder.name == f'{file.stem}_{model}' + (
        '_char' if kind == 'characters' else '')
    # the command that train.py names
    setup = capsys.readouterr().out.split('--model-setup ')[1].strip()
    run_dknn.main(['--model-setup', setup])
    result = check(folder)
    assert {name: result[name] for name in SIZES} == SIZES
    assert len(result['layers']) == len(
        runs.load_run(folder).model.layer_names)
    if kind == 'pair':
        _, records = read(folder)
        assert [len(r['texts']) for r in records] == [2] * 20
        assert records[0]['label_names'] == ['other', 'same']


def test_a_strong_signal_is_learned(made):
    result = check(made)
    assert result['softmax_accuracy'] >= .9
    assert result['dknn_accuracy'] >= .9
    assert result['credibility'] > .2


@pytest.mark.parametrize('index', sorted(INDEXES))
def test_every_index(made, index, tmp_path):
    flags = {'lsh': ['--lsh'],
             'milvus': ['--index', index, '--milvus-uri',
                        str(tmp_path / 'shared.db')]}.get(
                            index, ['--index', index])
    run_dknn.main(['--model-setup', str(made), '-k', '10', *flags])
    result = check(made)
    assert (result['index'], result['n_neighbors']) == (index, 10)
    if index in ('lsh', 'hnsw', 'ivf'):
        assert result['recall'] == np.mean(result['recall_of_layers']) > .5
    else:
        assert result['recall'] is result['recall_of_layers'] is None
    if index in ('exact', 'kdtree', 'milvus'):
        expected, _ = p_values_by_hand(made, range(3), 10, False)
        stated = [r['dknn']['conformity'] for r in read(made)[1]]
        np.testing.assert_allclose(stated, expected, atol=1e-6)


@pytest.mark.parametrize('layers, numbers', [
    ('all', [0, 1, 2]), ('last', [2]), ('0,1', [0, 1]), ('-1', [2])])
@pytest.mark.parametrize('conditional', [False, True])
def test_layers_and_class_conditional(made, layers, numbers, conditional):
    run_dknn.main(['--model-setup', str(made), '--neighbors', '7',
                   f'--layers={layers}',
                   *(['--class-conditional'] if conditional else [])])
    result = check(made)
    names = ['convolution', 'mlp 1', 'mlp 2']
    assert result['layers'] == [names[i] for i in numbers]
    assert result['class_conditional'] is conditional
    conformity, p_values = p_values_by_hand(made, numbers, 7, conditional)
    _, records = read(made)
    for record, c, p in zip(records, conformity, p_values, strict=True):
        np.testing.assert_allclose(record['dknn']['conformity'], c, atol=1e-6)
        np.testing.assert_allclose(record['dknn']['p_values'], p, atol=1e-6)


def test_limit_and_split(made, capsys):
    """They have files of their own: those of the whole test split stay."""
    run_dknn.main(['--model-setup', str(made)])
    figures, whole = read(made)
    for flags, n in [(['--limit', '3'], 3), (['--limit', '999'], 20),
                     (['--limit', str(10 ** 9)], 20),
                     (['--split', 'valid'], 18)]:
        capsys.readouterr()
        run_dknn.main(['--model-setup', str(made), *flags])
        assert check(made, part='.part')['n_test'] == n
        said = capsys.readouterr().out
        assert (f'wrote {made / "dknn.part.json"}, '
                f'{made / "predictions.part.jsonl"}\n') in said
        if '--limit' in flags:
            assert read(made, '.part')[1] == whole[:n]
        assert read(made) == (figures, whole)
    run_dknn.main(['--model-setup', str(made)])
    assert (made / 'dknn.part.json').is_file()


def test_prediction_sets(made):
    """Coverage and size of {y : p_y > 1 - level}, counted again."""
    run_dknn.main(['--model-setup', str(made)])
    result, records = read(made)
    for row in result['prediction_sets']:
        sets = [{y for y, p in enumerate(r['dknn']['p_values'])
                 if p > 1 - row['level'] + 1e-7} for r in records]
        assert row['mean_size'] == pytest.approx(np.mean(
            [len(chosen) for chosen in sets]))
        assert row['coverage'] == pytest.approx(np.mean(
            [r['label'] in chosen
             for chosen, r in zip(sets, records, strict=True)]))


def test_results_name_no_place(data, made):
    run_dknn.main(['--model-setup', str(made)])
    for name in ('dknn.json', 'predictions.jsonl', 'temperature.json'):
        assert str(data) not in (made / name).read_text()
        assert str(made) not in (made / name).read_text()


def test_texts_of_unknown_words_only(tmp_path):
    folder = tmp_path / 'data'
    folder.mkdir()
    toys.write_csv(folder / 'train.csv', toys.sentences(120))
    toys.write_csv(folder / 'test.csv', [
        ('positive', 'zyx wvu'), ('negative', '???'), ('negative', 'dull')])
    made = toys.fit(tmp_path / 'out', folder)
    run_dknn.main(['--model-setup', str(made), '-k', '5'])
    assert check(made)['n_test'] == 3


def test_the_stanford_sentiment_treebank(data_dir, tmp_path, capsys):
    """6,920 training sentences less the 1,000 for the calibration."""
    train.main(['--dataset', 'stsa.binary', '--data-dir', str(data_dir),
                '--epoch', '1', '--unit', '30', '--out', str(tmp_path)])
    said = capsys.readouterr().out
    assert ('stsa.binary: train 5,920, valid 872, calib 1,000, test 1,821'
            in said)
    assert '2 labels: negative, positive' in said
    run_dknn.main(['--data-dir', str(data_dir), '--model-setup',
                   str(tmp_path / 'stsa.binary_cnn')])
    result = check(tmp_path / 'stsa.binary_cnn')
    assert [result[name] for name in SIZES] == [5920, 1000, 1821]
