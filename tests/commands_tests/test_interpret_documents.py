"""docs/output.md tells what interpret.py writes."""
import compat  # noqa: F401  (before Chainer)

import re

import numpy as np
import pytest
import toys
from interpreting import DEFAULT

from saliency.methods import METHODS


def all_names(value):
    """Every key of every object in a record, names of methods left out."""
    if isinstance(value, dict):
        for name, part in value.items():
            if name not in METHODS:
                yield name
            yield from all_names(part)
    elif isinstance(value, list):
        for part in value:
            yield from all_names(part)


def test_every_field_is_documented(explain):
    records = explain('--method', *METHODS, '--steps', '2',
                      '--draws', '2', '--reduce', 'confidence')
    page = (toys.ROOT / 'docs' / 'output.md').read_text('utf-8')
    section = page.split('## interpretations.jsonl')[1].split('\n## ')[0]
    rows = re.findall(r'^\| (`.*?`) \|', section, re.MULTILINE)
    documented = [name for row in rows
                  for name in re.findall(r'`(?:\w+\[\]\.)?(\w+)`', row)]
    assert set(documented) == set(all_names(records)) | set(METHODS)


def test_the_example_of_the_documentation(explain, tmp_path, monkeypatch,
                                          capsys):
    record = explain()[0]
    capsys.readouterr()
    page = (toys.ROOT / 'docs' / 'output.md').read_text('utf-8')
    code, = re.findall(r'```python\n(.*?)```', page, re.DOTALL)
    monkeypatch.chdir(tmp_path / 'out')
    exec(code, {})
    lines = capsys.readouterr().out.splitlines()[:len(DEFAULT)]
    assert [line.split()[0] for line in lines] == DEFAULT
    for line, entry in zip(lines, record['methods'].values(), strict=True):
        _, label, word, score = line.split()
        scores = entry['scores'][0]
        assert label == record['label_names'][entry['target']]
        assert float(score) == pytest.approx(max(scores), abs=5.1e-4)
        assert word == record['words'][0][int(np.argmax(scores))]
