"""calibration.py as a script."""
import compat  # noqa: F401  (before Chainer)

import json

import numpy as np
import pytest

import calibration
import runs


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
