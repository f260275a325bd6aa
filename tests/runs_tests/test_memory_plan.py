"""--memory: what is refused, what is said, and that it holds."""
import compat  # noqa: F401  (before Chainer)

import argparse
import re

import numpy as np
import pytest

import parallel
import runs
from errors import UserError
from neighbors import arrays
from neighbors import memory as plans
from runs import flags, memory


@pytest.mark.parametrize('text, expected', [
    ('0', 0), ('4G', 4 << 30), ('512m', 512 << 20), ('1.5K', 1536),
    ('100000', 100_000)])
def test_sizes(text, expected):
    assert flags.size(text) == expected


@pytest.mark.parametrize('text', [
    '', 'G', '-1G', '4GB', '4 G', '1e9', 'nan', '4T', '0x10', '9' * 16, '٤G'])
def test_what_is_no_size(text):
    with pytest.raises(argparse.ArgumentTypeError, match='like 4G, 512M'):
        flags.size(text)


def test_the_least_by_hand():
    """48 bytes an example, blocks of 64 and 1,024, 64 queries, products."""
    N, D = 1000, 10
    least = (48 * N + 16 * 64 * D + 32 * 1024 * D
             + 64 * (65536 + 24 * D)
             + 16 * arrays.CELLS * parallel.n_workers())
    assert plans.least(N, D) == least
    # Two more layers, of which each keeps its 48 bytes an example
    assert plans.least_of_all(N, [D, D, 3]) == least + 2 * 48 * N
    # ... to which what is beyond is added in equal parts
    assert plans.share(N, [D, D, 3], least + 2 * 48 * N + 3000) == (
        least + 1000)


def test_too_little_is_refused_with_the_least_that_would_do(run_folder,
                                                            capsys):
    run = runs.load_run(run_folder)
    with pytest.raises(UserError) as caught:
        runs.plan_memory(run, 1 << 20)
    least = int(re.search(r'give (\d+)M or more', str(caught.value))[1])
    assert capsys.readouterr().err == ''
    assert '`memory` 1M is too little for 126 texts in 3 layers' in str(
        caught.value)
    # Resident memory may have changed by a little
    assert runs.plan_memory(run, (least + 8) << 20) >= plans.least_of_all(
        126, [12] * 3)
    with pytest.raises(UserError, match='is too little'):
        runs.plan_memory(run, (least - 8) << 20)


def test_the_plan_is_said_before_the_work(run_folder, capsys, monkeypatch):
    monkeypatch.setattr(memory, 'resident', lambda: 100 << 20)
    run = runs.load_run(run_folder)
    found = runs.plan_memory(run, 4 << 30)
    said = capsys.readouterr().err.splitlines()
    # 200 texts of 3 layers of 12 and 2 logits, 4 bytes each: 30 kB
    assert said[1:-1] == [
        '3 of 3 layers, 126 x 12: kept in memory',
        f'disk: 1M of activations in {run_folder / "activations"}']
    # 18 + 36 + 20 held-out texts, 126 x 36 numbers
    assert said[-1] == (
        'time: about 1 s for the products of 74 texts with 4,536 numbers; '
        'soft conformity takes two to three times as long')
    assert said[0].startswith(
        'memory: 4096M, of which 196M are in use or kept free, 1M for batches')
    assert 3 << 30 < found < 4 << 30
    monkeypatch.setattr(plans, 'KEPT_CELL', 1 << 40)
    runs.plan_memory(run, 4 << 30, layers='last')
    assert ('1 of 1 layers, 126 x 12: read in blocks of 8,192, once for up '
            'to 4,096 texts') in capsys.readouterr().err


def test_the_time_is_that_of_the_products(run_folder, capsys, monkeypatch):
    """A product of 512 x 512 x 4096 in 1/8 s: 2^33 a second."""
    monkeypatch.setattr(memory.timeit, 'repeat', lambda *_, **__: [.2, .125])
    run = runs.load_run(run_folder)
    runs.plan_memory(run, 4 << 30, n_words=10 ** 9)
    # 4,536 x 1,000,000,074 / 2^33 = 528.1 s
    assert 'time: about 9 min for the products of 1,000,000,074 texts' in (
        capsys.readouterr().err)


@pytest.mark.parametrize('seconds, said', [
    (0, '1 s'), (1.6, '2 s'), (119, '119 s'), (121, '2 min'),
    (7190, '120 min'), (9000, '2.5 h')])
def test_times_in_words(seconds, said):
    assert memory.in_minutes(seconds) == said


def test_without_a_bound_nothing_is_said(run_folder, capsys):
    assert runs.plan_memory(runs.load_run(run_folder), None) is None
    assert capsys.readouterr().err == ''


def test_an_index_that_copies_everything_is_refused(run_folder):
    with pytest.raises(UserError, match='copies all activations'):
        runs.plan_memory(runs.load_run(run_folder), 4 << 30, 'kdtree')


def test_resident_memory_is_what_the_process_holds():
    before = memory.resident()
    held = np.ones(1 << 23)  # 64 MB
    assert 60 << 20 < memory.resident() - before < 80 << 20
    del held
