"""What results of a part are called, and that the run folder knows them."""
import pathlib

import pytest

from runs.folder import OUTPUTS
from saliency.outputs import OWN, PART, output_path

NAMES = 'dknn.json', 'predictions.jsonl', 'interpretations.jsonl'


@pytest.mark.parametrize('chosen, kind', [
    ({}, ''), ({'split': 'valid'}, '.part'), ({'split': 'calib'}, '.part'),
    ({'part': True}, '.part'), ({'own': True}, '.own'),
    ({'own': True, 'part': True}, '.own')])
def test_names(chosen, kind):
    for name in NAMES:
        stem, _, suffix = name.partition('.')
        assert output_path('a.b/out', name, **chosen) == pathlib.Path(
            f'a.b/out/{stem}{kind}.{suffix}')


def test_a_new_run_removes_them():
    """Those of an older model must not stay beside a new one."""
    expected = {f'{stem}.{kind}.{suffix}' for kind in (OWN, PART)
                for stem, suffix in (('interpretations', 'html'),
                                     ('interpretations', 'jsonl'))}
    expected |= {f'dknn.{PART}.json', f'predictions.{PART}.jsonl'}
    assert expected <= set(OUTPUTS)
