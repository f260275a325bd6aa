"""evaluate.py: what it prints and writes, and what it refuses."""
import compat  # noqa: F401  (before Chainer)

import json
import shutil

import pytest
import toys

import evaluate
from errors import UserError

FEW = '--texts', '6', '--ood', 'shuffled words', '-k', '7'


@pytest.fixture(scope='module')
def trained(tmp_path_factory):
    """Two runs on one file, and one with other splits."""
    folder = tmp_path_factory.mktemp('evaluate')
    file = toys.write_csv(folder / 'toy.csv', toys.sentences(150))
    flags = '--learning-rate', '0.02', '--adversarial', '0'
    return [toys.fit(folder / name, file, '--model', model, '--seed', seed,
                     *flags)
            for name, model, seed in [('one', 'cnn', 0), ('two', 'bow', 0),
                                      ('three', 'bow', 1)]]


def test_some_parts_and_a_judge(trained, capsys):
    folder, judge, _ = trained
    evaluate.main(['--model-setup', str(folder), '--judge', str(judge),
                   '--only', 'accuracy', 'faithfulness', *FEW])
    shown = capsys.readouterr().out
    assert 'accuracy on the test texts' in shown
    assert 'independent judges' in shown
    assert not (folder / 'evaluation.json').exists()
    result = json.loads((folder / 'evaluation.part.json').read_text())
    assert result['version'] == evaluate.VERSION
    assert list(result['parts']) == ['accuracy', 'faithfulness']
    assert result['judge']['model'] == 'bow'
    names = {table['name'] for table in
             result['parts']['faithfulness']['tables']}
    assert {'falls_independent', 'ranks', 'stability'} <= names


def test_layers_are_those_of_the_run_not_of_the_judge(trained):
    """All of the judge's are searched, which has others."""
    setting = evaluate.load_setting(evaluate.build_parser().parse_args(
        ['--model-setup', str(trained[0]), '--judge', str(trained[1]),
         '--layers', '1', *FEW]))
    assert setting.dknn.layers_ == (1,)
    assert setting.judge.dknn.layers_ == tuple(range(len(
        setting.judge.run.model.layer_names)))


def test_a_whole_evaluation(trained):
    folder = shutil.copytree(trained[0], trained[0].with_name('copy'))
    evaluate.main(['--model-setup', str(folder), *FEW])
    result = json.loads((folder / 'evaluation.json').read_text())
    assert list(result['parts']) == list(evaluate.PARTS)
    assert result['n_test'] == 15 and result['judge'] is None
    for name in ('faithfulness', 'masking'):
        assert (folder / f'{name}.png').read_bytes().startswith(b'\x89PNG')
        assert (folder / f'{name}.pdf').read_bytes().startswith(b'%PDF')


def test_latex(trained, capsys):
    evaluate.main(['--model-setup', str(trained[0]), '--only', 'accuracy',
                   '--latex', *FEW])
    shown = capsys.readouterr().out
    assert shown.count(r'\begin{tabular}') == shown.count(r'\end{tabular}')
    assert shown.count(r'\toprule') == 4
    assert all(line.startswith(('%', '\\')) or line.endswith('\\\\')
               or line.startswith('wrote') or not line
               for line in shown.splitlines())


@pytest.mark.parametrize('judge, says', [
    (0, 'is the run itself'), (2, 'was not trained on the training texts')])
def test_judges_that_are_refused(trained, judge, says):
    with pytest.raises(UserError, match=says):
        evaluate.main(['--model-setup', str(trained[0]), '--judge',
                       str(trained[judge]), *FEW])


def test_an_ensemble_is_a_rival(trained):
    evaluate.main(['--model-setup', str(trained[0]), '--ensemble',
                   str(trained[1]), '--only', 'uncertainty', *FEW])
    found = json.loads((trained[0] / 'evaluation.part.json').read_text())
    assert found['ensemble'] == [0]
    (outside,) = [table for table in found['parts']['uncertainty']['tables']
                  if table['name'] == 'outside']
    assert 'ensemble' in [row['name'] for row in outside['rows']]


def test_an_ensemble_that_may_have_seen_the_texts_is_refused(trained):
    with pytest.raises(UserError, match='has another test split'):
        evaluate.main(['--model-setup', str(trained[0]), '--ensemble',
                       str(trained[2]), *FEW])


def test_texts_of_another_kind_are_refused(trained, data_dir):
    with pytest.raises(UserError, match='snli has 2 text'):
        evaluate.main(['--model-setup', str(trained[0]), '--only',
                       'uncertainty', '--ood', 'snli', '--data-dir',
                       str(data_dir)])
