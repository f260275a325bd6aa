"""calibration.py as a script."""
import compat  # noqa: F401  (before Chainer)

import json
import re
import shutil

import numpy as np
import pytest
import toys
from predicting import read

import calibration
import run_dknn
import runs
from dknn import DkNN
from errors import UserError


def test_calibration_writes_what_it_names(made, capsys):
    calibration.main(['--model-setup', str(made), '--bins', '5'])
    said = capsys.readouterr().out.split('wrote ')[1]
    names = said.split(' in ')[0].split(', ')
    assert set(names) == {
        'temperature.json', 'calibration.json'} | {
        f'{stem}.{suffix}' for stem in ('reliability', 'credibility',
                                        'coverage')
        for suffix in ('png', 'pdf')}
    assert all((made / name).stat().st_size > 50 for name in names)
    stored = json.loads((made / 'calibration.json').read_text())
    assert stored['bins'] == 5
    run = runs.load_run(made)
    test = runs.stored_activations(run, 'test')
    probs = np.exp(np.array(test.logits, np.float64))
    probs /= probs.sum(axis=1, keepdims=True)
    nll = -np.log(probs[np.arange(20), test.labels]).mean()
    assert stored['reports']['softmax']['nll'] == pytest.approx(nll, rel=1e-5)
    temperature = json.loads((made / 'temperature.json').read_text())
    assert stored['temperature'] == temperature['temperature']
    assert stored['reports']['softmax']['n_impossible'] == 0
    page = (toys.ROOT / 'docs' / 'output.md').read_text('utf-8')
    section = page.split('## calibration.json')[1].split('\n## ')[0]
    rows = re.findall(r'^\| (`.*?`) \|', section, re.MULTILINE)
    for report in stored['reports'].values():
        assert {*stored, *report} == set(re.findall(r'\w+', ' '.join(rows)))


def reports(folder):
    calibration.main(['--model-setup', str(folder)])
    return json.loads((folder / 'calibration.json').read_text())['reports']


def test_the_accuracies_are_those_of_run_dknn(made, monkeypatch):
    """Also where labels are equally conforming: DkNN says which it takes."""
    def tied(self, layers):
        return [found._replace(
            conformity=np.where(ties(found)[:, None], .5, found.conformity),
            label=np.where(ties(found), 1, found.label))
            for found in predict(self, layers)]

    def ties(found):
        return np.arange(len(found.label)) % 3 > 0

    predict = DkNN.predict_both
    monkeypatch.setattr(DkNN, 'predict_both', tied)
    run_dknn.main(['--model-setup', str(made)])
    figures, lines = read(made)
    softmax, scaled, dknn, soft = reports(made).values()
    assert soft['accuracy'] == figures['soft_accuracy']
    assert dknn['accuracy'] == figures['dknn_accuracy']
    assert softmax['accuracy'] == scaled['accuracy'] == (
        figures['softmax_accuracy'])
    lowest = np.mean([np.argmax(line['dknn']['conformity']) == line['label']
                      for line in lines])
    assert lowest != dknn['accuracy']  # or this says nothing
    monkeypatch.undo()
    run_dknn.main(['--model-setup', str(made)])


def test_no_nll_where_a_conformity_is_zero(made, capsys, monkeypatch):
    """Its logarithm would tell where somebody cut, 708 nats a text."""
    def hard(self, layers):
        return [found._replace(conformity=np.tile(
            [1., 0.], (len(found.label), 1)))
            for found in predict(self, layers)]

    predict = DkNN.predict_both
    monkeypatch.setattr(DkNN, 'predict_both', hard)
    found = reports(made)['DkNN conformity']
    positive = int((runs.stored_activations(
        runs.load_run(made), 'test').labels == 1).sum())
    assert (found['nll'], found['n_impossible'], found['n']) == (
        None, positive, 20)
    said = capsys.readouterr().out
    row, = re.findall('^DkNN conformity .*$', said, flags=re.MULTILINE)
    assert row.split()[3] == '-'
    assert (f'DkNN conformity: no NLL, as {positive} of 20 labels have the '
            'probability 0\n') in said
    assert 'softmax: no NLL' not in said


@pytest.mark.parametrize('bins', ['0', '1001', '99999999'])
def test_bins_are_bounded(bins, capsys):
    with pytest.raises(SystemExit):
        calibration.main(['--bins', bins])
    assert 'must be at ' in capsys.readouterr().err
    with pytest.raises(SystemExit):
        calibration.main(['--help'])
    assert 'from 1 to 1000' in capsys.readouterr().out


def test_results_of_a_run_that_was_replaced_are_not_written(made, tmp_path,
                                                            monkeypatch):
    folder = shutil.copytree(made, tmp_path / 'run')
    (folder / 'calibration.json').unlink()
    data = made / json.loads((made / 'args.json').read_text())['dataset']

    def late(*args):
        with open(folder / 'best_model.npz', 'ab') as f:
            f.write(b'x')

    monkeypatch.setattr(calibration, 'print_table', late)
    with pytest.raises(UserError, match='trained again while'):
        calibration.main(['--model-setup', str(folder), '--data-dir',
                          str(data.parent)])
    assert not (folder / 'calibration.json').exists()
