"""Which index is picked: the rules as a table of cases."""
import pytest

from neighbors.choice import Case, choose

GB = 10 ** 9
PAPER = 5920, (300,) * 4
LARGE = 10 ** 6, (1200,) * 4


@pytest.mark.parametrize('size, n_queries, memory, expected', [
    # the paper's size: 1.9e12 products are moderate
    (PAPER, 40_000, 8 * GB, 'exact'),
    # 8 x 5,920 x 1,200 = 56.8 MB for exact, 4 x = 28.4 MB for copies with
    # 8 x 4 x 5,920 = 0.2 MB of numbers and 12 MB of a sample; codes of 60
    # bytes are 1.4 MB in place of the 28.4
    (PAPER, 40_000, 57_000_000, 'exact'),
    (PAPER, 40_000, 56_000_000, 'ivf'),
    (PAPER, 40_000, 42_000_000, 'ivf'),
    (PAPER, 40_000, 40_000_000, 60),
    (PAPER, 40_000, 15_000_000, 60),
    (PAPER, 40_000, 13_000_000, 'blocks'),
    # 1,600 + sqrt(5,920) = 1,677 queries are few, whatever the memory
    (PAPER, 1_676, 0, 'few'),
    (PAPER, 1_677, 0, 'blocks'),
    # a million texts: 10,000 x 4.8e9 = 4.8e13 products are many; copies are
    # 19.2 GB, codes of 240 bytes 1 GB
    (LARGE, 2_600, 10 * GB, 'few'),
    (LARGE, 10_000, 64 * GB, 'ivf'),
    (LARGE, 10_000, 10 * GB, 240),
    (LARGE, 10_000, 1 * GB, 'blocks'),
    # 2,083 x 4.8e9 < 10^13 would be moderate, but is few already
    (LARGE, 2_083, 64 * GB, 'few'),
    # one narrow layer: 10^13 / (100,000 x 1,000) = 100,000 queries
    ((100_000, (1000,)), 100_000, 64 * GB, 'exact'),
    ((100_000, (1000,)), 100_001, 64 * GB, 'ivf'),
    # bytes are those of the widest layer; copies take 0.57 GB, codes 0.19
    ((100_000, (1001, 3)), 1 << 20, 3 * 10 ** 8, 201)])
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
    """100 examples of 10 and 3 numbers: 10 lists, codes of 2 bytes."""
    case = Case(100, (10, 3), 1, 1)
    assert case.exact == 8 * 100 * 13
    sample = 2 * 4 * (1 + 64) * 10 * 10
    assert case.copies == 100 * (4 * 13 + 2 * 8) + sample
    assert case.pq == 2
    assert case.codes == 100 * (2 + 2 + 2 * 8) + sample
    assert case.work == 1300
