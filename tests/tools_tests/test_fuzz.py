"""The targets of the fuzzer: on what they begin with, and on damages of it."""
import sys

import numpy as np
import pytest

from errors import MissingPackage
from tools import fuzz
from tools.fuzz_targets import TARGETS


@pytest.mark.parametrize('name', sorted(TARGETS))
def test_targets(tmp_path, name):
    """A short run without the fuzzer: bytes cut, flipped, put together."""
    target = TARGETS[name]
    random = np.random.RandomState(len(name))
    for content in target.seeds:
        target.run(content, str(tmp_path))
        for _ in range(60):
            damaged = bytearray(content)
            for at in random.randint(len(content), size=random.randint(1, 4)):
                damaged[at] = random.randint(256)
            cut = random.randint(len(content) + 1)
            for found in (damaged, damaged[:cut], damaged[cut:] + content):
                target.run(bytes(found), str(tmp_path))


def test_a_missing_fuzzer_is_one_sentence(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, 'atheris', None)
    with pytest.raises(MissingPackage, match='pip install atheris'):
        fuzz.main(['--out', str(tmp_path)])


def test_what_a_target_fails_on_is_told():
    assert fuzz._reason(
        'INFO: seed\n === Uncaught Python exception: ===\n'
        'IndexError: made up\nTraceback ...\n'
        '==1== ERROR: libFuzzer: fuzz target exited') == 'IndexError: made up'
    assert fuzz._reason('==7== ERROR: libFuzzer: timeout after 20 seconds'
                        ) == '==7== ERROR: libFuzzer: timeout after 20 seconds'
    assert fuzz._reason('') == 'no output'


def test_unknown_targets_are_refused(capsys):
    with pytest.raises(SystemExit):
        fuzz.main(['nonsense'])
    assert "'nonsense' is no target; choose of tsv" in capsys.readouterr().err


def test_a_short_run(capsys, tmp_path):
    pytest.importorskip('atheris')
    fuzz.main(['harvard', '--seconds', '1', '--out', str(tmp_path)])
    assert 'nothing found' in capsys.readouterr().out
