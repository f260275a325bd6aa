"""A disturbance of each kind; ``make torture`` has them all."""
import compat  # noqa: F401  (before Chainer)

import os
import re

import pytest
import toys

from tools import torture


@pytest.mark.slow
@pytest.mark.skipif(os.name == 'nt', reason='POSIX signals and locks')
def test_a_short_campaign():
    done = toys.command('tools/torture.py', '--seed', '1', '--count', '1',
                        timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = re.findall(r'^\| (\w+) \| (\d+) \|', done.stdout, re.MULTILINE)
    assert [kind for kind, _ in rows] == list(torture.KINDS)
    assert all(tried == '1' for _, tried in rows)
