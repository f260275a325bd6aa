"""Which index is picked: the rules as a table of cases."""
import pytest

from neighbors.choice import Case, choose

GB = 10 ** 9
PAPER = 5920, (300,) * 4
LARGE = 10 ** 6, (1200,) * 4


@pytest.mark.parametrize('size, n_queries, memory, expected', [
    # the paper's size: 1.9e12 products are moderate
    (PAPER, 40_000, 8 * GB, 'exact'),
    # 8 x 5,920 x 1,200 = 56.8 MB for exact; copies of 4 x 128 components are
    # 4 x 5,920 x 512 = 12.1 MB, with 8 x 4 x 5,920 = 0.2 MB of numbers and a
    # sample of 24 x 5,920 x 300 = 42.6 MB, in sum 54.9; codes of 32 bytes are
    # 0.8 MB in place of the 12.1
    (PAPER, 40_000, 57_000_000, 'exact'),
    (PAPER, 40_000, 56_000_000, 'ivf'),
    (PAPER, 40_000, 55_000_000, 'ivf'),
    (PAPER, 40_000, 54_000_000, 32),
    (PAPER, 40_000, 44_000_000, 32),
    (PAPER, 40_000, 43_000_000, 'blocks'),
    # 151 lists x 512 components x (390 x 151 + 5,920) = 5.011e9 products are
    # 705 queries of 7.104e6, whatever the memory
    (PAPER, 705, 0, 'few'),
    (PAPER, 706, 0, 'blocks'),
    # a million texts, 4,000 lists: 5.243e12 products are 1,092 queries of
    # 4.8e9; copies are 2.32 GB, codes 0.40
    (LARGE, 1_092, 64 * GB, 'few'),
    (LARGE, 1_093, 64 * GB, 'exact'),
    # 2,083 x 4.8e9 < 10^13 is moderate
    (LARGE, 2_083, 64 * GB, 'exact'),
    (LARGE, 2_084, 64 * GB, 'ivf'),
    (LARGE, 10_000, 2_320_000_000, 'ivf'),
    (LARGE, 10_000, 2_300_000_000, 32),
    (LARGE, 10_000, 390_000_000, 'blocks'),
    # one narrow layer: 10^13 / (100,000 x 1,000) = 100,000 queries
    ((100_000, (1000,)), 100_000, 64 * GB, 'exact'),
    ((100_000, (1000,)), 100_001, 64 * GB, 'ivf'),
    # bytes are those of the widest layer; copies take 0.25 GB, codes 0.20
    ((100_000, (1001, 3)), 1 << 20, 220_000_000, 32)])
def test_table(size, n_queries, memory, expected):
    found = choose(Case(*size, n_queries, memory))
    assert {'exact': 'it fits in memory', 'few': 'to build another',
            'ivf': 'there is much to search', 'blocks': 'not even codes'}.get(
                expected, 'codes of the examples fit') in found.reason
    assert found.index == ('exact' if expected in (
        'exact', 'few', 'blocks') else 'ivf')
    assert found.options == (
        {'pq': expected} if isinstance(expected, int) else None)


def test_several_processes_search_exactly():
    found = choose(Case(*LARGE, 10 ** 6, 10 * GB, n_processes=4))
    assert (found.index, found.options) == ('exact', None)


def test_sizes_by_hand():
    """100 examples of 10 and 3 numbers: 2 lists, codes of 3 bytes."""
    case = Case(100, (10, 3), 1, 1)
    assert case.exact == 8 * 100 * 13
    sample = 24 * 100 * 10  # more than 2 x 4 x 2 x (1 + 39) x 10 to train on
    assert case.copies == 100 * (4 * 13 + 2 * 8) + sample
    assert case.pq == 3
    assert case.codes == 100 * (3 + 3 + 2 * 8) + sample
    assert case.work == 1300
    assert case.build == 2 * 13 * (10 * 39 * 2 + 100)
